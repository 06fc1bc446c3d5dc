/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hypervolumes against counting unit boxes, closed forms, and the point set of two goals whose area is known by hand.
 */
#include "hpo/models/hypervolume.h"

#include <math.h>

#include "base/arena.h"
#include "base/rng.h"
#include "hpo/trials/order.h"
#include "tests/support/check.h"

enum { SIDE = 5, MOST = 24, GOALS = 6 };

static void by_hand(void **state) {
    (void)state;
    static const double points[] = {1, 5, 2, 3, 4, 1, 3, 4, 5, 5, 2, 6}, six[] = {6, 6}, none[] = {1, 1};
    CHECK_NEAR(hpo_hypervolume(points, 3, 2, six), 17, 1e-12);
    CHECK_NEAR(hpo_hypervolume(points, 6, 2, six), 17, 1e-12); /* dominated rows change nothing */
    CHECK_NEAR(hpo_hypervolume(points, 6, 2, none), 0, 0);
    CHECK_NEAR(hpo_hypervolume(points, 0, 2, six), 0, 0);
    CHECK_NEAR(hpo_hypervolume((double[]){4, 2, 7}, 3, 1, (double[]){6}), 4, 0);
    CHECK_NEAR(hpo_hypervolume_gain((double[]){1, 1}, points, 3, 2, six), 25 - 17, 1e-12);
    CHECK_NEAR(hpo_hypervolume_gain((double[]){3, 4}, points, 3, 2, six), 0, 1e-12);
    CHECK_NEAR(hpo_hypervolume_gain((double[]){7, 0}, points, 3, 2, six), 0, 0);
}

/* Corners are whole numbers, so the volume is the number of unit boxes below the reference that a row dominates. */
static double count_boxes(const double *losses, size_t n, size_t k) {
    size_t boxes = 1, dominated = 0;
    for (size_t g = 0; g < k; g++) boxes *= SIDE;
    for (size_t box = 0; box < boxes; box++) {
        bool found = false;
        for (size_t i = 0; i < n && !found; i++) {
            found = true;
            for (size_t g = 0, rest = box; g < k; g++, rest /= SIDE)
                found = found && losses[i * k + g] <= (double)(rest % SIDE);
        }
        dominated += found;
    }
    return (double)dominated;
}

static void as_many_as_boxes(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    const double reference[GOALS] = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE};
    double losses[MOST * GOALS];
    for (int round = 0; round < 300; round++) {
        const size_t n = base_rng_below(&rng, MOST + 1), k = 1 + base_rng_below(&rng, GOALS);
        for (size_t i = 0; i < n * k; i++) losses[i] = (double)base_rng_below(&rng, SIDE + 2);
        CHECK_NEAR(hpo_hypervolume(losses, n, k, reference), count_boxes(losses, n, k), 1e-9);
        if (n == 0) continue;
        const double gain = count_boxes(losses, n, k) - count_boxes(losses + k, n - 1, k);
        CHECK_NEAR(hpo_hypervolume_gain(losses, losses + k, n - 1, k, reference), gain, 1e-9);
    }
}

/* n points on the line from (0, 1) to (1, 0): a staircase with n - 1 steps, half of each step short of the half. */
static void the_linear_front(void **state) {
    (void)state;
    enum { N = 101 };
    double line[2 * N];
    for (size_t i = 0; i < N; i++) {
        line[2 * i] = (double)i / (N - 1);
        line[2 * i + 1] = 1 - line[2 * i];
    }
    CHECK_NEAR(hpo_hypervolume(line, N, 2, (double[]){1, 1}), 0.5 - 0.5 / (N - 1), 1e-12);
}

/* The lattice of x + y + z = 1 with side 1/m: cubes i + j + l < m are not dominated, m (m + 1) (m + 2) / 6 of m^3. */
static void the_simplex_of_three(void **state) {
    (void)state;
    for (int m = 2; m <= 12; m += 5) {
        double rows[3 * 100];
        size_t n = 0;
        for (int x = 0; x <= m; x++)
            for (int y = 0; x + y <= m; y++, n++) {
                rows[3 * n] = (double)x / m;
                rows[3 * n + 1] = (double)y / m;
                rows[3 * n + 2] = (double)(m - x - y) / m;
            }
        const double cubes = (double)(m * (m + 1) * (m + 2)) / 6;
        CHECK_NEAR(hpo_hypervolume(rows, n, 3, (double[]){1, 1, 1}), 1 - cubes / pow(m, 3), 1e-12);
    }
}

static void the_spread_takes_most_first(void **state) {
    (void)state;
    static const double front[] = {0, 10, 1, 8, 3, 3, 9, 2, 10, 0};
    size_t order[5];
    hpo_select_hypervolume(front, 5, 2, 5, order);
    assert_int_equal(order[0], 2); /* the knee */
    const double reference[] = {11, 11};
    double placed[10];
    for (size_t count = 0; count < 5; count++) {
        double most = 0;
        for (size_t i = count; i < 5; i++)
            most = fmax(most, hpo_hypervolume_gain(front + 2 * order[i], placed, count, 2, reference));
        CHECK_NEAR(hpo_hypervolume_gain(front + 2 * order[count], placed, count, 2, reference), most, 1e-12);
        memcpy(placed + 2 * count, front + 2 * order[count], 2 * sizeof *placed);
    }
}

/* The same as computing every gain at every step; some rows are equal, and some add nothing. */
static void the_selection_is_greedy(void **state) {
    (void)state;
    enum { ROWS = 60, CHOSEN = 15 };
    for (uint32_t round = 0; round < 40; round++) {
        base_rng rng = base_rng_stream(6, BASE_RNG_TEST, round, 0);
        const size_t k = 2 + round % (GOALS - 1);
        double rows[ROWS * GOALS], reference[GOALS], placed[CHOSEN * GOALS];
        bool taken[ROWS] = {false};
        size_t order[ROWS], before = 0;
        for (size_t i = 0; i < ROWS * k; i++)
            rows[i] = round % 3 == 0 ? (double)base_rng_below(&rng, 4) : base_rng_uniform(&rng) - 0.5;
        hpo_worst_reference(rows, ROWS, k, reference);
        hpo_select_hypervolume(rows, ROWS, k, CHOSEN, order);
        for (size_t count = 0; count < CHOSEN; count++) {
            size_t best = ROWS;
            double most = -1;
            for (size_t i = 0; i < ROWS; i++) {
                const double gain = taken[i] ? -1 : hpo_hypervolume_gain(rows + i * k, placed, count, k, reference);
                if (gain > most) {
                    most = gain;
                    best = i;
                }
            }
            assert_int_equal(order[count], best);
            taken[best] = true;
            memcpy(placed + count * k, rows + best * k, k * sizeof *placed);
        }
        for (size_t i = CHOSEN; i < ROWS; i++) { /* the others as they lie */
            while (taken[before]) before++;
            assert_int_equal(order[i], before++);
        }
    }
}

static void apply(hpo_history *history, const hpo_record *record) {
    base_err err;
    CHECK_OK(hpo_history_apply(history, record, &err));
}

/* The worst of the first ten successes in each goal, unless the study names it; failures are passed over. */
static void the_reference_of_a_study(void **state) {
    (void)state;
    for (int named = 0; named < 2; named++) {
        base_err err;
        hpo_space *space = hpo_space_create();
        CHECK_OK(hpo_space_add(space, &(hpo_param){.name = "x", .kind = HPO_FLOAT, .max = 1}, &err));
        CHECK_OK(hpo_space_seal(space, &err));
        const hpo_goal goals[] = {{.name = "a", .reference = NAN},
                                  {.name = "b", .maximize = true, .reference = named ? 2 : NAN}};
        hpo_history *history = hpo_history_create_for(space, goals, 2, 1);
        double reference[2], x = 0.5;
        assert_false(hpo_view_reference(hpo_history_view(history), reference));
        CHECK_NEAR(hpo_view_hypervolume(hpo_history_view(history)), 0, 0);
        for (uint64_t id = 0; id < 30; id++) {
            apply(history,
                  &(hpo_record){
                      .kind = HPO_RECORD_START, .trial = id, .fidelity = 1, .parent = UINT64_MAX, .config = &x});
            hpo_record end = {.kind = HPO_RECORD_RESULT, .trial = id, .fidelity = 1, .n_values = 2, .final = true};
            end.values[0] = 20 - (double)id;
            end.values[1] = 10 + (double)id;
            if (id == 0) end.result.failure = HPO_FAILURE_CRASH;
            if (id == 11) end.values[0] = 1000;
            apply(history, &end);
            if (id == 0) continue;
            assert_true(hpo_view_reference(hpo_history_view(history), reference));
            CHECK_NEAR(reference[0], 19, 0);
            CHECK_NEAR(reference[1], named ? -2 : -11, 0);
        }
        /* the last dominates all */
        CHECK_NEAR(hpo_view_hypervolume(hpo_history_view(history)), (19 + 9) * (39 - (named ? 2 : 11)), 1e-12);
        hpo_history_destroy(history);
        hpo_space_destroy(space);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(as_many_as_boxes),
        cmocka_unit_test(the_linear_front),
        cmocka_unit_test(the_simplex_of_three),
        cmocka_unit_test(the_spread_takes_most_first),
        cmocka_unit_test(the_selection_is_greedy),
        cmocka_unit_test(the_reference_of_a_study),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
