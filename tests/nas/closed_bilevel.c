/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/nas/closed_bilevel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static nas_vector *create(void *self, nas_side side) {
    const closed_bilevel *j = self;
    nas_vector *v = calloc(1, sizeof *v);
    if (v) v->size = j->point[side].size;
    return v;
}

static void destroy(void *self, nas_vector *v) {
    (void)self;
    free(v);
}

static void copy(void *self, nas_vector *to, const nas_vector *from) {
    (void)self;
    BASE_ASSERT(to->size == from->size);
    *to = *from;
}

static void axpy(void *self, nas_vector *y, double c, const nas_vector *x) {
    (void)self;
    BASE_ASSERT(y->size == x->size);
    for (size_t i = 0; i < x->size; i++) y->at[i] += c * x->at[i];
}

static void scale(void *self, nas_vector *x, double c) {
    (void)self;
    for (size_t i = 0; i < x->size; i++) x->at[i] *= c;
}

static double dot(void *self, const nas_vector *x, const nas_vector *y) {
    (void)self;
    double sum = 0;
    for (size_t i = 0; i < x->size; i++) sum += x->at[i] * y->at[i];
    return sum;
}

static void normal(void *self, nas_vector *x, base_rng *rng) {
    (void)self;
    for (size_t i = 0; i < x->size; i++) x->at[i] = base_rng_normal(rng);
}

static size_t size(void *self, nas_side side) {
    return ((const closed_bilevel *)self)->point[side].size;
}

static void map(void *self, nas_vector *x, double (*f)(void *data, double x), void *data) {
    (void)self;
    for (size_t i = 0; i < x->size; i++) x->at[i] = f(data, x->at[i]);
}

static nas_vector *point(void *self, nas_side side) {
    return &((closed_bilevel *)self)->point[side];
}

static nas_vector *gradient(void *self, nas_side side) {
    return &((closed_bilevel *)self)->gradient[side];
}

/* out += c M x for M with rows x columns; transposed: out += c M' x. */
static void add_product(double *out, double c, const double *m, size_t rows, size_t columns, bool transposed,
                        const double *x) {
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < columns; k++) out[transposed ? k : r] += c * m[r * columns + k] * x[transposed ? r : k];
}

static double form(const double *m, size_t rows, size_t columns, const double *x, const double *y) {
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < columns; k++) sum += x[r] * m[r * columns + k] * y[k];
    return sum;
}

double closed_train(const closed_bilevel *j) {
    const size_t nw = j->size[NAS_WEIGHTS], na = j->size[NAS_ALPHAS];
    const double *w = j->point[NAS_WEIGHTS].at, *a = j->point[NAS_ALPHAS].at;
    return form(j->A, nw, nw, w, w) / 2 - form(j->B, nw, na, w, a) + form(j->C, na, na, a, a) / 2;
}

double closed_valid(const closed_bilevel *j) {
    const size_t nw = j->size[NAS_WEIGHTS], na = j->size[NAS_ALPHAS];
    const double *w = j->point[NAS_WEIGHTS].at, *a = j->point[NAS_ALPHAS].at;
    double sum = form(j->D, nw, nw, w, w) / 2 + form(j->E, nw, na, w, a) + form(j->F, na, na, a, a) / 2 + j->c;
    for (size_t i = 0; i < nw; i++) sum += j->p[i] * w[i];
    for (size_t i = 0; i < na; i++) sum += j->q[i] * a[i];
    return sum;
}

static void by_weights(closed_bilevel *j, nas_loss loss) {
    const size_t nw = j->size[NAS_WEIGHTS], na = j->size[NAS_ALPHAS];
    const double *w = j->point[NAS_WEIGHTS].at, *a = j->point[NAS_ALPHAS].at;
    double *g = j->gradient[NAS_WEIGHTS].at;
    memset(g, 0, nw * sizeof *g);
    add_product(g, 1, loss == NAS_TRAIN ? j->A : j->D, nw, nw, false, w);
    add_product(g, loss == NAS_TRAIN ? -1 : 1, loss == NAS_TRAIN ? j->B : j->E, nw, na, false, a);
    for (size_t i = 0; loss == NAS_VALID && i < nw; i++) g[i] += j->p[i];
}

static void by_alphas(closed_bilevel *j, nas_loss loss) {
    const size_t nw = j->size[NAS_WEIGHTS], na = j->size[NAS_ALPHAS];
    const double *w = j->point[NAS_WEIGHTS].at, *a = j->point[NAS_ALPHAS].at;
    double *g = j->gradient[NAS_ALPHAS].at;
    memset(g, 0, na * sizeof *g);
    add_product(g, loss == NAS_TRAIN ? -1 : 1, loss == NAS_TRAIN ? j->B : j->E, nw, na, true, w);
    add_product(g, 1, loss == NAS_TRAIN ? j->C : j->F, na, na, false, a);
    for (size_t i = 0; loss == NAS_VALID && i < na; i++) g[i] += j->q[i];
}

static base_status pass(void *self, nas_loss loss, unsigned flags, double *value, base_err *err) {
    closed_bilevel *j = self;
    const nas_vector alphas = j->point[NAS_ALPHAS];
    if (flags & NAS_SHIFTED) axpy(self, &j->point[NAS_ALPHAS], 1, &j->point[NAS_SHIFT]);
    if (flags & NAS_BY_WEIGHTS) by_weights(j, loss);
    if (flags & (NAS_BY_ALPHAS | NAS_BY_SHIFT)) by_alphas(j, loss);
    if (flags & NAS_BY_SHIFT) j->gradient[NAS_SHIFT] = j->gradient[NAS_ALPHAS];
    *(flags & (NAS_BY_WEIGHTS | NAS_BY_ALPHAS | NAS_BY_SHIFT) ? &j->passes : &j->forwards) += 1;
    j->moving += (flags & NAS_MOVE_STATE) != 0;
    j->last = loss;
    *value = loss == NAS_TRAIN ? closed_train(j) : closed_valid(j);
    j->point[NAS_ALPHAS] = alphas;
    return isfinite(*value) ? BASE_OK : BASE_FAIL(err, BASE_NUMERIC, "the loss became %g", *value);
}

static void add_decay(void *self, nas_vector *g) {
    const closed_bilevel *j = self;
    axpy(self, g, j->decay, &j->point[NAS_WEIGHTS]);
}

static void update(void *self, nas_side side) {
    closed_bilevel *j = self;
    nas_vector *direction = &j->gradient[side];
    if (side == NAS_WEIGHTS) {
        add_decay(j, direction);
        for (size_t i = 0; i < direction->size; i++) j->momentum.at[i] = j->mu * j->momentum.at[i] + direction->at[i];
        direction = &j->momentum;
    }
    axpy(self, &j->point[side], -j->rate[side], direction);
}

static void settle(void *self, nas_loss loss) {
    (void)self, (void)loss;
}

static base_rng random_numbers(void *self) {
    return base_rng_stream(1, BASE_RNG_TEST, ((const closed_bilevel *)self)->step, 0);
}

static double progress(void *self) {
    return ((const closed_bilevel *)self)->progress;
}

static double rate(void *self) {
    return ((const closed_bilevel *)self)->rate[NAS_WEIGHTS];
}

static const nas_vector *momentum(void *self, double *mu) {
    const closed_bilevel *j = self;
    *mu = j->mu;
    return &j->momentum;
}

nas_bilevel closed_bilevel_problem(closed_bilevel *j) {
    static const nas_bilevel_ops ops = {
        .create = create,
        .destroy = destroy,
        .copy = copy,
        .axpy = axpy,
        .scale = scale,
        .dot = dot,
        .normal = normal,
        .size = size,
        .map = map,
        .point = point,
        .gradient = gradient,
        .pass = pass,
        .settle = settle,
        .update = update,
        .rate = rate,
        .momentum = momentum,
        .add_decay = add_decay,
        .random = random_numbers,
        .progress = progress,
    };
    for (int side = 0; side < NAS_SIDES; side++) j->point[side].size = j->gradient[side].size = j->size[side];
    j->momentum.size = j->size[NAS_WEIGHTS];
    j->point[NAS_SHIFT].size = j->gradient[NAS_SHIFT].size = j->size[NAS_ALPHAS];
    return (nas_bilevel){.ops = &ops, .self = j};
}

closed_bilevel closed_scalar(void) {
    return (closed_bilevel){
        .size = {1, 1},
        .A = {1},
        .B = {1},
        .C = {1},
        .D = {1},
        .F = {.1},
        .p = {-1},
        .c = .5,
        .rate = {.1, .1},
        .point = {{.at = {.3}}, {.at = {-.4}}},
    };
}

closed_bilevel closed_vector(void) {
    return (closed_bilevel){
        .size = {2, 3},
        .A = {2, .5, .5, 1},
        .B = {1, -1, 0, 0, 2, 1},
        .D = {1, 0, 0, 1},
        .F = {.1, 0, 0, 0, .1, 0, 0, 0, .1},
        .p = {-1, 1},
        .c = 1,
        .rate = {.1, .05},
        .point = {{.at = {.5, .25}}, {.at = {.2, -.1, .3}}},
    };
}

closed_bilevel closed_paper(double rate_w, double rate_a) {
    return (closed_bilevel){
        .size = {1, 1},
        .A = {2},
        .B = {2},
        .C = {2},
        .E = {1},
        .q = {-2},
        .c = 1,
        .rate = {rate_w, rate_a},
        .point = {{.at = {-2}}, {.at = {2}}},
    };
}
