/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Matern-5/2 and squared-exponential kernels with a length scale per dimension (C. E. Rasmussen, C. K. I. Williams,
 * "Gaussian Processes for Machine Learning", 2006, equations 4.17 and 4.9).
 *
 * The arc of a conditional number is that of F. Hutter and M. A. Osborne, "A Kernel for Hierarchical Parameter Spaces"
 * (arXiv:1310.5738), with its angle fixed at one radian: the chord is then nearly the difference itself. A plain
 * (u - v)^2 beside a constant distance to inactive would not be positive definite. */
#include "hpo/models/kernel.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

static const double SQRT5 = 2.2360679774997896964;

double hpo_kernel_correlation(hpo_kernel_kind kind, double r2) {
    if (kind == HPO_KERNEL_RBF) return exp(-r2 / 2);
    const double t = SQRT5 * sqrt(r2);
    return (1 + t + 5.0 / 3 * r2) * exp(-t);
}

double hpo_kernel_slope(hpo_kernel_kind kind, double r2) {
    if (kind == HPO_KERNEL_RBF) return -exp(-r2 / 2) / 2;
    const double t = SQRT5 * sqrt(r2);
    return -5.0 / 6 * (1 + t) * exp(-t);
}

void hpo_kernel_both(hpo_kernel_kind kind, double r2, double *correlation, double *slope) {
    if (kind == HPO_KERNEL_RBF) {
        *correlation = exp(-r2 / 2);
        *slope = -*correlation / 2;
        return;
    }
    const double t = SQRT5 * sqrt(r2), e = exp(-t);
    *correlation = (1 + t + 5.0 / 3 * r2) * e;
    *slope = -5.0 / 6 * (1 + t) * e;
}

hpo_embedding hpo_embedding_make(const hpo_space *space, size_t extra) {
    const size_t own = hpo_space_dims(space);
    hpo_embedding embedding = {.dims = own + extra};
    embedding.features = base_calloc(2 * embedding.dims + 1, sizeof *embedding.features);
    for (size_t dim = 0; dim < embedding.dims; dim++) {
        const hpo_param *param = dim < own ? hpo_space_param(space, hpo_space_dim_param(space, dim)) : NULL;
        hpo_feature feature = {.dim = dim};
        if (param && param->kind == HPO_CATEGORICAL) feature.choices = param->n_choices;
        if (param && param->when && feature.choices == 0) {
            feature.form = HPO_FEATURE_SIN;
            embedding.features[embedding.count++] = feature;
            feature.form = HPO_FEATURE_COS;
        }
        embedding.features[embedding.count++] = feature;
    }
    return embedding;
}

hpo_embedding hpo_embedding_make_timed(const hpo_space *space, size_t extra) {
    hpo_embedding embedding = hpo_embedding_make(space, extra + 1);
    embedding.features[embedding.count - 1].form = HPO_FEATURE_TIME;
    embedding.timed = true;
    return embedding;
}

void hpo_embedding_free(hpo_embedding *embedding) {
    free(embedding->features);
    *embedding = (hpo_embedding){0};
}

void hpo_embed(const hpo_embedding *embedding, const double *unit, double *out, size_t stride) {
    for (size_t f = 0; f < embedding->count; f++) {
        const hpo_feature *feature = &embedding->features[f];
        const double u = unit[feature->dim];
        double *to = out + f * stride;
        if (isnan(u)) {
            *to = feature->choices > 0 ? -1 : 0;
            continue;
        }
        switch (feature->form) {
        case HPO_FEATURE_PLAIN:
        case HPO_FEATURE_TIME: *to = u; break;
        case HPO_FEATURE_SIN: *to = sin(u); break;
        case HPO_FEATURE_COS: *to = cos(u); break;
        }
    }
}

void hpo_kernel_distances(const hpo_embedding *embedding, const double *weight, const double *point,
                          const double *others, size_t stride, size_t n, double *restrict r2) {
    for (size_t j = 0; j < n; j++) r2[j] = 0;
    for (size_t f = 0; f < embedding->count; f++) {
        const double w = weight[embedding->features[f].dim], x = point[f];
        const double *y = others + f * stride;
        if (embedding->features[f].choices > 0) {
            for (size_t j = 0; j < n; j++) r2[j] += y[j] == x ? 0 : w;
        } else if (embedding->features[f].form == HPO_FEATURE_TIME) {
            for (size_t j = 0; j < n; j++) r2[j] += w * fabs(y[j] - x);
        } else {
            for (size_t j = 0; j < n; j++) r2[j] += w * (y[j] - x) * (y[j] - x);
        }
    }
}
