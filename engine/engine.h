/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine whole: planned networks on the CPU, float32, one thread. */
#ifndef ENG_ENGINE_H
#define ENG_ENGINE_H

#include "engine/modules/mlp.h"
#include "engine/modules/model.h"
#include "engine/ops/ops.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/tensor/blas.h"
#include "engine/tensor/graph.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/param.h"
#include "engine/tensor/plan.h"

#endif
