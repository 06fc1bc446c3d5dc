/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Currin and Borehole, exact and rough, against values computed from the published formulas in another program. */
#include "tests/benchmarks/problems/bind.h"

static double value(const char *name, const double *x, double level) {
    bound_problem problem = bind_own(name);
    const double result = value_at(&problem, x, level, 1);
    bind_release(&problem);
    return result;
}

static void currin(void **state) {
    (void)state;
    CHECK_NEAR(value("currin", (double[]){.5, .5}, 2), 7.40512391329881, 1e-12);
    CHECK_NEAR(value("currin", (double[]){.5, .5}, 1), 7.442479583871108, 1e-12);
    CHECK_NEAR(value("currin", (double[]){0.216666663, 0}, 2), 13.798722044728432, 1e-12);
    assert_true(isfinite(value("currin", (double[]){0, 0}, 1))); /* half of the rough one's places lie outside */
}

static void borehole(void **state) {
    (void)state;
    const double middle[] = {.1, 25050, 89335, 1050, 89.55, 760, 1400, 10950};
    const double corner[] = {.15, 100, 115600, 1110, 116, 700, 1120, 12045};
    CHECK_NEAR(value("borehole", middle, 2), 70.87291263681894, 1e-11);
    CHECK_NEAR(value("borehole", middle, 1), 56.39871925957537, 1e-11);
    CHECK_NEAR(value("borehole", corner, 2), 309.5755876604079, 1e-10);
    CHECK_NEAR(value("borehole", corner, 1), 246.3515925827695, 1e-10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(currin), cmocka_unit_test(borehole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
