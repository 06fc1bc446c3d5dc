/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: functions whose Sobol indices are known in closed form (T. Ishigami, T. Homma, 1990; additive functions). */
#include "hpo/report/importance_impl.h"
#include "hpo/space/space_file.h"
#include "tests/support/check.h"

static const double PI = 3.14159265358979323846;

typedef struct shares {
    base_arena *arena;
    hpo_fanova of;
} shares;

static shares fit(double (*f)(const double *x), size_t n, size_t dims, uint32_t who) {
    shares s = {.arena = base_arena_create()};
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, who, 0);
    double *x = BASE_NEW_ARRAY(s.arena, n * dims, double), *y = BASE_NEW_ARRAY(s.arena, n, double);
    for (size_t i = 0; i < n * dims; i++) x[i] = base_rng_uniform(&rng);
    for (size_t i = 0; i < n; i++) y[i] = f(x + i * dims);
    hpo_forest *forest = hpo_importance_forest(x, y, n, dims, 1);
    s.of = hpo_fanova_of(forest, HPO_IMPORTANCE_TREES, dims, true, 1, s.arena);
    hpo_forest_destroy(forest);
    return s;
}

static double ishigami(const double *u) {
    const double a = 7, b = 0.1, x = PI * (2 * u[0] - 1), y = PI * (2 * u[1] - 1), z = PI * (2 * u[2] - 1);
    return sin(x) + a * sin(y) * sin(y) + b * pow(z, 4) * sin(x);
}

static void ishigamis_function(void **state) {
    (void)state;
    const shares s = fit(ishigami, 3000, 3, 1);
    CHECK_NEAR(s.of.single[0], 0.3139, 0.05);
    CHECK_NEAR(s.of.single[1], 0.4424, 0.05);
    CHECK_NEAR(s.of.single[2], 0, 0.05);
    CHECK_NEAR(s.of.pair[0 * 3 + 1], 0, 0.05);
    CHECK_NEAR(s.of.pair[0 * 3 + 2], 0.2437, 0.05);
    CHECK_NEAR(s.of.pair[1 * 3 + 2], 0, 0.05);
    base_arena_destroy(s.arena);
}

/* Variances 9/12, 4/12, 1/12, 0 of 14/12. */
static double additive(const double *u) {
    return 3 * u[0] + 2 * u[1] + u[2] + 0 * u[3];
}

static void sums_have_no_pairs(void **state) {
    (void)state;
    const shares s = fit(additive, 1000, 4, 2);
    static const double expected[] = {9.0 / 14, 4.0 / 14, 1.0 / 14, 0};
    for (size_t i = 0; i < 4; i++) {
        CHECK_NEAR(s.of.single[i], expected[i], 0.05);
        for (size_t j = i + 1; j < 4; j++) CHECK_NEAR(s.of.pair[i * 4 + j], 0, 0.05);
    }
    /* partial dependence: 3 x + 1.5 */
    for (size_t k = 4; k < HPO_MARGINAL - 4; k += 10)
        CHECK_NEAR(s.of.mean[k], 3 * ((double)k + 0.5) / HPO_MARGINAL + 1.5, 0.25);
    base_arena_destroy(s.arena);
}

/* All of it is the pair's: (2x - 1)(2y - 1). */
static double saddle(const double *u) {
    return (2 * u[0] - 1) * (2 * u[1] - 1);
}

static void a_pair_without_singles(void **state) {
    (void)state;
    const shares s = fit(saddle, 2000, 3, 3);
    CHECK_NEAR(s.of.single[0], 0, 0.05);
    CHECK_NEAR(s.of.single[1], 0, 0.05);
    CHECK_NEAR(s.of.pair[1], 1, 0.06);
    base_arena_destroy(s.arena);
}

/* Which of the priors of each metric are meant: those of the metric that is looked at, the first. */
static void the_default_is_believed(void **state) {
    (void)state;
    static const char text[] = "{x: {min: 0.0, max: 1.0, prior: {size: 0.9, loss: 0.2}}, y: {min: 0.0, max: 1.0, "
                               "prior: {size: 0.9}}, z: {min: 0.0, max: 1.0, prior: 0.7}}";
    const char *names[] = {"loss", "size"};
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_yaml_node *map;
    hpo_space *space;
    double unit[3];
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &map, &err));
    CHECK_OK(hpo_space_read(map, NULL, NULL, &space, &err));
    CHECK_OK(hpo_space_set_metrics(space, names, 2, &err));
    hpo_importance_default(space, unit);
    assert_true(unit[0] == 0.2 && unit[1] == 0.5 && unit[2] == 0.7);
    hpo_space_destroy(space);
    base_arena_destroy(arena);
}

static double flat(const double *u) {
    return 3 + 0 * u[0];
}

static void nothing_matters(void **state) {
    (void)state;
    const shares s = fit(flat, 50, 2, 4);
    assert_true(s.of.single[0] == 0 && s.of.single[1] == 0 && s.of.pair[1] == 0);
    base_arena_destroy(s.arena);
}

/* The best tenth lies in one corner of x; y and the choice z are as everywhere. */
static void the_best_are_elsewhere(void **state) {
    (void)state;
    enum { N = 2000 };
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 6, 0);
    double *x = base_calloc(3 * N, sizeof *x), *y = base_calloc(N, sizeof *y), of[3];
    for (size_t i = 0; i < N; i++) {
        x[3 * i] = base_rng_uniform(&rng);
        x[3 * i + 1] = base_rng_uniform(&rng);
        x[3 * i + 2] = ((double)base_rng_below(&rng, 4) + 0.5) / 4;
        y[i] = x[3 * i];
    }
    hpo_ped_anova(x, y, N, 3, (const size_t[]){0, 0, 4}, of);
    assert_true(of[0] > 0.9);
    CHECK_NEAR(of[0] + of[1] + of[2], 1, 1e-12);
    for (size_t i = 0; i < N; i++) y[i] = x[3 * i + 2];
    hpo_ped_anova(x, y, N, 3, (const size_t[]){0, 0, 4}, of);
    assert_true(of[2] > 0.9);
    free(x);
    free(y);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ishigamis_function),     cmocka_unit_test(sums_have_no_pairs),
        cmocka_unit_test(a_pair_without_singles), cmocka_unit_test(the_default_is_believed),
        cmocka_unit_test(nothing_matters),        cmocka_unit_test(the_best_are_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
