/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study of several metrics has found: its front, from the best in the first metric on, in every form. */
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/models/hypervolume.h"
#include "hpo/trials/order.h"

enum { SHOWN = 10 }; /* rows of the summary */

static void put_values(const hpo_study_spec *spec, const hpo_eval *eval, base_buf *out) {
    const double *values = hpo_eval_values(eval, spec->n_goals);
    for (size_t g = 0; g < spec->n_goals; g++)
        base_buf_printf(out, "%s%s %.6g", g > 0 ? ", " : "", spec->goals[g].name, values[g]);
}

/* Of more than are shown every so many, the last one as well: both ends and what lies evenly between them. */
static size_t shown_at(size_t row, size_t rows, size_t count) {
    return rows < 2 ? 0 : row * (count - 1) / (rows - 1);
}

void cli_print_front(const cli_end *end, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const hpo_view view = hpo_study_view(end->study);
    size_t count;
    hpo_incumbent *front = hpo_front_create(view, &count);
    const size_t rows = count < SHOWN ? count : SHOWN;
    base_buf_printf(out, "front: %zu trial%s that no other one beats in all metrics, hypervolume %.6g\n", count,
                    count == 1 ? "" : "s", hpo_view_hypervolume(view));
    for (size_t row = 0; row < rows; row++) {
        const hpo_incumbent *member = &front[shown_at(row, rows, count)];
        base_buf_printf(out, "  trial %llu: ", (unsigned long long)member->trial);
        put_values(spec, member->eval, out);
        base_buf_puts(out, "\n");
    }
    if (rows < count) base_buf_printf(out, "  (%zu of %zu; best.yaml has all)\n", rows, count);
    free(front);
}

void cli_put_front_json(const cli_end *end, base_buf *out) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const hpo_view view = hpo_study_view(end->study);
    size_t count;
    hpo_incumbent *front = hpo_front_create(view, &count);
    base_buf_puts(out, ", \"hypervolume\": ");
    base_buf_put_json_number(out, hpo_view_hypervolume(view));
    base_buf_puts(out, ", \"front\": [");
    for (size_t i = 0; i < count; i++) {
        const double *values = hpo_eval_values(front[i].eval, spec->n_goals);
        base_buf_printf(out, "%s{\"trial\": %llu", i > 0 ? ", " : "", (unsigned long long)front[i].trial);
        for (size_t g = 0; g < spec->n_goals; g++) {
            base_buf_puts(out, g > 0 ? ", " : ", \"values\": {");
            base_buf_put_json(out, spec->goals[g].name);
            base_buf_puts(out, ": ");
            base_buf_put_json_number(out, values[g]);
        }
        base_buf_puts(out, "}}");
    }
    base_buf_puts(out, "]");
    free(front);
}

/* ---- best.yaml ---- */

static base_yaml_node *number_node(base_arena *arena, double number) {
    const hpo_value value = hpo_value_real(number);
    return hpo_value_node(arena, &value);
}

static base_yaml_node *id_node(base_arena *arena, uint64_t trial) {
    const hpo_value value = hpo_value_int((int64_t)trial);
    return hpo_value_node(arena, &value);
}

void cli_put_front_ids(const cli_end *end, base_yaml_node *root, base_arena *arena) {
    const hpo_view view = hpo_study_view(end->study);
    size_t count;
    hpo_incumbent *front = hpo_front_create(view, &count);
    base_yaml_node *ids = base_yaml_new_list(arena, NULL);
    for (size_t i = 0; i < count; i++) base_yaml_append(arena, ids, id_node(arena, front[i].trial));
    base_yaml_put(arena, root, "front", ids);
    base_yaml_put(arena, root, "hypervolume", number_node(arena, hpo_view_hypervolume(view)));
    free(front);
}

void cli_put_front_members(const cli_end *end, base_yaml_node *root, base_arena *arena) {
    const hpo_study_spec *spec = hpo_study_spec_of(end->study);
    const hpo_view view = hpo_study_view(end->study);
    size_t count;
    hpo_incumbent *front = hpo_front_create(view, &count);
    base_yaml_node *list = base_yaml_new_list(arena, NULL);
    for (size_t i = 0; i < count; i++) {
        base_yaml_node *item = base_yaml_new_map(arena, NULL), *values = base_yaml_new_map(arena, NULL);
        for (size_t g = 0; g < spec->n_goals; g++)
            base_yaml_put(arena, values, spec->goals[g].name,
                          number_node(arena, hpo_eval_values(front[i].eval, spec->n_goals)[g]));
        base_yaml_put(arena, item, "trial", id_node(arena, front[i].trial));
        base_yaml_put(arena, item, "values", values);
        base_yaml_put(arena, item, "config", cli_config_node(spec, hpo_view_trial(view, front[i].trial).config, arena));
        base_yaml_append(arena, list, item);
    }
    base_yaml_put(arena, root, "members", list);
    free(front);
}
