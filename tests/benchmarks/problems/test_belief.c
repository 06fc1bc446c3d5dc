/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Priors of problems: that every one whose optimum is known has all four, in the order that their names promise. */
#include "tests/benchmarks/problems/bind.h"

enum { MAX_ARGUMENTS = 13, RANDOM_POINTS = 2000 };

static bench_settings settings_with(bench_prior prior) {
    return (bench_settings){
        .n_categorical = 4, .n_continuous = 4, .dimensions = 4, .instance = 1, .average = true, .prior = (int)prior};
}

/* The exact value, negated where larger ones are better. */
static double loss(const bound_problem *problem, const double *x) {
    const bench_problem *of = problem->binding.instance.problem;
    double values[8];
    bench_evaluate_all(&problem->binding, x, of->fidelity.max, 1, values);
    return (of->maximize & 1 ? -1 : 1) * values[of->metric[1] ? 1 : 0];
}

/* The middle of the belief, which is a point of the space: its loss. Where a parameter has no prior, its value is what
 * the others leave it: none. */
static double believed(const char *name, bench_prior prior, double *x) {
    base_err err = {0};
    const bench_settings settings = settings_with(prior);
    bound_problem problem = bind_with(name, &settings);
    size_t given = 0;
    for (size_t i = 0; i < hpo_space_count(problem.space); i++) {
        const hpo_param *param = hpo_space_param(problem.space, i);
        x[i] = param->prior.given ? param->prior.center : NAN;
        given += param->prior.given;
        if (!param->prior.given) assert_non_null(param->when);
        if (param->prior.given && param->n_choices > 0) assert_true(param->prior.weight == BENCH_PRIOR_WEIGHT);
        if (param->prior.given && param->n_choices == 0) assert_true(param->prior.deviation == BENCH_PRIOR_DEVIATION);
    }
    assert_true(given > 0);
    CHECK_OK(hpo_space_check(problem.space, x, &err));
    const double value = loss(&problem, x);
    bind_release(&problem);
    return value;
}

static double mean_loss(const char *name) {
    base_err err = {0};
    const bench_settings settings = settings_with(BENCH_PRIOR_NONE);
    bound_problem problem = bind_with(name, &settings);
    assert_false(hpo_space_has_prior(problem.space));
    double x[MAX_ARGUMENTS], sum = 0;
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < RANDOM_POINTS; i++) {
        CHECK_OK(hpo_space_sample(problem.space, &rng, x, &err));
        sum += loss(&problem, x);
    }
    bind_release(&problem);
    return sum / RANDOM_POINTS;
}

/* Published places beside the optimum count as it; in a table several rows may be the best. */
static void check_order(const bench_problem *problem) {
    double good[MAX_ARGUMENTS], medium[MAX_ARGUMENTS], x[MAX_ARGUMENTS], optimum[MAX_ARGUMENTS], value;
    const bench_settings settings = settings_with(BENCH_PRIOR_NONE);
    bound_problem bound = bind_with(problem->name, &settings);
    const bool maximize = problem->maximize & 1;
    assert_true(bench_optimum(&bound.binding.instance, 0, optimum, &value));
    const size_t count = hpo_space_count(bound.space);
    const double mean = mean_loss(problem->name), best = maximize ? -value : value;
    const double at_good = believed(problem->name, BENCH_PRIOR_GOOD, good);
    CHECK_NEAR(at_good, best, 2e-3 * (mean - best));
    assert_true(believed(problem->name, BENCH_PRIOR_MEDIUM, medium) >= at_good);
    const double lucky = believed(problem->name, BENCH_PRIOR_AT25, x);
    assert_true(lucky >= at_good && lucky < mean);
    assert_true(believed(problem->name, BENCH_PRIOR_BAD, x) > mean);
    size_t moved = 0;
    for (size_t i = 0; i < count; i++) moved += medium[i] != good[i];
    assert_true(moved > 0);
    bind_release(&bound);
}

static void order(void **state) {
    (void)state;
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    for (size_t i = 0; i < count; i++)
        if (problems[i]->optimum) check_order(problems[i]);
}

/* The step to medium: over problems, dimensions and instances its deviation is 1/8 of the range. */
static void medium_step(void **state) {
    (void)state;
    double x[MAX_ARGUMENTS], sum = 0;
    size_t count = 0;
    for (int64_t instance = 1; instance <= 200; instance++) {
        const bench_settings plain = {.dimensions = 10, .instance = instance};
        bench_settings settings = plain;
        double best;
        bound_problem bbob = bind_with("bbob-f1", &plain);
        assert_true(bench_optimum(&bbob.binding.instance, 0, x, &best));
        settings.prior = BENCH_PRIOR_MEDIUM;
        bound_problem believing = bind_with("bbob-f1", &settings);
        for (size_t i = 0; i < 10; i++) {
            if (fabs(x[i]) > 1) continue; /* a bound is 3.2 deviations away, or it would count */
            const double step = (hpo_space_param(believing.space, i)->prior.center - x[i]) / 10;
            sum += step * step;
            count++;
        }
        bind_release(&believing);
        bind_release(&bbob);
    }
    assert_true(count > 300);
    CHECK_NEAR(sum / (double)count, 0.125 * 0.125, 0.125 * 0.125 * 5 * sqrt(2.0 / (double)count));
}

/* A mixed variant's belief is in its own parameters, noise has no part in it, and it is the same every time. */
static void variants(void **state) {
    (void)state;
    base_err err = {0};
    for (int prior = BENCH_PRIOR_GOOD; prior <= BENCH_PRIOR_MEDIUM; prior++) {
        bench_settings settings = {
            .dimensions = 5, .instance = 1, .integers = 1, .choices = 2, .logs = 1, .levels = 4, .prior = prior};
        bound_problem one = bind_with("rastrigin", &settings);
        settings.noise = 0.5;
        bound_problem two = bind_with("rastrigin", &settings);
        double x[5];
        for (size_t i = 0; i < 5; i++) {
            x[i] = hpo_space_param(one.space, i)->prior.center;
            CHECK_SAME_DOUBLE(hpo_space_param(two.space, i)->prior.center, x[i]);
        }
        CHECK_OK(hpo_space_check(one.space, x, &err));
        if (prior == BENCH_PRIOR_GOOD) CHECK_NEAR(bench_evaluate(&one.binding, x, 1, 1), 0, 1e-12);
        bind_release(&one);
        bind_release(&two);
    }
}

enum { ACCURACY = 0, TIME = 5 };

static double lcbench_loss(const bound_problem *problem, size_t metric, const double *x) {
    double values[BENCH_MAX_METRICS];
    bench_evaluate_all(&problem->binding, x, 52, 1, values);
    return problem->binding.instance.problem->maximize >> metric & 1 ? -values[metric] : values[metric];
}

/* How many of other random points are better than the middle of the belief about the metric. */
static double share_better(const bound_problem *problem, size_t metric, const double *center) {
    base_err err = {0};
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    const double middle = lcbench_loss(problem, metric, center);
    double x[MAX_ARGUMENTS], better = 0;
    for (size_t i = 0; i < RANDOM_POINTS; i++) {
        CHECK_OK(hpo_space_sample(problem->space, &rng, x, &err));
        better += lcbench_loss(problem, metric, x) < middle;
    }
    return better / RANDOM_POINTS;
}

static const double *center_of(const bound_problem *problem, size_t place) {
    static double x[MAX_ARGUMENTS];
    for (size_t i = 0; i < hpo_space_count(problem->space); i++) {
        const hpo_param *param = hpo_space_param(problem->space, i);
        assert_false(param->prior.given);
        assert_int_equal(param->n_metric_priors, 2);
        const hpo_metric_prior *prior = &param->metric_priors[place];
        assert_string_equal(prior->metric, place == 0 ? "val_accuracy" : "time");
        assert_true(prior->prior.given && prior->prior.deviation == BENCH_PRIOR_DEVIATION);
        x[i] = prior->prior.center;
    }
    return x;
}

/* Nobody knows the optimum of a metric of lcbench: good is the best of 1,000 random points for that metric, bad the
 * worst. That it is not among the best 1.4 % of all has a probability of 0.986^1000 = 8e-7. */
static void of_each_metric(void **state) {
    (void)state;
    const int words[] = {BENCH_PRIOR_GOOD, BENCH_PRIOR_BAD};
    const size_t metrics[] = {ACCURACY, TIME};
    for (size_t a = 0; a < 2; a++)
        for (size_t t = 0; t < 2; t++) {
            const bench_settings settings = {.task = 10, .priors = {[ACCURACY] = words[a], [TIME] = words[t]}};
            bound_problem problem = bind_with("lcbench", &settings);
            for (size_t k = 0; k < 2; k++) {
                const double share = share_better(&problem, metrics[k], center_of(&problem, k));
                if ((k == 0 ? a : t) == 0)
                    assert_true(share < 0.014);
                else
                    assert_true(share > 1 - 0.014);
            }
            bind_release(&problem);
        }
}

/* One belief for all is that about the first metric, and what is believed of one says nothing of others. */
static void of_the_first_metric(void **state) {
    (void)state;
    for (int prior = BENCH_PRIOR_GOOD; prior <= BENCH_PRIOR_MEDIUM; prior++) {
        const bench_settings one = {.task = 3, .prior = prior};
        bench_settings two = {.task = 3, .priors = {[ACCURACY] = prior, [TIME] = BENCH_PRIOR_AT25}};
        bound_problem all = bind_with("lcbench", &one), each = bind_with("lcbench", &two);
        const double *center = center_of(&each, 0);
        for (size_t i = 0; i < hpo_space_count(all.space); i++)
            CHECK_SAME_DOUBLE(hpo_space_param(all.space, i)->prior.center, center[i]);
        bind_release(&all);
        bind_release(&each);
    }
    const bench_settings named = {.average = true, .priors = {[0] = BENCH_PRIOR_GOOD}},
                         plain = {.average = true, .prior = BENCH_PRIOR_GOOD};
    bound_problem each = bind_with("nasbench-macro", &named), all = bind_with("nasbench-macro", &plain);
    for (size_t i = 0; i < hpo_space_count(all.space); i++)
        CHECK_SAME_DOUBLE(hpo_space_param(all.space, i)->prior.center,
                          hpo_space_param(each.space, i)->metric_priors[0].prior.center);
    bind_release(&all);
    bind_release(&each);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(order), cmocka_unit_test(medium_step),
                                       cmocka_unit_test(variants), cmocka_unit_test(of_each_metric),
                                       cmocka_unit_test(of_the_first_metric)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
