/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a run: what its records say by the way (times, costs, workers) is kept beside the history. */
#include "hpo/report/account.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/account_impl.h"

/* ---- while the journal is read ---- */

typedef struct observer {
    hpo_account *account;
    double *begun; /* by trial: when its evaluation under way began */
    size_t begun_capacity;
    bool has_raws; /* a deterministic run: its records come later than what they tell of */
    hpo_span *raw;
    size_t n_raw, raw_capacity;
} observer;

static void note_event(hpo_account *a, double elapsed) {
    BASE_GROW(a->elapsed_at, a->elapsed_capacity, a->n_events + 1);
    BASE_GROW(a->cost_at, a->cost_capacity, a->n_events + 1);
    a->elapsed_at[a->n_events] = elapsed;
    a->cost_at[a->n_events++] = hpo_view_cost(hpo_history_view(a->run.history));
}

static void add_span(hpo_account *a, const hpo_record *record, double begin, double end) {
    BASE_GROW(a->spans, a->spans_capacity, a->n_spans + 1);
    a->spans[a->n_spans++] = (hpo_span){.trial = record->trial,
                                        .rung = record->rung,
                                        .worker = record->worker,
                                        .begin = fmax(0, begin),
                                        .end = end,
                                        .failure = record->result.failure,
                                        .stopped = record->kind == HPO_RECORD_REPORT};
}

static void see_record(observer *o, const hpo_record *record, double elapsed) {
    hpo_account *a = o->account;
    if (record->kind != HPO_RECORD_ATTEMPT) note_event(a, elapsed);
    switch (record->kind) {
    case HPO_RECORD_START:
    case HPO_RECORD_PROMOTE:
        BASE_GROW(o->begun, o->begun_capacity, record->trial + 1);
        o->begun[record->trial] = elapsed;
        break;
    case HPO_RECORD_RESULT:
    case HPO_RECORD_ATTEMPT: add_span(a, record, elapsed - record->result.seconds, elapsed); break;
    case HPO_RECORD_REPORT:
        if (record->stop) add_span(a, record, o->begun[record->trial], elapsed);
        break;
    default: break;
    }
}

static void see_raw(observer *o, const hpo_raw *raw, double elapsed) {
    o->has_raws = true;
    if (raw->is_report) return;
    BASE_GROW(o->raw, o->raw_capacity, o->n_raw + 1);
    o->raw[o->n_raw++] = (hpo_span){.trial = raw->trial,
                                    .rung = raw->rung,
                                    .worker = raw->worker,
                                    .begin = fmax(0, elapsed - raw->result.seconds),
                                    .end = elapsed,
                                    .failure = raw->result.failure};
}

static void see(void *self, const hpo_entry *entry) {
    observer *o = self;
    if (entry->elapsed > o->account->seconds) o->account->seconds = entry->elapsed;
    if (entry->kind == HPO_ENTRY_RECORD) see_record(o, &entry->record, entry->elapsed);
    if (entry->kind == HPO_ENTRY_RAW) see_raw(o, &entry->raw, entry->elapsed);
    if (entry->kind == HPO_ENTRY_RUN && !entry->run.ends) o->account->runs++;
}

static void take_raws(observer *o) {
    hpo_account *a = o->account;
    if (!o->has_raws) {
        free(o->raw);
        return;
    }
    free(a->spans);
    a->spans = o->raw;
    a->n_spans = o->n_raw;
}

/* ---- what the folder says ---- */

static const char *text_at(const base_yaml_node *map, const char *key) {
    const base_yaml_node *node = base_yaml_get(map, key);
    return node && node->kind == BASE_YAML_STRING ? node->text : NULL;
}

/* status.json is no truth, so whatever is wrong with it is passed over. */
static void read_status(hpo_account *a) {
    base_buf text = {0};
    base_yaml_node *root;
    base_err ignored;
    const char *path = base_arena_printf(a->arena, "%s/status.json", a->dir);
    const bool read = base_read_file(path, &text, &ignored) == BASE_OK &&
                      base_yaml_parse(a->arena, path, base_buf_text(&text), text.length, &root, &ignored) == BASE_OK;
    base_buf_fini(&text);
    if (!read) return;
    a->state = text_at(root, "state");
    a->ended = text_at(root, "reason");
    if (!a->is_anonymous) a->host = text_at(root, "host");
}

/* What a program's environment holds may be a secret. */
static void mask_environment(base_arena *arena, base_yaml_node *settings) {
    base_yaml_node *env = base_yaml_get(settings, "env");
    if (!env || env->kind != BASE_YAML_MAP) return;
    for (size_t i = 0; i < env->count; i++) env->items[i] = base_yaml_scalar(arena, env, "***", true);
}

/* "command, {settings: {run: [...], env: {...}}}" */
static void read_objective(hpo_account *a) {
    const char *text = a->run.objective ? a->run.objective : "unknown", *comma = strchr(text, ',');
    base_yaml_node *root;
    base_err ignored;
    a->objective = comma ? base_arena_strndup(a->arena, text, (size_t)(comma - text)) : text;
    if (!comma || a->is_anonymous ||
        base_yaml_parse(a->arena, a->run.file, comma + 1, strlen(comma + 1), &root, &ignored) != BASE_OK)
        return;
    base_yaml_node *settings = base_yaml_get(root, "settings");
    if (!settings) return;
    base_buf out = {0};
    mask_environment(a->arena, settings);
    base_yaml_print_flow(settings, &out);
    a->settings = base_arena_strdup(a->arena, base_buf_text(&out));
    base_buf_fini(&out);
}

/* ---- together ---- */

base_status hpo_account_read(const char *dir, bool is_anonymous, hpo_account **account, base_err *err) {
    hpo_account *a = base_calloc(1, sizeof *a);
    a->arena = base_arena_create();
    a->dir = base_arena_strdup(a->arena, dir);
    a->is_anonymous = is_anonymous;
    observer o = {.account = a};
    const base_status status = hpo_recorded_read(dir, a->arena, see, &o, &a->run, err);
    free(o.begun);
    take_raws(&o);
    if (status != BASE_OK) {
        hpo_account_destroy(a);
        return status;
    }
    a->view = hpo_history_view(a->run.history);
    a->cost = hpo_view_cost(a->view);
    const bool by_posterior = a->run.head.by_posterior && a->run.n_goals == 1;
    if (!by_posterior || !hpo_recommend(a->view, &a->recommended)) a->recommended.mean = (double)NAN;
    read_status(a);
    read_objective(a);
    hpo_account_sum_up(a);
    *account = a;
    return BASE_OK;
}

void hpo_account_destroy(hpo_account *a) {
    if (!a) return;
    hpo_recorded_fini(&a->run);
    free(a->elapsed_at);
    free(a->cost_at);
    free(a->spans);
    base_arena_destroy(a->arena);
    free(a);
}
