/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fold of a study's records, appended to here and read in view.c.
 *
 * Compact, because a study of 100,000 trials is ordinary: about 300 bytes a trial. What a trial has many of (spans,
 * evaluations, reports) lies in arrays that double inside an arena; an array that was outgrown stays there, so a
 * pointer once handed out stays readable. The checks here are those that a damaged journal could violate; which record
 * ought to come next is the study's business. */
#include "hpo/trials/history_data.h"
#include "hpo/trials/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BRACKETS = 1 << 20, METRICS_BLOCK = 64 * 1024, FIRST_SLOTS = 64 };

hpo_history *hpo_history_create(const hpo_space *space, bool maximize, double max_fidelity) {
    const hpo_goal goal = {.maximize = maximize, .reference = NAN};
    return hpo_history_create_for(space, &goal, 1, max_fidelity);
}

hpo_history *hpo_history_create_for(const hpo_space *space, const hpo_goal *goals, size_t n_goals,
                                    double max_fidelity) {
    BASE_ASSERT(n_goals >= 1 && n_goals <= HPO_MAX_GOALS);
    hpo_history *history = base_calloc(1, sizeof *history);
    *history = (hpo_history){
        .space = space,
        .n_params = hpo_space_count(space),
        .n_goals = n_goals,
        .max_fidelity = max_fidelity,
        .arena = base_arena_create(),
        .aside = base_arena_create(),
        .slots = base_calloc(FIRST_SLOTS, sizeof(hist_slot)),
        .slots_capacity = FIRST_SLOTS,
    };
    memcpy(history->goals, goals, n_goals * sizeof *goals);
    return history;
}

void hpo_history_constrain(hpo_history *history, hpo_constraints constraints) {
    BASE_ASSERT(history->events == 0 && constraints.count <= HPO_MAX_CONSTRAINTS);
    history->n_constraints = constraints.count;
    for (size_t c = 0; c < constraints.count; c++) history->constraints[c] = constraints.items[c];
}

void hpo_history_average(hpo_history *history) {
    BASE_ASSERT(history->events == 0);
    history->averages = true;
}

void hpo_history_destroy(hpo_history *history) {
    if (!history) return;
    for (size_t i = 0; i < history->n_brackets; i++) free(history->brackets[i].ids);
    free(history->brackets);
    free(history->event_trials);
    free(history->trials);
    free(history->asides);
    free(history->charges);
    free(history->bests);
    free(history->fronts);
    free(history->front);
    free(history->slots);
    free(history->origins);
    base_arena_destroy(history->arena);
    base_arena_destroy(history->aside);
    free(history);
}

/* ---- the index of configurations: open addressing, linear probing, at most half full ---- */

static hist_slot *probe(const hpo_history *history, const double *config, uint32_t hash) {
    size_t mask = history->slots_capacity - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        hist_slot *slot = &history->slots[at];
        if (slot->trial_plus_1 == 0) return slot;
        if (slot->hash != hash) continue;
        if (hpo_space_equal(history->space, history->trials[slot->trial_plus_1 - 1].config, config)) return slot;
    }
}

static uint32_t config_hash(const hpo_history *history, const double *config) {
    uint64_t hash = hpo_space_hash(history->space, config);
    return (uint32_t)(hash ^ (hash >> 32));
}

uint64_t hpo_history_find_config(const hpo_history *history, const double *config) {
    const hist_slot *slot = probe(history, config, config_hash(history, config));
    return slot->trial_plus_1 ? slot->trial_plus_1 - 1 : UINT64_MAX;
}

static void double_slots(hpo_history *history) {
    size_t capacity = 2 * history->slots_capacity;
    hist_slot *slots = base_calloc(capacity, sizeof *slots);
    for (size_t i = 0; i < history->slots_capacity; i++) {
        if (history->slots[i].trial_plus_1 == 0) continue;
        size_t at = history->slots[i].hash & (capacity - 1);
        while (slots[at].trial_plus_1 != 0) at = (at + 1) & (capacity - 1);
        slots[at] = history->slots[i];
    }
    free(history->slots);
    history->slots = slots;
    history->slots_capacity = capacity;
}

static void index_config(hpo_history *history, uint64_t id) {
    const double *config = history->trials[id].config;
    uint32_t hash = config_hash(history, config);
    hist_slot *slot = probe(history, config, hash);
    if (slot->trial_plus_1 != 0) return;
    *slot = (hist_slot){.hash = hash, .trial_plus_1 = (uint32_t)id + 1};
    if (2 * ++history->n_used > history->slots_capacity) double_slots(history);
}

/* ---- keeping ---- */

/* Room for element number `count` of an arena array whose capacity is the next power of two. */
static void *grow_in_arena(base_arena *arena, void *array, size_t count, size_t size) {
    if (count > 0 && (count & (count - 1)) != 0) return array;
    void *larger = base_arena_array(arena, count ? 2 * count : 1, size);
    if (count > 0) memcpy(larger, array, count * size);
    return larger;
}
#define APPEND(arena, array, count, value)                                                                             \
    do {                                                                                                               \
        (array) = grow_in_arena((arena), (array), (count), sizeof *(array));                                           \
        (array)[(count)++] = (value);                                                                                  \
    } while (0)

static void keep_told(hpo_history *history, hpo_told **list, uint32_t count, const hpo_record *record) {
    const hpo_told told = {.at = record->at,
                           .worker = record->worker,
                           .notices = record->result.notices,
                           .reached = record->result.reached};
    APPEND(history->aside, *list, count, told);
}

static const char *intern(hpo_history *history, const char *origin) {
    if (!origin) return NULL;
    for (size_t i = 0; i < history->n_origins; i++) {
        if (strcmp(history->origins[i], origin) == 0) return history->origins[i];
    }
    BASE_GROW(history->origins, history->origins_capacity, history->n_origins + 1);
    return history->origins[history->n_origins++] = base_arena_strdup(history->arena, origin);
}

/* Only the items in use are stored. Each block ends in room for a whole hpo_metrics, so that a caller who copies the
 * struct by value reads past `count` but not past the block. */
static const hpo_metrics *keep_metrics(hpo_history *history, const hpo_metrics *metrics, double value) {
    if (metrics->count == 0) return NULL;
    if (metrics->count == 1 && memcmp(&metrics->item[0].value, &value, sizeof value) == 0) return NULL;
    size_t size = offsetof(hpo_metrics, item) + metrics->count * sizeof metrics->item[0];
    if (history->metrics_left < size) {
        history->metrics_block = base_arena_alloc(history->arena, METRICS_BLOCK + sizeof *metrics);
        history->metrics_left = METRICS_BLOCK;
    }
    void *kept = history->metrics_block;
    memcpy(kept, metrics, size);
    history->metrics_block += size;
    history->metrics_left -= size;
    return kept;
}

static void set_state(hpo_history *history, hist_trial *trial, hpo_trial_state state) {
    history->state_count[trial->state]--;
    history->state_count[state]++;
    trial->state = state;
}

static double loss_of(const hpo_history *history, const hpo_record *record) {
    if (record->result.failure != HPO_FAILURE_NONE || !isfinite(record->value)) return INFINITY;
    return history->goals[0].maximize ? -record->value : record->value;
}

/* The violation, then every excess, and how many they are; 0: nothing is constrained, or a report does not say. */
static size_t judge_constraints(const hpo_history *history, const hpo_record *record, double *out) {
    const hpo_constraints constraints = {history->constraints, history->n_constraints};
    double excess[HPO_MAX_CONSTRAINTS];
    if (constraints.count == 0) return 0;
    const bool known = hpo_constraints_excess(constraints, &record->result.metrics, excess);
    const bool works = known && record->result.failure == HPO_FAILURE_NONE && hpo_record_is_finite(record);
    if (record->kind == HPO_RECORD_REPORT && !works) return 0;
    out[0] = works ? hpo_constraints_violation(excess, constraints.count) : INFINITY;
    for (size_t c = 0; c < constraints.count; c++) out[1 + c] = works ? excess[c] : NAN;
    return 1 + constraints.count;
}

/* As hpo_eval.goals. */
static const double *keep_goals(hpo_history *history, const hpo_record *record) {
    const size_t k = history->n_goals;
    double judged[1 + HPO_MAX_CONSTRAINTS];
    const size_t before = judge_constraints(history, record, judged);
    if (k == 1 && before == 0) return NULL;
    double *block = BASE_NEW_ARRAY(history->arena, before + 1 + 2 * k, double);
    double *losses = block + before + 1, *values = losses + k;
    const bool works = record->result.failure == HPO_FAILURE_NONE && hpo_record_is_finite(record);
    for (size_t i = 0; i < before; i++) block[i] = judged[i];
    losses[-1] = (double)before;
    for (size_t g = 0; g < k; g++) {
        values[g] = record->values[g];
        losses[g] = !works ? INFINITY : history->goals[g].maximize ? -values[g] : values[g];
    }
    return losses;
}

/* ---- costs ---- */

/* What the span would have cost from scratch: its own cost, plus, where it went on from a lower fidelity, what reaching
 * that one from scratch had cost the trial itself (or the parent that it inherits from). */
static double hist_full_cost(const hpo_history *history, const hist_trial *trial, const hist_span *span, double cost) {
    if (!(span->from > 0)) return cost;
    for (const hist_trial *owner = trial; owner;) {
        for (size_t i = owner->n_spans; i-- > 0;) {
            const hist_span *before = &owner->spans[i];
            if (before->end < span->event && before->reached == span->from) return before->full_cost + cost;
        }
        bool inherits = owner == trial && trial->parent != UINT64_MAX;
        owner = inherits ? &history->trials[trial->parent] : NULL;
    }
    return cost;
}

static void end_span(hpo_history *history, hist_trial *trial, const hpo_record *record, hpo_trial_state state) {
    hist_span *span = &trial->spans[trial->n_spans - 1];
    double cost = record->result.cost;
    span->end = history->events;
    span->end_state = (uint16_t)state;
    span->open = record->kind == HPO_RECORD_REPORT && record->open;
    span->reached = record->fidelity;
    const bool again = record->result.notices & HPO_NOTICE_BIT(STARTED_AGAIN);
    span->full_cost = again ? cost : hist_full_cost(history, trial, span, cost);
    hist_charge sum = history->n_charges ? history->charges[history->n_charges - 1] : (hist_charge){0};
    BASE_GROW(history->charges, history->charges_capacity, history->n_charges + 1);
    history->charges[history->n_charges++] = (hist_charge){
        .event = history->events,
        .cost = sum.cost + cost,
        .from_scratch = sum.from_scratch + span->full_cost,
    };
    set_state(history, trial, state);
}

/* ---- the records ---- */

/* By their violations, then by the first goal in which they differ. */
static bool comes_before(const hpo_history *history, const hpo_eval *a, uint64_t trial_a, const hpo_eval *b,
                         uint64_t trial_b) {
    const double violation_a = hpo_eval_violation(a), violation_b = hpo_eval_violation(b);
    if (violation_a != violation_b) return violation_a < violation_b;
    const double *mine = hpo_eval_losses(a), *others = hpo_eval_losses(b);
    size_t g = 0;
    while (g + 1 < history->n_goals && mine[g] == others[g]) g++;
    return hpo_loss_less(mine[g], trial_a, others[g], trial_b);
}

static void update_incumbent(hpo_history *history, uint64_t id) {
    const hist_trial *trial = &history->trials[id];
    const hpo_eval *eval = &trial->evals[trial->n_evals - 1];
    if (eval->failure != HPO_FAILURE_NONE) return;
    if (history->n_bests > 0) {
        const hist_best *best = &history->bests[history->n_bests - 1];
        const hpo_eval *old = &history->trials[best->trial].evals[best->eval];
        double level = fmin(eval->fidelity, history->max_fidelity);
        double old_level = fmin(old->fidelity, history->max_fidelity);
        const bool feasible = hpo_eval_is_feasible(eval), same = feasible == hpo_eval_is_feasible(old);
        if (same ? level < old_level : !feasible) return;
        if (same && level == old_level && !comes_before(history, eval, id, old, best->trial)) return;
    }
    BASE_GROW(history->bests, history->bests_capacity, history->n_bests + 1);
    history->bests[history->n_bests++] = (hist_best){.event = history->events, .trial = id, .eval = trial->n_evals - 1};
}

static const hpo_eval *eval_of(const hpo_history *history, const hpo_front_entry *entry) {
    return &history->trials[entry->trial].evals[entry->eval];
}

/* Those that do not belong to it any more leave, the others move up. */
static void shrink_front(hpo_history *history, const hpo_eval *newest, bool all) {
    size_t kept = 0;
    for (size_t i = 0; i < history->n_front; i++) {
        hpo_front_entry *entry = &history->fronts[history->front[i]];
        const double *losses = hpo_eval_losses(eval_of(history, entry));
        if (all || hpo_dominates(hpo_eval_losses(newest), losses, history->n_goals))
            entry->left = history->events;
        else
            history->front[kept++] = history->front[i];
    }
    history->n_front = kept;
}

static void update_front(hpo_history *history, uint64_t id) {
    const hist_trial *trial = &history->trials[id];
    const hpo_eval *eval = &trial->evals[trial->n_evals - 1];
    if (history->n_goals == 1 || !hpo_eval_is_feasible(eval)) return;
    bool higher = false;
    for (size_t i = 0; i < history->n_front && !higher; i++) {
        const hpo_eval *old = eval_of(history, &history->fronts[history->front[i]]);
        const double level = fmin(eval->fidelity, history->max_fidelity);
        const double old_level = fmin(old->fidelity, history->max_fidelity);
        higher = level > old_level;
        if (level < old_level) return;
        if (!higher && hpo_dominates(hpo_eval_losses(old), hpo_eval_losses(eval), history->n_goals)) return;
    }
    shrink_front(history, eval, higher);
    BASE_GROW(history->fronts, history->fronts_capacity, history->n_fronts + 1);
    BASE_GROW(history->front, history->front_capacity, history->n_front + 1);
    history->front[history->n_front++] = history->n_fronts;
    history->fronts[history->n_fronts++] =
        (hpo_front_entry){.event = history->events, .left = HIST_NEVER, .trial = id, .eval = trial->n_evals - 1};
}

static void list_in_bracket(hpo_history *history, uint32_t bracket, uint64_t id) {
    if (bracket >= history->n_brackets) {
        BASE_GROW(history->brackets, history->brackets_capacity, (size_t)bracket + 1);
        size_t more = (size_t)bracket + 1 - history->n_brackets;
        memset(history->brackets + history->n_brackets, 0, more * sizeof *history->brackets);
        history->n_brackets = (size_t)bracket + 1;
    }
    hist_bracket *list = &history->brackets[bracket];
    BASE_GROW(list->ids, list->capacity, list->count + 1);
    list->ids[list->count++] = id;
}

static void begin_span(hpo_history *history, hist_trial *trial, const hpo_record *record) {
    hist_span span = {
        .event = history->events,
        .end = HIST_NEVER,
        .fidelity = record->fidelity,
        .from = record->from,
        .rung = record->rung,
    };
    APPEND(history->arena, trial->spans, trial->n_spans, span);
}

static base_status apply_start(hpo_history *history, const hpo_record *record, base_err *err) {
    uint64_t id = history->n_trials;
    if (record->trial != id || id >= UINT32_MAX - 1) {
        return BASE_FAIL(err, BASE_CORRUPT, "trial %llu begins where trial %llu was expected",
                         (unsigned long long)record->trial, (unsigned long long)id);
    }
    if (record->bracket >= MAX_BRACKETS || (record->parent != UINT64_MAX && record->parent >= id) ||
        record->as_of > history->events) {
        return BASE_FAIL(err, BASE_CORRUPT, "trial %llu begins with an impossible bracket, parent or as_of",
                         (unsigned long long)id);
    }
    double *config = BASE_NEW_ARRAY(history->arena, history->n_params, double);
    memcpy(config, record->config, history->n_params * sizeof *config);
    BASE_GROW(history->trials, history->trials_capacity, id + 1);
    hist_trial *trial = &history->trials[history->n_trials++];
    *trial = (hist_trial){
        .config = config,
        .origin = intern(history, record->origin),
        .as_of = record->as_of,
        .seed = record->seed,
        .parent = record->parent,
        .closed = HIST_NEVER,
        .bracket = record->bracket,
        .state = HPO_TRIAL_RUNNING,
    };
    BASE_GROW(history->asides, history->asides_capacity, id + 1);
    history->asides[id] = (hist_aside){.at = record->at};
    history->state_count[HPO_TRIAL_RUNNING]++;
    begin_span(history, trial, record);
    list_in_bracket(history, record->bracket, id);
    index_config(history, id);
    return BASE_OK;
}

static base_status apply_promote(hpo_history *history, hist_trial *trial, const hpo_record *record, base_err *err) {
    if (trial->state != HPO_TRIAL_PAUSED || record->rung <= trial->spans[trial->n_spans - 1].rung) {
        return BASE_FAIL(err, BASE_CORRUPT, "trial %llu is promoted to rung %u while it is %s on rung %u",
                         (unsigned long long)record->trial, record->rung, hpo_trial_state_text(trial->state),
                         trial->spans[trial->n_spans - 1].rung);
    }
    begin_span(history, trial, record);
    set_state(history, trial, HPO_TRIAL_RUNNING);
    return BASE_OK;
}

static bool is_open(const hist_trial *trial) {
    return trial->spans[trial->n_spans - 1].open && trial->closed == HIST_NEVER;
}

/* A trial that was stopped turns out to have finished before: it went on from where it was to stop. */
static void reopen(hpo_history *history, hist_trial *trial, const hpo_record *record) {
    const hist_span *stopped = &trial->spans[trial->n_spans - 1];
    const hpo_record on = {.fidelity = stopped->fidelity, .from = stopped->reached, .rung = stopped->rung};
    if (stopped->rung != record->rung) return; /* check_running says so */
    begin_span(history, trial, &on);
    set_state(history, trial, HPO_TRIAL_RUNNING);
}

/* What a REPORT and a RESULT must fit: the evaluation under way. */
static base_status check_running(const hist_trial *trial, const hpo_record *record, bool charged, base_err *err) {
    const hist_span *span = &trial->spans[trial->n_spans - 1];
    const char *what = record->kind == HPO_RECORD_REPORT ? "report" : "result";
    if (trial->state != HPO_TRIAL_RUNNING || span->rung != record->rung) {
        return BASE_FAIL(err, BASE_CORRUPT, "a %s of trial %llu on rung %u while it is %s on rung %u", what,
                         (unsigned long long)record->trial, record->rung, hpo_trial_state_text(trial->state),
                         span->rung);
    }
    if (charged && !(record->result.cost >= 0 && record->result.cost < INFINITY)) {
        return BASE_FAIL(err, BASE_CORRUPT, "a %s of trial %llu charges a cost of %g", what,
                         (unsigned long long)record->trial, record->result.cost);
    }
    return BASE_OK;
}

static base_status check_values(const hpo_history *history, const hpo_record *record, base_err *err) {
    const size_t count = hpo_record_values(record);
    if (count == history->n_goals) return BASE_OK;
    return BASE_FAIL(err, BASE_CORRUPT, "trial %llu has %zu values where the study has %zu metrics",
                     (unsigned long long)record->trial, count, history->n_goals);
}

static base_status apply_report(hpo_history *history, hist_trial *trial, const hpo_record *record, base_err *err) {
    BASE_TRY(check_running(trial, record, record->stop, err));
    BASE_TRY(check_values(history, record, err));
    hpo_report report = {
        .event = history->events,
        .rung = record->rung,
        .attempt = record->attempt,
        .step = record->fidelity,
        .value = record->value,
        .loss = loss_of(history, record),
        .metrics = keep_metrics(history, &record->result.metrics, record->value),
        .goals = keep_goals(history, record),
    };
    if (report.goals) report.loss = report.goals[0];
    keep_told(history, &history->asides[record->trial].reports, trial->n_reports, record);
    APPEND(history->arena, trial->reports, trial->n_reports, report);
    if (record->stop) end_span(history, trial, record, HPO_TRIAL_STOPPED);
    return BASE_OK;
}

static base_status apply_result(hpo_history *history, hist_trial *trial, const hpo_record *record, base_err *err) {
    if (is_open(trial)) reopen(history, trial, record);
    BASE_TRY(check_running(trial, record, true, err));
    BASE_TRY(check_values(history, record, err));
    const hpo_result *result = &record->result;
    bool failed = result->failure != HPO_FAILURE_NONE;
    if (!failed && !hpo_record_is_finite(record)) {
        return BASE_FAIL(err, BASE_CORRUPT, "trial %llu has a result that is neither finite nor a failure",
                         (unsigned long long)record->trial);
    }
    hpo_eval eval = {
        .event = history->events,
        .rung = record->rung,
        .attempt = record->attempt,
        .fidelity = record->fidelity,
        .value = record->value,
        .loss = loss_of(history, record),
        .cost = result->cost,
        .seconds = result->seconds,
        .failure = result->failure,
        .code = result->code,
        .metrics = keep_metrics(history, &result->metrics, record->value),
        .reason = failed ? base_arena_strdup(history->arena, result->reason) : NULL,
        .artefact = result->artefact[0] ? base_arena_strdup(history->arena, result->artefact) : NULL,
        .goals = keep_goals(history, record),
    };
    keep_told(history, &history->asides[record->trial].evals, trial->n_evals, record);
    APPEND(history->arena, trial->evals, trial->n_evals, eval);
    end_span(history, trial, record, failed ? HPO_TRIAL_FAILED : record->final ? HPO_TRIAL_COMPLETE : HPO_TRIAL_PAUSED);
    update_incumbent(history, record->trial);
    update_front(history, record->trial);
    return BASE_OK;
}

static base_status apply_close(hpo_history *history, hist_trial *trial, const hpo_record *record, base_err *err) {
    if (trial->state != HPO_TRIAL_PAUSED && !is_open(trial)) {
        return BASE_FAIL(err, BASE_CORRUPT, "trial %llu is closed while it is %s", (unsigned long long)record->trial,
                         hpo_trial_state_text(trial->state));
    }
    trial->closed = history->events;
    set_state(history, trial, HPO_TRIAL_STOPPED);
    return BASE_OK;
}

/* Kept for whoever looks at the run afterwards: it moves nothing and is no event. */
static base_status apply_attempt(hpo_history *history, const hpo_record *record, base_err *err) {
    if (record->result.failure == HPO_FAILURE_NONE) {
        return BASE_FAIL(err, BASE_CORRUPT, "an attempt of trial %llu is repeated though it did not fail",
                         (unsigned long long)record->trial);
    }
    hpo_attempt attempt = {
        .event = history->events,
        .rung = record->rung,
        .attempt = record->attempt,
        .worker = record->worker,
        .at = record->at,
        .seconds = record->result.seconds,
        .failure = record->result.failure,
        .code = record->result.code,
        .reason = base_arena_strdup(history->arena, record->result.reason),
    };
    hist_aside *aside = &history->asides[record->trial];
    APPEND(history->aside, aside->attempts, aside->n_attempts, attempt);
    return BASE_OK;
}

base_status hpo_history_apply(hpo_history *history, const hpo_record *record, base_err *err) {
    hist_trial *trial = NULL;
    if (record->kind != HPO_RECORD_START) {
        if (record->trial >= history->n_trials) {
            return BASE_FAIL(err, BASE_CORRUPT, "trial %llu is spoken of before it begins",
                             (unsigned long long)record->trial);
        }
        trial = &history->trials[record->trial];
    }
    if (record->kind == HPO_RECORD_ATTEMPT) return apply_attempt(history, record, err);
    base_status status = BASE_INTERNAL;
    switch (record->kind) {
    case HPO_RECORD_START: status = apply_start(history, record, err); break;
    case HPO_RECORD_PROMOTE: status = apply_promote(history, trial, record, err); break;
    case HPO_RECORD_REPORT: status = apply_report(history, trial, record, err); break;
    case HPO_RECORD_RESULT: status = apply_result(history, trial, record, err); break;
    case HPO_RECORD_CLOSE: status = apply_close(history, trial, record, err); break;
    case HPO_RECORD_ATTEMPT: break;
    }
    if (status != BASE_OK) return status;
    BASE_GROW(history->event_trials, history->event_trials_capacity, (size_t)history->events + 1);
    history->event_trials[history->events++] = (uint32_t)record->trial;
    return BASE_OK;
}

void hpo_history_stop(hpo_history *history, const hpo_record *report) {
    hist_trial *trial = &history->trials[report->trial];
    BASE_ASSERT(history->events > 0 && trial->n_reports > 0 &&
                trial->reports[trial->n_reports - 1].event == history->events - 1);
    history->events--; /* still the same event */
    end_span(history, trial, report, HPO_TRIAL_STOPPED);
    history->events++;
}
