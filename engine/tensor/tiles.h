/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The register-tile kernels under convolutions and products, as jobs: who writes an op says where rows lie in memory,
 * the instance of the machine does the arithmetic.
 *
 * One job is one shape of the same product, C[row][n] = sum_k A[row][k] B[k][n]. The rows of A are read in place: a row
 * is a list of runs of consecutive floats (the taps of a convolution), rows come in groups of equal distance (pixels of
 * an image row), and groups lie anywhere. So a k x k convolution is a product without an im2col. Blocking
 * follows K. Goto, R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008, section
 * 4; the rows in place E. Georganas et al., "Anatomy of High-Performance Deep Learning Convolutions on SIMD
 * Architectures", SC 2018. All offsets and distances are in floats. */
#ifndef ENG_TILES_H
#define ENG_TILES_H

#include "engine/tensor/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A run of consecutive floats of every row of A, from offset `at` of the row's beginning, meets the rows of B from `b`
 * on. The first `skip` rows of a line of groups have no such run, nor have the last `cut`: there the image ends. At
 * most one of the two is not 0, and it is at most eng_tiles.ends; some row of the group is left. */
typedef struct eng_tile_run {
    ptrdiff_t at;
    size_t b;
    size_t skip, cut;
} eng_tile_run;

/* C = f(A B + bias). C is overwritten, never read. */
typedef struct eng_tile_job {
    size_t rows, groups;       /* rows of each group: 1 .. eng_tiles.rows */
    size_t line;               /* groups of a line, which divides groups: its first group skips, its last one cuts */
    const size_t *a_at, *c_at; /* of each group: its first row in a and in c */
    const float *a;
    size_t lda; /* from row to row in a group */
    float *c;
    size_t ldc;
    size_t runs, length; /* a row of A: `runs` runs of `length` floats, K = runs length; none: A B = 0 */
    const eng_tile_run *run;
    size_t last;    /* a run that neither skips nor cuts, whose last products are taken as C is stored; or any */
    const float *b; /* packed by eng_tiles.pack: `depth` rows */
    size_t depth, n;
    const float *bias; /* n numbers, or NULL */
    bool relu;         /* f(z) = max(0, z), a NaN stays; else f(z) = z */
    size_t ahead;      /* with every group, fetch what lies so many floats behind it in A and in C; 0: nothing */
} eng_tile_job;

/* Rows from .. from + count of B[depth][n] go into its panels; b[k][j] lies at b[(k - from) step_k + j step_n]. */
typedef struct eng_pack_job {
    size_t depth, n;
    size_t from, count;
    const float *b;
    size_t step_k, step_n;
} eng_pack_job;

/* C[span][m][n] (+)= sum over rows r and pixels j of A[r][j][span_at + m] D[r][j][n]: a gradient of weights. */
typedef struct eng_outer_job {
    size_t rows, pixels;
    const size_t *a_at, *d_at; /* of each row: its first pixel in a and in d */
    const float *a, *d;
    size_t lda, ldd;          /* from pixel to pixel */
    size_t spans, length;     /* the rows of C: `spans` spans of `length` consecutive floats of A */
    const ptrdiff_t *span_at; /* where a span begins in a pixel of A */
    size_t lead, trail;       /* with three spans: so many pixels of a row lack the first, or the last */
    float *c;                 /* [spans][length], rows at a distance of ldc, spans at one of span_c rows */
    size_t ldc, span_c, n;
    bool add; /* to what C holds; else C is overwritten */
} eng_outer_job;

/* Depthwise: C[row][c] = sum over taps of A[row + at][c] w[b + c]; rows in groups as in eng_tile_job, of 1 ..
 * eng_tiles.depth_rows. */
typedef struct eng_depth_job {
    size_t rows, groups, line;
    const size_t *a_at, *c_at;
    const float *a;
    size_t lda;
    float *c;
    size_t ldc;
    size_t taps;
    size_t skipping, cutting; /* so many of the taps skip, and come first, so many cut, and come last */
    const eng_tile_run *tap;  /* sorted, the most skipped first, the most cut last: at most eng_tiles.depth_ends;
                                 b: where its weights begin in w */
    size_t window; /* 0; or 3 or 5, with 4 rows or more: a `tap` is the first of so many along a row, each one row of A
                      and w_step weights behind the one before it, and its skip and cut are not read */
    ptrdiff_t w_step;
    bool edged; /* of a window: the image ends with the rows of a line, and taps beside it are left out */
    const float *w;
    size_t channels;
    const float *bias;
    bool relu;
    size_t ahead;
} eng_depth_job;

/* dw[u][v][c] (+)= sum over rows and pixels of A[r][j][row_at[u] + v step + c] D[r][j][c]: u goes down the taps of a
 * window, v along them. */
typedef struct eng_depth_outer_job {
    size_t rows, pixels;
    const size_t *a_at, *d_at;
    const float *a, *d;
    size_t lda, ldd;
    size_t height, width; /* height and width of the window */
    const ptrdiff_t *row_at;
    size_t step;
    size_t ends; /* so many pixels at either end of a row lack the outermost tap, as many more the next ...; 0: none */
    float *dw;   /* [height][width][channels], taps at a distance of ldw */
    size_t ldw, channels;
    bool add;
} eng_depth_outer_job;

#define ENG_NORM_BLOCK 64 /* rows that are summed before they are added to those before them */

/* Passes of batch normalization over x[rows][cols]; each reads what its line below names. */
typedef struct eng_norm_job {
    size_t rows, cols;
    const float *x, *mean;
    const float *scale, *shift; /* of each column */
    const float *dy;
    float *y, *dx;
    float *sum, *sum_x;
    bool relu;
} eng_norm_job;

/* A pooling window along one direction. Every window holds at least one pixel: padding < window. */
typedef struct eng_pool_edge {
    size_t in, out, window, stride, padding;
} eng_pool_edge;

typedef struct eng_pool {
    eng_pool_edge h, w; /* of x [n, h, w, channels]; at most 255 pixels in a window of max_pool */
    size_t channels;
} eng_pool;

#define ENG_TILES_FETCH 3

/* C[m][n] (+)= f(A B + bias): A[m][k], or A'[k][m], and B[k][n] in place. */
typedef struct eng_product_job {
    size_t m, n, k;
    const float *a, *b;
    float *c;
    size_t lda, ldb, ldc;                /* from row to row as they are stored */
    bool transposed;                     /* A' is stored */
    const float *bias;                   /* n numbers, or NULL */
    bool relu;                           /* as in eng_tile_job */
    bool add;                            /* to what C holds; else C is overwritten, never read */
    const float *fetch[ENG_TILES_FETCH]; /* with A': what is changed next, or NULL; as much as the time allows of */
    size_t fetched;                      /* so many floats each is in the L1 cache when the job ends */
} eng_product_job;

typedef struct eng_tiles {
    size_t vector;           /* floats in a register */
    size_t rows, depth_rows; /* the most rows of a group, of multiply and of depth */
    size_t ends, depth_ends; /* the most that a run of multiply or a tap of depth may skip or cut */
    void (*multiply)(const eng_tile_job *job);
    void (*product)(const eng_product_job *job);
    void (*outer)(const eng_outer_job *job);
    void (*depth)(const eng_depth_job *job);
    void (*depth_outer)(const eng_depth_outer_job *job);
    void (*pack)(const eng_pack_job *job, float *packed);
    /* Mean and variance (divided by rows) of each column. */
    void (*moments)(size_t rows, size_t cols, const float *x, float *mean, float *variance);
    /* The same in two steps, the first of which may begin at any block of ENG_NORM_BLOCK rows: what each block is to
     * the sum, blocks[block][2][cols], and the sum in their order. */
    void (*moments_of)(size_t rows, size_t cols, const float *x, float *blocks);
    void (*moments_merge)(size_t rows, size_t cols, const float *blocks, float *mean, float *variance);
    void (*normalize)(const eng_norm_job *job); /* y = f((x - mean) scale + shift), f as in eng_tile_job */
    /* In both, relu: dy counts as 0 where normalize gave nothing above 0.
     * sum = column sums of dy, sum_x those of dy (x - mean). */
    void (*norm_sums)(const eng_norm_job *job);
    /* In two steps, as moments: reads neither sum nor sum_x. */
    void (*norm_sums_of)(const eng_norm_job *job, float *blocks);
    void (*norm_sums_merge)(size_t rows, size_t cols, const float *blocks, float *sum, float *sum_x);
    void (*norm_grad)(const eng_norm_job *job); /* dx = scale (dy - sum - (x - mean) sum_x); dx may be dy */
    /* which (or NULL): the number of the tap that won, row by row of the window; the first of equals. */
    void (*max_pool)(const eng_pool *pool, size_t n, const float *x, float *y, uint8_t *which);
    void (*max_pool_grad)(const eng_pool *pool, size_t n, const uint8_t *which, const float *dy, float *dx);
    void (*mean_pool)(const eng_pool *pool, size_t n, const float *x, float *y);  /* of the pixels that exist */
    void (*mean_pool_grad)(const eng_pool *pool, size_t n, float *dy, float *dx); /* overwrites dy */
} eng_tiles;

/* Floats that pack writes, on any instance. */
size_t eng_tiles_packed(size_t depth, size_t n);
/* Columns of the next packed panel when `left` are to come: its rows lie so many floats apart. */
size_t eng_tiles_panel(size_t left, size_t vector);
/* The number of rows, at most `most`, that cuts `count` rows into groups with the least work; the last group may
 * overlap the one before it. */
size_t eng_tiles_rows(size_t count, size_t most);

#ifdef __cplusplus
}
#endif
#endif
