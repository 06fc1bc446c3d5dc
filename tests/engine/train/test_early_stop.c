/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/train/early_stop.h"

/* Feeds losses until it stops; returns the epoch that stopped it, 0 = none. */
static uint64_t run(eng_early_stop *stop, const double *losses, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (eng_early_stop_update(stop, i + 1, losses[i])) return i + 1;
    return 0;
}

static void it_stops_after_patience_epochs_without_a_new_best(void **state) {
    (void)state;
    static const double losses[] = {5, 4, 4.5, 4.2, 3, 3, 3.5, 2.9, 3, 3, 3, 1};
    static const struct {
        uint64_t patience, stops, best_epoch;
        double best;
    } expected[] = {{0, 0, 12, 1}, {1, 3, 2, 4}, {2, 4, 2, 4}, {3, 11, 8, 2.9}, {4, 0, 12, 1}};
    for (size_t i = 0; i < CHECK_COUNT(expected); i++) {
        eng_early_stop stop = eng_early_stop_start(expected[i].patience);
        assert_int_equal(run(&stop, losses, CHECK_COUNT(losses)), expected[i].stops);
        assert_int_equal(stop.stopped, expected[i].stops > 0);
        assert_int_equal(stop.best_epoch, expected[i].best_epoch);
        assert_true(stop.best == expected[i].best);
    }
}

static void equal_and_nan_losses_are_no_improvement(void **state) {
    (void)state;
    static const double losses[] = {NAN, 2, 2, NAN};
    eng_early_stop stop = eng_early_stop_start(2);
    assert_int_equal(run(&stop, losses, 4), 4);
    assert_int_equal(stop.best_epoch, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stops_after_patience_epochs_without_a_new_best),
        cmocka_unit_test(equal_and_nan_losses_are_no_improvement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
