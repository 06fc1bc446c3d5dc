/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dominant eigenvalue by Lanczos' iteration over products of the Hessian with a vector, each a central difference
 * of two gradients by the alphas: A. Zela, T. Elsken, T. Saikia, Y. Marrakchi, T. Brox, F. Hutter, "Understanding and
 * Robustifying Differentiable Architecture Search", ICLR 2020, section 4. Their code differentiates the graph twice and
 * takes the largest of all eigenvalues of the dense matrix; it also adds the decay of the alphas, a constant, which is
 * left out here. Vectors are as short as there are alphas, so all of them are kept and orthogonalized against. */
#include "nas/hessian.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 32 }; /* iterations */
static const double RADIUS = 0.01, TOLERANCE = 1e-4;

typedef struct lanczos {
    const nas_bilevel *p;
    nas_vector *origin, *product, *basis[MOST];
    double diagonal[MOST], beside[MOST]; /* of the tridiagonal matrix; beside[i] couples i and i + 1 */
    size_t count;                        /* rows of it */
} lanczos;

static base_status create(lanczos *l, base_err *err) {
    const nas_bilevel *p = l->p;
    bool complete = (l->origin = nas_create(p, NAS_ALPHAS)) != NULL;
    complete = (l->product = nas_create(p, NAS_ALPHAS)) != NULL && complete;
    for (size_t i = 0; i < MOST; i++) complete = (l->basis[i] = nas_create(p, NAS_ALPHAS)) != NULL && complete;
    if (!complete) return BASE_FAIL(err, BASE_NOMEM, "no memory for the eigenvalue's vectors");
    nas_copy(p, l->origin, nas_point(p, NAS_ALPHAS));
    return BASE_OK;
}

static void destroy(lanczos *l) {
    nas_destroy(l->p, l->origin);
    nas_destroy(l->p, l->product);
    for (size_t i = 0; i < MOST; i++) nas_destroy(l->p, l->basis[i]);
}

/* dL_valid/da at origin + c v, into the gradient view. */
static base_status gradient_at(const lanczos *l, double c, const nas_vector *v, base_err *err) {
    double loss;
    nas_copy(l->p, nas_point(l->p, NAS_ALPHAS), l->origin);
    nas_axpy(l->p, nas_point(l->p, NAS_ALPHAS), c, v);
    return nas_pass(l->p, NAS_VALID, NAS_BY_ALPHAS, &loss, err);
}

/* product = H v for a v of length 1. */
static base_status multiply(const lanczos *l, const nas_vector *v, base_err *err) {
    const nas_bilevel *p = l->p;
    BASE_TRY(gradient_at(l, -RADIUS, v, err));
    nas_copy(p, l->product, nas_gradient(p, NAS_ALPHAS));
    BASE_TRY(gradient_at(l, RADIUS, v, err));
    nas_axpy(p, l->product, -1, nas_gradient(p, NAS_ALPHAS));
    nas_scale(p, l->product, -1 / (2 * RADIUS));
    return BASE_OK;
}

/* Scales v to length 1 and returns the length before; v is left alone when that is 0. */
static double normalize(const nas_bilevel *p, nas_vector *v) {
    const double length = sqrt(nas_dot(p, v, v));
    if (length > 0) nas_scale(p, v, 1 / length);
    return length;
}

/* How many eigenvalues of the tridiagonal matrix are larger than x: the signs of a Sturm sequence. */
static size_t count_above(const lanczos *l, double x) {
    size_t above = 0;
    double pivot = 1;
    for (size_t i = 0; i < l->count; i++) {
        const double coupling = i > 0 ? l->beside[i - 1] : 0;
        if (pivot == 0) pivot = 1e-300;
        pivot = l->diagonal[i] - x - coupling * coupling / pivot;
        above += pivot > 0;
    }
    return above;
}

/* The largest eigenvalue of the tridiagonal matrix, by bisection of its Gershgorin interval. */
static double largest(const lanczos *l) {
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t i = 0; i < l->count; i++) {
        const double radius = (i > 0 ? fabs(l->beside[i - 1]) : 0) + (i + 1 < l->count ? fabs(l->beside[i]) : 0);
        low = fmin(low, l->diagonal[i] - radius);
        high = fmax(high, l->diagonal[i] + radius);
    }
    for (int i = 0; i < 100; i++) {
        const double middle = low + (high - low) / 2;
        if (count_above(l, middle) > 0)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* One more row of the matrix from the newest basis vector; the next one is made when there is room. *left is its
 * length, 0 when the space is exhausted. */
static base_status grow(lanczos *l, double *left, base_err *err) {
    const nas_bilevel *p = l->p;
    const size_t k = l->count;
    BASE_TRY(multiply(l, l->basis[k], err));
    l->diagonal[k] = nas_dot(p, l->product, l->basis[k]);
    for (int twice = 0; twice < 2; twice++)
        for (size_t i = 0; i <= k; i++) nas_axpy(p, l->product, -nas_dot(p, l->product, l->basis[i]), l->basis[i]);
    *left = normalize(p, l->product);
    l->beside[k] = *left;
    l->count++;
    if (l->count < MOST) nas_copy(p, l->basis[l->count], l->product);
    return BASE_OK;
}

static base_status iterate(lanczos *l, uint64_t seed, double *value, base_err *err) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_ARCHITECTURE, 0, 0);
    const size_t size = l->p->ops->size(l->p->self, NAS_ALPHAS), most = size < MOST ? size : MOST;
    double scale = 0, before = 0, left = 0;
    l->p->ops->normal(l->p->self, l->basis[0], &rng);
    (void)normalize(l->p, l->basis[0]);
    for (size_t k = 0; k < most; k++) {
        BASE_TRY(grow(l, &left, err));
        *value = largest(l);
        scale = fmax(scale, fmax(fabs(l->diagonal[k]), left));
        if (left <= 1e-7 * scale || (k > 1 && fabs(*value - before) <= TOLERANCE * fabs(*value))) break;
        before = *value;
    }
    return BASE_OK;
}

base_status nas_dominant_eigenvalue(const nas_bilevel *problem, uint64_t seed, double *value, base_err *err) {
    lanczos l = {.p = problem};
    base_status status = create(&l, err);
    if (status == BASE_OK) {
        status = iterate(&l, seed, value, err);
        nas_copy(problem, nas_point(problem, NAS_ALPHAS), l.origin);
    }
    destroy(&l);
    return status;
}
