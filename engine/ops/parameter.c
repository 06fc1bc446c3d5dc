/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A parameter as a value: what other nodes compute with is trained. An architecture's weights, a learned step. */
#include <string.h>

#include "engine/ops/ops.h"

static base_status infer(eng_node *node, base_err *err) {
    const eng_parameter_config *config = node->config;
    const size_t count = eng_shape_count(&config->shape);
    if (count == 0) return BASE_FAIL(err, BASE_INVALID, "a parameter needs at least one number");
    node->out_shape = config->shape;
    node->params = 1;
    node->param[0] = (eng_param_spec){.name = config->role != NULL ? config->role : "value",
                                      .shape = config->shape,
                                      .flags = config->decay ? ENG_PARAM_DECAY : 0,
                                      .init = config->init,
                                      .value = config->value,
                                      .fan_in = config->fan_in != 0 ? config->fan_in : count,
                                      .fan_out = config->fan_out != 0 ? config->fan_out : count};
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    (void)run;
    memcpy(call->y, call->w[0], call->out_count * sizeof *call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    (void)run;
    memcpy(call->dw[0], call->dy, call->out_count * sizeof *call->dy);
}

const eng_op eng_op_parameter = {
    .name = "parameter",
    .summary = "numbers that are trained, one value for the whole batch",
    .inputs = 0,
    .config_size = sizeof(eng_parameter_config),
    .infer = infer,
    .forward = forward,
    .backward = backward,
};
