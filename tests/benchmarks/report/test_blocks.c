/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seeds side by side, whichever a method has. */
#include "benchmarks/report/blocks.h"

#include "tests/benchmarks/report/tables_of.h"

static void seeds_of_some_methods(void **state) {
    (void)state;
    tables t = {0};
    add(&t, "f", "a", 1, 3, 5, "1:4 4:1");
    add(&t, "f", "a", 1, 1, 5, "1:6");
    add(&t, "f", "b", 1, 2, 2, "1:5");
    add(&t, "f", "b", 1, 3, 5, "3:2");
    bench_runs *runs = read_tables(&t, NULL, 0);
    base_arena *arena = base_arena_create();
    const size_t methods[] = {0, 1};
    const double costs[] = {2, 5};
    size_t n;
    const double *v = bench_blocks(runs, 0, 0, methods, 2, costs, 2, arena, &n);
    assert_int_equal(n, 3); /* seeds 1, 2, 3; two methods at two costs each */
    const double want[] = {6, 6, NAN, NAN, NAN, NAN, 5, NAN, 4, 1, INFINITY, 2};
    for (size_t i = 0; i < 12; i++)
        if (isnan(want[i]))
            assert_true(isnan(v[i]));
        else
            CHECK_NEAR(v[i], want[i], 0);
    v = bench_sample_at(runs, 0, 0, 1, 5, arena, &n);
    assert_int_equal(n, 1); /* seed 2 ended before */
    CHECK_NEAR(v[0], 2, 0);
    base_arena_destroy(arena);
    bench_runs_destroy(runs);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(seeds_of_some_methods)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
