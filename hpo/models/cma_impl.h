/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the search distribution share and nobody else sees. */
#ifndef HPO_MODELS_CMA_IMPL_H
#define HPO_MODELS_CMA_IMPL_H

#include "hpo/models/cma.h"

/* Names as in the tutorial; A, p_mut, q as in the paper of CatCMA with Margin. */
struct hpo_cma {
    hpo_cma_config config; /* its arrays are not kept */
    size_t n, lambda, mu, n_choices;
    double *weights, mu_eff, c1, c_mu, c_c, c_s, d_s, chi_n;
    size_t gap; /* generations from one decomposition to the next */
    double *mean, sigma, sigma0;
    double *C, *B, *D; /* separable: C and D n numbers, B NULL; else rows of B are eigenvectors, D^2 their values */
    double *p_s, *p_c;
    size_t generation, decomposed;
    /* levels */
    bool *stepped, *mutated;
    size_t n_stepped;
    double *A, *p_mut;
    /* choices: first[c] is where the levels of choice c begin */
    size_t *levels, *first;
    double *q, *s, Delta, gamma; /* ASNG's */
    /* best and median loss of each generation; those of the last one */
    double *best, *median, *losses;
    size_t best_capacity, median_capacity;
    double *rows, *y, *z, *step; /* scratch: lambda x n each; n */
};

/* ---- cma_margin.c: rounded numbers and choices ---- */
/* The fraction of mutations that every rounded number and choice keeps. */
double cma_margin_alpha(const hpo_cma *cma);
void cma_centre_levels(hpo_cma *cma);  /* changes rows, the best mu of them */
void cma_correct_margin(hpo_cma *cma); /* after the update: mean and A */
void cma_update_choices(hpo_cma *cma, const hpo_cma_point *points);

#endif
