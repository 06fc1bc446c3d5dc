/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/micro/median.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double micro_median(const double *values, size_t count) {
    double *sorted = base_malloc(count * sizeof *sorted);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    const double middle = sorted[count / 2];
    free(sorted);
    return middle;
}
