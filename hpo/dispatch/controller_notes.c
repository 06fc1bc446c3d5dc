/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the controller notices about programs that work, but not as their users believe; what it says of a budget that
 * was too short for any of them. */
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "hpo/dispatch/controller_impl.h"

static const char *unit_of(const controller *c) {
    const char *name = hpo_study_fidelity(c->spec).name;
    return name ? name : "step";
}

void controller_note_report(controller *c, size_t worker, const hpo_message *message) {
    const double *value = hpo_metrics_get(&message->result.metrics, c->spec->goals[0].name);
    c->crew.peers[worker].step = message->step;
    c->crew.peers[worker].value = value ? *value : (double)NAN;
    const hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), message->trial);
    tries *t = controller_tries(c, message->trial);
    if (!(message->step > trial.fidelity) || t->beyond) return;
    t->beyond = true;
    hpo_notices_raise(&c->notices, HPO_NOTICE_OTHER_STEP, trial.id,
                      "trial %llu reported %s %.15g but was asked for %.15g", (unsigned long long)trial.id, unit_of(c),
                      message->step, trial.fidelity);
}

/* In the words of whoever noticed it (they are about the last kind of a result), else in ours. */
static void raise_bit(controller *c, hpo_notice kind, const hpo_record *record) {
    static const char *const sentences[HPO_NOTICE_COUNT] = {
        [HPO_NOTICE_OTHER_STEP] = "reported a step beyond the one asked for",
        [HPO_NOTICE_STARTED_AGAIN] =
            "was to go on from a checkpoint and found none, so it started again and is charged in full",
        [HPO_NOTICE_STEP_NAME] = "reported no step that is understood",
        [HPO_NOTICE_METRICS_DROPPED] = "has more metrics than are kept",
        [HPO_NOTICE_EARLY_END] = "ended before the step asked for",
        [HPO_NOTICE_LATE] = "had finished before it could be stopped",
        [HPO_NOTICE_SLOW_START] = "had to wait for room before it could start",
        [HPO_NOTICE_WARNED] = "ended with a warning: see its log",
        [HPO_NOTICE_COUNTS_FROM_0] = "counts its steps from 0",
    };
    const hpo_result *result = &record->result;
    const bool is_last = result->notices >> kind == 1;
    hpo_notices_raise(&c->notices, kind, record->trial, "trial %llu %s", (unsigned long long)record->trial,
                      is_last && result->note[0] ? result->note : sentences[kind]);
}

/* Whether the evaluation that was just told should have reported what the budget counts, and has not. */
static bool is_uncounted(controller *c) {
    const uint64_t before = c->silent;
    (void)hpo_study_spent(c->study, &c->silent);
    return c->silent > before;
}

void controller_note_result(controller *c, const hpo_record *record) {
    const hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), record->trial);
    const hpo_result *result = &record->result;
    if (hpo_result_ended_early(result, trial.fidelity)) {
        hpo_notices_raise(&c->notices, HPO_NOTICE_EARLY_END, record->trial,
                          "trial %llu ended at %s %.15g but was asked for %.15g: its result counts, and it is charged "
                          "up to there",
                          (unsigned long long)record->trial, unit_of(c), result->reached, trial.fidelity);
    }
    if (is_uncounted(c)) {
        hpo_notices_raise(&c->notices, HPO_NOTICE_UNCOUNTED, record->trial,
                          "trial %llu did not report %s, so it adds nothing to what the budget counts",
                          (unsigned long long)record->trial, c->spec->budget.metric);
    }
    for (unsigned kind = 0; kind < HPO_NOTICE_COUNT; kind++) {
        const bool said = kind == HPO_NOTICE_OTHER_STEP && controller_tries(c, record->trial)->beyond;
        const bool known = kind == HPO_NOTICE_EARLY_END || kind == HPO_NOTICE_LATE || said;
        if (!known && (result->notices >> kind & 1)) raise_bit(c, (hpo_notice)kind, record);
    }
}

/* An earlier run has said them. */
void controller_count_notices(controller *c, const hpo_record *record, bool late) {
    const hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), record->trial);
    if (late) hpo_notices_count(&c->notices, HPO_NOTICE_LATE, record->trial);
    if (hpo_result_ended_early(&record->result, trial.fidelity)) {
        hpo_notices_count(&c->notices, HPO_NOTICE_EARLY_END, record->trial);
    }
    if (is_uncounted(c)) hpo_notices_count(&c->notices, HPO_NOTICE_UNCOUNTED, record->trial);
    for (unsigned kind = 0; kind < HPO_NOTICE_COUNT; kind++) {
        const bool known = kind == HPO_NOTICE_EARLY_END || kind == HPO_NOTICE_LATE;
        if (!known && (record->result.notices >> kind & 1)) {
            hpo_notices_count(&c->notices, (hpo_notice)kind, record->trial);
        }
    }
}

/* ---- a budget that is too short ---- */

static double part_done(const peer *p) {
    return (p->step - p->from) / (p->to - p->from);
}

/* The busy worker that came furthest, or the one that has worked longest where none has reported. */
static const peer *furthest(const controller *c) {
    const peer *best = NULL;
    for (size_t i = 0; i < c->crew.count; i++) {
        const peer *p = &c->crew.peers[i];
        if (p->state != PEER_BUSY) continue;
        const bool further = best && p->step > 0 && (!(best->step > 0) || part_done(p) > part_done(best));
        const bool longer = best && !(p->step > 0) && !(best->step > 0) && p->began < best->began;
        if (!best || further || longer) best = p;
    }
    return best;
}

void controller_put_shortage(const controller *c, base_buf *out) {
    const hpo_view view = hpo_study_view(c->study);
    if (hpo_view_count(view, HPO_TRIAL_RUNNING) != hpo_view_trials(view)) return;
    const peer *p = furthest(c);
    if (!p) {
        base_buf_puts(out, "; no trial had begun by then");
        return;
    }
    char text[32];
    const double took = base_monotonic() - p->began;
    const bool tells = p->step > p->from && hpo_study_fidelity(c->spec).name;
    base_format_duration(tells ? fmax(took, took / part_done(p)) : took, text);
    base_buf_puts(out, "; no trial had finished by then: ");
    if (!tells) {
        base_buf_printf(out, "trial %llu had reported nothing, and one trial needs more than %s",
                        (unsigned long long)p->trial, text);
        return;
    }
    base_buf_printf(out, "trial %llu had reached %s %.15g of %.15g", (unsigned long long)p->trial, unit_of(c), p->step,
                    p->to);
    if (isfinite(p->value)) base_buf_printf(out, " (%s %.4g)", c->spec->goals[0].name, p->value);
    base_buf_printf(out, "; one trial would need about %s", text);
}
