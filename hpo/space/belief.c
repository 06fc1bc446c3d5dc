/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Priors of single metrics: a belief for each metric is the same space with other priors, so that everything that
 * draws from priors or asks for their density serves each belief. */
#include <string.h>

#include "hpo/space/space_impl.h"

bool hpo_space_has_metric_priors(const hpo_space *space) {
    for (size_t i = 0; i < space->count; i++)
        if (space->params[i].n_metric_priors > 0) return true;
    return false;
}

bool hpo_space_has_beliefs(const hpo_space *space) {
    return hpo_space_has_prior(space) || hpo_space_has_metric_priors(space);
}

static const hpo_metric_prior *find(const hpo_param *param, const char *metric) {
    for (size_t i = 0; i < param->n_metric_priors; i++)
        if (strcmp(param->metric_priors[i].metric, metric) == 0) return &param->metric_priors[i];
    return NULL;
}

static base_status check_names(base_arena *arena, const hpo_param *param, const char *const *names, size_t count,
                               base_err *err) {
    for (size_t i = 0; i < param->n_metric_priors; i++) {
        const hpo_metric_prior *own = &param->metric_priors[i];
        size_t k = 0;
        while (k < count && strcmp(names[k], own->metric) != 0) k++;
        const base_yaml_node *map = base_yaml_get(param->where, "prior");
        const base_yaml_node *where = map ? base_yaml_key(map, own->metric) : param->where;
        if (k == count)
            return hpo_space_fail(where, err, "%s: prior of \"%s\", which is no metric of the study: %s", param->name,
                                  own->metric, hpo_space_hint(arena, own->metric, names, count));
        if (count == 1)
            return hpo_space_fail(where, err, "%s: priors of each metric want several: write prior: value",
                                  param->name);
    }
    return BASE_OK;
}

/* The text of a space does not depend on the order in which its file names metrics. */
static void order_priors(base_arena *arena, hpo_param *param, const char *const *names, size_t count) {
    hpo_metric_prior *ordered = BASE_NEW_ARRAY(arena, param->n_metric_priors, hpo_metric_prior);
    size_t n = 0;
    for (size_t k = 0; k < count; k++) {
        const hpo_metric_prior *own = find(param, names[k]);
        if (own) ordered[n++] = *own;
    }
    BASE_ASSERT(n == param->n_metric_priors);
    param->metric_priors = ordered;
}

static hpo_space make_belief(const hpo_space *space, const char *metric) {
    hpo_space belief = *space;
    belief.params = BASE_NEW_ARRAY(space->arena, space->count, hpo_param);
    for (size_t i = 0; i < space->count; i++) {
        hpo_param *param = &belief.params[i];
        *param = space->params[i];
        const hpo_metric_prior *own = find(param, metric);
        if (own) param->prior = own->prior;
        param->metric_priors = NULL;
        param->n_metric_priors = 0;
    }
    return belief;
}

base_status hpo_space_set_metrics(hpo_space *space, const char *const *names, size_t count, base_err *err) {
    BASE_ASSERT(space->sealed && !space->beliefs && count > 0);
    if (!hpo_space_has_metric_priors(space)) return BASE_OK;
    for (size_t i = 0; i < space->count; i++) {
        BASE_TRY(check_names(space->arena, &space->params[i], names, count, err));
        if (space->params[i].n_metric_priors > 0) order_priors(space->arena, &space->params[i], names, count);
    }
    hpo_space *beliefs = BASE_NEW_ARRAY(space->arena, count, hpo_space);
    for (size_t k = 0; k < count; k++) beliefs[k] = make_belief(space, names[k]);
    space->beliefs = beliefs;
    space->n_beliefs = count;
    return BASE_OK;
}

size_t hpo_space_n_beliefs(const hpo_space *space) {
    return space->beliefs ? space->n_beliefs : 1;
}

const hpo_space *hpo_space_belief(const hpo_space *space, size_t index) {
    BASE_ASSERT(index < hpo_space_n_beliefs(space));
    return space->beliefs ? &space->beliefs[index] : space;
}
