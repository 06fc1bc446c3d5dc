/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of `try_first:` becomes rows of numbers, NaN where nothing is given; a trial's row becomes its
 * configuration.
 *
 * What is drawn depends on the seed, the trial and its row alone, so every rank and every restart draws the same. A row
 * that is complete and equal to an earlier one is left out; one that leaves something out may be written several times,
 * because each of its trials is drawn anew. */
#include "hpo/study/try_first.h"

#include <math.h>
#include <stdlib.h>

#include "base/index.h"
#include "hpo/space/space_file.h"
#include "hpo/study/study_keys.h"

enum { MAX_ATTEMPTS = 64, STREAM = INT32_MAX };

const char *hpo_try_first_path(const hpo_study_spec *spec, base_arena *arena) {
    const base_yaml_node *node = spec->try_first;
    if (!node || node->kind != BASE_YAML_STRING || spec->first.rows) return NULL;
    return *node->text == '/' ? node->text : base_arena_printf(arena, "%s/%s", spec->base_dir, node->text);
}

/* Whether the point that a row gives alone leaves no active parameter open. */
static bool is_complete(const hpo_space *space, const double *row, double *config) {
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const bool constant = hpo_space_param(space, i)->kind == HPO_CONSTANT;
        config[i] = isnan(row[i]) && !constant ? 0 : row[i];
    }
    hpo_space_activate(space, config);
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const bool constant = hpo_space_param(space, i)->kind == HPO_CONSTANT;
        if (!constant && !isnan(config[i]) && isnan(row[i])) return false;
    }
    return true;
}

/* Whether the same configuration has been listed; else it is remembered. */
static bool is_listed(hpo_study_spec *spec, base_index *index, const double *rows, const double *config, size_t row) {
    const size_t count = hpo_space_count(spec->space);
    const uint64_t hash = hpo_space_hash(spec->space, config);
    size_t cursor = 0, at;
    double *other = base_malloc((count + 1) * sizeof *other);
    do {
        at = base_index_next(index, hash, &cursor);
        if (at != SIZE_MAX) (void)is_complete(spec->space, rows + at * count, other);
    } while (at != SIZE_MAX && !hpo_space_equal(spec->space, other, config));
    free(other);
    if (at == SIZE_MAX) base_index_add(spec->arena, index, hash, row);
    return at != SIZE_MAX;
}

static base_status read_row(hpo_study_spec *spec, const base_yaml_node *map, double *row, double *config,
                            base_err *err) {
    if (map->kind != BASE_YAML_MAP) {
        return base_yaml_fail(map, err, "a configuration must be a map such as {learning_rate: 0.01}, but is %s",
                              base_yaml_kind_text(map->kind));
    }
    BASE_TRY(hpo_space_read_point(spec->space, map, row, err));
    base_rng rng = base_rng_stream(spec->seed, BASE_RNG_SAMPLER, 0, STREAM);
    base_err why = {0};
    const base_status status = hpo_space_complete(spec->space, row, &rng, config, &why);
    return status == BASE_OK ? status : base_yaml_fail(map, err, "%s", why.text);
}

static base_status read_rows(hpo_study_spec *spec, const base_yaml_node *list, hpo_first *first, double *config,
                             base_err *err) {
    const size_t count = hpo_space_count(spec->space);
    double *rows = BASE_NEW_ARRAY(spec->arena, list->count * count, double);
    base_index index = {0};
    for (size_t i = 0; i < list->count; i++) {
        double *row = rows + first->count * count;
        BASE_TRY(read_row(spec, list->items[i], row, config, err));
        if (is_complete(spec->space, row, config) && is_listed(spec, &index, rows, config, first->count)) {
            first->repeated++;
        } else {
            first->count++;
        }
    }
    first->rows = rows;
    return BASE_OK;
}

base_status hpo_try_first_set(hpo_study_spec *spec, const base_yaml_node *list, base_err *err) {
    if (list->kind != BASE_YAML_LIST) {
        return base_yaml_fail(list, err,
                              "try_first must be a list of configurations such as [{learning_rate: 0.01}], or the path "
                              "of a best.yaml or of a CSV file, but is %s",
                              base_yaml_kind_text(list->kind));
    }
    hpo_first first = {0};
    double *config = base_malloc((hpo_space_count(spec->space) + 1) * sizeof *config);
    const base_status status = read_rows(spec, list, &first, config, err);
    free(config);
    BASE_TRY(status);
    spec->first = first;
    spec->identity = study_identity(spec);
    return BASE_OK;
}

void hpo_try_first_print(const hpo_study_spec *spec, base_buf *out) {
    const size_t count = hpo_space_count(spec->space);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < spec->first.count; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        hpo_space_print(spec->space, spec->first.rows + i * count, out);
    }
    base_buf_putc(out, ']');
}

/* A drawn configuration must not take the place of one that is listed: it would be tried twice. */
static bool takes_place(const hpo_study_spec *spec, uint64_t trial, const double *config) {
    const size_t count = hpo_space_count(spec->space);
    double *listed = base_malloc((count + 1) * sizeof *listed);
    bool found = false;
    for (size_t i = (size_t)trial + 1; i < spec->first.count && !found; i++) {
        found = is_complete(spec->space, spec->first.rows + i * count, listed) &&
                hpo_space_equal(spec->space, listed, config);
    }
    free(listed);
    return found;
}

base_status hpo_try_first_complete(const hpo_study_spec *spec, uint64_t trial, hpo_seen_function *seen,
                                   const void *self, double *config, base_err *err) {
    BASE_ASSERT(trial < spec->first.count);
    const double *row = spec->first.rows + trial * hpo_space_count(spec->space);
    base_rng rng = base_rng_stream(spec->seed, BASE_RNG_SAMPLER, (uint32_t)trial, STREAM);
    const bool drawn = seen && !is_complete(spec->space, row, config);
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        BASE_TRY(hpo_space_complete(spec->space, row, &rng, config, err));
        if (!drawn || !(seen(self, config) || takes_place(spec, trial, config))) break;
    }
    return BASE_OK;
}
