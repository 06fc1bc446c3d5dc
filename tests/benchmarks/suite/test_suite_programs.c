/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs in virtual time: the records are those of a function that says the same, failures are results, and what a
 * cell leaves in its folder. */
#include "benchmarks/suite/programs.h"

#include "tests/support/check.h"

/* x^2 + 1/step at every step, x whole. */
static base_status plain_evaluate(void *state, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                  base_err *err) {
    (void)state, (void)err;
    for (int step = 1; step <= (int)job->fidelity; step++) {
        hpo_metrics metrics = {0};
        hpo_metrics_set(&metrics, "loss", job->config[0] * job->config[0] + 60.0 / step);
        if (step < (int)job->fidelity) reporter->report(reporter->self, step, &metrics);
        out->metrics = metrics;
    }
    return BASE_OK;
}

/* The same in a shell, whose numbers are whole. 0 ends badly. */
typedef struct shell_run {
    char line[4096];
    size_t length;
    double last, step, to;
} shell_run;

static base_status shell_launch(void *state, const hpo_job *job, base_arena *arena, hpo_program *out, base_err *err) {
    (void)state, (void)err;
    char **argv = BASE_NEW_ARRAY(arena, 4, char *);
    shell_run *run = BASE_NEW(arena, shell_run);
    run->to = job->fidelity;
    argv[0] = base_arena_strdup(arena, "sh");
    argv[1] = base_arena_strdup(arena, "-c");
    argv[2] = base_arena_printf(arena,
                                "[ %d -ne 0 ] || { echo it hurts >&2; exit 3; }\n"
                                "for k in 1 2 3 4; do [ $k -gt %d ] || echo $((%d * %d + 60 / k)); done",
                                (int)job->config[0], (int)job->fidelity, (int)job->config[0], (int)job->config[0]);
    *out = (hpo_program){.name = "sh", .argv = argv, .cwd = "/", .run = run};
    return BASE_OK;
}

static void shell_feed(void *self, const char *bytes, size_t length, const hpo_reporter *reporter) {
    shell_run *run = self;
    for (size_t i = 0; i < length; i++) {
        run->line[run->length++] = bytes[i];
        if (bytes[i] != '\n') continue;
        hpo_metrics metrics = {0};
        run->last = strtod(run->line, NULL);
        hpo_metrics_set(&metrics, "loss", run->last);
        if (++run->step < run->to) reporter->report(reporter->self, run->step, &metrics);
        run->length = 0;
    }
}

static bool shell_complete(const void *self) {
    const shell_run *run = self;
    return run->step >= run->to;
}

static void shell_finish(void *self, const hpo_reporter *reporter) {
    (void)self, (void)reporter;
}

static base_status shell_result(void *self, hpo_result *out, base_err *err) {
    (void)err;
    hpo_metrics_set(&out->metrics, "loss", ((const shell_run *)self)->last);
    return BASE_OK;
}

static const hpo_program_ops shell_ops = {.launch = shell_launch,
                                          .feed = shell_feed,
                                          .complete = shell_complete,
                                          .finish = shell_finish,
                                          .result = shell_result};
static const hpo_objective_type plain = {.name = "plain", .summary = "a function", .evaluate = plain_evaluate};
static const hpo_objective_type shell = {.name = "shell", .summary = "a program", .program = &shell_ops};
static const hpo_objective_type *const objectives[] = {&plain, &shell};
static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 2, .version = "test"};

typedef struct outcome {
    base_buf records;
    size_t stops;
    bench_simulated sum;
} outcome;

static void watch(void *self, const hpo_study *study, const hpo_record *record, double now) {
    (void)study;
    outcome *o = self;
    o->stops += record->stop;
    base_buf_printf(&o->records, "%d %llu %g %.17g %d %.17g\n", (int)record->kind, (unsigned long long)record->trial,
                    record->fidelity, record->kind == HPO_RECORD_START ? record->config[0] : record->value,
                    record->stop, now);
}

/* With programs when folder is given. */
static void simulate(const char *objective, const char *low, const char *method, const char *folder, outcome *out) {
    base_err err = {0};
    char text[512];
    hpo_study_spec *spec;
    bench_programs *programs = NULL;
    snprintf(text, sizeof text,
             "objective: %s\nmetric: {name: loss, goal: minimize}\ndeterministic: true\nseed: 3\nworkers: 3\n"
             "method: %s\nfidelity: {steps: {min: 1, max: 4}}\nbudget: {trials: 12}\nrepeats: true\n"
             "parameters: {x: {min: %s, max: 20}}\n",
             objective, method, low);
    CHECK_OK(hpo_study_read(&catalog, "/s.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err));
    if (folder) CHECK_OK(bench_programs_start(spec, &catalog, text, folder, &programs, &err));
    const bench_evaluator evaluator = bench_programs_evaluator(programs);
    const bench_watcher watcher = {.watch = watch, .self = out};
    const bench_simulation_env env = {.watcher = &watcher, .evaluator = folder ? &evaluator : NULL};
    CHECK_OK(bench_simulate(spec, &env, &out->sum, &err));
    bench_programs_stop(programs);
    hpo_study_spec_destroy(spec);
}

static void records_are_those_of_a_function(void **state) {
    (void)state;
    static const char *const methods[] = {"random", "{sampler: random, scheduler: median-stop}", "hyperband"};
    for (size_t i = 0; i < CHECK_COUNT(methods); i++) {
        check_tmpdir dir = check_tmpdir_create();
        outcome want = {0}, got = {0};
        simulate("plain", "1", methods[i], NULL, &want);
        simulate("shell", "1", methods[i], dir.path, &got);
        assert_string_equal(base_buf_text(&got.records), base_buf_text(&want.records));
        assert_true((want.stops > 0) == (i == 1));
        assert_true(want.sum.evaluations >= 12 && want.sum.evaluations == got.sum.evaluations);
        CHECK_NEAR(got.sum.time, want.sum.time, 0);
        assert_int_not_equal(access(check_tmpdir_file(&dir, "trials"), F_OK), 0); /* nothing is left */
        base_buf_fini(&want.records);
        base_buf_fini(&got.records);
        check_tmpdir_remove(&dir);
    }
}

static void failures_are_results_and_leave_their_logs(void **state) {
    (void)state;
    base_err err = {0};
    base_buf log = {0};
    outcome got = {0};
    check_tmpdir dir = check_tmpdir_create();
    /* {0, 20} only */
    simulate("shell", "0, step: 20", "random", dir.path, &got);
    assert_int_equal(got.sum.evaluations, 12);
    CHECK_CONTAINS(base_buf_text(&got.records), " 4 nan 0 ");
    CHECK_CONTAINS(base_buf_text(&got.records), " 4 415 0 ");
    bool hurt = false;
    for (int trial = 0; trial < 12; trial++) {
        char name[64];
        snprintf(name, sizeof name, "trials/%d/log", trial);
        log.length = 0;
        CHECK_OK(base_read_file(check_tmpdir_file(&dir, name), &log, &err));
        hurt = hurt || strstr(base_buf_text(&log), "it hurts");
    }
    assert_true(hurt);
    base_buf_fini(&log);
    base_buf_fini(&got.records);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_those_of_a_function),
        cmocka_unit_test(failures_are_results_and_leave_their_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
