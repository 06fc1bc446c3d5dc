/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products of dense row-major matrices on the register tiles, read in place wherever that is as fast as a copy. */
#ifndef ENG_PRODUCT_H
#define ENG_PRODUCT_H

#include "engine/tensor/tiles.h"

#ifdef __cplusplus
extern "C" {
#endif

/* C[m,n] is overwritten: what it held, NaN included, has no influence. */
typedef struct eng_product {
    const eng_tiles *tiles;
    size_t m, n, k;
    const float *a, *b;
    float *c;
    float *workspace;                    /* as many floats as nn or nt ask for; tn needs none */
    const float *bias;                   /* nn: n numbers added to every row, or NULL */
    bool relu;                           /* nn: then max(0, .), a NaN stays */
    const float *fetch[ENG_TILES_FETCH]; /* tn: as in eng_product_job */
    size_t fetched;
} eng_product;

size_t eng_product_nn_workspace(size_t n, size_t k);
size_t eng_product_nt_workspace(size_t k);

void eng_product_nn(const eng_product *p); /* C = f(A[m,k] B[k,n] + bias) */
void eng_product_nt(const eng_product *p); /* C = A[m,k] B[n,k]' */
void eng_product_tn(const eng_product *p); /* C = A[k,m]' B[k,n] */
/* Columns from .. from + count of that C alone, or rows of it: the same bits as in the whole. */
void eng_product_nn_columns(const eng_product *p, size_t from, size_t count);
void eng_product_nt_columns(const eng_product *p, size_t from, size_t count);
void eng_product_nn_rows(const eng_product *p, size_t from, size_t count);
void eng_product_nt_rows(const eng_product *p, size_t from, size_t count);
/* Rows from .. from + count of that C alone; c is the first of them. */
void eng_product_tn_rows(const eng_product *p, size_t from, size_t count);

#ifdef __cplusplus
}
#endif
#endif
