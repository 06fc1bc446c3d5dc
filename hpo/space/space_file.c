/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `parameters:` of a study file become a space.
 *
 * This file knows keys and their types; what a legal range or prior is stands in param.c, once, for files and builders
 * alike. The keys are those of W&B sweeps, NePS and ConfigSpace wherever they have a word. */
#include "hpo/space/space_file.h"

#include <math.h>
#include <string.h>
#include <strings.h>

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

/* What other programs call these: Optuna, ConfigSpace, NNI, Hyperopt, Keras Tuner, Ray. */
static const struct {
    const char *word;
    key_id ours;
} OTHER_WORDS[] = {
    {"low", KEY_MIN},
    {"lower", KEY_MIN},
    {"min_value", KEY_MIN},
    {"minimum", KEY_MIN},
    {"high", KEY_MAX},
    {"upper", KEY_MAX},
    {"max_value", KEY_MAX},
    {"maximum", KEY_MAX},
    {"choices", KEY_VALUES},
    {"choice", KEY_VALUES},
    {"categories", KEY_VALUES},
    {"options", KEY_VALUES},
    {"sequence", KEY_VALUES},
    {"weights", KEY_PROBABILITIES},
    {"log_scale", KEY_LOG},
    {"default", KEY_PRIOR},
    {"default_value", KEY_PRIOR},
    {"condition", KEY_WHEN},
    {"conditions", KEY_WHEN},
    {"depends_on", KEY_WHEN},
};

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
    bool integer_step;
    hpo_param param;
} reader;

static base_status fail_with_kind(const reader *in, const char *what, const base_yaml_node *node, const char *wanted,
                                  base_err *err) {
    return hpo_space_fail(node, err, "%s: %s must be %s, not %s", in->name, what, wanted,
                          base_yaml_kind_text(node->kind));
}

/* {min: 0,0001} is min: 0 and a key 0001. */
static const char *comma_hint(const reader *in, size_t key) {
    const base_yaml_node *before = key > 0 ? in->map->items[key - 1] : NULL;
    if (in->map->keys[key]->kind != BASE_YAML_INT || !before || before->kind != BASE_YAML_INT) return NULL;
    return base_arena_printf(in->arena, "a comma ends a value: write %s.%s with a point", before->text,
                             in->map->keys[key]->text);
}

/* Keras Tuner's sampling, and what seems natural: {scale: log}. */
static const char *scale_hint(base_arena *arena, const char *word, const base_yaml_node *value) {
    static const key_id scales[] = {KEY_LOG, KEY_LOGIT};
    if (strcasecmp(word, "scale") != 0 && strcasecmp(word, "sampling") != 0) return NULL;
    for (size_t i = 0; value->kind == BASE_YAML_STRING && i < sizeof scales / sizeof *scales; i++)
        if (strcasecmp(value->text, KEY_WORDS[scales[i]]) == 0)
            return base_arena_printf(arena, "did you mean \"%s: true\"?", KEY_WORDS[scales[i]]);
    return "write log: true or logit: true; else the scale is linear";
}

static const char *key_hint(base_arena *arena, const char *word, const base_yaml_node *value) {
    const char *scale = scale_hint(arena, word, value);
    if (scale) return scale;
    for (size_t i = 0; i < sizeof OTHER_WORDS / sizeof *OTHER_WORDS; i++)
        if (strcasecmp(word, OTHER_WORDS[i].word) == 0)
            return base_arena_printf(arena, "did you mean \"%s\"?", KEY_WORDS[OTHER_WORDS[i].ours]);
    if (strcasecmp(word, "mu") == 0 || strcasecmp(word, "sigma") == 0)
        return "write min, max and prior: the mean, with confidence: low, medium or high";
    if (strcasecmp(word, "type") == 0 || strcasecmp(word, "dtype") == 0)
        return "the bounds say it: {min: 1, max: 9} are integers, {min: 1.0, max: 9.0} real numbers";
    return hpo_space_hint(arena, word, KEY_WORDS, KEY_COUNT);
}

static base_status collect_keys(reader *in, base_err *err) {
    for (size_t i = 0; i < in->map->count; i++) {
        const base_yaml_node *key = in->map->keys[i];
        size_t id = 0;
        while (id < KEY_COUNT && strcmp(key->text, KEY_WORDS[id]) != 0) id++;
        if (id == KEY_COUNT) {
            const char *comma = comma_hint(in, i);
            return hpo_space_fail(key, err, "%s: unknown key \"%s\": %s", in->name, key->text,
                                  comma ? comma : key_hint(in->arena, key->text, in->map->items[i]));
        }
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

/* An integer that is too large, as the real number that would stand for it. */
static const char *as_real(base_arena *arena, const base_yaml_node *node) {
    const hpo_value value = hpo_value_real(node->number);
    return hpo_value_string(arena, &value);
}

base_status hpo_number_read(base_arena *arena, const char *name, const char *word, const base_yaml_node *node,
                            double *out, base_err *err) {
    if (node->kind != BASE_YAML_INT && node->kind != BASE_YAML_FLOAT)
        return node->kind == BASE_YAML_STRING
                   ? hpo_space_fail(node, err, "%s: %s must be a number, not the text \"%s\"", name, word, node->text)
                   : hpo_space_fail(node, err, "%s: %s must be a number, not %s", name, word,
                                    base_yaml_kind_text(node->kind));
    if (base_yaml_is_oversized(node))
        return hpo_space_fail(node, err, "%s: %s %s does not fit in 64 bits: write %s for a real number", name, word,
                              node->text, as_real(arena, node));
    bool exact = fabs(node->number) <= 0x1p53 && (int64_t)node->number == node->integer;
    if (node->kind == BASE_YAML_INT && !exact)
        return hpo_space_fail(node, err, "%s: %s %s is too large for an integer: stay within -2^53 and 2^53", name,
                              word, node->text);
    *out = node->number;
    return BASE_OK;
}

static base_status read_number(const reader *in, key_id key, double *out, base_err *err) {
    return hpo_number_read(in->arena, in->name, KEY_WORDS[key], in->nodes[key], out, err);
}

static base_status read_flag(const reader *in, key_id key, bool *out, base_err *err) {
    const base_yaml_node *node = in->nodes[key];
    *out = false;
    if (!node) return BASE_OK;
    if (node->kind != BASE_YAML_BOOL) return fail_with_kind(in, KEY_WORDS[key], node, "true or false", err);
    *out = node->boolean;
    return BASE_OK;
}

static base_status read_prior(reader *in, base_err *err) {
    return hpo_prior_read(in->arena, in->nodes[KEY_PRIOR], in->nodes[KEY_CONFIDENCE], &in->param, err);
}

/* ---- the three forms ---- */

static base_status read_step(reader *in, base_err *err) {
    if (in->nodes[KEY_STEP] && in->nodes[KEY_Q])
        return hpo_space_fail(in->nodes[KEY_Q], err, "%s: q is another word for step: leave out one", in->name);
    key_id key = in->nodes[KEY_STEP] ? KEY_STEP : KEY_Q;
    const base_yaml_node *node = in->nodes[key];
    if (!node) return BASE_OK;
    BASE_TRY(read_number(in, key, &in->param.step, err));
    if (in->param.step == 0) /* which stands for none in a parameter */
        return hpo_space_fail(node, err, "%s: step must be above 0, not %s", in->name, node->text);
    in->integer_step = node->kind == BASE_YAML_INT;
    return BASE_OK;
}

static base_status read_scale(reader *in, bool log_distribution, base_err *err) {
    bool log, logit;
    BASE_TRY(read_flag(in, KEY_LOG, &log, err));
    BASE_TRY(read_flag(in, KEY_LOGIT, &logit, err));
    if (log && logit)
        return hpo_space_fail(in->nodes[KEY_LOGIT], err, "%s: log and logit exclude each other: leave out one",
                              in->name);
    in->param.scale = log || log_distribution ? HPO_LOG : logit ? HPO_LOGIT : HPO_LINEAR;
    return BASE_OK;
}

static base_status read_range(reader *in, hpo_number_rule rule, bool log, base_err *err) {
    hpo_param *param = &in->param;
    if (!in->nodes[KEY_MIN]) return hpo_space_fail(in->map, err, "%s: max without min: add min", in->name);
    if (!in->nodes[KEY_MAX]) return hpo_space_fail(in->map, err, "%s: min without max: add max", in->name);
    BASE_TRY(read_number(in, KEY_MIN, &param->min, err));
    BASE_TRY(read_number(in, KEY_MAX, &param->max, err));
    BASE_TRY(read_scale(in, log, err));
    BASE_TRY(read_step(in, err));
    bool integers = in->nodes[KEY_MIN]->kind == BASE_YAML_INT && in->nodes[KEY_MAX]->kind == BASE_YAML_INT;
    if (rule == HPO_RULE_INT && !integers)
        return hpo_space_fail(in->nodes[KEY_DISTRIBUTION], err, "%s: distribution %s wants integer bounds", in->name,
                              in->nodes[KEY_DISTRIBUTION]->text);
    bool real = rule == HPO_RULE_REAL || (rule == HPO_RULE_BY_ALL && !in->integer_step);
    param->kind = integers && !real ? HPO_INT : HPO_FLOAT;
    return read_prior(in, err);
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

static base_status read_value(const reader *in, const base_yaml_node *node, hpo_value *out, base_err *err) {
    if (base_yaml_is_oversized(node))
        return hpo_space_fail(node, err,
                              "%s: the integer %s does not fit in 64 bits: write '%s' in quotes for a text, or %s for "
                              "a real number",
                              in->name, node->text, node->text, as_real(in->arena, node));
    *out = hpo_value_of_node(node);
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
        BASE_TRY(read_value(in, list->items[i], &choices[i], err));
    }
    bool ordered;
    BASE_TRY(read_flag(in, KEY_ORDERED, &ordered, err));
    in->param.kind = ordered ? HPO_ORDINAL : HPO_CATEGORICAL;
    in->param.choices = choices;
    in->param.n_choices = list->count;
    BASE_TRY(read_probabilities(in, err));
    return read_prior(in, err);
}

static base_status read_constant(reader *in, base_err *err) {
    const base_yaml_node *node = in->nodes[KEY_VALUE];
    if (node->kind == BASE_YAML_LIST)
        return hpo_space_fail(node, err, "%s: value is one constant: write values for a list", in->name);
    if (!base_yaml_is_scalar(node)) return fail_with_kind(in, "value", node, "a number, a text or a boolean", err);
    hpo_value *choice = BASE_NEW(in->arena, hpo_value);
    BASE_TRY(read_value(in, node, choice, err));
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
    const char *dots = strstr(node->text, "..");
    if (dots && dots != node->text && dots[2] != '\0')
        return hpo_space_fail(node, err, "%s: for a range write {min: %.*s, max: %s}", key->text,
                              (int)(dots - node->text), node->text, dots + 2);
    return hpo_space_fail(node, err, "%s: for a constant write {value: %s}", key->text, node->text);
}

static base_status read_param(hpo_space *space, const base_yaml_node *key, const base_yaml_node *node,
                              const char *fidelity, base_err *err) {
    if (key->kind != BASE_YAML_STRING)
        return hpo_space_fail(key, err, "a parameter's name must be a text, not %s: write it in quotes",
                              base_yaml_kind_text(key->kind));
    BASE_TRY(hpo_param_check_name(key->text, key, err)); /* here the position is the name's own */
    BASE_TRY(check_is_map(key, node, err));
    if (fidelity && strcmp(fidelity, key->text) == 0)
        return hpo_space_fail(key, err, "%s is the fidelity: the scheduler sets it, so it cannot be a parameter too",
                              key->text);
    reader in = {.arena = space->arena, .name = key->text, .map = node};
    in.param = (hpo_param){.name = key->text, .where = node};
    form written = FORM_RANGE;
    /* First, because a distribution that is not supported brings keys that are not known. */
    BASE_TRY(hpo_distribution_check(in.arena, in.name, node, err));
    BASE_TRY(collect_keys(&in, err));
    hpo_number_rule rule;
    bool log;
    BASE_TRY(hpo_distribution_read(in.arena, in.name, node, &rule, &log, err));
    BASE_TRY(find_form(&in, &written, err));
    switch (written) {
    case FORM_RANGE: BASE_TRY(read_range(&in, rule, log, err)); break;
    case FORM_VALUES: BASE_TRY(read_choices(&in, err)); break;
    case FORM_VALUE: BASE_TRY(read_constant(&in, err)); break;
    }
    return hpo_space_add(space, &in.param, err);
}

static base_status read_params(hpo_space *space, const base_yaml_node *parameters, const char *fidelity,
                               base_err *err) {
    const size_t first = space->count;
    for (size_t i = 0; i < parameters->count; i++)
        BASE_TRY(read_param(space, parameters->keys[i], parameters->items[i], fidelity, err));
    for (size_t i = first; i < space->count; i++) { /* a condition may test a parameter that is written later */
        const base_yaml_node *when = base_yaml_get(space->params[i].where, "when");
        if (!when) continue;
        const hpo_cond *cond = NULL;
        BASE_TRY(hpo_cond_read(space, when, &cond, err));
        hpo_space_set_when(space, i, cond);
    }
    return BASE_OK;
}

base_status hpo_space_read_params(hpo_space *space, const base_yaml_node *parameters, const char *fidelity,
                                  base_err *err) {
    if (parameters->kind != BASE_YAML_MAP)
        return hpo_space_fail(parameters, err, "parameters must be a map from names to ranges, not %s",
                              base_yaml_kind_text(parameters->kind));
    if (parameters->count == 0)
        return hpo_space_fail(parameters, err,
                              "parameters is empty: write at least one, such as x: {min: 0.0, max: 1.0}");
    return read_params(space, parameters, fidelity, err);
}

base_status hpo_space_read(const base_yaml_node *parameters, const base_yaml_node *forbid, const char *fidelity,
                           hpo_space **out, base_err *err) {
    *out = NULL;
    if (!parameters) return BASE_FAIL(err, BASE_INVALID, "parameters is missing: say what is searched");
    hpo_space *space = hpo_space_create();
    base_status status = hpo_space_read_params(space, parameters, fidelity, err);
    if (status == BASE_OK) status = hpo_space_read_forbid(space, forbid, err);
    if (status == BASE_OK) status = hpo_space_seal(space, err);
    if (status == BASE_OK)
        *out = space;
    else
        hpo_space_destroy(space);
    return status;
}
