/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The problem that a differentiable architecture search solves, as a step sees it:
 *
 *     min over a of L_valid(w*(a), a)    where w*(a) minimizes L_train(w, a) over w
 *
 * (H. Liu, K. Simonyan, Y. Yang, "DARTS: Differentiable Architecture Search", ICLR 2019, eq. 3-4). w are the weights of
 * the supernet, a (the alphas) decide how much each candidate operation counts. A step reads like the paper's listing,
 * knows no network, and is tested on problems with a closed form.
 *
 * A problem has a present point (w, a), the present batches of both losses, an optimizer for each side, and vectors
 * that only it can look into: a supernet's are floats, those of a closed form doubles. */
#ifndef NAS_BILEVEL_H
#define NAS_BILEVEL_H

#include "base/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a vector is of. The sides are trained; a shift is what is added to the edge weights of the passes that ask for
 * it. */
typedef enum nas_side { NAS_WEIGHTS, NAS_ALPHAS, NAS_SIDES, NAS_SHIFT = NAS_SIDES, NAS_VECTORS } nas_side;
typedef enum nas_loss { NAS_TRAIN, NAS_VALID } nas_loss;

/* What a pass is asked for. */
enum {
    NAS_BY_WEIGHTS = 1u << NAS_WEIGHTS, /* the gradient by the weights */
    NAS_BY_ALPHAS = 1u << NAS_ALPHAS,   /* the gradient by the alphas */
    NAS_MOVE_STATE = 4u, /* running statistics follow this pass: only where the weights themselves are trained */
    NAS_SHIFTED = 8u,    /* edge weights are those of the alphas plus the shift */
    NAS_BY_SHIFT = 16u,  /* the gradient by the shift, with NAS_SHIFTED; that by the alphas is then undefined */
};

typedef struct nas_vector nas_vector; /* of one side of one problem, or a shift */

typedef struct nas_bilevel_ops {
    /* A zero vector, to be destroyed by destroy; NULL when memory is out. */
    nas_vector *(*create)(void *self, nas_side side);
    void (*destroy)(void *self, nas_vector *vector);                        /* accepts NULL */
    void (*copy)(void *self, nas_vector *to, const nas_vector *from);       /* bit for bit */
    void (*axpy)(void *self, nas_vector *y, double c, const nas_vector *x); /* y += c x */
    void (*scale)(void *self, nas_vector *x, double c);                     /* x *= c */
    double (*dot)(void *self, const nas_vector *x, const nas_vector *y);
    void (*normal)(void *self, nas_vector *x, base_rng *rng); /* every element from N(0, 1) */
    size_t (*size)(void *self, nas_side side);                /* elements */
    /* Every element x of a shift becomes f(data, x), in their order. */
    void (*map)(void *self, nas_vector *x, double (*f)(void *data, double x), void *data);

    /* Views into the problem. Writing the point moves it; the gradient is that of the last pass that asked for it. */
    nas_vector *(*point)(void *self, nas_side side);
    nas_vector *(*gradient)(void *self, nas_side side);
    /* The loss at the present point on its present batch, and the gradients that `flags` ask for. BASE_NUMERIC when the
     * loss is not finite. */
    base_status (*pass)(void *self, nas_loss loss, unsigned flags, double *value, base_err *err);

    /* The shift becomes the nearest after which the edge weights of passes by this loss are valid: none is negative or
     * larger than 1, and those of an edge add up to 1 where the rule has them so. */
    void (*settle)(void *self, nas_loss loss);

    /* One step of the side's optimizer by the gradient view, with its rate, momentum, decay and clipping. */
    void (*update)(void *self, nas_side side);
    /* What the weights' optimizer is made of, for a step that unrolls it. */
    double (*rate)(void *self);                            /* now */
    const nas_vector *(*momentum)(void *self, double *mu); /* the buffer m and its coefficient; NULL = none */
    void (*add_decay)(void *self, nas_vector *gradient);   /* gradient += decay w, for weights that decay */

    base_rng (*random)(void *self); /* the random numbers of this step, always from their beginning */
    double (*progress)(void *self); /* share of the search's epochs that is over */
} nas_bilevel_ops;

typedef struct nas_bilevel {
    const nas_bilevel_ops *ops;
    void *self;
} nas_bilevel;

static inline nas_vector *nas_create(const nas_bilevel *p, nas_side side) {
    return p->ops->create(p->self, side);
}
static inline void nas_destroy(const nas_bilevel *p, nas_vector *vector) {
    p->ops->destroy(p->self, vector);
}
static inline void nas_copy(const nas_bilevel *p, nas_vector *to, const nas_vector *from) {
    p->ops->copy(p->self, to, from);
}
static inline void nas_axpy(const nas_bilevel *p, nas_vector *y, double c, const nas_vector *x) {
    p->ops->axpy(p->self, y, c, x);
}
static inline void nas_scale(const nas_bilevel *p, nas_vector *x, double c) {
    p->ops->scale(p->self, x, c);
}
static inline double nas_dot(const nas_bilevel *p, const nas_vector *x, const nas_vector *y) {
    return p->ops->dot(p->self, x, y);
}
static inline nas_vector *nas_point(const nas_bilevel *p, nas_side side) {
    return p->ops->point(p->self, side);
}
static inline nas_vector *nas_gradient(const nas_bilevel *p, nas_side side) {
    return p->ops->gradient(p->self, side);
}
BASE_CHECK static inline base_status nas_pass(const nas_bilevel *p, nas_loss loss, unsigned flags, double *value,
                                              base_err *err) {
    return p->ops->pass(p->self, loss, flags, value, err);
}
static inline void nas_update(const nas_bilevel *p, nas_side side) {
    p->ops->update(p->self, side);
}

#ifdef __cplusplus
}
#endif
#endif
