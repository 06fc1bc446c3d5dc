/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two intertwined spirals: a set that no linear model learns (K. J. Lang, M. J. Witbrock, "Learning to Tell Two Spirals
 * Apart", Proc. 1988 Connectionist Models Summer School), here with noise and two turns in place of three. */
#include "engine/data/dataset.h"

#include <math.h>

#include "base/rng.h"

enum { PER_CLASS = 500, CLASSES = 2, STREAM = 2 };
static const double pi = 3.14159265358979323846, turns = 2.0, noise = 0.02;

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    static const char *const names[CLASSES] = {"first", "second"};
    const size_t features = 2;
    (void)source;
    BASE_TRY(eng_dataset_create("spirals", ENG_TARGET_CLASSES, ENG_STORE_REALS, PER_CLASS * CLASSES, 1, &features, out,
                                err));
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, STREAM, 0);
    for (size_t i = 0; i < (*out)->count; i++) {
        size_t label = i % CLASSES;
        double t = sqrt(base_rng_uniform(&rng)); /* the radius; even along the arc */
        double angle = 2 * pi * turns * t + pi * (double)label;
        float *x = (*out)->reals + features * i;
        x[0] = (float)(t * cos(angle) + noise * base_rng_normal(&rng));
        x[1] = (float)(t * sin(angle) + noise * base_rng_normal(&rng));
        (*out)->labels[i] = (int32_t)label;
    }
    eng_dataset_name_classes(*out, names, CLASSES);
    return BASE_OK;
}

const eng_dataset_type eng_dataset_spirals = {
    .name = "spirals",
    .summary = "1,000 points of two intertwined spirals in the plane; made",
    .load = load,
};
