/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dense networks for a handful of samples with targets of every task. */
#ifndef TESTS_ENGINE_MODULES_SMALL_MLPS_H
#define TESTS_ENGINE_MODULES_SMALL_MLPS_H

#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/modules/mlp.h"
#include "engine/optim/optimizer.h"

enum { IN = 5, OUT = 3, MOST = 12 };

static const size_t widths[] = {7, 18, 4};

typedef struct data {
    float x[MOST * IN], values[MOST * OUT];
    int32_t labels[MOST];
} data;

static inline data make_data(void) {
    data d;
    double random[MOST * IN];
    gradcheck_fill(1, 0.0, MOST * IN, random);
    gradcheck_to_float(MOST * IN, random, d.x);
    gradcheck_fill(2, 0.0, MOST * OUT, random);
    for (size_t i = 0; i < MOST * OUT; i++) d.values[i] = (float)(1.0 / (1.0 + exp(-random[i])));
    for (int32_t i = 0; i < MOST; i++) d.labels[i] = (i * 5 + 1) % OUT;
    return d;
}

static inline eng_batch batch_of(const data *d, size_t n) {
    return (eng_batch){.n = n, .x = d->x, .values = d->values, .labels = d->labels};
}

static inline eng_mlp_config config_of(eng_task task, const char *activation) {
    return (eng_mlp_config){.inputs = IN,
                            .outputs = OUT,
                            .widths = widths,
                            .layers = CHECK_COUNT(widths),
                            .activation = activation == NULL ? NULL : eng_op_find(activation),
                            .task = task};
}

static inline eng_model *make(const eng_mlp_config *config, const eng_model_options *options) {
    base_err err;
    eng_model *model;
    CHECK_OK(eng_mlp_create(config, options, &model, &err));
    return model;
}

#endif
