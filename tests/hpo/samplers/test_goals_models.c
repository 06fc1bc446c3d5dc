/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models with several goals: on a front that is known they are ahead of random search and of a genetic algorithm. */
#include "tests/hpo/samplers/many_goals.h"

enum { DIMS = 5, SEEDS = 3, TRIALS = 60 };

static const char *const models[] = {"gp", "rf", "tpe"};

static void they_come_closer_to_a_front(void **state) {
    (void)state;
    double random = 0, genetic = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        random += zdt1_lack("random", "{}", seed, DIMS, TRIALS) / SEEDS;
        genetic += zdt1_lack("nsga2", "{}", seed, DIMS, TRIALS) / SEEDS;
    }
    for (size_t m = 0; m < CHECK_COUNT(models); m++) {
        double mine = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) mine += zdt1_lack(models[m], "{}", seed, DIMS, TRIALS) / SEEDS;
        print_message("%s lacks %.3g, nsga2 %.3g, random %.3g\n", models[m], mine, genetic, random);
        assert_true(mine < 0.8 * random && mine < 0.8 * genetic);
    }
}

static void a_process_for_each_goal_is_ahead_of_one_for_all(void **state) {
    (void)state;
    double mine = 0, one = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        mine += zdt1_lack("gp", "{}", seed, DIMS, TRIALS) / SEEDS;
        one += zdt1_lack("gp", "{several: parego}", seed, DIMS, TRIALS) / SEEDS;
    }
    print_message("nehvi lacks %.3g, parego %.3g\n", mine, one);
    assert_true(mine < 0.5 * one);
}

/* A metric that is out of all proportion, failures, running trials, three goals and four. */
static void any_losses_are_modelled(void **state) {
    (void)state;
    static const hpo_goal goals[] = {{.name = "a", .reference = NAN},
                                     {.name = "b", .reference = 2},
                                     {.name = "c", .reference = NAN},
                                     {.name = "d", .reference = NAN}};
    static toy_sampling s;
    for (size_t k = 2; k <= CHECK_COUNT(goals); k++) {
        open_goals(&s, "gp", 1, 2, "{startup: 5}", goals, k);
        for (uint64_t id = 0; id < 16; id++) {
            const char *origin = propose(&s, 0);
            if (id > 8) assert_string_equal(origin, "model");
            const double x = s.config[0], y = s.config[1];
            const double values[] = {id == 12 ? 1.7e308 : x, id == 3 ? -1.7e308 : 1 - x + y, y, x - y};
            add_running(&s, s.config, 1);
            if (id % 5 != 4) finish(&s, id, values, k, id % 7 == 2);
        }
        toy_sampling_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_closer_to_a_front),
        cmocka_unit_test(a_process_for_each_goal_is_ahead_of_one_for_all),
        cmocka_unit_test(any_losses_are_modelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
