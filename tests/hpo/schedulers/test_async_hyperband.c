/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The published probabilities of the brackets, how often they are drawn, and that the brackets keep apart. */
#include "hpo/schedulers/ladder.h"
#include "hpo/schedulers/promotion.h"
#include "tests/hpo/schedulers/by_hand.h"

static void the_published_probabilities(void **state) {
    (void)state;
    static const double two[] = {0.5454545455, 0.2727272727, 0.1818181818};
    static const double four[] = {0.5694200351, 0.2372583480, 0.1054481547, 0.0527240773, 0.0351493849};
    for (uint32_t b = 0; b < 3; b++) CHECK_NEAR(hpo_promotion_share(3, 3, b), two[b], 1e-10);
    for (uint32_t b = 0; b < 5; b++) CHECK_NEAR(hpo_promotion_share(3, 5, b), four[b], 1e-10);
    CHECK_NEAR(hpo_promotion_share(3, 1, 0), 1, 0);
}

/* Frequencies within 4 standard errors; the bracket of a trial depends on its id alone; its first rung is its number.
 */
static void brackets_are_drawn_that_often(void **state) {
    (void)state;
    enum { TRIALS = 20000 };
    static const double fidelity[] = {1, 3, 9, 27, 81};
    bench b = bench_open("async-hyperband", NULL, 81), again = bench_open("async-hyperband", NULL, 81);
    size_t count[5] = {0};
    for (uint64_t id = 0; id < TRIALS; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        assert_true(d.bracket < 5 && d.rung == d.bracket);
        CHECK_NEAR(d.fidelity, fidelity[d.rung], 0);
        count[d.bracket]++;
        if (id > 300) continue;
        assert_int_equal(expect(&again, true, HPO_DECIDE_START, id).bracket, d.bracket);
        if (d.rung == 4) finish(&again, id, 1, 81); /* what is known changes nothing */
    }
    for (uint32_t k = 0; k < 5; k++) {
        const double p = hpo_promotion_share(3, 5, k), error = sqrt(p * (1 - p) / TRIALS);
        CHECK_NEAR((double)count[k] / TRIALS, p, 4 * error);
    }
    bench_close(&again);
    bench_close(&b);
}

/* Three good trials in each of two brackets: each bracket promotes its own best, the higher rung first. */
static void brackets_keep_apart(void **state) {
    (void)state;
    bench b = bench_open("async-hyperband", NULL, 9);
    uint64_t members[3][3], have[3] = {0}, id = 0;
    for (; have[0] < 3 || have[1] < 3; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        if (have[d.bracket] < 3) members[d.bracket][have[d.bracket]++] = id;
    }
    for (size_t i = 0; i < 3; i++) finish(&b, members[0][i], (double)i, 9);
    for (size_t i = 0; i < 3; i++) finish(&b, members[1][i], 100 - (double)i, 9);
    const hpo_decision high = expect(&b, true, HPO_DECIDE_PROMOTE, members[1][2]);
    assert_true(high.bracket == 1 && high.rung == 2);
    const hpo_decision low = expect(&b, true, HPO_DECIDE_PROMOTE, members[0][0]);
    assert_true(low.bracket == 0 && low.rung == 1);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_START);
    bench_close(&b);
}

/* Each bracket judges on its own rungs only. */
static void stopping_begins_on_the_rung_of_the_bracket(void **state) {
    (void)state;
    bench b = bench_open("async-hyperband", "{mode: stopping}", 9);
    size_t seen[3] = {0};
    for (uint64_t id = 0; id < 60; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        assert_int_equal(d.rung, 2);
        CHECK_NEAR(d.fidelity, 9, 0);
        const size_t n = ++seen[d.bracket]; /* every trial is worse than all before it: rank (n - 1)/n */
        const bool stops = 3 * (n - 1) > n;
        assert_int_equal(report(&b, id, 1, (double)id), d.bracket == 0 && stops);
        if (d.bracket == 0 && stops) continue;
        assert_int_equal(report(&b, id, 3, (double)id), d.bracket == 1 && stops);
        if (d.bracket == 1 && stops) continue;
        assert_false(report(&b, id, 8, (double)id));
        assert_false(report(&b, id, 9, (double)id));
        finish(&b, id, 1, 9);
    }
    for (size_t k = 0; k < 3; k++) assert_true(seen[k] > 3);
    bench_close(&b);
}

static void what_check_shows(void **state) {
    (void)state;
    base_buf text = {0};
    bench b = bench_open("async-hyperband", NULL, 9);
    hpo_scheduler_describe(b.scheduler, &text);
    assert_string_equal(base_buf_text(&text),
                        "rungs 1, 3, 9; begin at 1 (54.5% of the trials), 3 (27.3% of the trials), 9 (18.2% of the "
                        "trials)");
    bench_close(&b);
    b = bench_open("asha", "{s: 1}", 9);
    base_buf_clear(&text);
    hpo_scheduler_describe(b.scheduler, &text);
    assert_string_equal(base_buf_text(&text), "rungs 3, 9");
    base_buf_clear(&text);
    hpo_scheduler_print(b.scheduler, &text);
    assert_string_equal(base_buf_text(&text), "{eta: 3, s: 1, mode: promotion}");
    base_buf_fini(&text);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_probabilities),
        cmocka_unit_test(brackets_are_drawn_that_often),
        cmocka_unit_test(brackets_keep_apart),
        cmocka_unit_test(stopping_begins_on_the_rung_of_the_bracket),
        cmocka_unit_test(what_check_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
