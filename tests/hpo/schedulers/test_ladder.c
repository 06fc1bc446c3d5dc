/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: Table 1 of the Hyperband paper and its like for other R, eta, worked out with integers by hand. */
#include "hpo/schedulers/ladder.h"

#include "tests/support/check.h"

typedef struct table_row {
    double min, max;
    uint64_t eta;
    bool integer;
    const char *brackets; /* s = s_max .. 0, joined by " | " */
} table_row;

static const table_row table[] = {
    {1, 9, 3, true, "9@1 3@3 1@9 | 3@3 1@9 | 3@9"},
    {1, 27, 3, true, "27@1 9@3 3@9 1@27 | 9@3 3@9 1@27 | 6@9 2@27 | 4@27"},
    {1, 81, 3, true, "81@1 27@3 9@9 3@27 1@81 | 27@3 9@9 3@27 1@81 | 9@9 3@27 1@81 | 6@27 2@81 | 5@81"},
    {1, 243, 3, true,
     "243@1 81@3 27@9 9@27 3@81 1@243 | 81@3 27@9 9@27 3@81 1@243 | 27@9 9@27 3@81 1@243 | 18@27 6@81 2@243 | "
     "9@81 3@243 | 6@243"},
    {1, 16, 4, true, "16@1 4@4 1@16 | 4@4 1@16 | 3@16"},
    {1, 64, 2, true,
     "64@1 32@2 16@4 8@8 4@16 2@32 1@64 | 32@2 16@4 8@8 4@16 2@32 1@64 | 16@4 8@8 4@16 2@32 1@64 | 8@8 4@16 2@32 1@64 "
     "| 8@16 4@32 2@64 | 6@32 3@64 | 7@64"},
    {3, 100, 3, false, "27@3.7037 9@11.1111 3@33.3333 1@100 | 9@11.1111 3@33.3333 1@100 | 6@33.3333 2@100 | 4@100"},
    {3, 100, 3, true, "27@4 9@11 3@33 1@100 | 9@11 3@33 1@100 | 6@33 2@100 | 4@100"},
    {1, 1000, 4, false,
     "256@3.90625 64@15.625 16@62.5 4@250 1@1000 | 64@15.625 16@62.5 4@250 1@1000 | 16@62.5 4@250 1@1000 | 8@250 "
     "2@1000 | 5@1000"},
    {1, 1000, 4, true,
     "256@4 64@16 16@63 4@250 1@1000 | 64@16 16@63 4@250 1@1000 | 16@63 4@250 1@1000 | 8@250 2@1000 "
     "| 5@1000"},
    {9, 729, 3, true, "81@9 27@27 9@81 3@243 1@729 | 27@27 9@81 3@243 1@729 | 9@81 3@243 1@729 | 6@243 2@729 | 5@729"},
    {5, 50, 3, false, "9@5.55556 3@16.6667 1@50 | 3@16.6667 1@50 | 3@50"},
    {5, 50, 3, true, "9@6 3@17 1@50 | 3@17 1@50 | 3@50"},
    {1, 1000, 10, true, "1000@1 100@10 10@100 1@1000 | 100@10 10@100 1@1000 | 20@100 2@1000 | 4@1000"},
    {1, 52, 3, true, "27@2 9@6 3@17 1@52 | 9@6 3@17 1@52 | 6@17 2@52 | 4@52"},
    {1, 3, 2, true, "2@2 1@3 | 2@3"},
    {7, 7, 3, true, "1@7"},
    {1, 2, 3, true, "1@2"},
};

static void every_row_of_the_table(void **state) {
    (void)state;
    base_err err;
    for (size_t i = 0; i < CHECK_COUNT(table); i++) {
        const table_row *row = &table[i];
        hpo_ladder ladder;
        CHECK_OK(hpo_ladder_init(&ladder, row->min, row->max, row->integer, row->eta, &err));
        base_buf text = {0};
        for (uint32_t s = ladder.rungs; s-- > 0;) {
            const hpo_bracket_plan plan = hpo_ladder_bracket(&ladder, s);
            hpo_bracket_plan_print(&plan, &ladder, &text);
            if (s > 0) base_buf_puts(&text, " | ");
        }
        assert_string_equal(base_buf_text(&text), row->brackets);
        base_buf_fini(&text);
    }
}

/* The published totals of one cycle for R = 81, eta = 3: 187 evaluations, 1701 units from scratch, 1404 resumed. */
static void one_cycle_costs_what_the_paper_says(void **state) {
    (void)state;
    base_err err;
    hpo_ladder ladder;
    CHECK_OK(hpo_ladder_init(&ladder, 1, 81, true, 3, &err));
    uint64_t runs = 0;
    double scratch = 0, resumed = 0;
    for (uint32_t s = 0; s < ladder.rungs; s++) {
        const hpo_bracket_plan plan = hpo_ladder_bracket(&ladder, s);
        for (uint32_t k = 0; k < plan.stages; k++) {
            const double to = ladder.fidelity[plan.first + k], from = k > 0 ? ladder.fidelity[plan.first + k - 1] : 0;
            runs += plan.size[k];
            scratch += (double)plan.size[k] * to;
            resumed += (double)plan.size[k] * (to - from);
        }
    }
    assert_int_equal(runs, 187);
    CHECK_NEAR(scratch, 1701, 0);
    CHECK_NEAR(resumed, 1404, 0);
}

/* eta^k for every k: logarithms in floating point miss a rung for 243 = 3^5 and 1000 = 10^3. */
static void powers_have_their_rung(void **state) {
    (void)state;
    base_err err;
    for (uint64_t eta = 2; eta <= 10; eta++) {
        double max = 1;
        for (uint32_t k = 0; max <= 1e9; k++, max *= (double)eta) {
            hpo_ladder ladder;
            CHECK_OK(hpo_ladder_init(&ladder, 1, max, true, eta, &err));
            assert_int_equal(ladder.rungs, k + 1);
            CHECK_NEAR(ladder.fidelity[0], 1, 0);
            CHECK_NEAR(ladder.fidelity[k], max, 0);
        }
    }
    hpo_ladder ladder; /* 0.1 * 3^4 is not 8.1 in doubles */
    CHECK_OK(hpo_ladder_init(&ladder, 0.1, 8.1, false, 3, &err));
    assert_int_equal(ladder.rungs, 5);
    assert_true(ladder.fidelity[0] >= 0.1);
}

static void too_long_a_ladder_is_refused(void **state) {
    (void)state;
    base_err err;
    hpo_ladder ladder;
    CHECK_FAILS(hpo_ladder_init(&ladder, 1, 1e12, true, 2, &err), BASE_INVALID, "raise eta");
    CHECK_FAILS(hpo_ladder_init(&ladder, 1e-300, 1e300, false, 2, &err), BASE_INVALID, "raise eta");
}

static void a_short_bracket_keeps_one_trial_per_stage(void **state) {
    (void)state;
    base_err err;
    hpo_ladder ladder;
    CHECK_OK(hpo_ladder_init(&ladder, 1, 27, true, 3, &err));
    hpo_bracket_plan plan = hpo_ladder_bracket(&ladder, 3);
    hpo_bracket_plan_shrink(&plan, 3, 10);
    const uint64_t expected[] = {10, 3, 1, 1};
    assert_memory_equal(plan.size, expected, sizeof expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table),
        cmocka_unit_test(one_cycle_costs_what_the_paper_says),
        cmocka_unit_test(powers_have_their_rung),
        cmocka_unit_test(too_long_a_ladder_is_refused),
        cmocka_unit_test(a_short_bracket_keeps_one_trial_per_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
