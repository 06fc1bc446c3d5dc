/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a benchmark prints of its rounds. */
#ifndef BENCH_MICRO_MEDIAN_H
#define BENCH_MICRO_MEDIAN_H

#include <stddef.h>

/* The middle one; of an even number the upper of the two. At least one value; they are left as they are. */
double micro_median(const double *values, size_t count);

#endif
