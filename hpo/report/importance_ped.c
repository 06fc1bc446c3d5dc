/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PED-ANOVA: densities on a grid by Gaussian kernels (bandwidth after D. W. Scott, 1992), with one uniform kernel for
 * what was not seen; choices and steps by their frequencies. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/importance_impl.h"

enum { CELLS = 64 };
static const double BEST_FRACTION = 0.1;

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double scott(const double *points, size_t n, size_t dims, size_t d, const unsigned char *member, double count) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        if (member[i]) mean += points[i * dims + d] / count;
    for (size_t i = 0; i < n; i++)
        if (member[i]) squares += (points[i * dims + d] - mean) * (points[i * dims + d] - mean) / count;
    return fmax(1.0 / CELLS, 1.059 * sqrt(squares) * pow(count, -0.2));
}

/* density: of sum 1 over the cells. */
static void density_of(const double *points, size_t n, size_t dims, size_t d, size_t bins, const unsigned char *member,
                       double *density) {
    const size_t cells = bins > 0 && bins <= CELLS ? bins : CELLS;
    double histogram[CELLS] = {0}, count = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!member[i]) continue;
        const double at = points[i * dims + d] * (double)cells;
        histogram[at >= (double)cells ? cells - 1 : (size_t)at] += 1;
        count += 1;
    }
    const double width = cells == bins ? 0 : scott(points, n, dims, d, member, count) * CELLS;
    for (size_t c = 0; c < cells; c++) {
        density[c] = 1 / (double)cells;
        if (width == 0) density[c] += histogram[c];
        for (size_t k = 0; k < cells && width > 0; k++) {
            const double z = ((double)c - (double)k) / width;
            density[c] += histogram[k] * exp(-z * z / 2) / (width * 2.5066282746310002);
        }
        sum += density[c];
    }
    for (size_t c = 0; c < cells; c++) density[c] /= sum;
}

/* Pearson's divergence of the best from all. */
static double divergence(const double *top, const double *all, size_t cells) {
    double sum = 0;
    for (size_t c = 0; c < cells; c++) {
        const double ratio = top[c] / all[c] - 1;
        sum += all[c] * ratio * ratio;
    }
    return sum;
}

void hpo_ped_anova(const double *points, const double *targets, size_t n, size_t dims, const size_t *bins,
                   double *shares) {
    double *sorted = base_calloc(n + 1, sizeof *sorted), total = 0;
    unsigned char *best = base_calloc(n + 1, 1), *any = base_calloc(n + 1, 1);
    memcpy(sorted, targets, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    const double limit = n > 0 ? sorted[(size_t)(BEST_FRACTION * (double)(n - 1))] : 0;
    for (size_t i = 0; i < n; i++) {
        best[i] = targets[i] <= limit;
        any[i] = 1;
    }
    for (size_t d = 0; d < dims; d++) {
        double top[CELLS], all[CELLS];
        density_of(points, n, dims, d, bins[d], best, top);
        density_of(points, n, dims, d, bins[d], any, all);
        shares[d] = divergence(top, all, bins[d] > 0 && bins[d] <= CELLS ? bins[d] : CELLS);
        total += shares[d];
    }
    for (size_t d = 0; d < dims; d++) shares[d] = total > 1e-12 ? shares[d] / total : 0;
    free(sorted);
    free(best);
    free(any);
}
