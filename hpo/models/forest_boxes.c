/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The leaves of a tree as boxes: F. Hutter, H. H. Hoos, K. Leyton-Brown, "An Efficient Approach for Assessing
 * Hyperparameter Importance", ICML 2014, section 3: they partition the space, so marginals are sums over them. */
#include "hpo/models/forest_impl.h"

typedef struct walk {
    const node *nodes;
    double *low, *high;
    void (*visit)(void *self, const double *low, const double *high, double value);
    void *self;
} walk;

/* As deep as the tree, which a fit with few rows to a leaf keeps near the logarithm of their number. */
static void descend(const walk *w, uint32_t at) {
    const node *n = &w->nodes[at];
    if (n->left == 0) {
        w->visit(w->self, w->low, w->high, n->u.value);
        return;
    }
    const double low = w->low[n->feature], high = w->high[n->feature], cut = n->u.threshold;
    if (cut > low) {
        w->high[n->feature] = cut < high ? cut : high;
        descend(w, n->left);
        w->high[n->feature] = high;
    }
    if (cut < high) {
        w->low[n->feature] = cut > low ? cut : low;
        descend(w, n->left + 1);
        w->low[n->feature] = low;
    }
}

void hpo_forest_boxes(const hpo_forest *forest, size_t number,
                      void (*visit)(void *self, const double *low, const double *high, double value), void *self) {
    BASE_ASSERT(!forest->any_category);
    base_arena *arena = base_arena_create();
    walk w = {.nodes = forest->tree[number].nodes,
              .low = BASE_NEW_ARRAY(arena, forest->features, double),
              .high = BASE_NEW_ARRAY(arena, forest->features, double),
              .visit = visit,
              .self = self};
    for (size_t f = 0; f < forest->features; f++) w.high[f] = 1;
    descend(&w, 0);
    base_arena_destroy(arena);
}
