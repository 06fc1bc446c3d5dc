/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X. Su et al., "Prioritized Architecture Sampling with Monto-Carlo Tree Search", CVPR 2021: NAS-Bench-Macro. A layer
 * is a cell of one edge; a stage begins with stride 2 and doubles the channels. */
#include "nas/space.h"

const nas_space_preset nas_space_preset_nasbench_macro = {
    .name = "nasbench-macro",
    .summary = "8 layers of 3 operations, 6,561 networks (NAS-Bench-Macro, CVPR 2021)",
    .text = "operations: [macro_identity, mbconv_3x3_e3, mbconv_5x5_e6]\n"
            "cells:\n"
            "  layer1: {nodes: 1, preprocess: false, stride: 2}\n"
            "  layer2: {nodes: 1, preprocess: false}\n"
            "  layer3: {nodes: 1, preprocess: false, stride: 2}\n"
            "  layer4: {nodes: 1, preprocess: false}\n"
            "  layer5: {nodes: 1, preprocess: false}\n"
            "  layer6: {nodes: 1, preprocess: false, stride: 2}\n"
            "  layer7: {nodes: 1, preprocess: false}\n"
            "  layer8: {nodes: 1, preprocess: false}\n"
            "skeleton:\n"
            "  channels: 32\n"
            "  stem: {width: 1, kernel: 3, relu: true}\n"
            "  stack:\n"
            "    - {cell: layer1, width: 2}\n"
            "    - {cell: layer2, width: 2}\n"
            "    - {cell: layer3, width: 4}\n"
            "    - {cell: layer4, width: 4}\n"
            "    - {cell: layer5, width: 4}\n"
            "    - {cell: layer6, width: 8}\n"
            "    - {cell: layer7, width: 8}\n"
            "    - {cell: layer8, width: 8}\n"
            "  head: [{conv: 1280, kernel: 1, norm: batch, activation: relu}, global_pool]\n",
};
