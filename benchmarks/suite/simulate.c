/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtual workers whose evaluations are computed when they begin, and told when their time has come.
 *
 * A heap holds the workers that are busy, the one with the earliest event on top, so that ten thousand of them cost
 * log n for each event. It holds the events' times themselves: workers lie too far apart to be compared in place. */
#include "benchmarks/suite/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

typedef struct report {
    double offset, step;
    hpo_metrics metrics;
} report;

/* A virtual worker: what its evaluation will have told, and when. */
typedef struct virtual_worker {
    uint64_t trial;
    double start, end; /* virtual; end as an offset */
    report *reports;
    size_t next, count, capacity;
    hpo_result result;
} virtual_worker;

/* The next event of a busy worker. */
typedef struct event {
    double at; /* virtual */
    uint64_t trial;
    uint32_t worker;
} event;

typedef struct simulation {
    const hpo_study_spec *spec;
    const bench_simulation_env *env;
    hpo_study *study;
    hpo_instance *instance;
    base_buf folder, parent_folder; /* of a trial, and of the one that it inherits from */
    virtual_worker *workers;
    event *busy;    /* a heap */
    uint32_t *idle; /* a stack of numbers of workers */
    size_t n_busy, n_idle;
    bool done;
    double now;
    bench_simulated sum;
} simulation;

/* ---- the heap ---- */

static event next_event(const simulation *s, uint32_t number) {
    const virtual_worker *w = &s->workers[number];
    const double offset = w->next < w->count ? w->reports[w->next].offset : w->end;
    return (event){.at = w->start + offset, .trial = w->trial, .worker = number};
}

static bool earlier(const event *a, const event *b) {
    return a->at < b->at || (a->at == b->at && a->trial < b->trial);
}

static void push(simulation *s, event e) {
    size_t at = s->n_busy++;
    for (; at > 0 && earlier(&e, &s->busy[(at - 1) / 2]); at = (at - 1) / 2) s->busy[at] = s->busy[(at - 1) / 2];
    s->busy[at] = e;
}

/* In the place of the one on top. */
static void replace(simulation *s, event e) {
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < s->n_busy; at = child) {
        if (child + 1 < s->n_busy && earlier(&s->busy[child + 1], &s->busy[child])) child++;
        if (!earlier(&s->busy[child], &e)) break;
        s->busy[at] = s->busy[child];
    }
    s->busy[at] = e;
}

/* The worker on top has nothing more to tell. */
static void release(simulation *s) {
    const uint32_t number = s->busy[0].worker;
    s->sum.busy += s->now - s->workers[number].start;
    s->sum.evaluations++;
    s->idle[s->n_idle++] = number;
    replace(s, s->busy[--s->n_busy]);
}

/* ---- evaluations ---- */

typedef struct recorder {
    const simulation *simulation;
    virtual_worker *worker;
    const hpo_trial *trial;
} recorder;

/* Whether it stops is decided later, when the report is told. */
static hpo_verdict record_report(void *self, double step, const hpo_metrics *metrics) {
    const recorder *r = self;
    virtual_worker *w = r->worker;
    if (!isfinite(step) || (w->count > 0 && step <= w->reports[w->count - 1].step)) return HPO_CONTINUE;
    const double offset = hpo_study_cost(r->simulation->study, r->trial, r->trial->from, step, false);
    const double before = w->count > 0 ? w->reports[w->count - 1].offset : 0;
    BASE_GROW(w->reports, w->capacity, w->count + 1);
    w->reports[w->count++] = (report){.offset = fmax(offset, before), .step = step, .metrics = *metrics};
    return HPO_CONTINUE;
}

static hpo_verdict go_on(void *self) {
    (void)self;
    return HPO_CONTINUE;
}

/* Failures take the full declared cost. */
static double duration_of(const simulation *s, const virtual_worker *w, const hpo_trial *trial) {
    const bool says = hpo_study_results_say_cost(s->spec) && w->result.failure == HPO_FAILURE_NONE;
    const double own = says && isfinite(w->result.cost)
                           ? w->result.cost
                           : hpo_study_cost(s->study, trial, trial->from, trial->fidelity, true);
    return w->count > 0 ? fmax(own, w->reports[w->count - 1].offset) : own;
}

/* The trial's, which is made; NULL: there are none. An evaluation that cannot write there fails with a sentence. */
static const char *folder_of(const simulation *s, uint64_t id, base_buf *path) {
    base_err ignored;
    if (!s->env->folder) return NULL;
    base_buf_clear(path);
    base_buf_printf(path, "%s/trial-%llu", s->env->folder, (unsigned long long)id);
    (void)!base_make_folder(base_buf_text(path), &ignored);
    return base_buf_text(path);
}

/* Checkpoints: an evaluation is made once, so the one that it went on from is never asked for again, unless trials
 * inherit from others: then all of them stay until the end. */
static void forget(const simulation *s, const char *folder, double fidelity) {
    if (folder && s->spec->objective->forget) s->spec->objective->forget(folder, fidelity);
}

static base_status begin(simulation *s, uint64_t id, base_err *err) {
    const uint32_t number = s->idle[--s->n_idle];
    virtual_worker *w = &s->workers[number];
    const hpo_trial trial = hpo_view_trial(hpo_study_view(s->study), id);
    recorder to = {.simulation = s, .worker = w, .trial = &trial};
    const hpo_reporter reporter = {.report = record_report, .verdict = go_on, .self = &to};
    hpo_job job;
    hpo_study_job(s->study, id, &job);
    job.folder = folder_of(s, id, &s->folder);
    if (job.parent != UINT64_MAX) job.parent_folder = folder_of(s, job.parent, &s->parent_folder);
    if (job.rung > 0 && hpo_study_replicates(s->spec)) forget(s, job.folder, INFINITY); /* the seed before */
    w->trial = id;
    w->start = s->now;
    w->next = w->count = 0;
    if (s->env->evaluator)
        BASE_TRY(s->env->evaluator->evaluate(s->env->evaluator->self, &job, &reporter, &w->result, err));
    else
        hpo_instance_evaluate(s->instance, &job, &reporter, &w->result);
    if (job.from > 0 && !(s->spec->scheduler->flags & HPO_SCHEDULER_INHERITS)) forget(s, job.folder, job.from);
    w->end = duration_of(s, w, &trial);
    push(s, next_event(s, number));
    return BASE_OK;
}

/* ---- the study ---- */

static void show(const simulation *s, const hpo_record *record) {
    if (s->env->watcher) s->env->watcher->watch(s->env->watcher->self, s->study, record, s->now);
}

static base_status ask_once(simulation *s, hpo_ask_kind *kind, base_err *err) {
    hpo_record record;
    const double began = s->env->measure ? base_monotonic() : 0;
    BASE_TRY(hpo_study_ask(s->study, kind, &record, err));
    if (s->env->measure) s->sum.thinking += base_monotonic() - began;
    s->done = *kind == HPO_ASK_DONE;
    if (*kind == HPO_ASK_WAIT || *kind == HPO_ASK_DONE) return BASE_OK;
    s->sum.suggestions += record.kind == HPO_RECORD_START;
    show(s, &record);
    return *kind == HPO_ASK_JOB ? begin(s, record.trial, err) : BASE_OK;
}

/* Until nobody is idle, or nothing is left to do before somebody has ended. */
static base_status ask(simulation *s, base_err *err) {
    hpo_ask_kind kind = HPO_ASK_JOB;
    while (s->n_idle > 0 && kind != HPO_ASK_WAIT && kind != HPO_ASK_DONE) BASE_TRY(ask_once(s, &kind, err));
    return BASE_OK;
}

/* The earliest event. *ends: nothing that still runs counts any more. */
static void tell(simulation *s, bool *ends) {
    const uint32_t number = s->busy[0].worker;
    virtual_worker *w = &s->workers[number];
    hpo_record record;
    s->now = s->busy[0].at;
    if (w->next < w->count) {
        const report *r = &w->reports[w->next++];
        hpo_study_report(s->study, w->trial, r->step, &r->metrics, 0, 0, &record);
        if (record.stop)
            release(s);
        else
            replace(s, next_event(s, number));
        show(s, &record);
        return;
    }
    hpo_study_tell(s->study, w->trial, &w->result, 0, 0, &record);
    release(s);
    show(s, &record);
    *ends = hpo_study_must_end(s->study);
}

static base_status run(simulation *s, base_err *err) {
    bool ends = false;
    hpo_study_begin_run(s->study, s->spec->workers);
    for (;;) {
        BASE_TRY(ask(s, err));
        if (s->n_busy == 0 || ends) break;
        tell(s, &ends);
        if (ends) break;
    }
    s->sum.time = s->now;
    return s->done || ends ? BASE_OK : BASE_FAIL(err, BASE_INTERNAL, "a study waits although nothing runs");
}

static base_status check(const hpo_study_spec *spec, const bench_evaluator *evaluator, base_err *err) {
    if (spec->objective->program && !evaluator)
        return BASE_FAIL(err, BASE_UNSUPPORTED, "the objective %s runs programs, and nobody to run them is there",
                         spec->objective->name);
    BASE_ASSERT(spec->deterministic && spec->workers > 0);
    return BASE_OK;
}

static void forget_all(simulation *s) {
    const uint64_t trials = s->study ? hpo_view_trials(hpo_study_view(s->study)) : 0;
    for (uint64_t id = 0; s->env->folder && id < trials; id++) {
        const char *folder = folder_of(s, id, &s->folder);
        forget(s, folder, INFINITY);
        (void)rmdir(folder); /* stays where the objective has left a file for people */
    }
}

base_status bench_simulate(const hpo_study_spec *spec, const bench_simulation_env *env, bench_simulated *out,
                           base_err *err) {
    const size_t n = (size_t)spec->workers;
    simulation s = {.spec = spec, .env = env, .instance = env->instance};
    BASE_TRY(check(spec, env->evaluator, err));
    s.workers = base_calloc(n, sizeof *s.workers);
    s.busy = base_calloc(n, sizeof *s.busy);
    s.idle = base_calloc(n, sizeof *s.idle);
    for (s.n_idle = 0; s.n_idle < n; s.n_idle++) s.idle[s.n_idle] = (uint32_t)(n - 1 - s.n_idle);
    base_status status = s.instance ? BASE_OK : hpo_instance_create(spec, 0, &s.instance, err);
    if (status == BASE_OK && spec->n_goals == 1) /* with several it is that of the first alone */
        s.sum.knows_optimum = hpo_instance_optimum(s.instance, &s.sum.optimum);
    if (status == BASE_OK) status = hpo_study_create(spec, &s.study, err);
    if (status == BASE_OK) status = run(&s, err);
    if (status == BASE_OK && env->watcher && env->watcher->end) env->watcher->end(env->watcher->self, s.study, s.now);
    *out = s.sum;
    forget_all(&s);
    hpo_study_destroy(s.study);
    if (!env->instance) hpo_instance_destroy(s.instance);
    base_buf_fini(&s.folder);
    base_buf_fini(&s.parent_folder);
    for (size_t i = 0; i < n; i++) free(s.workers[i].reports);
    free(s.workers);
    free(s.busy);
    free(s.idle);
    return status;
}
