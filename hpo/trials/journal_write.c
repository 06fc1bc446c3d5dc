/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's lines, printed straight into a buffer.
 *
 * Each record becomes the lines that Optuna's JournalStorage replays (operation codes of its JournalOperation), and one
 * user attribute of ours that holds everything Optuna has no place for. The attribute is the truth and is what resume
 * reads; parameters are the exception: they stand once only, as Optuna's internal values, which are our own (numbers,
 * or the index of a choice). Optuna repeats every distribution with every trial, so their texts are made once. */
#include "hpo/trials/journal_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { STATE_COMPLETE = 1, STATE_PRUNED = 2, STATE_FAIL = 3 }; /* Optuna's TrialState */

#define PUT(out, literal) base_buf_append((out), (literal), sizeof(literal) - 1)

/* ---- distributions ---- */

static void put_number(base_buf *out, const hpo_param *param, double value) {
    if (param->kind == HPO_INT) {
        base_buf_put_i64(out, (int64_t)value);
    } else {
        base_buf_put_double(out, value);
    }
}

/* 0.3 for 0.30000000000000004: Optuna counts the steps of a range in decimal arithmetic. */
static double decimal(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.12g", value);
    return strtod(text, NULL);
}

/* Optuna takes log only without a step, and has no logit: such a range is shown without its scale. */
static void put_range(base_buf *out, const hpo_param *param) {
    bool integer = param->kind == HPO_INT, log = param->scale == HPO_LOG;
    double step = integer && !(param->step > 0) ? 1 : param->step;
    if (integer && step > 1) log = false;
    if (!integer && log) step = 0;
    base_buf_puts(out, integer ? "{\"name\":\"IntDistribution\",\"attributes\":{\"log\":"
                               : "{\"name\":\"FloatDistribution\",\"attributes\":{\"log\":");
    base_buf_puts(out, log ? "true,\"step\":" : "false,\"step\":");
    if (step > 0) {
        put_number(out, param, step);
    } else {
        PUT(out, "null");
    }
    PUT(out, ",\"low\":");
    put_number(out, param, param->min);
    PUT(out, ",\"high\":");
    put_number(out, param, !integer && step > 0 ? decimal(param->max) : param->max);
    PUT(out, "}}");
}

static void put_choices(base_buf *out, const hpo_param *param) {
    PUT(out, "{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[");
    for (size_t i = 0; i < param->n_choices; i++) {
        if (i > 0) base_buf_putc(out, ',');
        hpo_value_print_json(&param->choices[i], out);
    }
    PUT(out, "]}}");
}

static journal_text keep(base_arena *arena, const base_buf *buf) {
    return (journal_text){.text = base_arena_strndup(arena, base_buf_text(buf), buf->length), .length = buf->length};
}

void hpo_journal_write_prepare(hpo_journal *journal) {
    base_buf inner = {0}, text = {0}, all = {0};
    journal->n_params = hpo_space_count(journal->space);
    journal->params = BASE_NEW_ARRAY(journal->arena, journal->n_params, journal_param);
    for (size_t i = 0; i < journal->n_params; i++) {
        const hpo_param *param = hpo_space_param(journal->space, i);
        journal_param *mine = &journal->params[i];
        base_buf_clear(&inner);
        if (param->kind == HPO_FLOAT || param->kind == HPO_INT) {
            put_range(&inner, param);
        } else {
            put_choices(&inner, param);
        }
        mine->name = param->name;
        base_buf_clear(&text);
        base_buf_put_json(&text, param->name);
        base_buf_putc(&text, ':');
        mine->key = keep(journal->arena, &text);
        base_buf_put_json(&text, base_buf_text(&inner));
        mine->distribution = keep(journal->arena, &text);
        if (i > 0) base_buf_putc(&all, ',');
        base_buf_append(&all, text.data, text.length);
    }
    PUT(&all, "}");
    journal->all_distributions = keep(journal->arena, &all);
    base_buf_fini(&inner);
    base_buf_fini(&text);
    base_buf_fini(&all);
}

/* ---- pieces ---- */

/* The local time, made anew when the coarse clock (a tick is 1 to 4 ms) has moved: a line costs 10 ns, not 500. */
static void put_stamp(hpo_journal *journal) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_nsec != journal->stamp_at.tv_nsec || now.tv_sec != journal->stamp_at.tv_sec) {
        base_timestamp(journal->stamp);
        journal->stamp_at = now;
    }
    base_buf_puts(&journal->out, journal->stamp);
}

static void put_real(base_buf *out, double value) {
    if (isfinite(value)) {
        base_buf_put_double(out, value);
        return;
    }
    base_buf_puts(out, isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"");
}

static void put_uint(base_buf *out, const char *key, uint64_t value) {
    base_buf_puts(out, key);
    base_buf_put_u64(out, value);
}

static void put_key_real(base_buf *out, const char *key, double value) {
    base_buf_puts(out, key);
    put_real(out, value);
}

/* `{"op_code":8,...,"user_attr":{"hpo:<name>":{`, closed by end_attr. */
static void begin_attr(base_buf *out, uint64_t trial, const char *name) {
    PUT(out, "{\"op_code\":8,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":");
    base_buf_put_u64(out, trial);
    PUT(out, ",\"user_attr\":{\"hpo:");
    base_buf_puts(out, name);
    PUT(out, "\":{");
}

static void end_attr(base_buf *out) {
    PUT(out, "}}}\n");
}

static void put_result(base_buf *out, const hpo_result *result) {
    put_key_real(out, ",\"cost\":", result->cost);
    put_key_real(out, ",\"seconds\":", result->seconds);
    if (result->reached > 0) put_key_real(out, ",\"reached\":", result->reached);
    if (result->notices) put_uint(out, ",\"notices\":", result->notices);
    if (result->failure != HPO_FAILURE_NONE || result->code != 0 || result->reason[0] != '\0') {
        PUT(out, ",\"failure\":\"");
        base_buf_puts(out, hpo_failure_text(result->failure));
        PUT(out, "\",\"code\":");
        base_buf_put_i64(out, result->code);
        PUT(out, ",\"reason\":");
        base_buf_put_json(out, result->reason);
    }
    if (result->metrics.count == 0) return;
    PUT(out, ",\"metrics\":{");
    for (size_t i = 0; i < result->metrics.count; i++) {
        if (i > 0) base_buf_putc(out, ',');
        base_buf_put_json(out, result->metrics.item[i].name);
        put_key_real(out, ":", result->metrics.item[i].value);
    }
    base_buf_putc(out, '}');
}

/* ---- records ---- */

static void put_params(hpo_journal *journal, const double *config) {
    base_buf *out = &journal->out;
    size_t active = 0;
    PUT(out, "\",\"params\":{");
    for (size_t i = 0; i < journal->n_params; i++) {
        if (isnan(config[i])) continue;
        if (active++ > 0) base_buf_putc(out, ',');
        base_buf_append(out, journal->params[i].key.text, journal->params[i].key.length);
        base_buf_put_double(out, config[i]);
    }
    PUT(out, "},\"distributions\":{");
    if (active == journal->n_params) {
        base_buf_append(out, journal->all_distributions.text, journal->all_distributions.length);
        return;
    }
    bool first = true;
    for (size_t i = 0; i < journal->n_params; i++) {
        if (isnan(config[i])) continue;
        if (!first) base_buf_putc(out, ',');
        first = false;
        base_buf_append(out, journal->params[i].distribution.text, journal->params[i].distribution.length);
    }
    base_buf_putc(out, '}');
}

static void write_start(hpo_journal *journal, const hpo_record *record) {
    base_buf *out = &journal->out;
    PUT(out, "{\"op_code\":4,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_id\":0,\"datetime_start\":\"");
    put_stamp(journal);
    put_params(journal, record->config);
    put_uint(out, ",\"user_attrs\":{\"hpo:start\":{\"trial\":", record->trial);
    put_uint(out, ",\"bracket\":", record->bracket);
    put_uint(out, ",\"rung\":", record->rung);
    put_key_real(out, ",\"fidelity\":", record->fidelity);
    put_key_real(out, ",\"from\":", record->from);
    put_uint(out, ",\"as_of\":", record->as_of);
    if (record->parent != UINT64_MAX) put_uint(out, ",\"parent\":", record->parent);
    put_uint(out, ",\"seed\":\"", record->seed); /* as text: many readers of JSON round beyond 2^53 */
    base_buf_putc(out, '"');
    if (record->origin) {
        PUT(out, ",\"origin\":");
        base_buf_put_json(out, record->origin);
    }
    end_attr(out);
}

static void write_promote(base_buf *out, const hpo_record *record) {
    begin_attr(out, record->trial, "promote");
    put_uint(out, "\"rung\":", record->rung);
    put_key_real(out, ",\"fidelity\":", record->fidelity);
    put_key_real(out, ",\"from\":", record->from);
    put_uint(out, ",\"as_of\":", record->as_of);
    end_attr(out);
}

static void write_ending(base_buf *out, const char *name, const hpo_record *record) {
    begin_attr(out, record->trial, name);
    put_uint(out, "\"rung\":", record->rung);
    put_key_real(out, ",\"fidelity\":", record->fidelity);
    put_key_real(out, ",\"value\":", record->value);
    if (record->stop) PUT(out, ",\"stop\":true");
    if (record->final) PUT(out, ",\"final\":true");
    put_uint(out, ",\"attempt\":", record->attempt);
    put_uint(out, ",\"worker\":", record->worker);
    put_result(out, &record->result);
    end_attr(out);
}

static void write_raw(base_buf *out, const char *name, const hpo_raw *raw) {
    begin_attr(out, raw->trial, name);
    put_uint(out, "\"rung\":", raw->rung);
    if (raw->is_report) PUT(out, ",\"report\":true");
    put_key_real(out, ",\"fidelity\":", raw->fidelity);
    put_uint(out, ",\"attempt\":", raw->attempt);
    put_uint(out, ",\"worker\":", raw->worker);
    put_result(out, &raw->result);
    end_attr(out);
}

/* ---- what Optuna shows ---- */

static void write_intermediate(hpo_journal *journal, const hpo_record *record) {
    base_buf *out = &journal->out;
    bool integer =
        journal->integer_steps && record->fidelity == floor(record->fidelity) && fabs(record->fidelity) < 0x1p53;
    put_uint(out, "{\"op_code\":7,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":", record->trial);
    PUT(out, ",\"step\":");
    base_buf_put_i64(out, integer ? (int64_t)record->fidelity : (int64_t)record->rung);
    put_key_real(out, ",\"intermediate_value\":", record->value);
    PUT(out, "}\n");
}

static void write_state(hpo_journal *journal, uint64_t trial, int state, const double *value) {
    base_buf *out = &journal->out;
    put_uint(out, "{\"op_code\":6,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":", trial);
    PUT(out, ",\"state\":");
    base_buf_put_i64(out, state);
    PUT(out, ",\"values\":");
    if (value) {
        put_key_real(out, "[", *value);
        PUT(out, "],\"datetime_complete\":\"");
    } else {
        PUT(out, "null,\"datetime_complete\":\"");
    }
    put_stamp(journal);
    PUT(out, "\"}\n");
}

unsigned hpo_journal_display_parts(const hpo_record *record) {
    bool failed = record->result.failure != HPO_FAILURE_NONE || !isfinite(record->value);
    switch (record->kind) {
    case HPO_RECORD_START:
    case HPO_RECORD_PROMOTE: return 0;
    case HPO_RECORD_REPORT: return record->stop ? JOURNAL_SHOWS_STATE : 0;
    case HPO_RECORD_RESULT:
        if (failed) return JOURNAL_SHOWS_STATE;
        return record->final ? JOURNAL_SHOWS_VALUE | JOURNAL_SHOWS_STATE : JOURNAL_SHOWS_VALUE;
    case HPO_RECORD_CLOSE: return JOURNAL_SHOWS_STATE;
    }
    return 0;
}

void hpo_journal_write_display(hpo_journal *journal, const hpo_record *record, unsigned parts) {
    if (parts & JOURNAL_SHOWS_VALUE) write_intermediate(journal, record);
    if (!(parts & JOURNAL_SHOWS_STATE)) return;
    bool failed = record->result.failure != HPO_FAILURE_NONE || !isfinite(record->value);
    bool has_value = record->kind != HPO_RECORD_CLOSE && !failed;
    int state = record->kind != HPO_RECORD_RESULT ? STATE_PRUNED : failed ? STATE_FAIL : STATE_COMPLETE;
    write_state(journal, record->trial, state, has_value ? &record->value : NULL);
}

static void write_record(hpo_journal *journal, const hpo_record *record) {
    base_buf *out = &journal->out;
    switch (record->kind) {
    case HPO_RECORD_START: write_start(journal, record); break;
    case HPO_RECORD_PROMOTE: write_promote(out, record); break;
    case HPO_RECORD_REPORT:
        if (isfinite(record->value)) write_intermediate(journal, record);
        write_ending(out, "report", record);
        break;
    case HPO_RECORD_RESULT: write_ending(out, "result", record); break;
    case HPO_RECORD_CLOSE:
        begin_attr(out, record->trial, "close");
        end_attr(out);
        break;
    }
    hpo_journal_write_display(journal, record, hpo_journal_display_parts(record));
}

void hpo_journal_append(hpo_journal *journal, const hpo_entry *entry) {
    switch (entry->kind) {
    case HPO_ENTRY_RECORD: write_record(journal, &entry->record); break;
    case HPO_ENTRY_RAW: write_raw(&journal->out, "raw", &entry->raw); break;
    case HPO_ENTRY_ATTEMPT: write_raw(&journal->out, "attempt", &entry->raw); break;
    }
}

void hpo_journal_write_head(hpo_journal *journal, const hpo_journal_head *head) {
    base_buf *out = &journal->out;
    PUT(out, "{\"op_code\":0,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_name\":");
    base_buf_put_json(out, head->study);
    base_buf_puts(out, head->maximize ? ",\"directions\":[2]}\n" : ",\"directions\":[1]}\n");
    PUT(out, "{\"op_code\":2,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_id\":0,\"user_attr\":{\"hpo:study\":{");
    put_uint(out, "\"format\":", JOURNAL_FORMAT);
    put_uint(out, ",\"seed\":\"", head->seed);
    PUT(out, "\",\"program\":");
    base_buf_put_json(out, head->program);
    PUT(out, ",\"identity\":");
    base_buf_put_json(out, head->identity);
    end_attr(out);
}
