/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of an objective: options, init, evaluations, fini; the same in a rank and in a fork server.
 *
 * What evaluate returns becomes a failure here and nowhere else: NUMERIC is a diverged training (nan), NOMEM a lack of
 * memory (oom), CANCELLED the answer to a stop (interrupted), anything else an error with its sentence. An objective
 * that knows better (how a command died) sets the failure itself. */
#include "hpo/dispatch/instance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hpo_instance {
    const hpo_study_spec *spec;
    base_arena *arena;
    void *state;
    bool begun; /* init succeeded, so fini is owed */
};

base_status hpo_instance_create(const hpo_study_spec *spec, uint32_t worker, hpo_instance **out, base_err *err) {
    const hpo_objective_type *type = spec->objective;
    hpo_instance *instance = base_calloc(1, sizeof *instance);
    *instance = (hpo_instance){.spec = spec, .arena = base_arena_create()};
    instance->state = base_arena_alloc(instance->arena, type->state_size);
    hpo_objective_env env = hpo_study_objective_env(spec);
    env.worker = worker;
    base_status status = BASE_OK;
    if (type->options) status = base_options_read(type->options, spec->settings, instance->state, instance->arena, err);
    if (status == BASE_OK && type->init) status = type->init(instance->state, &env, instance->arena, err);
    instance->begun = status == BASE_OK;
    if (status == BASE_CORRUPT || status == BASE_IO) { /* of a data set, not of the run's folder: the user's to mend */
        status = BASE_INVALID;
        if (err) err->code = status;
    }
    *out = instance->begun ? instance : NULL;
    if (!instance->begun) hpo_instance_destroy(instance);
    return status;
}

void hpo_instance_destroy(hpo_instance *instance) {
    if (!instance) return;
    const hpo_objective_type *type = instance->spec->objective;
    if (instance->begun && type->fini) type->fini(instance->state);
    base_arena_destroy(instance->arena);
    free(instance);
}

base_status hpo_instance_job(const hpo_instance *instance, const hpo_message *message, hpo_job *job, base_err *err) {
    size_t count = hpo_space_count(instance->spec->space);
    if (message->n_config != count)
        return BASE_FAIL(err, BASE_CORRUPT, "a job brings %zu parameters, but the study has %zu", message->n_config,
                         count);
    *job = (hpo_job){.trial = message->trial,
                     .attempt = message->attempt,
                     .rung = message->rung,
                     .config = message->config,
                     .fidelity = message->fidelity,
                     .from = message->from,
                     .seed = message->seed,
                     .parent = message->parent,
                     .parent_fidelity = message->parent_fidelity,
                     .limits = instance->spec->limits};
    return BASE_OK;
}

const hpo_goal *hpo_instance_goals(const hpo_instance *instance, size_t *count) {
    *count = instance->spec->n_goals;
    return instance->spec->goals;
}

bool hpo_instance_replicates(const hpo_instance *instance) {
    return hpo_study_replicates(instance->spec);
}

hpo_constraints hpo_instance_constraints(const hpo_instance *instance) {
    return instance->spec->constraints;
}

bool hpo_instance_optimum(const hpo_instance *instance, double *value) {
    const hpo_objective_type *type = instance->spec->objective;
    return type->optimum && type->optimum(instance->state, value);
}

const hpo_program_ops *hpo_instance_program(const hpo_instance *instance) {
    return instance->spec->objective->program;
}

base_status hpo_instance_launch(hpo_instance *instance, const hpo_job *job, base_arena *arena, hpo_program *out,
                                base_err *err) {
    *out = (hpo_program){0};
    return hpo_instance_program(instance)->launch(instance->state, job, arena, out, err);
}

void hpo_result_begin(hpo_result *result) {
    result->failure = HPO_FAILURE_NONE;
    result->code = 0;
    result->metrics.count = 0;
    result->cost = NAN;
    result->seconds = 0;
    result->reached = NAN;
    result->notices = 0;
    result->note[0] = '\0';
    result->reason[0] = '\0';
    result->artefact[0] = '\0';
}

void hpo_result_fail(hpo_result *result, hpo_failure failure, int code, const char *fmt, ...) {
    char reason[2 * sizeof result->reason]; /* fmt may print the old reason */
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    if (length >= (int)sizeof result->reason) strcpy(reason + sizeof result->reason - sizeof "...", "...");
    result->failure = failure;
    result->code = code;
    result->metrics.count = 0;
    result->artefact[0] = '\0';
    strcpy(result->reason, reason);
}

static hpo_failure failure_of(base_status status) {
    switch (status) {
    case BASE_OK: return HPO_FAILURE_NONE;
    case BASE_NUMERIC: return HPO_FAILURE_NAN;
    case BASE_NOMEM: return HPO_FAILURE_OOM;
    case BASE_CANCELLED: return HPO_FAILURE_INTERRUPTED;
    default: return HPO_FAILURE_ERROR;
    }
}

void hpo_instance_evaluate(hpo_instance *instance, const hpo_job *job, const hpo_reporter *reporter,
                           hpo_result *result) {
    base_err err;
    err.text[0] = '\0'; /* 500 bytes that most evaluations never look at */
    hpo_result_begin(result);
    base_status status = instance->spec->objective->evaluate(instance->state, job, reporter, result, &err);
    if (status == BASE_OK) return;
    if (result->failure == HPO_FAILURE_NONE)
        hpo_result_fail(result, failure_of(status), 0, "%s", *err.text ? err.text : base_status_text(status));
}
