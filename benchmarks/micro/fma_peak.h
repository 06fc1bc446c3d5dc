/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The limit of this core: multiply-adds on registers alone. */
#ifndef BENCH_FMA_PEAK_H
#define BENCH_FMA_PEAK_H

/* Seconds of processor time of this thread: what else runs on the machine does not count. */
double cpu_seconds(void);
/* One short measurement with the widest vectors that the instance of the kernels named so uses, in GFLOP/s. */
double fma_peak(const char *kernels);

#endif
