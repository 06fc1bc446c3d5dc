/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A GraphProto that grows: nodes in the order of computation, and the tensors that they read. */
#ifndef ENG_EXPORT_ONNX_GRAPH_H
#define ENG_EXPORT_ONNX_GRAPH_H

#include "engine/export/export.h"

#ifdef __cplusplus
extern "C" {
#endif

struct eng_onnx {
    base_arena *arena; /* of names */
    base_buf graph;    /* finished nodes and tensors */
    base_buf node;     /* the last one, which attributes may follow */
    size_t temporaries, tensors;
};

void eng_onnx_begin(eng_onnx *onnx, base_arena *arena);
/* Finishes the last node. The graph lacks its name, inputs and outputs. */
void eng_onnx_end(eng_onnx *onnx);
void eng_onnx_fini(eng_onnx *onnx);

#ifdef __cplusplus
}
#endif
#endif
