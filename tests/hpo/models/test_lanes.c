/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the same sums in long double, with the C library's functions, and GSL's quantiles; the copies for other
 * instruction sets, bit for bit. */
#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "base/rng.h"
#include "hpo/models/acquisition.h"
#include "hpo/models/lanes.h"
#include "tests/support/check.h"

enum { N = 400, AXES = 3, POINTS = 70 };
static const long double ROOT_1_2 = 0.707106781186547524400844L;

typedef struct scene {
    double x[AXES][N], scale[AXES][N], weight[N], base[POINTS][N], points[POINTS][AXES];
    const double *x_of[AXES], *scale_of[AXES];
} scene;

static void make_scene(scene *s, uint32_t which, bool alike) {
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, which, 0);
    const double spread = which % 5 == 0 ? 1 : 30, offset = 1000 * (base_rng_uniform(&rng) - 0.5);
    for (size_t i = 0; i < N; i++) {
        s->weight[i] = i % 11 == 0 ? 0 : 0.1 + base_rng_uniform(&rng);
        for (size_t p = 0; p < POINTS; p++) {
            s->base[p][i] = p > 0 && alike ? s->base[0][i] : offset - spread * base_rng_uniform(&rng);
            if (i % 7 == 0) s->base[p][i] = -(double)INFINITY;
            if (i % 11 == 0) s->base[p][i] = (double)NAN;
        }
        for (size_t a = 0; a < AXES; a++) {
            s->x[a][i] = base_rng_uniform(&rng);
            s->scale[a][i] = 20 * base_rng_uniform(&rng);
        }
    }
    for (size_t p = 0; p < POINTS * AXES; p++) s->points[p / AXES][p % AXES] = base_rng_uniform(&rng);
    for (size_t a = 0; a < AXES; a++) {
        s->x_of[a] = s->x[a];
        s->scale_of[a] = s->scale[a];
    }
}

static double log_mixture(const scene *s, size_t point, bool scaled, bool weighted) {
    long double values[N], largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < N; i++) {
        values[i] = isnan(s->base[point][i]) ? -INFINITY : s->base[point][i];
        for (size_t a = 0; a < AXES; a++) {
            const long double z = ((long double)s->x[a][i] - s->points[point][a]) * (scaled ? s->scale[a][i] : 1);
            values[i] -= z * z;
        }
        if (values[i] > largest) largest = values[i];
    }
    for (size_t i = 0; i < N; i++) sum += (weighted ? s->weight[i] : 1) * expl(values[i] - largest);
    return (double)(largest + logl(sum));
}

static void mixtures_are_their_definition(void **state) {
    (void)state;
    static scene s;
    for (uint32_t round = 0; round < 40; round++) {
        const bool scaled = round % 2, weighted = round % 3, alike = round % 4 < 2;
        const size_t count = round % POINTS + 1;
        double out[POINTS];
        make_scene(&s, round, alike);
        const hpo_mixture mixture = {
            .rows = N,
            .axes = AXES,
            .x = s.x_of,
            .scale = scaled ? s.scale_of : NULL,
            .weight = weighted ? s.weight : NULL,
            .base = s.base[0],
            .base_stride = alike ? 0 : N,
        };
        hpo_lanes()->mixture(&mixture, s.points[0], count, out);
        for (size_t p = 0; p < count; p++) {
            const double expected = log_mixture(&s, p, scaled, weighted);
            CHECK_NEAR(out[p], expected, 2e-15 * (1 + fabs(expected)));
        }
    }
}

/* One row beside one whose logarithm is 0: log(1 + e^x). */
static void exponentials_are_accurate(void **state) {
    (void)state;
    double base[HPO_LANES], out;
    const hpo_mixture mixture = {.rows = HPO_LANES, .base = base};
    for (double x = 0; x > -44; x -= 0.00737) {
        for (size_t k = 0; k < HPO_LANES; k++) base[k] = k == 3 ? x : k == 5 ? 0 : -(double)INFINITY;
        hpo_lanes()->mixture(&mixture, NULL, 1, &out);
        CHECK_NEAR(out, log1p(exp(x)), 4e-16);
        base[5] = -(double)INFINITY;
        hpo_lanes()->mixture(&mixture, NULL, 1, &out);
        CHECK_NEAR(out, x, 0);
    }
}

static long double tail(double z) {
    return erfcl(fabsl(z) * ROOT_1_2) / 2;
}

static void tails_keep_their_digits(void **state) {
    (void)state;
    double mean[HPO_LANES], deviation[HPO_LANES], out[2 * HPO_LANES];
    for (double sigma = 0.012; sigma <= 1; sigma *= 1.07) {
        for (double edge = 0; edge <= 1; edge += 1.0 / 64) {
            for (size_t k = 0; k < HPO_LANES; k++) {
                mean[k] = (double)k / 7;
                deviation[k] = sigma;
            }
            hpo_lanes()->tails(mean, deviation, HPO_LANES, (const double[]){edge, 1}, 2, out);
            for (size_t k = 0; k < HPO_LANES; k++) {
                const double z = (edge - mean[k]) / sigma, expected = (double)tail(z);
                if (fabs(z) > 36) continue; /* below 1e-280 */
                CHECK_NEAR(fabs(out[k]), expected, expected * 4e-16 * (3 + z * z));
                assert_true((out[k] < 0) == (edge < mean[k]));
            }
        }
    }
}

static void norms_and_masses(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    for (size_t round = 0; round < 500; round++) {
        double mean[HPO_LANES], sigma[HPO_LANES], scale[HPO_LANES], norm[HPO_LANES], tails[4 * HPO_LANES],
            mass[HPO_LANES];
        const double low = base_rng_uniform(&rng), high = low + (1 - low) * (0.01 + 0.9 * base_rng_uniform(&rng));
        for (size_t k = 0; k < HPO_LANES; k++) {
            mean[k] = base_rng_uniform(&rng);
            sigma[k] = pow(0.01, base_rng_uniform(&rng));
        }
        hpo_lanes()->normals(mean, sigma, HPO_LANES, scale, norm);
        hpo_lanes()->tails(mean, sigma, HPO_LANES, (const double[]){0, 1, low, high}, 4, tails);
        hpo_lanes()->log_masses(tails + 2 * HPO_LANES, tails + 3 * HPO_LANES, tails, tails + HPO_LANES, HPO_LANES,
                                mass);
        for (size_t k = 0; k < HPO_LANES; k++) {
            const long double a = ((long double)low - mean[k]) / sigma[k], b = ((long double)high - mean[k]) / sigma[k];
            const long double inside = 1 - tail(mean[k] / sigma[k]) - tail((1 - mean[k]) / sigma[k]);
            const long double part = a > 0   ? erfcl(a * ROOT_1_2) - erfcl(b * ROOT_1_2)
                                     : b < 0 ? erfcl(-b * ROOT_1_2) - erfcl(-a * ROOT_1_2)
                                             : erfl(b * ROOT_1_2) - erfl(a * ROOT_1_2);
            CHECK_NEAR(scale[k], (double)(ROOT_1_2 / sigma[k]), 4e-16 / sigma[k]);
            CHECK_NEAR(norm[k], (double)(logl(sigma[k] * inside) + 0.918938533204672741780L), 2e-15);
            if (part < 1e-290L) continue;
            const double expected = (double)logl(part / 2 / inside);
            CHECK_NEAR(mass[k], expected, 1e-13 * (1 + fabs(expected)));
        }
    }
}

static double quantile(double mean, double sigma, double v) {
    double tails[2 * HPO_LANES], means[HPO_LANES], sigmas[HPO_LANES], at[HPO_LANES];
    for (size_t k = 0; k < HPO_LANES; k++) {
        means[k] = mean;
        sigmas[k] = sigma;
        at[k] = v;
    }
    hpo_lanes()->tails(means, sigmas, HPO_LANES, (const double[]){0, 1}, 2, tails);
    hpo_lanes()->quantiles(means, sigmas, tails, tails + HPO_LANES, at, HPO_LANES, at);
    return at[3];
}

/* Nothing is cut off of a narrow one; the parts where the polynomial ends are met, and the ends. */
static void quantiles_of_normals(void **state) {
    (void)state;
    const double sigma = 0.01;
    for (double v = 1e-12; v < 1; v = v < 0.01 ? v * 1.5 : v + 0.0037) {
        CHECK_NEAR((quantile(0.5, sigma, v) - 0.5) / sigma, gsl_cdf_ugaussian_Pinv(v), 2e-13);
        CHECK_NEAR((quantile(0.5, sigma, 1 - v) - 0.5) / sigma, gsl_cdf_ugaussian_Qinv(1 - (1 - v)), 2e-13);
    }
    CHECK_NEAR(quantile(0.3, 0.2, 0), 0, 1e-15);
    CHECK_NEAR(quantile(0.3, 0.2, 1), 1, 1e-15);
    for (double v = 0.01; v < 1; v += 0.01) {
        const double x = quantile(0.3, 0.4, v), inside = (double)(1 - tail(0.3 / 0.4) - tail(0.7 / 0.4));
        CHECK_NEAR((double)(erfcl((0.3L - x) / 0.4L * ROOT_1_2) / 2 - tail(0.3 / 0.4)) / inside, v, 1e-14);
    }
}

/* Wherever in a block and in a group of blocks they begin and end, and where the counter's lower half overflows. */
static void many_uniforms_are_single_ones(void **state) {
    (void)state;
    for (size_t copy = 0; hpo_lanes_all()[copy]; copy++) {
        for (uint32_t begin = 0; begin < 6; begin++) {
            for (size_t count = 0; count < 70; count++) {
                base_rng one = base_rng_stream(5, BASE_RNG_TEST, begin, 0);
                if (count % 2 == 0) one.counter[0] = UINT32_MAX - 11;
                base_rng many = one;
                double out[70];
                for (uint32_t i = 0; i < begin; i++) assert_int_equal(base_rng_u32(&one), base_rng_u32(&many));
                hpo_lanes_all()[copy]->uniforms(&many, out, count);
                for (size_t i = 0; i < count; i++) CHECK_SAME_DOUBLE(out[i], base_rng_uniform(&one));
                assert_int_equal(base_rng_u32(&one), base_rng_u32(&many));
            }
        }
    }
}

static void every_copy_gives_the_same_bits(void **state) {
    (void)state;
    static scene s;
    make_scene(&s, 3, false);
    const hpo_mixture mixture = {N, AXES, s.x_of, s.scale_of, s.weight, s.base[0], N};
    const hpo_mixture plain = {N, AXES, s.x_of, NULL, NULL, s.base[0], 0};
    const double edges[] = {0, 1, 0.2, 0.7}, *columns[] = {s.weight, s.x[0], s.x[1]};
    static double first[9 * N], again[9 * N];
    for (size_t copy = 0; hpo_lanes_all()[copy]; copy++) {
        const hpo_lane_kernels *lanes = hpo_lanes_all()[copy];
        double *out = copy == 0 ? first : again;
        memset(out, 0, sizeof first);
        lanes->mixture(&mixture, s.points[0], POINTS, out);
        lanes->mixture(&plain, s.points[0], POINTS, out + POINTS);
        lanes->tails(s.x[0], s.weight, N, edges, 4, out + N); /* a weight of 0: the oddest values, too */
        lanes->log_masses(out + 3 * N, out + 4 * N, out + N, out + 2 * N, N, out + 5 * N);
        lanes->quantiles(s.x[0], s.weight, out + N, out + 2 * N, s.x[1], N, out + 6 * N);
        lanes->normals(s.x[0], s.scale[0], N, out + 7 * N, out + 8 * N);
        lanes->add_columns(out + 5 * N, N, columns, 1);
        assert_memory_equal(out, first, sizeof first);
    }
}

/* A box that has no end below, and one that has: by the C library's logarithm of h. */
static void gains_keep_their_digits(void **state) {
    (void)state;
    double low[HPO_LANES], high[HPO_LANES], out[HPO_LANES];
    for (double mean = -40; mean < 600; mean += 0.73) {
        for (size_t k = 0; k < HPO_LANES; k++) {
            low[k] = k < 4 ? -1e300 : -(double)k;
            high[k] = (double)k / 3;
            out[k] = 1;
        }
        hpo_lanes()->log_gains(low, high, HPO_LANES, mean, 2, out);
        for (size_t k = 0; k < HPO_LANES; k++) {
            const double top = hpo_log_improvement((high[k] - mean) / 2);
            const double share = k < 4 ? 0 : -exp(hpo_log_improvement((low[k] - mean) / 2) - top);
            const double expected = 1 + log(2) + top + log1p(share);
            CHECK_NEAR(out[k], expected, 1e-10 * (1 + fabs(expected)));
        }
        for (size_t copy = 0; hpo_lanes_all()[copy]; copy++) {
            double again[HPO_LANES] = {1, 1, 1, 1, 1, 1, 1, 1};
            hpo_lanes_all()[copy]->log_gains(low, high, HPO_LANES, mean, 2, again);
            assert_memory_equal(again, out, sizeof out);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixtures_are_their_definition),  cmocka_unit_test(exponentials_are_accurate),
        cmocka_unit_test(tails_keep_their_digits),        cmocka_unit_test(norms_and_masses),
        cmocka_unit_test(quantiles_of_normals),           cmocka_unit_test(many_uniforms_are_single_ones),
        cmocka_unit_test(every_copy_gives_the_same_bits), cmocka_unit_test(gains_keep_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
