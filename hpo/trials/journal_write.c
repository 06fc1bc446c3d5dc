/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's lines, printed straight into a buffer.
 *
 * Each record becomes the lines that Optuna's JournalStorage replays (operation codes of its JournalOperation), and one
 * user attribute of ours that holds everything Optuna has no place for. The attribute is the truth and is what resume
 * reads; parameters are the exception: they stand once only, as Optuna's internal values, which are our own (numbers,
 * or the index of a choice). */
#include "hpo/trials/journal_data.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { STATE_COMPLETE = 1, STATE_PRUNED = 2, STATE_FAIL = 3 }; /* Optuna's TrialState */

/* A line consists of a hundred pieces, most of known length: those are copied in place while there is room. */
static inline void put_bytes(base_buf *out, const char *bytes, size_t length) {
    if (out->capacity - out->length > length) {
        memcpy(out->data + out->length, bytes, length);
        out->length += length;
        out->data[out->length] = '\0';
    } else {
        base_buf_append(out, bytes, length);
    }
}
#define PUT(out, literal)         put_bytes((out), (literal), sizeof(literal) - 1)
#define PUT_UINT(out, key, value) (PUT(out, key), base_buf_put_u64((out), (value)))
#define PUT_REAL(out, key, value) (PUT(out, key), put_real((out), (value)))

/* ---- pieces ---- */

/* The local time, made anew when the clock's millisecond has passed: a line costs 10 ns, not 500. */
static void put_stamp(hpo_journal *journal, double at) {
    if (at != journal->stamp_at) {
        base_format_time(at, journal->stamp);
        journal->stamp_length = strlen(journal->stamp);
        journal->stamp_at = at;
    }
    put_bytes(&journal->out, journal->stamp, journal->stamp_length);
}

static void put_real(base_buf *out, double value) {
    if (isfinite(value)) {
        base_buf_put_double(out, value);
        return;
    }
    base_buf_puts(out, isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"");
}

/* A value of a metric, which stands in up to four places: it is printed once. */
static void put_value(hpo_journal *journal, double value) {
    base_buf *out = &journal->out;
    journal_number *newest = &journal->number;
    if (newest->length > 0 && memcmp(&newest->value, &value, sizeof value) == 0) {
        put_bytes(out, newest->text, newest->length);
        return;
    }
    const size_t start = out->length;
    put_real(out, value);
    newest->value = value;
    newest->length = out->length - start;
    BASE_ASSERT(newest->length <= sizeof newest->text);
    memcpy(newest->text, out->data + start, newest->length);
}

static uint64_t milliseconds(double seconds) {
    return seconds > 0 && seconds < 1e15 ? (uint64_t)(seconds * 1000 + 0.5) : 0;
}

/* When: by the wall clock, and by the clock that only runs while the study does. Last in an attribute of ours. */
typedef struct moment {
    double at, elapsed;
} moment;

static moment moment_of(const hpo_journal *journal, double at, double elapsed) {
    return (moment){.at = at > 0 ? at : base_wall_time(),
                    .elapsed = elapsed > 0 ? elapsed : hpo_journal_elapsed_now(journal)};
}

/* `"at":1796138310.407,"elapsed":12.345`, made anew when a millisecond has passed. */
static void put_moment(hpo_journal *journal, moment when) {
    const uint64_t at = milliseconds(when.at), elapsed = milliseconds(when.elapsed);
    if (at != journal->moment_at || elapsed != journal->moment_elapsed || journal->moment_length == 0) {
        const int length =
            snprintf(journal->moment, sizeof journal->moment, "\"at\":%" PRIu64 ".%03u,\"elapsed\":%" PRIu64 ".%03u",
                     at / 1000, (unsigned)(at % 1000), elapsed / 1000, (unsigned)(elapsed % 1000));
        journal->moment_length = (size_t)length;
        journal->moment_at = at;
        journal->moment_elapsed = elapsed;
    }
    put_bytes(&journal->out, journal->moment, journal->moment_length);
}

static void begin_line(hpo_journal *journal) {
    journal->line = journal->out.length;
}

/* Behind everything of the line but its last brace. */
static void end_line(hpo_journal *journal) {
    hpo_chain_seal(&journal->chain, &journal->out, journal->line);
}

/* `{"op_code":8,...,"user_attr":{"hpo:<name>":{`, closed by end_attr. */
static void begin_attr(hpo_journal *journal, uint64_t trial, const char *name) {
    base_buf *out = &journal->out;
    begin_line(journal);
    PUT(out, "{\"op_code\":8,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":");
    base_buf_put_u64(out, trial);
    PUT(out, ",\"user_attr\":{\"hpo:");
    base_buf_puts(out, name);
    PUT(out, "\":{");
}

static void end_attr(hpo_journal *journal, moment when) {
    PUT(&journal->out, ",");
    put_moment(journal, when);
    PUT(&journal->out, "}}");
    end_line(journal);
}

static void put_result(hpo_journal *journal, const hpo_result *result) {
    base_buf *out = &journal->out;
    PUT_REAL(out, ",\"cost\":", result->cost);
    PUT_REAL(out, ",\"seconds\":", result->seconds);
    if (result->reached > 0) PUT_REAL(out, ",\"reached\":", result->reached);
    if (result->notices) PUT_UINT(out, ",\"notices\":", result->notices);
    if (result->failure != HPO_FAILURE_NONE || result->code != 0 || result->reason[0] != '\0') {
        PUT(out, ",\"failure\":\"");
        base_buf_puts(out, hpo_failure_text(result->failure));
        PUT(out, "\",\"code\":");
        base_buf_put_i64(out, result->code);
        PUT(out, ",\"reason\":");
        base_buf_put_json(out, result->reason);
    }
    if (result->artefact[0] != '\0') {
        PUT(out, ",\"artefact\":[");
        base_buf_put_json(out, result->artefact);
        PUT(out, "]");
    }
    if (result->metrics.count == 0) return;
    PUT(out, ",\"metrics\":{");
    for (size_t i = 0; i < result->metrics.count; i++) {
        if (i > 0) PUT(out, ",");
        base_buf_put_json(out, result->metrics.item[i].name);
        PUT(out, ":");
        put_value(journal, result->metrics.item[i].value);
    }
    PUT(out, "}");
}

/* ---- records ---- */

static void put_params(hpo_journal *journal, const double *config) {
    base_buf *out = &journal->out;
    size_t active = 0;
    PUT(out, "\",\"params\":{");
    for (size_t i = 0; i < journal->n_params; i++) {
        if (isnan(config[i])) continue;
        if (active++ > 0) PUT(out, ",");
        put_bytes(out, journal->params[i].key.text, journal->params[i].key.length);
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
        if (!first) PUT(out, ",");
        first = false;
        put_bytes(out, journal->params[i].distribution.text, journal->params[i].distribution.length);
    }
    PUT(out, "}");
}

static void write_start(hpo_journal *journal, const hpo_record *record, moment when) {
    base_buf *out = &journal->out;
    begin_line(journal);
    PUT(out, "{\"op_code\":4,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_id\":0,\"datetime_start\":\"");
    put_stamp(journal, when.at);
    put_params(journal, record->config);
    PUT_UINT(out, ",\"user_attrs\":{\"hpo:start\":{\"trial\":", record->trial);
    PUT_UINT(out, ",\"bracket\":", record->bracket);
    PUT_UINT(out, ",\"rung\":", record->rung);
    PUT_REAL(out, ",\"fidelity\":", record->fidelity);
    PUT_REAL(out, ",\"from\":", record->from);
    PUT_UINT(out, ",\"as_of\":", record->as_of);
    if (record->parent != UINT64_MAX) PUT_UINT(out, ",\"parent\":", record->parent);
    PUT_UINT(out, ",\"seed\":\"", record->seed); /* as text: many readers of JSON round beyond 2^53 */
    PUT(out, "\"");
    if (record->origin) {
        PUT(out, ",\"origin\":");
        base_buf_put_json(out, record->origin);
    }
    end_attr(journal, when);
}

static void write_promote(hpo_journal *journal, const hpo_record *record, moment when) {
    base_buf *out = &journal->out;
    begin_attr(journal, record->trial, "promote");
    PUT_UINT(out, "\"rung\":", record->rung);
    PUT_REAL(out, ",\"fidelity\":", record->fidelity);
    PUT_REAL(out, ",\"from\":", record->from);
    PUT_UINT(out, ",\"as_of\":", record->as_of);
    end_attr(journal, when);
}

static void put_values(hpo_journal *journal, const double *values, size_t count) {
    base_buf *out = &journal->out;
    PUT(out, "[");
    for (size_t g = 0; g < count; g++) {
        if (g > 0) PUT(out, ",");
        put_value(journal, values[g]);
    }
    PUT(out, "]");
}

/* REPORT and RESULT. A list of values, one for each metric that the study optimizes. */
static void write_ending(hpo_journal *journal, const char *name, const hpo_record *record, moment when) {
    base_buf *out = &journal->out;
    begin_attr(journal, record->trial, name);
    PUT_UINT(out, "\"rung\":", record->rung);
    PUT_REAL(out, ",\"fidelity\":", record->fidelity);
    PUT(out, ",\"values\":");
    put_values(journal, record->values, hpo_record_values(record));
    if (record->stop) PUT(out, ",\"stop\":true");
    if (record->open) PUT(out, ",\"open\":true");
    if (record->final) PUT(out, ",\"final\":true");
    PUT_UINT(out, ",\"attempt\":", record->attempt);
    PUT_UINT(out, ",\"worker\":", record->worker);
    put_result(journal, &record->result);
    end_attr(journal, when);
}

static void write_close(hpo_journal *journal, const hpo_record *record, moment when) {
    begin_attr(journal, record->trial, "close");
    put_moment(journal, when);
    PUT(&journal->out, "}}");
    end_line(journal);
}

static void write_raw(hpo_journal *journal, const char *name, const hpo_raw *raw, moment when) {
    base_buf *out = &journal->out;
    begin_attr(journal, raw->trial, name);
    PUT_UINT(out, "\"rung\":", raw->rung);
    if (raw->is_report) PUT(out, ",\"report\":true");
    PUT_REAL(out, ",\"fidelity\":", raw->fidelity);
    PUT_UINT(out, ",\"attempt\":", raw->attempt);
    PUT_UINT(out, ",\"worker\":", raw->worker);
    put_result(journal, &raw->result);
    end_attr(journal, when);
}

static void write_attempt(hpo_journal *journal, const hpo_record *record, moment when) {
    const hpo_raw raw = {.trial = record->trial,
                         .rung = record->rung,
                         .attempt = record->attempt,
                         .worker = record->worker,
                         .fidelity = record->fidelity,
                         .result = record->result};
    write_raw(journal, "attempt", &raw, when);
}

/* ---- what Optuna shows ---- */

static bool has_values(const hpo_record *record) {
    return record->result.failure == HPO_FAILURE_NONE && hpo_record_is_finite(record);
}

static void write_intermediate(hpo_journal *journal, const hpo_record *record) {
    base_buf *out = &journal->out;
    bool integer =
        journal->integer_steps && record->fidelity == floor(record->fidelity) && fabs(record->fidelity) < 0x1p53;
    begin_line(journal);
    PUT_UINT(out, "{\"op_code\":7,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":", record->trial);
    PUT(out, ",\"step\":");
    base_buf_put_i64(out, integer ? (int64_t)record->fidelity : (int64_t)record->rung);
    PUT(out, ",\"intermediate_value\":");
    put_value(journal, record->value);
    end_line(journal);
}

static void write_state(hpo_journal *journal, const hpo_record *record, int state, const double *values, double at) {
    base_buf *out = &journal->out;
    begin_line(journal);
    PUT_UINT(out, "{\"op_code\":6,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":", record->trial);
    PUT(out, ",\"state\":");
    base_buf_put_i64(out, state);
    PUT(out, ",\"values\":");
    if (values) {
        put_values(journal, values, hpo_record_values(record));
        PUT(out, ",\"datetime_complete\":\"");
    } else {
        PUT(out, "null,\"datetime_complete\":\"");
    }
    put_stamp(journal, at > 0 ? at : base_wall_time());
    PUT(out, "\"");
    end_line(journal);
}

/* Under the name that Optuna's samplers give to what a constraint function returns: feasible where all are at most 0.
 */
static void write_constraints(hpo_journal *journal, const hpo_record *record) {
    base_buf *out = &journal->out;
    const hpo_constraints constraints = {journal->constraints, journal->n_constraints};
    double excess[HPO_MAX_CONSTRAINTS];
    if (!hpo_constraints_excess(constraints, &record->result.metrics, excess)) return;
    begin_line(journal);
    PUT_UINT(out, "{\"op_code\":9,\"worker_id\":\"" JOURNAL_WORKER "\",\"trial_id\":", record->trial);
    PUT(out, ",\"system_attr\":{\"constraints\":");
    put_values(journal, excess, constraints.count);
    PUT(out, "}");
    end_line(journal);
}

/* Optuna has intermediate values of studies with one objective only. */
unsigned hpo_journal_display_parts(const hpo_journal *journal, const hpo_record *record) {
    const bool failed = !has_values(record);
    const unsigned value = hpo_record_values(record) == 1 ? JOURNAL_SHOWS_VALUE : 0;
    bool ends = record->stop && !record->open;
    switch (record->kind) {
    case HPO_RECORD_START:
    case HPO_RECORD_PROMOTE:
    case HPO_RECORD_ATTEMPT: return 0;
    case HPO_RECORD_REPORT: return (isfinite(record->value) ? value : 0U) | (ends ? JOURNAL_SHOWS_STATE : 0U);
    case HPO_RECORD_RESULT:
        if (failed) return JOURNAL_SHOWS_STATE;
        return (record->final ? value | JOURNAL_SHOWS_STATE : value) |
               (journal->n_constraints > 0 ? JOURNAL_SHOWS_CONSTRAINTS : 0U);
    case HPO_RECORD_CLOSE: return JOURNAL_SHOWS_STATE;
    }
    return 0;
}

void hpo_journal_note_shown(hpo_journal *journal, const hpo_record *record) {
    BASE_GROW(journal->shown, journal->shown_capacity, (size_t)record->trial + 1);
    while (journal->n_shown <= record->trial) journal->shown[journal->n_shown++] = NAN;
    if (hpo_journal_display_parts(journal, record) & JOURNAL_SHOWS_VALUE) journal->shown[record->trial] = record->value;
}

/* The values that a state comes with, as many as the record has; NULL: none. Optuna gives a pruned trial its newest
 * intermediate value. */
static const double *values_of_state(const hpo_journal *journal, const hpo_record *record, bool failed) {
    if (record->kind != HPO_RECORD_CLOSE) return failed ? NULL : record->values;
    const double *shown = &journal->shown[record->trial];
    return isfinite(*shown) ? shown : NULL;
}

void hpo_journal_write_display(hpo_journal *journal, const hpo_record *record, double at, unsigned parts) {
    if (parts & JOURNAL_SHOWS_VALUE) write_intermediate(journal, record);
    if (parts & JOURNAL_SHOWS_CONSTRAINTS) write_constraints(journal, record); /* nothing may follow its state */
    if (!(parts & JOURNAL_SHOWS_STATE)) return;
    const bool failed = !has_values(record);
    int state = record->kind != HPO_RECORD_RESULT ? STATE_PRUNED : failed ? STATE_FAIL : STATE_COMPLETE;
    write_state(journal, record, state, values_of_state(journal, record, failed), at);
}

static void write_record(hpo_journal *journal, const hpo_record *record, moment when) {
    switch (record->kind) {
    case HPO_RECORD_START: write_start(journal, record, when); break;
    case HPO_RECORD_PROMOTE: write_promote(journal, record, when); break;
    case HPO_RECORD_REPORT: write_ending(journal, "report", record, when); break;
    case HPO_RECORD_RESULT: write_ending(journal, "result", record, when); break;
    case HPO_RECORD_CLOSE: write_close(journal, record, when); break;
    case HPO_RECORD_ATTEMPT: write_attempt(journal, record, when); break;
    }
    hpo_journal_note_shown(journal, record);
    hpo_journal_write_display(journal, record, when.at, hpo_journal_display_parts(journal, record));
}

void hpo_journal_append(hpo_journal *journal, const hpo_entry *entry) {
    hpo_journal_write_run(journal);
    const bool raw = entry->kind == HPO_ENTRY_RAW;
    const moment when = moment_of(journal, raw ? entry->raw.at : entry->record.at, entry->elapsed);
    if (raw) {
        write_raw(journal, "raw", &entry->raw, when);
    } else if (entry->kind == HPO_ENTRY_RECORD) {
        write_record(journal, &entry->record, when);
    }
}

/* ---- lines about the study ---- */

static void begin_study_attr(hpo_journal *journal, const char *name) {
    begin_line(journal);
    PUT(&journal->out, "{\"op_code\":2,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_id\":0,\"user_attr\":{\"hpo:");
    base_buf_puts(&journal->out, name);
    PUT(&journal->out, "\":{");
}

/* What Optuna calls the values. */
static void write_names(hpo_journal *journal, const hpo_journal_head *head) {
    base_buf *out = &journal->out;
    if (!head->goals || !head->goals[0].name) return;
    begin_line(journal);
    PUT(out,
        "{\"op_code\":3,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_id\":0,\"system_attr\":{\"study:metric_names\":[");
    for (size_t g = 0; g < head->n_goals; g++) {
        if (g > 0) PUT(out, ",");
        base_buf_put_json(out, head->goals[g].name);
    }
    PUT(out, "]}");
    end_line(journal);
}

void hpo_journal_write_head(hpo_journal *journal, const hpo_journal_head *head) {
    base_buf *out = &journal->out;
    begin_line(journal);
    PUT(out, "{\"op_code\":0,\"worker_id\":\"" JOURNAL_WORKER "\",\"study_name\":");
    base_buf_put_json(out, head->study);
    PUT(out, ",\"directions\":[");
    for (size_t g = 0; g == 0 || g < head->n_goals; g++)
        base_buf_printf(out, "%s%d", g > 0 ? "," : "", head->goals && head->goals[g].maximize ? 2 : 1);
    PUT(out, "]");
    end_line(journal);
    begin_study_attr(journal, "study");
    PUT_UINT(out, "\"format\":", JOURNAL_FORMAT);
    PUT_UINT(out, ",\"seed\":\"", head->seed);
    PUT(out, "\",\"program\":");
    base_buf_put_json(out, head->program);
    PUT(out, ",\"identity\":");
    base_buf_put_json(out, head->identity);
    if (head->chosen) {
        PUT(out, ",\"chosen\":");
        base_buf_put_json(out, head->chosen);
    }
    PUT(out, "}}");
    end_line(journal);
    write_names(journal, head);
}

/* An attribute of a trial, because a program that knows only format 1 passes over those of the study, but stops here:
 * it would take the values behind it for zeros. To Optuna it is a note of the first trial. */
static void write_marker(hpo_journal *journal, moment when) {
    base_buf *out = &journal->out;
    begin_attr(journal, 0, "format");
    PUT_UINT(out, "\"format\":", JOURNAL_FORMAT);
    PUT(out, ",\"program\":");
    base_buf_put_json(out, journal->program);
    end_attr(journal, when);
}

static void write_mark(hpo_journal *journal, bool ends, bool by_posterior, moment when) {
    begin_study_attr(journal, ends ? "end" : "run");
    PUT(&journal->out, "\"program\":");
    base_buf_put_json(&journal->out, journal->program);
    if (by_posterior) PUT(&journal->out, ",\"incumbent\":\"posterior\"");
    end_attr(journal, when);
}

void hpo_journal_write_run(hpo_journal *journal) {
    if (journal->begun || journal->quiet) return;
    journal->begun = true;
    const moment when = {.at = journal->began, .elapsed = journal->elapsed_before};
    if (!journal->chain.linked) write_marker(journal, when);
    write_mark(journal, false, journal->by_posterior, when);
}

void hpo_journal_write_end(hpo_journal *journal) {
    write_mark(journal, true, false, moment_of(journal, 0, 0));
}

void hpo_journal_write_mark(hpo_journal *journal, const hpo_run_mark *mark, double elapsed) {
    write_mark(journal, mark->ends, mark->by_posterior, (moment){.at = mark->at, .elapsed = elapsed});
}

void hpo_journal_copy_line(hpo_journal *journal, const char *line, size_t length, bool sealed) {
    begin_line(journal);
    base_buf_append(&journal->out, line, sealed ? length - JOURNAL_CHAIN_TAIL : length);
    if (sealed) {
        end_line(journal);
    } else {
        base_buf_putc(&journal->out, '\n');
    }
}

void hpo_journal_write_identity(hpo_journal *journal, const char *identity) {
    hpo_journal_write_run(journal);
    begin_study_attr(journal, "identity");
    PUT(&journal->out, "\"identity\":");
    base_buf_put_json(&journal->out, identity);
    end_attr(journal, moment_of(journal, 0, 0));
}

void hpo_journal_amend(hpo_journal *journal, const hpo_amendment *amendment) {
    base_buf *out = &journal->out;
    hpo_journal_write_run(journal);
    begin_study_attr(journal, "amend");
    PUT_UINT(out, "\"trials\":", amendment->trials);
    PUT_REAL(out, ",\"cost\":", amendment->cost);
    PUT_REAL(out, ",\"time\":", amendment->time);
    PUT_UINT(out, ",\"first\":", amendment->first);
    PUT(out, ",\"failed\":[");
    for (size_t i = 0; i < amendment->n_failed; i++) {
        if (i > 0) PUT(out, ",");
        base_buf_put_u64(out, amendment->failed[i]);
    }
    PUT(out, "]");
    end_attr(journal, moment_of(journal, 0, 0));
}
