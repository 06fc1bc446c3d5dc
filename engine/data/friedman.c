/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Friedman's first regression problem: five inputs that matter, five that do not.
 *
 * J. H. Friedman, "Multivariate Adaptive Regression Splines", Annals of Statistics 19(1), 1991, eq. (56):
 * y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + N(0,1), x uniform in [0,1]^10. The noise makes 1 the lowest
 * mean squared error that can be had. */
#include "engine/data/dataset.h"

#include <math.h>

#include "base/rng.h"

enum { SAMPLES = 2000, INPUTS = 10, STREAM = 3 };
static const double pi = 3.14159265358979323846;

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    const size_t features = INPUTS;
    (void)source;
    BASE_TRY(eng_dataset_create("friedman", ENG_TARGET_NUMBERS, ENG_STORE_REALS, SAMPLES, 1, &features, out, err));
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, STREAM, 0);
    for (size_t i = 0; i < SAMPLES; i++) {
        float *x = (*out)->reals + INPUTS * i;
        for (size_t j = 0; j < INPUTS; j++) x[j] = base_rng_uniformf(&rng);
        double y = 10 * sin(pi * (double)x[0] * (double)x[1]) + 20 * pow((double)x[2] - 0.5, 2) + 10 * (double)x[3] +
                   5 * (double)x[4];
        (*out)->targets[i] = (float)(y + base_rng_normal(&rng));
    }
    return BASE_OK;
}

const eng_dataset_type eng_dataset_friedman = {
    .name = "friedman",
    .summary = "2,000 lines of Friedman's first regression problem, 10 inputs; made, the best mse is 1",
    .load = load,
};
