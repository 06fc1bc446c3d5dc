/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which copy of the loops runs. Asked at each call: there is nothing to keep. */
#include "hpo/models/lanes_isa.h"

#include <stdbool.h>

#include <gsl/gsl_cdf.h>

double hpo_outer_quantile(double below, double above) {
    return below < above ? gsl_cdf_ugaussian_Pinv(below) : gsl_cdf_ugaussian_Qinv(above);
}

#if defined(__x86_64__)
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

const hpo_lane_kernels *const *hpo_lanes_all(void) {
    static const hpo_lane_kernels *const all[] = {&hpo_lanes_avx512, &hpo_lanes_avx2, &hpo_lanes_portable, NULL};
    return has_avx512() ? all : has_avx2() ? all + 1 : all + 2;
}
#else
const hpo_lane_kernels *const *hpo_lanes_all(void) {
    static const hpo_lane_kernels *const all[] = {&hpo_lanes_portable, NULL};
    return all;
}
#endif

const hpo_lane_kernels *hpo_lanes(void) {
    return hpo_lanes_all()[0];
}
