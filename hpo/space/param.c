/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes a parameter legal, and what it becomes: bounds on their grid, probabilities that sum to one, a prior that
 * can be drawn.
 *
 * The rules hold for every builder, a study file or an objective. When the parameter has a node, a message carries the
 * position of the very key that is wrong. */
#include "hpo/space/space_impl.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 100 };
/* Integers are doubles in a point: exact up to here. */
static const double EXACT_MAX = 0x1p53;

/* The node of the first key that is there, else the parameter's own. */
static const base_yaml_node *at(const hpo_param *param, const char *key, const char *alias) {
    const base_yaml_node *node = base_yaml_get(param->where, key);
    if (!node && alias) node = base_yaml_get(param->where, alias);
    return node ? node : param->where;
}

bool hpo_param_choices_are_numbers(const hpo_param *param) {
    for (size_t i = 0; i < param->n_choices; i++) {
        hpo_value_kind kind = param->choices[i].kind;
        if (kind != HPO_VALUE_INT && kind != HPO_VALUE_REAL) return false;
    }
    return true;
}

size_t hpo_param_find_choice(const hpo_param *param, const hpo_value *value) {
    if (param->by_value) {
        const uint64_t hash = hpo_value_hash(value);
        size_t cursor = 0, i;
        do {
            i = base_index_next(param->by_value, hash, &cursor);
        } while (i != SIZE_MAX && !hpo_value_equal(&param->choices[i], value));
        return i;
    }
    for (size_t i = 0; i < param->n_choices; i++)
        if (hpo_value_equal(&param->choices[i], value)) return i;
    return SIZE_MAX;
}

/* Names stand in "{name}", in conditions and in messages. */
base_status hpo_param_check_name(const char *name, const base_yaml_node *where, base_err *err) {
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX_LENGTH)
        return hpo_space_fail(where, err, "a parameter's name has 1 to %d characters, this one has %zu",
                              NAME_MAX_LENGTH, length);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];
        if (isalnum(c) || c >= 0x80 || strchr("_-./:[]", c)) continue;
        return hpo_space_fail(where, err, "\"%s\": a parameter's name is made of letters, digits and _ - . / : [ ]",
                              name);
    }
    if (strcmp(name, "any") == 0 || strcmp(name, "all") == 0)
        return hpo_space_fail(where, err, "a parameter cannot be named \"%s\": the word joins conditions", name);
    return BASE_OK;
}

static base_status check_bounds(base_arena *arena, const hpo_param *param, base_err *err) {
    const char *min = hpo_param_number(arena, param, param->min), *max = hpo_param_number(arena, param, param->max);
    if (!isfinite(param->min))
        return hpo_space_fail(at(param, "min", NULL), err, "%s: min must be finite", param->name);
    if (!isfinite(param->max))
        return hpo_space_fail(at(param, "max", NULL), err, "%s: max must be finite", param->name);
    if (param->min == param->max)
        return hpo_space_fail(at(param, "max", NULL), err, "%s: min and max are both %s: write {value: %s}",
                              param->name, min, min);
    if (param->min > param->max)
        return hpo_space_fail(at(param, "min", NULL), err, "%s: min %s is above max %s: exchange them", param->name,
                              min, max);
    if (!isfinite(param->max - param->min))
        return hpo_space_fail(at(param, "max", NULL), err, "%s: the range is wider than a double can hold",
                              param->name);
    if (param->kind == HPO_INT && (param->min < -EXACT_MAX || param->max > EXACT_MAX))
        return hpo_space_fail(at(param, param->min < -EXACT_MAX ? "min" : "max", NULL), err,
                              "%s: an integer bound lies within -2^53 and 2^53", param->name);
    return BASE_OK;
}

static base_status check_scale(base_arena *arena, const hpo_param *param, base_err *err) {
    const char *min = hpo_param_number(arena, param, param->min), *max = hpo_param_number(arena, param, param->max);
    if (param->scale == HPO_LOG && param->min <= 0)
        return hpo_space_fail(at(param, "min", NULL), err, "%s: on a log scale min must be above 0, not %s",
                              param->name, min);
    if (param->scale == HPO_LOGIT && param->kind == HPO_INT)
        return hpo_space_fail(at(param, "logit", NULL), err,
                              "%s: a logit scale wants real bounds between 0 and 1, such as min: 0.01, max: 0.99",
                              param->name);
    if (param->scale == HPO_LOGIT && param->min <= 0)
        return hpo_space_fail(at(param, "min", NULL), err, "%s: on a logit scale min must be above 0, not %s",
                              param->name, min);
    if (param->scale == HPO_LOGIT && param->max >= 1)
        return hpo_space_fail(at(param, "max", NULL), err, "%s: on a logit scale max must be below 1, not %s",
                              param->name, max);
    return BASE_OK;
}

/* Lowers max to the last level. */
static base_status complete_step(base_arena *arena, hpo_param *param, base_err *err) {
    const base_yaml_node *where = at(param, "step", "q");
    if (param->kind == HPO_INT && param->step == 0) param->step = 1;
    if (param->step == 0) return BASE_OK;
    const char *step = hpo_param_number(arena, param, param->step);
    if (!(param->step > 0) || !isfinite(param->step))
        return hpo_space_fail(where, err, "%s: step must be above 0, not %s", param->name, step);
    if (param->kind == HPO_INT && param->step != rint(param->step))
        return hpo_space_fail(where, err, "%s: step %s of an integer range: write min: %.0f.0 for real numbers",
                              param->name, step, param->min);
    if (param->scale == HPO_LOG && param->kind == HPO_INT && param->step != 1)
        return hpo_space_fail(where, err, "%s: integers on a log scale have step 1: leave out step or log",
                              param->name);
    if (param->scale != HPO_LINEAR && param->kind == HPO_FLOAT)
        return hpo_space_fail(where, err, "%s: a step and a %s scale exclude each other: leave out one", param->name,
                              param->scale == HPO_LOG ? "log" : "logit");
    double k = rint((param->max - param->min) / param->step);
    if (k > EXACT_MAX) return hpo_space_fail(where, err, "%s: step %s is too small for the range", param->name, step);
    if (hpo_param_level(param, k) > param->max) k--;
    if (k < 1)
        return hpo_space_fail(where, err, "%s: step %s is larger than the range from %s to %s", param->name, step,
                              hpo_param_number(arena, param, param->min), hpo_param_number(arena, param, param->max));
    param->max = hpo_param_level(param, k);
    return BASE_OK;
}

static base_status complete_number_prior(base_arena *arena, const hpo_param *param, hpo_prior *prior,
                                         const base_yaml_node *where, base_err *err) {
    const char *center = hpo_param_number(arena, param, prior->center);
    BASE_ASSERT(prior->deviation > 0 && isfinite(prior->deviation));
    if (!(prior->center >= param->min && prior->center <= param->max))
        return hpo_space_fail(where, err, "%s: prior %s lies outside of %s to %s", param->name, center,
                              hpo_param_number(arena, param, param->min), hpo_param_number(arena, param, param->max));
    if (param->step == 0) return BASE_OK;
    double k = hpo_param_nearest_level(param, prior->center), level = hpo_param_level(param, k);
    if (fabs(prior->center - level) > 1e-9 * param->step) {
        double low = level < prior->center ? k : k - 1;
        return hpo_space_fail(where, err, "%s: prior %s is not a step of the range: the nearest are %s and %s",
                              param->name, center, hpo_param_number(arena, param, hpo_param_level(param, low)),
                              hpo_param_number(arena, param, hpo_param_level(param, low + 1)));
    }
    prior->center = level;
    return BASE_OK;
}

static base_status complete_number(base_arena *arena, hpo_param *param, base_err *err) {
    param->min += 0.0; /* -0.0 becomes 0.0: points are compared bit for bit */
    param->max += 0.0;
    BASE_TRY(check_bounds(arena, param, err));
    BASE_TRY(check_scale(arena, param, err));
    BASE_TRY(complete_step(arena, param, err));
    return BASE_OK;
}

static base_status complete_prior(base_arena *arena, const hpo_param *param, hpo_prior *prior,
                                  const base_yaml_node *where, base_err *err) {
    if (hpo_param_is_number(param)) return complete_number_prior(arena, param, prior, where, err);
    BASE_ASSERT(prior->center >= 0 && prior->center < (double)param->n_choices);
    BASE_ASSERT(prior->weight > 0 && isfinite(prior->weight));
    return BASE_OK;
}

static base_status complete_priors(base_arena *arena, hpo_param *param, base_err *err) {
    if (param->prior.given) {
        BASE_ASSERT(param->n_metric_priors == 0);
        return complete_prior(arena, param, &param->prior, at(param, "prior", NULL), err);
    }
    if (param->n_metric_priors == 0) return BASE_OK;
    hpo_metric_prior *priors = BASE_NEW_ARRAY(arena, param->n_metric_priors, hpo_metric_prior);
    for (size_t i = 0; i < param->n_metric_priors; i++) {
        priors[i] = param->metric_priors[i];
        BASE_ASSERT(priors[i].prior.given);
        const base_yaml_node *where = priors[i].where ? priors[i].where : param->where;
        BASE_TRY(complete_prior(arena, param, &priors[i].prior, where, err));
    }
    param->metric_priors = priors;
    return BASE_OK;
}

static const base_yaml_node *choice_at(const hpo_param *param, size_t i) {
    const base_yaml_node *list = base_yaml_get(param->where, "values");
    return list && list->kind == BASE_YAML_LIST && i < list->count ? list->items[i] : at(param, "value", NULL);
}

/* Few are faster searched from the front. */
static void index_choices(base_arena *arena, hpo_param *param) {
    enum { FEW_CHOICES = 16 };
    param->by_value = NULL; /* of a parameter that is copied from another space */
    if (param->n_choices <= FEW_CHOICES) return;
    base_index *index = BASE_NEW(arena, base_index);
    for (size_t i = 0; i < param->n_choices; i++) base_index_add(arena, index, hpo_value_hash(&param->choices[i]), i);
    param->by_value = index;
}

static base_status check_choices(base_arena *arena, const hpo_param *param, base_err *err) {
    if (param->n_choices == 0)
        return hpo_space_fail(at(param, "values", NULL), err, "%s: values is empty: list at least one", param->name);
    for (size_t i = 0; i < param->n_choices; i++) {
        const hpo_value *value = &param->choices[i];
        if (value->kind == HPO_VALUE_REAL && !isfinite(value->real))
            return hpo_space_fail(choice_at(param, i), err, "%s: a value must be finite, not %s", param->name,
                                  hpo_value_string(arena, value));
        size_t first = hpo_param_find_choice(param, value);
        if (first != i)
            return hpo_space_fail(choice_at(param, i), err, "%s: value %s is listed twice (items %zu and %zu)",
                                  param->name, hpo_value_string(arena, value), first + 1, i + 1);
    }
    if (param->kind != HPO_ORDINAL || !hpo_param_choices_are_numbers(param)) return BASE_OK;
    for (size_t i = 1; i < param->n_choices; i++)
        if (param->choices[i].real < param->choices[i - 1].real)
            return hpo_space_fail(choice_at(param, i), err, "%s: ordered numbers must increase: %s follows %s",
                                  param->name, hpo_value_string(arena, &param->choices[i]),
                                  hpo_value_string(arena, &param->choices[i - 1]));
    return BASE_OK;
}

static const base_yaml_node *probability_at(const hpo_param *param, size_t i) {
    const base_yaml_node *list = base_yaml_get(param->where, "probabilities");
    return list && list->kind == BASE_YAML_LIST && i < list->count ? list->items[i] : at(param, "probabilities", NULL);
}

static base_status complete_probabilities(base_arena *arena, hpo_param *param, base_err *err) {
    double sum = 0;
    for (size_t i = 0; i < param->n_choices; i++) {
        double p = param->probabilities[i];
        if (!(p >= 0) || !isfinite(p))
            return hpo_space_fail(probability_at(param, i), err, "%s: a probability lies between 0 and 1, not %g",
                                  param->name, p);
        sum += p;
    }
    if (fabs(sum - 1) > 1e-6)
        return hpo_space_fail(at(param, "probabilities", NULL), err,
                              "%s: probabilities sum to %.7g: they must sum to 1", param->name, sum);
    /* A sum that is 1 but for rounding stays as it is, so that a described space reads back as the same one. */
    double *shares = BASE_NEW_ARRAY(arena, param->n_choices, double);
    for (size_t i = 0; i < param->n_choices; i++)
        shares[i] = fabs(sum - 1) > 1e-14 ? param->probabilities[i] / sum : param->probabilities[i];
    param->probabilities = shares;
    return BASE_OK;
}

base_status hpo_param_complete(base_arena *arena, hpo_param *param, base_err *err) {
    BASE_TRY(hpo_param_check_name(param->name, param->where, err));
    if (hpo_param_is_number(param)) {
        BASE_ASSERT(param->n_choices == 0 && !param->probabilities);
        BASE_TRY(complete_number(arena, param, err));
        return complete_priors(arena, param, err);
    }
    index_choices(arena, param);
    BASE_TRY(check_choices(arena, param, err));
    if (param->kind == HPO_CONSTANT) {
        BASE_ASSERT(param->n_choices == 1 && !param->probabilities && !param->prior.given);
        BASE_ASSERT(param->n_metric_priors == 0);
        return BASE_OK;
    }
    BASE_TRY(complete_priors(arena, param, err));
    return param->probabilities ? complete_probabilities(arena, param, err) : BASE_OK;
}
