/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published cells by the names that people know. */
#include <ctype.h>

#include "nas/genotype.h"

static const nas_known_cell cells[] = {
    {.name = "DARTS_V1",
     .space = "darts",
     .source = "DARTS, first order, CIFAR-10 (quark0/darts, cnn/genotypes.py)",
     .text = "Genotype("
             "normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
             "('skip_connect', 0), ('sep_conv_3x3', 1), "
             "('skip_connect', 0), ('sep_conv_3x3', 1), "
             "('sep_conv_3x3', 0), ('skip_connect', 2)], normal_concat=range(2, 6), "
             "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), "
             "('skip_connect', 2), ('max_pool_3x3', 0), "
             "('max_pool_3x3', 0), ('skip_connect', 2), "
             "('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=range(2, 6))"},
    {.name = "DARTS_V2",
     .space = "darts",
     .source = "DARTS, second order, CIFAR-10 (quark0/darts, cnn/genotypes.py)",
     .text = "Genotype("
             "normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
             "('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
             "('sep_conv_3x3', 1), ('skip_connect', 0), "
             "('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), "
             "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), "
             "('skip_connect', 2), ('max_pool_3x3', 1), "
             "('max_pool_3x3', 0), ('skip_connect', 2), "
             "('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"},
    {.name = "PC_DARTS_cifar",
     .space = "darts",
     .source = "PC-DARTS, CIFAR-10 (yuhuixu1993/PC-DARTS, genotypes.py)",
     .text = "Genotype("
             "normal=[('sep_conv_3x3', 1), ('skip_connect', 0), "
             "('sep_conv_3x3', 0), ('dil_conv_3x3', 1), "
             "('sep_conv_5x5', 0), ('sep_conv_3x3', 1), "
             "('avg_pool_3x3', 0), ('dil_conv_3x3', 1)], normal_concat=range(2, 6), "
             "reduce=[('sep_conv_5x5', 1), ('max_pool_3x3', 0), "
             "('sep_conv_5x5', 1), ('sep_conv_5x5', 2), "
             "('sep_conv_3x3', 0), ('sep_conv_3x3', 3), "
             "('sep_conv_3x3', 1), ('sep_conv_3x3', 2)], reduce_concat=range(2, 6))"},
    {.name = "PT_DARTS_fashion_mnist",
     .space = "darts",
     .source = "DARTS, second order, Fashion-MNIST (khanrc/pt.darts, README)",
     .text = "Genotype("
             "normal=[[('max_pool_3x3', 0), ('dil_conv_5x5', 1)], "
             "[('max_pool_3x3', 0), ('sep_conv_3x3', 1)], "
             "[('sep_conv_5x5', 1), ('sep_conv_3x3', 3)], "
             "[('sep_conv_5x5', 4), ('dil_conv_5x5', 3)]], normal_concat=range(2, 6), "
             "reduce=[[('sep_conv_3x3', 1), ('avg_pool_3x3', 0)], "
             "[('avg_pool_3x3', 0), ('skip_connect', 2)], "
             "[('skip_connect', 3), ('avg_pool_3x3', 0)], "
             "[('sep_conv_3x3', 2), ('skip_connect', 3)]], reduce_concat=range(2, 6))"},
};

const nas_known_cell *nas_known_cells(size_t *count) {
    *count = sizeof cells / sizeof *cells;
    return cells;
}

static bool equal(const char *a, const char *b) {
    for (; *a != 0 && tolower((unsigned char)*a) == tolower((unsigned char)*b); a++) b++;
    return *a == 0 && *b == 0;
}

const nas_known_cell *nas_known_cell_find(const char *name) {
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (equal(cells[i].name, name)) return &cells[i];
    return NULL;
}
