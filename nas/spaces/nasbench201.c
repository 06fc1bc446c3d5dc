/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X. Dong, Y. Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR 2020, section
 * 2.1 (the topology space of NATS-Bench). */
#include "nas/space.h"

const nas_space_preset nas_space_preset_nasbench201 = {
    .name = "nasbench201",
    .summary = "one cell of 3 nodes, 5 operations, 15,625 networks (NAS-Bench-201, ICLR 2020)",
    .text = "operations: [none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3]\n"
            "cells:\n"
            "  cell: {inputs: 1, nodes: 3, keep: all, output: last, preprocess: false}\n"
            "skeleton:\n"
            "  channels: 16\n"
            "  stem: {width: 1, kernel: 3}\n"
            "  stack:\n"
            "    - {cell: cell, times: 5}\n"
            "    - {residual: true, width: 2}\n"
            "    - {cell: cell, times: 5, width: 2}\n"
            "    - {residual: true, width: 4}\n"
            "    - {cell: cell, times: 5, width: 4}\n"
            "  head: [{norm: batch}, {activation: relu}, global_pool]\n",
};
