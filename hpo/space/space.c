/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A search space: its parts, its order, its seal.
 *
 * Sealing sorts the parameters (order.c), so that one pass over `order` activates a point, and compiles every test. It
 * then seeks a point that is allowed: a space that forbids everything is an error of the study file, not an endless
 * search. */
#include "hpo/space/space_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "hpo/space/narrow.h"

/* Where the first allowed point takes more draws than MANY_DRAWS, at most about one in a hundred is allowed. */
enum { SEAL_SAMPLES = 10000, MANY_DRAWS = 1000 };

base_status hpo_space_fail(const base_yaml_node *where, base_err *err, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    base_err_vset(err, BASE_INVALID, __FILE__, __LINE__, fmt, args);
    va_end(args);
    if (where) base_err_prefix(err, "%s:%d:%d", where->file, where->line, where->column);
    return BASE_INVALID;
}

const char *hpo_value_string(base_arena *arena, const hpo_value *value) {
    base_buf text = {0};
    if (value->kind == HPO_VALUE_TEXT)
        base_buf_put_json(&text, value->text);
    else
        hpo_value_print(value, &text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

const char *hpo_param_number(base_arena *arena, const hpo_param *param, double number) {
    if (param->kind == HPO_INT && number == rint(number)) return base_arena_printf(arena, "%.0f", number);
    hpo_value value = hpo_value_real(number);
    return hpo_value_string(arena, &value);
}

const char *hpo_space_hint(base_arena *arena, const char *word, const char *const *names, size_t count) {
    enum { SHOWN = 16 };
    const char *near = base_nearest(word, names, count);
    if (near) return base_arena_printf(arena, "did you mean \"%s\"?", near);
    const char *list = count == 1 ? "there is only " : "there are ";
    for (size_t i = 0; i < count && i < SHOWN; i++)
        list = base_arena_printf(arena, "%s%s%s", list, i == 0 ? "" : ", ", names[i]);
    return count > SHOWN ? base_arena_printf(arena, "%s, ... (%zu in all)", list, count) : list;
}

const char *hpo_space_name_hint(const hpo_space *space, const char *word) {
    const char **names = BASE_NEW_ARRAY(space->arena, space->count, const char *);
    for (size_t i = 0; i < space->count; i++) names[i] = space->params[i].name;
    return hpo_space_hint(space->arena, word, names, space->count);
}

hpo_space *hpo_space_create(void) {
    hpo_space *space = base_calloc(1, sizeof *space);
    space->arena = base_arena_create();
    return space;
}

void hpo_space_destroy(hpo_space *space) {
    if (!space) return;
    base_arena_destroy(space->arena);
    free(space->params);
    free(space->clauses);
    free(space);
}

base_arena *hpo_space_arena(hpo_space *space) {
    return space->arena;
}

base_status hpo_space_add(hpo_space *space, const hpo_param *param, base_err *err) {
    BASE_ASSERT(!space->sealed);
    hpo_param copy = *param;
    if (hpo_space_find(space, copy.name) != SIZE_MAX)
        return hpo_space_fail(copy.where, err, "parameter \"%s\" exists already: give it another name", copy.name);
    BASE_TRY(hpo_param_complete(space->arena, &copy, err));
    BASE_GROW(space->params, space->capacity, space->count + 1);
    base_index_add(space->arena, &space->names, base_hash64(copy.name, strlen(copy.name)), space->count);
    space->params[space->count++] = copy;
    return BASE_OK;
}

void hpo_space_set_when(hpo_space *space, size_t index, const hpo_cond *when) {
    BASE_ASSERT(!space->sealed && index < space->count);
    space->params[index].when = when;
}

void hpo_space_forbid(hpo_space *space, const hpo_cond *clause, const base_yaml_node *where) {
    BASE_ASSERT(!space->sealed);
    BASE_GROW(space->clauses, space->clauses_capacity, space->n_clauses + 1);
    space->clauses[space->n_clauses++] = (hpo_clause){.cond = clause, .where = where};
}

/* ---- sealing ---- */

static base_status compile_tests(hpo_space *space, base_err *err) {
    space->tests = BASE_NEW_ARRAY(space->arena, space->count, const hpo_test *);
    for (size_t i = 0; i < space->count; i++) {
        const hpo_param *param = &space->params[i];
        if (!param->when) continue;
        const base_yaml_node *when = base_yaml_get(param->where, "when");
        BASE_TRY(hpo_cond_compile(space, param->when, when ? when : param->where, &space->tests[i], err));
    }
    for (size_t i = 0; i < space->n_clauses; i++) {
        hpo_clause *clause = &space->clauses[i];
        BASE_TRY(hpo_cond_compile(space, clause->cond, clause->where, &clause->test, err));
    }
    return BASE_OK;
}

/* Draws from a fixed stream until a point is allowed, then narrows the domains; else names the clause that forbade
 * most. */
static base_status check_some_allowed(hpo_space *space, base_err *err) {
    if (space->n_clauses == 0) return BASE_OK;
    space->narrow = hpo_narrow_create(space);
    double *config = BASE_NEW_ARRAY(space->arena, space->count, double);
    size_t *hits = BASE_NEW_ARRAY(space->arena, space->n_clauses, size_t);
    base_rng rng = base_rng_stream(0, BASE_RNG_SAMPLER, 0, 0);
    for (int n = 0; n < SEAL_SAMPLES; n++) {
        for (size_t i = 0; i < space->count; i++) config[i] = hpo_param_draw(&space->params[i], &rng);
        hpo_space_activate(space, config);
        bool forbidden = false;
        for (size_t i = 0; i < space->n_clauses; i++) {
            if (!hpo_test_holds(space->clauses[i].test, config)) continue;
            hits[i]++;
            forbidden = true;
        }
        space->is_tight = n >= MANY_DRAWS;
        if (!forbidden) return BASE_OK;
    }
    if (hpo_narrow_draw(space, NULL, false, 0, &rng, config)) return BASE_OK;
    size_t worst = 0;
    for (size_t i = 1; i < space->n_clauses; i++)
        if (hits[i] > hits[worst]) worst = i;
    base_buf text = {0};
    hpo_cond_print(space, space->clauses[worst].cond, &text);
    hpo_space_fail(space->clauses[worst].where, err,
                   "forbid leaves nothing to try: none of %d sampled configurations is allowed, and %s alone forbids "
                   "%.4g %% of them",
                   SEAL_SAMPLES, base_buf_text(&text), 100.0 * (double)hits[worst] / SEAL_SAMPLES);
    base_buf_fini(&text);
    return BASE_INVALID;
}

base_status hpo_space_seal(hpo_space *space, base_err *err) {
    BASE_ASSERT(!space->sealed);
    BASE_TRY(compile_tests(space, err));
    BASE_TRY(hpo_space_sort(space, err));
    space->dim_param = BASE_NEW_ARRAY(space->arena, space->count, size_t);
    for (size_t i = 0; i < space->count; i++)
        if (space->params[i].kind != HPO_CONSTANT) space->dim_param[space->dims++] = i;
    BASE_TRY(check_some_allowed(space, err));
    space->sealed = true;
    return BASE_OK;
}

/* ---- looking ---- */

size_t hpo_space_count(const hpo_space *space) {
    return space->count;
}

size_t hpo_space_dims(const hpo_space *space) {
    BASE_ASSERT(space->sealed);
    return space->dims;
}

const hpo_param *hpo_space_param(const hpo_space *space, size_t index) {
    BASE_ASSERT(index < space->count);
    return &space->params[index];
}

size_t hpo_space_find_bytes(const hpo_space *space, const char *name, size_t length) {
    const uint64_t hash = base_hash64(name, length);
    size_t cursor = 0, at;
    do {
        at = base_index_next(&space->names, hash, &cursor);
    } while (at != SIZE_MAX &&
             (strncmp(space->params[at].name, name, length) != 0 || space->params[at].name[length] != '\0'));
    return at;
}

size_t hpo_space_find(const hpo_space *space, const char *name) {
    return hpo_space_find_bytes(space, name, strlen(name));
}

size_t hpo_space_dim_param(const hpo_space *space, size_t dim) {
    BASE_ASSERT(space->sealed && dim < space->dims);
    return space->dim_param[dim];
}

double hpo_space_cardinality(const hpo_space *space) {
    double product = 1;
    for (size_t i = 0; i < space->count; i++) {
        uint64_t levels = hpo_param_levels(&space->params[i]);
        product *= levels == 0 ? (double)INFINITY : (double)levels;
    }
    return product;
}

bool hpo_space_has_prior(const hpo_space *space) {
    for (size_t i = 0; i < space->count; i++)
        if (space->params[i].prior.given) return true;
    return false;
}
