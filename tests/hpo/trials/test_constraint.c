/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Excess and violation in closed form; which results are judged failures; and the order of members against a comparison
 * of every pair. */
#include "hpo/trials/constraint.h"

#include <float.h>
#include <math.h>

#include "base/rng.h"
#include "hpo/trials/order.h"
#include "tests/support/check.h"

static void excess_is_in_units_of_the_bound(void **state) {
    (void)state;
    static const struct {
        hpo_constraint constraint;
        double value, excess;
    } cases[] = {
        {{"latency", 0.01, true}, 0.012, 0.2},
        {{"latency", 0.01, true}, 0.01, 0},
        {{"latency", 0.01, true}, 0.005, -0.5},
        {{"f1", 0.8, false}, 0.6, 0.25},
        {{"f1", 0.8, false}, 1, -0.25},
        {{"drift", 0, true}, 3, 3},
        {{"gain", -2, true}, -1, 0.5},
        {{"gain", -2, false}, -3, 0.5},
        {{"huge", 1e-300, true}, 1e300, DBL_MAX},
        {{"huge", 1e-300, true}, -1e300, -DBL_MAX},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        CHECK_NEAR(hpo_constraint_excess(&cases[i].constraint, cases[i].value), cases[i].excess, 1e-12);
    CHECK_NEAR(hpo_constraints_violation((const double[]){0.2, -5, 0.25}, 3), 0.45, 1e-12);
    CHECK_NEAR(hpo_constraints_violation((const double[]){-0.2, 0}, 2), 0, 0);
    CHECK_NEAR(hpo_constraints_violation((const double[]){DBL_MAX, DBL_MAX}, 2), DBL_MAX, 0);
}

static void a_result_without_the_metric_fails(void **state) {
    (void)state;
    static const hpo_constraint items[] = {{"latency", 0.01, true}, {"f1", 0.8, false}};
    const hpo_constraints both = {items, 2};
    hpo_result result = {0};
    hpo_metrics_set(&result.metrics, "loss", 1);
    hpo_metrics_set(&result.metrics, "latency", 0.5);
    hpo_result missing = result, invalid = result, whole = result;
    hpo_constraints_judge(both, &missing);
    assert_int_equal(missing.failure, HPO_FAILURE_OUTPUT);
    assert_string_equal(missing.reason, "the result has no metric 'f1'; it has loss, latency");
    hpo_metrics_set(&invalid.metrics, "f1", (double)NAN);
    hpo_constraints_judge(both, &invalid);
    assert_int_equal(invalid.failure, HPO_FAILURE_NAN);
    assert_string_equal(invalid.reason, "f1 is not a number");
    hpo_metrics_set(&whole.metrics, "f1", 0.1); /* infeasible is no failure */
    hpo_constraints_judge(both, &whole);
    assert_int_equal(whole.failure, HPO_FAILURE_NONE);
    double excess[2];
    assert_true(hpo_constraints_excess(both, &whole.metrics, excess));
    CHECK_NEAR(excess[0], 49, 1e-12);
    CHECK_NEAR(excess[1], 0.875, 1e-12);
    assert_false(hpo_constraints_excess(both, &invalid.metrics, excess));
}

enum { N = 60, K = 2 };

/* Whether a must come before b: Deb's three rules, and with several goals domination among the feasible. */
static bool must_precede(const hpo_member *a, const hpo_member *b, size_t k) {
    const bool works_a = isfinite(a->loss), works_b = isfinite(b->loss);
    if (works_a != works_b) return works_a;
    if (!works_a) return false;
    if (a->violation != b->violation) return a->violation < b->violation;
    if (a->violation > 0 && k > 1) return false;
    return k == 1 ? a->loss < b->loss : hpo_dominates(a->losses, b->losses, k);
}

static void order_obeys_feasibility_first(void **state) {
    (void)state;
    for (uint32_t round = 0; round < 40; round++) {
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, round, 0);
        double losses[N][K];
        hpo_member members[N];
        uint32_t ranks[N];
        const size_t k = 1 + round % 2;
        for (size_t i = 0; i < N; i++) {
            const double u = base_rng_uniform(&rng);
            const bool failed = u < 0.1;
            for (size_t g = 0; g < K; g++)
                losses[i][g] = failed ? (double)INFINITY : floor(20 * base_rng_uniform(&rng));
            /* some have the same violation */
            const double violation = failed ? (double)INFINITY : u < 0.5 ? 0 : floor(10 * u) / 4;
            members[i] = (hpo_member){i, losses[i][0], losses[i], violation};
        }
        hpo_order_members(members, N, k, hpo_spread_crowding, ranks);
        for (size_t i = 0; i < N; i++) {
            for (size_t j = i + 1; j < N; j++) {
                assert_false(must_precede(&members[j], &members[i], k));
                if (k == 1) assert_false(hpo_member_better(&members[j], &members[i]));
                if (must_precede(&members[i], &members[j], k)) assert_true(ranks[i] < ranks[j]);
            }
            assert_int_equal(ranks[i] == UINT32_MAX, !isfinite(members[i].loss));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excess_is_in_units_of_the_bound),
        cmocka_unit_test(a_result_without_the_metric_fails),
        cmocka_unit_test(order_obeys_feasibility_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
