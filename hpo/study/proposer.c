/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proposals as functions of a view.
 *
 * The configurations that the user listed come first, and a trial that repeats a failed one has its configuration. The
 * sampler counts only the others, so that a grid or a sequence begins with its first point and leaves nothing out. A
 * trial that inherits is the sampler's alone: what it has from its parent makes it another trial, whatever was tried.
 *
 * In a space with finitely many configurations none is tried twice (unless `repeats`): the sampler is asked again while
 * it proposes what has been tried, and after MAX_ATTEMPTS (or when it finds nothing that is allowed) the space is
 * searched for something left, from a place that depends on the trial alone; one that is too large for that, by draws
 * that are uniform over the configurations, because those of the sampler may fall on a few again and again. */
#include "hpo/study/proposer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/study/study_keys.h"
#include "hpo/study/try_first.h"

enum { MAX_ATTEMPTS = 64, MAX_DRAWS = 100000, MAX_NARROWED = 1000 };
static const double MAX_ENUMERATED = 1e6;

struct hpo_proposer {
    const hpo_study_spec *spec;
    hpo_sampler *sampler;
    double *config;
};

/* What hpo_try_first_complete asks. */
static bool was_tried(const void *self, const double *config) {
    const hpo_view *view = self;
    return hpo_view_has_config(*view, config);
}

base_status hpo_proposer_create(const hpo_study_spec *spec, hpo_proposer **out, base_err *err) {
    hpo_proposer *proposer = base_calloc(1, sizeof *proposer);
    *proposer =
        (hpo_proposer){.spec = spec, .config = base_calloc(hpo_space_count(spec->space), sizeof *proposer->config)};
    const hpo_sampler_env env = study_sampler_env(spec);
    const base_status status = hpo_sampler_create(spec->sampler, spec->sampler_options, &env, &proposer->sampler, err);
    if (status != BASE_OK) {
        hpo_proposer_destroy(proposer);
        proposer = NULL;
    }
    *out = proposer;
    return status;
}

void hpo_proposer_destroy(hpo_proposer *proposer) {
    if (!proposer) return;
    hpo_sampler_destroy(proposer->sampler);
    free(proposer->config);
    free(proposer);
}

/* Any configuration that has not been tried, or BASE_END. */
static base_status enumerate(const hpo_proposer *proposer, hpo_view view, uint64_t trial, base_err *err) {
    const hpo_space *space = proposer->spec->space;
    const uint64_t size = (uint64_t)hpo_space_grid_size(space, 1);
    base_rng rng = base_rng_stream(proposer->spec->seed, BASE_RNG_SAMPLER, (uint32_t)trial, UINT32_MAX);
    const uint64_t offset = base_rng_below(&rng, size);
    for (uint64_t k = 0; k < size; k++) {
        hpo_space_grid_point(space, 1, (offset + k) % size, proposer->config);
        if (hpo_space_allowed(space, proposer->config) && !hpo_view_has_config(view, proposer->config)) return BASE_OK;
    }
    return BASE_FAIL(err, BASE_END, "all %" PRIu64 " configurations of the space were tried", hpo_view_trials(view));
}

/* Uniform draws, whatever the probabilities, until one has not been tried, or BASE_END. */
static base_status draw_new(const hpo_proposer *proposer, hpo_view view, uint64_t trial, base_err *err) {
    const hpo_space *space = proposer->spec->space;
    const size_t dims = hpo_space_dims(space);
    double *unit = base_malloc((dims + 1) * sizeof *unit);
    base_rng rng = base_rng_stream(proposer->spec->seed, BASE_RNG_SAMPLER, (uint32_t)trial, UINT32_MAX);
    bool found = false;
    for (int n = 0; n < MAX_DRAWS && !found; n++) {
        for (size_t d = 0; d < dims; d++) unit[d] = base_rng_uniform(&rng);
        hpo_space_from_unit(space, unit, proposer->config);
        found = hpo_space_allowed(space, proposer->config) && !hpo_view_has_config(view, proposer->config);
    }
    free(unit);
    /* Of a space that is nearly all forbidden these may all be: then from what is left, whatever its shares. */
    for (int n = 0; n < MAX_NARROWED && !found; n++) {
        if (hpo_space_sample(space, &rng, proposer->config, NULL) != BASE_OK) break;
        found = !hpo_view_has_config(view, proposer->config);
    }
    if (found) return BASE_OK;
    return BASE_FAIL(err, BASE_END, "of %d configurations drawn at random all are forbidden or were tried", MAX_DRAWS);
}

/* Whether a trial repeats an earlier one, and how many below it do. */
static bool find_repeated(const hpo_study_spec *spec, uint64_t trial, uint64_t *source, uint64_t *below) {
    bool found = false;
    *below = 0;
    for (size_t i = 0; i < spec->n_repeated; i++) {
        *below += spec->repeated[i].trial < trial;
        if (spec->repeated[i].trial != trial) continue;
        *source = spec->repeated[i].source;
        found = true;
    }
    return found;
}

/* How many of the list were taken before a trial, its number without the repeating ones: who inherits takes none. */
static uint64_t count_taken(const hpo_study_spec *spec, hpo_view view, uint64_t number) {
    const uint64_t listed = spec->first.count;
    uint64_t taken = number < listed ? number : listed, source, below;
    if (!(spec->scheduler->flags & HPO_SCHEDULER_INHERITS)) return taken;
    for (uint64_t id = 0, end = taken; id < hpo_view_trials(view); id++) {
        const bool repeats = find_repeated(spec, id, &source, &below);
        if (id - below >= end) break;
        taken -= !repeats && hpo_view_trial(view, id).parent != UINT64_MAX ? 1 : 0;
    }
    return taken;
}

/* Where a sampler found nothing that is allowed, a draw may. */
static base_status draw_any(const hpo_proposer *proposer, uint64_t trial, const char **origin, base_err *err) {
    base_rng rng = base_rng_stream(proposer->spec->seed, BASE_RNG_SAMPLER, (uint32_t)trial, UINT32_MAX);
    *origin = "random";
    return hpo_space_sample(proposer->spec->space, &rng, proposer->config, err);
}

static base_status propose(hpo_proposer *proposer, hpo_view view, const hpo_record *start, const char **origin,
                           base_err *err) {
    const hpo_study_spec *spec = proposer->spec;
    const double cardinality = hpo_space_cardinality(spec->space);
    const bool inherits = start->parent != UINT64_MAX;
    uint64_t source = 0, below = 0;
    if (find_repeated(spec, start->trial, &source, &below)) {
        *origin = "retry";
        memcpy(proposer->config, hpo_view_trial(view, source).config,
               hpo_space_count(spec->space) * sizeof *proposer->config);
        return BASE_OK;
    }
    const uint64_t number = start->trial - below;
    if (number < spec->first.count && !inherits) {
        const bool once = !spec->repeats && isfinite(cardinality);
        *origin = "try_first";
        return hpo_try_first_complete(spec, number, once ? was_tried : NULL, &view, proposer->config, err);
    }
    hpo_request request = {.trial = number - count_taken(spec, view, number),
                           .bracket = start->bracket,
                           .rung = start->rung,
                           .fidelity = start->fidelity,
                           .inherits = inherits,
                           .parent = start->parent};
    const bool finite = isfinite(cardinality), ends = spec->sampler->flags & HPO_SAMPLER_FINITE;
    base_status status = BASE_OK;
    for (; status == BASE_OK && request.attempt <= MAX_ATTEMPTS; request.attempt++) {
        status = hpo_sampler_ask(proposer->sampler, view, &request, proposer->config, origin, err);
        if (status == BASE_END && !ends && (spec->repeats || !finite))
            return draw_any(proposer, start->trial, origin, err);
        if (spec->repeats || !finite || inherits) return status;
        if (status == BASE_OK && !hpo_view_has_config(view, proposer->config)) return BASE_OK;
    }
    if (cardinality > MAX_ENUMERATED) {
        if (status != BASE_OK && (ends || status != BASE_END)) return status;
        *origin = "random";
        return draw_new(proposer, view, start->trial, err);
    }
    if (status != BASE_OK && (ends || status != BASE_END)) return status;
    *origin = "enumerated";
    return enumerate(proposer, view, start->trial, err);
}

/* A range of two integers that is used up was hardly meant to be one. */
static void name_narrow_range(const hpo_space *space, base_err *err) {
    for (size_t i = 0; err && i < hpo_space_count(space); i++) {
        const hpo_param *param = hpo_space_param(space, i);
        if (param->kind != HPO_INT || param->max - param->min > 1) continue;
        base_err why = *err;
        base_err_set(err, why.code, __FILE__, __LINE__, "%s: %s is an integer; write %g.0 and %g.0 for real numbers",
                     why.text, param->name, param->min, param->max);
        return;
    }
}

base_status hpo_proposer_complete(hpo_proposer *proposer, hpo_view view, hpo_record *start, base_err *err) {
    const char *origin = NULL;
    const base_status status = propose(proposer, view, start, &origin, err);
    if (status == BASE_END) name_narrow_range(proposer->spec->space, err);
    if (status != BASE_OK) return status;
    start->config = proposer->config;
    start->origin = origin;
    return BASE_OK;
}
