/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine whole: planned networks on the CPU, float32, one thread. */
#ifndef ENG_ENGINE_H
#define ENG_ENGINE_H

#include "engine/data/augment.h"
#include "engine/data/csv.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/data/loader.h"
#include "engine/data/normaliser.h"
#include "engine/data/registry.h"
#include "engine/data/split.h"
#include "engine/data/view.h"
#include "engine/modules/convnets.h"
#include "engine/modules/layers.h"
#include "engine/modules/mlp.h"
#include "engine/modules/model.h"
#include "engine/modules/net.h"
#include "engine/modules/summary.h"
#include "engine/ops/ops.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/tensor/graph.h"
#include "engine/tensor/init.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include "engine/tensor/param.h"
#include "engine/tensor/plan.h"
#include "engine/tensor/tensor.h"
#include "engine/train/checkpoint.h"
#include "engine/train/early_stop.h"
#include "engine/train/footprint.h"
#include "engine/train/recipe.h"
#include "engine/train/scores.h"
#include "engine/train/trainer.h"

#endif
