/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The yardstick of bench_mlp: the same training step by oneDNN's inner products. */
#ifndef BENCH_MLP_ONEDNN_H
#define BENCH_MLP_ONEDNN_H

#include <stdint.h>

#include "engine/tensor/param.h"

typedef struct mlp_onednn mlp_onednn;

/* As plain_mlp_create. NULL: oneDNN is not in this build, or refuses. */
mlp_onednn *mlp_onednn_create(size_t batch, const size_t *widths, size_t layers, const eng_params *like);
void mlp_onednn_destroy(mlp_onednn *mlp);
/* One step of SGD with momentum 0.9; returns the mean loss before it. */
double mlp_onednn_step(mlp_onednn *mlp, const float *x, const int32_t *labels, float rate);

#endif
