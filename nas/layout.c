/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layered layout in four steps: order, crossings, places across, places along. */
#include "nas/layout.h"

#include <math.h>
#include <stdint.h>

enum { SWEEPS = 24 };

typedef struct row {
    size_t *items; /* from top to bottom */
    size_t count;
} row;

typedef struct work {
    nas_layout *layout;
    base_arena *arena;
    row *layers;
    size_t count;
} work;

/* Mean place of the items that an item is linked with on the left, on the right, or on both sides; its own where there
 * are none. */
static double wanted(const nas_layout *l, size_t item, bool left, bool right) {
    double sum = 0.0, n = 0.0;
    for (size_t i = 0; i < l->n_links; i++) {
        if (left && l->links[i].to == item) sum += l->items[l->links[i].from].y, n += 1.0;
        if (right && l->links[i].from == item) sum += l->items[l->links[i].to].y, n += 1.0;
    }
    return n > 0.0 ? sum / n : l->items[item].y;
}

/* Of the middles of two neighbours in a layer. */
static double apart(const nas_layout *l, size_t upper, size_t lower) {
    return (l->items[upper].height + l->items[lower].height) / 2.0 + l->gap_y;
}

/* The places nearest to those wanted, in the sense of least squares, that keep order and gaps: isotonic regression by
 * pooling adjacent violators (R. E. Barlow et al., "Statistical Inference under Order Restrictions", 1972). */
static void place_layer(work *w, size_t index, bool left, bool right) {
    nas_layout *l = w->layout;
    const row *layer = &w->layers[index];
    double *mean = BASE_NEW_ARRAY(w->arena, layer->count, double), offset = 0.0;
    size_t *size = BASE_NEW_ARRAY(w->arena, layer->count, size_t), blocks = 0;
    for (size_t i = 0; i < layer->count; i++) {
        if (i > 0) offset += apart(l, layer->items[i - 1], layer->items[i]);
        mean[blocks] = wanted(l, layer->items[i], left, right) - offset;
        size[blocks++] = 1;
        for (; blocks > 1 && mean[blocks - 2] > mean[blocks - 1]; blocks--) {
            const double a = (double)size[blocks - 2], b = (double)size[blocks - 1];
            mean[blocks - 2] = (a * mean[blocks - 2] + b * mean[blocks - 1]) / (a + b);
            size[blocks - 2] += size[blocks - 1];
        }
    }
    offset = 0.0;
    for (size_t b = 0, i = 0; b < blocks; b++)
        for (size_t k = 0; k < size[b]; k++, i++) {
            if (i > 0) offset += apart(l, layer->items[i - 1], layer->items[i]);
            l->items[layer->items[i]].y = mean[b] + offset;
        }
}

/* By what the items want; equal ones stay as they are. */
static void sort_layer(work *w, size_t index, bool left, bool right) {
    const row *layer = &w->layers[index];
    double *want = BASE_NEW_ARRAY(w->arena, layer->count, double);
    for (size_t i = 0; i < layer->count; i++) want[i] = wanted(w->layout, layer->items[i], left, right);
    for (size_t i = 1; i < layer->count; i++)
        for (size_t k = i; k > 0 && want[k] < want[k - 1] - 1e-9; k--) {
            const double value = want[k];
            const size_t item = layer->items[k];
            want[k] = want[k - 1];
            want[k - 1] = value;
            layer->items[k] = layer->items[k - 1];
            layer->items[k - 1] = item;
        }
    place_layer(w, index, left, right);
}

static size_t crossings(const work *w) {
    const nas_layout *l = w->layout;
    size_t count = 0;
    for (size_t i = 0; i < l->n_links; i++)
        for (size_t k = i + 1; k < l->n_links; k++) {
            const nas_layout_item *a = &l->items[l->links[i].from], *b = &l->items[l->links[i].to];
            const nas_layout_item *c = &l->items[l->links[k].from], *d = &l->items[l->links[k].to];
            if (a->layer == c->layer && (a->y - c->y) * (b->y - d->y) < -1e-9) count++;
        }
    return count;
}

static void begin(work *w) {
    nas_layout *l = w->layout;
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].layer >= w->count) w->count = l->items[i].layer + 1;
    w->layers = BASE_NEW_ARRAY(w->arena, w->count, row);
    for (size_t i = 0; i < w->count; i++) w->layers[i].items = BASE_NEW_ARRAY(w->arena, l->count, size_t);
    for (size_t i = 0; i < l->count; i++) {
        row *layer = &w->layers[l->items[i].layer];
        layer->items[layer->count++] = i;
    }
    for (size_t i = 0; i < w->count; i++) sort_layer(w, i, false, false);
}

/* To and fro; the order with the fewest crossings is kept. */
static void order(work *w) {
    nas_layout *l = w->layout;
    double *best = BASE_NEW_ARRAY(w->arena, l->count, double);
    size_t fewest = SIZE_MAX;
    for (size_t sweep = 0; sweep < SWEEPS; sweep++) {
        const bool right = sweep % 2 == 1;
        for (size_t i = 0; i < w->count; i++) sort_layer(w, right ? w->count - 1 - i : i, !right, right);
        const size_t now = crossings(w);
        if (now >= fewest) continue;
        fewest = now;
        for (size_t i = 0; i < l->count; i++) best[i] = l->items[i].y;
    }
    for (size_t i = 0; i < l->count; i++) l->items[i].y = best[i];
    for (size_t i = 0; i < w->count; i++) sort_layer(w, i, false, false);
}

static void straighten(work *w) {
    for (size_t sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t i = 0; i < w->count; i++) place_layer(w, sweep % 2 == 1 ? w->count - 1 - i : i, true, true);
}

static void finish(work *w) {
    nas_layout *l = w->layout;
    double top = INFINITY, bottom = -INFINITY;
    for (size_t i = 0; i < l->count; i++) {
        top = fmin(top, l->items[i].y - l->items[i].height / 2.0);
        bottom = fmax(bottom, l->items[i].y + l->items[i].height / 2.0);
    }
    l->width = 0.0;
    for (size_t i = 0; i < w->count; i++) {
        double widest = 0.0;
        for (size_t k = 0; k < w->layers[i].count; k++) widest = fmax(widest, l->items[w->layers[i].items[k]].width);
        for (size_t k = 0; k < w->layers[i].count; k++) {
            l->items[w->layers[i].items[k]].x = l->width + widest / 2.0;
            l->items[w->layers[i].items[k]].span = widest;
        }
        l->width += widest + (i + 1 < w->count ? l->gap_x : 0.0);
    }
    for (size_t i = 0; i < l->count; i++) l->items[i].y -= top;
    l->height = bottom - top;
}

void nas_layout_place(nas_layout *layout) {
    work w = {.layout = layout, .arena = base_arena_create()};
    begin(&w);
    order(&w);
    straighten(&w);
    finish(&w);
    base_arena_destroy(w.arena);
}
