/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process objective that does what its configuration says. */
#include "tests/hpo/dispatch/deeds.h"

#include <poll.h>

#include "base/clock.h"
#include "tests/support/misbehave.h"

/* A fault is to end a process as it does without a sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "handle_segv=0:handle_abort=0:allocator_may_return_null=1:detect_leaks=0";
}

typedef struct deeds_state {
    int init;
    const hpo_space *space;
} deeds_state;

enum { INIT_OK, INIT_FAIL, INIT_CRASH, INIT_EXIT };
static const char *const init_choices[] = {"ok", "fail", "crash", "exit", NULL};
static const base_option deeds_options[] = {
    {.name = "init",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(deeds_state, init),
     .fallback = "ok",
     .choices = init_choices,
     .help = "what init does"},
    BASE_OPTIONS_END,
};

static base_status deeds_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    deeds_state *state = self;
    (void)arena;
    state->space = env->space;
    printf("init speaks\n");
    if (state->init == INIT_FAIL) return BASE_FAIL(err, BASE_NOTFOUND, "there is no data set 'mnits'");
    if (state->init == INIT_CRASH) misbehave("segfault");
    if (state->init == INIT_EXIT) misbehave("exit3");
    return BASE_OK;
}

static void work_until_stopped(const hpo_reporter *reporter) {
    while (reporter->verdict(reporter->self) == HPO_CONTINUE) base_sleep(0.002);
}

static base_status report_steps(const hpo_reporter *reporter) {
    hpo_metrics metrics = {0};
    for (int step = 1; step <= 5; step++) {
        hpo_metrics_set(&metrics, "loss", 1.0 / step);
        if (reporter->report(reporter->self, step, &metrics) == HPO_STOP) return BASE_CANCELLED;
    }
    return BASE_OK;
}

static void lock_at_exit(void) {
    misbehave("hang");
}

static base_status deeds_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                  base_err *err) {
    deeds_state *state = self;
    const char *deed = hpo_space_value(state->space, job->config, 0).text;
    hpo_metrics_set(&out->metrics, "loss", strcmp(deed, "nan") == 0 ? NAN : 0.25);
    hpo_metrics_set(&out->metrics, "fidelity", job->fidelity);
    if (strcmp(deed, "error") == 0) return BASE_FAIL(err, BASE_INVALID, "batch_size must be a multiple of 8");
    if (strcmp(deed, "nomem") == 0) return BASE_FAIL(err, BASE_NOMEM, "a tensor of 1 TiB could not be had");
    if (strcmp(deed, "numeric") == 0) return BASE_FAIL(err, BASE_NUMERIC, "the loss is not finite in epoch 2");
    if (strcmp(deed, "report") == 0) return report_steps(reporter);
    if (strcmp(deed, "lock") == 0) atexit(lock_at_exit);
    if (strcmp(deed, "late") == 0) work_until_stopped(reporter);
    if (strcmp(deed, "stoppable") == 0) {
        work_until_stopped(reporter);
        return BASE_CANCELLED;
    }
    misbehave(deed);
    return BASE_OK;
}

static const hpo_objective_type deeds_objective = {
    .name = "deeds",
    .summary = "does what its configuration says",
    .options = deeds_options,
    .state_size = sizeof(deeds_state),
    .init = deeds_init,
    .evaluate = deeds_evaluate,
};

const hpo_catalog *deeds_catalog(void) {
    static const hpo_objective_type *const objectives[] = {&deeds_objective};
    static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "test 1"};
    return &catalog;
}

static const char study_end[] =
    "metric: {name: loss, goal: minimize}\n"
    "method: random\n"
    "budget: {trials: 1000}\n"
    "parameters:\n"
    "  deed: {values: [ok, nan, error, nomem, numeric, report, stoppable, late, segfault, abort, exit3, exit0, kill9,\n"
    "                  hang, sleep, eat, gulp, flood, daemon, brood, garbage]}\n";

static void read_and_start(deeds_server *self, size_t length, uint64_t seed) {
    base_err err;
    const hpo_catalog *catalog = deeds_catalog();
    CHECK_OK(hpo_study_read(catalog, "deeds.yaml", self->text, length, NULL, 0, &seed, &self->spec, &err));
    CHECK_OK(hpo_forkserver_start(catalog, &self->server, &err));
}

base_status deeds_start(deeds_server *self, const char *objective, const char *settings, base_err *err) {
    *self = (deeds_server){.dir = check_tmpdir_create()};
    int length = snprintf(self->text, sizeof self->text, "objective: %s\n%s%s", objective, settings, study_end);
    assert_true(length > 0 && (size_t)length < sizeof self->text);
    uint64_t seed = 7;
    read_and_start(self, (size_t)length, seed);
    hpo_forkserver_study study = {.file = "deeds.yaml",
                                  .text = self->text,
                                  .length = (size_t)length,
                                  .seed = seed,
                                  .run_dir = self->dir.path,
                                  .log_path = check_tmpdir_file(&self->dir, "worker.log")};
    return hpo_forkserver_init(self->server, &study, err);
}

void deeds_stop(deeds_server *self) {
    hpo_forkserver_stop(self->server);
    hpo_study_spec_destroy(self->spec);
    check_tmpdir_remove(&self->dir);
}

hpo_message deeds_job(const deeds_server *self, uint64_t trial, const char *deed, double *value) {
    const hpo_param *param = hpo_space_param(self->spec->space, 0);
    *value = NAN;
    for (size_t i = 0; i < param->n_choices; i++)
        if (strcmp(param->choices[i].text, deed) == 0) *value = (double)i;
    assert_true(*value >= 0);
    return (hpo_message){.kind = HPO_MESSAGE_JOB,
                         .trial = trial,
                         .attempt = 1,
                         .rung = 2,
                         .fidelity = 1,
                         .parent = UINT64_MAX,
                         .config = value,
                         .n_config = 1};
}

void deeds_send(deeds_server *self, uint64_t trial, const char *deed) {
    base_err err;
    double value;
    hpo_message job = deeds_job(self, trial, deed, &value);
    CHECK_OK(hpo_forkserver_send(self->server, &job, &err));
}

void deeds_send_stop(deeds_server *self, uint64_t trial, hpo_stop_reason reason) {
    base_err err;
    hpo_message stop = {.kind = HPO_MESSAGE_STOP, .trial = trial, .attempt = 1, .stop = reason};
    CHECK_OK(hpo_forkserver_send(self->server, &stop, &err));
}

hpo_message deeds_receive(deeds_server *self, double seconds) {
    hpo_message message;
    base_err err;
    base_status status;
    double give_up = base_monotonic() + seconds;
    while ((status = hpo_forkserver_receive(self->server, &message, &err)) == BASE_END) {
        struct pollfd wait = {.fd = hpo_forkserver_fd(self->server), .events = POLLIN};
        double left = give_up - base_monotonic();
        if (left <= 0) fail_msg("no message within %g s", seconds);
        poll(&wait, 1, (int)(left * 1000) + 1);
    }
    CHECK_OK(status);
    return message;
}

hpo_result deeds_result(deeds_server *self, uint64_t trial, double seconds) {
    hpo_message message;
    do message = deeds_receive(self, seconds);
    while (message.kind == HPO_MESSAGE_REPORT);
    assert_int_equal(message.kind, HPO_MESSAGE_RESULT);
    assert_int_equal(message.trial, trial);
    assert_int_equal(message.attempt, 1);
    assert_int_equal(message.rung, 2);
    return message.result;
}

hpo_result deeds_run(deeds_server *self, uint64_t trial, const char *deed, double seconds) {
    deeds_send(self, trial, deed);
    return deeds_result(self, trial, seconds);
}
