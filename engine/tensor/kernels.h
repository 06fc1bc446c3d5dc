/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vector kernels as a table of functions: the same source compiled for several instruction sets, chosen once.
 *
 * A NaN in gives a NaN out everywhere: a diverging trial must be seen to diverge. Input and output of an elementwise
 * kernel may be the same array; they must not overlap otherwise. */
#ifndef ENG_KERNELS_H
#define ENG_KERNELS_H

#include <stdint.h>

#include "base/status.h"
#include "engine/tensor/maps.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Activations that a dense layer computes in the pass that adds its bias: those whose derivative is a function of the
 * output alone. */
typedef enum eng_epilogue {
    ENG_EPILOGUE_NONE, /* not available as an epilogue */
    ENG_EPILOGUE_LINEAR,
    ENG_EPILOGUE_RELU,
    ENG_EPILOGUE_SIGMOID,
    ENG_EPILOGUE_TANH,
    ENG_EPILOGUES,
} eng_epilogue;

typedef void eng_map_fn(size_t n, const float *x, float *y);                        /* y[i] = f(x[i]) */
typedef void eng_map_grad_fn(size_t n, const float *v, const float *dy, float *dx); /* dx[i] = dy[i] f'(.) */

/* The scalars of one optimizer step. */
typedef struct eng_update {
    float rate;         /* step size */
    float scale;        /* gradients are multiplied by it first (clipping by norm) */
    float limit;        /* then clamped to [-limit, limit]; infinity = off */
    float l2;           /* coupled decay: g += l2 w */
    float keep;         /* decoupled decay: w *= keep before the step; 1 = off */
    float beta1, beta2; /* decay rates of the first and second moment (momentum = beta1) */
    float epsilon;
    float correction; /* Adam: 1 / sqrt(1 - beta2^t) */
} eng_update;

/* w: n parameters, g: gradients, m and s: slots (NULL when the rule has fewer). */
typedef void eng_update_fn(const eng_update *u, size_t n, float *w, const float *g, float *m, float *s);

typedef struct eng_kernels {
    const char *name;              /* "portable", "avx2", "avx512" */
    const struct eng_tiles *tiles; /* products, convolutions, pooling: engine/tensor/tiles.h */

    eng_map_fn *exp;
#define ENG_MAP_FIELDS(name, ...) eng_map_fn *name;
    ENG_MAP_LIST(ENG_MAP_FIELDS)
#undef ENG_MAP_FIELDS
    void (*elu)(size_t n, float alpha, const float *x, float *y);
    void (*prelu)(size_t n, float slope, const float *x, float *y);
    void (*add)(size_t n, const float *x, const float *y, float *out); /* out[i] = x[i] + y[i] */
    void (*scale)(size_t n, float a, const float *x, float *y);        /* y[i] = a x[i] */
    void (*axpy)(size_t n, float a, const float *x, float *y);         /* y[i] += a x[i] */
#define ENG_MAP_FIELDS(name, ...) eng_map_grad_fn *name##_grad;        /* of the input or the output: see maps.h */
    ENG_MAP_LIST(ENG_MAP_FIELDS)
#undef ENG_MAP_FIELDS
    void (*elu_grad)(size_t n, float alpha, const float *y, const float *dy, float *dx); /* alpha > 0 */
    /* dx may be NULL; returns the gradient of the slope. */
    double (*prelu_grad)(size_t n, float slope, const float *x, const float *dy, float *dx);

    /* y[r][c] = f(y[r][c] + bias[c]) over rows x cols, in place. */
    void (*bias_epilogue[ENG_EPILOGUES])(size_t rows, size_t cols, const float *bias, float *y);
    /* dy[r][c] *= f'(y[r][c]) in place and dbias[c] = sum over r, rows at a distance of ld. y is not read for LINEAR.
     */
    void (*bias_epilogue_grad[ENG_EPILOGUES])(size_t rows, size_t cols, size_t ld, const float *y, float *dy,
                                              float *dbias);

    /* y = softmax(x), row by row. */
    void (*softmax)(size_t rows, size_t cols, const float *x, float *y);
    void (*softmax_grad)(size_t rows, size_t cols, const float *y, const float *dy, float *dx);
    /* p = softmax(x) and the sum over rows of -sum_c t_c log p_c with t = (1 - smoothing) onehot(label) +
     * smoothing/cols. */
    double (*softmax_loss)(size_t rows, size_t cols, float smoothing, const float *x, const int32_t *labels, float *p);
    /* dx = scale (p - t). */
    void (*softmax_loss_grad)(size_t rows, size_t cols, float smoothing, float scale, const float *p,
                              const int32_t *labels, float *dx);

    /* Inverted dropout: y = x scale where kept, else 0; keep[i] is 1 or 0. Unit i is dropped when its 16 random bits
     * are below threshold. The bits come from Philox4x32-10 with this key and the blocks counter[0..1] = 0, 1, ...:
     * unit i is number j = i mod 128 of its 128, whose word (j mod 64) / 16 of block 16 (i / 128) + j mod 16 gives its
     * low half to j < 64 and its high half to the others. x[0] is unit `first`, a multiple of 128. */
    void (*dropout)(size_t n, size_t first, uint32_t threshold, float scale, const uint32_t key[2],
                    const uint32_t counter[4], const float *x, float *y, uint8_t *keep);
    void (*dropout_grad)(size_t n, float scale, const uint8_t *keep, const float *dy, float *dx);

    /* y[i] = deviation times number i of a sequence of standard normals: Box and Muller of the words of Philox4x32-10
     * with this key and the blocks counter[0..1] = 0, 1, ...; 24 bits each, so that |z| <= 5.78. y[0] is number
     * `first`, a multiple of 64. Within 2e-6 of exact logarithms and cosines. */
    void (*normal)(size_t n, size_t first, float deviation, const uint32_t key[2], const uint32_t counter[4], float *y);

    /* Each row: y = (x - m) / sqrt(v + epsilon) scale + shift; m and 1 / sqrt(v + epsilon) of a row go to moments[2 r]
     * and [2 r + 1]. */
    void (*layer_norm)(size_t rows, size_t cols, float epsilon, const float *x, const float *scale, const float *shift,
                       float *y, float *moments);
    /* dx (or NULL) may be dy. */
    void (*layer_norm_grad)(size_t rows, size_t cols, const float *x, const float *scale, const float *moments,
                            const float *dy, float *dx, float *dscale, float *dshift);

    double (*squared_error)(size_t n, const float *x, const float *t);                   /* sum (x - t)^2 */
    void (*difference)(size_t n, float scale, const float *x, const float *t, float *y); /* y = scale (x - t) */
    double (*dot)(size_t n, const float *x, const float *y);                             /* sum x y */
    double (*sum_squares)(size_t n, const float *x);
    double (*sum_abs)(size_t n, const float *x);
    void (*add_penalty)(size_t n, float l1, float l2, const float *w, float *g); /* g += l1 sign(w) + l2 w */

    eng_update_fn *sgd, *momentum, *nesterov, *adagrad, *rmsprop, *adam;
} eng_kernels;

/* The instance by name, or the best one for this machine (NULL). NULL when the name is unknown or the machine lacks the
 * instructions. */
const eng_kernels *eng_kernels_find(const char *name);
extern const char *const eng_kernels_names[]; /* every instance of this build, NULL-terminated, best last */

#ifdef __cplusplus
}
#endif
#endif
