/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the parts of a layered graph stand in a picture: layers from left to right, links only from a layer to the
 * next.
 *
 * K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE Trans.
 * SMC 11, 1981: items of a layer are sorted by the mean place of their neighbours, to and fro; then each moves towards
 * its neighbours as far as the order and the gaps allow. */
#ifndef NAS_LAYOUT_H
#define NAS_LAYOUT_H

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_layout_item {
    size_t layer;
    double width, height; /* given */
    double span;          /* filled: the width of its layer */
    double x, y;          /* of its middle; y: given as what is wanted where nothing else decides */
} nas_layout_item;

typedef struct nas_layout_link {
    size_t from, to; /* items; to's layer is from's + 1 */
} nas_layout_link;

typedef struct nas_layout {
    nas_layout_item *items;
    size_t count;
    const nas_layout_link *links;
    size_t n_links;
    double gap_x, gap_y;  /* between layers, and between items of a layer */
    double width, height; /* filled: of the whole, which begins at (0, 0) */
} nas_layout;

/* Fills x and y of the items. The same layout gives the same places. */
void nas_layout_place(nas_layout *layout);

#ifdef __cplusplus
}
#endif
#endif
