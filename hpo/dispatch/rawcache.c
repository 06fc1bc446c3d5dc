/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal of a deterministic run as a cache of results.
 *
 * Resuming drives the study again from its beginning; evaluations that ended are answered from here. Records are
 * compared as sets, not as a sequence, because a run whose budget grew may tell its events in another order from the
 * point on where the old budget ended. */
#include "hpo/dispatch/rawcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"

/* A raw entry without the unused room of its metrics and its reason: a journal may hold hundreds of thousands. */
typedef struct kept {
    size_t next; /* of the same trial, in order of arrival; SIZE_MAX ends */
    uint32_t rung, attempt, worker;
    bool is_report;
    double fidelity;
    hpo_failure failure;
    int code;
    double cost, seconds, reached;
    uint32_t notices;
    size_t n_metrics;
    const hpo_metric *metrics;
    const char *reason, *artefact;
} kept;

typedef struct hash_set { /* open addressing; 0 marks an empty place */
    uint64_t *slots;
    size_t capacity, count;
} hash_set;

struct hpo_rawcache {
    size_t n_config;
    kept *raws;
    size_t n_raws, cap_raws;
    size_t *first, *last; /* per trial */
    size_t n_trials, cap_first, cap_last;
    base_arena *arena; /* metrics */
    hash_set places, records;
};

hpo_rawcache *hpo_rawcache_create(size_t n_config) {
    hpo_rawcache *cache = base_calloc(1, sizeof *cache);
    cache->n_config = n_config;
    cache->arena = base_arena_create();
    return cache;
}

void hpo_rawcache_destroy(hpo_rawcache *cache) {
    if (!cache) return;
    free(cache->raws);
    free(cache->first);
    free(cache->last);
    free(cache->places.slots);
    free(cache->records.slots);
    base_arena_destroy(cache->arena);
    free(cache);
}

static bool set_has(const hash_set *set, uint64_t key) {
    if (set->capacity == 0) return false;
    for (size_t i = key & (set->capacity - 1); set->slots[i] != 0; i = (i + 1) & (set->capacity - 1)) {
        if (set->slots[i] == key) return true;
    }
    return false;
}

static void set_add(hash_set *set, uint64_t key) {
    if (set_has(set, key)) return;
    if (set->count * 2 >= set->capacity) {
        hash_set grown = {.capacity = set->capacity ? set->capacity * 2 : 1024};
        grown.slots = base_calloc(grown.capacity, sizeof *grown.slots);
        for (size_t i = 0; i < set->capacity; i++) {
            if (set->slots[i] != 0) set_add(&grown, set->slots[i]);
        }
        free(set->slots);
        *set = grown;
    }
    size_t i = key & (set->capacity - 1);
    while (set->slots[i] != 0) i = (i + 1) & (set->capacity - 1);
    set->slots[i] = key;
    set->count++;
}

/* Where a record stands: at most one of a correct run stands there. */
static uint64_t place_of(const hpo_record *record) {
    struct {
        uint64_t kind, trial, rung;
        double fidelity;
    } key = {.kind = (uint64_t)record->kind, .trial = record->trial, .rung = record->rung};
    if (record->kind == HPO_RECORD_REPORT) key.fidelity = record->fidelity;
    if (record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_CLOSE) key.rung = 0;
    uint64_t hash = base_hash64(&key, sizeof key);
    return hash ? hash : 1;
}

/* Place and content: what a deterministic run must reproduce; not who computed it, when, or in which attempt. */
static uint64_t content_of(const hpo_rawcache *cache, const hpo_record *record) {
    struct {
        uint64_t place, bracket, config, failure, flags, artefact;
        double fidelity, from, values[HPO_MAX_GOALS];
    } key = {.place = place_of(record)};
    if (record->kind == HPO_RECORD_START) {
        key.bracket = record->bracket;
        key.config = base_hash64(record->config, cache->n_config * sizeof *record->config);
    }
    if (record->kind != HPO_RECORD_CLOSE) {
        key.fidelity = record->fidelity;
    }
    if (record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_PROMOTE) key.from = record->from;
    if (record->kind == HPO_RECORD_RESULT) key.failure = (uint64_t)record->result.failure;
    if (record->kind == HPO_RECORD_REPORT || (record->kind == HPO_RECORD_RESULT && key.failure == 0)) {
        for (size_t g = 0; g < hpo_record_values(record); g++) /* of all NaNs the journal keeps one */
            key.values[g] = isnan(record->values[g]) ? (double)NAN : record->values[g];
        key.flags = (record->stop ? 1U : 0U) | (record->final ? 2U : 0U);
    }
    const char *artefact = record->kind == HPO_RECORD_RESULT ? record->result.artefact : "";
    if (artefact[0]) key.artefact = base_hash64(artefact, strlen(artefact));
    uint64_t hash = base_hash64(&key, sizeof key);
    return hash ? hash : 1;
}

static void keep_raw(hpo_rawcache *cache, const hpo_raw *raw) {
    size_t index = cache->n_raws++;
    BASE_GROW(cache->raws, cache->cap_raws, cache->n_raws);
    kept *entry = &cache->raws[index];
    const hpo_result *result = &raw->result;
    hpo_metric *metrics = BASE_NEW_ARRAY(cache->arena, result->metrics.count, hpo_metric);
    memcpy(metrics, result->metrics.item, result->metrics.count * sizeof *metrics);
    *entry = (kept){.next = SIZE_MAX,
                    .rung = raw->rung,
                    .attempt = raw->attempt,
                    .worker = raw->worker,
                    .is_report = raw->is_report,
                    .fidelity = raw->fidelity,
                    .failure = result->failure,
                    .code = result->code,
                    .cost = result->cost,
                    .seconds = result->seconds,
                    .reached = result->reached,
                    .notices = result->notices,
                    .n_metrics = result->metrics.count,
                    .metrics = metrics,
                    .reason = result->reason[0] ? base_arena_strdup(cache->arena, result->reason) : "",
                    .artefact = result->artefact[0] ? base_arena_strdup(cache->arena, result->artefact) : ""};
    size_t trial = (size_t)raw->trial;
    if (trial >= cache->n_trials) {
        BASE_GROW(cache->first, cache->cap_first, trial + 1);
        BASE_GROW(cache->last, cache->cap_last, trial + 1);
        for (size_t i = cache->n_trials; i <= trial; i++) cache->first[i] = cache->last[i] = SIZE_MAX;
        cache->n_trials = trial + 1;
    }
    if (cache->first[trial] == SIZE_MAX) {
        cache->first[trial] = index;
    } else {
        cache->raws[cache->last[trial]].next = index;
    }
    cache->last[trial] = index;
}

static void unpack(const kept *entry, uint64_t trial, hpo_raw *raw) {
    *raw = (hpo_raw){.trial = trial,
                     .rung = entry->rung,
                     .attempt = entry->attempt,
                     .worker = entry->worker,
                     .is_report = entry->is_report,
                     .fidelity = entry->fidelity,
                     .result = {.failure = entry->failure,
                                .code = entry->code,
                                .cost = entry->cost,
                                .seconds = entry->seconds,
                                .reached = entry->reached,
                                .notices = entry->notices,
                                .metrics.count = entry->n_metrics}};
    memcpy(raw->result.metrics.item, entry->metrics, entry->n_metrics * sizeof(hpo_metric));
    memcpy(raw->result.reason, entry->reason, strlen(entry->reason) + 1);
    memcpy(raw->result.artefact, entry->artefact, strlen(entry->artefact) + 1);
}

void hpo_rawcache_note(hpo_rawcache *cache, const hpo_entry *entry) {
    if (entry->kind == HPO_ENTRY_RAW) keep_raw(cache, &entry->raw);
    if (entry->kind != HPO_ENTRY_RECORD || entry->record.kind == HPO_RECORD_ATTEMPT) return;
    set_add(&cache->places, place_of(&entry->record));
    set_add(&cache->records, content_of(cache, &entry->record));
}

bool hpo_rawcache_take(const hpo_rawcache *cache, uint64_t trial, uint32_t rung,
                       void (*add)(void *self, const hpo_raw *raw), void *self) {
    if (trial >= cache->n_trials) return false;
    const kept *last = NULL; /* the end of the evaluation, or the newest report of one that never ended */
    for (size_t i = cache->first[trial]; i != SIZE_MAX; i = cache->raws[i].next) {
        const kept *entry = &cache->raws[i];
        if (entry->rung == rung && (!last || last->is_report || !entry->is_report)) last = entry;
    }
    if (!last) return false;
    for (size_t i = cache->first[trial]; i != SIZE_MAX; i = cache->raws[i].next) {
        const kept *entry = &cache->raws[i];
        if (entry->rung != rung || entry->attempt != last->attempt) continue;
        hpo_raw raw;
        unpack(entry, trial, &raw);
        add(self, &raw);
    }
    return !last->is_report;
}

hpo_written hpo_rawcache_written(const hpo_rawcache *cache, const hpo_record *record) {
    if (set_has(&cache->records, content_of(cache, record))) return HPO_WRITTEN_SAME;
    return set_has(&cache->places, place_of(record)) ? HPO_WRITTEN_DIFFERENT : HPO_WRITTEN_NO;
}

size_t hpo_rawcache_records(const hpo_rawcache *cache) {
    return cache->records.count;
}
