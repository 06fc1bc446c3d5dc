/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A checksum says that a line is as it was written; this says that it could have been written.
 *
 * Journals of format 1 have no checksums, and a value that nobody questions becomes the best result of a study. What
 * only the sequence of records can show (a result of a trial that does not run) is left to the history. */
#include "hpo/trials/journal_check.h"

#include <math.h>
#include <stdio.h>

/* More than any run comes to, and few enough to be counted in 32 bits with what is added to them. */
enum { MAX_RUNG = 1 << 12, MAX_BRACKET = 1 << 20, MAX_ATTEMPT = 1 << 24, MAX_WORKER = 1 << 24, MAX_AHEAD = 1 << 20 };

static const char *complain(journal_check *check, uint64_t trial, const char *what) {
    snprintf(check->complaint, sizeof check->complaint, "trial %llu has %s", (unsigned long long)trial, what);
    return check->complaint;
}

static const char *check_place(journal_check *check, uint64_t trial, uint32_t rung, double fidelity) {
    if (rung > MAX_RUNG) return complain(check, trial, "an impossible rung");
    if (!isfinite(fidelity)) return complain(check, trial, "an impossible fidelity");
    return NULL;
}

static const char *check_result(journal_check *check, uint64_t trial, const hpo_result *result, uint32_t attempt,
                                uint32_t worker) {
    if (attempt > MAX_ATTEMPT) return complain(check, trial, "an impossible attempt");
    if (worker > MAX_WORKER) return complain(check, trial, "an impossible worker");
    if (result->seconds < 0 || isinf(result->seconds)) return complain(check, trial, "an impossible duration");
    return NULL;
}

static const char *check_start(journal_check *check, const hpo_record *record) {
    if (record->trial != check->trials) return "trials are missing before this one";
    if (record->bracket >= MAX_BRACKET) return complain(check, record->trial, "an impossible bracket");
    if (record->parent != UINT64_MAX && record->parent >= record->trial) {
        return complain(check, record->trial, "a parent that comes later");
    }
    if (!check->space) return NULL;
    base_err why;
    if (hpo_space_check(check->space, record->config, &why) == BASE_OK) return NULL;
    snprintf(check->complaint, sizeof check->complaint, "trial %llu lies outside of the space: %.300s",
             (unsigned long long)record->trial, why.text);
    return check->complaint;
}

static const char *check_asked(journal_check *check, const hpo_record *record) {
    if (record->as_of > check->records) return complain(check, record->trial, "knowledge of what comes later");
    if (!(record->from >= 0 && record->from < INFINITY)) {
        return complain(check, record->trial, "an impossible fidelity to go on from");
    }
    return NULL;
}

static const char *check_record(journal_check *check, const hpo_record *record) {
    const char *what = NULL;
    if (record->kind == HPO_RECORD_START) {
        what = check_start(check, record);
    } else if (record->trial >= check->trials) {
        return complain(check, record->trial, "not begun yet");
    }
    if (!what && record->kind != HPO_RECORD_CLOSE) {
        what = check_place(check, record->trial, record->rung, record->fidelity);
    }
    if (!what && (record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_PROMOTE)) {
        return check_asked(check, record);
    }
    if (what || record->kind == HPO_RECORD_CLOSE) return what;
    if (record->kind == HPO_RECORD_RESULT && record->result.failure == HPO_FAILURE_NONE &&
        !hpo_record_is_finite(record)) {
        return complain(check, record->trial, "a result that is neither finite nor a failure");
    }
    return check_result(check, record->trial, &record->result, record->attempt, record->worker);
}

static const char *check_raw(journal_check *check, const hpo_raw *raw) {
    /* Its beginning may be missing: a repaired journal has the raw results of trials that are begun again. */
    if (raw->trial >= check->trials + check->raws + MAX_AHEAD) return complain(check, raw->trial, "not begun yet");
    const char *what = check_place(check, raw->trial, raw->rung, raw->fidelity);
    return what ? what : check_result(check, raw->trial, &raw->result, raw->attempt, raw->worker);
}

const char *hpo_journal_check(journal_check *check, const hpo_entry *entry) {
    if (entry->kind == HPO_ENTRY_RUN) return NULL;
    if (entry->kind == HPO_ENTRY_RAW) {
        check->raws++;
        return check_raw(check, &entry->raw);
    }
    const char *what = check_record(check, &entry->record);
    if (what) return what;
    if (entry->record.kind == HPO_RECORD_START) check->trials++;
    if (entry->record.kind != HPO_RECORD_ATTEMPT) check->records++;
    return NULL;
}
