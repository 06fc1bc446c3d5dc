/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which copy of the loops runs. Asked at each call: there is nothing to keep. */
#include "hpo/models/lanes_isa.h"

#include <gsl/gsl_cdf.h>

#include "base/cpu.h"

double hpo_outer_quantile(double below, double above) {
    return below < above ? gsl_cdf_ugaussian_Pinv(below) : gsl_cdf_ugaussian_Qinv(above);
}

/* Of a processor that has the most, all. */
const hpo_lane_kernels *const *hpo_lanes_all(void) {
#if defined(__x86_64__)
    static const hpo_lane_kernels *const all[] = {&hpo_lanes_avx512, &hpo_lanes_avx2, &hpo_lanes_portable, NULL};
    return all + (BASE_CPU_AVX512 - base_cpu());
#else
    static const hpo_lane_kernels *const all[] = {&hpo_lanes_portable, NULL};
    return all;
#endif
}

const hpo_lane_kernels *hpo_lanes(void) {
    return hpo_lanes_all()[0];
}
