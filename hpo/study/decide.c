/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions as functions of a view, and their verification: the same function, asked again with the view of then.
 *
 * In a space with finitely many configurations none is tried twice (unless `repeats`): the sampler is asked again while
 * it proposes what has been tried, and after MAX_ATTEMPTS (or when it finds nothing that is allowed) the space is
 * searched for something left, from a place that depends on the trial alone; one that is too large for that, by draws
 * that are uniform over the configurations, because those of the sampler may fall on a few again and again. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#include "hpo/study/study_impl.h"

enum { MAX_ATTEMPTS = 64, MAX_DRAWS = 100000 };
static const double MAX_ENUMERATED = 1e6;

uint64_t study_trial_seed(const hpo_study *study, uint64_t trial) {
    return base_rng_derive(study->spec->seed, BASE_RNG_SEED, (uint32_t)trial);
}

double study_promotion_from(const hpo_study *study, hpo_view view, uint64_t trial_id) {
    const hpo_objective_type *objective = study->spec->objective;
    if (!(objective->flags & HPO_OBJECTIVE_RESUMABLE)) return 0;
    if (objective->resumes && !objective->resumes(study->spec->fidelity.name)) return 0;
    const hpo_trial trial = hpo_view_trial(view, trial_id);
    return trial.n_evals > 0 ? trial.evals[trial.n_evals - 1].fidelity : 0;
}

/* Any configuration that has not been tried, or BASE_END. */
static base_status enumerate(const hpo_study *study, hpo_view view, uint64_t trial, double *config, base_err *err) {
    const hpo_space *space = study->spec->space;
    const uint64_t size = (uint64_t)hpo_space_grid_size(space, 1);
    base_rng rng = base_rng_stream(study->spec->seed, BASE_RNG_SAMPLER, (uint32_t)trial, UINT32_MAX);
    const uint64_t offset = base_rng_below(&rng, size);
    for (uint64_t k = 0; k < size; k++) {
        hpo_space_grid_point(space, 1, (offset + k) % size, config);
        if (hpo_space_allowed(space, config) && !hpo_view_has_config(view, config)) return BASE_OK;
    }
    return BASE_FAIL(err, BASE_END, "all %" PRIu64 " configurations of the space were tried", hpo_view_trials(view));
}

/* Uniform draws, whatever the probabilities, until one has not been tried, or BASE_END. */
static base_status draw_new(const hpo_study *study, hpo_view view, uint64_t trial, double *config, base_err *err) {
    const hpo_space *space = study->spec->space;
    const size_t dims = hpo_space_dims(space);
    double *unit = base_malloc((dims + 1) * sizeof *unit);
    base_rng rng = base_rng_stream(study->spec->seed, BASE_RNG_SAMPLER, (uint32_t)trial, UINT32_MAX);
    bool found = false;
    for (int n = 0; n < MAX_DRAWS && !found; n++) {
        for (size_t d = 0; d < dims; d++) unit[d] = base_rng_uniform(&rng);
        hpo_space_from_unit(space, unit, config);
        found = hpo_space_allowed(space, config) && !hpo_view_has_config(view, config);
    }
    free(unit);
    if (found) return BASE_OK;
    return BASE_FAIL(err, BASE_END, "of %d configurations drawn at random all are forbidden or were tried", MAX_DRAWS);
}

static base_status propose(hpo_study *study, hpo_view view, uint64_t trial, const hpo_decision *decision,
                           const char **origin, base_err *err) {
    const hpo_study_spec *spec = study->spec;
    const double cardinality = hpo_space_cardinality(spec->space);
    hpo_request request = {
        .trial = trial, .bracket = decision->bracket, .rung = decision->rung, .fidelity = decision->fidelity};
    const bool finite = isfinite(cardinality), ends = spec->sampler->flags & HPO_SAMPLER_FINITE;
    base_status status = BASE_OK;
    for (; status == BASE_OK && request.attempt <= MAX_ATTEMPTS; request.attempt++) {
        status = hpo_sampler_ask(study->sampler, view, &request, study->config, origin, err);
        if (spec->repeats || !finite) return status;
        if (status == BASE_OK && !hpo_view_has_config(view, study->config)) return BASE_OK;
    }
    if (cardinality > MAX_ENUMERATED) {
        if (status != BASE_OK) return status;
        *origin = "random";
        return draw_new(study, view, trial, study->config, err);
    }
    if (status != BASE_OK && (ends || status != BASE_END)) return status;
    *origin = "enumerated";
    return enumerate(study, view, trial, study->config, err);
}

base_status study_decide(hpo_study *study, hpo_view view, uint64_t trial, bool may_start, hpo_decision *decision,
                         const char **origin, base_err *err) {
    const bool exhausted = study->exhausted_at <= view.as_of;
    BASE_TRY(hpo_scheduler_next(study->scheduler, view, may_start && !exhausted, decision, err));
    if (decision->kind != HPO_DECIDE_START) return BASE_OK;
    base_err end;
    const base_status status = propose(study, view, trial, decision, origin, &end);
    if (status != BASE_END) {
        if (status != BASE_OK && err) *err = end;
        return status;
    }
    study->exhausted_at = view.as_of;
    base_buf_clear(&study->exhausted_reason);
    base_buf_puts(&study->exhausted_reason, end.text);
    return hpo_scheduler_next(study->scheduler, view, false, decision, err);
}

/* ---- verification ---- */

static hpo_decision_kind wanted_kind(hpo_record_kind kind) {
    return kind == HPO_RECORD_START     ? HPO_DECIDE_START
           : kind == HPO_RECORD_PROMOTE ? HPO_DECIDE_PROMOTE
                                        : HPO_DECIDE_CLOSE;
}

static bool same_double(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool agrees(const hpo_study *study, hpo_view view, const hpo_record *record, const hpo_decision *decision,
                   const char *origin) {
    if (decision->kind != wanted_kind(record->kind)) return false;
    if (decision->kind == HPO_DECIDE_CLOSE) return decision->trial == record->trial;
    if (decision->rung != record->rung || !same_double(decision->fidelity, record->fidelity)) return false;
    if (decision->kind == HPO_DECIDE_PROMOTE) {
        return decision->trial == record->trial &&
               same_double(study_promotion_from(study, view, record->trial), record->from);
    }
    return decision->bracket == record->bracket && record->seed == study_trial_seed(study, record->trial) &&
           hpo_space_equal(study->spec->space, study->config, record->config) &&
           (!record->origin || strcmp(record->origin, origin) == 0);
}

static void put_decision(const hpo_study *study, const hpo_decision *decision, const double *config, base_buf *out) {
    static const char *const words[] = {"starts trial", "promotes trial", "closes trial", "waits", "is done"};
    base_buf_puts(out, words[decision->kind]);
    if (decision->kind > HPO_DECIDE_CLOSE) return;
    base_buf_printf(out, " %" PRIu64, decision->trial);
    if (decision->kind == HPO_DECIDE_CLOSE) return;
    base_buf_printf(out, " (bracket %u, rung %u, fidelity %.17g)", decision->bracket, decision->rung,
                    decision->fidelity);
    if (decision->kind != HPO_DECIDE_START) return;
    base_buf_puts(out, " with ");
    hpo_space_print(study->spec->space, config, out);
}

static base_status fail_difference(const hpo_study *study, const hpo_record *record, const hpo_decision *decision,
                                   base_err *err) {
    const hpo_decision recorded = {
        .kind = wanted_kind(record->kind),
        .trial = record->trial,
        .bracket = record->bracket,
        .rung = record->rung,
        .fidelity = record->fidelity,
    };
    hpo_decision computed = *decision;
    if (computed.kind == HPO_DECIDE_START) computed.trial = record->trial;
    base_buf old = {0}, new = {0};
    put_decision(study, &recorded, record->config, &old);
    put_decision(study, &computed, study->config, &new);
    const base_status status = BASE_FAIL(err, BASE_CORRUPT, "the journal %s, but computed again the study %s%s",
                                         base_buf_text(&old), base_buf_text(&new),
                                         strcmp(base_buf_text(&old), base_buf_text(&new)) == 0
                                             ? " (they differ in seed, origin, start or hidden digits)"
                                             : "");
    base_buf_fini(&old);
    base_buf_fini(&new);
    return status;
}

/* The budget is no part of a study's identity and may have grown since: a decision is right if it is right with or
 * without new configurations being allowed. What explained the last record is tried first. */
base_status hpo_study_verify(hpo_study *study, const hpo_record *record, base_err *err) {
    if (record->kind == HPO_RECORD_REPORT || record->kind == HPO_RECORD_RESULT) return BASE_OK;
    hpo_view view = hpo_study_view(study);
    if (record->kind != HPO_RECORD_CLOSE) {
        if (record->as_of > view.as_of) {
            return BASE_FAIL(err, BASE_CORRUPT, "trial %" PRIu64 " was asked for from a history that comes later",
                             record->trial);
        }
        view = hpo_history_at(study->history, record->as_of);
    }
    const bool starts = record->kind == HPO_RECORD_START;
    bool may_start = starts || study->verify_may_start;
    hpo_decision decision, nearest = {.kind = HPO_DECIDE_DONE};
    for (int tries = 0; tries < (starts ? 1 : 2); tries++, may_start = !may_start) {
        const char *origin = NULL;
        BASE_TRY(study_decide(study, view, record->trial, may_start, &decision, &origin, err));
        if (agrees(study, view, record, &decision, origin)) {
            study->verify_may_start = may_start;
            return BASE_OK;
        }
        if (tries == 0 || decision.kind == wanted_kind(record->kind)) nearest = decision;
    }
    return fail_difference(study, record, &nearest, err);
}

base_status hpo_study_verify_stop(hpo_study *study, const hpo_record *report, base_err *err) {
    const bool stops = hpo_scheduler_should_stop(study->scheduler, hpo_study_view(study), report->trial);
    if (stops == report->stop) return BASE_OK;
    static const char *const words[] = {"lets it go on", "stops it"};
    return BASE_FAIL(err, BASE_CORRUPT,
                     "at the report of trial %" PRIu64 " at %.17g the journal %s, but computed again the study %s",
                     report->trial, report->fidelity, words[report->stop], words[stops]);
}
