/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A process objective that does what its configuration says. */
#include "tests/hpo/dispatch/deeds.h"

#include "tests/support/misbehave.h"

typedef struct deeds_state {
    int init;
    const hpo_space *space;
} deeds_state;

enum { INIT_OK, INIT_FAIL, INIT_CRASH, INIT_EXIT, INIT_SLEEP, INIT_KILL };
static const char *const init_choices[] = {"ok", "fail", "crash", "exit", "sleep", "kill", NULL};
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
    if (state->init == INIT_SLEEP) misbehave("sleep");
    if (state->init == INIT_KILL) misbehave("kill9");
    return BASE_OK;
}

static void work_until_stopped(const hpo_reporter *reporter) {
    /* usleep, because ThreadSanitizer delivers signals only inside calls that it knows */
    while (reporter->verdict(reporter->self) == HPO_CONTINUE) usleep(2000);
}

static base_status report_steps(const hpo_reporter *reporter) {
    hpo_metrics metrics = {0};
    for (int step = 1; step <= 5; step++) {
        hpo_metrics_set(&metrics, "loss", 1.0 / step);
        if (reporter->report(reporter->self, step, &metrics) != HPO_CONTINUE) return BASE_CANCELLED;
    }
    return BASE_OK;
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
    if (strcmp(deed, "late") == 0) work_until_stopped(reporter);
    if (strcmp(deed, "verdict") == 0) {
        work_until_stopped(reporter);
        base_buf path = {0};
        base_buf_printf(&path, "%s/verdict", job->folder);
        const char *said = reporter->verdict(reporter->self) == HPO_ABANDON ? "abandon" : "stop";
        base_status status = base_write_file(base_buf_text(&path), said, strlen(said), err);
        base_buf_fini(&path);
        return status == BASE_OK ? BASE_CANCELLED : status;
    }
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

static const char study_end[] = "metric: {name: loss, goal: minimize}\n"
                                "method: random\n"
                                "budget: {trials: 1000}\n"
                                "parameters:\n"
                                "  deed: {values: [ok, nan, error, nomem, numeric, report, stoppable, verdict, late, "
                                "segfault, abort, exit3, exit0,\n"
                                "                  kill9, hang, sleep, eat, gulp, flood, daemon, brood, garbage]}\n";

base_status deeds_start(trial_server *self, const char *objective, const char *settings, base_err *err) {
    char text[1024];
    int length = snprintf(text, sizeof text, "objective: %s\n%s%s", objective, settings, study_end);
    assert_true(length > 0 && (size_t)length < sizeof text);
    return trial_server_start(self, deeds_catalog(), text, err);
}

hpo_message deeds_job(const trial_server *self, uint64_t trial, const char *deed, double *value) {
    const hpo_param *param = hpo_space_param(self->spec->space, 0);
    *value = -1;
    for (size_t i = 0; i < param->n_choices; i++)
        if (strcmp(param->choices[i].text, deed) == 0) *value = (double)i;
    assert_true(*value >= 0);
    return trial_server_job(self, trial, value);
}

void deeds_send(trial_server *self, uint64_t trial, const char *deed) {
    double value;
    hpo_message job = deeds_job(self, trial, deed, &value);
    trial_server_send(self, &job);
}

hpo_result deeds_run(trial_server *self, uint64_t trial, const char *deed, double seconds) {
    deeds_send(self, trial, deed);
    return trial_server_result(self, trial, seconds);
}
