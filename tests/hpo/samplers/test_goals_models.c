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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_closer_to_a_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
