/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The surrogate against lcbench_golden.csv: 85 answers of an independent evaluator of the published network. */
#include "tests/benchmarks/problems/bind.h"

enum { ID, EPOCH, FIRST, N_COLUMNS = 15, N_ARGUMENTS = 7, N_OUTPUTS = 6 };
static const char *const outputs[N_OUTPUTS] = {"time",
                                               "val_accuracy",
                                               "val_cross_entropy",
                                               "val_balanced_accuracy",
                                               "test_cross_entropy",
                                               "test_balanced_accuracy"};

/* An answer by its name. */
static double output(const bench_problem *problem, const double *values, const char *name) {
    for (size_t i = 0; problem->metric[i]; i++)
        if (strcmp(problem->metric[i], name) == 0) return values[i];
    fail_msg("no metric %s", name);
    return NAN;
}

/* batch_size, learning_rate, momentum, weight_decay, num_layers, max_units, max_dropout: the columns' order is the
 * arguments'. */
static void check_line(bound_problem *lcbench, char *line) {
    const bench_problem *problem = lcbench->binding.instance.problem;
    double column[N_COLUMNS], values[8];
    char *rest = line, id[16] = "";
    for (size_t i = 0; i < N_COLUMNS; i++) {
        char *field = strsep(&rest, ",");
        assert_non_null(field);
        if (i == ID) snprintf(id, sizeof id, "%s", field);
        assert_true(base_parse_double(field, &column[i]));
    }
    lcbench->binding.instance.settings.task = bench_task_find(problem, id);
    assert_true(lcbench->binding.instance.settings.task < problem->n_tasks);
    base_rng noise = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    problem->evaluate(&lcbench->binding.instance, column + FIRST, column[EPOCH], &noise, values);
    for (size_t i = 0; i < N_OUTPUTS; i++)
        CHECK_CLOSE(output(problem, values, outputs[i]), column[FIRST + N_ARGUMENTS + i], 1e-4);
}

static void golden(void **state) {
    (void)state;
    base_err err = {0};
    base_buf text = {0};
    bound_problem lcbench = bind_own("lcbench");
    CHECK_OK(base_read_file("tests/benchmarks/problems/lcbench_golden.csv", &text, &err));
    base_buf_putc(&text, '\0');
    char *rest = text.data, *line = strsep(&rest, "\n");
    size_t lines = 0;
    while ((line = strsep(&rest, "\n")) && *line) {
        check_line(&lcbench, line);
        lines++;
    }
    assert_int_equal(lines, 85);
    base_buf_fini(&text);
    bind_release(&lcbench);
}

/* Names and ids are two ways to say the same; no id and no name is there twice. */
static void task_names(void **state) {
    (void)state;
    const bench_problem *problem = bench_problem_find("lcbench");
    assert_int_equal(problem->n_tasks, 34);
    for (size_t i = 0; i < problem->n_tasks; i++) {
        assert_int_equal(bench_task_find(problem, problem->tasks[i].name), i);
        assert_int_equal(bench_task_find(problem, problem->tasks[i].id), i);
    }
    assert_int_equal(bench_task_find(problem, "Fashion-MNIST"), bench_task_find(problem, "189908"));
    assert_true(bench_task_find(problem, "167083") == SIZE_MAX); /* embedded, but not in the published space */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(task_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
