/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/suite/programs.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/dispatch/forkserver.h"
#include "hpo/dispatch/leftovers.h"

struct bench_programs {
    hpo_forkserver *server;
    const hpo_study_spec *spec;
    const char *folder;
    bool failed; /* an evaluation */
};

base_status bench_programs_start(const hpo_study_spec *spec, const hpo_catalog *catalog, const char *text,
                                 const char *folder, bench_programs **out, base_err *err) {
    base_arena *arena = base_arena_create();
    bench_programs *p = base_calloc(1, sizeof *p);
    const hpo_forkserver_study study = {.file = spec->file,
                                        .text = text,
                                        .length = strlen(text),
                                        .seed = spec->seed,
                                        .run_dir = folder,
                                        .log_path = base_arena_printf(arena, "%s/programs.log", folder)};
    *p = (bench_programs){.spec = spec, .folder = folder};
    base_status status = hpo_forkserver_start(catalog, &p->server, err);
    if (status == BASE_OK) status = hpo_forkserver_init(p->server, &study, err);
    base_arena_destroy(arena);
    *out = status == BASE_OK ? p : NULL;
    if (status != BASE_OK) bench_programs_stop(p);
    return status;
}

static base_status receive(bench_programs *p, hpo_message *message, base_err *err) {
    base_status status;
    while ((status = hpo_forkserver_receive(p->server, message, err)) == BASE_END) {
        struct pollfd wait = {.fd = hpo_forkserver_fd(p->server), .events = POLLIN};
        poll(&wait, 1, -1);
    }
    return status;
}

/* What has nothing to do with the configuration ends the study: another run of it would find something else. */
static base_status judge(bench_programs *p, const hpo_result *result, base_err *err) {
    const hpo_failure f = result->failure;
    p->failed |= f != HPO_FAILURE_NONE;
    if (f != HPO_FAILURE_LOST && f != HPO_FAILURE_STORAGE && f != HPO_FAILURE_INTERRUPTED) return BASE_OK;
    return BASE_FAIL(err, BASE_IO, "%s", result->reason);
}

static base_status evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *result,
                            base_err *err) {
    bench_programs *p = self;
    hpo_message message = {.kind = HPO_MESSAGE_JOB,
                           .trial = job->trial,
                           .attempt = job->attempt,
                           .rung = job->rung,
                           .fidelity = job->fidelity,
                           .from = job->from,
                           .seed = job->seed,
                           .parent = job->parent,
                           .parent_fidelity = job->parent_fidelity,
                           .config = job->config,
                           .n_config = hpo_space_count(p->spec->space)};
    BASE_TRY(hpo_forkserver_send(p->server, &message, err));
    do {
        BASE_TRY(receive(p, &message, err));
        if (message.kind == HPO_MESSAGE_REPORT) reporter->report(reporter->self, message.step, &message.result.metrics);
    } while (message.kind != HPO_MESSAGE_RESULT);
    *result = message.result;
    double values[HPO_MAX_GOALS];
    hpo_constraints_judge(p->spec->constraints, result);
    (void)hpo_result_judge(result, p->spec->goals, p->spec->n_goals, values); /* as the worker does */
    return judge(p, result, err);
}

bench_evaluator bench_programs_evaluator(bench_programs *programs) {
    return (bench_evaluator){.evaluate = evaluate, .self = programs};
}

void bench_programs_stop(bench_programs *p) {
    if (!p) return;
    base_arena *arena = base_arena_create();
    const char *trials = base_arena_printf(arena, "%s/trials", p->folder);
    hpo_forkserver_stop(p->server);
    if (!p->failed) {
        (void)hpo_leftovers_delete(trials);
        (void)rmdir(trials);
    }
    base_arena_destroy(arena);
    free(p);
}
