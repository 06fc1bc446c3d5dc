/* SPDX-License-Identifier: GPL-3.0-or-later */
/* R. Lacour, K. Klamroth, C. M. Fonseca, "A box decomposition algorithm to compute the hypervolume indicator",
 * Computers & Operations Research 79, 2017.
 *
 * What is not dominated is the union of the cones below the *local upper bounds* of the front. A bound u is kept with
 * the rows that define it: in goal g it has the value of its row z^g, which is below it in every other goal. A new row
 * z below u takes its place by up to k bounds, u with z_g in goal g, for each g that has z_g >= max_{i != g} z^i_g
 * (section 4.1, algorithm 2). The box of u goes in goal 0 from -infinity to u_0, and in goal g from max_{i < g} z^i_g
 * to u_g (section 3.2, where the other end of goal 0, from u_0 to the reference, makes the boxes of what is
 * dominated). Boxes of no extent, which come from values that rows have in common, are left out. */
#include "hpo/models/boxes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A zone is a row of k + k * k numbers: the bound, then z^0 to z^(k-1). */
typedef struct hpo_boxes_zones {
    double *at, *next;
    size_t count, capacity, next_count, next_capacity;
} zones;

void hpo_boxes_fini(hpo_boxes *boxes) {
    if (boxes->zones) {
        free(boxes->zones->at);
        free(boxes->zones->next);
    }
    free(boxes->zones);
    free(boxes->low);
    free(boxes->high);
    *boxes = (hpo_boxes){0};
}

static size_t width_of(size_t k) {
    return k + k * k;
}

static double *push(zones *z, size_t k, const double *zone) {
    BASE_GROW(z->next, z->next_capacity, (z->next_count + 1) * width_of(k));
    double *to = z->next + z->next_count++ * width_of(k);
    memcpy(to, zone, width_of(k) * sizeof *to);
    return to;
}

/* The largest value in goal g of the defining rows from..to-1, but for row g. */
static double largest_of(const double *zone, size_t k, size_t g, size_t to) {
    double largest = (double)-INFINITY;
    for (size_t i = 0; i < to; i++)
        if (i != g) largest = fmax(largest, zone[k + i * k + g]);
    return largest;
}

static bool is_below(const double *row, const double *bound, size_t k) {
    for (size_t g = 0; g < k; g++)
        if (!(row[g] < bound[g])) return false;
    return true;
}

static void split(zones *z, size_t k, const double *zone, const double *row) {
    for (size_t g = 0; g < k; g++) {
        if (!(row[g] >= largest_of(zone, k, g, k))) continue;
        double *to = push(z, k, zone);
        to[g] = row[g];
        memcpy(to + k + g * k, row, k * sizeof *row);
    }
}

static void insert(zones *z, size_t k, const double *row) {
    z->next_count = 0;
    bool changed = false;
    for (size_t i = 0; i < z->count; i++) {
        const double *zone = z->at + i * width_of(k);
        const bool below = is_below(row, zone, k);
        if (below) split(z, k, zone, row);
        if (!below) push(z, k, zone);
        changed |= below;
    }
    if (!changed) return;
    zones was = *z;
    *z = (zones){.at = was.next,
                 .count = was.next_count,
                 .capacity = was.next_capacity,
                 .next = was.at,
                 .next_capacity = was.capacity};
}

/* One zone: all that is below the reference, whose rows are the reference in one goal and nothing in the others. */
static void begin(zones *z, size_t k, const double *reference) {
    BASE_GROW(z->at, z->capacity, width_of(k));
    memcpy(z->at, reference, k * sizeof *reference);
    for (size_t i = 0; i < k * k; i++) z->at[k + i] = i / k == i % k ? reference[i % k] : (double)-INFINITY;
    z->count = 1;
}

static void add_box(hpo_boxes *boxes, size_t k, const double *zone) {
    double *low = boxes->low + boxes->n * k, *high = boxes->high + boxes->n * k;
    for (size_t g = 0; g < k; g++) {
        low[g] = largest_of(zone, k, g, g);
        high[g] = zone[g];
        if (!(low[g] < high[g])) return;
    }
    boxes->n++;
}

void hpo_boxes_decompose(hpo_boxes *boxes, const double *losses, size_t n, size_t k, const double *reference) {
    if (!boxes->zones) boxes->zones = base_calloc(1, sizeof *boxes->zones);
    begin(boxes->zones, k, reference);
    for (size_t i = 0; i < n; i++) insert(boxes->zones, k, losses + i * k);
    const size_t count = boxes->zones->count;
    BASE_GROW(boxes->low, boxes->low_capacity, count * k);
    BASE_GROW(boxes->high, boxes->high_capacity, count * k);
    boxes->n = 0;
    for (size_t i = 0; i < count; i++) add_box(boxes, k, boxes->zones->at + i * width_of(k));
}
