/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was asked before does not matter: one sampler and one scheduler that are asked about views of two histories, in
 * any order, early views after late ones, answer as new ones do that have seen nothing else. So whatever they keep
 * between calls can be thrown away. */
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

enum { ASKS = 60, TRIALS = 45 };

static const char parameters[] =
    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, layers: {min: 1, max: 9}, opt: {values: [sgd, "
    "adam], "
    "prior: adam}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}, nesterov: {values: [false, true], when: {opt: "
    "sgd, momentum: {gt: 0.5}}}}\n"
    "forbid: [{opt: sgd, lr: {gt: 0.5}}]\n";

static hpo_study_spec *make_spec(const char *sampler, const char *scheduler) {
    base_buf text = {0};
    suite_at("sampler", "%s", sampler);
    suite_at("scheduler", "%s", scheduler);
    base_buf_printf(&text,
                    "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\n%s\n"
                    "budget: {trials: %d}\n%s",
                    sampler, scheduler, toy_spending(scheduler, 9), TRIALS, parameters);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

/* A finished study with failures, reports and several workers, as a history that can be looked at as of any record. */
static hpo_history *make_history(const hpo_study_spec *spec, uint64_t seed, toy_tape *tape) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 4,
                                        .seed = seed,
                                        .fail_share = 0.1,
                                        .nan_share = 0.1,
                                        .reports = seed % 2 ? 3 : 0,
                                        .tape = tape});
    hpo_study_destroy(study);
    hpo_history *history = hpo_study_history(spec);
    for (size_t i = 0; i < tape->count; i++) CHECK_OK(hpo_history_apply(history, &tape->records[i], &err));
    return history;
}

/* Steps forth and back and to the other history; the end and the beginning are among them. */
static hpo_view pick_view(const hpo_history *const histories[2], const toy_tape tapes[2], int n, base_rng *rng) {
    const size_t h = (size_t)base_rng_below(rng, 4) == 0, count = tapes[h].count;
    const uint64_t as_of = n == 20 ? 0 : n % 5 == 0 ? count : base_rng_below(rng, count + 1);
    suite_at("view", "history %zu after %llu records, question %d", h, (unsigned long long)as_of, n);
    return hpo_history_at(histories[h], as_of);
}

static hpo_sampler *make_sampler(const hpo_study_spec *spec) {
    base_err err;
    hpo_sampler *sampler;
    const hpo_sampler_env env = {.space = spec->space,
                                 .seed = spec->seed,
                                 .min_fidelity = spec->fidelity.min,
                                 .max_fidelity = spec->fidelity.max,
                                 .integer_fidelity = spec->fidelity.integer};
    CHECK_OK(hpo_sampler_create(spec->sampler, spec->sampler_options, &env, &sampler, &err));
    return sampler;
}

typedef struct answer {
    base_status status;
    const char *origin;
    double config[8];
} answer;

static answer ask(hpo_sampler *sampler, hpo_view view, const hpo_request *request) {
    base_err err;
    answer a = {.origin = ""};
    a.status = hpo_sampler_ask(sampler, view, request, a.config, &a.origin, &err);
    return a;
}

static void samplers_answer_as_new_ones(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name)) continue;
        hpo_study_spec *spec = make_spec(types[t]->name, "asha");
        toy_tape tapes[2] = {{0}};
        hpo_history *histories[2];
        for (uint64_t h = 0; h < 2; h++) histories[h] = make_history(spec, h, &tapes[h]);
        hpo_sampler *old = make_sampler(spec);
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)t, 0);
        for (int n = 0; n < ASKS; n++) {
            const hpo_view view = pick_view((const hpo_history *const *)histories, tapes, n, &rng);
            static const double fidelities[] = {1, 3, 9};
            const uint32_t rung = (uint32_t)base_rng_below(&rng, 3);
            const hpo_request request = {
                .trial = hpo_view_trials(view), .attempt = n % 7 == 3, .rung = rung, .fidelity = fidelities[rung]};
            hpo_sampler *fresh = make_sampler(spec);
            const answer a = ask(old, view, &request), b = ask(fresh, view, &request), c = ask(fresh, view, &request);
            hpo_sampler_destroy(fresh);
            assert_int_equal(a.status, b.status);
            assert_int_equal(c.status, b.status);
            if (a.status != BASE_OK) continue;
            assert_string_equal(a.origin, b.origin);
            assert_memory_equal(a.config, b.config, hpo_space_count(spec->space) * sizeof *a.config);
            assert_memory_equal(c.config, b.config, hpo_space_count(spec->space) * sizeof *a.config);
        }
        hpo_sampler_destroy(old);
        for (size_t h = 0; h < 2; h++) {
            hpo_history_destroy(histories[h]);
            toy_tape_fini(&tapes[h]);
        }
        hpo_study_spec_destroy(spec);
    }
}

static hpo_scheduler *make_scheduler(const hpo_study_spec *spec) {
    base_err err;
    hpo_scheduler *scheduler;
    const hpo_scheduler_env env = {.space = spec->space,
                                   .seed = spec->seed,
                                   .has_fidelity = true,
                                   .min_fidelity = spec->fidelity.min,
                                   .max_fidelity = spec->fidelity.max,
                                   .integer_fidelity = spec->fidelity.integer};
    CHECK_OK(hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &env, &scheduler, &err));
    return scheduler;
}

static hpo_decision decide(hpo_scheduler *scheduler, hpo_view view, bool may_start) {
    base_err err;
    hpo_decision d = {0};
    CHECK_OK(hpo_scheduler_next(scheduler, view, may_start, &d, &err));
    return d;
}

static void check_same_decision(const hpo_decision *a, const hpo_decision *b) {
    assert_int_equal(a->kind, b->kind);
    assert_true(a->trial == b->trial && a->bracket == b->bracket && a->rung == b->rung);
    CHECK_SAME_DOUBLE(a->fidelity, b->fidelity);
}

static void check_asked(hpo_scheduler *old, const hpo_study_spec *spec, hpo_view view, const toy_tape *tape,
                        bool may_start) {
    const hpo_record *last = view.as_of > 0 ? &tape->records[view.as_of - 1] : NULL;
    hpo_scheduler *fresh = make_scheduler(spec);
    if (last && last->kind == HPO_RECORD_REPORT) {
        const bool stop = hpo_scheduler_should_stop(fresh, view, last->trial);
        assert_int_equal(hpo_scheduler_should_stop(old, view, last->trial), stop);
        assert_int_equal(last->stop, stop);
    }
    const hpo_decision a = decide(old, view, may_start), b = decide(fresh, view, may_start);
    hpo_scheduler_destroy(fresh);
    check_same_decision(&a, &b);
}

static void schedulers_answer_as_new_ones(void **state) {
    (void)state;
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    static const char *const modes[] = {"", ", mode: stopping"};
    for (size_t t = 0; t < 2 * count; t++) {
        const hpo_scheduler_type *type = types[t / 2];
        if (!suite_wants(type->name)) continue;
        if (t % 2 == 1 && !(type->options && base_options_find(type->options, "mode"))) continue;
        base_buf name = {0};
        base_buf_printf(&name, "%s%s", type->name, modes[t % 2]);
        hpo_study_spec *spec = make_spec("random", base_buf_text(&name));
        toy_tape tapes[2] = {{0}};
        hpo_history *histories[2];
        for (uint64_t h = 0; h < 2; h++) histories[h] = make_history(spec, 2 * h + 1, &tapes[h]);
        hpo_scheduler *old = make_scheduler(spec);
        base_rng rng = base_rng_stream(2, BASE_RNG_TEST, (uint32_t)t, 0);
        for (int n = 0; n < 10 * ASKS; n++) {
            const hpo_view view = pick_view((const hpo_history *const *)histories, tapes, n, &rng);
            check_asked(old, spec, view, &tapes[view.history == histories[1]], base_rng_below(&rng, 4) > 0);
        }
        hpo_scheduler_destroy(old);
        for (size_t h = 0; h < 2; h++) {
            hpo_history_destroy(histories[h]);
            toy_tape_fini(&tapes[h]);
        }
        hpo_study_spec_destroy(spec);
        base_buf_fini(&name);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samplers_answer_as_new_ones),
        cmocka_unit_test(schedulers_answer_as_new_ones),
    };
    return SUITE_MAIN(tests);
}
