/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/case_nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool case_net_possible(const op_case *what) {
    const unsigned others = ENG_IS_LOSS | ENG_READS_SINGLE;
    return (what->op->traits & others) == 0 && !what->single && what->op->inputs == 1;
}

static base_status build(const op_case *what, eng_graph *graph, eng_ports *ports, base_err *err) {
    const size_t count = what->inputs > 0 ? what->inputs : 1;
    eng_shape shape = what->image.ndim > 0 ? what->image : what->timed;
    if (shape.ndim == 0) shape = eng_shape_1d(7);
    if (what->moves && shape.ndim == 3) shape = eng_shape_3d(5, 4, 16);
    eng_value in[ENG_OP_MAX_INPUTS], at, none;
    *ports = (eng_ports){.x = eng_graph_input(graph, shape, ENG_F32), .task = ENG_REGRESSION};
    for (size_t i = 0; i < count; i++) in[i] = ports->x;
    BASE_TRY(eng_graph_add_many(graph, what->op, what->config, "case", in, count, &at, err));
    BASE_TRY(eng_graph_add(graph, &eng_op_dense, &(eng_dense_config){.width = 3}, "output", &at, &at, err));
    ports->output = at;
    ports->target = eng_graph_input(graph, eng_shape_1d(3), ENG_F32);
    const eng_value ends[] = {at, ports->target};
    return eng_graph_add(graph, &eng_op_mean_squared_error, NULL, NULL, ends, &none, err);
}

eng_model *case_net_model(const op_case *what, size_t batch) {
    const eng_model_options options = {.batch = batch, .seed = 3};
    eng_graph *graph = eng_graph_create();
    eng_model *model;
    eng_ports ports;
    base_err err;
    if (build(what, graph, &ports, &err) != BASE_OK ||
        eng_model_adopt(graph, &ports, &options, &model, &err) != BASE_OK) {
        fprintf(stderr, "%s: %s\n", what->name, err.text);
        abort();
    }
    eng_params *params = eng_model_params(model);
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_tensor t = eng_params_view(params, i, eng_params_values(params));
        for (size_t k = 0; k < eng_shape_count(&t.shape); k++) t.data[k] += 0.2f * fabsf(sinf((float)(7 * i + 3 * k)));
    }
    return model;
}
