/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What gp.c and those that draw from its posterior (gp_sample.c, gp_draws.c) share. */
#ifndef HPO_MODELS_GP_IMPL_H
#define HPO_MODELS_GP_IMPL_H

#include "hpo/models/gp.h"

enum { GP_BATCH = 64 };

struct hpo_gp {
    const hpo_embedding *embedding;
    hpo_kernel_kind kernel;
    double *theta, *weight;
    double signal, noise;
    size_t capacity, rows, n, block; /* rows of the factor; of them observations */
    double *unit;                    /* capacity x dims: what the rows stand for */
    double *features;                /* embedding->count x capacity */
    double *factor;                  /* capacity x capacity */
    double *alpha, *fitted;          /* capacity: K^-1 y, and the posterior mean at the observations */
    double *scratch;                 /* GP_BATCH x capacity, and two rows */
    double *point, *full;            /* one embedded point, one of the unit cube with its tail */
    size_t outer;                    /* coordinates of the surrogate's points */
};

/* Into gp->point: an embedded row; a point of the surrogate with its tail. */
void gp_load(hpo_gp *gp, size_t i);
void gp_embed(hpo_gp *gp, const double *point);
/* Covariances of gp->point to the first n rows. */
void gp_covariances(const hpo_gp *gp, size_t n, double *out);
/* To all rows; slope receives twice their derivatives by the squared scaled distance. */
void gp_covariances_and_slopes(const hpo_gp *gp, double *k, double *slope);
/* out (gp->outer) = derivatives of sum_j weight[j] k[j], j < n, by the coordinates of a point that gp_embed was given.
 */
void gp_weighted_slopes(const hpo_gp *gp, const double *point, const double *slope, const double *weight, size_t n,
                        double *out);
/* Whether an embedded coordinate changes with a coordinate of the point, and how. */
bool gp_moves(const hpo_gp *gp, const hpo_feature *feature, const double *point);
double gp_feature_slope(const hpo_feature *feature, double u);

#endif
