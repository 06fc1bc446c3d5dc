/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BBOB's functions against bbob_golden.csv: what COCO's own program answers for every instance from 1 to 15 of every
 * function, at a point inside and one outside of [-5, 5]^D.
 *
 * The table is made by scripts/check_bbob.py golden from the Python package coco-experiment 2.8.2, whose licence is
 * BSD-3-Clause; it holds numbers only. The script itself compares far more than fits here. */
#include "tests/benchmarks/problems/bind.h"

enum { FUNCTION, INSTANCE, DIMENSION, F_OPT, INSIDE, OUTSIDE, N_COLUMNS, MAX_DIMS = 40 };

/* The script's points, bit for bit: multiples of irrational numbers, folded into [-reach, reach]. */
static void point_of(size_t dims, double instance, double reach, double *x) {
    for (size_t i = 0; i < dims; i++) {
        const double t = (double)(i + 1) * 0.6180339887498949 + instance * 0.7548776662466927;
        x[i] = reach * (2 * (t - floor(t)) - 1);
    }
}

static bound_problem bind_bbob(int function, int64_t dimensions, int64_t instance) {
    char name[16];
    snprintf(name, sizeof name, "bbob-f%d", function);
    return bind_with(name, &(bench_settings){.dimensions = dimensions, .instance = instance});
}

static void check_value(double value, double expected) {
    CHECK_NEAR(value, expected, 1e-9 * fmax(1, fabs(expected)));
}

static void check_line(char *line) {
    double column[N_COLUMNS], x[MAX_DIMS], best;
    char *rest = line;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        char *field = strsep(&rest, ",");
        assert_non_null(field);
        assert_true(base_parse_double(field, &column[i]));
    }
    const size_t dims = (size_t)column[DIMENSION];
    bound_problem bbob = bind_bbob((int)column[FUNCTION], (int64_t)dims, (int64_t)column[INSTANCE]);
    point_of(dims, column[INSTANCE], 5, x);
    check_value(value_at(&bbob, x, 1, 1), column[INSIDE]);
    point_of(dims, column[INSTANCE], 8, x);
    check_value(value_at(&bbob, x, 1, 1), column[OUTSIDE]);
    assert_true(bbob.binding.instance.problem->optimum(&bbob.binding.instance, 0, x, &best));
    check_value(best, column[F_OPT]);
    check_value(value_at(&bbob, x, 1, 1), best);
    bind_release(&bbob);
}

static void golden(void **state) {
    (void)state;
    base_err err = {0};
    base_buf text = {0};
    CHECK_OK(base_read_file("tests/benchmarks/problems/bbob_golden.csv", &text, &err));
    base_buf_putc(&text, '\0');
    char *rest = text.data, *line = strsep(&rest, "\n");
    size_t lines = 0;
    while ((line = strsep(&rest, "\n")) && *line) {
        check_line(line);
        lines++;
    }
    assert_int_equal(lines, 24 * 15);
    base_buf_fini(&text);
}

/* No point of a ring around the optimum is better, and it lies in the box: for dimensions that the table does not have,
 * the largest of them beyond what COCO itself can make. */
static void optima(void **state) {
    (void)state;
    static const int64_t dims[] = {2, 7, 50};
    for (int function = 1; function <= 24; function++) {
        for (size_t n = 0; n < CHECK_COUNT(dims); n++) {
            bound_problem bbob = bind_bbob(function, dims[n], 16);
            double x[50], y[50], best;
            assert_true(bbob.binding.instance.problem->optimum(&bbob.binding.instance, 0, x, &best));
            check_value(value_at(&bbob, x, 1, 1), best);
            base_rng rng = base_rng_stream(5, BASE_RNG_TEST, (uint32_t)function, (uint32_t)dims[n]);
            for (size_t i = 0; i < (size_t)dims[n]; i++) assert_true(fabs(x[i]) <= 5);
            for (size_t trial = 0; trial < 200; trial++) {
                for (size_t i = 0; i < (size_t)dims[n]; i++) y[i] = x[i] + 0.3 * base_rng_normal(&rng);
                assert_true(value_at(&bbob, y, 1, 1) > best - 1e-9);
            }
            bind_release(&bbob);
        }
    }
}

/* Another instance is another function; the same is the same. */
static void instances(void **state) {
    (void)state;
    for (int function = 1; function <= 24; function++) {
        const double x[3] = {1, -2, 0.5};
        double values[3];
        for (size_t i = 0; i < 3; i++) {
            bound_problem bbob = bind_bbob(function, 3, i == 1 ? 2 : 1);
            values[i] = value_at(&bbob, x, 1, i);
            bind_release(&bbob);
        }
        CHECK_SAME_DOUBLE(values[0], values[2]);
        assert_true(values[0] != values[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(optima), cmocka_unit_test(instances)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
