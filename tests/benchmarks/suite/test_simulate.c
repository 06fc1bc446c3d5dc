/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulation against the controller in its deterministic order with the local transport: the same trials, results,
 * reports and decisions, event by event. */
#include "benchmarks/suite/simulate.h"

#include <math.h>

#include "hpo/dispatch/controller.h"
#include "hpo/dispatch/local.h"
#include "tests/support/check.h"

/* ---- an objective that reports, says what it costs, and fails at times ---- */

typedef struct wave {
    const hpo_space *space;
} wave;

static base_status wave_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    (void)arena, (void)err;
    ((wave *)self)->space = env->space;
    return BASE_OK;
}

static double wave_at(const hpo_job *job, double step) {
    const double x = job->config[0];
    return sin(7 * x) + 0.3 * x + 2 / step;
}

static base_status wave_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                 base_err *err) {
    (void)self;
    hpo_metrics metrics = {0};
    for (double step = floor(job->from) + 1; step < job->fidelity; step++) {
        hpo_metrics_set(&metrics, "loss", wave_at(job, step));
        if (reporter && reporter->report(reporter->self, step, &metrics) != HPO_CONTINUE)
            return BASE_FAIL(err, BASE_CANCELLED, "told to stop");
    }
    if (job->config[0] > 0.9) return BASE_FAIL(err, BASE_NUMERIC, "it broke");
    hpo_metrics_set(&out->metrics, "loss", wave_at(job, job->fidelity));
    if (job->config[0] < 0.5) out->cost = (1 + floor(4 * job->config[0])) * (job->fidelity - job->from);
    return BASE_OK;
}

static const hpo_objective_type wave_objective = {
    .name = "wave",
    .summary = "a sine",
    .flags = HPO_OBJECTIVE_IN_RANK,
    .state_size = sizeof(wave),
    .init = wave_init,
    .evaluate = wave_evaluate,
};

/* Goes on from a file in the trial's folder, as trainings do, and forgets it. */
static const char *checkpoint(const char *folder, double fidelity) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/at-%g", folder, fidelity);
    return path;
}

static base_status climb_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                  base_err *err) {
    (void)self, (void)reporter;
    if (job->from > 0 && access(checkpoint(job->folder, job->from), F_OK) != 0)
        return BASE_FAIL(err, BASE_IO, "the checkpoint is gone");
    hpo_metrics_set(&out->metrics, "loss", job->config[0] - job->fidelity);
    return base_write_file(checkpoint(job->folder, job->fidelity), "", 0, err);
}

static size_t climb_forget(const char *folder, double fidelity) {
    if (isfinite(fidelity)) return unlink(checkpoint(folder, fidelity)) == 0;
    size_t count = 0;
    for (int z = 1; z <= 9; z++) count += unlink(checkpoint(folder, z)) == 0;
    return count;
}

static const hpo_objective_type climb_objective = {
    .name = "climb",
    .summary = "goes on from files",
    .flags = HPO_OBJECTIVE_RESUMABLE,
    .evaluate = climb_evaluate,
    .forget = climb_forget,
};

static const hpo_program_ops no_ops = {0};
static const hpo_objective_type program_objective = {.name = "program", .summary = "a program", .program = &no_ops};

static const hpo_catalog *catalog(void) {
    static const hpo_objective_type *const objectives[] = {&wave_objective, &program_objective, &climb_objective};
    static const hpo_catalog all = {.objectives = objectives, .n_objectives = 3, .version = "test 1"};
    return &all;
}

static hpo_study_spec *read_spec(const char *settings, size_t workers) {
    char text[1024];
    base_err err;
    hpo_study_spec *spec;
    snprintf(text, sizeof text,
             "study: s\nseed: 3\nobjective: wave\nmetric: {name: loss, goal: minimize}\ndeterministic: true\nworkers: "
             "%zu\nparameters: {x: {min: 0.0, max: 1.0}}\nfailure: {max_failures: 1000, first: 0}\n%s",
             workers, settings);
    CHECK_OK(hpo_study_read(catalog(), "s.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err));
    return spec;
}

/* ---- what a study knows at the end ---- */

static void print_trial(hpo_view view, uint64_t id, base_buf *out) {
    const hpo_trial t = hpo_view_trial(view, id);
    base_buf_printf(out, "%d: %a bracket %d state %s created %d as of %d\n", (int)id, t.config[0], (int)t.bracket,
                    hpo_trial_state_text(t.state), (int)t.created, (int)t.as_of);
    for (size_t i = 0; i < t.n_evals; i++)
        base_buf_printf(out, "  %d: rung %d fidelity %a value %a cost %a %s\n", (int)t.evals[i].event,
                        (int)t.evals[i].rung, t.evals[i].fidelity, t.evals[i].value, t.evals[i].cost,
                        hpo_failure_text(t.evals[i].failure));
    for (size_t i = 0; i < t.n_reports; i++)
        base_buf_printf(out, "  %d: step %a value %a\n", (int)t.reports[i].event, t.reports[i].step,
                        t.reports[i].value);
}

static void print_study(const hpo_study *study, base_buf *out) {
    const hpo_view view = hpo_study_view(study);
    base_buf_clear(out);
    base_buf_printf(out, "%d records, cost %a\n", (int)view.as_of, hpo_view_cost(view));
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) print_trial(view, id, out);
}

typedef struct watching {
    base_buf text;
    uint64_t records, results;
    double now;
} watching;

static void watch(void *self, const hpo_study *study, const hpo_record *record, double now) {
    watching *w = self;
    assert_true(now >= w->now);
    w->now = now;
    w->records++;
    w->results += record->kind == HPO_RECORD_RESULT;
    print_study(study, &w->text);
}

static void simulate(const char *settings, size_t workers, watching *w, bench_simulated *out) {
    base_err err;
    hpo_study_spec *spec = read_spec(settings, workers);
    const bench_watcher watcher = {.watch = watch, .self = w};
    const bench_simulation_env env = {.watcher = &watcher};
    CHECK_OK(bench_simulate(spec, &env, out, &err));
    hpo_study_spec_destroy(spec);
}

/* The same by the controller. */
static void control(const char *settings, size_t workers, base_buf *text) {
    base_err err;
    hpo_study_spec *spec = read_spec(settings, workers);
    hpo_study *study;
    hpo_worker *worker;
    hpo_outcome outcome;
    bool lost = false;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    CHECK_OK(hpo_worker_create(spec, NULL, NULL, &worker, &err));
    hpo_transport transport = hpo_local_open(worker, 1, spec, catalog());
    const hpo_controller_env env = {
        .study = study, .transport = transport, .identity = hpo_worker_identity(spec, catalog()), .one_process = true};
    CHECK_OK(hpo_controller_run(&env, &outcome, &lost, &err));
    print_study(study, text);
    transport.ops->close(transport.self, false);
    hpo_worker_destroy(worker);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

static const char *const studies[] = {
    "method: random\nbudget: {trials: 40}\n",
    "method: tpe\nbudget: {trials: 40}\n",
    "method: gp\nbudget: {trials: 20}\n",
    "method: grid\n",
    "method: random\nbudget: {trials: 200, target: 0.4}\n",
    "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {cost: 200}\n",
    "method: bohb\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 60}\n",
    "method: asha\nfidelity: {epochs: {min: 1, max: 27}}\nbudget: {trials: 60}\n",
    "method: {name: asha, mode: stopping}\nfidelity: {epochs: {min: 1, max: 27}}\nbudget: {trials: 60}\n",
    "method: median-stop\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 40}\n",
};

/* ---- tests ---- */

static void test_the_records_are_those_of_a_run(void **state) {
    (void)state;
    static const size_t workers[] = {1, 3, 8};
    for (size_t i = 0; i < CHECK_COUNT(studies); i++)
        for (size_t k = 0; k < CHECK_COUNT(workers); k++) {
            base_buf want = {0};
            watching w = {0};
            bench_simulated out;
            simulate(studies[i], workers[k], &w, &out);
            control(studies[i], workers[k], &want);
            assert_true(w.text.length > 200);
            assert_string_equal(base_buf_text(&w.text), base_buf_text(&want));
            assert_true(out.evaluations > 0 && out.evaluations >= w.results);
            assert_true(out.time > 0 && out.busy <= (double)workers[k] * out.time * (1 + 1e-12));
            base_buf_fini(&w.text);
            base_buf_fini(&want);
        }
}

/* One worker is never idle; several wait for the last results only where nothing is promoted. */
static void test_times_add_up(void **state) {
    (void)state;
    watching w = {0};
    bench_simulated one, four;
    simulate(studies[0], 1, &w, &one);
    CHECK_NEAR(one.busy, one.time, 1e-9 * one.time);
    assert_int_equal(one.evaluations, 40);
    assert_int_equal(one.suggestions, 40);
    assert_true(one.thinking == 0);
    w.now = 0;
    simulate(studies[0], 4, &w, &four);
    CHECK_NEAR(four.busy, one.busy, 1e-9 * one.busy); /* random search: the same trials */
    assert_true(four.time > one.time / 4 && four.time < one.time / 4 + 4);
    base_buf_fini(&w.text);
}

static void test_more_workers_than_trials(void **state) {
    (void)state;
    watching w = {0};
    bench_simulated out;
    simulate(studies[0], 5000, &w, &out);
    assert_int_equal(out.evaluations, 40);
    assert_true(out.time <= 4); /* the longest of them */
    base_buf_fini(&w.text);
}

static void test_programs_are_refused(void **state) {
    (void)state;
    base_err err;
    hpo_study_spec *spec;
    bench_simulated out;
    static const char text[] = "objective: program\nmetric: {name: loss, goal: minimize}\ndeterministic: true\nseed: "
                               "1\nworkers: 1\nbudget: {trials: 1}\nparameters: {x: {min: 0.0, max: 1.0}}\n";
    CHECK_OK(hpo_study_read(catalog(), "s.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err));
    assert_int_equal(bench_simulate(spec, &(bench_simulation_env){0}, &out, &err), BASE_UNSUPPORTED);
    CHECK_CONTAINS(err.text, "the objective program runs programs");
    hpo_study_spec_destroy(spec);
}

/* Two studies share an instance. The virtual time of a promotion is what it adds to the fidelity: every evaluation
 * finds the checkpoint that it goes on from, and nothing is left of them. */
static void test_objectives_with_checkpoints(void **state) {
    (void)state;
    static const char text[] = "objective: climb\nmetric: {name: loss, goal: minimize}\ndeterministic: true\nseed: 1\n"
                               "workers: 1\nbudget: {trials: 9}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                               "fidelity: {z: {min: 1, max: 9}}\nmethod: successive-halving\n";
    const check_tmpdir dir = check_tmpdir_create();
    base_err err;
    hpo_study_spec *spec;
    hpo_instance *instance;
    CHECK_OK(hpo_study_read(catalog(), "s.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err));
    CHECK_OK(hpo_instance_create(spec, 0, &instance, &err));
    for (int i = 0; i < 2; i++) {
        watching w = {0};
        bench_simulated out;
        const bench_watcher watcher = {.watch = watch, .self = &w};
        const bench_simulation_env env = {.watcher = &watcher, .instance = instance, .folder = dir.path};
        CHECK_OK(bench_simulate(spec, &env, &out, &err));
        assert_int_equal(out.evaluations, 13); /* 9 to z = 1, 3 of them to 3, one to 9 */
        CHECK_NEAR(out.time, 9 * 1 + 3 * 2 + 1 * 6, 1e-12);
        assert_null(strstr(base_buf_text(&w.text), "gone"));
        CHECK_CONTAINS(base_buf_text(&w.text), "fidelity 0x1.2p+3");
        base_buf_fini(&w.text);
        assert_int_equal(rmdir(check_tmpdir_file(&dir, "trial-0")), -1); /* it is gone already */
    }
    hpo_instance_destroy(instance);
    hpo_study_spec_destroy(spec);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_records_are_those_of_a_run), cmocka_unit_test(test_times_add_up),
        cmocka_unit_test(test_more_workers_than_trials),       cmocka_unit_test(test_programs_are_refused),
        cmocka_unit_test(test_objectives_with_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
