/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy EHVI against the plain mean of gains of hypervolume over many draws, without noise and with it; its slopes. */
#include "hpo/models/noisy_ehvi.h"

#include "hpo/models/hypervolume.h"
#include "hpo/trials/order.h"
#include "tests/hpo/models/dense_gp.h"

enum { GOALS = 6, OBSERVED = 6, RUNNING = 1, KNOWN = OBSERVED + RUNNING, ALL = KNOWN + 1 };

/* Goals are other losses at the same points: turned and shifted, so that they disagree. */
typedef struct goals {
    rig r[GOALS];
    hpo_gp *gp[GOALS];
} goals;

static void open_goals(goals *all, size_t k, double noise) {
    for (size_t g = 0; g < k; g++) {
        rig *r = &all->r[g];
        rig_open(r);
        for (size_t i = 0; i < DIMS; i++) r->theta[i] -= 0.7;
        for (size_t i = 0; i < N; i++) {
            const double y = r->y[i];
            r->y[i] = g == 0   ? y / 2
                      : g == 1 ? -y / 2 + 0.3 * sin((double)i)
                               : cos((double)(g * i)); /* without a pattern that goals have in common */
        }
        r->theta[DIMS + 1] = log(noise);
        all->gp[g] = hpo_gp_create(&r->embedding, HPO_KERNEL_MATERN52);
    }
}

static void condition(goals *all, size_t k, size_t n, size_t running) {
    for (size_t g = 0; g < k; g++) {
        const rig *r = &all->r[g];
        hpo_gp_condition(
            all->gp[g], r->theta,
            &(hpo_gp_points){
                .unit = r->unit, .y = r->y, .n = n, .block = n, .pending = r->unit + n * DIMS, .n_pending = running});
        (void)hpo_gp_predictions(all->gp[g], DIMS, NULL);
    }
}

static void close_goals(goals *all, size_t k) {
    for (size_t g = 0; g < k; g++) {
        hpo_gp_destroy(all->gp[g]);
        rig_close(&all->r[g]);
    }
}

static hpo_noisy_ehvi *noisy_of(goals *all, size_t k, const double *reference, const bool *counts, uint32_t seed) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
    hpo_gp_draws *draws[GOALS];
    for (size_t g = 0; g < k; g++) draws[g] = hpo_gp_draws_create(all->gp[g], &rng);
    return hpo_noisy_ehvi_create(draws, k, reference, counts);
}

static double log_value(goals *all, size_t k, const double *reference, const bool *counts, uint32_t seed,
                        const double *point) {
    double mean, variance;
    hpo_noisy_ehvi *noisy = noisy_of(all, k, reference, counts, seed);
    const hpo_surrogate surrogate = hpo_noisy_ehvi_surrogate(noisy);
    surrogate.predict(surrogate.self, point, 1, &mean, &variance);
    assert_true(variance == 0);
    hpo_noisy_ehvi_destroy(noisy);
    return -mean;
}

/* Cholesky's factor of the joint posterior covariance of f(Z) and f(x), and the means. */
static void joint(const rig *r, const double *point, double *mean, double (*factor)[ALL]) {
    const double *at[ALL];
    double ignored;
    for (size_t i = 0; i < ALL; i++) at[i] = i < KNOWN ? r->unit + i * DIMS : point;
    for (size_t i = 0; i < ALL; i++) {
        reference_predict(r, OBSERVED, OBSERVED, at[i], &mean[i], &ignored);
        for (size_t j = 0; j <= i; j++) {
            double s = reference_covariance(r, OBSERVED, at[i], at[j]);
            for (size_t l = 0; l < j; l++) s -= factor[i][l] * factor[j][l];
            factor[i][j] = i == j ? sqrt(fmax(s, 1e-12)) : s / factor[j][j];
        }
    }
}

static double brute_force(const goals *all, size_t k, const double *reference, const double *point) {
    enum { DRAWS = 100000 };
    double mean[GOALS][ALL], factor[GOALS][ALL][ALL] = {{{0}}}, sum = 0;
    for (size_t g = 0; g < k; g++) joint(&all->r[g], point, mean[g], factor[g]);
    base_rng rng = base_rng_stream(77, BASE_RNG_TEST, 0, 0);
    for (size_t d = 0; d < DRAWS; d++) {
        double losses[ALL * GOALS];
        for (size_t g = 0; g < k; g++) {
            double z[ALL];
            for (size_t i = 0; i < ALL; i++) {
                z[i] = base_rng_normal(&rng);
                losses[i * k + g] = mean[g][i];
                for (size_t l = 0; l <= i; l++) losses[i * k + g] += factor[g][i][l] * z[l];
            }
        }
        sum += hpo_hypervolume_gain(losses + KNOWN * k, losses, KNOWN, k, reference) / DRAWS;
    }
    return sum;
}

static void agrees_with_brute_force(void **state) {
    (void)state;
    enum { SEEDS = 200 };
    const double reference[GOALS] = {1.5, 1.5, 1.5, 1.5, 1.5, 1.5};
    static const double noise[] = {0.02, 0.3};
    for (size_t k = 2; k <= GOALS; k++) {
        for (size_t c = 0; c < CHECK_COUNT(noise); c++) {
            goals all;
            open_goals(&all, k, noise[c]);
            condition(&all, k, OBSERVED, RUNNING);
            for (size_t i = N - 2; i < N; i++) {
                const double *point = all.r[0].unit + i * DIMS;
                double mean = 0;
                for (uint32_t seed = 0; seed < SEEDS; seed++)
                    mean += exp(log_value(&all, k, reference, NULL, seed, point)) / SEEDS;
                CHECK_CLOSE(mean, brute_force(&all, k, reference, point), 0.03);
            }
            close_goals(&all, k);
        }
    }
}

/* E max(edge - Y, 0) */
static double psi(double edge, double mean, double sigma) {
    return sigma * exp(hpo_log_improvement((edge - mean) / sigma));
}

/* What each process alone expects there. */
static void posterior_at(const goals *all, size_t k, const double *point, double *mean, double *sigma) {
    for (size_t g = 0; g < k; g++) {
        double variance;
        const hpo_surrogate plain = hpo_gp_predictions(all->gp[g], DIMS, NULL);
        plain.predict(plain.self, point, 1, &mean[g], &variance);
        sigma[g] = sqrt(variance);
    }
}

/* EHVI of two goals over sorted strips (M. Emmerich, K. Yang, A. Deutz, H. Wang, C. M. Fonseca, 2016, equation 12). */
static double strips(const double *front, size_t n, const double *reference, const double *mean, const double *sigma) {
    double sum = 0;
    for (size_t i = 0; i <= n; i++) {
        const double right = i < n ? front[2 * i] : reference[0], top = i > 0 ? front[2 * i - 1] : reference[1];
        const double left = i > 0 ? psi(front[2 * i - 2], mean[0], sigma[0]) : 0;
        sum += (psi(right, mean[0], sigma[0]) - left) * psi(top, mean[1], sigma[1]);
    }
    return sum;
}

static int by_first(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Without noise and without running points it is EHVI over the front of those observations that count. */
static void is_ehvi_without_noise(void **state) {
    (void)state;
    enum { ROWS = 20 };
    const double reference[] = {1, 1};
    goals all;
    bool counts[ROWS];
    open_goals(&all, 2, 1e-6);
    condition(&all, 2, ROWS, 0);
    for (int some = 0; some < 2; some++) {
        double front[2 * ROWS];
        size_t n = 0;
        for (size_t i = 0; i < ROWS; i++) counts[i] = !some || i % 3 != 0;
        for (size_t i = 0; i < ROWS; i++) {
            const double mine[] = {all.r[0].y[i], all.r[1].y[i]};
            bool there = counts[i] && mine[0] < reference[0] && mine[1] < reference[1];
            for (size_t j = 0; j < ROWS && there; j++)
                there = !counts[j] || !hpo_dominates((double[]){all.r[0].y[j], all.r[1].y[j]}, mine, 2);
            if (there) memcpy(front + 2 * n++, mine, sizeof mine);
        }
        assert_true(n > 2);
        qsort(front, n, 2 * sizeof *front, by_first);
        for (size_t i = ROWS; i < N; i++) {
            const double *point = all.r[0].unit + i * DIMS;
            double mean[2], sigma[2];
            posterior_at(&all, 2, point, mean, sigma);
            const double expected = log(strips(front, n, reference, mean, sigma));
            CHECK_NEAR(log_value(&all, 2, reference, some ? counts : NULL, 5, point), expected,
                       0.01 * (1 + fabs(expected)));
        }
    }
    close_goals(&all, 2);
}

/* One row on the front: what is below the reference, less what the row dominates. */
static void is_a_closed_form_over_one_row(void **state) {
    (void)state;
    const double reference[GOALS] = {2, 1.5, 1.2, 1.5, 2, 1.7};
    const bool counts[OBSERVED] = {[2] = true};
    for (size_t k = 2; k <= GOALS; k++) {
        goals all;
        open_goals(&all, k, 1e-6);
        condition(&all, k, OBSERVED, 0);
        for (size_t i = OBSERVED; i < N; i++) {
            const double *point = all.r[0].unit + i * DIMS;
            double mean[GOALS], sigma[GOALS], whole = 1, dominated = 1;
            posterior_at(&all, k, point, mean, sigma);
            for (size_t g = 0; g < k; g++) {
                const double y = all.r[g].y[2], below = psi(reference[g], mean[g], sigma[g]);
                assert_true(y < reference[g]);
                whole *= below;
                dominated *= below - psi(y, mean[g], sigma[g]);
            }
            const double expected = log(whole - dominated);
            CHECK_NEAR(log_value(&all, k, reference, counts, 3, point), expected, 0.01 * (1 + fabs(expected)));
        }
        close_goals(&all, k);
    }
}

/* So many boxes that not all draws are used: without noise one tells as much as all of them. */
static void few_draws_suffice_for_many_goals(void **state) {
    (void)state;
    enum { ROWS = N - 2, OUTCOMES = 20000, K = 6 };
    const double reference[GOALS] = {2, 2, 2, 2, 2, 2};
    goals all;
    open_goals(&all, K, 1e-6);
    condition(&all, K, ROWS, 0);
    double rows[ROWS * K];
    for (size_t i = 0; i < ROWS * K; i++) rows[i] = all.r[i % K].y[i / K];
    for (size_t i = ROWS; i < N; i++) {
        const double *point = all.r[0].unit + i * DIMS;
        double mean[GOALS], sigma[GOALS], sum = 0;
        posterior_at(&all, K, point, mean, sigma);
        base_rng rng = base_rng_stream(78, BASE_RNG_TEST, 0, 0);
        for (size_t o = 0; o < OUTCOMES; o++) {
            double outcome[K];
            for (size_t g = 0; g < K; g++) outcome[g] = mean[g] + sigma[g] * base_rng_normal(&rng);
            sum += hpo_hypervolume_gain(outcome, rows, ROWS, K, reference) / OUTCOMES;
        }
        CHECK_CLOSE(exp(log_value(&all, K, reference, NULL, 5, point)), sum, 0.03);
    }
    close_goals(&all, K);
}

/* Near, and so far from the reference that every gain underflows. */
static void slopes_are_those_of_the_logarithm(void **state) {
    (void)state;
    static const double edges[] = {1.5, -60};
    for (size_t k = 2; k <= GOALS; k++) {
        for (size_t e = 0; e < CHECK_COUNT(edges); e++) {
            double reference[GOALS];
            for (size_t g = 0; g < k; g++) reference[g] = edges[e];
            goals all;
            open_goals(&all, k, 0.02);
            condition(&all, k, 20, 3);
            hpo_noisy_ehvi *noisy = noisy_of(&all, k, reference, NULL, 1);
            const hpo_surrogate surrogate = hpo_noisy_ehvi_surrogate(noisy);
            for (size_t i = 23; i < N; i++) {
                double mean, variance;
                const double *point = all.r[0].unit + i * DIMS;
                check_slopes(&surrogate, point, 1e-5);
                surrogate.predict(surrogate.self, point, 1, &mean, &variance);
                assert_true(isfinite(mean) && (e == 0 || mean > 800));
            }
            hpo_noisy_ehvi_destroy(noisy);
            close_goals(&all, k);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_brute_force),           cmocka_unit_test(is_ehvi_without_noise),
        cmocka_unit_test(is_a_closed_form_over_one_row),     cmocka_unit_test(few_draws_suffice_for_many_goals),
        cmocka_unit_test(slopes_are_those_of_the_logarithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
