/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Best, newest, and a farthest-point traversal (T. F. Gonzalez, Theor. Comput. Sci. 38, 1985) of what is left. */
#include "hpo/models/subset.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

typedef struct ranked {
    double loss;
    size_t row;
} ranked;

static int by_loss(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->loss != y->loss) return isnan(y->loss) || x->loss < y->loss ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static double distance(const double *a, const double *b, size_t dims) {
    double sum = 0;
    for (size_t i = 0; i < dims; i++) {
        const double d = a[i] - b[i];
        sum += d == d ? d * d : isnan(a[i]) && isnan(b[i]) ? 0 : 1;
    }
    return sum;
}

/* near[i]: distance of row i to the nearest chosen row; negative when it is chosen itself. */
static void take(const double *unit, size_t dims, size_t n, size_t row, double *near) {
    near[row] = -1;
    for (size_t i = 0; i < n; i++) {
        if (near[i] < 0) continue;
        const double d = distance(unit + i * dims, unit + row * dims, dims);
        if (d < near[i]) near[i] = d;
    }
}

static void take_farthest(const double *unit, size_t dims, size_t n, size_t count, double *near) {
    for (; count > 0; count--) {
        size_t farthest = 0;
        for (size_t i = 1; i < n; i++) {
            if (near[i] > near[farthest]) farthest = i;
        }
        take(unit, dims, n, farthest, near);
    }
}

size_t hpo_subset(const double *unit, size_t dims, const double *loss, size_t n, size_t limit, size_t *chosen) {
    if (n <= limit) {
        for (size_t i = 0; i < n; i++) chosen[i] = i;
        return n;
    }
    ranked *order = base_malloc(n * sizeof *order);
    double *near = base_malloc(n * sizeof *near);
    for (size_t i = 0; i < n; i++) {
        order[i] = (ranked){loss[i], i};
        near[i] = (double)INFINITY;
    }
    qsort(order, n, sizeof *order, by_loss);
    size_t left = limit;
    for (size_t i = 0; i < limit / 3; i++, left--) take(unit, dims, n, order[i].row, near);
    for (size_t i = n - limit / 6; i < n; i++) {
        if (near[i] < 0) continue;
        take(unit, dims, n, i, near);
        left--;
    }
    take_farthest(unit, dims, n, left, near);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (near[i] < 0) chosen[count++] = i;
    }
    free(near);
    free(order);
    return count;
}
