/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A study's own space against a problem: what fits, and what is said when it does not. */
#include "tests/benchmarks/problems/bind.h"
#include "hpo/space/space_file.h"

typedef struct study_space {
    base_arena *arena;
    base_yaml_node *root;
    hpo_space *space;
} study_space;

static study_space read_space(const char *parameters) {
    base_err err = {0};
    study_space study = {.arena = base_arena_create()};
    CHECK_OK(base_yaml_parse(study.arena, "s.yaml", parameters, strlen(parameters), &study.root, &err));
    CHECK_OK(hpo_space_read(study.root, NULL, NULL, &study.space, &err));
    return study;
}

static void release(study_space *study) {
    hpo_space_destroy(study->space);
    base_arena_destroy(study->arena);
}

/* The value of the configuration at the middle of the study's unit cube. */
static double value_in_the_middle(const char *problem, const char *parameters) {
    base_err err = {0};
    study_space study = read_space(parameters);
    bench_binding binding;
    const bench_settings size = {.n_categorical = 1, .n_continuous = 1};
    CHECK_OK(bench_bind(bench_problem_find(problem), &size, study.space, NULL, study.arena, &binding, &err));
    double unit[9], config[9];
    for (size_t i = 0; i < 9; i++) unit[i] = 0.5;
    hpo_space_from_unit(study.space, unit, config);
    const double value = bench_evaluate(&binding, config, bench_problem_find(problem)->fidelity.max, 0);
    release(&study);
    return value;
}

static void refused(const char *problem, const char *parameters, const char *sentence) {
    base_err err = {0};
    study_space study = read_space(parameters);
    bench_binding binding;
    const bench_settings size = {.n_categorical = 1, .n_continuous = 1};
    CHECK_FAILS(bench_bind(bench_problem_find(problem), &size, study.space, study.root, study.arena, &binding, &err),
                BASE_INVALID, sentence);
    release(&study);
}

static void by_name_not_by_order(void **state) {
    (void)state;
    CHECK_NEAR(value_in_the_middle("branin", "x2: {min: 0.0, max: 15.0}\nx1: {min: -5.0, max: 10.0}\n"),
               24.129964413622268, 1e-12);
}

/* Ranges may be narrower, integers, lists of numbers or constants: f(2.5, 7.5) again, and f(0, 0). */
static void kinds(void **state) {
    (void)state;
    CHECK_NEAR(value_in_the_middle("branin", "x1: {min: 2.4, max: 2.6}\nx2: {value: 7.5}\n"), 24.129964413622268,
               1e-12);
    CHECK_NEAR(value_in_the_middle("branin", "x1: {values: [-1, 2.5, 4]}\nx2: {value: 7.5}\n"), 24.129964413622268,
               1e-12);
    CHECK_NEAR(value_in_the_middle("branin", "x1: {min: -1.0, max: 1.0}\nx2: {value: 0}\n"), 55.602112642270264, 1e-12);
    CHECK_NEAR(value_in_the_middle("counting-ones", "cat_0: {values: [1]}\nfloat_0: {value: 0.25}\n"), -1.25, 1e-15);
    CHECK_NEAR(value_in_the_middle("counting-ones", "cat_0: {min: 0, max: 1}\nfloat_0: {value: 0}\n"), -1, 1e-15);
}

/* A study may take part of a table, in its own order: what counts is the value, not the index. */
static void part_of_a_table(void **state) {
    (void)state;
    base_err err = {0};
    study_space study = read_space("width: {values: [1024, 16]}\ndepth: {min: 2, max: 3}\nalpha: {values: [1, 1e-8]}\n"
                                   "batch_size: {value: 10}\nlearning_rate_init: {value: 1e-5}\n");
    bound_problem whole = bind_with("hpobench-vehicle", &(bench_settings){.average = true});
    bench_binding part;
    CHECK_OK(bench_bind(bench_problem_find("hpobench-vehicle"), &whole.binding.instance.settings, study.space, NULL,
                        study.arena, &part, &err));
    CHECK_OK(bench_load(&part, study.arena, &err));
    CHECK_SAME_DOUBLE(bench_evaluate(&part, (double[]){0, 3, 1, 0, 0}, 1, 1),
                      bench_evaluate(&whole.binding, (double[]){0, 2, 2, 0, 9}, 1, 1));
    CHECK_SAME_DOUBLE(bench_evaluate(&part, (double[]){1, 2, 0, 0, 0}, 1, 1),
                      bench_evaluate(&whole.binding, (double[]){9, 2, 1, 0, 0}, 1, 1));
    bind_release(&whole);
    release(&study);
}

/* A space with conditions as it is printed and read again is the problem's own; so is one without the conditions, where
 * what would be inactive does not count. */
static void conditions(void **state) {
    (void)state;
    base_err err = {0};
    base_buf text = {0};
    bound_problem own = bind_own("tuning");
    hpo_space_describe(own.space, &text);
    study_space study = {.arena = base_arena_create()};
    base_yaml_node *root;
    CHECK_OK(base_yaml_parse(study.arena, "s.yaml", base_buf_text(&text), text.length, &root, &err));
    CHECK_OK(hpo_space_read(root->items[0], NULL, NULL, &study.space, &err));
    bench_binding read;
    CHECK_OK(
        bench_bind(bench_problem_find("tuning"), &(bench_settings){0}, study.space, NULL, study.arena, &read, &err));
    double x[13];
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < 50; i++) {
        CHECK_OK(hpo_space_sample(study.space, &rng, x, &err));
        CHECK_SAME_DOUBLE(bench_evaluate(&read, x, 1, 1), bench_evaluate(&own.binding, x, 1, 1));
    }
    release(&study);
    bind_release(&own);
    base_buf_fini(&text);
    CHECK_NEAR(value_in_the_middle("jenatton", "x1: {value: 0}\nx2: {value: 0}\nx3: {value: 1}\nx4: {value: 0.5}\n"
                                               "x5: {value: 2}\nx6: {value: 2}\nx7: {value: 2}\nr8: {value: 0.25}\n"
                                               "r9: {value: 1}\n"),
               0.6, 1e-15);
}

static void sentences(void **state) {
    (void)state;
    refused("branin", "x1: {min: -5, max: 10}\n", "s.yaml:1:1: the problem branin needs a parameter 'x2': x2: {min: 0");
    refused("branin", "x1: {min: -5, max: 10}\ny2: {min: 0, max: 15}\n", "no parameter 'y2'; did you mean 'x2'?");
    refused("branin", "x1: {min: -5, max: 10}\nx2: {min: 0, max: 15}\nx3: {min: 0, max: 1}\n",
            "no parameter 'x3'; it has x1 to x2");
    refused("branin", "x1: {min: -6, max: 10}\nx2: {min: 0, max: 15}\n", "x1: {min: -5, max: 10}");
    refused("branin", "x1: {min: -5, max: 10}\nx2: {values: [0, 16]}\n", "x2: {min: 0, max: 15}");
    refused("branin", "x1: {min: -5, max: 10}\nx2: {values: [low, high]}\n", "x2: {min: 0, max: 15}");
    refused("branin", "x1: {min: -5, max: 10}\nx2: {min: 0, max: 15, when: {x1: {gt: 0}}}\n", "always needs 'x2'");
    refused("jenatton", "x1: {values: [0, 1]}\nx2: {values: [0, 1], when: {x1: 1}}\n", "needs 'x2' under another");
    refused("jenatton", "x1: {values: [0, 1]}\nx2: {values: [0, 1], when: {x1: 0}}\n", "needs a parameter 'x3'");
    refused("counting-ones", "cat_0: {min: 0.0, max: 1.0}\nfloat_0: {min: 0.0, max: 1.0}\n", "cat_0: {values: [0, 1]}");
    refused("nasbench-macro", "layer_1: {values: [identity, mb9_k3]}\n",
            "layer_1: {values: [identity, mb3_k3, mb6_k5]}");
    refused("counting-ones", "cat_0: {min: 0, max: 2}\nfloat_0: {min: 0.0, max: 1.0}\n", "cat_0: {values: [0, 1]}");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_name_not_by_order), cmocka_unit_test(kinds),
                                       cmocka_unit_test(part_of_a_table), cmocka_unit_test(conditions),
                                       cmocka_unit_test(sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
