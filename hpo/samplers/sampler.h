/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sampler says where to look: it proposes one configuration at a time.
 *
 * One file, one constant descriptor at its end, one line in registry.c. A sampler is a pure function of (seed, view,
 * request): its state may cache what can be computed again, and nothing else. There is no tell: the view is the only
 * door for results. Randomness: base_rng_stream(env->seed, BASE_RNG_SAMPLER, trial, try). */
#ifndef HPO_SAMPLERS_SAMPLER_H
#define HPO_SAMPLERS_SAMPLER_H

#include "base/options.h"
#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_sampler_env {
    const hpo_space *space;
    uint64_t seed;
    double min_fidelity, max_fidelity;
    bool integer_fidelity; /* rungs are floored */
    bool deterministic;    /* what is proposed must not depend on wall time */
} hpo_sampler_env;

typedef struct hpo_request {
    uint64_t trial;   /* number of the configuration among the sampler's own, which come behind those of try_first */
    uint32_t attempt; /* 0, then 1, 2, ... when earlier proposals for the same trial were duplicates */
    uint32_t bracket, rung;
    double fidelity;
    bool inherits;   /* it goes on from what `parent` has left behind: hpo_view_trial(view, parent) */
    uint64_t parent; /* if it inherits */
} hpo_request;

enum {
    HPO_SAMPLER_NEEDS_PRIOR = 1,    /* at least one parameter must have a prior */
    HPO_SAMPLER_NEEDS_FIDELITY = 2, /* the study must have a fidelity */
    HPO_SAMPLER_FINITE = 4,         /* ends by itself (grid): a study without budget is allowed */
    HPO_SAMPLER_SLOW = 8,           /* fits models: a proposal may take milliseconds or more, and is made beside the
                                       controller's thread (the flag changes no bit of it) */
    HPO_SAMPLER_MANY_GOALS = 16,    /* what it proposes makes sense when the study optimizes several metrics */
};

typedef struct hpo_sampler_type {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    unsigned flags;
    size_t state_size;
    /* May be NULL. The options have been read into the (else zeroed) state. */
    base_status (*init)(void *state, const hpo_sampler_env *env, base_err *err);
    /* config: hpo_space_count(space) doubles, activated and allowed on return; *origin: a static text that says how it
     * was made ("random", "model", "prior"); BASE_END: nothing is left to propose, err says why. */
    base_status (*ask)(void *state, hpo_view view, const hpo_request *request, double *config, const char **origin,
                       base_err *err);
    void (*fini)(void *state); /* may be NULL; also after a failed init */
} hpo_sampler_type;

/* ---- registry.c ---- */
const hpo_sampler_type *const *hpo_samplers(size_t *count);
const hpo_sampler_type *hpo_sampler_find(const char *name); /* NULL when unknown */

/* For a sampler's init, which uses one prior of each parameter: BASE_INVALID when none has one, or where metrics have
 * priors of their own. */
BASE_CHECK base_status hpo_sampler_check_prior(const hpo_sampler_env *env, base_err *err);

/* ---- a live sampler ---- */
typedef struct hpo_sampler hpo_sampler;
/* options: the method's map (only keys of the type's table), may be NULL. */
BASE_CHECK base_status hpo_sampler_create(const hpo_sampler_type *type, const base_yaml_node *options,
                                          const hpo_sampler_env *env, hpo_sampler **out, base_err *err);
void hpo_sampler_destroy(hpo_sampler *sampler);
BASE_CHECK base_status hpo_sampler_ask(hpo_sampler *sampler, hpo_view view, const hpo_request *request, double *config,
                                       const char **origin, base_err *err);
const hpo_sampler_type *hpo_sampler_type_of(const hpo_sampler *sampler);
/* Options with their values now, as a flow-YAML map. */
void hpo_sampler_print(const hpo_sampler *sampler, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
