/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Properties over random spaces with random conditions and forbidden clauses.
 *
 * Every sampled point passes the check; its activity agrees with a second, naive reading of the conditions on the
 * values as a user sees them; it comes back from the unit cube; the described space reads back and describes itself
 * alike. */
#include "tests/hpo/space/space_text.h"

enum { SPACES = 400, POINTS = 40, MAX_PARAMS = 9 };

static const char *const NAMES[MAX_PARAMS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
static const char *const WORDS[] = {"red", "green", "blue", "null", "1", "true", "x y"};

static size_t pick(base_rng *rng, size_t n) {
    return (size_t)base_rng_below(rng, n);
}

static hpo_param random_number(base_rng *rng) {
    hpo_param p = {.kind = pick(rng, 2) ? HPO_INT : HPO_FLOAT};
    if (p.kind == HPO_INT) {
        p.scale = pick(rng, 3) ? HPO_LINEAR : HPO_LOG;
        p.min = p.scale == HPO_LOG ? 1 + (double)pick(rng, 5) : (double)pick(rng, 20) - 10;
        p.max = p.min + 1 + (double)pick(rng, 40);
        if (p.scale == HPO_LINEAR && pick(rng, 3) == 0) p.step = 1 + (double)pick(rng, (size_t)(p.max - p.min));
    } else {
        p.scale = (hpo_scale)pick(rng, 3);
        p.min = p.scale == HPO_LINEAR ? (double)pick(rng, 100) / 10 - 5 : 0.001 + (double)pick(rng, 400) / 1000;
        p.max = p.min + 0.1 + (double)pick(rng, 400) / 1000;
        if (p.scale == HPO_LINEAR && pick(rng, 2)) p.step = 0.01 + (double)pick(rng, 9) / 100;
    }
    p.prior = (hpo_prior){.given = p.step == 0 && pick(rng, 2),
                          .center = p.kind == HPO_INT ? p.max : (p.min + p.max) / 2,
                          .deviation = 0.25};
    return p;
}

static hpo_param random_choices(base_arena *arena, base_rng *rng) {
    hpo_param p = {.kind = pick(rng, 6) == 0 ? HPO_CONSTANT : pick(rng, 2) ? HPO_CATEGORICAL : HPO_ORDINAL};
    p.n_choices = p.kind == HPO_CONSTANT ? 1 : 1 + pick(rng, 5);
    hpo_value *choices = BASE_NEW_ARRAY(arena, p.n_choices, hpo_value);
    size_t sort = pick(rng, 3), first = pick(rng, CHECK_COUNT(WORDS));
    for (size_t i = 0; i < p.n_choices; i++) {
        bool text = sort == 0 || (sort == 1 && i % 2);
        choices[i] = text ? hpo_value_text(WORDS[(first + i) % CHECK_COUNT(WORDS)])
                          : hpo_value_real(0.5 * (double)(first + i * i));
    }
    p.choices = choices;
    if (p.kind == HPO_CONSTANT) return p;
    if (pick(rng, 3) == 0) {
        double *shares = BASE_NEW_ARRAY(arena, p.n_choices, double);
        for (size_t i = 0; i < p.n_choices; i++) shares[i] = 1 / (double)p.n_choices;
        p.probabilities = shares;
    }
    p.prior = (hpo_prior){.given = pick(rng, 2), .center = (double)pick(rng, p.n_choices), .weight = 6};
    return p;
}

/* A value that the parameter can take, as a user would write it. */
static hpo_value random_value(const hpo_param *p, base_rng *rng) {
    double x = hpo_param_from_unit(p, base_rng_uniform(rng));
    if (p->kind == HPO_FLOAT) return hpo_value_real(x);
    return p->kind == HPO_INT ? hpo_value_int((int64_t)x) : p->choices[(size_t)x];
}

static hpo_cond *random_cond(hpo_space *space, size_t limit, int depth, base_rng *rng) {
    base_arena *arena = hpo_space_arena(space);
    hpo_cond *cond = BASE_NEW(arena, hpo_cond);
    if (depth > 0 && pick(rng, 3) == 0) {
        cond->op = pick(rng, 2) ? HPO_COND_ALL : HPO_COND_ANY;
        cond->n_children = 2 + pick(rng, 2);
        const hpo_cond **children = BASE_NEW_ARRAY(arena, cond->n_children, const hpo_cond *);
        for (size_t i = 0; i < cond->n_children; i++) children[i] = random_cond(space, limit, depth - 1, rng);
        cond->children = children;
        return cond;
    }
    cond->param = pick(rng, limit);
    const hpo_param *p = hpo_space_param(space, cond->param);
    cond->op = (hpo_cond_op)(HPO_COND_EQ + (int)pick(rng, 8));
    if (pick(rng, 5) == 0 && limit > 1) {
        cond->against_param = true;
        cond->other = pick(rng, limit);
    }
    bool list = cond->op == HPO_COND_IN || cond->op == HPO_COND_NOT_IN;
    cond->n_values = list ? 1 + pick(rng, 3) : 1;
    hpo_value *values = BASE_NEW_ARRAY(arena, cond->n_values, hpo_value);
    for (size_t i = 0; i < cond->n_values; i++) values[i] = random_value(p, rng);
    cond->values = values;
    return cond;
}

/* NULL when what was drawn is refused (a test that cannot hold, a comparison without meaning, all forbidden). */
static hpo_space *random_space(base_rng *rng) {
    hpo_space *space = hpo_space_create();
    base_arena *arena = hpo_space_arena(space);
    base_err err = {0};
    size_t count = 1 + pick(rng, MAX_PARAMS), clauses = pick(rng, 3);
    for (size_t i = 0; i < count; i++) {
        hpo_param p = pick(rng, 2) ? random_number(rng) : random_choices(arena, rng);
        p.name = NAMES[i];
        if (i > 0 && pick(rng, 2)) p.when = random_cond(space, i, 2, rng);
        if (hpo_space_add(space, &p, &err) != BASE_OK) goto refused;
    }
    for (size_t i = 0; i < clauses; i++) hpo_space_forbid(space, random_cond(space, count, 2, rng), NULL);
    if (hpo_space_seal(space, &err) == BASE_OK) return space;
refused:
    hpo_space_destroy(space);
    return NULL;
}

/* ---- the second reading ---- */

static int order_of(const hpo_space *space, const hpo_cond *c, const hpo_value *a, const hpo_value *b) {
    bool numbers = (a->kind == HPO_VALUE_INT || a->kind == HPO_VALUE_REAL) &&
                   (b->kind == HPO_VALUE_INT || b->kind == HPO_VALUE_REAL);
    if (numbers) return (a->real > b->real) - (a->real < b->real);
    const hpo_param *p = hpo_space_param(space, c->param);
    size_t i = 0, k = 0;
    while (!hpo_value_equal(&p->choices[i], a)) i++;
    while (!hpo_value_equal(&p->choices[k], b)) k++;
    return (i > k) - (i < k);
}

static bool naive_holds(const hpo_space *space, const hpo_cond *c, const double *config) {
    if (c->op == HPO_COND_ALL || c->op == HPO_COND_ANY) {
        size_t held = 0;
        for (size_t i = 0; i < c->n_children; i++) held += naive_holds(space, c->children[i], config);
        return c->op == HPO_COND_ALL ? held == c->n_children : held > 0;
    }
    if (isnan(config[c->param]) || (c->against_param && isnan(config[c->other]))) return false;
    hpo_value a = hpo_space_value(space, config, c->param);
    hpo_value b = c->against_param ? hpo_space_value(space, config, c->other) : c->values[0];
    bool found = false;
    for (size_t i = 0; i < c->n_values; i++) found |= hpo_value_equal(&a, &c->values[i]);
    switch (c->op) {
    case HPO_COND_EQ: return hpo_value_equal(&a, &b);
    case HPO_COND_NE: return !hpo_value_equal(&a, &b);
    case HPO_COND_IN: return found;
    case HPO_COND_NOT_IN: return !found;
    case HPO_COND_LT: return order_of(space, c, &a, &b) < 0;
    case HPO_COND_LE: return order_of(space, c, &a, &b) <= 0;
    case HPO_COND_GT: return order_of(space, c, &a, &b) > 0;
    case HPO_COND_GE: return order_of(space, c, &a, &b) >= 0;
    case HPO_COND_ALL:
    case HPO_COND_ANY: break;
    }
    return false;
}

static void check_point(const hpo_space *space, const double *config) {
    base_err err = {0};
    CHECK_OK(hpo_space_check(space, config, &err));
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const hpo_cond *when = hpo_space_param(space, i)->when;
        assert_int_equal(!isnan(config[i]), !when || naive_holds(space, when, config));
    }
}

static void check_unit_cube(const hpo_space *space, const double *config) {
    double unit[MAX_PARAMS];
    hpo_space_to_unit(space, config, unit);
    for (size_t k = 0; k < hpo_space_dims(space); k++) {
        size_t i = hpo_space_dim_param(space, k);
        const hpo_param *p = hpo_space_param(space, i);
        assert_int_equal(isnan(unit[k]), isnan(config[i]));
        if (isnan(unit[k])) continue;
        assert_true(unit[k] >= 0 && unit[k] <= 1);
        double value = hpo_param_from_unit(p, unit[k]);
        if (hpo_param_levels(p) > 0)
            CHECK_SAME_DOUBLE(value, config[i]);
        else
            CHECK_NEAR(value, config[i], 1e-13 * (1 + fabs(config[i])));
    }
}

static void test_random_spaces(void **state) {
    (void)state;
    size_t made = 0, conditional = 0, inactive = 0, with_clauses = 0;
    for (uint32_t s = 0; s < SPACES; s++) {
        base_rng rng = base_rng_stream(21, BASE_RNG_TEST, s, 0);
        hpo_space *space = random_space(&rng);
        if (!space) continue;
        made++;
        base_buf described = {0}, again = {0};
        hpo_space_describe(space, &described);
        with_clauses += strstr(described.data, "forbid") != NULL;
        conditional += strstr(described.data, "when") != NULL;
        space_text read = space_text_read(described.data);
        hpo_space_describe(read.space, &again);
        assert_string_equal(described.data, again.data);
        for (uint32_t n = 0; n < POINTS; n++) {
            double config[MAX_PARAMS], unit[MAX_PARAMS], twin[MAX_PARAMS];
            base_err err = {0};
            base_rng draw = base_rng_stream(22, BASE_RNG_TEST, s, n), same = draw;
            bool prior = n % 2;
            CHECK_OK(prior ? hpo_space_sample_prior(space, &draw, config, &err)
                           : hpo_space_sample(space, &draw, config, &err));
            check_point(space, config);
            check_unit_cube(space, config);
            for (size_t i = 0; i < hpo_space_count(space); i++) inactive += isnan(config[i]) != 0;
            assert_true(isfinite(hpo_space_log_prior(space, config)));
            /* the space that was read back draws the same point, which hashes alike */
            CHECK_OK(prior ? hpo_space_sample_prior(read.space, &same, twin, &err)
                           : hpo_space_sample(read.space, &same, twin, &err));
            assert_true(hpo_space_equal(space, config, twin));
            assert_true(hpo_space_hash(space, config) == hpo_space_hash(read.space, twin));
            /* any point of the unit cube decodes to a legal one, unless it is forbidden */
            for (size_t k = 0; k < hpo_space_dims(space); k++) unit[k] = base_rng_uniform(&draw);
            hpo_space_from_unit(space, unit, config);
            if (hpo_space_allowed(space, config))
                check_point(space, config);
            else
                CHECK_FAILS(hpo_space_check(space, config, &err), BASE_INVALID, "forbidden by");
        }
        space_text_fini(&read);
        base_buf_fini(&described);
        base_buf_fini(&again);
        hpo_space_destroy(space);
    }
    /* the generator reaches what it is meant to reach */
    assert_true(made > SPACES / 4);
    assert_true(conditional > SPACES / 10);
    assert_true(with_clauses > SPACES / 20);
    assert_true(inactive > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_spaces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
