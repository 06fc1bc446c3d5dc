/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points, conditions and whole spaces as text.
 *
 * A described space is written in the study file's own grammar, one line, every default that matters filled in and
 * always in the same order: it can be read back, and two spaces are the same when their texts are. */
#include "hpo/space/space_impl.h"

#include <math.h>
#include <string.h>

const char *const HPO_COND_OP_WORDS[] = {
    [HPO_COND_ALL] = "all", [HPO_COND_ANY] = "any",       [HPO_COND_EQ] = "eq", [HPO_COND_NE] = "ne",
    [HPO_COND_LT] = "lt",   [HPO_COND_LE] = "le",         [HPO_COND_GT] = "gt", [HPO_COND_GE] = "ge",
    [HPO_COND_IN] = "in",   [HPO_COND_NOT_IN] = "not_in",
};

const hpo_confidence HPO_CONFIDENCE[HPO_CONFIDENCES] = {
    {"low", 0.5, 2},
    {"medium", 0.25, 4},
    {"high", 0.125, 6},
};

/* A value as a flow-YAML scalar: a text that would read as something else is quoted. */
static void print_value(const hpo_value *value, base_buf *out) {
    if (value->kind == HPO_VALUE_TEXT) {
        base_yaml_node node = {.kind = BASE_YAML_STRING, .file = "", .text = value->text};
        base_yaml_print_flow(&node, out);
    } else {
        hpo_value_print(value, out);
    }
}

static void print_text(const char *text, base_buf *out) {
    hpo_value value = hpo_value_text(text);
    print_value(&value, out);
}

static void print_number(const hpo_param *param, double number, base_buf *out) {
    if (param->kind == HPO_INT)
        base_buf_put_i64(out, (int64_t)number);
    else
        base_buf_put_double(out, number);
}

void hpo_space_print(const hpo_space *space, const double *config, base_buf *out) {
    const char *separator = "{";
    for (size_t i = 0; i < space->count; i++) {
        if (isnan(config[i])) continue;
        hpo_value value = hpo_space_value(space, config, i);
        base_buf_puts(out, separator);
        print_text(space->params[i].name, out);
        base_buf_puts(out, ": ");
        print_value(&value, out);
        separator = ", ";
    }
    base_buf_puts(out, *separator == '{' ? "{}" : "}");
}

void hpo_space_print_json(const hpo_space *space, const double *config, base_buf *out) {
    const char *separator = "{";
    for (size_t i = 0; i < space->count; i++) {
        if (isnan(config[i])) continue;
        hpo_value value = hpo_space_value(space, config, i);
        base_buf_puts(out, separator);
        base_buf_put_json(out, space->params[i].name);
        base_buf_puts(out, ": ");
        hpo_value_print_json(&value, out);
        separator = ", ";
    }
    base_buf_puts(out, *separator == '{' ? "{}" : "}");
}

static void print_values(const hpo_value *values, size_t count, base_buf *out) {
    base_buf_putc(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        print_value(&values[i], out);
    }
    base_buf_putc(out, ']');
}

void hpo_cond_print(const hpo_space *space, const hpo_cond *cond, base_buf *out) {
    base_buf_putc(out, '{');
    if (cond->op == HPO_COND_ALL || cond->op == HPO_COND_ANY) {
        base_buf_printf(out, "%s: [", HPO_COND_OP_WORDS[cond->op]);
        for (size_t i = 0; i < cond->n_children; i++) {
            if (i > 0) base_buf_puts(out, ", ");
            hpo_cond_print(space, cond->children[i], out);
        }
        base_buf_puts(out, "]}");
        return;
    }
    print_text(space->params[cond->param].name, out);
    base_buf_printf(out, ": {%s: ", HPO_COND_OP_WORDS[cond->op]);
    if (cond->against_param) {
        base_buf_puts(out, "{parameter: ");
        print_text(space->params[cond->other].name, out);
        base_buf_putc(out, '}');
    } else if (cond->op == HPO_COND_IN || cond->op == HPO_COND_NOT_IN) {
        print_values(cond->values, cond->n_values, out);
    } else {
        print_value(&cond->values[0], out);
    }
    base_buf_puts(out, "}}");
}

/* The three words of a study file; NULL: an objective has declared another strength. */
static const char *confidence_word(const hpo_param *param, const hpo_prior *prior) {
    for (size_t i = 0; i < HPO_CONFIDENCES; i++) {
        bool same = hpo_param_is_number(param) ? prior->deviation == HPO_CONFIDENCE[i].deviation
                                               : prior->weight == HPO_CONFIDENCE[i].weight;
        if (same) return HPO_CONFIDENCE[i].word;
    }
    return NULL;
}

static void print_center(const hpo_param *param, const hpo_prior *prior, base_buf *out) {
    if (hpo_param_is_number(param))
        print_number(param, prior->center, out);
    else
        print_value(&param->choices[(size_t)prior->center], out);
}

static void print_strength(const hpo_param *param, const hpo_prior *prior, base_buf *out) {
    const char *word = confidence_word(param, prior);
    if (word)
        base_buf_puts(out, word);
    else
        base_buf_put_double(out, hpo_param_is_number(param) ? prior->deviation : prior->weight);
}

static const char *strength_key(const hpo_param *param, const hpo_prior *prior) {
    return confidence_word(param, prior) ? "confidence" : hpo_param_is_number(param) ? "deviation" : "weight";
}

static void print_priors(const hpo_param *param, base_buf *out) {
    if (param->prior.given) {
        base_buf_puts(out, ", prior: ");
        print_center(param, &param->prior, out);
        base_buf_printf(out, ", %s: ", strength_key(param, &param->prior));
        print_strength(param, &param->prior, out);
    }
    const hpo_metric_prior *priors = param->metric_priors;
    for (size_t i = 0; i < param->n_metric_priors; i++) {
        base_buf_puts(out, i == 0 ? ", prior: {" : ", ");
        print_text(priors[i].metric, out);
        base_buf_puts(out, ": ");
        print_center(param, &priors[i].prior, out);
    }
    for (size_t i = 0; i < param->n_metric_priors; i++) {
        base_buf_puts(out, i == 0 ? "}, confidence: {" : ", ");
        print_text(priors[i].metric, out);
        base_buf_puts(out, ": ");
        print_strength(param, &priors[i].prior, out);
    }
    if (param->n_metric_priors > 0) base_buf_putc(out, '}');
}

static void describe_number(const hpo_param *param, base_buf *out) {
    base_buf_puts(out, "{min: ");
    print_number(param, param->min, out);
    base_buf_puts(out, ", max: ");
    print_number(param, param->max, out);
    if (param->scale != HPO_LINEAR) base_buf_puts(out, param->scale == HPO_LOG ? ", log: true" : ", logit: true");
    if (param->step > 0 && !(param->kind == HPO_INT && param->step == 1)) {
        base_buf_puts(out, ", step: ");
        print_number(param, param->step, out);
    }
    print_priors(param, out);
}

static void describe_choices(const hpo_param *param, base_buf *out) {
    base_buf_puts(out, "{values: ");
    print_values(param->choices, param->n_choices, out);
    if (param->kind == HPO_ORDINAL) base_buf_puts(out, ", ordered: true");
    if (param->probabilities) {
        base_buf_puts(out, ", probabilities: [");
        for (size_t i = 0; i < param->n_choices; i++) {
            if (i > 0) base_buf_puts(out, ", ");
            base_buf_put_double(out, param->probabilities[i]);
        }
        base_buf_putc(out, ']');
    }
    print_priors(param, out);
}

void hpo_space_describe(const hpo_space *space, base_buf *out) {
    base_buf_puts(out, "{parameters: {");
    for (size_t i = 0; i < space->count; i++) {
        const hpo_param *param = &space->params[i];
        if (i > 0) base_buf_puts(out, ", ");
        print_text(param->name, out);
        base_buf_puts(out, ": ");
        if (hpo_param_is_number(param)) {
            describe_number(param, out);
        } else if (param->kind == HPO_CONSTANT) {
            base_buf_puts(out, "{value: ");
            print_value(&param->choices[0], out);
        } else {
            describe_choices(param, out);
        }
        if (param->when) {
            base_buf_puts(out, ", when: ");
            hpo_cond_print(space, param->when, out);
        }
        base_buf_putc(out, '}');
    }
    base_buf_putc(out, '}');
    for (size_t i = 0; i < space->n_clauses; i++) {
        base_buf_puts(out, i == 0 ? ", forbid: [" : ", ");
        hpo_cond_print(space, space->clauses[i].cond, out);
    }
    base_buf_puts(out, space->n_clauses > 0 ? "]}" : "}");
}
