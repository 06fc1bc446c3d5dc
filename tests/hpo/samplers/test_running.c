/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samplers with a model keep away from where trials run, not merely change their mind because some do: trials that run
 * where a proposal would fall drive it away, trials that run elsewhere do so less. (A Gaussian process that knows the
 * function proposes its optimum again, whoever is there; its variance is tested in test_gp.c.) */
#include "tests/hpo/samplers/results.h"

enum { RESULTS = 30, RUNNING = 4, ASKS = 40 };

static void open_with_results(toy_sampling *s, const char *sampler) {
    toy_sampling_open(s, sampler, 5, "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, options: {}}");
    for (uint64_t i = 0; i < RESULTS; i++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)i, 0);
        const double x = base_rng_uniform(&rng), y = base_rng_uniform(&rng);
        add_finished(s, (double[]){x, y}, 1, pow(x - 0.3, 2) + pow(y - 0.6, 2));
    }
}

/* The proposal for a trial while RUNNING others run around a place (NULL: none); whether it is the model's. */
static bool propose_beside(const char *sampler, uint64_t trial, const double *place, double *out) {
    static toy_sampling s;
    open_with_results(&s, sampler);
    for (int i = 0; place && i < RUNNING; i++) {
        const double d = 0.01 * (i % 2 ? 1 : -1);
        add_running(
            &s, (double[]){fmin(fmax(place[0] + (i < 2 ? d : 0), 0), 1), fmin(fmax(place[1] + (i < 2 ? 0 : d), 0), 1)},
            1);
    }
    base_err err;
    const char *origin;
    const hpo_request request = {.trial = trial, .fidelity = 1};
    CHECK_OK(hpo_sampler_ask(s.sampler, hpo_history_view(s.history), &request, s.config, &origin, &err));
    out[0] = s.config[0];
    out[1] = s.config[1];
    toy_sampling_close(&s);
    return strcmp(origin, "model") == 0;
}

static void proposals_keep_away_from_running_trials(void **state) {
    (void)state;
    static const char *const samplers[] = {"rf", "tpe"};
    for (size_t k = 0; k < CHECK_COUNT(samplers); k++) {
        double there = 0, elsewhere = 0;
        int asks = 0;
        for (uint64_t trial = 1000; trial < 1000 + ASKS; trial++) {
            double alone[2], pushed[2], other[2];
            if (!propose_beside(samplers[k], trial, NULL, alone)) continue;
            if (!propose_beside(samplers[k], trial, alone, pushed)) continue;
            const double far[] = {alone[0] < 0.5 ? 0.9 : 0.1, alone[1] < 0.5 ? 0.9 : 0.1};
            if (!propose_beside(samplers[k], trial, far, other)) continue;
            asks++;
            there += hypot(pushed[0] - alone[0], pushed[1] - alone[1]);
            elsewhere += hypot(other[0] - alone[0], other[1] - alone[1]);
        }
        assert_true(asks > ASKS / 2);
        assert_true(there > 1.3 * elsewhere);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(proposals_keep_away_from_running_trials)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
