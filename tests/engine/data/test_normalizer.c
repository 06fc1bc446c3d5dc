/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/rng.h"
#include "engine/data/normalizer.h"

enum { ROWS = 70000, FEATURES = 6, CHANNELS = 2 };

/* Random bytes, or reals with a large mean and a small deviation; feature 3 never changes. */
static eng_dataset *random_set(eng_dataset_storage storage, size_t rank) {
    base_err err = {0};
    eng_dataset *set;
    const size_t flat[] = {FEATURES}, image[] = {1, FEATURES / CHANNELS, CHANNELS};
    CHECK_OK(
        eng_dataset_create("random", ENG_TARGET_NUMBERS, storage, ROWS, rank, rank == 1 ? flat : image, &set, &err));
    base_rng rng = base_rng_stream(11, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < ROWS * FEATURES; i++) {
        size_t j = i % FEATURES;
        if (storage == ENG_STORE_BYTES)
            set->bytes[i] = (uint8_t)(j == 3 ? 77 : j == 4 ? 255 : base_rng_below(&rng, 50 * (j + 1)));
        else
            set->reals[i] = j == 3 ? 1e6f : (float)(1000.0 * (double)j + base_rng_normal(&rng));
    }
    for (size_t i = 0; i < ROWS; i++) set->targets[i] = (float)(5e4 + 100 * base_rng_normal(&rng));
    return set;
}

static double value(const eng_dataset *set, size_t row, size_t feature) {
    size_t i = row * FEATURES + feature;
    return set->bytes ? (double)set->bytes[i] : (double)set->reals[i];
}

/* The plain formulas in long double over the training rows; images: over the pixels of a channel. */
static void naive(const eng_dataset *set, eng_part train, eng_normalize kind, size_t feature, long double *offset,
                  long double *scale) {
    bool image = set->rank > 1;
    size_t from = image ? feature % CHANNELS : feature, to = image ? FEATURES : feature + 1;
    long double sum = 0, square = 0, n = 0, min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < train.count; i++)
        for (size_t j = from; j < to; j += CHANNELS) {
            long double v = value(set, train.index[i], j);
            sum += v;
            n += 1;
            min = v < min ? v : min;
            max = v > max ? v : max;
        }
    for (size_t i = 0; i < train.count; i++)
        for (size_t j = from; j < to; j += CHANNELS) square += powl(value(set, train.index[i], j) - sum / n, 2);
    *offset = kind == ENG_NORMALISE_SCALE01 ? min : sum / n;
    *scale = max == min ? 0 : 1 / (kind == ENG_NORMALISE_SCALE01 ? max - min : sqrtl(square / n));
}

static void normalized_values_equal_a_naive_computation(void **state) {
    (void)state;
    static const eng_normalize kinds[] = {ENG_NORMALISE_SCALE01, ENG_NORMALIZE_STANDARD};
    static uint32_t index[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) index[i] = (i * 7919u) % ROWS;           /* 7919 is prime: a permutation */
    const eng_part train = {index, 66000}, rest = {index + 66000, ROWS - 66000}; /* more rows than a block of sums */
    for (unsigned c = 0; c < 8; c++) {
        base_err err = {0};
        eng_dataset *set = random_set(c & 1 ? ENG_STORE_BYTES : ENG_STORE_REALS, c & 2 ? 3 : 1);
        eng_normalize kind = kinds[c >> 2];
        eng_normalizer normalizer;
        CHECK_OK(eng_normalizer_fit(kind, set, train, &normalizer, &err));
        float *out = malloc(rest.count * FEATURES * sizeof *out);
        eng_normalizer_gather(&normalizer, set, rest.index, rest.count, out); /* rows that were not fitted */
        for (size_t j = 0; j < FEATURES; j++) {
            long double offset, scale;
            naive(set, train, kind, j, &offset, &scale);
            for (size_t i = 0; i < rest.count; i++) {
                double want = (double)((value(set, rest.index[i], j) - offset) * scale);
                /* the offset is rounded to a float: half an ulp of it, scaled, besides rounding of the result */
                double slack = 6e-8 * (double)(fabsl(offset) * scale) + 3e-7 * (1 + fabs(want));
                CHECK_NEAR((double)out[i * FEATURES + j], want, slack);
            }
        }
        free(out);
        eng_normalizer_fini(&normalizer);
        eng_dataset_destroy(set);
    }
}

static void none_leaves_values_and_targets_alone(void **state) {
    (void)state;
    static const uint32_t index[] = {5, 0, 69999};
    base_err err = {0};
    eng_dataset *set = random_set(ENG_STORE_BYTES, 3);
    eng_normalizer normalizer;
    float x[3 * FEATURES], y[3];
    CHECK_OK(eng_normalizer_fit(ENG_NORMALIZE_NONE, set, (eng_part){index, 3}, &normalizer, &err));
    eng_normalizer_gather(&normalizer, set, index, 3, x);
    eng_normalizer_gather_targets(&normalizer, set, index, 3, y);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < FEATURES; j++) assert_true((double)x[i * FEATURES + j] == value(set, index[i], j));
        assert_true(y[i] == set->targets[index[i]]);
    }
    eng_normalizer_fini(&normalizer);
    eng_dataset_destroy(set);
}

static void targets_are_standardized(void **state) {
    (void)state;
    static uint32_t index[ROWS];
    static float y[ROWS];
    for (uint32_t i = 0; i < ROWS; i++) index[i] = i;
    base_err err = {0};
    eng_dataset *set = random_set(ENG_STORE_REALS, 1);
    eng_normalizer normalizer;
    CHECK_OK(eng_normalizer_fit(ENG_NORMALISE_SCALE01, set, (eng_part){index, ROWS}, &normalizer, &err));
    eng_normalizer_gather_targets(&normalizer, set, index, ROWS, y);
    double mean = 0, square = 0;
    for (size_t i = 0; i < ROWS; i++) mean += (double)y[i] / ROWS;
    for (size_t i = 0; i < ROWS; i++) square += pow((double)y[i] - mean, 2) / ROWS;
    CHECK_NEAR(mean, 0, 1e-4); /* 5e4 in float has steps of 0.004, a deviation is 100 */
    CHECK_NEAR(square, 1, 1e-4);
    eng_normalizer_fini(&normalizer);
    for (size_t i = 0; i < ROWS; i++) set->targets[i] = 3;
    CHECK_OK(eng_normalizer_fit(ENG_NORMALIZE_STANDARD, set, (eng_part){index, ROWS}, &normalizer, &err));
    eng_normalizer_gather_targets(&normalizer, set, index, 1, y);
    assert_true(y[0] == 0 && normalizer.target_scale == 1); /* a constant target stays readable */
    eng_normalizer_fini(&normalizer);
    eng_dataset_destroy(set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalized_values_equal_a_naive_computation),
        cmocka_unit_test(none_leaves_values_and_targets_alone),
        cmocka_unit_test(targets_are_standardized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
