/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PriorBand as a whole study: the incumbent's neighbourhood is a source of trials from the moment on that the paper
 * says, neither before it nor never. Oracle: the rule, counted anew from the trials of the view. */
#include "hpo/samplers/ensemble.h"
#include "hpo/schedulers/ladder.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"
#include "tests/support/toy_space.h"

typedef struct watch {
    double bracket_cost, max_fidelity;
    double first_fidelity;       /* of trial 0 */
    uint64_t first_active;       /* the first trial that began in an active view, or UINT64_MAX */
    uint64_t active, incumbents; /* trials that began in active views; those of them that came from the incumbent */
} watch;

/* What trials have consumed, continued ones at what they reached; and a success at the highest fidelity. */
static bool is_active(const watch *w, hpo_view view) {
    double spent = 0;
    bool reached = false;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.n_evals == 0) continue;
        const hpo_eval *last = &trial.evals[trial.n_evals - 1];
        spent += last->fidelity;
        reached = reached || (last->fidelity == w->max_fidelity && last->failure == HPO_FAILURE_NONE);
    }
    return reached && spent >= w->bracket_cost;
}

static void check_start(void *self, hpo_study *study, const hpo_record *record) {
    watch *w = self;
    if (record->kind != HPO_RECORD_START) return;
    const bool incumbent = strcmp(record->origin, "incumbent") == 0;
    if (record->trial == 0) {
        assert_string_equal(record->origin, "prior mode");
        w->first_fidelity = record->fidelity;
    }
    if (!is_active(w, hpo_history_at(hpo_study_view(study).history, record->as_of))) {
        assert_false(incumbent);
        return;
    }
    if (w->first_active == UINT64_MAX) w->first_active = record->trial;
    w->active++;
    w->incumbents += incumbent;
}

typedef struct setting {
    const char *method;
    double min, max;
    double bracket_cost; /* of the widest bracket, trials continued: 297 is the published one */
    uint64_t bracket;    /* trials of that bracket */
    size_t workers;
    double fail_share;
} setting;

static watch run(const setting *s, uint64_t seed, uint64_t trials) {
    base_err err;
    base_buf text = {0};
    hpo_study *study;
    watch w = {.bracket_cost = s->bracket_cost, .max_fidelity = s->max, .first_active = UINT64_MAX};
    base_buf_printf(&text,
                    "objective: toy\nseed: 4\nmethod: %s\nfidelity: {e: {min: %g, max: %g}}\nbudget: {trials: %llu}\n"
                    "parameters: {x: {min: 0.0, max: 1.0, prior: 0.8}, c: {values: [p, q], prior: q}}\n",
                    s->method, s->min, s->max, (unsigned long long)trials);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(
        study, &(toy_drive){
                   .workers = s->workers, .seed = seed, .fail_share = s->fail_share, .after = check_start, .self = &w});
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    return w;
}

static void activation_comes_in_time(void **state) {
    (void)state;
    static const setting settings[] = {
        {"priorband", 1, 81, 297, 81, 1, 0},
        {"priorband", 1, 81, 297, 81, 7, 0.2},
        {"priorband", 3, 100, 304, 27, 1, 0},
        {"priorband", 3, 100, 304, 27, 4, 0.1},
        {"priorband", 1, 243, 1053, 243, 3, 0},
        {"{sampler: priorband, scheduler: hyperband}", 1, 81, 297, 81, 1, 0},
        {"{sampler: priorband, scheduler: asha}", 1, 81, 297, 81, 3, 0},
    };
    for (size_t i = 0; i < CHECK_COUNT(settings); i++) {
        const setting *s = &settings[i];
        const watch w = run(s, 1, 3 * s->bracket);
        const bool named = strcmp(s->method, "priorband") == 0; /* the method: its first trial runs in full */
        CHECK_NEAR(w.first_fidelity, named ? s->max : s->min, 0);
        assert_true(w.first_active > 1);               /* not at once */
        assert_true(w.first_active <= 2 * s->bracket); /* and not never: one bracket and what overlaps with it */
        assert_true(w.active > s->bracket / 2);
        assert_true(w.incumbents > w.active / 10 && w.incumbents < w.active);
    }
}

/* A failure at the highest fidelity is no success: then the first trial does not count. */
static void failures_activate_nothing(void **state) {
    (void)state;
    static const setting s = {"priorband", 1, 81, 297, 81, 4, 0.5};
    uint64_t latest = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const watch w = run(&s, seed, 4 * s.bracket);
        if (w.first_active != UINT64_MAX && w.first_active > latest) latest = w.first_active;
    }
    assert_true(latest > s.bracket + 1); /* some waited for more than one bracket */
}

static void apply(hpo_history *history, hpo_record record) {
    base_err err;
    record.parent = UINT64_MAX;
    record.as_of = hpo_history_view(history).as_of;
    CHECK_OK(hpo_history_apply(history, &record, &err));
}

/* No fidelity is preferred, but a trial counts with its newest result: what a low one promised is forgotten. */
static void the_incumbent_is_the_best_of_the_newest_results(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.8}}}");
    hpo_observations *observations = hpo_observations_create(s.space);
    static const double points[] = {0.1, 0.2, 0.3, 0.4}, at_nine[] = {5, 3, 4, 4};
    for (uint64_t id = 0; id < 4; id++) {
        apply(s.history, (hpo_record){.kind = HPO_RECORD_START, .trial = id, .fidelity = 1, .config = &points[id]});
        apply(s.history, (hpo_record){.kind = HPO_RECORD_RESULT,
                                      .trial = id,
                                      .fidelity = 1,
                                      .value = id == 0 ? 0 : 10,
                                      .result = {.cost = 1}});
    }
    for (uint64_t id = 0; id < 4; id++) {
        apply(s.history, (hpo_record){.kind = HPO_RECORD_PROMOTE, .trial = id, .rung = 2, .fidelity = 9, .from = 1});
        apply(s.history, (hpo_record){.kind = HPO_RECORD_RESULT,
                                      .trial = id,
                                      .rung = 2,
                                      .fidelity = 9,
                                      .value = at_nine[id],
                                      .final = true,
                                      .result = {.cost = 8}});
    }
    uint64_t incumbent;
    hpo_ensemble_at(observations, s.space, hpo_history_view(s.history), 3, 0, 9, 27, NULL, &incumbent);
    assert_int_equal(incumbent, 1);
    hpo_observations_destroy(observations);
    toy_sampling_close(&s);
}

/* The cost that the incumbent waits for is that of Hyperband's widest bracket, rung by rung. */
static void the_bracket_is_that_of_the_ladder(void **state) {
    (void)state;
    static const double mins[] = {1, 2, 3, 4, 5, 7, 9, 0.05, 0.1, 1.0 / 3, 1.0 / 27, 0.3};
    for (size_t m = 0; m < CHECK_COUNT(mins); m++) {
        for (uint64_t eta = 2; eta <= 10; eta++) {
            for (int k = 0; k < 12; k++) {
                base_err err;
                hpo_ladder ladder;
                const bool integer = mins[m] >= 1;
                /* exactly eta^j times the least, just above and between */
                double max = mins[m] * pow((double)eta, k / 3) * (k % 3 == 0 ? 1 : k % 3 == 1 ? 1.2 : 1.7);
                if (integer) max = rint(max);
                if (max > 1e6) continue;
                CHECK_OK(hpo_ladder_init(&ladder, mins[m], max, integer, eta, &err));
                const hpo_bracket_plan plan = hpo_ladder_bracket(&ladder, ladder.rungs - 1);
                double cost = 0, before = 0;
                for (uint32_t stage = 0; stage < plan.stages; stage++) {
                    const double fidelity = ladder.fidelity[plan.first + stage];
                    cost += (double)plan.size[stage] * (fidelity - before);
                    before = fidelity;
                }
                CHECK_CLOSE(hpo_ensemble_bracket_cost(mins[m], max, integer, (double)eta), cost, 1e-11);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activation_comes_in_time),
        cmocka_unit_test(failures_activate_nothing),
        cmocka_unit_test(the_incumbent_is_the_best_of_the_newest_results),
        cmocka_unit_test(the_bracket_is_that_of_the_ladder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
