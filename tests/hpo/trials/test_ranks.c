/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of results against its definitions: ranks by peeling fronts naively, spreads by hand, and that the order
 * depends on the set alone. */
#include "hpo/trials/order.h"

#include "base/arena.h"
#include "base/rng.h"
#include "tests/support/check.h"

enum { MOST = 60, GOALS = 4 };

static void points_by_hand(void **state) {
    (void)state;
    static const double points[] = {1, 5, 2, 3, 4, 1, 3, 4, 5, 5, 2, 6};
    static const uint32_t expected[] = {0, 0, 0, 1, 2, 1};
    uint32_t ranks[6];
    double distance[3];
    hpo_order_ranks(points, 6, 2, ranks);
    for (size_t i = 0; i < 6; i++) assert_int_equal(ranks[i], expected[i]);
    hpo_crowding(points, 3, 2, distance);
    assert_true(isinf(distance[0]) && isinf(distance[2]));
    CHECK_NEAR(distance[1], 2, 1e-15);
}

static void dominance(void **state) {
    (void)state;
    assert_true(hpo_dominates((double[]){1, 2}, (double[]){1, 3}, 2));
    assert_false(hpo_dominates((double[]){1, 2}, (double[]){1, 2}, 2));
    assert_false(hpo_dominates((double[]){1, 3}, (double[]){2, 2}, 2));
    assert_false(hpo_dominates((double[]){1, 3}, (double[]){1, 2}, 2));
    assert_true(hpo_dominates((double[]){-1}, (double[]){0}, 1));
}

/* Rows on a coarse grid, so that ties and copies are many. */
static void draw(base_rng *rng, double *losses, size_t n, size_t k) {
    for (size_t i = 0; i < n * k; i++) losses[i] = floor(6 * base_rng_uniform(rng)) - 3;
}

static void peel(const double *losses, size_t n, size_t k, uint32_t *ranks) {
    for (size_t i = 0; i < n; i++) ranks[i] = UINT32_MAX;
    for (uint32_t rank = 0, left = (uint32_t)n; left > 0; rank++) {
        bool front[MOST];
        for (size_t i = 0; i < n; i++) {
            front[i] = ranks[i] == UINT32_MAX;
            for (size_t j = 0; j < n && front[i]; j++)
                front[i] = ranks[j] != UINT32_MAX || !hpo_dominates(losses + j * k, losses + i * k, k);
        }
        for (size_t i = 0; i < n; i++) {
            if (!front[i]) continue;
            ranks[i] = rank;
            left--;
        }
    }
}

static void ranks_are_those_of_peeling(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    double losses[MOST * GOALS];
    uint32_t got[MOST], want[MOST];
    for (int round = 0; round < 400; round++) {
        const size_t n = base_rng_below(&rng, MOST + 1), k = 1 + base_rng_below(&rng, GOALS);
        draw(&rng, losses, n, k);
        hpo_order_ranks(losses, n, k, got);
        peel(losses, n, k, want);
        for (size_t i = 0; i < n; i++) assert_int_equal(got[i], want[i]);
    }
}

/* Corners first, then the middle of the widest gap. The second goal's numbers are a thousand times larger. */
static void a_net_covers_evenly(void **state) {
    (void)state;
    static const double line[] = {.1, 900, .4, 600, .5, 500, 0, 1000, 1, 0, .9, 100};
    size_t order[6];
    hpo_spread_epsilon_net(line, 6, 2, order);
    assert_int_equal(order[0], 3); /* best in the first goal */
    assert_int_equal(order[1], 4);
    assert_int_equal(order[2], 2);
    /* every row after the first is the farthest from those before it */
    for (size_t placed = 1; placed < 6; placed++) {
        double chosen = 0;
        for (size_t i = placed; i < 6; i++) {
            double nearest = INFINITY;
            for (size_t j = 0; j < placed; j++) {
                const double *a = line + 2 * order[i], *b = line + 2 * order[j];
                nearest = fmin(nearest, hypot(a[0] - b[0], (a[1] - b[1]) / 1000));
            }
            if (i == placed) chosen = nearest;
            assert_true(nearest <= chosen + 1e-15);
        }
    }
}

static void equal_rows_keep_their_order(void **state) {
    (void)state;
    const double same[] = {2, 3, 2, 3, 2, 3};
    size_t order[3];
    const hpo_spread spreads[] = {hpo_spread_epsilon_net, hpo_spread_crowding};
    for (size_t s = 0; s < 2; s++) {
        spreads[s](same, 3, 2, order);
        for (size_t i = 0; i < 3; i++) assert_int_equal(order[i], i);
    }
}

static void the_most_lonely_come_first(void **state) {
    (void)state;
    /* distances: ends infinite; (1, 8): 3/10 + 4/10; (3, 6): 5/10 + 5/10; (6, 3): 7/10 + 6/10 */
    static const double front[] = {1, 8, 0, 10, 3, 6, 6, 3, 10, 0};
    static const size_t expected[] = {1, 4, 3, 2, 0};
    size_t order[5];
    hpo_spread_crowding(front, 5, 2, order);
    for (size_t i = 0; i < 5; i++) assert_int_equal(order[i], expected[i]);
}

static void check_order(const hpo_member *members, const uint32_t *ranks, size_t n, size_t k) {
    for (size_t i = 0; i < n; i++) {
        const bool failed = isinf(members[i].loss);
        assert_int_equal(ranks[i] == UINT32_MAX, failed);
        if (i > 0) assert_true(ranks[i - 1] <= ranks[i]);
        if (i > 0 && failed && isinf(members[i - 1].loss)) assert_true(members[i - 1].trial < members[i].trial);
        for (size_t j = 0; j < i && !failed; j++) assert_false(hpo_dominates(members[i].losses, members[j].losses, k));
    }
}

static void the_order_is_one_of_the_set(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    const hpo_spread spreads[] = {hpo_spread_epsilon_net, hpo_spread_crowding};
    double losses[MOST * GOALS];
    hpo_member members[MOST], again[MOST];
    uint32_t ranks[MOST];
    for (int round = 0; round < 300; round++) {
        const size_t n = base_rng_below(&rng, MOST + 1), k = 1 + base_rng_below(&rng, GOALS);
        draw(&rng, losses, n, k);
        for (size_t i = 0; i < n; i++) {
            if (base_rng_uniform(&rng) < 0.1)
                for (size_t g = 0; g < k; g++) losses[i * k + g] = INFINITY;
            members[i] = (hpo_member){.trial = 2 * i, .loss = losses[i * k], .losses = losses + i * k};
            const size_t at = base_rng_below(&rng, i + 1); /* shuffled as it grows */
            again[i] = again[at];
            again[at] = members[i];
        }
        hpo_order_members(members, n, k, spreads[round % 2], ranks);
        check_order(members, ranks, n, k);
        hpo_order_members(again, n, k, spreads[round % 2], NULL);
        for (size_t i = 0; i < n; i++) assert_int_equal(again[i].trial, members[i].trial);
        for (size_t i = 1; k == 1 && i < n; i++) assert_true(hpo_member_better(&members[i - 1], &members[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_by_hand),
        cmocka_unit_test(dominance),
        cmocka_unit_test(ranks_are_those_of_peeling),
        cmocka_unit_test(a_net_covers_evenly),
        cmocka_unit_test(equal_rows_keep_their_order),
        cmocka_unit_test(the_most_lonely_come_first),
        cmocka_unit_test(the_order_is_one_of_the_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
