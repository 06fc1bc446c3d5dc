/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every instance of the vector kernels against libm in double: accuracy over the whole range, special values, every
 * length of tail, nothing written past the end. The ops' tests hold the derivatives. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "base/arena.h"
#include "base/rng.h"
#include "engine/tensor/kernels.h"
#include "tests/support/map_oracles.h"

typedef void kernels_check(const eng_kernels *kernels);

static void on_every_instance(kernels_check *check) {
    size_t ran = 0;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        assert_string_equal(kernels->name, *name);
        check(kernels);
        ran++;
    }
    assert_true(ran >= 1);
}

static void instances_are_found(void **state) {
    (void)state;
    assert_non_null(eng_kernels_find("portable"));
    assert_null(eng_kernels_find("sse9"));
    const eng_kernels *best = eng_kernels_find(NULL);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) assert_string_equal(best->name, "avx512");
#endif
    assert_non_null(best);
}

/* Distance in units in the last place of the float nearest to `want`. */
static double ulps(float got, double want) {
    double unit = fmax(ldexp(1.0, ilogb(want == 0.0 ? 1e-45 : want) - 23), ldexp(1.0, -149));
    return fabs((double)got - want) / unit;
}

enum { GRID = 20011 };

/* The worst error over a grid on [-range, range]: relative in ulps, or absolute. */
static double worst(eng_map_fn *map, double (*reference)(double), double range, bool relative) {
    static float x[GRID], y[GRID];
    double most = 0.0;
    for (int i = 0; i < GRID; i++) x[i] = (float)(range * (2.0 * i / (GRID - 1) - 1.0));
    map(GRID, x, y);
    for (int i = 0; i < GRID; i++) {
        double want = reference((double)x[i]);
        double error = relative ? ulps(y[i], want) : fabs((double)y[i] - want);
        assert_true(y[i] == y[i]);
        most = fmax(most, error);
    }
    return most;
}

static const eng_kernels *under_test; /* for the kernels that take more than an array */

static void elu_one(size_t n, const float *x, float *y) {
    under_test->elu(n, 1.0f, x, y);
}

static double ref_elu(double x) {
    return x > 0.0 ? x : expm1(x);
}

static void check_accuracy(const eng_kernels *k) {
#define IS_ACCURATE(name, ...) assert_true(worst(k->name, name##_oracle, 20.0, false) < 2e-6); /* of 20 at most */
    ENG_MAP_LIST(IS_ACCURATE)
#undef IS_ACCURATE
    assert_true(worst(k->exp, exp, 87.0, true) < 2.0);
    assert_true(worst(k->exp, exp, 88.7, true) < 2.0);
    assert_true(worst(k->sigmoid, sigmoid_oracle, 20.0, true) < 3.0);
    assert_true(worst(k->tanh, tanh, 12.0, true) < 3.0);
    assert_true(worst(k->tanh, tanh, 1e-3, true) < 2.0);
    assert_true(worst(k->swish, swish_oracle, 20.0, true) < 4.0);
    under_test = k;
    assert_true(worst(elu_one, ref_elu, 20.0, true) < 5.0);
    assert_true(worst(elu_one, ref_elu, 0.3, true) < 5.0);
    assert_true(worst(elu_one, ref_elu, 1e-3, true) < 2.0);
    assert_true(worst(k->gelu, gelu_oracle, 6.0, false) < 6e-7);
    assert_true(worst(k->gelu, gelu_oracle, 1.0, false) < 1.5e-7);
}

static void functions_are_accurate(void **state) {
    (void)state;
    on_every_instance(check_accuracy);
}

static float one(eng_map_fn *map, float x) {
    float y;
    map(1, &x, &y);
    return y;
}

/* Also the vector body, not only the tail, must treat a special value so. */
static float in_a_crowd(eng_map_fn *map, float x) {
    float v[64];
    for (int i = 0; i < 64; i++) v[i] = i == 37 ? x : 0.5f;
    map(64, v, v);
    return v[37];
}

#define KERNEL(name, ...) k->name,

static void check_specials(const eng_kernels *k) {
    eng_map_fn *const maps[1 + ENG_MAPS] = {k->exp, ENG_MAP_LIST(KERNEL)};
    for (size_t i = 0; i < CHECK_COUNT(maps); i++) {
        assert_true(isnan(one(maps[i], NAN)) && isnan(one(maps[i], -NAN)));
        assert_true(isnan(in_a_crowd(maps[i], NAN)) && isnan(in_a_crowd(maps[i], -NAN)));
    }
    float (*const ask[])(eng_map_fn *, float) = {one, in_a_crowd};
    for (size_t i = 0; i < 2; i++) {
        assert_true(ask[i](k->exp, INFINITY) == INFINITY);
        assert_true(ask[i](k->exp, 89.0f) == INFINITY);
        assert_true(ask[i](k->exp, -INFINITY) == 0.0f);
        assert_true(ask[i](k->exp, 0.0f) == 1.0f);
        assert_true(ulps(ask[i](k->exp, -95.0f), exp(-95.0)) < 2.0); /* subnormal */
        assert_true(ask[i](k->sigmoid, INFINITY) == 1.0f);
        assert_true(ask[i](k->sigmoid, -INFINITY) == 0.0f);
        assert_true(ask[i](k->sigmoid, 0.0f) == 0.5f);
        assert_true(ask[i](k->tanh, INFINITY) == 1.0f);
        assert_true(ask[i](k->tanh, -INFINITY) == -1.0f);
        assert_true(ask[i](k->tanh, 0.0f) == 0.0f);
        assert_true(ask[i](k->relu, -INFINITY) == 0.0f);
        assert_true(ask[i](k->relu, INFINITY) == INFINITY);
        assert_true(ask[i](k->gelu, 30.0f) == 30.0f);
        assert_true(ask[i](k->gelu, -30.0f) == 0.0f);
    }
}

static void special_values_are_kept(void **state) {
    (void)state;
    on_every_instance(check_specials);
}

/* A value does not depend on where in an array it stands, nor on what stands beside it. */
static void check_tails(const eng_kernels *k) {
    eng_map_fn *const maps[] = {k->exp, ENG_MAP_LIST(KERNEL)};
    float x[130], whole[130], y[131];
    for (int i = 0; i < 130; i++) x[i] = (float)(i - 60) * 0.11f;
    for (size_t m = 0; m < CHECK_COUNT(maps); m++) {
        maps[m](130, x, whole);
        for (size_t n = 0; n <= 130; n++) {
            for (size_t i = 0; i < 131; i++) y[i] = -777.0f;
            maps[m](n, x, y);
            assert_memory_equal(y, whole, n * sizeof(float));
            assert_true(y[n] == -777.0f);
        }
    }
}

static void values_do_not_depend_on_position(void **state) {
    (void)state;
    on_every_instance(check_tails);
}

static void check_sums(const eng_kernels *k) {
    static const size_t sizes[] = {0, 1, 5, 64, 4095, 4097, 30000};
    static double random[2][30000];
    static float x[30000], t[30000];
    for (uint32_t i = 0; i < 2; i++) gradcheck_fill(i, 0.0, 30000, random[i]);
    gradcheck_to_float(30000, random[0], x);
    gradcheck_to_float(30000, random[1], t);
    for (size_t s = 0; s < CHECK_COUNT(sizes); s++) {
        double squares = 0.0, absolute = 0.0, error = 0.0, product = 0.0, sizes_of = 0.0;
        for (size_t i = 0; i < sizes[s]; i++) {
            squares += random[0][i] * random[0][i];
            absolute += fabs(random[0][i]);
            product += random[0][i] * random[1][i];
            sizes_of += fabs(random[0][i] * random[1][i]);
            error += (random[0][i] - random[1][i]) * (random[0][i] - random[1][i]);
        }
        CHECK_CLOSE(k->sum_squares(sizes[s], x), squares, 2e-6);
        CHECK_CLOSE(k->sum_abs(sizes[s], x), absolute, 2e-6);
        CHECK_CLOSE(k->squared_error(sizes[s], x, t), error, 2e-6);
        CHECK_NEAR(k->dot(sizes[s], x, t), product, 1e-6 * sizes_of);
    }
    x[17] = NAN;
    assert_true(isnan(k->sum_squares(64, x)) && isnan(k->sum_abs(64, x)) && isnan(k->squared_error(64, x, t)));
}

static void check_multiples(const eng_kernels *k) {
    enum { COUNT = 131 };
    double random[2][COUNT];
    float x[COUNT], y[COUNT + 1], z[COUNT + 1];
    for (uint32_t i = 0; i < 2; i++) gradcheck_fill(i, 0.0, COUNT, random[i]);
    gradcheck_to_float(COUNT, random[0], x);
    gradcheck_to_float(COUNT, random[1], y);
    y[COUNT] = z[COUNT] = 7.0f; /* stays */
    k->scale(COUNT, -1.5f, x, z);
    for (size_t i = 0; i < COUNT; i++) assert_true(z[i] == -1.5f * x[i]);
    k->axpy(COUNT, 0.3f, x, y);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_NEAR((double)y[i], (double)0.3f * random[0][i] + random[1][i], 3e-7 * (1.0 + fabs(random[1][i])));
    assert_true(y[COUNT] == 7.0f && z[COUNT] == 7.0f);
    x[5] = NAN;
    k->axpy(COUNT, 0.0f, x, y); /* zero times what is not a number is none either */
    assert_true(isnan(y[5]));
}

static void multiples_are_exact(void **state) {
    (void)state;
    on_every_instance(check_multiples);
}

static void sums_are_accurate(void **state) {
    (void)state;
    on_every_instance(check_sums);
}

/* Rows of any width, shifted by numbers that would overflow without the maximum taken out. */
static void check_softmax_rows(const eng_kernels *k, size_t rows, size_t cols, double shift, double smoothing) {
    size_t n = rows * cols;
    double *x = calloc(n, sizeof *x), *p = calloc(n, sizeof *p), loss = 0.0;
    float *fx = calloc(n, sizeof *fx), *fp = calloc(n + 1, sizeof *fp);
    int32_t *labels = calloc(rows, sizeof *labels);
    gradcheck_fill(5, 0.0, n, x);
    for (size_t r = 0; r < rows; r++) {
        double max = -INFINITY, sum = 0.0;
        labels[r] = (int32_t)((r * 31 + 1) % cols);
        for (size_t c = 0; c < cols; c++) x[r * cols + c] += shift * (double)(r + 1);
        gradcheck_round(cols, x + r * cols);
        for (size_t c = 0; c < cols; c++) max = fmax(max, x[r * cols + c]);
        for (size_t c = 0; c < cols; c++) sum += exp(x[r * cols + c] - max);
        for (size_t c = 0; c < cols; c++) {
            double log_p = x[r * cols + c] - max - log(sum);
            p[r * cols + c] = exp(log_p);
            loss -= log_p * (smoothing / (double)cols + ((size_t)labels[r] == c ? 1.0 - smoothing : 0.0));
        }
    }
    gradcheck_to_float(n, x, fx);
    fp[n] = -7.0f;
    k->softmax(rows, cols, fx, fp);
    gradcheck_near("softmax", n, fp, p, 5e-7);
    memset(fp, 0, n * sizeof *fp);
    CHECK_CLOSE(k->softmax_loss(rows, cols, (float)smoothing, fx, labels, fp), loss, 3e-6);
    gradcheck_near("softmax of the loss", n, fp, p, 5e-7);
    assert_true(fp[n] == -7.0f);
    fx[n - 1] = NAN;
    assert_true(isnan(k->softmax_loss(rows, cols, (float)smoothing, fx, labels, fp)));
    assert_true(isnan(fp[n - 1]));
    free(x), free(p), free(fx), free(fp), free(labels);
}

static void check_softmax(const eng_kernels *k) {
    static const size_t rows[] = {1, 2, 15, 16, 17, 65}, cols[] = {1, 2, 3, 10, 16, 24, 25, 100, 3000};
    for (size_t r = 0; r < CHECK_COUNT(rows); r++)
        for (size_t c = 0; c < CHECK_COUNT(cols); c++)
            for (int s = 0; s < 2; s++) {
                check_softmax_rows(k, rows[r], cols[c], 0.0, 0.1 * s);
                if (rows[r] * cols[c] < 5000) check_softmax_rows(k, rows[r], cols[c], 300.0, 0.1 * s);
            }
}

static void softmax_is_stable_for_any_width(void **state) {
    (void)state;
    on_every_instance(check_softmax);
}

/* The loss of a sure and wrong answer is the distance of the logits, not infinity. */
static void check_extremes(const eng_kernels *k) {
    const float x[3] = {1000.0f, -1000.0f, 0.0f};
    float p[3];
    CHECK_NEAR(k->softmax_loss(1, 3, 0.0f, x, (const int32_t[]){1}, p), 2000.0, 1e-3);
    CHECK_NEAR(k->softmax_loss(1, 3, 0.0f, x, (const int32_t[]){0}, p), 0.0, 1e-12);
    enum { MANY = 5000 }; /* so many rows that the product of their sums would overflow a double many times */
    static float rows[2 * MANY], prob[2 * MANY];
    static int32_t labels[MANY];
    CHECK_CLOSE(k->softmax_loss(MANY, 2, 0.0f, rows, labels, prob), MANY * log(2.0), 1e-9);
    CHECK_CLOSE(k->softmax_loss(10, 1000, 0.0f, rows, labels, prob), 10 * log(1000.0), 1e-9);
}

static void extreme_logits_have_finite_losses(void **state) {
    (void)state;
    on_every_instance(check_extremes);
}

/* ---- normal noise ---- */

/* Number i by its definition: its words, and libm in double. */
static double normal_at(base_rng stream, size_t i) {
    const size_t pair = i % 32;
    uint32_t block[4], words[2];
    for (size_t w = 0; w < 2; w++) {
        const size_t word = 32 * w + pair; /* of the 64: word / 16 of block word % 16 */
        const uint32_t counter[4] = {(uint32_t)(16 * (i / 64) + word % 16), 0, stream.counter[2], stream.counter[3]};
        base_philox4x32(counter, stream.key, block);
        words[w] = block[word / 16] >> 8;
    }
    const double radius = sqrt(-2.0 * log((words[0] + 1) * 0x1p-24)), turn = 6.283185307179586 * words[1] * 0x1p-24;
    return radius * (i % 64 < 32 ? cos(turn) : sin(turn));
}

static void normals_are_those_of_box_and_muller(const eng_kernels *kernels) {
    enum { COUNT = 200000 };
    const base_rng stream = base_rng_stream(9, BASE_RNG_TEST, 5, 6);
    float *y = base_malloc(COUNT * sizeof *y), part[101];
    double moment[5] = {0};
    kernels->normal(COUNT, 0, 1.0f, stream.key, stream.counter, y);
    for (size_t i = 0; i < COUNT; i++) {
        if (i < 20000) CHECK_NEAR(y[i], normal_at(stream, i), 2e-6);
        for (int p = 1; p < 5; p++) moment[p] += pow(y[i], p) / COUNT;
    }
    CHECK_NEAR(moment[1], 0.0, 4 * sqrt(1.0 / COUNT)); /* four standard errors */
    CHECK_NEAR(moment[2], 1.0, 4 * sqrt(2.0 / COUNT));
    CHECK_NEAR(moment[3], 0.0, 4 * sqrt(15.0 / COUNT));
    CHECK_NEAR(moment[4], 3.0, 4 * sqrt(96.0 / COUNT));
    for (size_t n = 0; n <= 100; n += 10) { /* a part of the sequence, and nothing behind its end */
        part[n] = 77.0f;
        kernels->normal(n, 640, 3.0f, stream.key, stream.counter, part);
        for (size_t i = 0; i < n; i++) CHECK_NEAR(part[i], 3.0f * y[640 + i], 1e-5);
        assert_true(part[n] == 77.0f);
    }
    free(y);
}

static void normals_are_normal(void **state) {
    (void)state;
    on_every_instance(normals_are_those_of_box_and_muller);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_are_found),
        cmocka_unit_test(functions_are_accurate),
        cmocka_unit_test(special_values_are_kept),
        cmocka_unit_test(values_do_not_depend_on_position),
        cmocka_unit_test(sums_are_accurate),
        cmocka_unit_test(multiples_are_exact),
        cmocka_unit_test(softmax_is_stable_for_any_width),
        cmocka_unit_test(extreme_logits_have_finite_losses),
        cmocka_unit_test(normals_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
