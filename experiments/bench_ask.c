/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long the suggestions of one whole study take: bench_ask STUDY.yaml, whose objective is `function`.
 *
 * The study is driven by ask and tell with one evaluation at a time: no journal, no process, nothing but what a library
 * that is asked in a loop would do. Prints for each evaluation its trial, the microseconds from the last result to this
 * suggestion and the value: those of `hpo_search STUDY.yaml` with `deterministic: true` and `workers: 1`. The time is
 * the processor's: on a busy machine a long suggestion waits for its turn more often than a short one. What reading the
 * clock takes by itself is taken off. benchmarks/peers puts such times beside those of other programs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "experiments/objectives/registry.h"
#include "hpo/study/study.h"

/* In a virtual machine this call takes half a microsecond. */
static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static base_status read_study(const char *path, hpo_study_spec **spec, base_err *err) {
    const hpo_objective_type *const objectives[] = {&obj_function};
    const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "bench_ask"};
    base_buf text = {0};
    base_status status = base_read_file(path, &text, err);
    if (status == BASE_OK) status = hpo_study_read(&catalog, path, text.data, text.length, NULL, 0, NULL, spec, err);
    base_buf_fini(&text);
    return status;
}

static base_status evaluate(hpo_study *study, void *state, uint64_t trial, hpo_result *result, base_err *err) {
    hpo_job job;
    hpo_study_job(study, trial, &job);
    return hpo_study_spec_of(study)->objective->evaluate(state, &job, NULL, result, err);
}

/* What a clock's two readings count without anything between them. */
static double clock_us(void) {
    double least = 1e9;
    for (int i = 0; i < 1000; i++) {
        const double start = now_us(), spent = now_us() - start;
        if (spent < least) least = spent;
    }
    return least;
}

/* The next suggestion, and the microseconds since `start`. Closed brackets on the way are included. */
static base_status ask(hpo_study *study, double start, hpo_ask_kind *kind, hpo_record *record, double *waited,
                       base_err *err) {
    do {
        BASE_TRY(hpo_study_ask(study, kind, record, err));
    } while (*kind == HPO_ASK_CLOSE);
    *waited = now_us() - start;
    if (*kind == HPO_ASK_WAIT) return BASE_FAIL(err, BASE_INTERNAL, "nothing runs and the study waits");
    return BASE_OK;
}

/* The time of telling counts, too: models may be brought up to date there. */
static base_status drive(hpo_study *study, void *state, base_err *err) {
    const double clock = clock_us();
    double waited;
    hpo_ask_kind kind;
    hpo_record record;
    BASE_TRY(ask(study, now_us(), &kind, &record, &waited, err));
    while (kind != HPO_ASK_DONE) {
        const uint64_t trial = record.trial;
        const double waited_for_it = waited;
        hpo_result result = {0};
        hpo_record told;
        BASE_TRY(evaluate(study, state, trial, &result, err));
        const double start = now_us();
        hpo_study_tell(study, trial, &result, 0, 0, &told);
        const double value = told.value;
        BASE_TRY(ask(study, start, &kind, &record, &waited, err));
        printf("%" PRIu64 " %.3f %.17g\n", trial, waited_for_it - clock, value);
    }
    return BASE_OK;
}

static base_status run(const hpo_study_spec *spec, base_err *err) {
    const hpo_objective_env env = {.space = spec->space,
                                   .settings = spec->settings,
                                   .fidelity = spec->fidelity,
                                   .seed = spec->seed,
                                   .metric = spec->goals[0].name,
                                   .base_dir = spec->base_dir};
    void *state = base_calloc(1, spec->objective->state_size);
    hpo_study *study = NULL;
    base_status status = spec->objective->init(state, &env, spec->arena, err);
    if (status == BASE_OK) status = hpo_study_create(spec, &study, err);
    if (status == BASE_OK) status = drive(study, state, err);
    hpo_study_destroy(study);
    free(state);
    return status;
}

int main(int argc, char **argv) {
    base_err err = {0};
    hpo_study_spec *spec = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_ask STUDY.yaml, with a seed and the objective function\n");
        return 2;
    }
    base_status status = read_study(argv[1], &spec, &err);
    if (status == BASE_OK) status = run(spec, &err);
    hpo_study_spec_destroy(spec);
    if (status != BASE_OK) fprintf(stderr, "%s\n", err.text);
    return status == BASE_OK ? 0 : 1;
}
