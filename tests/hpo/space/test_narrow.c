/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing where forbid leaves little, against enumeration: a point is found exactly when there is one, all of them are
 * found, given values are kept, and the shares are those of rejection. */
#include "hpo/space/narrow.h"
#include "tests/hpo/space/space_text.h"

enum { SPACES = 600, MAX_PARAMS = 5, MAX_POINTS = 4000 };

static size_t pick(base_rng *rng, size_t n) {
    return (size_t)base_rng_below(rng, n);
}

/* ---- random spaces of few points ---- */

static hpo_param random_param(base_rng *rng) {
    static const char *const words[] = {"p", "q", "r", "s"};
    static hpo_value texts[4], numbers[4];
    for (size_t i = 0; i < 4; i++) {
        texts[i] = hpo_value_text(words[i]);
        numbers[i] = hpo_value_real((double)(i * i));
    }
    const size_t n = 2 + pick(rng, 3);
    switch (pick(rng, 4)) {
    case 0:
        return (hpo_param){
            .kind = HPO_INT, .min = 1, .max = (double)n + 2, .scale = pick(rng, 2) ? HPO_LOG : HPO_LINEAR};
    case 1: return (hpo_param){.kind = HPO_FLOAT, .min = 0, .max = 0.2 * (double)n, .step = 0.2};
    case 2: return (hpo_param){.kind = pick(rng, 2) ? HPO_CATEGORICAL : HPO_ORDINAL, .choices = texts, .n_choices = n};
    default:
        return (hpo_param){.kind = pick(rng, 2) ? HPO_CATEGORICAL : HPO_ORDINAL, .choices = numbers, .n_choices = n};
    }
}

static hpo_value random_value(const hpo_param *p, base_rng *rng) {
    const double x = hpo_param_from_unit(p, base_rng_uniform(rng));
    if (p->kind == HPO_FLOAT) return hpo_value_real(x);
    return p->kind == HPO_INT ? hpo_value_int((int64_t)x) : p->choices[(size_t)x];
}

static hpo_cond *random_cond(hpo_space *space, size_t limit, int depth, base_rng *rng) {
    base_arena *arena = hpo_space_arena(space);
    hpo_cond *cond = BASE_NEW(arena, hpo_cond);
    if (depth > 0 && pick(rng, 2) == 0) {
        cond->op = pick(rng, 3) ? HPO_COND_ALL : HPO_COND_ANY;
        cond->n_children = 2;
        const hpo_cond **children = BASE_NEW_ARRAY(arena, 2, const hpo_cond *);
        for (size_t i = 0; i < 2; i++) children[i] = random_cond(space, limit, depth - 1, rng);
        cond->children = children;
        return cond;
    }
    cond->param = pick(rng, limit);
    cond->op = (hpo_cond_op)(HPO_COND_EQ + (int)pick(rng, 8));
    if (limit > 1 && pick(rng, 3) == 0) {
        cond->against_param = true;
        cond->other = pick(rng, limit);
    }
    const bool list = cond->op == HPO_COND_IN || cond->op == HPO_COND_NOT_IN;
    cond->n_values = list ? 1 + pick(rng, 2) : 1;
    hpo_value *values = BASE_NEW_ARRAY(arena, cond->n_values, hpo_value);
    for (size_t i = 0; i < cond->n_values; i++) values[i] = random_value(hpo_space_param(space, cond->param), rng);
    cond->values = values;
    return cond;
}

/* NULL when a test is refused. A space that was found to forbid everything is sealed nevertheless: *empty. */
static hpo_space *random_space(base_rng *rng, bool *empty) {
    static const char *const names[MAX_PARAMS] = {"a", "b", "c", "d", "e"};
    hpo_space *space = hpo_space_create();
    base_err err = {0};
    const size_t count = 2 + pick(rng, MAX_PARAMS - 1), clauses = 1 + pick(rng, 9);
    bool refused = false;
    for (size_t i = 0; i < count && !refused; i++) {
        hpo_param p = random_param(rng);
        p.name = names[i];
        if (i > 0 && pick(rng, 3) == 0) p.when = random_cond(space, i, 1, rng);
        refused = hpo_space_add(space, &p, &err) != BASE_OK;
    }
    for (size_t i = 0; i < clauses && !refused; i++) hpo_space_forbid(space, random_cond(space, count, 2, rng), NULL);
    if (!refused) refused = hpo_space_seal(space, &err) != BASE_OK;
    *empty = refused && strstr(err.text, "leaves nothing to try") != NULL;
    if (!refused || *empty) {
        space->sealed = true;
        return space;
    }
    hpo_space_destroy(space);
    return NULL;
}

/* ---- enumeration ---- */

typedef struct points {
    double at[MAX_POINTS][MAX_PARAMS];
    bool found[MAX_POINTS];
    size_t count;
} points;

static size_t find(const hpo_space *space, const points *all, const double *config) {
    size_t i = 0;
    while (i < all->count && !hpo_space_equal(space, all->at[i], config)) i++;
    return i;
}

static void enumerate(const hpo_space *space, points *all) {
    double config[MAX_PARAMS];
    all->count = 0;
    for (uint64_t k = 0; k < (uint64_t)hpo_space_grid_size(space, 1); k++) {
        hpo_space_grid_point(space, 1, k, config);
        if (!hpo_space_allowed(space, config) || find(space, all, config) < all->count) continue;
        assert_true(all->count < MAX_POINTS);
        memcpy(all->at[all->count], config, sizeof config);
        all->found[all->count++] = false;
    }
}

static void check_all_found(const hpo_space *space, points *all, int rejections, base_rng *rng) {
    base_err err = {0};
    double config[MAX_PARAMS];
    size_t found = 0;
    for (size_t n = 0; n < 100 || (found < all->count && all->count <= 12); n++) {
        if (n == 20000) fail_msg("only %zu of %zu points were drawn", found, all->count);
        assert_true(hpo_narrow_draw(space, NULL, pick(rng, 2), rejections, rng, config));
        CHECK_OK(hpo_space_check(space, config, &err));
        const size_t at = find(space, all, config);
        assert_true(at < all->count);
        found += !all->found[at];
        all->found[at] = true;
    }
    memset(all->found, 0, sizeof all->found);
}

/* Some values of a random point of the grid, allowed or not: found exactly when an allowed point has them. */
static void check_given(const hpo_space *space, const points *all, base_rng *rng) {
    double given[MAX_PARAMS], config[MAX_PARAMS];
    const size_t count = hpo_space_count(space);
    hpo_space_grid_point(space, 1, base_rng_below(rng, (uint64_t)hpo_space_grid_size(space, 1)), given);
    for (size_t i = 0; i < count; i++)
        if (pick(rng, 2)) given[i] = (double)NAN;
    bool exists = false;
    for (size_t k = 0; k < all->count && !exists; k++) {
        exists = true;
        for (size_t i = 0; i < count; i++) exists = exists && (isnan(given[i]) || all->at[k][i] == given[i]);
    }
    assert_true(hpo_narrow_draw(space, given, false, pick(rng, 2) ? 50 : 0, rng, config) == exists);
    for (size_t i = 0; i < count && exists; i++) assert_true(isnan(given[i]) || config[i] == given[i]);
}

static void test_against_enumeration(void **state) {
    (void)state;
    static points all;
    size_t empty_ones = 0, tried = 0;
    for (uint32_t s = 0; tried < SPACES; s++) {
        base_rng rng = base_rng_stream(5, BASE_RNG_SAMPLER, s, 0);
        bool empty = false;
        double config[MAX_PARAMS];
        hpo_space *space = random_space(&rng, &empty);
        if (!space) continue;
        tried++;
        enumerate(space, &all);
        assert_true(empty == (all.count == 0));
        if (empty) {
            empty_ones++;
            assert_false(hpo_narrow_draw(space, NULL, false, 10, &rng, config));
        } else {
            check_all_found(space, &all, 0, &rng);
            check_all_found(space, &all, 50, &rng);
        }
        for (int n = 0; n < 20; n++) check_given(space, &all, &rng);
        hpo_space_destroy(space);
    }
    assert_true(empty_ones > 20 && empty_ones < SPACES / 2);
}

/* ---- what is written in study files ---- */

static void check_draws(const char *text, int draws, bool prior, void (*check)(const double *config)) {
    base_err err = {0};
    double config[16];
    space_text in = space_text_read(text);
    base_rng rng = base_rng_stream(1, BASE_RNG_SAMPLER, 0, 0);
    for (int n = 0; n < draws; n++) {
        CHECK_OK(prior ? hpo_space_sample_prior(in.space, &rng, config, &err)
                       : hpo_space_sample(in.space, &rng, config, &err));
        CHECK_OK(hpo_space_check(in.space, config, &err));
        check(config);
    }
    space_text_fini(&in);
}

static void is_one(const double *config) {
    assert_true(config[0] == 37 && config[1] == 37);
}

static void is_rising(const double *config) {
    for (int i = 0; i < 8; i++) assert_true(config[i] == i + 1);
}

static void is_small(const double *config) {
    assert_true(config[0] < 1e-7 && config[1] == 1234 && config[2] == 3);
}

static void test_study_files(void **state) {
    (void)state;
    check_draws("parameters: {x: {min: 1, max: 100}, y: {min: 1, max: 100}}\n"
                "forbid: [{x: {lt: 37}}, {x: {gt: 37}}, {x: {ne: {parameter: y}}}]\n",
                200, false, is_one);
    check_draws("parameters: {a: {min: 1, max: 8}, b: {min: 1, max: 8}, c: {min: 1, max: 8}, d: {min: 1, max: 8},\n"
                "  e: {min: 1, max: 8}, f: {min: 1, max: 8}, g: {min: 1, max: 8}, h: {min: 1, max: 8, prior: 4}}\n"
                "forbid: [{a: {ge: {parameter: b}}}, {b: {ge: {parameter: c}}}, {c: {ge: {parameter: d}}},\n"
                "  {d: {ge: {parameter: e}}}, {e: {ge: {parameter: f}}}, {f: {ge: {parameter: g}}},\n"
                "  {g: {ge: {parameter: h}}}]\n",
                200, true, is_rising);
    check_draws("parameters: {x: {min: 0.0, max: 1.0, prior: 0.5}, n: {min: 1, max: 10000, log: true},\n"
                "  c: {values: [a, b, c, d], ordered: true}}\n"
                "forbid: [{x: {ge: 1e-7}}, {n: {not_in: [1234, 7000]}}, {n: {gt: 5000}}, {any: [{c: a}, {c: {le: b}},\n"
                "  {c: c, x: {lt: 0.5}}]}]\n",
                200, true, is_small);
}

/* A few of 10^8 points, none of which is likely to be drawn whole: parameters that depend on each other. */
static void is_a_permutation(const double *config) {
    bool seen[9] = {false};
    for (int i = 0; i < 8; i++) {
        assert_false(seen[(int)config[i]]);
        seen[(int)config[i]] = true;
    }
    for (int i = 0; i + 1 < 8; i += 2) assert_true(config[i] < config[i + 1]);
}

static void test_permutations(void **state) {
    (void)state;
    base_buf text = {0};
    base_buf_puts(&text, "parameters:\n");
    for (int i = 0; i < 8; i++) base_buf_printf(&text, "  p%d: {min: 1, max: 8}\n", i);
    base_buf_puts(&text, "forbid:\n");
    for (int i = 0; i < 8; i++)
        for (int k = i + 1; k < 8; k++)
            base_buf_printf(&text, "  - {p%d: {%s: {parameter: p%d}}}\n", i, k == i + 1 && i % 2 == 0 ? "ge" : "eq", k);
    check_draws(base_buf_text(&text), 100, false, is_a_permutation);
    base_buf_fini(&text);
}

/* The fractions of points that are drawn whole are those of rejection: 6 allowed points of unequal weights. */
static void test_shares(void **state) {
    (void)state;
    enum { DRAWS = 60000 };
    space_text in = space_text_read("parameters: {a: {values: [p, q, r], probabilities: [0.6, 0.3, 0.1]},\n"
                                    "  b: {min: 1, max: 8, log: true}, c: {min: 0.0, max: 1.0}}\n"
                                    "forbid: [{b: {gt: 3}}, {a: p, b: 3}, {a: q, b: {lt: 2}}, {a: r, b: 2}]\n");
    base_rng rng = base_rng_stream(3, BASE_RNG_SAMPLER, 0, 0);
    size_t counts[2][3][9] = {0};
    double config[3];
    base_err err = {0};
    for (int n = 0; n < DRAWS; n++) {
        assert_true(hpo_narrow_draw(in.space, NULL, false, 1000, &rng, config));
        counts[0][(int)config[0]][(int)config[1]]++;
        CHECK_OK(hpo_space_sample(in.space, &rng, config, &err)); /* by rejection: enough is allowed */
        counts[1][(int)config[0]][(int)config[1]]++;
    }
    for (int a = 0; a < 3; a++)
        for (int b = 1; b <= 8; b++)
            CHECK_NEAR((double)counts[0][a][b], (double)counts[1][a][b],
                       5 * sqrt((double)(counts[0][a][b] + counts[1][a][b]) + 9));
    space_text_fini(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_enumeration),
        cmocka_unit_test(test_study_files),
        cmocka_unit_test(test_permutations),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
