/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `parameters:` of a study file become a space.
 *
 * This file knows keys and their types; what a legal range or prior is stands in param.c, once, for files and builders
 * alike. The keys are those of W&B sweeps, NePS and ConfigSpace; W&B's `distribution` is taken where it means exactly
 * one of our ranges and refused with the right spelling where it does not. */
#include "hpo/space/space_file.h"

#include <math.h>
#include <string.h>

#include "hpo/space/space_impl.h"

typedef enum key_id {
    KEY_MIN,
    KEY_MAX,
    KEY_LOG,
    KEY_LOGIT,
    KEY_STEP,
    KEY_Q,
    KEY_VALUES,
    KEY_ORDERED,
    KEY_PROBABILITIES,
    KEY_VALUE,
    KEY_PRIOR,
    KEY_CONFIDENCE,
    KEY_WHEN,
    KEY_DISTRIBUTION,
    KEY_COUNT
} key_id;

static const char *const KEY_WORDS[KEY_COUNT] = {"min",   "max",        "log",     "logit",         "step",
                                                 "q",     "values",     "ordered", "probabilities", "value",
                                                 "prior", "confidence", "when",    "distribution"};

typedef enum form { FORM_RANGE, FORM_VALUES, FORM_VALUE } form;

#define BIT(key)    (1u << (key))
#define COMMON_KEYS (BIT(KEY_WHEN) | BIT(KEY_DISTRIBUTION))
static const struct {
    unsigned keys;
    const char *words; /* for messages */
} FORMS[] = {
    [FORM_RANGE] = {COMMON_KEYS | BIT(KEY_MIN) | BIT(KEY_MAX) | BIT(KEY_LOG) | BIT(KEY_LOGIT) | BIT(KEY_STEP) |
                        BIT(KEY_Q) | BIT(KEY_PRIOR) | BIT(KEY_CONFIDENCE),
                    "min and max take log, logit, step, prior, confidence, when"},
    [FORM_VALUES] = {COMMON_KEYS | BIT(KEY_VALUES) | BIT(KEY_ORDERED) | BIT(KEY_PROBABILITIES) | BIT(KEY_PRIOR) |
                         BIT(KEY_CONFIDENCE),
                     "values takes ordered, probabilities, prior, confidence, when"},
    [FORM_VALUE] = {COMMON_KEYS | BIT(KEY_VALUE), "value takes only when"},
};

/* One parameter while it is read. */
typedef struct reader {
    base_arena *arena;
    const char *name;
    const base_yaml_node *map;
    const base_yaml_node *nodes[KEY_COUNT]; /* NULL = not written */
    hpo_param param;
} reader;

static base_status fail_with_kind(const reader *in, const char *what, const base_yaml_node *node, const char *wanted,
                                  base_err *err) {
    return hpo_space_fail(node, err, "%s: %s must be %s, not %s", in->name, what, wanted,
                          base_yaml_kind_text(node->kind));
}

static base_status collect_keys(reader *in, base_err *err) {
    for (size_t i = 0; i < in->map->count; i++) {
        const base_yaml_node *key = in->map->keys[i];
        size_t id = 0;
        while (id < KEY_COUNT && strcmp(key->text, KEY_WORDS[id]) != 0) id++;
        if (id == KEY_COUNT)
            return hpo_space_fail(key, err, "%s: unknown key \"%s\": %s", in->name, key->text,
                                  hpo_space_hint(in->arena, key->text, KEY_WORDS, KEY_COUNT));
        in->nodes[id] = in->map->items[i];
    }
    return BASE_OK;
}

static base_status find_form(const reader *in, form *out, base_err *err) {
    if (in->nodes[KEY_VALUE])
        *out = FORM_VALUE;
    else if (in->nodes[KEY_VALUES])
        *out = FORM_VALUES;
    else if (in->nodes[KEY_MIN] || in->nodes[KEY_MAX])
        *out = FORM_RANGE;
    else
        return hpo_space_fail(in->map, err, "%s: nothing to choose from: write min and max, or values, or value",
                              in->name);
    for (size_t i = 0; i < in->map->count; i++) {
        size_t id = 0;
        while (in->nodes[id] != in->map->items[i]) id++;
        if (FORMS[*out].keys & BIT(id)) continue;
        return hpo_space_fail(in->map->keys[i], err, "%s: \"%s\" does not belong here: %s", in->name, KEY_WORDS[id],
                              FORMS[*out].words);
    }
    return BASE_OK;
}

static base_status read_number(const reader *in, key_id key, double *out, base_err *err) {
    const base_yaml_node *node = in->nodes[key];
    if (node->kind != BASE_YAML_INT && node->kind != BASE_YAML_FLOAT)
        return fail_with_kind(in, KEY_WORDS[key], node, "a number", err);
    *out = node->number;
    return BASE_OK;
}

static base_status read_flag(const reader *in, key_id key, bool *out, base_err *err) {
    const base_yaml_node *node = in->nodes[key];
    *out = false;
    if (!node) return BASE_OK;
    if (node->kind != BASE_YAML_BOOL) return fail_with_kind(in, KEY_WORDS[key], node, "true or false", err);
    *out = node->boolean;
    return BASE_OK;
}

static base_status read_confidence(reader *in, base_err *err) {
    const base_yaml_node *node = in->nodes[KEY_CONFIDENCE];
    if (!in->nodes[KEY_PRIOR]) {
        if (!node) return BASE_OK;
        return hpo_space_fail(node, err, "%s: confidence without a prior: add prior, the value you believe in",
                              in->name);
    }
    const char *word = node ? node->text : "medium";
    if (node && node->kind != BASE_YAML_STRING)
        return fail_with_kind(in, "confidence", node, "low, medium or high", err);
    const char *words[HPO_CONFIDENCES];
    for (size_t i = 0; i < HPO_CONFIDENCES; i++) {
        words[i] = HPO_CONFIDENCE[i].word;
        if (strcmp(word, words[i]) != 0) continue;
        in->param.prior.given = true;
        in->param.prior.deviation = HPO_CONFIDENCE[i].deviation;
        in->param.prior.weight = HPO_CONFIDENCE[i].weight;
        return BASE_OK;
    }
    return hpo_space_fail(node, err, "%s: unknown confidence \"%s\": %s", in->name, word,
                          hpo_space_hint(in->arena, word, words, HPO_CONFIDENCES));
}

/* ---- W&B's names of distributions ---- */

typedef enum number_rule { RULE_BY_BOUNDS, RULE_REAL, RULE_INT } number_rule;

static const struct distribution {
    const char *name;
    form form;
    number_rule rule;
    bool log, step;     /* step: must be given; else must not */
    const char *refuse; /* not NULL: what to write instead */
} DISTRIBUTIONS[] = {
    {.name = "uniform", .form = FORM_RANGE, .rule = RULE_REAL},
    {.name = "int_uniform", .form = FORM_RANGE, .rule = RULE_INT},
    {.name = "log_uniform_values", .form = FORM_RANGE, .rule = RULE_REAL, .log = true},
    {.name = "q_uniform", .form = FORM_RANGE, .rule = RULE_BY_BOUNDS, .step = true},
    {.name = "categorical", .form = FORM_VALUES},
    {.name = "categorical_w_probabilities", .form = FORM_VALUES},
    {.name = "constant", .form = FORM_VALUE},
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

static base_status find_distribution(const reader *in, const struct distribution **out, base_err *err) {
    const base_yaml_node *node = in->nodes[KEY_DISTRIBUTION];
    if (node->kind != BASE_YAML_STRING) return fail_with_kind(in, "distribution", node, "a name", err);
    const char *words[N_DISTRIBUTIONS];
    size_t known = 0;
    for (size_t i = 0; i < N_DISTRIBUTIONS; i++) {
        const struct distribution *d = &DISTRIBUTIONS[i];
        if (!d->refuse) words[known++] = d->name;
        if (strcmp(node->text, d->name) != 0) continue;
        *out = d;
        if (!d->refuse) return BASE_OK;
        return hpo_space_fail(node, err, "%s: distribution %s is not supported: %s", in->name, d->name, d->refuse);
    }
    return hpo_space_fail(node, err, "%s: unknown distribution \"%s\": %s", in->name, node->text,
                          hpo_space_hint(in->arena, node->text, words, known));
}

/* Whether the written keys are those that the distribution is about. */
static base_status check_distribution(const reader *in, const struct distribution *d, form written, base_err *err) {
    static const char *const WANTS[] = {[FORM_RANGE] = "min and max", [FORM_VALUES] = "values", [FORM_VALUE] = "value"};
    const base_yaml_node *node = in->nodes[KEY_DISTRIBUTION];
    const base_yaml_node *scale = in->nodes[KEY_LOG] ? in->nodes[KEY_LOG] : in->nodes[KEY_LOGIT];
    const base_yaml_node *step = in->nodes[KEY_STEP] ? in->nodes[KEY_STEP] : in->nodes[KEY_Q];
    if (d->form != written)
        return hpo_space_fail(node, err, "%s: distribution %s wants %s", in->name, d->name, WANTS[d->form]);
    if (scale)
        return hpo_space_fail(scale, err, "%s: distribution says the scale already: leave out one of the two",
                              in->name);
    if (d->step && !step)
        return hpo_space_fail(node, err, "%s: distribution %s wants q, the distance of two values", in->name, d->name);
    if (step && !d->step)
        return hpo_space_fail(step, err, "%s: distribution %s has no step: leave out distribution", in->name, d->name);
    return BASE_OK;
}

/* W&B's q_uniform takes the multiples of q, a range with a step counts from min: the same only when min is one. */
static base_status check_multiple(const reader *in, base_err *err) {
    double times = in->param.min / in->param.step;
    if (fabs(times - rint(times)) <= 1e-9 * fmax(1, fabs(times))) return BASE_OK;
    return hpo_space_fail(in->nodes[KEY_MIN], err,
                          "%s: q_uniform takes multiples of q, and min %s is none: leave out distribution to count "
                          "from min",
                          in->name, in->nodes[KEY_MIN]->text);
}

/* ---- the three forms ---- */

static base_status read_range(reader *in, const struct distribution *d, base_err *err) {
    hpo_param *param = &in->param;
    if (!in->nodes[KEY_MIN]) return hpo_space_fail(in->map, err, "%s: max without min: add min", in->name);
    if (!in->nodes[KEY_MAX]) return hpo_space_fail(in->map, err, "%s: min without max: add max", in->name);
    BASE_TRY(read_number(in, KEY_MIN, &param->min, err));
    BASE_TRY(read_number(in, KEY_MAX, &param->max, err));
    bool log, logit;
    BASE_TRY(read_flag(in, KEY_LOG, &log, err));
    BASE_TRY(read_flag(in, KEY_LOGIT, &logit, err));
    if (log && logit)
        return hpo_space_fail(in->nodes[KEY_LOGIT], err, "%s: log and logit exclude each other: leave out one",
                              in->name);
    param->scale = log || (d && d->log) ? HPO_LOG : logit ? HPO_LOGIT : HPO_LINEAR;
    if (in->nodes[KEY_STEP] && in->nodes[KEY_Q])
        return hpo_space_fail(in->nodes[KEY_Q], err, "%s: q is another word for step: leave out one", in->name);
    key_id step = in->nodes[KEY_STEP] ? KEY_STEP : KEY_Q;
    if (in->nodes[step]) {
        BASE_TRY(read_number(in, step, &param->step, err));
        if (param->step == 0)
            return hpo_space_fail(in->nodes[step], err, "%s: step must be above 0, not %s", in->name,
                                  in->nodes[step]->text);
    }
    bool integers = in->nodes[KEY_MIN]->kind == BASE_YAML_INT && in->nodes[KEY_MAX]->kind == BASE_YAML_INT;
    if (d && d->rule == RULE_INT && !integers)
        return hpo_space_fail(in->nodes[KEY_DISTRIBUTION], err, "%s: distribution %s wants integer bounds", in->name,
                              d->name);
    if (d && d->step) {
        BASE_TRY(check_multiple(in, err));
        integers = integers && in->nodes[step]->kind == BASE_YAML_INT;
    }
    param->kind = integers && !(d && d->rule == RULE_REAL) ? HPO_INT : HPO_FLOAT;
    return in->nodes[KEY_PRIOR] ? read_number(in, KEY_PRIOR, &param->prior.center, err) : BASE_OK;
}

static base_status read_probabilities(reader *in, base_err *err) {
    const base_yaml_node *list = in->nodes[KEY_PROBABILITIES];
    if (!list) return BASE_OK;
    if (list->kind != BASE_YAML_LIST) return fail_with_kind(in, "probabilities", list, "a list of numbers", err);
    if (list->count != in->param.n_choices)
        return hpo_space_fail(list, err, "%s: %zu probabilities for %zu values: give one for each", in->name,
                              list->count, in->param.n_choices);
    double *out = BASE_NEW_ARRAY(in->arena, list->count, double);
    for (size_t i = 0; i < list->count; i++) {
        const base_yaml_node *item = list->items[i];
        if (item->kind != BASE_YAML_INT && item->kind != BASE_YAML_FLOAT)
            return fail_with_kind(in, "a probability", item, "a number", err);
        out[i] = item->number;
    }
    in->param.probabilities = out;
    return BASE_OK;
}

static base_status read_choice_prior(reader *in, base_err *err) {
    const base_yaml_node *node = in->nodes[KEY_PRIOR];
    if (!node) return BASE_OK;
    if (!base_yaml_is_scalar(node)) return fail_with_kind(in, "prior", node, "one of the values", err);
    hpo_value value = hpo_value_of_node(node);
    size_t index = hpo_param_find_choice(&in->param, &value);
    if (index == SIZE_MAX)
        return hpo_space_fail(node, err, "%s: prior %s is not one of the values: %s", in->name,
                              hpo_value_string(in->arena, &value),
                              hpo_param_choice_hint(in->arena, &in->param, &value));
    in->param.prior.center = (double)index;
    return BASE_OK;
}

static base_status read_choices(reader *in, base_err *err) {
    const base_yaml_node *list = in->nodes[KEY_VALUES];
    if (base_yaml_is_scalar(list))
        return hpo_space_fail(list, err, "%s: values must be a list: write values: [%s], or value for a constant",
                              in->name, list->text ? list->text : "");
    if (list->kind != BASE_YAML_LIST) return fail_with_kind(in, "values", list, "a list", err);
    if (list->count == 0) return hpo_space_fail(list, err, "%s: values is empty: list at least one", in->name);
    hpo_value *choices = BASE_NEW_ARRAY(in->arena, list->count, hpo_value);
    for (size_t i = 0; i < list->count; i++) {
        if (!base_yaml_is_scalar(list->items[i]))
            return fail_with_kind(in, "a value", list->items[i], "a number, a text, a boolean or null", err);
        choices[i] = hpo_value_of_node(list->items[i]);
    }
    bool ordered;
    BASE_TRY(read_flag(in, KEY_ORDERED, &ordered, err));
    in->param.kind = ordered ? HPO_ORDINAL : HPO_CATEGORICAL;
    in->param.choices = choices;
    in->param.n_choices = list->count;
    BASE_TRY(read_probabilities(in, err));
    return read_choice_prior(in, err);
}

static base_status read_constant(reader *in, base_err *err) {
    const base_yaml_node *node = in->nodes[KEY_VALUE];
    if (node->kind == BASE_YAML_LIST)
        return hpo_space_fail(node, err, "%s: value is one constant: write values for a list", in->name);
    if (!base_yaml_is_scalar(node)) return fail_with_kind(in, "value", node, "a number, a text or a boolean", err);
    hpo_value *choice = BASE_NEW(in->arena, hpo_value);
    *choice = hpo_value_of_node(node);
    in->param.kind = HPO_CONSTANT;
    in->param.choices = choice;
    in->param.n_choices = 1;
    return BASE_OK;
}

/* ---- the map ---- */

static base_status check_is_map(const base_yaml_node *key, const base_yaml_node *node, base_err *err) {
    if (node->kind == BASE_YAML_MAP) return BASE_OK;
    if (node->kind == BASE_YAML_NULL)
        return hpo_space_fail(node, err, "%s: nothing to choose from: write {min: ..., max: ...} or {values: [...]}",
                              key->text);
    if (node->kind == BASE_YAML_LIST)
        return hpo_space_fail(node, err, "%s: a list alone says too little: write {values: [...]}", key->text);
    return hpo_space_fail(node, err, "%s: for a constant write {value: %s}", key->text, node->text);
}

static base_status read_param(hpo_space *space, const base_yaml_node *key, const base_yaml_node *node,
                              const char *fidelity, base_err *err) {
    if (key->kind != BASE_YAML_STRING)
        return hpo_space_fail(key, err, "a parameter's name must be a text, not %s: write it in quotes",
                              base_yaml_kind_text(key->kind));
    BASE_TRY(check_is_map(key, node, err));
    if (fidelity && strcmp(fidelity, key->text) == 0)
        return hpo_space_fail(key, err, "%s is the fidelity: the scheduler sets it, so it cannot be a parameter too",
                              key->text);
    reader in = {.arena = space->arena, .name = key->text, .map = node};
    in.param = (hpo_param){.name = key->text, .where = node};
    form written = FORM_RANGE;
    BASE_TRY(collect_keys(&in, err));
    const struct distribution *d = NULL;
    if (in.nodes[KEY_DISTRIBUTION]) BASE_TRY(find_distribution(&in, &d, err));
    BASE_TRY(find_form(&in, &written, err));
    if (d) BASE_TRY(check_distribution(&in, d, written, err));
    BASE_TRY(read_confidence(&in, err));
    switch (written) {
    case FORM_RANGE: BASE_TRY(read_range(&in, d, err)); break;
    case FORM_VALUES: BASE_TRY(read_choices(&in, err)); break;
    case FORM_VALUE: BASE_TRY(read_constant(&in, err)); break;
    }
    return hpo_space_add(space, &in.param, err);
}

static base_status read_params(hpo_space *space, const base_yaml_node *parameters, const char *fidelity,
                               base_err *err) {
    for (size_t i = 0; i < parameters->count; i++)
        BASE_TRY(read_param(space, parameters->keys[i], parameters->items[i], fidelity, err));
    for (size_t i = 0; i < space->count; i++) { /* a condition may test a parameter that is written later */
        const base_yaml_node *when = base_yaml_get(space->params[i].where, "when");
        if (!when) continue;
        const hpo_cond *cond = NULL;
        BASE_TRY(hpo_cond_read(space, when, &cond, err));
        hpo_space_set_when(space, i, cond);
    }
    return BASE_OK;
}

base_status hpo_space_read(const base_yaml_node *parameters, const base_yaml_node *forbid, const char *fidelity,
                           hpo_space **out, base_err *err) {
    *out = NULL;
    if (!parameters) return BASE_FAIL(err, BASE_INVALID, "parameters is missing: say what is searched");
    if (parameters->kind != BASE_YAML_MAP)
        return hpo_space_fail(parameters, err, "parameters must be a map from names to ranges, not %s",
                              base_yaml_kind_text(parameters->kind));
    if (parameters->count == 0)
        return hpo_space_fail(parameters, err,
                              "parameters is empty: write at least one, such as x: {min: 0.0, max: 1.0}");
    hpo_space *space = hpo_space_create();
    base_status status = read_params(space, parameters, fidelity, err);
    if (status == BASE_OK) status = hpo_space_read_forbid(space, forbid, err);
    if (status == BASE_OK) status = hpo_space_seal(space, err);
    if (status == BASE_OK)
        *out = space;
    else
        hpo_space_destroy(space);
    return status;
}
