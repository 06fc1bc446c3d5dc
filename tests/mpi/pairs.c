/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any sampler goes with any scheduler on real ranks: one MPI job that runs one small study per pair, one after the
 * other, each over MPI's transport, with reports, failures and a journal; then every decision is computed again from
 * the journal. Half of the pairs take results as they arrive, half in the order of a virtual clock.
 *
 * Rank 0 controls and judges, the other ranks work. Run by mpirun with at least 2 ranks. */
#include "base/arena.h"
#include "hpo/dispatch/controller.h"
#include "hpo/dispatch/mpi.h"
#include "hpo/dispatch/worker.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

enum { TRIALS = 40 };

static const char program[] = "pairs 1";
static hpo_transport transport;

/* ---- an objective that reports, and now and then fails ---- */

typedef struct stepwise {
    const hpo_space *space;
} stepwise;

static base_status stepwise_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    (void)arena, (void)err;
    ((stepwise *)self)->space = env->space;
    return BASE_OK;
}

static const char *const *stepwise_metrics(const base_yaml_node *settings) {
    static const char *const names[] = {"loss", NULL};
    (void)settings;
    return names;
}

static base_status stepwise_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                     base_err *err) {
    const stepwise *objective = self;
    if (job->trial % 10 == 7) return BASE_FAIL(err, BASE_INVALID, "trial 7 of ten does not work");
    hpo_job part = *job;
    for (part.fidelity = job->from + 1; part.fidelity <= job->fidelity; part.fidelity++) {
        hpo_metrics metrics = {0};
        hpo_metrics_set(&metrics, "loss", toy_loss(objective->space, &part));
        if (reporter->report(reporter->self, part.fidelity, &metrics) != HPO_CONTINUE) return BASE_CANCELLED;
    }
    hpo_metrics_set(&out->metrics, "loss", job->trial % 10 == 3 ? (double)NAN : toy_loss(objective->space, job));
    return BASE_OK;
}

static const hpo_objective_type stepwise_objective = {
    .name = "stepwise",
    .summary = "a quadratic that reports after every step",
    .flags = HPO_OBJECTIVE_IN_RANK | HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_INHERITS,
    .state_size = sizeof(stepwise),
    .metrics = stepwise_metrics,
    .init = stepwise_init,
    .evaluate = stepwise_evaluate,
};

static const hpo_catalog *catalog(void) {
    static const hpo_objective_type *const objectives[] = {&stepwise_objective};
    static const hpo_catalog all = {.objectives = objectives, .n_objectives = 1, .version = program};
    return &all;
}

static base_status read_spec(const base_buf *text, hpo_study_spec **spec, base_err *err) {
    return hpo_study_read(catalog(), "pair.yaml", base_buf_text(text), text->length, NULL, 0, NULL, spec, err);
}

/* ---- working ranks: one study after the other, until an empty one ---- */

static int work(void) {
    for (;;) {
        base_err err = {0};
        base_buf text = {0};
        hpo_study_spec *spec = NULL;
        hpo_worker *worker = NULL;
        bool lost = false;
        base_status status = hpo_mpi_broadcast(&text, &err);
        const bool last = text.length == 0;
        if (status == BASE_OK && !last) status = read_spec(&text, &spec, &err);
        if (status == BASE_OK && !last) status = hpo_worker_create(spec, NULL, "/", &worker, &err);
        if (status == BASE_OK && !last) status = hpo_worker_serve(worker, spec, catalog(), transport, &lost, &err);
        hpo_worker_destroy(worker);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
        if (status != BASE_OK || lost) {
            fprintf(stderr, "a worker fails: %s\n", status == BASE_OK ? "its controller is gone" : err.text);
            return 1;
        }
        if (last) return 0;
    }
}

/* ---- the controlling rank ---- */

static const char parameters[] =
    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, layers: {min: 1, max: 4}, opt: {values: [sgd, "
    "adam], "
    "prior: adam}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}, nesterov: {values: [false, true], when: {opt: "
    "sgd, momentum: {gt: 0.5}}}, width: {value: 64}}\n"
    "forbid: [{opt: sgd, lr: {gt: 0.5}}]\n";

static void print_study(const char *sampler, const char *scheduler, bool deterministic, base_buf *text) {
    base_buf_printf(text,
                    "study: %s\nobjective: stepwise\nseed: 5\nmethod: {sampler: %s, scheduler: %s}\n"
                    "%s\nbudget: {trials: %d}\n",
                    sampler, sampler, scheduler, toy_spending(scheduler, 9), TRIALS);
    if (deterministic) base_buf_puts(text, "deterministic: true\nworkers: 3\n");
    base_buf_puts(text, parameters);
}

/* A worker's last word in every study is BYE; what it sent before has arrived by then, so nothing is left that the next
 * study could mistake for its own. */
static void see_workers_off(void) {
    base_err err;
    hpo_message message;
    for (size_t left = transport.ops->size(transport.self), peer; left > 0;) {
        CHECK_OK(transport.ops->receive(transport.self, 60, -1, &peer, &message, &err));
        if (message.kind == HPO_MESSAGE_BYE) left--;
    }
}

static hpo_journal *open_journal(const char *path, const hpo_study_spec *spec) {
    base_err err;
    hpo_journal *journal;
    const hpo_journal_head head = {.study = spec->name,
                                   .seed = spec->seed,
                                   .identity = spec->identity,
                                   .program = program,
                                   .integer_steps = true,
                                   .stale_after = 60};
    CHECK_OK(hpo_journal_open(path, &head, spec->space, &journal, &err));
    return journal;
}

static uint64_t control(hpo_study *study, hpo_journal *journal, hpo_transport over, bool verify) {
    base_err err;
    hpo_outcome outcome;
    bool lost = false;
    const hpo_controller_env env = {.study = study,
                                    .journal = journal,
                                    .transport = over,
                                    .identity = hpo_worker_identity(hpo_study_spec_of(study), catalog()),
                                    .verify = verify};
    CHECK_OK(hpo_controller_run(&env, &outcome, &lost, &err));
    assert_false(lost);
    if (!verify) assert_int_equal(outcome, HPO_OUTCOME_DONE);
    return hpo_view_trials(hpo_study_view(study));
}

/* What must hold at the end, whatever the order of results was: legal points, reports that are judged, nothing left
 * open. */
static void check_end(const hpo_study *study) {
    base_err err;
    const hpo_study_spec *spec = hpo_study_spec_of(study);
    const hpo_view view = hpo_study_view(study);
    const uint64_t trials = hpo_view_trials(view);
    uint64_t finished = 0, failed = 0;
    for (uint64_t id = 0; id < trials; id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        CHECK_OK(hpo_space_check(spec->space, trial.config, &err));
        assert_true(trial.state == HPO_TRIAL_COMPLETE || trial.state == HPO_TRIAL_FAILED ||
                    trial.state == HPO_TRIAL_STOPPED);
        assert_true(trial.n_evals + trial.n_reports > 0 || trial.state == HPO_TRIAL_FAILED);
        finished += trial.state == HPO_TRIAL_COMPLETE;
        failed += trial.state == HPO_TRIAL_FAILED;
        if (id % 10 == 7) assert_int_equal(trial.state, HPO_TRIAL_FAILED);
    }
    assert_true(finished > 0 && failed >= trials / 10);
    toy_check_trials(spec, trials);
}

static void run_pair(const char *sampler, const char *scheduler, bool deterministic, const char *folder) {
    static unsigned number;
    base_err err;
    base_buf text = {0}, path = {0};
    hpo_study_spec *spec;
    hpo_study *live, *replayed;
    print_study(sampler, scheduler, deterministic, &text);
    base_buf_printf(&path, "%s/%u.log", folder, number++);
    CHECK_OK(read_spec(&text, &spec, &err));
    CHECK_OK(hpo_mpi_broadcast(&text, &err));
    CHECK_OK(hpo_study_create(spec, &live, &err));
    hpo_journal *journal = open_journal(base_buf_text(&path), spec);
    const uint64_t trials = control(live, journal, transport, false);
    see_workers_off();
    CHECK_OK(hpo_journal_close(journal, &err));
    check_end(live);
    CHECK_OK(hpo_study_create(spec, &replayed, &err));
    journal = open_journal(base_buf_text(&path), spec);
    assert_int_equal(control(replayed, journal, (hpo_transport){0}, true), trials);
    CHECK_OK(hpo_journal_close(journal, &err));
    hpo_study_destroy(live);
    hpo_study_destroy(replayed);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    base_buf_fini(&path);
}

static void every_pair_in_one_job(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    const check_tmpdir folder = check_tmpdir_create();
    for (size_t a = 0; a < n_samplers; a++) {
        for (size_t b = 0; b < n_schedulers; b++) {
            const bool deterministic = (a + b) % 2 == 1;
            run_pair(samplers[a]->name, schedulers[b]->name, deterministic, folder.path);
            if (!schedulers[b]->options || !base_options_find(schedulers[b]->options, "mode")) continue;
            base_buf stopping = {0};
            base_buf_printf(&stopping, "%s, mode: stopping", schedulers[b]->name);
            run_pair(samplers[a]->name, base_buf_text(&stopping), deterministic, folder.path);
            base_buf_fini(&stopping);
        }
    }
    check_tmpdir_remove(&folder);
    base_err err;
    base_buf nothing = {0};
    CHECK_OK(hpo_mpi_broadcast(&nothing, &err));
    print_message("%zu pairs on %zu workers\n", n_samplers * n_schedulers, transport.ops->size(transport.self));
}

int main(int argc, char **argv) {
    base_err err = {0};
    int rank, size;
    if (hpo_mpi_start(&argc, &argv, &rank, &size, &err) != BASE_OK || size < 2) {
        fprintf(stderr, "%s\n", err.text[0] ? err.text : "run this by mpirun with at least 2 ranks");
        return 1;
    }
    transport = hpo_mpi_open();
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair_in_one_job)};
    const int failed = rank == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : work();
    if (failed) _exit(1); /* mpirun ends the others, who may wait for a study that never comes */
    transport.ops->close(transport.self, false);
    return 0;
}
