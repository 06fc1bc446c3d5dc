/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The curvature of the validation loss in the alphas, which rises before a differentiable search collapses. */
#ifndef NAS_HESSIAN_H
#define NAS_HESSIAN_H

#include "nas/bilevel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest eigenvalue of d2L_valid/da2 at the present point on the present validation batch. The alphas are as they
 * were afterwards, bit for bit. The seed is that of the iteration's first vector. BASE_NOMEM, BASE_NUMERIC. */
BASE_CHECK base_status nas_dominant_eigenvalue(const nas_bilevel *problem, uint64_t seed, double *value, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
