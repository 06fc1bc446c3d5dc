/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Normal distributions truncated to [0,1], with their mean inside: the kernels of density estimators. */
#ifndef HPO_MODELS_TRUNCATED_NORMAL_H
#define HPO_MODELS_TRUNCATED_NORMAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* The standard normal's mass between a and b >= a, without losing digits in either tail. */
double hpo_normal_mass(double a, double b);
/* The mass of N(mean, deviation) in [0,1]; mean in [0,1]. */
double hpo_truncated_normal_mass(double mean, double deviation);
/* The quantile at v in [0,1]. */
double hpo_truncated_normal_quantile(double mean, double deviation, double v);

#ifdef __cplusplus
}
#endif
#endif
