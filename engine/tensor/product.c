/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three forms of a product, as jobs of the tiles (tiles_product.inc).
 *
 * The naive loop; all arrays are row-major:
 *
 *     for (i = 0; i < m; i++)
 *         for (j = 0; j < n; j++)
 *             for (p = 0; p < k; p++)
 *                 nn   C[i][j] += A[i][p] B[p][j]      A [m][k], B [k][n]
 *                 nt   C[i][j] += A[i][p] B[j][p]      A [m][k], B [n][k]
 *                 tn   C[i][j] += A[p][i] B[p][j]      A [k][m], B [k][n]
 *
 * and C[i][j] = max(C[i][j] + bias[j], 0) where a job has them. A panel of a transposed B, for PANEL = 4 columns:
 *
 *     B [n][k]:  a0 a1 a2 ...        panel [k][4]:  a0 b0 c0 d0
 *                b0 b1 b2 ...                       a1 b1 c1 d1
 *                c0 c1 c2 ...                       a2 b2 c2 d2
 *                d0 d1 d2 ...                       ...
 *
 * A and C are always in place. B is in place when its rows lie well; a panel of its columns goes through the workspace
 * when B is transposed, or when its rows are a multiple of a page apart: those fall on the same few lines of the first
 * cache and drive each other out (K. Goto, R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM
 * TOMS 34(3), 2008, section 4.2.3). */
#include "engine/tensor/product.h"
#include "engine/tensor/minmax.h"

#include <string.h>

#include "engine/tensor/transpose.h"

enum {
    PANEL = 32,    /* columns: two vectors of the widest instance */
    PAGE = 1024,   /* floats */
    FEW_ROWS = 28, /* so few rows of A do not pay for a copy of B */
};

size_t eng_product_nn_workspace(size_t n, size_t k) {
    return n % PAGE == 0 ? k * PANEL : 0;
}

size_t eng_product_nt_workspace(size_t k) {
    return k * PANEL;
}

/* panel[c][r] = from[r][c] for rows x cols, rows at most PANEL. */
static void transpose(size_t rows, size_t cols, const float *from, float *panel) {
    const size_t rows4 = rows / 4 * 4, cols4 = cols / 4 * 4;
    for (size_t c = 0; c < cols4; c += 4)
        for (size_t r = 0; r < rows4; r += 4)
            eng_transpose_4x4(from + r * cols + c, cols, panel + c * PANEL + r, PANEL);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = r < rows4 ? cols4 : 0; c < cols; c++) panel[c * PANEL + r] = from[r * cols + c];
}

static void copy(size_t rows, size_t cols, size_t step, const float *from, float *panel) {
    for (size_t r = 0; r < rows; r++) memcpy(panel + r * PANEL, from + r * step, cols * sizeof *panel);
}

static eng_product_job job_of(const eng_product *p) {
    return (eng_product_job){.m = p->m,
                             .n = p->n,
                             .k = p->k,
                             .a = p->a,
                             .b = p->b,
                             .c = p->c,
                             .lda = p->k,
                             .ldb = p->n,
                             .ldc = p->n,
                             .bias = p->bias,
                             .relu = p->relu};
}

static void by_panels(const eng_product *p, bool transposed, size_t from, size_t count) {
    eng_product_job job = job_of(p);
    job.b = p->workspace;
    job.ldb = PANEL;
    for (size_t col = from, end = from + count; col < end; col += PANEL) {
        job.n = eng_min(PANEL, end - col);
        job.c = p->c + col;
        job.bias = p->bias == NULL ? NULL : p->bias + col;
        if (transposed)
            transpose(job.n, p->k, p->b + col * p->k, p->workspace);
        else
            copy(p->k, job.n, p->n, p->b + col, p->workspace);
        p->tiles->product(&job);
    }
}

void eng_product_nn_columns(const eng_product *p, size_t from, size_t count) {
    eng_product_job job = job_of(p);
    if (p->n % PAGE == 0 && p->m > FEW_ROWS) {
        by_panels(p, false, from, count);
        return;
    }
    job.n = count;
    job.b += from;
    job.c += from;
    if (job.bias != NULL) job.bias += from;
    p->tiles->product(&job);
}

void eng_product_nt_columns(const eng_product *p, size_t from, size_t count) {
    by_panels(p, true, from, count);
}

static eng_product rows_of(const eng_product *p, size_t from, size_t count) {
    eng_product part = *p;
    part.m = count;
    part.a += from * p->k;
    part.c += from * p->n;
    return part;
}

void eng_product_nn_rows(const eng_product *p, size_t from, size_t count) {
    const eng_product part = rows_of(p, from, count);
    eng_product_nn(&part);
}

void eng_product_nt_rows(const eng_product *p, size_t from, size_t count) {
    const eng_product part = rows_of(p, from, count);
    eng_product_nt(&part);
}

void eng_product_nn(const eng_product *p) {
    eng_product_nn_columns(p, 0, p->n);
}

void eng_product_nt(const eng_product *p) {
    eng_product_nt_columns(p, 0, p->n);
}

void eng_product_tn(const eng_product *p) {
    eng_product_tn_rows(p, 0, p->m);
}

void eng_product_tn_rows(const eng_product *p, size_t from, size_t count) {
    eng_product_job job = job_of(p);
    job.m = count;
    job.a = p->a + from;
    job.lda = p->m;
    job.transposed = true;
    memcpy(job.fetch, p->fetch, sizeof job.fetch);
    job.fetched = p->fetched;
    p->tiles->product(&job);
}
