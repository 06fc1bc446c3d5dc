/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linear algebra of the surrogates: dense, double precision, row-major. */
#ifndef HPO_MODELS_LINALG_H
#define HPO_MODELS_LINALG_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

double hpo_dot(const double *a, const double *b, size_t n);
/* y <- A x for a row-major A of rows x cols with `stride` doubles from row to row. */
void hpo_matvec(const double *a, size_t rows, size_t cols, size_t stride, const double *x, double *y);

/* A = L L^T in place: A symmetric and full (both triangles); L lies in the lower one. Where rounding has made A
 * indefinite a growing multiple of the mean diagonal is added to the diagonal until it is not: this never fails for a
 * finite A. Returns what was added. */
double hpo_cholesky(double *a, size_t n, size_t stride);
/* L of n rows becomes L of n+1 rows: `row` (n doubles) and `diagonal` are the new row of A. O(n^2). A pivot below
 * `least` counts as that. */
void hpo_cholesky_append(double *l, size_t n, size_t stride, const double *row, double diagonal, double least);
/* x <- L^-1 x and x <- L^-T x */
void hpo_cholesky_forward(const double *l, size_t n, size_t stride, double *x);
void hpo_cholesky_backward(const double *l, size_t n, size_t stride, double *x);
/* Each of `count` rows, `row_stride` apart: r <- L^-1 r. */
void hpo_cholesky_forward_rows(const double *l, size_t n, size_t stride, double *rows, size_t count, size_t row_stride);
/* The lower triangle of L becomes that of A^-1. */
void hpo_cholesky_invert(double *l, size_t n, size_t stride);
/* Symmetric A, full, without a stride: row k becomes an eigenvector of length 1, values[k] its eigenvalue, rising. */
void hpo_symmetric_eigen(double *a, size_t n, double *values);

#ifdef __cplusplus
}
#endif
#endif
