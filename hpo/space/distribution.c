/* SPDX-License-Identifier: GPL-3.0-or-later */
/* W&B's names of distributions: taken where one means exactly a range, values or a constant of ours, refused with the
 * right spelling where it does not. */
#include <math.h>
#include <string.h>

#include "hpo/space/space_impl.h"

static const struct distribution {
    const char *name;
    const char *key, *wants; /* must be written, and its words */
    hpo_number_rule rule;
    bool log, step;     /* step: must be written; else must not */
    const char *refuse; /* not NULL: what to write instead */
} DISTRIBUTIONS[] = {
    {.name = "uniform", .key = "min", .wants = "min and max", .rule = HPO_RULE_REAL},
    {.name = "int_uniform", .key = "min", .wants = "min and max", .rule = HPO_RULE_INT},
    {.name = "log_uniform_values", .key = "min", .wants = "min and max", .rule = HPO_RULE_REAL, .log = true},
    {.name = "q_uniform", .key = "min", .wants = "min, max and q", .rule = HPO_RULE_BY_ALL, .step = true},
    {.name = "categorical", .key = "values", .wants = "values"},
    {.name = "categorical_w_probabilities", .key = "values", .wants = "values"},
    {.name = "constant", .key = "value", .wants = "value"},
    {.name = "log_uniform", .refuse = "its bounds are exponents: write the values themselves with log: true"},
    {.name = "inv_log_uniform", .refuse = "write min and max with log: true"},
    {.name = "inv_log_uniform_values", .refuse = "write min and max with log: true"},
    {.name = "q_log_uniform", .refuse = "write integer bounds with log: true"},
    {.name = "q_log_uniform_values", .refuse = "write integer bounds with log: true"},
    {.name = "normal", .refuse = "write min, max and prior: the mean, with confidence: low, medium or high"},
    {.name = "q_normal", .refuse = "write min, max, step and prior: the mean, with confidence: low, medium or high"},
    {.name = "log_normal", .refuse = "write min, max, log: true and prior: the median, with confidence"},
    {.name = "q_log_normal", .refuse = "write integer bounds, log: true and prior: the median, with confidence"},
    {.name = "beta", .refuse = "write min, max and prior: the mode, with confidence: low, medium or high"},
    {.name = "q_beta", .refuse = "write min, max, step and prior: the mode, with confidence: low, medium or high"},
};
enum { N_DISTRIBUTIONS = sizeof DISTRIBUTIONS / sizeof *DISTRIBUTIONS };

static base_status find(base_arena *arena, const char *param, const base_yaml_node *node,
                        const struct distribution **out, base_err *err) {
    if (node->kind != BASE_YAML_STRING)
        return hpo_space_fail(node, err, "%s: distribution must be a name, not %s", param,
                              base_yaml_kind_text(node->kind));
    const char *words[N_DISTRIBUTIONS];
    size_t known = 0;
    for (size_t i = 0; i < N_DISTRIBUTIONS; i++) {
        const struct distribution *d = &DISTRIBUTIONS[i];
        if (!d->refuse) words[known++] = d->name;
        if (strcmp(node->text, d->name) != 0) continue;
        *out = d;
        if (!d->refuse) return BASE_OK;
        return hpo_space_fail(node, err, "%s: distribution %s is not supported: %s", param, d->name, d->refuse);
    }
    return hpo_space_fail(node, err, "%s: unknown distribution \"%s\": %s", param, node->text,
                          hpo_space_hint(arena, node->text, words, known));
}

static bool is_number(const base_yaml_node *node) {
    return node && (node->kind == BASE_YAML_INT || node->kind == BASE_YAML_FLOAT);
}

/* W&B's q_uniform takes the multiples of q, a range with a step counts from min: the same only when min is one. */
static base_status check_multiple(const char *param, const base_yaml_node *min, const base_yaml_node *step,
                                  base_err *err) {
    if (!is_number(min) || !is_number(step) || step->number == 0) return BASE_OK; /* refused with its own sentence */
    double times = min->number / step->number;
    if (fabs(times - rint(times)) <= 1e-9 * fmax(1, fabs(times))) return BASE_OK;
    return hpo_space_fail(min, err,
                          "%s: q_uniform takes multiples of q, and min %s is none: leave out distribution to count "
                          "from min",
                          param, min->text);
}

base_status hpo_distribution_check(base_arena *arena, const char *param, const base_yaml_node *map, base_err *err) {
    const base_yaml_node *node = base_yaml_get(map, "distribution");
    const struct distribution *d = NULL;
    return node ? find(arena, param, node, &d, err) : BASE_OK;
}

base_status hpo_distribution_read(base_arena *arena, const char *param, const base_yaml_node *map,
                                  hpo_number_rule *rule, bool *log, base_err *err) {
    *rule = HPO_RULE_BY_BOUNDS;
    *log = false;
    const base_yaml_node *node = base_yaml_get(map, "distribution");
    if (!node) return BASE_OK;
    const struct distribution *d = NULL;
    BASE_TRY(find(arena, param, node, &d, err));
    if (!base_yaml_get(map, d->key))
        return hpo_space_fail(node, err, "%s: distribution %s wants %s", param, d->name, d->wants);
    const base_yaml_node *scale = base_yaml_get(map, "log");
    if (!scale) scale = base_yaml_get(map, "logit");
    if (scale)
        return hpo_space_fail(scale, err, "%s: distribution %s says the scale already: leave out one of the two", param,
                              d->name);
    const base_yaml_node *step = base_yaml_get(map, "q");
    if (!step) step = base_yaml_get(map, "step");
    if (d->step && !step) return hpo_space_fail(node, err, "%s: distribution %s wants %s", param, d->name, d->wants);
    if (step && !d->step)
        return hpo_space_fail(step, err, "%s: distribution %s has no step: leave out distribution", param, d->name);
    *rule = d->rule;
    *log = d->log;
    return d->step ? check_multiple(param, base_yaml_get(map, "min"), step, err) : BASE_OK;
}
