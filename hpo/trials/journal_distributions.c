/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters in Optuna's words. Optuna repeats every distribution with every trial, so their texts are made once. */
#include "hpo/trials/journal_data.h"

#include <stdio.h>
#include <stdlib.h>

#define PUT(out, literal) base_buf_append((out), (literal), sizeof(literal) - 1)

static void put_number(base_buf *out, const hpo_param *param, double value) {
    if (param->kind == HPO_INT) {
        base_buf_put_i64(out, (int64_t)value);
    } else {
        base_buf_put_double(out, value);
    }
}

/* 0.3 for 0.30000000000000004: Optuna counts the steps of a range in decimal arithmetic. */
static double decimal(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.12g", value);
    return strtod(text, NULL);
}

/* Optuna takes log only without a step, and has no logit: such a range is shown without its scale. */
static void put_range(base_buf *out, const hpo_param *param) {
    bool integer = param->kind == HPO_INT, log = param->scale == HPO_LOG;
    double step = integer && !(param->step > 0) ? 1 : param->step;
    if (integer && step > 1) log = false;
    if (!integer && log) step = 0;
    base_buf_puts(out, integer ? "{\"name\":\"IntDistribution\",\"attributes\":{\"log\":"
                               : "{\"name\":\"FloatDistribution\",\"attributes\":{\"log\":");
    base_buf_puts(out, log ? "true,\"step\":" : "false,\"step\":");
    if (step > 0) {
        put_number(out, param, step);
    } else {
        PUT(out, "null");
    }
    PUT(out, ",\"low\":");
    put_number(out, param, param->min);
    PUT(out, ",\"high\":");
    put_number(out, param, !integer && step > 0 ? decimal(param->max) : param->max);
    PUT(out, "}}");
}

static void put_choices(base_buf *out, const hpo_param *param) {
    PUT(out, "{\"name\":\"CategoricalDistribution\",\"attributes\":{\"choices\":[");
    for (size_t i = 0; i < param->n_choices; i++) {
        if (i > 0) base_buf_putc(out, ',');
        hpo_value_print_json(&param->choices[i], out);
    }
    PUT(out, "]}}");
}

static journal_text keep(base_arena *arena, const base_buf *buf) {
    return (journal_text){.text = base_arena_strndup(arena, base_buf_text(buf), buf->length), .length = buf->length};
}

void hpo_journal_write_prepare(hpo_journal *journal) {
    base_buf inner = {0}, text = {0}, all = {0};
    journal->n_params = hpo_space_count(journal->space);
    journal->params = BASE_NEW_ARRAY(journal->arena, journal->n_params, journal_param);
    for (size_t i = 0; i < journal->n_params; i++) {
        const hpo_param *param = hpo_space_param(journal->space, i);
        journal_param *mine = &journal->params[i];
        base_buf_clear(&inner);
        if (param->kind == HPO_FLOAT || param->kind == HPO_INT) {
            put_range(&inner, param);
        } else {
            put_choices(&inner, param);
        }
        mine->name = param->name;
        base_buf_clear(&text);
        base_buf_put_json(&text, param->name);
        base_buf_putc(&text, ':');
        mine->key = keep(journal->arena, &text);
        base_buf_put_json(&text, base_buf_text(&inner));
        mine->distribution = keep(journal->arena, &text);
        if (i > 0) base_buf_putc(&all, ',');
        base_buf_append(&all, text.data, text.length);
    }
    PUT(&all, "}");
    journal->all_distributions = keep(journal->arena, &all);
    base_buf_fini(&inner);
    base_buf_fini(&text);
    base_buf_fini(&all);
}
