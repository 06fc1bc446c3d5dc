/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A space for a first search in minutes: three cells, two nodes each, 64 choices of three operations in either cell. */
#include "nas/space.h"

const nas_space_preset nas_space_preset_toy = {
    .name = "toy",
    .summary = "three cells of 2 nodes, 4 operations, 4,096 networks of 177,962 to 212,906 parameters",
    .text = "operations: [sep_conv_3x3, sep_conv_5x5, dil_conv_3x3, dil_conv_5x5]\n"
            "cells:\n"
            "  normal: {inputs: 1, nodes: 2, keep: all, output: concat}\n"
            "  reduce: {inputs: 1, nodes: 2, keep: all, output: concat, stride: 2}\n"
            "skeleton:\n"
            "  channels: 32\n"
            "  stem: none\n"
            "  stack:\n"
            "    - {cell: reduce, dropout: 0.2}\n"
            "    - {cell: normal, dropout: 0.2}\n"
            "    - {cell: reduce, width: 2, dropout: 0.2}\n"
            "  head: [{pool: max, size: 2}, {dense: 128, activation: relu}, {dropout: 0.2}]\n",
};
