/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the update of the tutorial's appendix A, written down again in its own way (C^-1/2 by a matrix iteration
 * instead of eigenvectors); constants that were computed by others; moments of what is drawn; the margins. */
#include "hpo/models/cma.h"

#include "hpo/models/linalg.h"
#include "tests/support/check.h"

enum { N = 4, LAMBDA = 8, MU = 4 };

/* ---- the update, again ---- */

typedef struct naive {
    double m[N], sigma, C[N][N], ps[N], pc[N];
    int g;
} naive;

/* C^-1/2 y by the coupled Newton iteration of E. Denman and A. Beavers (Appl. Math. Comput. 2, 1976). */
static void inverse_root(double C[N][N], double root[N][N]) {
    double Y[N][N], Z[N][N] = {{0}};
    memcpy(Y, C, sizeof Y);
    for (int i = 0; i < N; i++) Z[i][i] = 1;
    for (int steps = 0; steps < 60; steps++) {
        double inverse[2][N][N];
        for (int which = 0; which < 2; which++) { /* by Gauss and Jordan */
            double a[N][2 * N] = {{0}};
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) a[i][j] = which ? Z[i][j] : Y[i][j], a[i][N + j] = i == j;
            for (int p = 0; p < N; p++) {
                const double pivot = a[p][p];
                for (int j = 0; j < 2 * N; j++) a[p][j] /= pivot;
                for (int i = 0; i < N; i++) {
                    const double f = a[i][p];
                    for (int j = 0; j < 2 * N && i != p; j++) a[i][j] -= f * a[p][j];
                }
            }
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) inverse[which][i][j] = a[i][N + j];
        }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                const double y = Y[i][j];
                Y[i][j] = (y + inverse[1][i][j]) / 2;
                Z[i][j] = (Z[i][j] + inverse[0][i][j]) / 2;
            }
    }
    memcpy(root, Z, sizeof Z);
}

static void naive_update(naive *s, double x[LAMBDA][N]) {
    double w[LAMBDA], plus = 0, plus2 = 0, minus = 0, minus2 = 0;
    for (int i = 0; i < LAMBDA; i++) {
        w[i] = log((LAMBDA + 1) / 2.0) - log(i + 1.0);
        if (i < MU)
            plus += w[i], plus2 += w[i] * w[i];
        else
            minus -= w[i], minus2 += w[i] * w[i];
    }
    const double mueff = plus * plus / plus2, mueffm = minus * minus / minus2;
    const double cc = (4 + mueff / N) / (N + 4 + 2 * mueff / N), cs = (mueff + 2) / (N + mueff + 5);
    const double c1 = 2 / (pow(N + 1.3, 2) + mueff);
    const double cmu = fmin(1 - c1, 2 * (0.25 + mueff + 1 / mueff - 2) / (pow(N + 2, 2) + mueff));
    const double damps = 1 + 2 * fmax(0, sqrt((mueff - 1) / (N + 1)) - 1) + cs;
    const double alpha = fmin(fmin(1 + c1 / cmu, 1 + 2 * mueffm / (mueff + 2)), (1 - c1 - cmu) / (N * cmu));
    for (int i = 0; i < LAMBDA; i++) w[i] = w[i] > 0 ? w[i] / plus : w[i] * alpha / minus;

    double root[N][N], y[LAMBDA][N], step[N] = {0};
    inverse_root(s->C, root);
    for (int k = 0; k < LAMBDA; k++)
        for (int i = 0; i < N; i++) {
            y[k][i] = (x[k][i] - s->m[i]) / s->sigma;
            if (k < MU) step[i] += w[k] * y[k][i];
        }
    double length2 = 0;
    for (int i = 0; i < N; i++) {
        double z = 0;
        for (int j = 0; j < N; j++) z += root[i][j] * step[j];
        s->ps[i] = (1 - cs) * s->ps[i] + sqrt(cs * (2 - cs) * mueff) * z;
        length2 += s->ps[i] * s->ps[i];
        s->m[i] += s->sigma * step[i];
    }
    const double chi = sqrt(N) * (1 - 1.0 / (4 * N) + 1.0 / (21 * N * N));
    s->g++;
    const int h = sqrt(length2 / (1 - pow(1 - cs, 2 * s->g))) < (1.4 + 2.0 / (N + 1)) * chi;
    double sum = 0, C[N][N];
    for (int k = 0; k < LAMBDA; k++) sum += w[k];
    for (int i = 0; i < N; i++) s->pc[i] = (1 - cc) * s->pc[i] + h * sqrt(cc * (2 - cc) * mueff) * step[i];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double rank_mu = 0;
            for (int k = 0; k < LAMBDA; k++) {
                double norm2 = 0;
                for (int a = 0; a < N; a++) {
                    double z = 0;
                    for (int b = 0; b < N; b++) z += root[a][b] * y[k][b];
                    norm2 += z * z;
                }
                rank_mu += w[k] * (w[k] >= 0 ? 1 : N / norm2) * y[k][i] * y[k][j];
            }
            C[i][j] = (1 + c1 * (1 - h) * cc * (2 - cc) - c1 - cmu * sum) * s->C[i][j] + c1 * s->pc[i] * s->pc[j] +
                      cmu * rank_mu;
        }
    memcpy(s->C, C, sizeof C);
    s->sigma *= exp(cs / damps * (sqrt(length2) / chi - 1));
}

static double ellipsoid(const double *x) {
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += pow(1000, (double)i / (N - 1)) * (x[i] - 0.3) * (x[i] - 0.3);
    return sum;
}

static int by_loss(const void *a, const void *b) {
    const hpo_cma_point *x = a, *y = b;
    return (x->loss > y->loss) - (x->loss < y->loss);
}

static void generation(hpo_cma *cma, base_rng *rng, double x[LAMBDA][N], hpo_cma_point *points) {
    for (int k = 0; k < LAMBDA; k++) {
        hpo_cma_sample(cma, rng, x[k]);
        points[k] = (hpo_cma_point){.x = x[k], .loss = ellipsoid(x[k])};
    }
    qsort(points, LAMBDA, sizeof *points, by_loss);
}

static void updates_are_the_tutorials(void **state) {
    (void)state;
    const double mean[N] = {0.5, 0.5, 0.5, 0.5};
    hpo_cma *cma = hpo_cma_create(&(hpo_cma_config){.n = N, .lambda = LAMBDA, .mean = mean, .sigma = 0.3});
    naive other = {.sigma = 0.3};
    for (size_t i = 0; i < N; i++) other.m[i] = 0.5, other.C[i][i] = 1;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (int g = 0; g < 40; g++) {
        double x[LAMBDA][N], sorted[LAMBDA][N];
        hpo_cma_point points[LAMBDA];
        generation(cma, &rng, x, points);
        for (int k = 0; k < LAMBDA; k++) memcpy(sorted[k], points[k].x, sizeof sorted[k]);
        hpo_cma_update(cma, points);
        naive_update(&other, sorted);
        assert_true(fabs(hpo_cma_sigma(cma) / other.sigma - 1) < 1e-9);
        for (size_t i = 0; i < N; i++) {
            assert_true(fabs(hpo_cma_mean(cma)[i] - other.m[i]) < 1e-9 * other.sigma);
            for (size_t j = 0; j < N; j++)
                assert_true(fabs(hpo_cma_covariance(cma, i, j) - other.C[i][j]) <
                            1e-8 * sqrt(other.C[i][i] * other.C[j][j]));
        }
        assert_null(hpo_cma_stopped(cma));
    }
    hpo_cma_destroy(cma);
}

/* After some generations: means and covariances of 20,000 draws, within 5 standard errors. */
static void draws_have_these_moments(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    const double mean[N] = {0};
    hpo_cma *cma = hpo_cma_create(&(hpo_cma_config){.n = N, .lambda = LAMBDA, .mean = mean, .sigma = 0.3});
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    for (int g = 0; g < 30; g++) {
        double x[LAMBDA][N];
        hpo_cma_point points[LAMBDA];
        generation(cma, &rng, x, points);
        hpo_cma_update(cma, points);
    }
    double sum[N] = {0}, products[N][N] = {{0}}, x[N];
    for (size_t k = 0; k < DRAWS; k++) {
        hpo_cma_sample(cma, &rng, x);
        for (size_t i = 0; i < N; i++) x[i] = (x[i] - hpo_cma_mean(cma)[i]) / hpo_cma_sigma(cma);
        for (size_t i = 0; i < N; i++) {
            sum[i] += x[i] / DRAWS;
            for (size_t j = 0; j < N; j++) products[i][j] += x[i] * x[j] / DRAWS;
        }
    }
    for (size_t i = 0; i < N; i++) {
        const double a = hpo_cma_covariance(cma, i, i);
        assert_true(fabs(sum[i]) < 5 * sqrt(a / DRAWS));
        for (size_t j = 0; j < N; j++) {
            const double b = hpo_cma_covariance(cma, j, j), c = hpo_cma_covariance(cma, i, j);
            assert_true(fabs(products[i][j] - c) < 5 * sqrt((a * b + c * c) / DRAWS));
        }
    }
    hpo_cma_destroy(cma);
}

/* A foreign point far away counts as one at the distance sqrt(n) + 2 n / (n + 2). */
static void foreign_points_are_cut(void **state) {
    (void)state;
    const double mean[1] = {0}, near[1] = {3 * (1 + 2.0 / 3)}, far[1] = {1000};
    double got[2];
    for (int which = 0; which < 2; which++) {
        hpo_cma *cma = hpo_cma_create(&(hpo_cma_config){.n = 1, .lambda = 2, .mean = mean, .sigma = 3});
        const double other[1] = {-1};
        hpo_cma_update(cma, (hpo_cma_point[]){{.x = which ? far : near, .loss = 0, .foreign = which == 1},
                                              {.x = other, .loss = 1}});
        got[which] = hpo_cma_mean(cma)[0];
        hpo_cma_destroy(cma);
    }
    assert_true(fabs(got[0] - near[0]) < 1e-12 && fabs(got[0] - got[1]) < 1e-12);
}

/* ---- levels and choices ---- */

static hpo_cma_bin unit_bin(const void *context, size_t number, double value) { /* levels 0 ... 9 */
    (void)context, (void)number;
    const double level = fmin(fmax(rint(value), 0), 9);
    return (hpo_cma_bin){level > 0 ? level - 0.5 : -INFINITY, level, level < 9 ? level + 0.5 : INFINITY};
}

/* However long the same level and the same choice win, each other is still drawn: a choice's levels with at least their
 * margin, and the number leaves its level with at least half the margin, as Phi says. */
static void margins_remain(void **state) {
    (void)state;
    const size_t levels[] = {3};
    static const double bests[] = {0, 4, 9};
    for (int which = 0; which < 3; which++) {
        enum { POINTS = 6 };
        const double mean[] = {4.5, 4.5}, best = bests[which];
        hpo_cma *cma = hpo_cma_create(&(hpo_cma_config){.n = 2,
                                                        .stepped = (const bool[]){false, true},
                                                        .bin = unit_bin,
                                                        .n_choices = 1,
                                                        .levels = levels,
                                                        .lambda = POINTS,
                                                        .mean = mean,
                                                        .sigma = 2});
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, (uint32_t)which, 0);
        const double alpha = 1 - sqrt(0.73);
        for (int g = 0; g < 150; g++) {
            double x[POINTS][3];
            hpo_cma_point points[POINTS];
            for (int k = 0; k < POINTS; k++) {
                hpo_cma_sample(cma, &rng, x[k]);
                const double level = unit_bin(NULL, 1, x[k][1]).centre;
                points[k] = (hpo_cma_point){.x = x[k], .loss = x[k][0] * x[k][0] + fabs(level - best) + (x[k][2] != 1)};
            }
            qsort(points, POINTS, sizeof *points, by_loss);
            hpo_cma_update(cma, points);
            double sum = 0;
            for (int k = 0; k < 3; k++) {
                assert_true(hpo_cma_probabilities(cma)[k] >= alpha / 2 - 1e-12);
                sum += hpo_cma_probabilities(cma)[k];
            }
            assert_true(fabs(sum - 1) < 1e-12);
            const double m = hpo_cma_mean(cma)[1];
            const double deviation =
                hpo_cma_sigma(cma) * hpo_cma_widening(cma, 1) * sqrt(hpo_cma_covariance(cma, 1, 1));
            const hpo_cma_bin bin = unit_bin(NULL, 1, m);
            const double leaves =
                erfc((bin.high - m) / deviation / sqrt(2)) / 2 + erfc((m - bin.low) / deviation / sqrt(2)) / 2;
            assert_true(leaves >= alpha / 2 - 1e-9);
        }
        assert_true(unit_bin(NULL, 1, hpo_cma_mean(cma)[1]).centre == best);
        assert_true(hpo_cma_probabilities(cma)[1] > 0.8);
        hpo_cma_destroy(cma);
    }
}

static void separable_learns_scales_alone(void **state) {
    (void)state;
    const double mean[N] = {0.5, 0.5, 0.5, 0.5};
    hpo_cma *cma =
        hpo_cma_create(&(hpo_cma_config){.n = N, .lambda = LAMBDA, .mean = mean, .sigma = 0.3, .separable = true});
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    for (int g = 0; g < 100; g++) {
        double x[LAMBDA][N];
        hpo_cma_point points[LAMBDA];
        generation(cma, &rng, x, points);
        hpo_cma_update(cma, points);
    }
    assert_true(ellipsoid(hpo_cma_mean(cma)) < 1e-6);
    assert_true(hpo_cma_covariance(cma, 0, 1) == 0);
    for (size_t i = 0; i + 1 < N; i++) /* 10 to 1 in the ideal */
        assert_true(hpo_cma_covariance(cma, i, i) > 3 * hpo_cma_covariance(cma, i + 1, i + 1));
    hpo_cma_destroy(cma);
}

/* What flat losses, and losses that do not improve, are taken for. */
static void it_says_when_it_has_ended(void **state) {
    (void)state;
    const double mean[N] = {0};
    hpo_cma *cma = hpo_cma_create(&(hpo_cma_config){.n = N, .lambda = LAMBDA, .mean = mean, .sigma = 0.3});
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 0, 0);
    int g = 0;
    while (!hpo_cma_stopped(cma)) {
        double x[LAMBDA][N];
        hpo_cma_point points[LAMBDA];
        generation(cma, &rng, x, points);
        for (int k = 0; k < LAMBDA; k++) points[k].loss = 7;
        hpo_cma_update(cma, points);
        g++;
    }
    assert_int_equal(g, 10 + 30 * N / LAMBDA);
    assert_string_equal(hpo_cma_stopped(cma), "equal values");
    hpo_cma_destroy(cma);
}

/* Values of numpy.linalg for a matrix by hand. */
static void eigenvectors_are_rows(void **state) {
    (void)state;
    double a[9] = {2, 1, 0, 1, 2, 0, 0, 0, 5}, values[3];
    hpo_symmetric_eigen(a, 3, values);
    assert_true(fabs(values[0] - 1) < 1e-12 && fabs(values[1] - 3) < 1e-12 && fabs(values[2] - 5) < 1e-12);
    assert_true(fabs(a[0] + a[1]) < 1e-12 && fabs(fabs(a[0]) - sqrt(0.5)) < 1e-12 && fabs(a[2]) < 1e-12);
    assert_true(fabs(a[3] - a[4]) < 1e-12 && fabs(fabs(a[8]) - 1) < 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_are_the_tutorials),     cmocka_unit_test(draws_have_these_moments),
        cmocka_unit_test(foreign_points_are_cut),        cmocka_unit_test(margins_remain),
        cmocka_unit_test(separable_learns_scales_alone), cmocka_unit_test(it_says_when_it_has_ended),
        cmocka_unit_test(eigenvectors_are_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
