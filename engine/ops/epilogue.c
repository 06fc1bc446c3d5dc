/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The activation of a layer is written as the op of that activation is. */
#include "engine/ops/epilogue.h"

#include "engine/ops/ops.h"

static const eng_op *op_of(eng_epilogue epilogue) {
    static const eng_op *const ops[] = {&eng_op_relu, &eng_op_sigmoid, &eng_op_tanh};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i]->epilogue == epilogue) return ops[i];
    return NULL;
}

void eng_epilogue_c(eng_epilogue epilogue, const eng_node *node, const eng_c_call *call) {
    const eng_op *op = op_of(epilogue);
    if (op == NULL) return;
    eng_c_map(call->to, op->name, op->exporter->map, eng_shape_count(&node->out_shape), call->y, call->y);
}

const char *eng_epilogue_onnx_before(eng_epilogue epilogue, const eng_onnx_call *call) {
    return op_of(epilogue) != NULL ? eng_onnx_temporary(call->to) : call->y;
}

void eng_epilogue_onnx(eng_epilogue epilogue, const char *before, const eng_onnx_call *call) {
    const eng_op *op = op_of(epilogue);
    if (op != NULL) eng_onnx_formula(call->to, op->exporter->formula, before, call->y);
}
