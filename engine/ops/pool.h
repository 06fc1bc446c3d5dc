/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The geometry of a pooling layer. Private to engine/ops/max_pool.c, mean_pool.c. */
#ifndef ENG_POOL_H
#define ENG_POOL_H

#include "engine/export/export.h"
#include "engine/ops/ops.h"
#include "engine/tensor/tiles.h"

#ifdef __cplusplus
extern "C" {
#endif

/* BASE_INVALID when the configuration of node does not fit its input. */
base_status eng_pool_geometry(const eng_node *node, eng_pool *pool, base_err *err);
/* The same for a node that infer accepted. */
eng_pool eng_pool_of(const eng_node *node);
/* infer of both: sets the output's shape. */
base_status eng_pool_infer(eng_node *node, base_err *err);
/* The statement in C: @_NAME(h, w, channels, x, y), h and w as (const int[]) of in, out, window, stride and padding. */
void eng_pool_c(const char *name, const eng_node *node, const eng_c_call *call);
void eng_pool_onnx(const char *type, const eng_node *node, const eng_onnx_call *call); /* MaxPool or AveragePool */

#ifdef __cplusplus
}
#endif
#endif
