/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/optim/schedule.h"

static double at(const eng_schedule_type *type, eng_schedule_config config, uint64_t step, uint64_t total) {
    return eng_schedule_factor(type, &config, step, total);
}

/* Values worked out by hand from the formulas. */
static void factors_are_what_the_formulas_say(void **state) {
    (void)state;
    static const struct {
        const eng_schedule_type *type;
        eng_schedule_config config;
        uint64_t step, total;
        double factor;
    } known[] = {
        {&eng_schedule_constant, {.final = 0}, 0, 10, 1.0},
        {&eng_schedule_constant, {.final = 0}, 9, 10, 1.0},
        {&eng_schedule_linear, {.final = 0.5}, 0, 10, 1.0},
        {&eng_schedule_linear, {.final = 0.5}, 5, 10, 0.75},
        {&eng_schedule_linear, {.final = 0.0}, 9, 10, 0.1},
        {&eng_schedule_exponential, {.final = 0.01}, 5, 10, 0.1},
        {&eng_schedule_exponential, {.final = 0.01}, 10, 10, 0.01},
        {&eng_schedule_step, {.gamma = 0.5, .every = 3}, 2, 10, 1.0},
        {&eng_schedule_step, {.gamma = 0.5, .every = 3}, 3, 10, 0.5},
        {&eng_schedule_step, {.gamma = 0.5, .every = 3}, 9, 10, 0.125},
        {&eng_schedule_step, {.gamma = 0.1}, 199, 600, 1.0}, /* a third of the way when no length is given */
        {&eng_schedule_step, {.gamma = 0.1}, 200, 600, 0.1},
        {&eng_schedule_cosine, {.final = 0}, 0, 12, 1.0},
        {&eng_schedule_cosine, {.final = 0}, 4, 12, 0.75},
        {&eng_schedule_cosine, {.final = 0}, 6, 12, 0.5},
        {&eng_schedule_cosine, {.final = 0.2}, 12, 12, 0.2},
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 2}, 5, 100, 0.5},
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 2}, 10, 100, 1.0}, /* the first restart */
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 2}, 20, 100, 0.5}, /* half of the second cycle */
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 2}, 30, 100, 1.0},
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 2}, 50, 100, 0.5},
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 1}, 40, 100, 1.0},
        {&eng_schedule_sgdr, {.period = 10, .multiplier = 1, .final = 0.5}, 45, 100, 0.75},
        {&eng_schedule_cosine, {.warmup = 4}, 0, 16, 0.25},
        {&eng_schedule_cosine, {.warmup = 4}, 3, 16, 1.0},
        {&eng_schedule_cosine, {.warmup = 4}, 4, 16, 1.0},
        {&eng_schedule_cosine, {.warmup = 4}, 10, 16, 0.5},
        {&eng_schedule_sgdr, {.warmup = 5, .period = 10, .multiplier = 2}, 15, 100, 1.0},
        {&eng_schedule_constant, {.warmup = 100}, 9, 10, 0.1}, /* a warm-up longer than the training */
        {&eng_schedule_cosine, {.warmup = 10}, 10, 10, 1.0},
    };
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        double got = at(known[i].type, known[i].config, known[i].step, known[i].total);
        if (fabs(got - known[i].factor) > 1e-12) print_error("line %zu, %s\n", i, known[i].type->name);
        CHECK_NEAR(got, known[i].factor, 1e-12);
    }
}

static void every_schedule_stays_between_final_and_one(void **state) {
    (void)state;
    for (const char *const *name = eng_schedule_names; *name != NULL; name++) {
        const eng_schedule_type *type = eng_schedule_find(*name);
        assert_string_equal(type->name, *name);
        assert_true(type->summary[0] != '\0');
        base_err err;
        CHECK_OK(eng_schedule_check(type, &type->defaults, &err));
        for (uint64_t total = 1; total < 200; total += 13) {
            double start = at(type, type->defaults, 0, total);
            CHECK_NEAR(start, 1.0, 0.0);
            for (uint64_t step = 0; step <= total + 5; step++) {
                double factor = at(type, type->defaults, step, total);
                assert_true(factor >= 0.0 && factor <= 1.0);
            }
            CHECK_SAME_DOUBLE(at(type, type->defaults, total, total), at(type, type->defaults, total + 1000, total));
        }
    }
    assert_null(eng_schedule_find("triangular"));
}

static void settings_out_of_bounds_are_named(void **state) {
    (void)state;
    static const struct {
        const eng_schedule_type *type;
        eng_schedule_config config;
        const char *part;
    } bad[] = {
        {&eng_schedule_constant, {.warmup = -1}, "warm-up of constant"},
        {&eng_schedule_linear, {.final = 1.5}, "final of linear must lie between 0 and 1, not be 1.5"},
        {&eng_schedule_exponential, {.final = 0.0}, "final of exponential must be above 0"},
        {&eng_schedule_step, {.gamma = 0.0}, "gamma of step"},
        {&eng_schedule_step, {.gamma = 0.1, .every = -3}, "lengths of step"},
        {&eng_schedule_sgdr, {.multiplier = 0.5}, "multiplier of sgdr must be at least 1, not 0.5"},
        {&eng_schedule_cosine, {.final = (double)NAN}, "final of cosine"},
    };
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        base_err err;
        CHECK_FAILS(eng_schedule_check(bad[i].type, &bad[i].config, &err), BASE_INVALID, bad[i].part);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_are_what_the_formulas_say),
        cmocka_unit_test(every_schedule_stays_between_final_and_one),
        cmocka_unit_test(settings_out_of_bounds_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
