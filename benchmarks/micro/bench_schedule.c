/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a scheduler thinks: bench_schedule [SCHEDULER [TRIALS [WORKERS]]], by default every scheduler, 100,000
 * trials and 64 workers.
 *
 * Random losses that shrink with fidelity; evaluations report at every unit of fidelity where reports are used. Prints
 * the mean and the worst time of a decision (what to do next) and of a verdict (may a trial go on after a report) in
 * microseconds, and how long a scheduler takes that has to read everything first. Run it on a quiet machine. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/rng.h"
#include "hpo/schedulers/scheduler.h"

enum { MAX_WORKERS = 1 << 16, MAX_FIDELITY = 27 };

typedef struct job {
    uint64_t trial;
    double step;
} job;

typedef struct timing {
    uint64_t n;
    double sum, worst;
} timing;

typedef struct bench {
    const hpo_scheduler_type *type;
    hpo_scheduler_env env;
    hpo_scheduler *scheduler;
    hpo_history *history;
    bool reports;
    uint64_t trials;
    size_t n, workers;
    job running[MAX_WORKERS];
    base_rng rng;
    timing next, stop;
} bench;

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void took(timing *t, double begun) {
    const double us = now_us() - begun;
    t->n++;
    t->sum += us;
    t->worst = fmax(t->worst, us);
}

static void apply(bench *b, const hpo_record *record) {
    base_err err;
    if (hpo_history_apply(b->history, record, &err) == BASE_OK) return;
    fprintf(stderr, "%s\n", err.text);
    abort();
}

static double loss_at(bench *b, uint64_t trial, double step) {
    base_rng own = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)trial, 0);
    return base_rng_uniform(&own) + (1 + 0.2 * base_rng_uniform(&b->rng)) / step;
}

/* False when nothing is left to do. */
static bool ask(bench *b) {
    const hpo_view view = hpo_history_view(b->history);
    const bool may_start = hpo_view_trials(view) < b->trials;
    hpo_decision d;
    base_err err;
    const double begun = now_us();
    if (hpo_scheduler_next(b->scheduler, view, may_start, &d, &err) != BASE_OK) abort();
    took(&b->next, begun);
    if (d.kind == HPO_DECIDE_WAIT || d.kind == HPO_DECIDE_DONE) return false;
    const double config = 0.5;
    hpo_record record = {.trial = d.trial, .bracket = d.bracket, .rung = d.rung, .fidelity = d.fidelity};
    record.as_of = view.as_of;
    record.parent = UINT64_MAX;
    if (d.kind == HPO_DECIDE_CLOSE) {
        record.kind = HPO_RECORD_CLOSE;
        apply(b, &record);
        return true;
    }
    record.kind = d.kind == HPO_DECIDE_START ? HPO_RECORD_START : HPO_RECORD_PROMOTE;
    if (d.kind == HPO_DECIDE_START) {
        record.trial = hpo_view_trials(view);
        record.config = &config;
    }
    apply(b, &record);
    b->running[b->n++] = (job){.trial = record.trial};
    return true;
}

static void advance(bench *b) {
    const size_t pick = (size_t)base_rng_below(&b->rng, b->n);
    job *j = &b->running[pick];
    const hpo_trial trial = hpo_view_trial(hpo_history_view(b->history), j->trial);
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = j->trial,
                         .rung = trial.rung,
                         .fidelity = trial.fidelity,
                         .result = {.cost = 1}};
    bool ends = true;
    if (b->reports && j->step < trial.fidelity) {
        record.kind = HPO_RECORD_REPORT;
        record.fidelity = ++j->step;
        record.value = loss_at(b, j->trial, j->step);
        apply(b, &record);
        const double begun = now_us();
        ends = hpo_scheduler_should_stop(b->scheduler, hpo_history_view(b->history), j->trial);
        took(&b->stop, begun);
        if (ends) hpo_history_stop(b->history, &record);
    } else {
        record.value = loss_at(b, j->trial, trial.fidelity);
        record.final = trial.fidelity >= b->env.max_fidelity;
        apply(b, &record);
    }
    if (ends) *j = b->running[--b->n];
}

static hpo_scheduler *create(const bench *b, const base_yaml_node *options) {
    hpo_scheduler *scheduler;
    base_err err;
    if (hpo_scheduler_create(b->type, options, &b->env, &scheduler, &err) == BASE_OK) return scheduler;
    fprintf(stderr, "%s\n", err.text);
    abort();
}

static bool has_modes(const hpo_scheduler_type *type) {
    return type->options && base_options_find(type->options, "mode");
}

static void measure(const char *label, const hpo_scheduler_type *type, const char *text, uint64_t trials,
                    size_t workers) {
    base_err err;
    base_yaml_node *options = NULL;
    hpo_space *space = hpo_space_create();
    const hpo_param x = {.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1};
    if (hpo_space_add(space, &x, &err) != BASE_OK || hpo_space_seal(space, &err) != BASE_OK) abort();
    if (text && base_yaml_parse(hpo_space_arena(space), "options", text, strlen(text), &options, &err) != BASE_OK)
        abort();
    bench *b = base_calloc(1, sizeof *b);
    *b = (bench){.type = type,
                 .env = {.space = space, .has_fidelity = true, .min_fidelity = 1, .max_fidelity = MAX_FIDELITY},
                 .history = hpo_history_create(space, false, MAX_FIDELITY),
                 .reports = type->should_stop && (text || !has_modes(type)),
                 .trials = trials,
                 .workers = workers,
                 .rng = base_rng_stream(1, BASE_RNG_TEST, 1, 1)};
    b->scheduler = create(b, options);
    for (;;) {
        while (b->n < b->workers && ask(b)) {
        }
        if (b->n == 0) break;
        advance(b);
    }
    hpo_scheduler *fresh = create(b, options);
    hpo_decision d;
    const double begun = now_us();
    if (hpo_scheduler_next(fresh, hpo_history_view(b->history), true, &d, &err) != BASE_OK) abort();
    const double cold = now_us() - begun;
    printf("%-26s %9" PRIu64 " decisions %7.3f us, worst %8.1f; %8" PRIu64
           " verdicts %7.3f us, worst %8.1f; anew %8.1f ms\n",
           label, b->next.n, b->next.sum / (double)b->next.n, b->next.worst, b->stop.n,
           b->stop.n ? b->stop.sum / (double)b->stop.n : 0, b->stop.worst, cold * 1e-3);
    hpo_scheduler_destroy(fresh);
    hpo_scheduler_destroy(b->scheduler);
    hpo_history_destroy(b->history);
    hpo_space_destroy(space);
    free(b);
}

int main(int argc, char **argv) {
    const uint64_t trials = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    const size_t workers = argc > 3 ? strtoul(argv[3], NULL, 10) : 64;
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    if (workers < 1 || workers > MAX_WORKERS) return fprintf(stderr, "1 to %d workers\n", MAX_WORKERS), 2;
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && strcmp(argv[1], types[i]->name) != 0) continue;
        measure(types[i]->name, types[i], NULL, trials, workers);
        if (!has_modes(types[i])) continue;
        char label[64];
        snprintf(label, sizeof label, "%s, stopping", types[i]->name);
        measure(label, types[i], "{mode: stopping}", trials, workers);
    }
    return 0;
}
