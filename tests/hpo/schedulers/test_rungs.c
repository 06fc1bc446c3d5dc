/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many rungs there are between two fidelities, against integers: a quotient of logarithms loses one for 243 = 3^5,
 * 1000 = 10^3 and many others. */
#include "hpo/schedulers/ladder.h"
#include "tests/support/check.h"

static uint32_t rungs(double min, double max, bool integer, uint64_t eta) {
    base_err err;
    hpo_ladder ladder;
    CHECK_OK(hpo_ladder_init(&ladder, min, max, integer, eta, &err));
    assert_true(ladder.fidelity[0] >= min);
    CHECK_SAME_DOUBLE(ladder.fidelity[ladder.rungs - 1], max);
    for (uint32_t k = 1; k < ladder.rungs; k++) assert_true(ladder.fidelity[k] > ladder.fidelity[k - 1]);
    return ladder.rungs;
}

static void integers_exactly(void **state) {
    (void)state;
    for (uint64_t eta = 2; eta <= 12; eta++) {
        for (uint64_t min = 1; min <= 60; min++) {
            uint64_t max = min;
            for (uint32_t k = 0; max <= 100000000; k++, max *= eta) {
                base_err err;
                hpo_ladder ladder;
                assert_int_equal(rungs((double)min, (double)max, true, eta), k + 1);
                assert_int_equal(rungs((double)min, (double)max, false, eta), k + 1);
                if (max + 1 < max * eta) assert_int_equal(rungs((double)min, (double)max + 1, true, eta), k + 1);
                if (k > 0) assert_int_equal(rungs((double)min, (double)max - 1, true, eta), k);
                CHECK_OK(hpo_ladder_init(&ladder, (double)min, (double)max, true, eta, &err));
                uint64_t expected = min;
                for (uint32_t j = 0; j <= k; j++, expected *= eta) CHECK_NEAR(ladder.fidelity[j], (double)expected, 0);
            }
        }
    }
}

/* As a user writes them: decimals, whose product with a power of eta is a decimal again, but no product of doubles. */
static void decimals_as_written(void **state) {
    (void)state;
    for (uint64_t eta = 2; eta <= 10; eta++) {
        for (uint64_t min = 1; min <= 99; min++) {
            uint64_t max = min;
            for (uint32_t k = 0; max <= 10000000; k++, max *= eta) {
                /* hundredths: the nearest doubles of two decimals, as strtod gives them */
                const double low = (double)min / 100, high = (double)max / 100;
                assert_int_equal(rungs(low, high, false, eta), k + 1);
                if (k > 0) assert_int_equal(rungs(low, high * (1 - 1e-9), false, eta), k);
            }
        }
    }
}

/* Shares of the data: the least is a quotient. */
static void quotients(void **state) {
    (void)state;
    for (uint64_t eta = 2; eta <= 10; eta++) {
        double power = 1;
        for (uint32_t k = 0; power <= 1e8; k++, power *= (double)eta) {
            assert_int_equal(rungs(1 / power, 1, false, eta), k + 1);
            assert_int_equal(rungs(0.7 / power, 0.7, false, eta), k + 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_exactly),
        cmocka_unit_test(decimals_as_written),
        cmocka_unit_test(quotients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
