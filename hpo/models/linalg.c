/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BLAS and LAPACK behind plain names.
 *
 * LAPACK is called by its Fortran names, which OpenBLAS itself brings: a row-major lower triangle is a column-major
 * upper one, so no transposition is needed. Equal inputs give equal bits as long as BLAS runs on one thread. */
#include "hpo/models/linalg.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dsyevd_(const char *job, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
                    const int *lwork, int *iwork, const int *liwork, int *info);
extern void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);

double hpo_dot(const double *a, const double *b, size_t n) {
    return cblas_ddot((int)n, a, 1, b, 1);
}

void hpo_matvec(const double *a, size_t rows, size_t cols, size_t stride, const double *x, double *y) {
    if (rows == 0) return;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)rows, (int)cols, 1, a, (int)stride, x, 1, 0, y, 1);
}

/* The lower triangle from the upper one, which a factorisation leaves alone, and the diagonal. */
static void restore(double *a, size_t n, size_t stride, const double *diagonal, double jitter) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) a[i * stride + j] = a[j * stride + i];
        a[i * stride + i] = diagonal[i] + jitter;
    }
}

double hpo_cholesky(double *a, size_t n, size_t stride) {
    if (n == 0) return 0;
    double *diagonal = base_malloc(n * sizeof *diagonal);
    double mean = 0, jitter = 0;
    for (size_t i = 0; i < n; i++) {
        diagonal[i] = a[i * stride + i];
        mean += diagonal[i] / (double)n;
    }
    BASE_ASSERT(isfinite(mean));
    const int rows = (int)n, lda = (int)stride;
    for (double share = 1e-12;; share *= 100) {
        int info;
        dpotrf_("U", &rows, a, &lda, &info);
        if (info == 0) break;
        BASE_ASSERT(share < 1e12);
        jitter = share * (mean > 0 ? mean : 1);
        restore(a, n, stride, diagonal, jitter);
    }
    free(diagonal);
    return jitter;
}

void hpo_cholesky_append(double *l, size_t n, size_t stride, const double *row, double diagonal, double least) {
    double *to = l + n * stride;
    for (size_t i = 0; i < n; i++) to[i] = row[i];
    hpo_cholesky_forward(l, n, stride, to);
    const double pivot = diagonal - hpo_dot(to, to, n);
    to[n] = sqrt(pivot > least ? pivot : least);
}

void hpo_cholesky_forward(const double *l, size_t n, size_t stride, double *x) {
    if (n == 0) return;
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, l, (int)stride, x, 1);
}

void hpo_cholesky_backward(const double *l, size_t n, size_t stride, double *x) {
    if (n == 0) return;
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (int)n, l, (int)stride, x, 1);
}

void hpo_cholesky_forward_rows(const double *l, size_t n, size_t stride, double *rows, size_t count,
                               size_t row_stride) {
    if (n == 0 || count == 0) return;
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)count, (int)n, 1, l, (int)stride,
                rows, (int)row_stride);
}

void hpo_cholesky_invert(double *l, size_t n, size_t stride) {
    if (n == 0) return;
    const int rows = (int)n, lda = (int)stride;
    int info;
    dpotri_("U", &rows, l, &lda, &info);
    BASE_ASSERT(info == 0);
}

void hpo_symmetric_eigen(double *a, size_t n, double *values) {
    if (n == 0) return;
    const int rows = (int)n, ask = -1;
    double n_work;
    int n_iwork, info;
    dsyevd_("V", "U", &rows, a, &rows, values, &n_work, &ask, &n_iwork, &ask, &info);
    const int size = (int)n_work;
    double *work = base_malloc((size_t)size * sizeof *work);
    int *iwork = base_malloc((size_t)n_iwork * sizeof *iwork);
    dsyevd_("V", "U", &rows, a, &rows, values, work, &size, iwork, &n_iwork, &info);
    BASE_ASSERT(info == 0);
    free(work);
    free(iwork);
}
