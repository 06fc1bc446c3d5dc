/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Four Gaussian blobs in the plane, one per class: a set that any classifier learns, and whose best error is known.
 *
 * The centres are the corners of a square with side 2a and the noise has deviation 1 in both coordinates, so the best
 * classifier is the sign of each coordinate and its error is 1 - Phi(a)^2: 2.7 % at a = 2.2108. */
#include "engine/data/dataset.h"

#include "base/rng.h"

enum { PER_CLASS = 250, CLASSES = 4, STREAM = 1 };
static const double half_side = 2.2108;

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    static const char *const names[CLASSES] = {"south-west", "south-east", "north-west", "north-east"};
    const size_t features = 2;
    (void)source;
    BASE_TRY(
        eng_dataset_create("blobs", ENG_TARGET_CLASSES, ENG_STORE_REALS, PER_CLASS * CLASSES, 1, &features, out, err));
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, STREAM, 0);
    for (size_t i = 0; i < (*out)->count; i++) {
        size_t label = i % CLASSES;
        float *x = (*out)->reals + features * i;
        x[0] = (float)((label & 1 ? half_side : -half_side) + base_rng_normal(&rng));
        x[1] = (float)((label & 2 ? half_side : -half_side) + base_rng_normal(&rng));
        (*out)->labels[i] = (int32_t)label;
    }
    eng_dataset_name_classes(*out, names, CLASSES);
    return BASE_OK;
}

const eng_dataset_type eng_dataset_blobs = {
    .name = "blobs",
    .summary = "1,000 points of four Gaussian blobs in the plane; made, the best error is 2.7 %",
    .load = load,
};
