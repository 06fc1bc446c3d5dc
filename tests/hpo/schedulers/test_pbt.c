/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Population-based training: decisions worked out by hand, and the surface of figure 2 of the paper. */
#include "tests/hpo/schedulers/by_hand.h"
#include "tests/support/toy_objective.h"

static const char FOUR[] = "{population_size: 4, perturbation_interval: 1}";

static bench open_four(double max) {
    bench b = bench_open("pbt", FOUR, max);
    for (uint64_t id = 0; id < 4; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        assert_true(d.bracket == id && d.rung == 0 && d.fidelity == 1 && !d.inherits);
    }
    return b;
}

static void expect_child(bench *b, uint64_t id, uint64_t parent, uint32_t member, uint32_t step) {
    const hpo_decision d = expect(b, true, HPO_DECIDE_START, id);
    assert_true(d.inherits);
    assert_int_equal(d.parent, parent);
    assert_int_equal(d.bracket, member);
    assert_int_equal(d.rung, step);
    CHECK_NEAR(d.fidelity, step + 1.0, 0);
}

static void the_worst_goes_on_from_the_best(void **state) {
    (void)state;
    bench b = open_four(3);
    expect(&b, true, HPO_DECIDE_WAIT, 0);
    for (uint64_t id = 0; id < 4; id++) finish(&b, id, (double)(1 + id), 3);
    for (uint64_t id = 0; id < 3; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_PROMOTE, id);
        assert_true(d.rung == 1 && d.fidelity == 2);
    }
    expect(&b, true, HPO_DECIDE_CLOSE, 3);
    expect_child(&b, 4, 0, 3, 1);
    expect(&b, true, HPO_DECIDE_WAIT, 0);
    bench_close(&b);
}

/* Nobody waits: who is ready is compared with those that have a result, and served in the order of the results. */
static void the_first_results_decide_what_they_can(void **state) {
    (void)state;
    bench b = open_four(3);
    finish(&b, 2, 5, 3);
    expect(&b, true, HPO_DECIDE_PROMOTE, 2); /* alone */
    finish(&b, 1, 9, 3);
    expect(&b, true, HPO_DECIDE_CLOSE, 1); /* one of two */
    expect_child(&b, 4, 2, 1, 1);
    finish(&b, 3, 4, 3);
    expect(&b, true, HPO_DECIDE_PROMOTE, 3);
    bench_close(&b);
}

/* Members that are ahead are compared by what they were at the same step, but inherited from as they are now. */
static void being_ahead_is_no_merit(void **state) {
    (void)state;
    bench b = open_four(4);
    for (uint64_t id = 0; id < 4; id++) finish(&b, id, (double)(4 + id), 4);
    expect(&b, true, HPO_DECIDE_PROMOTE, 0);
    finish(&b, 0, 0, 4);
    expect(&b, true, HPO_DECIDE_PROMOTE, 1);
    expect(&b, true, HPO_DECIDE_PROMOTE, 2);
    expect(&b, true, HPO_DECIDE_CLOSE, 3);
    expect_child(&b, 4, 0, 3, 2); /* trial 0 has finished its second step */
    bench_close(&b);
}

static void who_fails_inherits_too(void **state) {
    (void)state;
    bench b = open_four(3);
    finish(&b, 0, (double)NAN, 3);
    expect(&b, true, HPO_DECIDE_WAIT, 0); /* from whom? */
    finish(&b, 1, 1, 3);
    expect_child(&b, 4, 1, 0, 1); /* it has waited longer */
    expect(&b, true, HPO_DECIDE_PROMOTE, 1);
    bench_close(&b);
    b = open_four(3);
    for (uint64_t id = 0; id < 4; id++) finish(&b, id, (double)NAN, 3);
    expect(&b, true, HPO_DECIDE_DONE, 0);
    bench_close(&b);
}

/* Without new trials everybody goes on by itself, and at the end there is nobody to inherit from. */
static void without_new_trials_all_go_on(void **state) {
    (void)state;
    bench b = open_four(2);
    for (uint64_t id = 0; id < 4; id++) finish(&b, id, (double)id, 2);
    for (uint64_t id = 0; id < 4; id++) expect(&b, false, HPO_DECIDE_PROMOTE, id);
    for (uint64_t id = 0; id < 3; id++) finish(&b, id, (double)id, 2);
    finish(&b, 3, (double)NAN, 2);
    expect(&b, true, HPO_DECIDE_DONE, 0);
    bench_close(&b);
}

static void fails(const char *options, double min, double max, bool integer, const char *sentence) {
    base_err err;
    base_yaml_node *node;
    base_arena *arena = base_arena_create();
    hpo_scheduler *scheduler;
    const hpo_scheduler_env env = {.min_fidelity = min, .max_fidelity = max, .integer_fidelity = integer};
    CHECK_OK(base_yaml_parse(arena, "f", options, strlen(options), &node, &err));
    CHECK_FAILS(hpo_scheduler_create(hpo_scheduler_find("pbt"), node, &env, &scheduler, &err), BASE_INVALID, sentence);
    base_arena_destroy(arena);
}

static void impossible_intervals_are_refused(void **state) {
    (void)state;
    fails("{perturbation_interval: 10}", 1, 9, true, "f:1:1: perturbation_interval: 10 is not within the fidelity");
    fails("{perturbation_interval: 1}", 2, 9, true, "which goes from 2 to 9");
    fails("{perturbation_interval: 1.5}", 1, 9, true, "must be an integer");
    fails("{perturbation_interval: 1e-7}", 1e-8, 1, false, "more than 1000000 steps");
}

/* ---- figure 2 of the paper ---- */

enum { MEMBERS = 2, MOST = 1000 };
static const double RATE = 0.01;

typedef struct surface {
    double theta[MOST][2]; /* by trial */
} surface;

/* Gradient ascent on 1.2 - (h0 x^2 + h1 y^2), judged by 1.2 - (x^2 + y^2). */
static double climb(surface *s, const hpo_job *job) {
    double *theta = s->theta[job->trial];
    for (size_t i = 0; i < 2; i++) {
        if (job->from == 0) theta[i] = 0.9;
        if (job->parent != UINT64_MAX) theta[i] = s->theta[job->parent][i];
        for (double step = job->from; step < job->fidelity; step++) theta[i] -= RATE * 2 * job->config[i] * theta[i];
    }
    return 1.2 - (theta[0] * theta[0] + theta[1] * theta[1]);
}

static double best_of(const char *method, int trials, uint64_t seed) {
    base_err err;
    base_buf text = {0};
    surface s;
    double best = -(double)INFINITY;
    base_buf_printf(&text,
                    "objective: toy\nmetric: {name: accuracy, goal: maximize}\nseed: %llu\nmethod: %s\n"
                    "fidelity: {steps: {min: 1, max: 400}}\nbudget: {trials: %d}\n"
                    "try_first: [{h0: 1.0, h1: 0.0}, {h0: 0.0, h1: 1.0}]\n"
                    "parameters: {h0: {min: 0.0, max: 1.0}, h1: {min: 0.0, max: 1.0}}\n",
                    (unsigned long long)seed, method, trials);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (;;) {
        hpo_ask_kind kind;
        hpo_record record;
        hpo_job job;
        hpo_result result = {.cost = 1};
        CHECK_OK(hpo_study_ask(study, &kind, &record, &err));
        if (kind == HPO_ASK_CLOSE) continue;
        if (kind != HPO_ASK_JOB || record.trial >= MOST) break;
        hpo_study_job(study, record.trial, &job);
        const double value = climb(&s, &job);
        best = fmax(best, value);
        hpo_metrics_set(&result.metrics, "accuracy", value);
        hpo_study_tell(study, record.trial, &result, 0, 0, &record);
    }
    assert_true(hpo_view_count(hpo_study_view(study), HPO_TRIAL_COMPLETE) >= MEMBERS);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    return best;
}

/* The two configurations alone end at 1.2 - 0.9^2, whatever their steps; whoever inherits reaches the top. */
static void the_surface_of_the_paper_is_climbed(void **state) {
    (void)state;
    CHECK_NEAR(best_of("full", MEMBERS, 1), 1.2 - 0.9 * 0.9, 1e-3);
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const double best = best_of("{name: pbt, population_size: 2, perturbation_interval: 4}", MOST - 1, seed);
        CHECK_NEAR(best, 1.2, 1e-2);
    }
}

/* Four members with ten chances each, 20 seeds: who asks a model of the gains ends at the top with every seed, who
 * moves by a fifth up or down does not. */
static void bandits_climb_with_few_members(void **state) {
    (void)state;
    double pbt = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        CHECK_NEAR(best_of("{name: pb2, population_size: 4, perturbation_interval: 40}", MOST - 1, seed), 1.2, 1e-3);
        pbt += best_of("{name: pbt, population_size: 4, perturbation_interval: 40}", MOST - 1, seed) / 20;
    }
    assert_true(pbt < 1.15); /* two of them end below 0.8 */
}

/* ---- with a list to try first ---- */

/* Two members take the first two of the four; children, which take none, are the sampler's draws: no two alike. */
static void a_list_longer_than_the_population(void **state) {
    (void)state;
    enum { TRIALS = 12 };
    base_err err;
    base_buf advice = {0};
    double h0[TRIALS];
    hpo_study_spec *spec =
        toy_spec("objective: toy\nmetric: loss\nfidelity: {steps: {min: 1, max: 400}}\nbudget: {trials: 12}\n"
                 "method: {sampler: random, scheduler: pbt, population_size: 2, perturbation_interval: 1}\n"
                 "try_first: [{h0: 0.1, h1: 0.1}, {h0: 0.2, h1: 0.2}, {h0: 0.3, h1: 0.3}, {h0: 0.4, h1: 0.4}]\n"
                 "parameters: {h0: {min: 0.0, max: 1.0}, h1: {min: 0.0, max: 1.0}}\n");
    hpo_study *study;
    hpo_study_advise(spec, &advice);
    assert_string_equal(base_buf_text(&advice),
                        "try_first has 4 configurations, but with pbt only the first 2 trials begin with one of their "
                        "own: those behind are never tried; take a larger population or a shorter list\n");
    base_buf_fini(&advice);
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (;;) {
        hpo_ask_kind kind;
        hpo_record record;
        hpo_result result = {.cost = 1};
        CHECK_OK(hpo_study_ask(study, &kind, &record, &err));
        if (kind == HPO_ASK_CLOSE) continue;
        if (kind != HPO_ASK_JOB) break;
        hpo_metrics_set(&result.metrics, "loss", (double)record.trial);
        hpo_study_tell(study, record.trial, &result, 0, 0, &record);
    }
    const hpo_view view = hpo_study_view(study);
    assert_int_equal(hpo_view_trials(view), TRIALS);
    for (uint64_t id = 0; id < TRIALS; id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        assert_int_equal(trial.parent != UINT64_MAX, id >= 2);
        h0[id] = trial.config[0];
        for (uint64_t other = 0; other < id; other++) assert_true(h0[other] != h0[id]);
    }
    assert_true(h0[0] == 0.1 && h0[1] == 0.2);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_goes_on_from_the_best),
        cmocka_unit_test(the_first_results_decide_what_they_can),
        cmocka_unit_test(being_ahead_is_no_merit),
        cmocka_unit_test(who_fails_inherits_too),
        cmocka_unit_test(without_new_trials_all_go_on),
        cmocka_unit_test(impossible_intervals_are_refused),
        cmocka_unit_test(the_surface_of_the_paper_is_climbed),
        cmocka_unit_test(bandits_climb_with_few_members),
        cmocka_unit_test(a_list_longer_than_the_population),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
