/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The study: a pure machine of two calls, ask and tell. No clock, no file, no process: whoever drives it does that.
 *
 *   hpo_study_ask    -> what to do next (a job, wait, done), as a record that has already been applied
 *   hpo_study_report -> an intermediate value arrived; the answer says whether the trial may go on
 *   hpo_study_tell   -> an evaluation ended
 *   hpo_study_apply  -> an old record is applied as it is (resume): nothing is computed again
 * Asking can also be done in steps (next, propose, accept), so that the step that takes long may be taken elsewhere.
 * Every call hands back the record that it made, for the journal. */
#ifndef HPO_STUDY_STUDY_H
#define HPO_STUDY_STUDY_H

#include "hpo/models/recommend.h"
#include "hpo/study/study_file.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_study hpo_study;

typedef enum hpo_ask_kind {
    HPO_ASK_JOB,   /* record is START or PROMOTE: evaluate that trial */
    HPO_ASK_CLOSE, /* record is CLOSE: write it down and ask again */
    HPO_ASK_WAIT,  /* nothing before a running trial ends (no record) */
    HPO_ASK_DONE,  /* nothing ever again unless the budget grows (no record); see hpo_study_reason */
} hpo_ask_kind;

/* An empty history of such a study: its goals, constraints, highest fidelity, and whether fidelities are means. spec
 * must outlive it; its caller's. */
hpo_history *hpo_study_history(const hpo_study_spec *spec);
/* spec must outlive the study. */
BASE_CHECK base_status hpo_study_create(const hpo_study_spec *spec, hpo_study **study, base_err *err);
void hpo_study_destroy(hpo_study *study);

/* The next thing to do. *record (pointers valid until the next call) is what must be written down before the job
 * leaves. */
BASE_CHECK base_status hpo_study_ask(hpo_study *study, hpo_ask_kind *kind, hpo_record *record, base_err *err);

/* A run begins with so many workers (virtual ones when deterministic): what was applied before is of earlier runs. */
void hpo_study_begin_run(hpo_study *study, uint64_t workers);

/* ---- hpo_study_ask in steps ---- */
/* What ask would answer now. Nothing is applied, and a START has no configuration yet (config NULL). Cheap. */
BASE_CHECK base_status hpo_study_next(hpo_study *study, hpo_ask_kind *kind, hpo_record *record, base_err *err);
/* Completes a START (see hpo_proposer_complete). BASE_END: the sampler has nothing left; the study knows that from now
 * on, and next answers something else. */
BASE_CHECK base_status hpo_study_propose(hpo_study *study, hpo_record *start, base_err *err);
/* The same END, when another proposer came to it with as_of records in view. */
void hpo_study_exhaust(hpo_study *study, uint64_t as_of, const char *reason);
/* Applies a record that next gave, a START when it is complete. Other records may have been applied since next gave it,
 * as long as next gives the same but for as_of: a START is a function of the records before its own as_of. */
void hpo_study_accept(hpo_study *study, const hpo_record *record);

/* ---- what becomes of it ---- */
/* The job of a trial that is running: after ask, for a retry, or after a resume. */
void hpo_study_job(const hpo_study *study, uint64_t trial, hpo_job *job);
/* A report of a running trial. record->stop says that the trial must stop: it has then ended with this report as its
 * last event (state STOPPED) and is charged for what it did up to this step. In the order of arrival, of objectives
 * that run in processes, record->open says that its end is still to come: hpo_study_tell when it had finished before it
 * could be stopped, else hpo_study_settle. In any other case a later result of it must not be told. */
void hpo_study_report(hpo_study *study, uint64_t trial, double step, const hpo_metrics *metrics, uint32_t attempt,
                      uint32_t worker, hpo_record *record);
/* The end of an evaluation. A result without one of the study's metrics, or of those that it constrains, becomes
 * failure OUTPUT, a non-finite one NAN: here only. result->failure may not be LOST or INTERRUPTED (run those again
 * instead). *record's kind is RESULT. */
void hpo_study_tell(hpo_study *study, uint64_t trial, const hpo_result *result, uint32_t attempt, uint32_t worker,
                    hpo_record *record);
/* What the clock says, for the records that are made from now on (seconds since 1970). No decision depends on it. */
void hpo_study_set_time(hpo_study *study, double at);
/* A stopped trial that was open has ended as it was told to. *record's kind is CLOSE. */
void hpo_study_settle(hpo_study *study, uint64_t trial, hpo_record *record);
/* Whether it is a result that can be used: it has the study's metrics, and they are finite. */
bool hpo_study_is_usable(const hpo_study *study, const hpo_result *result);
/* Resume: applies an old record. BASE_CORRUPT as hpo_history_apply. */
BASE_CHECK base_status hpo_study_apply(hpo_study *study, const hpo_record *record, base_err *err);
/* No new configurations from now on and no promotions: the wall time is up or the user asked to stop. ask answers DONE
 * when nothing runs, WAIT before. */
void hpo_study_halt(hpo_study *study, const char *reason);

hpo_view hpo_study_view(const hpo_study *study);
const hpo_study_spec *hpo_study_spec_of(const hpo_study *study);
/* What there is to recommend: the incumbent, or, as the study file wants it, the best by posterior mean (recommend.h),
 * which is computed once for as long as no record comes. False: there is no incumbent. */
bool hpo_study_recommend(hpo_study *study, hpo_recommendation *out);
/* Why it is done, as a sentence ("the budget of 200 trials is spent", "all 12 configurations were tried"); NULL before.
 */
const char *hpo_study_reason(const hpo_study *study);
/* Whether what still runs should be stopped, too: the target is reached, too many trials failed, or all of them in the
 * same way from the first on (failure.first), or it was halted. Then
 * hpo_study_reason says why. A spent budget of trials or cost lets running evaluations finish. */
bool hpo_study_must_end(hpo_study *study);
/* More failed trials than max_failures allows, nothing has succeeded at the end, or the only limit is a metric that no
 * trial reports: exit code 3. */
bool hpo_study_failed(const hpo_study *study);
/* What trials have reported so far of the metric that the budget counts (spent.c); 0 without one. silent: evaluations
 * that worked and have not reported it; may be NULL. */
double hpo_study_spent(const hpo_study *study, uint64_t *silent);
/* Declared cost of what a trial does from `from` to `to`, where its evaluation ends or only reports. */
double hpo_study_cost(const hpo_study *study, const hpo_trial *trial, double from, double to, bool ends);
/* Recomputes the decision that made `record` (START, PROMOTE, CLOSE) from the history as of then and compares bit for
 * bit: BASE_CORRUPT with the difference. For --replay: call before applying the record. */
BASE_CHECK base_status hpo_study_verify(hpo_study *study, const hpo_record *record, base_err *err);
/* The same for what was decided at a REPORT; call after applying it, because the decision was made with it in view. */
BASE_CHECK base_status hpo_study_verify_stop(hpo_study *study, const hpo_record *report, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
