/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the journal already holds is used again.
 *
 * By arrival: the records are applied in file order, decisions are read and not recomputed, and what was running goes
 * to the front of the queue. Deterministic: the entries become a cache, and the study is driven again from its
 * beginning. */
#include <math.h>

#include "hpo/dispatch/controller_impl.h"

static void note_attempt(controller *c, const hpo_record *record) {
    tries *t = controller_tries(c, record->trial);
    if (t->rung != record->rung) *t = (tries){.rung = record->rung, .last_step = -INFINITY};
    t->noted = true;
    if (record->attempt >= t->attempt) t->attempt = record->attempt + 1;
    (void)controller_may_repeat(c, t, record->result.failure);
}

static base_status apply_entry(void *self, const hpo_entry *entry, base_err *err) {
    controller *c = self;
    if (entry->kind != HPO_ENTRY_RECORD) return BASE_OK;
    const hpo_record *record = &entry->record;
    if (record->kind == HPO_RECORD_ATTEMPT) {
        note_attempt(c, record);
        return hpo_study_apply(c->study, record, err);
    }
    if (c->env->verify) BASE_TRY(hpo_study_verify(c->study, record, err));
    const bool over = record->kind == HPO_RECORD_RESULT;
    const bool late = over && record->trial < hpo_view_trials(hpo_study_view(c->study)) &&
                      hpo_view_trial(hpo_study_view(c->study), record->trial).open;
    BASE_TRY(hpo_study_apply(c->study, record, err));
    controller_feed(c, record);
    if (over) controller_count_notices(c, record, late);
    if (c->env->verify && record->kind == HPO_RECORD_REPORT) BASE_TRY(hpo_study_verify_stop(c->study, record, err));
    tries *t = controller_tries(c, record->trial);
    if (record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_PROMOTE) {
        *t = (tries){.rung = record->rung, .last_step = -INFINITY};
    } else if (record->kind == HPO_RECORD_REPORT) {
        t->last_step = record->fidelity;
    }
    return BASE_OK;
}

static base_status note_entry(void *self, const hpo_entry *entry, base_err *err) {
    (void)err;
    controller *c = self;
    hpo_rawcache_note(c->cache, entry);
    const bool attempt = entry->kind == HPO_ENTRY_RECORD && entry->record.kind == HPO_RECORD_ATTEMPT;
    if (attempt) note_attempt(c, &entry->record);
    return BASE_OK;
}

base_status controller_resume(controller *c, base_err *err) {
    c->dirty = c->env->journal != NULL; /* reading mends what a killed run left half written */
    if (c->order) {
        c->cache = hpo_rawcache_create(hpo_space_count(c->spec->space));
        if (c->env->journal) BASE_TRY(hpo_journal_replay(c->env->journal, note_entry, c, err));
        return BASE_OK;
    }
    if (!c->env->journal) return BASE_OK;
    BASE_TRY(hpo_journal_replay(c->env->journal, apply_entry, c, err));
    BASE_TRY(controller_settle_all(c, err));
    hpo_view view = hpo_study_view(c->study);
    if (hpo_view_count(view, HPO_TRIAL_RUNNING) == 0) return BASE_OK;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        if (hpo_view_trial(view, id).state != HPO_TRIAL_RUNNING) continue;
        controller_tries(c, id)->attempt++; /* the attempt that the last run did not finish; not a retry */
        controller_enqueue(c, id);
    }
    return BASE_OK;
}
