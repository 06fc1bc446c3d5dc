/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shifts of edge weights in a box whose radius grows with the search (SDARTS, section 5.1, and the authors' code). */
#include "nas/steps/perturb.h"

#include <math.h>

double nas_perturbation_radius(const nas_perturbation *s, const nas_bilevel *p) {
    return s->radius_start + (s->radius_end - s->radius_start) * p->ops->progress(p->self);
}

typedef struct box {
    double radius;
    base_rng rng;
} box;

static double draw(void *data, double x) {
    box *b = data;
    (void)x;
    return b->radius * (2 * base_rng_uniform(&b->rng) - 1);
}

static double clip(void *data, double x) {
    const box *b = data;
    return fmin(fmax(x, -b->radius), b->radius);
}

void nas_perturb_at_random(const nas_bilevel *p, double radius) {
    box b = {radius, p->ops->random(p->self)};
    p->ops->map(p->self, nas_point(p, NAS_SHIFT), draw, &b);
    p->ops->settle(p->self, NAS_TRAIN);
}

void nas_perturb_within(const nas_bilevel *p, double radius) {
    box b = {.radius = radius};
    p->ops->map(p->self, nas_point(p, NAS_SHIFT), clip, &b);
    p->ops->settle(p->self, NAS_TRAIN);
}

base_status nas_move_alphas(const nas_bilevel *p, double *loss, base_err *err) {
    BASE_TRY(nas_pass(p, NAS_VALID, NAS_BY_ALPHAS, loss, err));
    nas_update(p, NAS_ALPHAS);
    return BASE_OK;
}

base_status nas_move_perturbed_weights(const nas_bilevel *p, double *loss, base_err *err) {
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS | NAS_MOVE_STATE | NAS_SHIFTED, loss, err));
    nas_update(p, NAS_WEIGHTS);
    return BASE_OK;
}

#define RADIUS(field) .name = #field, .kind = BASE_OPTION_REAL, .offset = offsetof(nas_perturbation, field)

const base_option nas_perturbation_options[] = {
    {RADIUS(radius_start), .fallback = "0.03", .max = 1, .help = "largest shift of an edge weight in the first epoch"},
    {RADIUS(radius_end), .fallback = "0.3", .max = 1, .help = "what it grows to, linearly, with the search's epochs"},
    BASE_OPTIONS_END,
};
