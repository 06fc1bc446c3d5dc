/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time that is left, against runs in virtual time whose end is known: after a tenth of a run within a quarter of
 * what is left, or a twentieth of the run where that is more. */
#include <math.h>

#include "base/rng.h"
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

enum { MOST_WORKERS = 16 };

typedef struct virtual_run {
    hpo_study *study;
    cli_pace *pace;
    size_t workers, n_busy;
    uint64_t trial[MOST_WORKERS];
    double began[MOST_WORKERS], end[MOST_WORKERS], now;
    base_rng rng;
    double slowness, total; /* total 0: not known yet */
    size_t looks, wrong;
    double last_share;
} virtual_run;

/* Trials differ twofold in their speed, and each begins after a moment. */
static void begin(virtual_run *r, uint64_t id) {
    const hpo_trial trial = hpo_view_trial(hpo_study_view(r->study), id);
    const double pace = r->slowness * (0.67 + 0.66 * base_rng_uniform(&r->rng));
    r->trial[r->n_busy] = id;
    r->began[r->n_busy] = r->now;
    r->end[r->n_busy++] = r->now + 0.05 * r->slowness + pace * (trial.fidelity - trial.from);
}

static void fill(virtual_run *r) {
    base_err err;
    while (r->n_busy < r->workers) {
        hpo_ask_kind kind;
        hpo_record record;
        CHECK_OK(hpo_study_ask(r->study, &kind, &record, &err));
        if (kind == HPO_ASK_WAIT || kind == HPO_ASK_DONE) return;
        if (kind == HPO_ASK_JOB) begin(r, record.trial);
    }
}

static void look(virtual_run *r) {
    double left;
    bool exact;
    size_t count;
    const hpo_progress now = {.study = r->study, .elapsed = r->now, .workers = r->workers, .running = r->n_busy};
    (void)cli_pace_follow(r->pace, &now, &count);
    assert_int_equal(count, r->n_busy);
    const double share = cli_pace_share(r->pace, &now);
    assert_true(share >= 0 && share <= 1);
    r->last_share = share;
    if (r->now < 0.1 * r->total || r->now > 0.97 * r->total || r->total <= 0) return;
    if (!cli_pace_left(r->pace, &now, &left, &exact)) left = 0; /* the plan is at its end */
    assert_false(exact);
    r->looks++;
    r->wrong += fabs(left - (r->total - r->now)) > fmax(0.25 * (r->total - r->now), 0.05 * r->total);
}

static void finish_one(virtual_run *r) {
    size_t first = 0;
    for (size_t i = 1; i < r->n_busy; i++)
        if (r->end[i] < r->end[first]) first = i;
    const uint64_t trial = r->trial[first];
    assert_true(r->now < 1e7); /* it comes to an end */
    hpo_result result = {.seconds = r->end[first] - r->began[first]};
    hpo_record record;
    hpo_job job;
    r->now = r->end[first];
    hpo_study_job(r->study, trial, &job);
    result.cost = job.fidelity - job.from;
    hpo_metrics_set(&result.metrics, "loss", toy_loss(hpo_study_spec_of(r->study)->space, &job));
    hpo_metrics_set(&result.metrics, "time", result.seconds);
    hpo_study_tell(r->study, trial, &result, 0, 0, &record);
    r->n_busy--;
    r->trial[first] = r->trial[r->n_busy];
    r->began[first] = r->began[r->n_busy];
    r->end[first] = r->end[r->n_busy];
}

/* Its duration; total: as an earlier run of the same has shown. */
static virtual_run perform(const hpo_study_spec *spec, size_t workers, double total) {
    base_err err;
    virtual_run r = {.workers = workers,
                     .slowness = 7,
                     .total = total,
                     .rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0),
                     .pace = cli_pace_create(spec)};
    CHECK_OK(hpo_study_create(spec, &r.study, &err));
    hpo_study_begin_run(r.study, workers);
    fill(&r);
    while (r.n_busy > 0) {
        look(&r);
        finish_one(&r);
        fill(&r);
    }
    look(&r);
    hpo_study_destroy(r.study);
    cli_pace_destroy(r.pace);
    return r;
}

static void test_time_left(void **state) {
    (void)state;
    static const struct {
        const char *method, *fidelity, *budget;
    } studies[] = {
        {"random", "", "trials: 200"},
        {"random", "fidelity: {epochs: {min: 1, max: 9}}\n", "cost: 2000"},
        {"random", "", "metric: {name: time, max: 3000}"},
        {"random", "", "trials: 1000000, metric: {name: time, max: 3000}"},
        {"hyperband", "fidelity: {epochs: {min: 1, max: 81}}\n", "trials: 300"},
        {"hyperband", "fidelity: {epochs: {min: 1, max: 27}}\n", "cost: 8000"},
        {"successive-halving", "fidelity: {epochs: {min: 1, max: 27}}\n", "trials: 400"},
        {"asha", "fidelity: {epochs: {min: 1, max: 27}}\n", "trials: 600"},
        {"async-hyperband", "fidelity: {epochs: {min: 1, max: 27}}\n", "trials: 600"},
        {"bohb", "fidelity: {epochs: {min: 1, max: 27}}\n", "trials: 250"},
    };
    static const size_t workers[] = {1, 4, 16};
    for (size_t i = 0; i < CHECK_COUNT(studies); i++) {
        base_buf text = {0};
        base_buf_printf(&text,
                        "study: toy\nseed: 3\nobjective: {toy: {}}\nmetric: loss\nmethod: %s\n%sbudget: {%s}\n"
                        "parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 7}}\n",
                        studies[i].method, studies[i].fidelity, studies[i].budget);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        for (size_t k = 0; k < CHECK_COUNT(workers); k++) {
            const virtual_run known = perform(spec, workers[k], 0), run = perform(spec, workers[k], known.now);
            CHECK_SAME_DOUBLE(run.now, known.now);
            /* How often asha promotes early on says little of later. */
            const size_t may = strcmp(studies[i].method, "asha") == 0 ? run.looks / 6 : 0;
            if (run.wrong > may || run.looks < 100)
                fail_msg("%s, %s, %zu workers: %zu of %zu wrong", studies[i].method, studies[i].budget, workers[k],
                         run.wrong, run.looks);
            assert_true(run.last_share > 0.9);
        }
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
}

static void test_a_budget_of_time_is_exact(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec("study: toy\nseed: 3\nobjective: {toy: {}}\nmetric: loss\nmethod: random\n"
                                    "budget: {time: 100s, trials: 1000000}\nparameters: {x: {min: 0.0, max: 1.0}}\n");
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 2, .seed = 1, .max_records = 20});
    cli_pace *pace = cli_pace_create(spec);
    const hpo_progress now = {.study = study, .elapsed = 30, .workers = 2};
    size_t count;
    double left;
    bool exact;
    (void)cli_pace_follow(pace, &now, &count);
    assert_true(cli_pace_left(pace, &now, &left, &exact));
    assert_true(exact);
    CHECK_SAME_DOUBLE(left, 70);
    CHECK_SAME_DOUBLE(cli_pace_share(pace, &now), 0.3);
    cli_pace_destroy(pace);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_left),
        cmocka_unit_test(test_a_budget_of_time_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
