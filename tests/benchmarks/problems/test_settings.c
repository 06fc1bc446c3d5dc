/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings as they are written: what instance is meant, and what is said of those that a problem does not understand.
 */
#include "tests/benchmarks/problems/bind.h"

static base_status resolve(const char *text, base_arena *arena, bench_instance *instance, base_err *err) {
    base_yaml_node *map;
    bench_request request = {0};
    BASE_TRY(base_yaml_parse(arena, "s.yaml", text, strlen(text), &map, err));
    BASE_TRY(base_options_read(bench_options, map, &request, arena, err));
    return bench_resolve(&request, map, arena, instance, err);
}

static bench_instance resolved(const char *text) {
    base_err err = {0};
    base_arena *arena = base_arena_create();
    bench_instance instance;
    CHECK_OK(resolve(text, arena, &instance, &err));
    base_arena_destroy(arena);
    return instance;
}

static void refused(const char *text, const char *sentence) {
    base_err err = {0};
    base_arena *arena = base_arena_create();
    bench_instance instance;
    CHECK_FAILS(resolve(text, arena, &instance, &err), BASE_INVALID, sentence);
    base_arena_destroy(arena);
}

static void instances(void **state) {
    (void)state;
    bench_instance instance = resolved("{problem: branin}");
    assert_ptr_equal(instance.problem, bench_problem_find("branin"));
    assert_null(instance.data);
    instance = resolved("{problem: bbob-f3, dimensions: 7, instance: 4}");
    assert_int_equal(instance.settings.dimensions, 7);
    assert_int_equal(instance.settings.instance, 4);
    instance = resolved("{problem: ackley}");
    assert_int_equal(instance.settings.dimensions, 2);
    assert_int_equal(instance.settings.instance, 1);
    assert_int_equal(instance.settings.prior, BENCH_PRIOR_NONE);
    assert_int_equal(instance.settings.levels, 8);
    CHECK_NEAR(resolved("{problem: borehole, noise: 0.25}").settings.noise, 0.25, 0);
    instance = resolved("{problem: lcbench, task: 189908}");
    assert_int_equal(instance.settings.task, bench_task_find(instance.problem, "Fashion-MNIST"));
    assert_false(bench_believes(&instance.settings));
    instance = resolved("{problem: lcbench, task: 189908, prior: medium}");
    assert_int_equal(instance.settings.prior, BENCH_PRIOR_MEDIUM);
    assert_true(bench_believes(&instance.settings));
    instance = resolved("{problem: lcbench, task: 189908, prior: {time: bad, val_accuracy: good}}");
    assert_int_equal(instance.settings.prior, BENCH_PRIOR_NONE);
    assert_true(bench_believes(&instance.settings));
    for (size_t m = 0; m < BENCH_MAX_METRICS; m++)
        assert_int_equal(instance.settings.priors[m], m == 0   ? BENCH_PRIOR_GOOD
                                                      : m == 5 ? BENCH_PRIOR_BAD
                                                               : BENCH_PRIOR_NONE);
}

static void sentences(void **state) {
    (void)state;
    refused("{problem: brannin}", "s.yaml:1:11: there is no problem 'brannin'; did you mean 'branin'?");
    refused("{dimensions: 3}", "'problem' is missing");
    refused("{problem: branin, dimensions: 3}", "s.yaml:1:19: the problem branin has one size: remove dimensions");
    refused("{problem: ackley, instance: 3}", "s.yaml:1:19: the problem ackley knows no instance: remove it");
    refused("{problem: ackley, dimensions: 1}", "s.yaml:1:31: dimensions");
    refused("{problem: ackley, dimension: 3}", "did you mean 'dimensions'?");
    refused("{problem: ackley, dimensions: 3, integers: 2, choices: 1, logs: 1}", "are 4 parameters together, but "
                                                                                  "dimensions is 3");
    refused("{problem: branin, integers: 1}", "the problem branin has one size: remove integers");
    refused("{problem: counting-ones, noise: 0.1}", "the problem counting-ones knows no noise: remove it");
    refused("{problem: lcbench, task: adult, noise: 0.1}", "the problem lcbench knows no noise");
    refused("{problem: ackley, noise: -0.1}", "noise");
    refused("{problem: counting-ones, n_continuous: 0, n_categorical: 0}", "must not both be 0");
    refused("{problem: lcbench}", "the problem lcbench needs a task, e.g. task: Fashion-MNIST");
    refused("{problem: lcbench, task: [1]}", "task must be a name or a number");
    refused("{problem: zdt1, prior: good}", "s.yaml:1:17: the problem zdt1 knows no prior: remove it");
    refused("{problem: branin, prior: god}", "s.yaml:1:26: prior must be one of none, good, at25, bad, medium, but is "
                                             "\"god\" (a string); did you mean 'good'?");
    refused("{problem: branin, prior: [good]}", "s.yaml:1:26: prior must be one of");
    refused("{problem: branin, prior: {}}", "s.yaml:1:26: prior names no metric: e.g. {value: good}");
    refused("{problem: branin, prior: {vale: good}}", "s.yaml:1:27: the problem branin has no metric 'vale'; did you "
                                                      "mean 'value'?");
    refused("{problem: branin, prior: {f7: good}}", "has no metric 'f7'; its first is 'value'");
    refused("{problem: lcbench, task: adult, prior: {time: {}}}", "s.yaml:1:47: prior must be one of");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(instances), cmocka_unit_test(sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
