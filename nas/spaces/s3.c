/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A. Zela et al., "Understanding and Robustifying Differentiable Architecture Search", ICLR 2020, section 3, space
 * S3: S2 and none on every edge. */
#include "nas/space.h"

const nas_space_preset nas_space_preset_s3 = {
    .name = "s3",
    .summary = "DARTS with none, skip_connect and sep_conv_3x3 (Robust-DARTS, ICLR 2020)",
    .text = "operations: [none, skip_connect, sep_conv_3x3]\n"
            "cells:\n"
            "  normal: {inputs: 2, nodes: 4, keep: 2}\n"
            "  reduce: {inputs: 2, nodes: 4, keep: 2, stride: 2}\n"
            "skeleton:\n"
            "  channels: 16\n"
            "  stem: {width: 3, kernel: 3}\n"
            "  stack: {normal: normal, reduction: reduce, cells: 8}\n"
            "  head: [global_pool]\n",
};
