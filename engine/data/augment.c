/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shifts (a crop of the padded image), horizontal flips, cutout.
 *
 * Pad and crop, and flips: K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2.
 * Cutout: T. DeVries, G. W. Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
 * arXiv:1708.04552, section 3.2: the square may hang over the edge, and is filled with zeros after normalization, which
 * are the mean.
 *
 * Every image draws the same numbers in the same order whatever is on, so switching one change on leaves the others as
 * they are. */
#include "engine/data/augment.h"

#include <string.h>

#include "base/rng.h"

typedef struct image_shape {
    size_t height, width, channels;
} image_shape;

bool eng_augment_is_on(const eng_augment *augment) {
    return augment->crop > 0 || augment->flip || augment->cutout > 0;
}

size_t eng_augment_scratch(const eng_dataset *set) {
    return set->features + set->shape[set->rank - 1];
}

/* out(y, x) = in(y + down, x' + right), x' mirrored when flip, black outside. */
static void move(image_shape s, const float *black, ptrdiff_t down, ptrdiff_t right, bool flip, const float *in,
                 float *out) {
    for (size_t y = 0; y < s.height; y++)
        for (size_t x = 0; x < s.width; x++, out += s.channels) {
            const ptrdiff_t from_y = (ptrdiff_t)y + down;
            const ptrdiff_t from_x = (ptrdiff_t)(flip ? s.width - 1 - x : x) + right;
            bool inside = from_y >= 0 && from_y < (ptrdiff_t)s.height && from_x >= 0 && from_x < (ptrdiff_t)s.width;
            const float *pixel = inside ? in + ((size_t)from_y * s.width + (size_t)from_x) * s.channels : black;
            memcpy(out, pixel, s.channels * sizeof *out);
        }
}

static void cut(image_shape s, size_t side, size_t centre_y, size_t centre_x, float *image) {
    const size_t before = side / 2, after = side - before; /* pixels centre - before .. centre + after - 1 */
    const size_t top = centre_y > before ? centre_y - before : 0, left = centre_x > before ? centre_x - before : 0;
    const size_t bottom = centre_y + after < s.height ? centre_y + after : s.height;
    const size_t right = centre_x + after < s.width ? centre_x + after : s.width;
    for (size_t y = top; y < bottom; y++)
        memset(image + (y * s.width + left) * s.channels, 0, (right - left) * s.channels * sizeof *image);
}

void eng_augment_image(const eng_augment *augment, const eng_dataset *set, const eng_normalizer *normalizer,
                       uint64_t seed, uint64_t epoch, uint32_t sample, float *image, float *scratch) {
    const image_shape s = {set->shape[0], set->shape[1], set->shape[2]};
    const size_t reach = 2 * augment->crop + 1;
    base_rng rng = base_rng_stream(seed, BASE_RNG_AUGMENT, sample, (uint32_t)epoch);
    const double draw[5] = {base_rng_uniform(&rng), base_rng_uniform(&rng), base_rng_uniform(&rng),
                            base_rng_uniform(&rng), base_rng_uniform(&rng)};
    const ptrdiff_t down = (ptrdiff_t)(draw[0] * (double)reach) - (ptrdiff_t)augment->crop;
    const ptrdiff_t right = (ptrdiff_t)(draw[1] * (double)reach) - (ptrdiff_t)augment->crop;
    const bool flip = augment->flip && draw[2] < 0.5;
    if (down != 0 || right != 0 || flip) {
        float *black = scratch + set->features; /* what a stored zero becomes */
        for (size_t c = 0; c < s.channels; c++) black[c] = (0.0f - normalizer->offset[c]) * normalizer->scale[c];
        memcpy(scratch, image, set->features * sizeof *image);
        move(s, black, down, right, flip, scratch, image);
    }
    if (augment->cutout > 0)
        cut(s, augment->cutout, (size_t)(draw[3] * (double)s.height), (size_t)(draw[4] * (double)s.width), image);
}
