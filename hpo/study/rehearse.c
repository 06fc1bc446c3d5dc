/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The real study machine, with configurations and losses drawn at random, so that nothing has to be known here of any
 * scheduler. Samplers are not asked: what they propose changes no plan. */
#include "hpo/study/rehearse.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/rng.h"
#include "hpo/study/study_impl.h"

enum { MOST_TRIALS = 20000 };
static const double WORST = 1e300; /* losses lie below: no target is reached */

typedef struct performer {
    uint64_t trial;
    uint32_t rung;
    double cost, end;
} performer;

typedef struct rehearsing {
    const hpo_study_spec *spec;
    hpo_study *study;
    performer *busy;
    size_t n_busy, workers;
    double now, cost;
    double *config;
    hpo_rehearsal *out;
} rehearsing;

void hpo_rehearsal_fini(hpo_rehearsal *rehearsal) {
    free(rehearsal->moment);
    *rehearsal = (hpo_rehearsal){0};
}

double hpo_rehearsal_end(const hpo_rehearsal *rehearsal) {
    return rehearsal->count ? rehearsal->moment[rehearsal->count - 1].time : 0;
}

/* By one of a moment's numbers, none of which falls. */
static double time_of(const hpo_rehearsal *rehearsal, size_t offset, double wanted) {
    size_t low = 0, high = rehearsal->count; /* the first moment with at least as much */
#define NUMBER(i) (*(const double *)((const char *)&rehearsal->moment[i] + offset))
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (NUMBER(middle) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == rehearsal->count) return hpo_rehearsal_end(rehearsal);
    const double to = NUMBER(low), from = low ? NUMBER(low - 1) : 0;
#undef NUMBER
    const double before = low ? rehearsal->moment[low - 1].time : 0, after = rehearsal->moment[low].time;
    return to > from ? before + (after - before) * (wanted - from) / (to - from) : after;
}

double hpo_rehearsal_time(const hpo_rehearsal *rehearsal, double cost) {
    return time_of(rehearsal, offsetof(struct hpo_rehearsed, cost), cost);
}

double hpo_rehearsal_time_of_trials(const hpo_rehearsal *rehearsal, double trials) {
    return time_of(rehearsal, offsetof(struct hpo_rehearsed, trials), trials);
}

static void note_moment(rehearsing *r, double time) {
    hpo_rehearsal *out = r->out;
    r->cost += (double)r->n_busy * (time - r->now);
    r->now = time;
    BASE_GROW(out->moment, out->capacity, out->count + 1);
    out->moment[out->count++] = (struct hpo_rehearsed){
        .trials = (double)hpo_view_trials(hpo_study_view(r->study)), .cost = r->cost, .time = time};
}

static base_status start(rehearsing *r, hpo_record *record, base_err *err) {
    if (record->kind == HPO_RECORD_START) {
        base_rng rng = base_rng_stream(r->spec->seed, BASE_RNG_SCHEDULER, (uint32_t)record->trial, 1);
        BASE_TRY(hpo_space_sample(r->spec->space, &rng, r->config, err));
        record->config = r->config;
        record->origin = "random";
    }
    hpo_study_accept(r->study, record);
    if (record->kind == HPO_RECORD_CLOSE) return BASE_OK;
    const hpo_trial trial = hpo_view_trial(hpo_study_view(r->study), record->trial);
    const double cost = fmax(hpo_study_cost(r->study, &trial, trial.from, trial.fidelity, true), 0);
    r->busy[r->n_busy++] = (performer){.trial = trial.id, .rung = trial.rung, .cost = cost, .end = r->now + cost};
    return BASE_OK;
}

static base_status fill(rehearsing *r, base_err *err) {
    while (r->n_busy < r->workers) {
        hpo_ask_kind kind;
        hpo_record record;
        BASE_TRY(hpo_study_next(r->study, &kind, &record, err));
        if (kind == HPO_ASK_WAIT || kind == HPO_ASK_DONE) break;
        if (record.kind == HPO_RECORD_START && record.trial >= MOST_TRIALS) return BASE_END;
        BASE_TRY(start(r, &record, err));
    }
    return BASE_OK;
}

/* The evaluation that ends first. */
static void finish_one(rehearsing *r) {
    size_t first = 0;
    for (size_t i = 1; i < r->n_busy; i++)
        if (r->busy[i].end < r->busy[first].end) first = i;
    const performer done = r->busy[first];
    note_moment(r, done.end);
    r->busy[first] = r->busy[--r->n_busy];
    base_rng own = base_rng_stream(r->spec->seed, BASE_RNG_SCHEDULER, (uint32_t)done.trial, 2);
    base_rng passing = base_rng_stream(r->spec->seed, BASE_RNG_SCHEDULER, (uint32_t)done.trial, 3 + done.rung);
    hpo_result result = {.cost = done.cost};
    hpo_record record;
    const double loss = WORST * (1 + base_rng_uniform(&own) + base_rng_uniform(&passing));
    const hpo_constraints constraints = r->spec->constraints;
    for (size_t c = 0; c < constraints.count; c++)
        hpo_metrics_set(&result.metrics, constraints.items[c].metric, constraints.items[c].bound);
    for (size_t g = 0; g < r->spec->n_goals; g++)
        hpo_metrics_set(&result.metrics, r->spec->goals[g].name, r->spec->goals[g].maximize ? -loss : loss);
    hpo_study_tell(r->study, done.trial, &result, 0, 0, &record);
}

/* What was left out goes on as before. */
static void extend(rehearsing *r) {
    const hpo_budget *budget = &r->spec->budget;
    double times = INFINITY;
    if (budget->trials > 0) times = (double)budget->trials / MOST_TRIALS;
    if (budget->cost > 0) times = fmin(times, budget->cost / r->cost);
    if (times > 1 && isfinite(times)) {
        r->n_busy = 0;
        note_moment(r, r->now);
        struct hpo_rehearsed *last = &r->out->moment[r->out->count - 1];
        *last = (struct hpo_rehearsed){
            .trials = last->trials * times, .cost = last->cost * times, .time = last->time * times};
    }
}

base_status hpo_study_rehearse(const hpo_study_spec *spec, size_t workers, hpo_rehearsal *out, base_err *err) {
    hpo_study_spec plan = *spec;
    plan.budget.no_improve = 0; /* nobody knows when they will be reached */
    plan.budget.metric = NULL;
    *out = (hpo_rehearsal){0};
    rehearsing r = {.spec = &plan, .workers = workers, .out = out};
    if (!workers || !(spec->budget.trials > 0 || spec->budget.cost > 0)) return BASE_OK;
    BASE_TRY(hpo_study_create(&plan, &r.study, err));
    r.busy = base_calloc(workers, sizeof *r.busy);
    r.config = base_calloc(hpo_space_count(spec->space) + 1, sizeof *r.config);
    base_status status = BASE_OK;
    if (!hpo_scheduler_stops(r.study->scheduler)) {
        hpo_study_begin_run(r.study, workers);
        while ((status = fill(&r, err)) == BASE_OK && r.n_busy > 0) finish_one(&r);
        if (status == BASE_END) {
            extend(&r);
            status = BASE_OK;
        }
    }
    free(r.busy);
    free(r.config);
    hpo_study_destroy(r.study);
    if (status != BASE_OK) hpo_rehearsal_fini(out);
    return status;
}
