/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of samplers, and what is the same for all of them: reading options, creating, asking, printing. */
#include <stdlib.h>
#include <string.h>

#include "hpo/samplers/sampler.h"

/* One line each. */
#define HPO_SAMPLER_LIST(X)                                                                                            \
    X(random)                                                                                                          \
    X(grid)                                                                                                            \
    X(sobol)                                                                                                           \
    X(lhs)                                                                                                             \
    X(local)                                                                                                           \
    X(nsga2)                                                                                                           \
    X(nsga3)                                                                                                           \
    X(evolution)                                                                                                       \
    X(cma_es)                                                                                                          \
    X(de)                                                                                                              \
    X(dehb)                                                                                                            \
    X(one_plus_one)                                                                                                    \
    X(perturb)                                                                                                         \
    X(tv_gp_ucb)                                                                                                       \
    X(gp)                                                                                                              \
    X(rf)                                                                                                              \
    X(tpe)                                                                                                             \
    X(kde)                                                                                                             \
    X(priorband)                                                                                                       \
    X(priorband_bo)

#define DECLARE(name) extern const hpo_sampler_type hpo_sampler_##name;
HPO_SAMPLER_LIST(DECLARE)

#define ADDRESS(name) &hpo_sampler_##name,
static const hpo_sampler_type *const samplers[] = {HPO_SAMPLER_LIST(ADDRESS)};

struct hpo_sampler {
    const hpo_sampler_type *type;
    void *state;
    base_arena *arena; /* what option values point to */
};

const hpo_sampler_type *const *hpo_samplers(size_t *count) {
    *count = sizeof samplers / sizeof *samplers;
    return samplers;
}

const hpo_sampler_type *hpo_sampler_find(const char *name) {
    for (size_t i = 0; i < sizeof samplers / sizeof *samplers; i++) {
        if (strcmp(samplers[i]->name, name) == 0) return samplers[i];
    }
    return NULL;
}

static base_status init_state(const hpo_sampler *sampler, const base_yaml_node *options, const hpo_sampler_env *env,
                              base_err *err) {
    const hpo_sampler_type *type = sampler->type;
    if (type->options) BASE_TRY(base_options_read(type->options, options, sampler->state, sampler->arena, err));
    if (!type->init) return BASE_OK;
    base_status status = type->init(sampler->state, env, err);
    if (status == BASE_INVALID && options && options->line > 0) {
        base_err_prefix(err, "%s:%d:%d", options->file, options->line, options->column);
    }
    return status;
}

base_status hpo_sampler_check_prior(const hpo_sampler_env *env, base_err *err) {
    if (hpo_space_has_metric_priors(env->space)) {
        return BASE_FAIL(
            err, BASE_INVALID,
            "priors of each metric are used by priorband and priorband-bo alone: leave out prior: true, or "
            "give each parameter one prior for all metrics");
    }
    if (hpo_space_has_prior(env->space)) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID,
                     "prior: true needs a parameter with a prior, e.g. learning_rate: {min: 1e-5, max: 1.0, log: "
                     "true, prior: 1e-2}");
}

base_status hpo_sampler_create(const hpo_sampler_type *type, const base_yaml_node *options, const hpo_sampler_env *env,
                               hpo_sampler **out, base_err *err) {
    hpo_sampler *sampler = base_calloc(1, sizeof *sampler);
    *sampler = (hpo_sampler){.type = type, .state = base_calloc(1, type->state_size), .arena = base_arena_create()};
    base_status status = init_state(sampler, options, env, err);
    if (status != BASE_OK) {
        hpo_sampler_destroy(sampler);
        sampler = NULL;
    }
    *out = sampler;
    return status;
}

void hpo_sampler_destroy(hpo_sampler *sampler) {
    if (!sampler) return;
    if (sampler->type->fini) sampler->type->fini(sampler->state);
    free(sampler->state);
    base_arena_destroy(sampler->arena);
    free(sampler);
}

base_status hpo_sampler_ask(hpo_sampler *sampler, hpo_view view, const hpo_request *request, double *config,
                            const char **origin, base_err *err) {
    return sampler->type->ask(sampler->state, view, request, config, origin, err);
}

const hpo_sampler_type *hpo_sampler_type_of(const hpo_sampler *sampler) {
    return sampler->type;
}

void hpo_sampler_print(const hpo_sampler *sampler, base_buf *out) {
    if (sampler->type->options) {
        base_options_print(sampler->type->options, sampler->state, out);
    } else {
        base_buf_puts(out, "{}");
    }
}
