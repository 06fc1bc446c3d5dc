/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks for small images of a few classes, and the gradients of all their parameters by differences of the loss. */
#ifndef TESTS_ENGINE_MODULES_SMALL_IMAGES_H
#define TESTS_ENGINE_MODULES_SMALL_IMAGES_H

#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/modules/net.h"

enum { CLASSES = 3, BATCH = 6 };

static inline eng_net_config around(eng_shape input) {
    return (eng_net_config){
        .input = input, .task = ENG_MULTICLASS, .outputs = CLASSES, .activation = &eng_op_relu, .norm = ENG_NORM_NONE};
}

static inline eng_shape image(size_t height, size_t width, size_t channels) {
    return (eng_shape){.ndim = 3, .dim = {height, width, channels}};
}

typedef struct probe {
    eng_model *model;
    eng_batch batch;
} probe;

static inline double loss_of(void *self) {
    const probe *p = self;
    return eng_model_train(p->model, &p->batch, 3);
}

/* Every parameter of a network of smooth layers, by differences of its own loss; so small that max-pooling takes the
 * same pixel throughout. */
static inline void check_gradients(eng_graph *graph, const eng_ports *ports, size_t inputs) {
    base_err err = {0};
    probe p = {0};
    CHECK_OK(eng_model_adopt(graph, ports, &(eng_model_options){.batch = BATCH, .seed = 4}, &p.model, &err));
    double *random = base_calloc(BATCH * inputs, sizeof *random);
    float *x = base_calloc(BATCH * inputs, sizeof *x);
    int32_t labels[BATCH];
    gradcheck_fill(1, 0.0, BATCH * inputs, random);
    gradcheck_to_float(BATCH * inputs, random, x);
    for (int32_t i = 0; i < BATCH; i++) labels[i] = i % CLASSES;
    p.batch = (eng_batch){.n = BATCH, .x = x, .labels = labels};
    eng_params *params = eng_model_params(p.model);
    const size_t size = eng_params_size(params);
    float *w = eng_params_values(params), *got = base_calloc(size, sizeof *got);
    (void)loss_of(&p);
    memcpy(got, eng_params_gradients(params), size * sizeof *got);
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        if ((param->flags & ENG_PARAM_STATE) != 0) continue;
        for (size_t k = 0; k < param->count; k += 1 + param->count / 9) {
            double want = gradcheck_derivative_float(loss_of, &p, &w[param->offset + k], 0.003);
            if (fabs((double)got[param->offset + k] - want) > 5e-4 * (1 + fabs(want)))
                print_error("%s[%zu]: %g, by differences %g\n", param->name, k, (double)got[param->offset + k], want);
            CHECK_NEAR((double)got[param->offset + k], want, 5e-4 * (1 + fabs(want)));
        }
    }
    free(random);
    free(x);
    free(got);
    eng_model_destroy(p.model);
}

#endif
