/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: the same sums in long double, with the C library's exponential. */
#include <math.h>

#include "base/rng.h"
#include "hpo/models/sums.h"
#include "tests/support/check.h"

enum { N = 64, DIMS = 5 };

static void exponentials_are_accurate(void **state) {
    (void)state;
    double values[HPO_LANES];
    for (double x = 0; x > -44; x -= 0.00737) {
        for (size_t k = 0; k < HPO_LANES; k++) values[k] = k == 3 ? x : -(double)INFINITY;
        /* log(1 + e^x), the first term being `extra` */
        const double sum = expm1(hpo_log_sum_exp(values, NULL, HPO_LANES, 0));
        CHECK_NEAR(sum, exp(x), 4e-16);
        CHECK_NEAR(hpo_log_sum_exp(values, NULL, HPO_LANES, -(double)INFINITY), x, 0);
    }
}

static void weighted_sums(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t round = 0; round < 500; round++) {
        const double spread = round % 5 == 0 ? 1 : 60, offset = 1000 * (base_rng_uniform(&rng) - 0.5);
        double values[N], weights[N], largest = offset - 3;
        for (size_t i = 0; i < N; i++) {
            values[i] = offset - spread * base_rng_uniform(&rng);
            weights[i] = 0.1 + base_rng_uniform(&rng);
            if (i % 7 == 0) values[i] = -(double)INFINITY;
            if (i % 11 == 0) {
                values[i] = (double)NAN;
                weights[i] = 0;
            }
            if (values[i] > largest) largest = values[i];
        }
        long double sum = expl((long double)offset - 3 - (long double)largest);
        for (size_t i = 0; i < N; i++) {
            if (isfinite(values[i]))
                sum += (long double)weights[i] * expl((long double)values[i] - (long double)largest);
        }
        CHECK_NEAR(hpo_log_sum_exp(values, weights, N, offset - 3), (double)((long double)largest + logl(sum)),
                   1e-15 * (1 + fabs(offset)));
    }
}

static void squares(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    double tiles[N * DIMS], point[DIMS], values[N], scale[N], again[N];
    for (size_t i = 0; i < N * DIMS; i++) tiles[i] = base_rng_uniform(&rng);
    for (size_t d = 0; d < DIMS; d++) point[d] = base_rng_uniform(&rng);
    for (size_t i = 0; i < N; i++) scale[i] = 10 * base_rng_uniform(&rng);
    hpo_squared_distances(tiles, N / HPO_LANES, DIMS, point, values);
    for (size_t i = 0; i < N; i++) {
        double sum = 0;
        for (size_t d = 0; d < DIMS; d++) {
            const double z = tiles[(i / HPO_LANES * DIMS + d) * HPO_LANES + i % HPO_LANES] - point[d];
            sum -= z * z;
        }
        CHECK_NEAR(values[i], sum, 0);
        again[i] = values[i];
    }
    hpo_subtract_squares(again, tiles, scale, point[0], N);
    for (size_t i = 0; i < N; i++) {
        const double z = (tiles[i] - point[0]) * scale[i];
        CHECK_NEAR(again[i], values[i] - z * z, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponentials_are_accurate),
        cmocka_unit_test(weighted_sums),
        cmocka_unit_test(squares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
