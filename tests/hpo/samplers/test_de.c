/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the population kept step by step as the paper has it, of which every child must be a combination; the
 * optimum of a bowl; random search. */
#include "tests/hpo/samplers/results.h"

enum { POPULATION = 5, DIMS = 3 };
static const double F = 0.5;

/* Whether some three members, different and none of the target's, give every coordinate of the child that is not the
 * target's. */
static bool is_combination(const toy_sampling *s, double members[POPULATION][DIMS], size_t target) {
    for (size_t a = 0; a < POPULATION; a++)
        for (size_t b = 0; b < POPULATION; b++)
            for (size_t c = 0; c < POPULATION; c++) {
                if (a == b || a == c || b == c || a == target || b == target || c == target) continue;
                bool fits = true, crossed = false;
                for (size_t d = 0; d < DIMS; d++) {
                    const double mutant = members[a][d] + F * (members[b][d] - members[c][d]), x = s->config[d];
                    const bool is_mutant = fabs(x - mutant) < 1e-12 || mutant < 0 || mutant > 1;
                    crossed = crossed || is_mutant;
                    fits = fits && (is_mutant || fabs(x - members[target][d]) < 1e-12);
                }
                if (fits && crossed) return true;
            }
    return false;
}

static void children_are_combinations_of_the_population(void **state) {
    (void)state;
    static toy_sampling s;
    char *yaml = toy_cube(DIMS, "{population: 5}");
    toy_sampling_open(&s, "de", 3, yaml);
    double members[POPULATION][DIMS], losses[POPULATION];
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t t = 0; t < 300; t++) {
        const size_t place = t % POPULATION;
        assert_string_equal(propose(&s, 0), t < POPULATION ? "random" : "child");
        if (t >= POPULATION) assert_true(is_combination(&s, members, place));
        double loss = 0;
        for (size_t d = 0; d < DIMS; d++) loss += (s.config[d] - 0.7) * (s.config[d] - 0.7);
        loss = rint(20 * loss); /* with ties */
        const bool fails = t >= POPULATION && base_rng_uniform(&rng) < 0.1;
        if (!fails && (t < POPULATION || loss <= losses[place])) {
            memcpy(members[place], s.config, sizeof members[place]);
            losses[place] = loss;
        }
        add_finished(&s, s.config, 1, fails ? NAN : loss);
    }
    toy_sampling_close(&s);
    free(yaml);
}

/* Members that agree in their levels still have children that do not: each lies somewhere else on its level. */
static void levels_are_not_frozen(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "de", 4,
                      "{parameters: {c: {values: [a, b, c]}, x: {min: 0.0, max: 1.0}}, options: {population: 4}}");
    for (size_t t = 0; t < 4; t++) add_finished(&s, (const double[]){1, 0.1 * (double)t}, 1, 0);
    size_t other = 0;
    for (uint32_t attempt = 0; attempt < 400; attempt++) {
        assert_string_equal(propose(&s, attempt), "child");
        other += s.config[0] != 1;
    }
    assert_true(other > 10 && other < 200);
    toy_sampling_close(&s);
}

static void a_bowl_is_solved(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_true(3 * best_distance("de", seed, 5, 400) < best_distance("random", seed, 5, 400));
        assert_true(best_distance("de", seed, 5, 3000) < 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_are_combinations_of_the_population),
        cmocka_unit_test(levels_are_not_frozen),
        cmocka_unit_test(a_bowl_is_solved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
