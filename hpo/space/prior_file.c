/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys `prior:` and `confidence:` of a parameter: one value and one word, or maps from metrics to them. */
#include <string.h>

#include "hpo/space/space_impl.h"

static base_status read_center(base_arena *arena, const hpo_param *param, const base_yaml_node *node, double *center,
                               base_err *err) {
    if (hpo_param_is_number(param)) return hpo_number_read(arena, param->name, "prior", node, center, err);
    if (!base_yaml_is_scalar(node))
        return hpo_space_fail(node, err, "%s: prior must be one of the values, not %s", param->name,
                              base_yaml_kind_text(node->kind));
    hpo_value value = hpo_value_of_node(node);
    size_t index = hpo_param_find_choice(param, &value);
    if (index == SIZE_MAX)
        return hpo_space_fail(node, err, "%s: prior %s is not one of the values: %s", param->name,
                              hpo_value_string(arena, &value), hpo_param_choice_hint(arena, param, &value));
    *center = (double)index;
    return BASE_OK;
}

/* node NULL: medium. */
static base_status read_confidence(base_arena *arena, const hpo_param *param, const base_yaml_node *node,
                                   hpo_prior *prior, base_err *err) {
    const char *word = node ? node->text : "medium";
    if (node && node->kind != BASE_YAML_STRING)
        return hpo_space_fail(node, err, "%s: confidence must be low, medium or high, not %s", param->name,
                              base_yaml_kind_text(node->kind));
    const char *words[HPO_CONFIDENCES];
    for (size_t i = 0; i < HPO_CONFIDENCES; i++) {
        words[i] = HPO_CONFIDENCE[i].word;
        if (strcmp(word, words[i]) != 0) continue;
        prior->given = true;
        prior->deviation = HPO_CONFIDENCE[i].deviation;
        prior->weight = HPO_CONFIDENCE[i].weight;
        return BASE_OK;
    }
    return hpo_space_fail(node, err, "%s: unknown confidence \"%s\": %s", param->name, word,
                          hpo_space_hint(arena, word, words, HPO_CONFIDENCES));
}

static base_status read_one(base_arena *arena, const hpo_param *param, const base_yaml_node *center,
                            const base_yaml_node *confidence, hpo_prior *prior, base_err *err) {
    BASE_TRY(read_confidence(arena, param, confidence, prior, err));
    return read_center(arena, param, center, &prior->center, err);
}

/* Each metric of the map confidence has a prior. */
static base_status check_metrics(base_arena *arena, const hpo_param *param, const base_yaml_node *prior,
                                 const base_yaml_node *confidence, base_err *err) {
    const char **metrics = BASE_NEW_ARRAY(arena, prior->count, const char *);
    for (size_t i = 0; i < prior->count; i++) metrics[i] = prior->keys[i]->text;
    for (size_t i = 0; i < confidence->count; i++) {
        const base_yaml_node *key = confidence->keys[i];
        if (base_yaml_get(prior, key->text)) continue;
        return hpo_space_fail(key, err, "%s: confidence in \"%s\", of which prior says nothing: %s", param->name,
                              key->text, hpo_space_hint(arena, key->text, metrics, prior->count));
    }
    return BASE_OK;
}

static base_status read_map(base_arena *arena, const base_yaml_node *prior, const base_yaml_node *confidence,
                            hpo_param *param, base_err *err) {
    if (prior->count == 0)
        return hpo_space_fail(prior, err, "%s: prior names no metric: write {metric: value, ...}", param->name);
    const bool by_metric = confidence && confidence->kind == BASE_YAML_MAP;
    if (by_metric) BASE_TRY(check_metrics(arena, param, prior, confidence, err));
    hpo_metric_prior *priors = BASE_NEW_ARRAY(arena, prior->count, hpo_metric_prior);
    for (size_t i = 0; i < prior->count; i++) {
        const char *metric = prior->keys[i]->text;
        const base_yaml_node *word = by_metric ? base_yaml_get(confidence, metric) : confidence;
        priors[i] = (hpo_metric_prior){.metric = metric, .where = prior->items[i]};
        BASE_TRY(read_one(arena, param, prior->items[i], word, &priors[i].prior, err));
    }
    param->metric_priors = priors;
    param->n_metric_priors = prior->count;
    return BASE_OK;
}

base_status hpo_prior_read(base_arena *arena, const base_yaml_node *prior, const base_yaml_node *confidence,
                           hpo_param *param, base_err *err) {
    if (prior && prior->kind == BASE_YAML_MAP) return read_map(arena, prior, confidence, param, err);
    if (prior && confidence && confidence->kind == BASE_YAML_MAP)
        return hpo_space_fail(confidence, err,
                              "%s: confidence for each metric wants a prior for each: write prior: "
                              "{metric: value, ...}",
                              param->name);
    if (prior) return read_one(arena, param, prior, confidence, &param->prior, err);
    if (!confidence) return BASE_OK;
    return hpo_space_fail(confidence, err, "%s: confidence without a prior: add prior, the value you believe in",
                          param->name);
}
