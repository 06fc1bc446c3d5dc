/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How alike two points of a mixed, conditional space are.
 *
 * k(a, b) = c(r^2), r^2 = sum over dimensions of d_i(a, b)^2 / l_i^2, where d_i^2 is
 *   numbers and ordinals        (u - v)^2
 *   choices                     0 when equal, 1 when not; inactive counts as one more choice
 *   conditional numbers         both active: 2 - 2 cos(u - v), which is (u - v)^2 but for a twelfth of its square;
 *                               one active: 1; none: 0
 * so that two points do not differ in what neither has, and one that has a parameter is equally far from one that has
 * it not, whatever its value: how far, is learnt with l_i. Every d_i is a Euclidean distance (choices: corners of a
 * simplex; conditional numbers: an arc around the point that stands for inactive), so every k is positive definite.
 *
 * One more dimension may be time, with d^2 = |t - t'|. A squared exponential kernel is then multiplied by
 * (1 - epsilon)^(|t - t'|/2) with epsilon = 1 - exp(-1/l^2): what is known is forgotten (I. Bogunovic, J. Scarlett, V.
 * Cevher, "Time-Varying Gaussian Process Bandit Optimization", AISTATS 2016, section 2). */
#ifndef HPO_MODELS_KERNEL_H
#define HPO_MODELS_KERNEL_H

#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_kernel_kind { HPO_KERNEL_MATERN52, HPO_KERNEL_RBF } hpo_kernel_kind;

/* Correlation at a squared scaled distance, and its derivative by it. */
double hpo_kernel_correlation(hpo_kernel_kind kind, double r2);
double hpo_kernel_slope(hpo_kernel_kind kind, double r2);
/* Both at the price of one; slope may be where r2 came from. */
void hpo_kernel_both(hpo_kernel_kind kind, double r2, double *correlation, double *slope);

/* One coordinate of the Euclidean embedding. */
typedef struct hpo_feature {
    size_t dim;
    size_t choices; /* how many; compared, not subtracted. 0: a number */
    enum { HPO_FEATURE_PLAIN, HPO_FEATURE_SIN, HPO_FEATURE_COS, HPO_FEATURE_TIME } form; /* numbers */
} hpo_feature;

typedef struct hpo_embedding {
    size_t dims, count;
    hpo_feature *features;
    bool timed; /* the last dimension is time; its coordinate is not bounded by the cube */
} hpo_embedding;

/* extra: plain coordinates after those of the space (a fidelity). */
hpo_embedding hpo_embedding_make(const hpo_space *space, size_t extra);
/* And after them time. */
hpo_embedding hpo_embedding_make_timed(const hpo_space *space, size_t extra);
void hpo_embedding_free(hpo_embedding *embedding);
/* A point of the unit cube (dims doubles) becomes `count` doubles, `stride` apart. */
void hpo_embed(const hpo_embedding *embedding, const double *unit, double *out, size_t stride);

/* r2[j] for j < n: squared scaled distances of one embedded point to n others, of which feature f lies at
 * others[f * stride + j]. weight: 1/l^2, one per dimension. */
void hpo_kernel_distances(const hpo_embedding *embedding, const double *weight, const double *point,
                          const double *others, size_t stride, size_t n, double *r2);

#ifdef __cplusplus
}
#endif
#endif
