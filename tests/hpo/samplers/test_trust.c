/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How far a low fidelity is trusted: the number against its definition, and what samplers make of it. */
#include <math.h>
#include <stdlib.h>

#include "hpo/samplers/trust.h"
#include "tests/hpo/samplers/many_goals.h"

static const char line[] = "{parameters: {x: {min: 0.0, max: 1.0}}, options: %s}";
static const double ladder[] = {0.1, 0.3, 1};

static void open_line(toy_sampling *s, const char *sampler, const char *options) {
    char yaml[200];
    snprintf(yaml, sizeof yaml, line, options);
    toy_sampling_open(s, sampler, 7, yaml);
}

static double random_number(uint32_t stream, uint32_t i) {
    base_rng rng = base_rng_stream(stream, BASE_RNG_TEST, i, 0);
    return base_rng_uniform(&rng);
}

static double trust_of(const toy_sampling *s, double level) {
    hpo_observations *observations = hpo_observations_create(s->space);
    const hpo_view view = hpo_history_view(s->history);
    const hpo_data_query query = {.policy = HPO_DATA_AT, .fidelity = level};
    const hpo_dataset data = hpo_observations_collect(observations, view, &query);
    const double trust = hpo_trust(observations, view, data.level, 1);
    hpo_observations_destroy(observations);
    return trust;
}

/* ---- the definition ---- */

/* On which rung of the ladder a trial's loss is known, and which it is. */
static bool known(const hpo_trial *trial, size_t rung, double *loss) {
    for (size_t i = 0; i < trial->n_evals; i++) {
        if (trial->evals[i].fidelity != ladder[rung]) continue;
        *loss = trial->evals[i].loss;
        return true;
    }
    return false;
}

static double written_down(double prior, hpo_view view, size_t rung) {
    int balance = 0, pairs = 0;
    for (uint64_t a = 0; a < hpo_view_trials(view); a++) {
        for (uint64_t b = 0; b < a; b++) {
            const hpo_trial one = hpo_view_trial(view, a), two = hpo_view_trial(view, b);
            double low[2], high[2];
            if (!known(&one, rung, &low[0]) || !known(&two, rung, &low[1])) continue;
            size_t top = 2;
            while (top > rung && !(known(&one, top, &high[0]) && known(&two, top, &high[1]))) top--;
            if (top == rung) continue;
            pairs++;
            balance += (low[0] < low[1]) == (high[0] < high[1]) ? 1 : -1;
        }
    }
    return fmax(0, (balance + 10 * prior) / (pairs + 10.0));
}

/* Trials that begin on the first two rungs; some go on, to ranks that resemble the old ones more or less. */
static void it_is_the_rank_correlation_of_the_promoted(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 40; seed++) {
        static toy_sampling s;
        open_line(&s, "random", "{}");
        double loss[60];
        for (uint32_t i = 0; i < 60; i++) {
            loss[i] = random_number(seed, i);
            add_finished(&s, &loss[i], ladder[i % 2], loss[i]);
        }
        for (uint32_t i = 0; i < 60; i++) {
            const uint32_t begin = i % 2, promotions = i * 7 % 3;
            for (uint32_t k = 1; k <= promotions && begin + k < 3; k++) {
                add_promoted(&s, i, ladder[begin + k], loss[i] + seed / 20.0 * random_number(seed + k, 100 + i));
            }
        }
        const hpo_view view = hpo_history_view(s.history);
        double trust = 0;
        for (size_t rung = 0; rung < 2; rung++) {
            trust = written_down(trust, view, rung);
            CHECK_NEAR(trust_of(&s, ladder[rung]), trust, 1e-15);
        }
        if (seed == 0) assert_true(trust_of(&s, ladder[0]) > 0.9);
        toy_sampling_close(&s);
    }
}

/* Before something was promoted nothing is trusted but the highest fidelity. */
static void nothing_is_trusted_at_first(void **state) {
    (void)state;
    static toy_sampling s;
    open_line(&s, "random", "{}");
    for (uint32_t i = 0; i < 40; i++) {
        const double x = random_number(1, i);
        add_finished(&s, &x, i < 20 ? 0.1 : 1, x);
    }
    CHECK_NEAR(trust_of(&s, 0.1), 0, 0);
    CHECK_NEAR(trust_of(&s, 1), 1, 0);
    CHECK_NEAR(trust_of(&s, 0.7), 1, 0); /* no results, no doubt */
    toy_sampling_close(&s);
}

/* Who fails above was not among the best; two failures are a tie. */
static void failures_come_last(void **state) {
    (void)state;
    static toy_sampling s;
    open_line(&s, "random", "{}");
    for (uint32_t i = 0; i < 8; i++) {
        const double x = i / 8.0;
        add_finished(&s, &x, 0.1, x);
    }
    for (uint32_t i = 0; i < 8; i++) add_promoted(&s, i, 1, i < 6 ? i / 8.0 : (double)NAN);
    CHECK_NEAR(trust_of(&s, 0.1), 27.0 / 38, 1e-15); /* 28 pairs, of which one is a tie */
    toy_sampling_close(&s);
}

/* The last 50 promotions count. */
static void it_forgets(void **state) {
    (void)state;
    static toy_sampling s;
    open_line(&s, "random", "{}");
    for (uint32_t i = 0; i < 90; i++) {
        const double x = i / 90.0;
        add_finished(&s, &x, 0.1, x);
    }
    for (uint32_t i = 0; i < 90; i++) add_promoted(&s, i, 1, i < 40 ? 1 - i / 90.0 : i / 90.0);
    CHECK_NEAR(trust_of(&s, 0.1), 1225.0 / 1235, 1e-15);
    toy_sampling_close(&s);
}

/* ---- shares ---- */

static void the_share_that_follows(void **state) {
    (void)state;
    enum { N = 2000 };
    static const double cases[][3] = {{0.5, 0, 0.5}, {0.2, 0, 0.2},   {0, 0, 0},
                                      {1, 0, 1},     {0.3, 0.4, 0.5}, {0.7, 0.4, 1}};
    for (size_t k = 0; k < CHECK_COUNT(cases); k++) {
        size_t follows = 0;
        for (uint64_t trial = 0; trial < N; trial++) {
            const bool first = hpo_trust_follows(cases[k][0], cases[k][1], 3, &(hpo_request){.trial = trial});
            const hpo_request again = {.trial = trial, .attempt = 4};
            assert_true(hpo_trust_follows(cases[k][0], cases[k][1], 3, &again) == first);
            follows += first;
        }
        const double p = cases[k][2];
        CHECK_NEAR((double)follows / N, p, 4 * sqrt(p * (1 - p) / N));
    }
}

/* Sixty cheap results, of which every third was promoted. same: to the same ranks; else to the opposite ones. */
static size_t count_model(const char *sampler, const char *options, bool same) {
    enum { ASKS = 200 };
    static toy_sampling s;
    open_line(&s, sampler, options);
    for (uint32_t i = 0; i < 60; i++) {
        const double x = random_number(2, i);
        add_finished(&s, &x, 0.1, fabs(x - 0.4));
    }
    for (uint32_t i = 0; i < 60; i += 3) add_promoted(&s, i, 0.3, (same ? 1 : -1) * fabs(random_number(2, i) - 0.4));
    size_t model = 0;
    for (uint64_t i = 0; i < ASKS; i++) {
        base_err err;
        const char *origin;
        const hpo_request request = {.trial = 1000 + i, .fidelity = 0.1};
        CHECK_OK(hpo_sampler_ask(s.sampler, hpo_history_view(s.history), &request, s.config, &origin, &err));
        model += strcmp(origin, "model") == 0;
    }
    toy_sampling_close(&s);
    return model;
}

/* 190 pairs: trust is 190/200, or 0. Models need 30 results, which the middle rung has not. */
static void samplers_follow_whom_they_trust(void **state) {
    (void)state;
    static const char *const samplers[][2] = {{"tpe", "{n_startup: 30}"},
                                              {"rf", "{startup: 30, random: 0}"},
                                              {"kde", "{min_points: 20, random_fraction: 0}"}};
    for (size_t k = 0; k < CHECK_COUNT(samplers); k++) {
        assert_int_equal(count_model(samplers[k][0], samplers[k][1], false), 0);
        CHECK_NEAR((double)count_model(samplers[k][0], samplers[k][1], true), 190, 4 * sqrt(190 * 0.05));
    }
    assert_int_equal(count_model("kde", "{min_points: 20, random_fraction: 0, trust: false}", false), 200);
    /* the random fifth is among those that do not follow */
    CHECK_NEAR((double)count_model("rf", "{startup: 30}", true), 160, 4 * sqrt(160 * 0.2));
}

/* Whose second goal says the same as the first at both fidelities, nothing at the top, or the opposite. 12 trials, so
 * 66 pairs. */
static double trust_with_two(int second) {
    static toy_sampling s;
    static const hpo_goal goals[] = {{.name = "a", .reference = 1}, {.name = "b", .reference = 1}};
    open_goals(&s, "random", 7, 1, "{}", goals, 2);
    for (uint64_t id = 0; id < 12; id++) {
        base_err err;
        const double loss = random_number(1, (uint32_t)id);
        add_running(&s, &loss, 0.3);
        hpo_record record = {.kind = HPO_RECORD_RESULT, .trial = id, .fidelity = 0.3, .n_values = 2};
        record.result.cost = 1;
        record.values[0] = record.values[1] = loss;
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
        hpo_record up = {.kind = HPO_RECORD_PROMOTE, .trial = id, .rung = 1, .fidelity = 1, .parent = UINT64_MAX};
        up.as_of = hpo_history_view(s.history).as_of;
        CHECK_OK(hpo_history_apply(s.history, &up, &err));
        record.fidelity = 1;
        record.rung = 1;
        record.final = true;
        record.values[1] = second * loss;
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
    }
    const double trust = trust_of(&s, 0.3);
    toy_sampling_close(&s);
    return trust;
}

static void of_several_goals_it_is_the_mean(void **state) {
    (void)state;
    CHECK_NEAR(trust_with_two(1), 66.0 / 76, 1e-15);
    CHECK_NEAR(trust_with_two(0), 33.0 / 76, 1e-15);
    CHECK_NEAR(trust_with_two(-1), 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_rank_correlation_of_the_promoted),
        cmocka_unit_test(nothing_is_trusted_at_first),
        cmocka_unit_test(failures_come_last),
        cmocka_unit_test(of_several_goals_it_is_the_mean),
        cmocka_unit_test(it_forgets),
        cmocka_unit_test(the_share_that_follows),
        cmocka_unit_test(samplers_follow_whom_they_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
