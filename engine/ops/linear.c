/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No activation: y = x. Exists so that "linear" can be chosen where an activation is; costs nothing when done in place.
 */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/ops.h"

static void copy(size_t n, const float *from, float *to) {
    if (from != to) memcpy(to, from, n * sizeof *to);
}

static void forward(const eng_call *call, eng_run *run) {
    copy(run->n * call->out_count, call->x[0], call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    copy(run->n * call->out_count, call->dy, call->dx[0]);
}

static const eng_op_export export = {.identity = true};

const eng_op eng_op_linear = {
    .name = "linear",
    .summary = "x itself",
    .inputs = 1,
    .traits = ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD | ENG_IS_ACTIVATION,
    .epilogue = ENG_EPILOGUE_LINEAR,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
