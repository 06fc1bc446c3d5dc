/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sorting, means, quantiles and ranks with ties. */
#include "benchmarks/stats/sample.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

/* NaN after everything. */
static int compare(double x, double y) {
    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b) {
    return compare(*(const double *)a, *(const double *)b);
}

size_t bench_sample_sort(double *values, size_t n) {
    if (n > 0) qsort(values, n, sizeof *values, by_value);
    while (n > 0 && isnan(values[n - 1])) n--;
    return n;
}

bool bench_sample_complete(const double *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (isnan(values[i])) return false;
    return true;
}

double bench_sample_mean(const double *sorted, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += sorted[i];
    return n > 0 ? sum / (double)n : NAN;
}

double bench_sample_quantile(const double *sorted, size_t n, double p) {
    BASE_ASSERT(p >= 0 && p <= 1);
    if (n == 0) return NAN;
    const double place = p * (double)(n - 1), below = floor(place), fraction = place - below;
    const size_t i = (size_t)below;
    if (fraction <= 0 || sorted[i] == sorted[i + 1]) return sorted[i]; /* infinity times 0 is no number */
    return sorted[i] + fraction * (sorted[i + 1] - sorted[i]);
}

typedef struct place {
    double value;
    size_t index;
} place;

static int by_place(const void *a, const void *b) {
    return compare(((const place *)a)->value, ((const place *)b)->value);
}

double bench_midranks(const double *values, size_t n, double *ranks) {
    if (n == 0) return 0;
    place *places = base_malloc(n * sizeof *places);
    for (size_t i = 0; i < n; i++) places[i] = (place){values[i], i};
    qsort(places, n, sizeof *places, by_place);
    double ties = 0;
    for (size_t first = 0, end; first < n; first = end) {
        end = first + 1;
        while (end < n && places[end].value == places[first].value) end++;
        const double t = (double)(end - first), rank = (double)(first + end + 1) / 2;
        for (size_t i = first; i < end; i++) ranks[places[i].index] = isnan(places[i].value) ? NAN : rank;
        ties += t * t * t - t;
    }
    free(places);
    return ties;
}
