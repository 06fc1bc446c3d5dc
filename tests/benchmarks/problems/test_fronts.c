/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions of several metrics: values computed from the published formulas in another program, and their fronts in
 * closed form, which no random point passes. */
#include "tests/benchmarks/problems/bind.h"

#include "hpo/trials/order.h"

enum { DIMS = 4, STEPS = 1000 };

static bound_problem open_front(const char *name) {
    return bind_with(name, &(bench_settings){.dimensions = DIMS});
}

static void values_at(const bound_problem *p, const double *x, double *values) {
    p->binding.instance.problem->evaluate(&p->binding.instance, x, 1, NULL, values);
}

static const struct {
    const char *name;
    double others, f1, f2; /* on the front; at (0.3, 0.6, 0.2, 0.9) */
} cases[] = {
    {"zdt1", 0, 0.3, 4.747225074153132},
    {"zdt2", 0, 0.3, 6.085245901639345},
    {"zdt3", 0, 0.3, 4.747225074153132},
    {"zdt4", 0.5, 0.3, 24.15395010584846},
    {"zdt6", 0, 0.9875789378882274, 8.69790003101045},
};

/* f2 where g is 1. */
static double front_at(size_t which, double f1) {
    if (which == 1 || which == 4) return 1 - f1 * f1;
    return 1 - sqrt(f1) - (which == 2 ? f1 * sin(10 * M_PI * f1) : 0);
}

static void values_of_the_formulas(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bound_problem p = open_front(cases[i].name);
        double values[2];
        values_at(&p, (const double[]){0.3, 0.6, 0.2, 0.9}, values);
        CHECK_NEAR(values[0], cases[i].f1, 1e-12);
        CHECK_NEAR(values[1], cases[i].f2, 1e-12);
        bind_release(&p);
    }
    bound_problem p = open_front("dtlz2");
    double values[3];
    values_at(&p, (const double[]){0.3, 0.6, 0.2, 0.9}, values);
    CHECK_ARRAY_NEAR(values, ((const double[]){0.6546506182678742, 0.9010492752091779, 0.5674881246744334}), 3, 1e-12);
    bind_release(&p);
}

static void fronts_are_where_they_should_be(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bound_problem p = open_front(cases[i].name);
        for (size_t step = 0; step <= STEPS; step++) {
            const double o = cases[i].others, x[DIMS] = {(double)step / STEPS, o, o, o};
            double on[2], random[DIMS], off[2];
            values_at(&p, x, on);
            CHECK_NEAR(on[1], front_at(i, on[0]), 1e-9);
            for (size_t d = 0; d < DIMS; d++) random[d] = base_rng_uniform(&rng);
            values_at(&p, random, off);
            assert_true(off[1] >= front_at(i, off[0])); /* which is what its x1 has at best, since f2 grows with g */
            random[0] = x[0];
            values_at(&p, random, off);
            assert_true(hpo_dominates(on, off, 2));
        }
        bind_release(&p);
    }
}

static void dtlz2_is_a_sphere(void **state) {
    (void)state;
    static const char *const names[] = {"dtlz2", "dtlz2-4", "dtlz2-5", "dtlz2-6"};
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    for (size_t k = 3; k < 3 + CHECK_COUNT(names); k++) {
        bound_problem p = open_front(names[k - 3]);
        for (size_t i = 0; i < STEPS; i++) {
            double x[DIMS], f[6], away = 1, square = 0;
            for (size_t d = 0; d < DIMS; d++) x[d] = base_rng_uniform(&rng);
            for (size_t d = k - 1; d < DIMS; d++) away += (x[d] - 0.5) * (x[d] - 0.5);
            values_at(&p, x, f);
            for (size_t g = 0; g < k; g++) {
                square += f[g] * f[g];
                const size_t angle = k - 1 - g; /* that of f[g] and of those before it; the first has none */
                const double sine = g > 0 && angle < DIMS ? sin(x[angle] * M_PI / 2) : 0;
                if (g > 0) CHECK_NEAR(f[g], sine * sqrt(square), 1e-12);
            }
            CHECK_NEAR(sqrt(square), away, 1e-12);
        }
        bind_release(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_formulas),
        cmocka_unit_test(fronts_are_where_they_should_be),
        cmocka_unit_test(dtlz2_is_a_sphere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
