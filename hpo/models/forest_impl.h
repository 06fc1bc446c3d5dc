/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the forest: how its trees lie in memory. */
#ifndef HPO_MODELS_FOREST_IMPL_H
#define HPO_MODELS_FOREST_IMPL_H

#include "hpo/models/forest.h"

typedef struct node {
    union {
        double threshold; /* number: not above it goes left */
        uint64_t mask;    /* category: members go left */
        double value;     /* leaf */
    } u;
    uint32_t left; /* the right child follows it; a leaf: 0, the root is nobody's child */
    uint32_t feature;
} node;

typedef struct tree {
    node *nodes;
    size_t count, capacity;
} tree;

/* What the trees without a row say about it: Welford's recurrence. */
typedef struct outside {
    double mean, squares;
    size_t trees;
} outside;

struct hpo_forest {
    size_t features, trees;
    size_t tries;       /* splits that every feature proposes at a node */
    bool has_all_rows;  /* every tree sees every row once */
    size_t *categories; /* 0 = number */
    bool any_category;
    tree *tree;
    outside *outside; /* by row */
    size_t outside_capacity;
};

#endif
