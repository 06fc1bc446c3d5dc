/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Second-order DARTS (Liu et al., ICLR 2019, eq. 6-8): the best weights are approximated by one step of training,
 *
 *     w' = w - xi (mu m + dL_train(w, a)/dw + d w),    g = dL_valid(w', a)/da - xi d2L_train(w, a)/da dw  v,
 *     v = dL_valid(w', a)/dw',
 *
 * and the product with the mixed second derivative is a central difference (eq. 8),
 *
 *     [dL_train(w + R v, a)/da - dL_train(w - R v, a)/da] / (2 R),    R = 0.01 / |v|.
 *
 * Details as in the authors' code: xi is the weights' learning rate now, the unrolled step has the optimizer's momentum
 * and weight decay but no clipping, the difference is that of the data's loss alone, and all passes by the training
 * loss see the same batch. The weights come back as an exact copy, so that nothing drifts, and no pass at shifted
 * weights moves running statistics (in the authors' code those of w +- R v do). */
#include "nas/step.h"

#include <math.h>

typedef struct second_order {
    double radius;                /* R |v| */
    nas_vector *w, *v;            /* of the weights: the present point, the direction */
    nas_vector *direct, *forward; /* of the alphas: dL_valid(w')/da, dL_train(w + R v)/da */
} second_order;

static base_status init(void *state, const nas_bilevel *p, base_err *err) {
    second_order *s = state;
    s->w = nas_create(p, NAS_WEIGHTS);
    s->v = nas_create(p, NAS_WEIGHTS);
    s->direct = nas_create(p, NAS_ALPHAS);
    s->forward = nas_create(p, NAS_ALPHAS);
    if (s->w && s->v && s->direct && s->forward) return BASE_OK;
    return BASE_FAIL(err, BASE_NOMEM, "no memory for two more copies of the weights, which a second-order step needs");
}

static void fini(void *state, const nas_bilevel *p) {
    second_order *s = state;
    nas_destroy(p, s->w);
    nas_destroy(p, s->v);
    nas_destroy(p, s->direct);
    nas_destroy(p, s->forward);
}

/* Moves the weights to w'. */
static base_status unroll(const nas_bilevel *p, double xi, base_err *err) {
    double loss, mu;
    nas_vector *w = nas_point(p, NAS_WEIGHTS), *g = nas_gradient(p, NAS_WEIGHTS);
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS, &loss, err));
    p->ops->add_decay(p->self, g);
    const nas_vector *m = p->ops->momentum(p->self, &mu);
    nas_axpy(p, w, -xi, g);
    if (m) nas_axpy(p, w, -xi * mu, m);
    return BASE_OK;
}

/* dL_train(w + c v, a)/da into the gradient view. */
static base_status shifted(const second_order *s, const nas_bilevel *p, double c, base_err *err) {
    double loss;
    nas_copy(p, nas_point(p, NAS_WEIGHTS), s->w);
    nas_axpy(p, nas_point(p, NAS_WEIGHTS), c, s->v);
    return nas_pass(p, NAS_TRAIN, NAS_BY_ALPHAS, &loss, err);
}

/* The gradient view of the alphas becomes g; the weights are somewhere else afterwards. */
static base_status gradient(const second_order *s, const nas_bilevel *p, double *valid, base_err *err) {
    nas_vector *g = nas_gradient(p, NAS_ALPHAS);
    const double xi = p->ops->rate(p->self);
    BASE_TRY(unroll(p, xi, err));
    BASE_TRY(nas_pass(p, NAS_VALID, NAS_BY_WEIGHTS | NAS_BY_ALPHAS, valid, err));
    nas_copy(p, s->v, nas_gradient(p, NAS_WEIGHTS));
    const double norm = sqrt(nas_dot(p, s->v, s->v));
    if (norm == 0) return BASE_OK; /* eq. 8 is 0 */
    const double r = s->radius / norm;
    nas_copy(p, s->direct, g);
    BASE_TRY(shifted(s, p, r, err));
    nas_copy(p, s->forward, g);
    BASE_TRY(shifted(s, p, -r, err));
    nas_axpy(p, s->direct, xi / (2 * r), g);
    nas_axpy(p, s->direct, -xi / (2 * r), s->forward);
    nas_copy(p, g, s->direct);
    return BASE_OK;
}

static base_status take(void *state, const nas_bilevel *p, nas_step_losses *losses, base_err *err) {
    const second_order *s = state;
    nas_copy(p, s->w, nas_point(p, NAS_WEIGHTS));
    const base_status status = gradient(s, p, &losses->valid, err);
    nas_copy(p, nas_point(p, NAS_WEIGHTS), s->w);
    BASE_TRY(status);
    nas_update(p, NAS_ALPHAS);
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS | NAS_MOVE_STATE, &losses->train, err));
    nas_update(p, NAS_WEIGHTS);
    return BASE_OK;
}

static const base_option options[] = {
    {.name = "radius",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(second_order, radius),
     .fallback = "0.01",
     .open_min = true,
     .max = -1,
     .help = "length of the shift of the weights in the finite difference"},
    BASE_OPTIONS_END,
};

const nas_step_type nas_step_second_order = {
    .name = "second",
    .summary = "alphas by the validation loss after one unrolled step of the weights, then the weights",
    .options = options,
    .state_size = sizeof(second_order),
    .moves_alphas = true,
    .unrolls = true,
    .passes = 5,
    .copies = 2,
    .init = init,
    .fini = fini,
    .take = take,
};
