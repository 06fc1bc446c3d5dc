/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suites: what a page means, what is wrong with one, and which cells it has. */
#include "benchmarks/suite/suite.h"

#include "tests/support/check.h"

static const char page[] =
    "suite: s\n"
    "title: A title\n"
    "problems:\n"
    "  - branin\n"
    "  - {problem: {problem: lcbench, task: adult}, fidelity: {epochs: {min: 1, max: 52}}}\n"
    "  - {name: net, objective: {train: {dataset: digits}}, parameters: {x: {min: 0.0, max: 1.0}},\n"
    "     metric: valid_error, budget: {trials: 7}, methods: [random]}\n"
    "methods: [random, {name: gp, startup: 5}, {sampler: tpe, scheduler: asha, label: fast}]\n"
    "workers: [1, 8]\n"
    "seeds: 4\n"
    "budget: {full: 30}\n"
    "charge: scratch\n";

static bench_suite *read_page(const char *text, const char *set) {
    base_err err;
    bench_suite *s;
    CHECK_OK(bench_suite_read("s.yaml", text, strlen(text), &set, set != NULL, &s, &err));
    return s;
}

static void test_a_page(void **state) {
    (void)state;
    bench_suite *s = read_page(page, NULL);
    assert_string_equal(s->name, "s");
    assert_string_equal(s->title, "A title");
    assert_int_equal(s->n_problems, 3);
    assert_string_equal(s->problems[0].name, "branin");
    assert_string_equal(s->problems[1].name, "lcbench adult");
    assert_string_equal(s->problems[2].name, "net");
    assert_int_equal(s->n_methods, 3);
    assert_string_equal(s->methods[0].label, "random");
    assert_string_equal(s->methods[1].label, "name: gp, startup: 5");
    assert_string_equal(s->methods[2].label, "fast");
    assert_int_equal(s->n_workers, 2);
    assert_int_equal(s->workers[1], 8);
    assert_int_equal(s->charge, BENCH_CHARGE_SCRATCH);
    assert_int_equal(s->n_at, 3);
    CHECK_NEAR(s->at[0], 3, 1e-12);
    CHECK_NEAR(s->at[2], 30, 0);
    assert_false(s->portable || s->times);
    bench_suite_destroy(s);
}

static void test_cells(void **state) {
    (void)state;
    bench_suite *s = read_page(page, NULL);
    assert_int_equal(bench_suite_cells_of_seed(s), 2 * (3 + 3 + 1));
    assert_int_equal(bench_suite_cells(s), 4 * 14);
    size_t of[3][3] = {{0}};
    for (uint64_t i = 0; i < bench_suite_cells(s); i++) {
        const bench_cell c = bench_suite_cell(s, i);
        assert_true(s->problems[c.problem].runs[c.method]);
        assert_int_equal(c.workers, i % 2);
        assert_int_equal(c.seed, 1 + i / 14);
        of[c.problem][c.method]++;
    }
    for (size_t p = 0; p < 3; p++)
        for (size_t m = 0; m < 3; m++) assert_int_equal(of[p][m], p == 2 && m > 0 ? 0 : 8);
    bench_suite *more = read_page(page, "seeds=9"); /* the cells of before, and others behind them */
    assert_int_equal(bench_suite_cells(more), 9 * 14);
    for (uint64_t i = 0; i < bench_suite_cells(s); i++) {
        const bench_cell a = bench_suite_cell(s, i), b = bench_suite_cell(more, i);
        assert_memory_equal(&a, &b, sizeof a);
    }
    bench_suite_destroy(more);
    bench_suite *fresh = read_page(page, "first_seed=5"); /* the seeds that follow those of before */
    assert_int_equal(bench_suite_cells(fresh), 4 * 14);
    assert_int_equal(bench_suite_cell(fresh, 0).seed, 5);
    assert_int_equal(bench_suite_cell(fresh, 4 * 14 - 1).seed, 8);
    bench_suite_destroy(fresh);
    bench_suite_destroy(s);
}

static void check_study(const bench_suite *s, bench_cell cell, const char *want) {
    base_buf text = {0};
    bench_suite_study(s, cell, &text);
    assert_string_equal(base_buf_text(&text), want);
    base_buf_fini(&text);
}

static void test_the_study_of_a_cell(void **state) {
    (void)state;
    bench_suite *s = read_page(page, NULL);
    check_study(s, (bench_cell){.problem = 0, .method = 1, .workers = 1, .seed = 3},
                "study: cell\nseed: 3\ndeterministic: true\nworkers: 8\n"
                "objective: {function: {problem: branin}}\nmethod: {name: gp, startup: 5}\nbudget: {trials: 30}\n"
                "failure: {max_failures: 1000000000, first: 0}\n");
    check_study(s, (bench_cell){.problem = 1, .method = 2, .seed = 1},
                "study: cell\nseed: 1\ndeterministic: true\nworkers: 1\n"
                "objective: {function: {problem: lcbench, task: adult}}\nfidelity: {epochs: {min: 1, max: 52}}\n"
                "method: {sampler: tpe, scheduler: asha}\nbudget: {cost: 1560}\n"
                "failure: {max_failures: 1000000000, first: 0}\n");
    check_study(s, (bench_cell){.problem = 2, .seed = 1},
                "study: cell\nseed: 1\ndeterministic: true\nworkers: 1\n"
                "objective: {train: {dataset: digits}}\nparameters: {x: {min: 0.0, max: 1.0}}\nmetric: valid_error\n"
                "method: random\nbudget: {trials: 7}\nfailure: {max_failures: 1000000000, first: 0}\n");
    bench_suite_destroy(s);
}

static base_status no_evaluation(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                 base_err *err) {
    (void)self, (void)job, (void)reporter, (void)out;
    return BASE_FAIL(err, BASE_INTERNAL, "nothing is evaluated here");
}

/* Files that a problem names lie beside the suite, whatever it and its methods are called. */
static void test_paths_begin_in_the_folder_of_the_suite(void **state) {
    (void)state;
    static const hpo_objective_type type = {.name = "none", .summary = "nothing", .evaluate = no_evaluation};
    static const hpo_objective_type *const types[] = {&type};
    static const hpo_catalog catalog = {.objectives = types, .n_objectives = 1, .version = "1"};
    static const char text[] = "suite: s\nproblems: [{objective: none, name: a/b, parameters: {x: {min: 0, max: 9}}, "
                               "metric: {name: y, goal: minimize}}]\nmethods: [{name: random, label: c/d}]\n"
                               "budget: {full: 3}\n";
    base_err err;
    bench_suite *s;
    hpo_study_spec *spec;
    CHECK_OK(bench_suite_read("/no/folder/s.yaml", text, strlen(text), NULL, 0, &s, &err));
    CHECK_OK(bench_suite_read_study(s, (bench_cell){.seed = 1}, &catalog, &spec, &err));
    assert_string_equal(spec->base_dir, "/no/folder");
    CHECK_CONTAINS(spec->file, "/no/folder/s.yaml (a|b by c|d");
    hpo_study_spec_destroy(spec);
    bench_suite_destroy(s);
}

/* The last list changes fastest; the name leaves out what all of them share. */
static void test_each_is_a_problem_for_every_combination(void **state) {
    (void)state;
    static const char text[] =
        "suite: s\nproblems:\n  - {problem: {dimensions: 5}, each: {problem: [bbob-f1, bbob-f2], instance: [1, 2]}}\n"
        "  - each: {problem: [jenatton]}\n"
        "  - {problem: lcbench, each: {task: [adult]}, fidelity: {epochs: {min: 1, "
        "max: 52}}, budget: {full: 9}}\n"
        "  - {problem: {problem: levy, noise: 0.1}, name: noisy levy, each: {dimensions: [4, 5]}, methods: [tpe]}\n"
        "methods: [random, tpe]\nbudget: {full: 30}\n";
    static const char *const names[] = {"bbob-f1 1", "bbob-f1 2",     "bbob-f2 1",    "bbob-f2 2",
                                        "jenatton",  "lcbench adult", "noisy levy 4", "noisy levy 5"};
    bench_suite *s = read_page(text, NULL);
    assert_int_equal(s->n_problems, CHECK_COUNT(names));
    for (size_t i = 0; i < CHECK_COUNT(names); i++) assert_string_equal(s->problems[i].name, names[i]);
    CHECK_NEAR(s->problems[5].budget.full, 9, 0);
    assert_non_null(s->problems[5].fidelity);
    assert_true(s->problems[3].runs[0] && !s->problems[7].runs[0] && s->problems[7].runs[1]);
    check_study(s, (bench_cell){.problem = 2, .seed = 1},
                "study: cell\nseed: 1\ndeterministic: true\nworkers: 1\n"
                "objective: {function: {dimensions: 5, problem: bbob-f2, instance: 1}}\nmethod: random\n"
                "budget: {trials: 30}\nfailure: {max_failures: 1000000000, first: 0}\n");
    bench_suite_destroy(s);
}

/* What is printed has the same cells with the same studies; what they do not depend on is gone. */
static void test_printed_and_read_again(void **state) {
    (void)state;
    bench_suite *s = read_page(page, NULL), *other = read_page(page, "seeds=2"),
                *fresh = read_page(page, "first_seed=5");
    bench_suite *again;
    base_buf text = {0}, same = {0}, a = {0}, b = {0};
    base_err err;
    bench_suite_print(s, &text);
    bench_suite_print(other, &same);
    assert_string_equal(base_buf_text(&text), base_buf_text(&same));
    base_buf_clear(&same);
    bench_suite_print(fresh, &same); /* a run goes on with its own seeds only */
    assert_string_not_equal(base_buf_text(&text), base_buf_text(&same));
    CHECK_OK(bench_suite_read("again", base_buf_text(&text), text.length, NULL, 0, &again, &err));
    assert_int_equal(bench_suite_cells_of_seed(again), bench_suite_cells_of_seed(s));
    for (uint64_t i = 0; i < bench_suite_cells_of_seed(s); i++) {
        base_buf_clear(&a);
        base_buf_clear(&b);
        bench_suite_study(s, bench_suite_cell(s, i), &a);
        bench_suite_study(again, bench_suite_cell(again, i), &b);
        assert_string_equal(base_buf_text(&a), base_buf_text(&b));
    }
    assert_int_equal(again->charge, s->charge);
    base_buf_fini(&text);
    base_buf_fini(&same);
    base_buf_fini(&a);
    base_buf_fini(&b);
    bench_suite_destroy(again);
    bench_suite_destroy(fresh);
    bench_suite_destroy(other);
    bench_suite_destroy(s);
}

/* The page for readers of the tables: title, seeds and points, too; not whether somebody looked at a clock. */
static void test_the_page_of_a_run(void **state) {
    (void)state;
    const char *const sets[] = {"seeds=2", "at=[3, 5]", "times=true", "first_seed=9"};
    bench_suite *s, *again;
    base_buf text = {0};
    base_err err;
    CHECK_OK(bench_suite_read("s.yaml", page, strlen(page), sets, 4, &s, &err));
    assert_true(s->times);
    bench_suite_print_page(s, &text);
    CHECK_OK(bench_suite_read("again", base_buf_text(&text), text.length, NULL, 0, &again, &err));
    assert_string_equal(again->title, "A title");
    assert_int_equal(again->seeds, 2);
    assert_int_equal(again->first_seed, 9);
    assert_int_equal(again->n_at, 2);
    CHECK_NEAR(again->at[1], 5, 0);
    assert_int_equal(bench_suite_cells(again), bench_suite_cells(s));
    assert_false(again->times);
    base_buf_fini(&text);
    bench_suite_destroy(again);
    bench_suite_destroy(s);
}

static const struct {
    const char *text, *error;
} wrong[] = {
    {"problems: [branin]\nmethods: [random]\nbudget: {full: 1}\n", "suite"},
    {"suite: s\nproblems: branin\nmethods: [random]\n", "s.yaml:2:11: problems is a list of at least one"},
    {"suite: s\nproblems: []\nmethods: [random]\n",
     "s.yaml:2:11: problems is a list of at least one, but this is empty"},
    {"suite: s\nproblems: [branin]\nmethods: [random]\n", "s.yaml:2:12: the problem branin has no budget"},
    {"suite: s\nproblems: [branin, branin]\nmethods: [random]\nbudget: {full: 1}\n",
     "s.yaml:2:20: two problems are called 'branin'"},
    {"suite: s\nproblems: [branin]\nmethods: [tpe, tpe]\nbudget: {full: 1}\n",
     "s.yaml:3:16: two methods are called 'tpe'"},
    {"suite: s\nproblems: [{name: x}]\nmethods: [tpe]\nbudget: {full: 1}\n", "s.yaml:2:12: a problem has one of"},
    {"suite: s\nproblems: [{objective: {train: {}}}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:12: a problem with an objective needs a name"},
    {"suite: s\nproblems: [{problem: branin, methods: [gp]}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:40: no method of the suite has the label 'gp'"},
    {"suite: s\nproblems: [branin]\nmethods: [tpe]\nbudget: {full: 1, trials: 2}\n",
     "s.yaml:4:9: a budget is one of full, trials and cost"},
    {"suite: s\nproblems: [branin]\nmethods: [tpe]\nbudget: {full: 1}\nworkers: [0]\n",
     "s.yaml:5:11: a number of workers"},
    {"suite: s\nproblems: [branin]\nmethods: [tpe]\nbudget: {full: 1}\nat: [2, 1]\n",
     "s.yaml:5:9: at is a list of rising"},
    {"suite: s\nproblems: [{problem: branin, each: {noise: 1}}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:44: noise is a list of at least one"},
    {"suite: s\nproblems: [{problem: branin, each: [1]}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:36: each is a map of settings to lists"},
    {"suite: s\nproblems: [{problem: branin, each: {problem: [ackley]}}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:37: problem is in problem and in each"},
    {"suite: s\nproblems: [{problem: lcbench, each: {task: [[adult]]}}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:45: a value in each is a name or a number"},
    {"suite: s\nproblems: [{name: x, objective: train, each: {seed: [1]}}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:46: each is for settings of a problem"},
    {"suite: s\nproblems: [{problem: ackley, each: {instance: [1, 1]}}]\nmethods: [tpe]\nbudget: {full: 1}\n",
     "s.yaml:2:12: two problems are called 'ackley 1'"},
    {"suite: s\nproblem: [branin]\nmethods: [tpe]\nbudget: {full: 1}\n", "did you mean 'problems'?"},
};

static void test_what_is_wrong_is_said_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        base_err err;
        bench_suite *s;
        assert_int_equal(bench_suite_read("s.yaml", wrong[i].text, strlen(wrong[i].text), NULL, 0, &s, &err),
                         BASE_INVALID);
        CHECK_CONTAINS(err.text, wrong[i].error);
        assert_null(s);
    }
}

static void check_change(const char *run_dir, const char *set, const char *message) {
    bench_suite *s = read_page(page, set);
    base_err err = {0};
    base_buf expected = {0};
    if (message) base_buf_printf(&expected, "%s has %s: give another --out, or remove the folder", run_dir, message);
    assert_int_equal(bench_suite_continues(s, run_dir, &err), message ? BASE_INVALID : BASE_OK);
    assert_string_equal(err.text, base_buf_text(&expected));
    base_buf_fini(&expected);
    bench_suite_destroy(s);
}

/* A folder keeps its suite as the objective of the study that it ran. */
static void test_a_folder_of_another_suite(void **state) {
    (void)state;
    const check_tmpdir dir = check_tmpdir_create();
    base_buf study = {0};
    bench_suite *s = read_page(page, NULL);
    check_change(dir.path, NULL, NULL); /* nothing is known of it */
    base_buf_puts(&study, "study: bench-s\nobjective: {cell: ");
    bench_suite_print(s, &study);
    base_buf_puts(&study, "}\n");
    check_tmpdir_write(&dir, "study.yaml", base_buf_text(&study));
    check_change(dir.path, NULL, NULL);
    check_change(dir.path, "seeds=100", NULL);
    check_change(dir.path, "at=[1, 2]", NULL);
    check_change(dir.path, "methods=[random]", "the methods random, name: gp, startup: 5, fast; you ask for random");
    check_change(dir.path, "problems=[branin]", "the problems branin, lcbench adult, net; you ask for branin");
    check_change(dir.path, "problems=[ackley, {problem: branin, name: lcbench adult}, {problem: branin, name: net}]",
                 "the problems branin, lcbench adult, net; you ask for ackley, lcbench adult, net");
    check_change(dir.path, "methods=[random, {name: gp, startup: 5}, {sampler: kde, label: fast}]",
                 "methods [random, {name: gp, startup: 5}, {sampler: tpe, scheduler: asha, label: fast}]; you ask for "
                 "[random, {name: gp, startup: 5}, {sampler: kde, label: fast}]");
    check_change(dir.path, "budget={full: 20}", "budget {full: 30}; you ask for {full: 20}");
    check_change(dir.path, "pin=portable", "pin (not set); you ask for portable");
    check_change(dir.path, "suite=t", "suite s; you ask for t");
    base_buf_fini(&study);
    bench_suite_destroy(s);
    check_tmpdir_remove(&dir);
}

static void test_suites_by_name(void **state) {
    (void)state;
    base_buf text = {0};
    base_err err;
    CHECK_OK(bench_suite_find("smoke", &text, &err));
    CHECK_CONTAINS(base_buf_text(&text), "/smoke.yaml");
    assert_int_equal(bench_suite_find("smok", &text, &err), BASE_NOTFOUND);
    CHECK_CONTAINS(err.text, "did you mean 'smoke'?");
    base_buf_clear(&text);
    bench_suite_list(&text);
    CHECK_CONTAINS(base_buf_text(&text), "  smoke");
    CHECK_CONTAINS(base_buf_text(&text), "  scale");
    assert_null(strstr(base_buf_text(&text), "cannot be read"));
    base_buf_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_the_study_of_a_cell),
        cmocka_unit_test(test_each_is_a_problem_for_every_combination),
        cmocka_unit_test(test_printed_and_read_again),
        cmocka_unit_test(test_the_page_of_a_run),
        cmocka_unit_test(test_what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(test_paths_begin_in_the_folder_of_the_suite),
        cmocka_unit_test(test_a_folder_of_another_suite),
        cmocka_unit_test(test_suites_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
