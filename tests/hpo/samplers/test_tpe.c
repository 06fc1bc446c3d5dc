/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a proposal depends on: how many results, which ones, and what is running. */
#include "hpo/models/parzen.h"
#include "tests/hpo/samplers/results.h"

static const char one[] = "{parameters: {x: {min: 0.0, max: 1.0}}, options: {%s}}";

static void open_one(toy_sampling *s, uint64_t seed, const char *options) {
    char yaml[200];
    snprintf(yaml, sizeof yaml, one, options);
    toy_sampling_open(s, "tpe", seed, yaml);
}

static double grid_loss(double x) {
    return (x - 0.3) * (x - 0.3);
}

/* Ten successes are needed; failures do not count towards them. */
static void it_begins_at_random(void **state) {
    (void)state;
    static toy_sampling s;
    open_one(&s, 1, "");
    for (size_t i = 0; i < 5; i++) add_finished(&s, (double[]){0.1 * (double)i}, 1, (double)NAN);
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(propose(&s, 0), "random");
        add_finished(&s, (double[]){0.1 * (double)i}, 1, (double)i);
    }
    assert_string_equal(propose(&s, 0), "model");
    toy_sampling_close(&s);
}

/* Mean proposal over seeds, after 40 results on a grid and what `then` adds. */
static double mean_distance(const char *options, double from, void (*then)(toy_sampling *s)) {
    static toy_sampling s;
    double sum = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        open_one(&s, seed, options);
        for (size_t i = 0; i < 40; i++) {
            const double x = ((double)i + 0.5) / 40;
            add_finished(&s, &x, 1, grid_loss(x));
        }
        if (then) then(&s);
        assert_string_equal(propose(&s, 0), "model");
        sum += fabs(s.config[0] - from) / 200;
        toy_sampling_close(&s);
    }
    return sum;
}

static void run_many_at_the_best(toy_sampling *s) {
    for (size_t i = 0; i < 20; i++) add_running(s, (double[]){0.28 + 0.002 * (double)i}, 1);
}

static void fail_at_the_best(toy_sampling *s) {
    for (size_t i = 0; i < 20; i++) add_finished(s, (double[]){0.28 + 0.002 * (double)i}, 1, (double)NAN);
}

static void proposals_lie_near_the_best(void **state) {
    (void)state;
    assert_true(mean_distance("", 0.3, NULL) < 0.1);
}

/* Twenty running trials at the optimum push proposals away, unless the lie is switched off: then they change nothing.
 */
static void running_trials_push_away(void **state) {
    (void)state;
    const double alone = mean_distance("", 0.3, NULL), beside = mean_distance("", 0.3, run_many_at_the_best);
    assert_true(beside > 1.3 * alone);
    const double honest = mean_distance("constant_liar: false", 0.3, NULL);
    const double ignored = mean_distance("constant_liar: false", 0.3, run_many_at_the_best);
    assert_true(fabs(ignored - honest) < 0.3 * honest);
}

static void failures_push_away(void **state) {
    (void)state;
    assert_true(mean_distance("", 0.3, fail_at_the_best) > 1.3 * mean_distance("", 0.3, NULL));
}

/* Results at a higher fidelity come first: the best set is theirs, although the losses of lower ones are smaller. */
static void higher_fidelities_come_first(void **state) {
    (void)state;
    double mean[2] = {0, 0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (int high = 0; high < 2; high++) {
            static toy_sampling s;
            open_one(&s, seed, "data: last");
            for (size_t i = 0; i < 40; i++) {
                const double x = ((double)i + 0.5) / 80;
                add_finished(&s, &x, 0.1, grid_loss(x) - 100);
            }
            for (size_t i = 0; i < 5; i++) add_finished(&s, (double[]){0.85 + 0.01 * (double)i}, high ? 1 : 0.1, 5);
            propose(&s, 0);
            mean[high] += s.config[0] / 100;
            toy_sampling_close(&s);
        }
    }
    assert_true(mean[0] < 0.5);
    assert_true(mean[1] > 0.7);
}

/* In a joint density two parameters that were good together stay together: with separate ones they mix. */
static void a_joint_density_keeps_pairs(void **state) {
    (void)state;
    static const char yaml[] =
        "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, options: {gamma: 0.5, density: %s}}";
    double apart[2] = {0, 0};
    for (int mode = 0; mode < 2; mode++) {
        for (uint64_t seed = 0; seed < 100; seed++) {
            static toy_sampling s;
            char text[200];
            snprintf(text, sizeof text, yaml, mode == 0 ? "multivariate" : "univariate");
            toy_sampling_open(&s, "tpe", seed, text);
            for (size_t i = 0; i < 50; i++) {
                const double e = 0.002 * (double)i, low = 0.1 + e, high = 0.9 - e;
                const bool flip = i % 2, good = i < 25;
                const double a = flip ? high : low, b = good ? a : flip ? low : high;
                add_finished(&s, (double[]){a, b}, 1, good ? 0 : 1);
            }
            propose(&s, 0);
            apart[mode] += fabs(s.config[0] - s.config[1]) / 100;
            toy_sampling_close(&s);
        }
    }
    assert_true(apart[0] < 0.7 * apart[1]);
}

static void it_beats_random_search(void **state) {
    (void)state;
    double tpe = 0, random = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        tpe += log(best_distance("tpe", seed, 4, 80)) / 10;
        random += log(best_distance("random", seed, 4, 80)) / 10;
    }
    assert_true(tpe < random - log(3));
}

/* ---- priors ---- */

/* log of the normal of that centre and deviation, truncated to [0,1]. */
static double log_belief(double x, double center, double deviation) {
    const double z = (x - center) / deviation, root = deviation * sqrt(2);
    const double mass = (erf((1 - center) / root) - erf(-center / root)) / 2;
    return -z * z / 2 - log(deviation * sqrt(2 * 3.14159265358979323846) * mass);
}

/* Two blocks: x (prior), c (prior) and u (none) together, y (prior) by itself because of its condition. */
static const char believed[] =
    "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.8, confidence: high}, c: {values: [p, q, r], prior: q, confidence: "
    "low}, u: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0, prior: 0.2, when: {c: q}}}, options: {prior: true, "
    "prior_weight: %g, candidates: 24}}";
enum { DRAWS = 24, DIMS = 4, RESULTS = 20, GOOD = 2 };

static double belief_of_block(const double *point, bool second) {
    if (second) return log_belief(point[3], 0.2, 0.25);
    const double choice = floor(point[1] * 3) == 1 ? 2.0 / 4 : 1.0 / 4; /* weights 1, 2, 1 */
    return log_belief(point[0], 0.8, 0.125) + log(3 * choice);
}

/* The best draw of a block by the formula: of DRAWS draws from l the last `redrawn` get their priors' coordinates. */
static void best_of_block(const toy_sampling *s, hpo_parzen *l, hpo_parzen *g, bool second, double gamma,
                          size_t redrawn, base_rng *rng, double *best) {
    static const size_t first_dims[] = {0, 1, 2}, second_dims[] = {3};
    const size_t *dims = second ? second_dims : first_dims, n = second ? 1 : 3;
    double points[DRAWS][DIMS], log_l[DRAWS], log_g[DRAWS], highest = -(double)INFINITY;
    hpo_parzen_fit(l, dims, n, NULL);
    hpo_parzen_fit(g, dims, n, NULL);
    hpo_parzen_draw(l, rng, DRAWS, points[0]);
    for (size_t k = DRAWS - redrawn; k < DRAWS; k++) {
        for (size_t i = 0; i < n; i++) {
            const hpo_param *param = hpo_space_param(s->space, dims[i]);
            if (dims[i] != 2) points[k][dims[i]] = hpo_param_to_unit(param, hpo_param_draw_prior(param, rng));
        }
    }
    hpo_parzen_log_density(l, points[0], DRAWS, log_l);
    hpo_parzen_log_density(g, points[0], DRAWS, log_g);
    for (size_t k = 0; k < DRAWS; k++) {
        const double score = log_l[k] - log_g[k] + gamma * belief_of_block(points[k], second);
        if (!(score > highest)) continue;
        highest = score;
        for (size_t i = 0; i < n; i++) best[dims[i]] = points[k][dims[i]];
    }
}

/* Results on a lattice; the first GOOD of them are the best. */
static void add_believed_results(toy_sampling *s, double points[RESULTS][DIMS]) {
    for (size_t i = 0; i < RESULTS; i++) {
        double config[DIMS] = {fmod(0.37 * (double)i + 0.3, 1), (double)(i % 3), fmod(0.61 * (double)i, 1),
                               fmod(0.23 * (double)i, 1)};
        hpo_space_activate(s->space, config);
        hpo_space_to_unit(s->space, config, points[i]);
        add_finished(s, config, 1, (double)i);
    }
}

/* The proposal is the draw of the highest log l - log g + gamma_n log pi, computed here with the priors in closed form;
 * gamma_n = prior_weight / 20 and 24 gamma_n / (1 + gamma_n) draws are from the priors. */
static void priors_weigh_the_ratio(void **state) {
    (void)state;
    static const struct {
        double weight;
        size_t redrawn;
    } cases[] = {{0, 0}, {2, 2}, {10, 8}, {20, 12}, {1000, 24}};
    static toy_sampling s;
    for (size_t k = 0; k < CHECK_COUNT(cases); k++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            char yaml[500];
            double points[RESULTS][DIMS], unit[DIMS], expected[DIMS];
            snprintf(yaml, sizeof yaml, believed, cases[k].weight);
            toy_sampling_open(&s, "tpe", seed, yaml);
            add_believed_results(&s, points);
            hpo_parzen *l = hpo_parzen_create(s.space), *g = hpo_parzen_create(s.space);
            hpo_parzen_add(l, points[0], GOOD);
            hpo_parzen_add(g, points[GOOD], RESULTS - GOOD);
            base_rng rng = base_rng_stream(seed, BASE_RNG_SAMPLER, RESULTS, 0);
            const double gamma = cases[k].weight / RESULTS;
            best_of_block(&s, l, g, false, gamma, cases[k].redrawn, &rng, unit);
            best_of_block(&s, l, g, true, gamma, cases[k].redrawn, &rng, unit);
            hpo_space_from_unit(s.space, unit, expected);
            assert_string_equal(propose(&s, 0), "model");
            assert_memory_equal(s.config, expected, sizeof expected);
            hpo_parzen_destroy(l);
            hpo_parzen_destroy(g);
            toy_sampling_close(&s);
        }
    }
}

/* While nothing is known proposals are draws from the prior: of 1000, those within one deviation of its centre are
 * binomial. With p = (Phi(1) - Phi(-1)) / Phi(1.6) = 0.72227 the bounds hold with a probability of 1 - 2e-8; uniform
 * draws would be there 250 times. */
static void it_begins_at_the_prior(void **state) {
    (void)state;
    static toy_sampling s;
    size_t near = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        toy_sampling_open(&s, "tpe", seed,
                          "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.8, confidence: high}}, options: {prior: "
                          "true}}");
        assert_string_equal(propose(&s, 0), "prior");
        near += fabs(s.config[0] - 0.8) < 0.125;
        toy_sampling_close(&s);
    }
    assert_true(near > 639 && near < 800);
}

/* Proposals of 100 seeds after n results of grid_loss on a grid: mean distance from the optimum, and how many are those
 * made without priors, bit for bit. */
static double wrong_belief(size_t n, size_t *same) {
    static toy_sampling s;
    static const char yaml[] =
        "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.9, confidence: high}}, options: {prior: %s}}";
    double sum = 0;
    *same = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        double x[2];
        for (int prior = 0; prior < 2; prior++) {
            char text[200];
            snprintf(text, sizeof text, yaml, prior ? "true" : "false");
            toy_sampling_open(&s, "tpe", seed, text);
            for (size_t i = 0; i < n; i++) {
                const double point = fmod(0.618033988749895 * (double)i, 1);
                add_finished(&s, &point, 1, grid_loss(point));
            }
            assert_string_equal(propose(&s, 0), "model");
            x[prior] = s.config[0];
            toy_sampling_close(&s);
        }
        sum += fabs(x[1] - 0.3) / 100;
        *same += memcmp(&x[0], &x[1], sizeof x[0]) == 0;
    }
    return sum;
}

/* A prior four deviations from the optimum rules at first and is forgotten. */
static void a_wrong_prior_is_forgotten(void **state) {
    (void)state;
    size_t same[3];
    const double first = wrong_belief(10, &same[0]), later = wrong_belief(100, &same[1]);
    const double last = wrong_belief(1000, &same[2]);
    assert_true(first > 0.4 && later < first / 2 && last < 0.1);
    assert_true(same[0] < 10 && same[2] > 80);
}

static void priors_need_a_prior(void **state) {
    (void)state;
    static toy_sampling s;
    base_err err;
    assert_int_equal(
        toy_sampling_try(&s, "tpe", 1, "{parameters: {x: {min: 0.0, max: 1.0}}, options: {prior: true}}", &err),
        BASE_INVALID);
    assert_non_null(strstr(err.text, "prior: true needs a parameter with a prior"));
    toy_sampling_close(&s);
}

enum { OLD = 2500, SOME = 200 };

/* 25 good results at 0.3, then others, of which the `moved` ones from trial 100 + `from` on lie elsewhere. */
static void fill_long(toy_sampling *s, size_t from, size_t moved) {
    open_one(s, 7, "");
    for (size_t i = 0; i < 100 + OLD; i++) {
        base_rng rng = base_rng_stream(2, BASE_RNG_TEST, (uint32_t)i, 0);
        const double u = base_rng_uniform(&rng);
        const bool good = i < 25, elsewhere = i >= 100 + from && i < 100 + from + moved;
        add_finished(s, (double[]){good ? 0.2 + 0.2 * u : elsewhere ? 0.2 + 0.1 * u : u}, 1, good ? u : 10 + u);
    }
}

static double proposed_after(size_t from, size_t moved) {
    static toy_sampling s;
    fill_long(&s, from, moved);
    assert_string_equal(propose(&s, 0), "model");
    const double x = s.config[0];
    toy_sampling_close(&s);
    return x;
}

/* Of many others the last thousands are looked at, however long ago the good ones were. */
static void old_others_are_forgotten(void **state) {
    (void)state;
    const double x = proposed_after(0, 0);
    assert_true(x > 0.1 && x < 0.5);
    CHECK_SAME_DOUBLE(proposed_after(0, SOME), x);
    assert_true(proposed_after(OLD - 1000, 1000) != x);
}

/* What was asked in between changes nothing: a view from before the last thousand, and one from after it. */
static void earlier_views_have_their_own_window(void **state) {
    (void)state;
    static toy_sampling s, fresh;
    fill_long(&s, 0, 0);
    fill_long(&fresh, 0, 0);
    const hpo_history *const histories[] = {s.history, fresh.history};
    base_err err;
    const char *origin;
    double early[2];
    const hpo_request request = {.trial = 1200, .fidelity = 1};
    propose(&s, 0);
    const double late = s.config[0];
    for (size_t i = 0; i < 2; i++) {
        const hpo_view view = hpo_history_at(histories[i], 2 * 1200);
        CHECK_OK(hpo_sampler_ask(i == 0 ? s.sampler : fresh.sampler, view, &request, &early[i], &origin, &err));
    }
    CHECK_SAME_DOUBLE(early[0], early[1]);
    propose(&s, 0);
    CHECK_SAME_DOUBLE(s.config[0], late);
    toy_sampling_close(&s);
    toy_sampling_close(&fresh);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_at_random),
        cmocka_unit_test(proposals_lie_near_the_best),
        cmocka_unit_test(running_trials_push_away),
        cmocka_unit_test(failures_push_away),
        cmocka_unit_test(higher_fidelities_come_first),
        cmocka_unit_test(a_joint_density_keeps_pairs),
        cmocka_unit_test(it_beats_random_search),
        cmocka_unit_test(priors_weigh_the_ratio),
        cmocka_unit_test(it_begins_at_the_prior),
        cmocka_unit_test(a_wrong_prior_is_forgotten),
        cmocka_unit_test(priors_need_a_prior),
        cmocka_unit_test(old_others_are_forgotten),
        cmocka_unit_test(earlier_views_have_their_own_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
