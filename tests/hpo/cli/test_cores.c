/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said when trials of several threads lack cores. */
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"

static bool advice(int threads, uint32_t workers, size_t allowed, size_t cores, char *out) {
    return cli_cores_advice(threads, workers, allowed, cores, out, 256);
}

static void enough_cores_need_no_word(void **state) {
    (void)state;
    char text[256];
    assert_false(advice(1, 64, 1, 2, text)); /* one thread each: as ever */
    assert_false(advice(2, 4, 8, 8, text));
    assert_false(advice(2, 4, 2, 8, text)); /* each bound to two of its own */
    assert_false(advice(2, 0, 2, 2, text));
    assert_false(advice(8, 1, 8, 8, text));
}

static void too_many_workers_are_told(void **state) {
    (void)state;
    char text[256];
    assert_true(advice(2, 8, 8, 8, text));
    CHECK_CONTAINS(text, "8 workers with trial.threads: 2 want 16 cores, and there are 8");
    assert_true(advice(4, 1, 2, 2, text));
    CHECK_CONTAINS(text, "1 worker with trial.threads: 4 want 4 cores, and there are 2");
}

static void a_worker_bound_to_too_few_is_told(void **state) {
    (void)state;
    char text[256];
    assert_true(advice(2, 4, 1, 8, text));
    CHECK_CONTAINS(text, "trial.threads is 2, but a worker may use 1 of the 8 cores");
    CHECK_CONTAINS(text, "--bind-to none");
    CHECK_CONTAINS(text, "slot:PE=2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_cores_need_no_word),
        cmocka_unit_test(too_many_workers_are_told),
        cmocka_unit_test(a_worker_bound_to_too_few_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
