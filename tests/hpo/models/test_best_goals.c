/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best of several goals against ranks by their definition and subsets by trying them all; weights by hand. */
#include "hpo/models/best_goals.h"

#include <math.h>

#include "base/rng.h"
#include "hpo/models/hypervolume.h"
#include "tests/support/check.h"

enum { N = 14, GOALS = 3 };

typedef struct made {
    double losses[N][GOALS], loss[N], fidelity[N], excess[N][2];
    const double *goals[N], *excesses[N];
    uint64_t trial[N];
    hpo_dataset data;
} made;

/* Small whole numbers, so that there are ties; one in eight fails. */
static void make(made *m, size_t n, size_t k, double infeasible, size_t levels, base_rng *rng) {
    *m = (made){.data = {.n = n}};
    for (size_t i = 0; i < n; i++) {
        const bool fails = base_rng_uniform(rng) < 0.125;
        for (size_t g = 0; g < k; g++) m->losses[i][g] = fails ? INFINITY : (double)base_rng_below(rng, 6);
        m->loss[i] = m->losses[i][0];
        m->fidelity[i] = 1 + (double)base_rng_below(rng, levels);
        m->excess[i][0] = m->excess[i][1] = base_rng_uniform(rng) < infeasible;
        m->goals[i] = m->losses[i];
        m->excesses[i] = m->excess[i];
        m->trial[i] = i;
        m->data.n_failed += fails;
    }
    m->data.loss = m->loss;
    m->data.goals = m->goals;
    m->data.fidelity = m->fidelity;
    m->data.excess = infeasible > 0 ? m->excesses : NULL;
    m->data.trial = m->trial;
}

/* 0: nothing at its fidelity dominates it; else one more than the worst that does. */
static size_t rank_of(const made *m, size_t i, size_t k) {
    size_t rank = 0;
    for (size_t j = 0; j < m->data.n; j++) {
        if (m->fidelity[j] != m->fidelity[i] || !hpo_dominates(m->losses[j], m->losses[i], k)) continue;
        const size_t behind = 1 + rank_of(m, j, k);
        if (behind > rank) rank = behind;
    }
    return rank;
}

/* Whether a comes in a place before b's rank. */
static bool ahead(const made *m, size_t a, size_t b, size_t k) {
    if (m->fidelity[a] != m->fidelity[b]) return m->fidelity[a] > m->fidelity[b];
    return rank_of(m, a, k) < rank_of(m, b, k);
}

static void whole_ranks_and_a_part_of_one(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    size_t cuts = 0;
    for (int round = 0; round < 400; round++) {
        static made m;
        const size_t n = 1 + base_rng_below(&rng, N), k = 2 + base_rng_below(&rng, 2);
        make(&m, n, k, round % 2 ? 0.4 : 0, 1 + (size_t)(round % 3 == 0), &rng);
        const size_t count = 1 + base_rng_below(&rng, n);
        hpo_ranked ranked[N];
        const size_t best = hpo_ranked_first_of_goals(ranked, &m.data, k, count);
        size_t feasible = 0, all_feasible = 0;
        for (size_t i = 0; i < n; i++) {
            const bool is = isfinite(m.loss[i]) && (!m.data.excess || m.excess[i][0] == 0);
            all_feasible += is;
        }
        for (size_t i = 0; i < best; i++) {
            const size_t row = ranked[i].row;
            assert_int_equal(ranked[i].trial, row);
            assert_true(isfinite(m.loss[row]));
            const bool is = !m.data.excess || m.excess[row][0] == 0;
            feasible += is;
            bool whole = true; /* its whole rank is among the best */
            for (size_t j = best; j < n; j++) {
                const size_t other = ranked[j].row;
                assert_false(isfinite(m.loss[other]) && ahead(&m, other, row, k));
                whole = whole && (isinf(m.loss[other]) || ahead(&m, row, other, k));
            }
            cuts += !whole;
            assert_true(whole || is);
        }
        assert_int_equal(feasible, all_feasible < count ? all_feasible : count);
        if (all_feasible < count) assert_int_equal(best, n - m.data.n_failed);
    }
    assert_true(cuts > 100); /* rows of ranks that are cut */
}

/* Six points of one front; the greedy choice is at least 1 - 1/e of the best (G. L. Nemhauser, L. A. Wolsey, M. L.
 * Fisher, Math. Program. 14, 1978), and here it is what always adding the largest gain finds. */
static void the_cut_covers(void **state) {
    (void)state;
    enum { FRONT = 6, TAKEN = 3 };
    static const double losses[FRONT][2] = {{0, 10}, {1, 8}, {3, 3}, {3.5, 2.9}, {9, 2}, {10, 0}};
    double loss[FRONT], fidelity[FRONT], flat[FRONT * 2];
    const double *goals[FRONT];
    uint64_t trial[FRONT];
    for (size_t i = 0; i < FRONT; i++) {
        loss[i] = losses[i][0];
        fidelity[i] = 1;
        goals[i] = losses[i];
        trial[i] = i;
        memcpy(flat + 2 * i, losses[i], sizeof losses[i]);
    }
    const hpo_dataset data = {.n = FRONT, .loss = loss, .goals = goals, .fidelity = fidelity, .trial = trial};
    const double reference[] = {11, 11};
    hpo_ranked ranked[FRONT];
    assert_int_equal(hpo_ranked_first_of_goals(ranked, &data, 2, TAKEN), TAKEN);
    double chosen[2 * TAKEN], best = 0;
    for (size_t i = 0; i < TAKEN; i++) memcpy(chosen + 2 * i, losses[ranked[i].row], sizeof losses[0]);
    for (size_t a = 0; a < FRONT; a++) {
        for (size_t b = a + 1; b < FRONT; b++) {
            for (size_t c = b + 1; c < FRONT; c++) {
                const double three[] = {flat[2 * a],     flat[2 * a + 1], flat[2 * b],
                                        flat[2 * b + 1], flat[2 * c],     flat[2 * c + 1]};
                best = fmax(best, hpo_hypervolume(three, 3, 2, reference));
            }
        }
    }
    assert_true(hpo_hypervolume(chosen, TAKEN, 2, reference) >= (1 - exp(-1)) * best);
    assert_int_equal(ranked[0].row, 2); /* the knee, then the ends' neighbours by their gains */
    CHECK_NEAR(hpo_hypervolume(chosen, TAKEN, 2, reference), best, 1e-12);
}

static void weights_by_hand(void **state) {
    (void)state;
    static const double a[] = {1, 5}, b[] = {2, 3}, c[] = {4, 1}, d[] = {5, 5};
    const double *const goals[] = {a, b, c, d};
    const hpo_dataset data = {.n = 4, .goals = goals};
    hpo_ranked ranked[] = {{.row = 0}, {.row = 1}, {.row = 2}, {.row = 3}};
    double weights[4];
    /* reference (5.5, 5.5): a alone adds (2 - 1)(5.5 - 5), b (4 - 2)(5 - 3), c (5.5 - 4)(3 - 1), d nothing */
    hpo_ranked_weights(ranked, 4, &data, 2, weights);
    CHECK_NEAR(weights[0], 0.5 / 4, 1e-12);
    CHECK_NEAR(weights[1], 1, 0);
    CHECK_NEAR(weights[2], 3.0 / 4, 1e-12);
    CHECK_NEAR(weights[3], 1e-12, 0);
    ranked[1].row = ranked[2].row = ranked[3].row = 0; /* the same point: no one adds anything */
    hpo_ranked_weights(ranked, 4, &data, 2, weights);
    for (size_t i = 0; i < 4; i++) CHECK_NEAR(weights[i], 1, 0);
    hpo_ranked_weights(ranked, 1, &data, 2, weights);
    CHECK_NEAR(weights[0], 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_ranks_and_a_part_of_one),
        cmocka_unit_test(the_cut_covers),
        cmocka_unit_test(weights_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
