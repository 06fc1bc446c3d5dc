/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The gamma distribution with scale 1, as a function of its shape that can be differentiated. */
#ifndef NAS_GAMMA_H
#define NAS_GAMMA_H

#ifdef __cplusplus
extern "C" {
#endif

/* The logarithm y of the number below which a gamma variable of this shape lies with probability u: P(shape, exp(y)) =
 * u, for 0 < u < 1 and shape > 0. Small shapes have quantiles that no double holds, but their logarithms are fine.
 * *slope = dy / dlog(shape) at this u. */
double nas_gamma_log_quantile(double shape, double u, double *slope);

/* The first two derivatives of log Gamma at x > 0. */
double nas_digamma(double x);
double nas_trigamma(double x);

#ifdef __cplusplus
}
#endif
#endif
