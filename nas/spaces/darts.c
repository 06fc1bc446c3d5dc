/* SPDX-License-Identifier: GPL-3.0-or-later */
/* H. Liu et al., "DARTS: Differentiable Architecture Search", ICLR 2019, section 3.1: the convolutional cells of
 * CIFAR-10. */
#include "nas/space.h"

const nas_space_preset nas_space_preset_darts = {
    .name = "darts",
    .summary = "two cells of 4 nodes, 8 operations (DARTS, ICLR 2019)",
    .text = "operations: [none, max_pool_3x3, avg_pool_3x3, skip_connect, sep_conv_3x3,\n"
            "             sep_conv_5x5, dil_conv_3x3, "
            "dil_conv_5x5]\n"
            "pool_norm: true\n"
            "cells:\n"
            "  normal: {inputs: 2, nodes: 4, keep: 2}\n"
            "  reduce: {inputs: 2, nodes: 4, keep: 2, stride: 2}\n"
            "skeleton:\n"
            "  channels: 16\n"
            "  stem: {width: 3, kernel: 3}\n"
            "  stack: {normal: normal, reduction: reduce, cells: 8}\n"
            "  head: [global_pool]\n",
};
