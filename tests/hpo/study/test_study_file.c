/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study file says, and what is filled in. */
#include "tests/support/toy_objective.h"

#include "tests/support/check.h"

#define SPACE  "parameters: {x: {min: 0.0, max: 1.0}}\n"
#define BUDGET "budget: {trials: 10}\n"
#define TOY    "objective: toy\n"

static void everything_has_a_default(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(TOY SPACE BUDGET);
    assert_string_equal(spec->name, "toy");
    assert_false(spec->seed_given);
    assert_ptr_equal(spec->objective, &toy_objective);
    assert_int_equal(spec->settings->count, 0);
    assert_string_equal(spec->goals[0].name, "loss");
    assert_false(spec->goals[0].maximize);
    assert_string_equal(spec->method, "gp");
    CHECK_CONTAINS(spec->chosen, "gp, because ");
    assert_string_equal(spec->sampler->name, "gp");
    assert_string_equal(spec->scheduler->name, "full");
    assert_null(spec->fidelity.name);
    CHECK_NEAR(spec->fidelity.max, 1, 0);
    assert_int_equal(spec->workers, 0);
    assert_false(spec->by_posterior || spec->deterministic || spec->repeats || spec->fsync_each ||
                 spec->budget.has_target);
    assert_int_equal(spec->limits.threads, 1);
    assert_int_equal(spec->limits.memory, 0);
    CHECK_NEAR(spec->limits.stop_grace, 30, 0);
    assert_true(isinf(spec->limits.exit_grace) && spec->writes_config && spec->keep == HPO_KEEP_ALL);
    assert_true(spec->devices.gpus == 0 && !spec->devices.names && !spec->devices.share && !spec->try_first);
    assert_int_equal(spec->failure.first, 5);
    assert_int_equal(spec->failure.retries_crash, 1);
    assert_int_equal(spec->failure.retries_lost, 3);
    assert_int_equal(spec->failure.max_failures, 1000);
    CHECK_NEAR(spec->failure.heartbeat, 2, 0);
    CHECK_NEAR(spec->failure.lost_after, 30, 0);
    assert_true(spec->base_dir[0] == '/');
    hpo_study_spec_destroy(spec);
}

static const char full_text[] =
    "study: everything\n"
    "seed: 7\n"
    "objective: {toy_restart: {b: [1, 2.50, \"x: y\"], a: {d: true, c: 1e-3}}}\n"
    "metric: {name: accuracy, goal: maximize}\n"
    "method: {sampler: sobol, scheduler: hyperband, eta: 4, scramble: false, brackets: 3}\n"
    "fidelity: {epochs: {min: 1, max: 64}}\n"
    "budget: {trials: 200, cost: 600, time: 30m, metric: {name: size, max: 2.5e6}, no_improve: 50, target: 0}\n"
    "workers: 8\n"
    "deterministic: true\n"
    "repeats: true\n"
    "incumbent: posterior\n"
    "durability: each\n"
    "trial: {time: 10m, memory: 2GiB, threads: 3, stop_grace: 5s, exit_grace: 4s, gpus: 2, keep: best, config: false,\n"
    "        devices: [0, GPU-3f, \"2\"], share_devices: true}\n"
    "failure: {retries: {crash: 2, timeout: 1, oom: 4, lost: 5}, max_failures: 50, first: 0, heartbeat: 0.2s,\n"
    "          lost_after: 1s}\n"
    "parameters:\n"
    "  lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2, confidence: high}\n"
    "  batch: {values: [32, 64], ordered: true}\n"
    "  opt: {values: [sgd, adam], probabilities: [0.4, 0.6]}\n"
    "  momentum: {min: 0.0, max: 0.9, step: 0.1, when: {opt: sgd}}\n"
    "  width: {value: 64}\n"
    "forbid:\n"
    "  - {opt: sgd, lr: {gt: 0.5}}\n";

static void every_key_is_read(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(full_text);
    assert_string_equal(spec->name, "everything");
    assert_true(spec->seed_given && spec->seed == 7);
    assert_ptr_equal(spec->objective, &toy_restart_objective);
    assert_non_null(base_yaml_get(spec->settings, "a"));
    assert_true(spec->goals[0].maximize);
    assert_string_equal(spec->goals[0].name, "accuracy");
    assert_string_equal(spec->method, "sobol + hyperband");
    assert_string_equal(spec->fidelity.name, "epochs");
    assert_true(spec->fidelity.integer && spec->fidelity.min == 1 && spec->fidelity.max == 64);
    assert_true(spec->budget.trials == 200 && spec->budget.cost == 600 && spec->budget.time == 1800);
    assert_true(spec->budget.has_target && spec->budget.target[0] == 0);
    assert_int_equal(spec->budget.no_improve, 50);
    assert_string_equal(spec->budget.metric, "size");
    assert_true(spec->budget.metric_max == 2.5e6);
    assert_true(spec->workers == 8 && spec->deterministic && spec->repeats && spec->fsync_each);
    assert_true(spec->by_posterior && !strstr(spec->identity, "posterior"));
    assert_true(spec->limits.time == 600 && spec->limits.memory == UINT64_C(2) << 30 && spec->limits.threads == 3);
    assert_true(spec->limits.exit_grace == 4 && spec->keep == HPO_KEEP_BEST && !spec->writes_config);
    assert_true(spec->devices.gpus == 2 && spec->devices.count == 3 && spec->devices.share);
    assert_string_equal(spec->devices.names[0], "0");
    assert_string_equal(spec->devices.names[1], "GPU-3f");
    assert_int_equal(spec->failure.first, 0);
    assert_true(spec->failure.retries_crash == 2 && spec->failure.retries_timeout == 1);
    assert_true(spec->failure.retries_oom == 4 && spec->failure.retries_lost == 5);
    assert_true(spec->failure.max_failures == 50 && spec->failure.heartbeat == 0.2 && spec->failure.lost_after == 1);
    assert_int_equal(hpo_space_count(spec->space), 5);
    hpo_study_spec_destroy(spec);
}

static const char *const readable[] = {
    full_text,
    TOY SPACE BUDGET,
    TOY SPACE "budget: {time: 1.5h}\nseed: 18446744073709551615\nmethod: sobol\n",
    "objective: {toy_declared: }\nmethod: grid\nseed: 1\nforbid: [{n: 3}]\n",
    "objective: {toy_declared: }\nmethod: grid\nparameters: {y: {min: 1, max: 3, when: {n: 2}}}\n",
    "objective: {toy_declared: }\nmethod: grid\nparameters: {y: {values: [1, 2]}}\nforbid: [{n: 3, y: 2}]\n",
    "objective: toy_default\nmethod: grid\nparameters: {n: {min: 2, max: 3}}\n",
    "objective: toy_default\nmethod: grid\n",
    TOY SPACE BUDGET "fidelity: {share: {min: 0.1, max: 1}}\nmethod: {name: successive-halving, eta: 2}\n",
    TOY "parameters: {a-b: {values: [\"1\", 1, null, true, \"x, y\"]}, \"c:d\": {min: -3, max: 4}}\n" BUDGET,
};

/* What is printed reads back as the same study, and prints the same. */
static void what_is_printed_is_the_same_study(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(readable); i++) {
        hpo_study_spec *spec = toy_spec(readable[i]);
        base_buf text = {0}, again = {0};
        hpo_study_spec_print(spec, &text);
        hpo_study_spec *copy = toy_spec(base_buf_text(&text));
        assert_string_equal(copy->identity, spec->identity);
        hpo_study_spec_print(copy, &again);
        assert_string_equal(base_buf_text(&again), base_buf_text(&text));
        assert_int_equal(copy->budget.trials, spec->budget.trials);
        assert_true(copy->budget.has_target == spec->budget.has_target && copy->budget.time == spec->budget.time);
        assert_int_equal(copy->budget.no_improve, spec->budget.no_improve);
        assert_true(copy->budget.metric_max == spec->budget.metric_max);
        assert_memory_equal(&copy->failure, &spec->failure, sizeof spec->failure);
        assert_true(copy->limits.memory == spec->limits.memory && copy->limits.time == spec->limits.time);
        assert_true(copy->limits.exit_grace == spec->limits.exit_grace && copy->keep == spec->keep);
        assert_true(copy->devices.gpus == spec->devices.gpus && copy->devices.count == spec->devices.count);
        base_buf_fini(&text);
        base_buf_fini(&again);
        hpo_study_spec_destroy(spec);
        hpo_study_spec_destroy(copy);
    }
}

static size_t count_parameters(const char *text, const char *first, size_t *declared) {
    hpo_study_spec *spec = toy_spec(text);
    const size_t count = hpo_space_count(spec->space);
    assert_string_equal(hpo_space_param(spec->space, 0)->name, first);
    *declared = spec->n_declared;
    hpo_study_spec_destroy(spec);
    return count;
}

/* An objective's own parameters stand before the user's; a default space gives way to them. */
static void both_sources_of_parameters_are_merged(void **state) {
    (void)state;
    size_t declared;
    assert_int_equal(count_parameters("objective: toy_declared\n" BUDGET, "x", &declared), 2);
    assert_int_equal(declared, 2);
    assert_int_equal(
        count_parameters("objective: toy_declared\n" BUDGET "parameters: {y: {min: 1, max: 3}}\n", "x", &declared), 3);
    assert_int_equal(declared, 2);
    assert_int_equal(count_parameters("objective: toy_default\n" BUDGET, "x", &declared), 2);
    assert_int_equal(declared, 0);
    assert_int_equal(
        count_parameters("objective: toy_default\n" BUDGET "parameters: {n: {min: 1, max: 2}}\n", "n", &declared), 1);
    assert_int_equal(declared, 0);
}

static void check_names_what_the_objective_declares(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec("objective: toy_declared\n" BUDGET "parameters: {y: {min: 1, max: 3}}\n");
    base_buf text = {0};
    hpo_study_spec_print(spec, &text);
    assert_non_null(strstr(base_buf_text(&text), "# the objective toy_declared declares x, n\n"));
    assert_non_null(strstr(base_buf_text(&text), "parameters:\n  y: {min: 1, max: 3}\n"));
    base_buf_fini(&text);
    hpo_study_spec_destroy(spec);
}

/* What is said of a study of toy_priced, whose reports carry accuracy and speed. */
static void check_advice(const char *rest, const char *want) {
    base_buf text = {0}, advice = {0};
    base_buf_printf(&text,
                    "objective: toy_priced\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                    "fidelity: {e: {min: 1, max: 9}}\n" BUDGET "%s",
                    rest);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    hpo_study_advise(spec, &advice);
    if (want)
        CHECK_CONTAINS(base_buf_text(&advice), want);
    else
        assert_string_equal(base_buf_text(&advice), "");
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    base_buf_fini(&advice);
}

static void a_rule_that_cannot_see_the_metric_is_warned_of(void **state) {
    (void)state;
    check_advice("metric: loss\nmethod: median-stop\n",
                 "median-stop stops trials by what they report, but reports of the objective toy_priced carry accuracy "
                 "and speed, not loss");
    check_advice("metric: loss\nmethod: {name: asha, mode: stopping}\n", "asha stops trials by");
    check_advice("metric: loss\nmethod: asha\n", NULL);
    check_advice("metric: loss\nmethod: hyperband\n", NULL);
    check_advice("metric: accuracy\nmethod: median-stop\n", NULL);
}

static void check_shows_space_and_ladder(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec(full_text);
    base_buf text = {0};
    hpo_study_spec_print(spec, &text);
    CHECK_CONTAINS(base_buf_text(&text), "# space: 5 parameters, 4 of them searched; a continuum");
    CHECK_CONTAINS(base_buf_text(&text), "# hyperband: rungs 1, 4, 16, 64; brackets: 64@1 16@4 4@16 1@64 | ");
    base_buf_fini(&text);
    hpo_study_spec_destroy(spec);
}

/* Pairs of files and whether they are the same study. */
static void the_identity_is_what_makes_a_study(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"budget: {trials: 10}\n", "budget: {trials: 99, time: 3h}\nfailure: {max_failures: 3}\nworkers: 3\n", true},
        {BUDGET "seed: 1\n", BUDGET "seed: 2\n", false},
        {BUDGET "metric: loss\n", BUDGET "metric: {name: loss, goal: maximize}\n", false},
        {BUDGET "metric: loss\n", BUDGET "metric: {goal: minimize, name: loss}\n", true},
        {BUDGET "method: random\n", BUDGET "method: {scheduler: full, sampler: random}\n", true},
        {BUDGET "method: random\n", BUDGET "method: sobol\n", false},
        {BUDGET "method: sobol\n", BUDGET "method: {name: sobol, scramble: true}\n", true},
        {BUDGET "method: sobol\n", BUDGET "method: {name: sobol, scramble: false}\n", false},
        {BUDGET, BUDGET "fidelity: {e: {min: 1, max: 3}}\n", false},
        {BUDGET, BUDGET "workers: 4\ndeterministic: true\n", false},
        {BUDGET "workers: 5\ndeterministic: true\n", BUDGET "workers: 4\ndeterministic: true\n", false},
        {BUDGET, BUDGET "forbid: [{x: {gt: 0.5}}]\n", false},
    };
    for (size_t i = 0; i < CHECK_COUNT(pairs); i++) {
        base_buf a = {0}, b = {0};
        base_buf_printf(&a, TOY SPACE "%s", pairs[i].a);
        base_buf_printf(&b, TOY SPACE "%s", pairs[i].b);
        hpo_study_spec *x = toy_spec(base_buf_text(&a)), *y = toy_spec(base_buf_text(&b));
        if ((strcmp(x->identity, y->identity) == 0) != pairs[i].same) {
            fail_msg("pair %zu:\n%s\n--\n%s", i, x->identity, y->identity);
        }
        hpo_study_spec_destroy(x);
        hpo_study_spec_destroy(y);
        base_buf_fini(&a);
        base_buf_fini(&b);
    }
    hpo_study_spec *x = toy_spec(SPACE BUDGET "objective: {toy: {a: 1, b: {d: 0.10, c: 2}}}\n");
    hpo_study_spec *y = toy_spec(BUDGET SPACE "objective: {toy: {b: {c: 2, d: 1e-1}, a: 1}}\n");
    hpo_study_spec *z = toy_spec(BUDGET SPACE "objective: {toy: {b: {c: 2, d: 2e-1}, a: 1}}\n");
    assert_string_equal(x->identity, y->identity);
    assert_string_not_equal(x->identity, z->identity);
    hpo_study_spec_set_seed(x, 99);
    assert_true(x->seed == 99 && x->seed_given);
    CHECK_CONTAINS(x->identity, "seed: 99");
    hpo_study_spec_destroy(x);
    hpo_study_spec_destroy(y);
    hpo_study_spec_destroy(z);
}

static void sets_and_seed_come_last(void **state) {
    (void)state;
    base_err err;
    static const char text[] = TOY SPACE BUDGET "seed: 4\n";
    static const char *const sets[] = {"budget.trials=50", "method=sobol"};
    const uint64_t seed = UINT64_MAX;
    hpo_study_spec *spec;
    CHECK_OK(hpo_study_read(toy_catalog(), "a/b.c/my.study.yaml", text, sizeof text - 1, sets, 2, &seed, &spec, &err));
    assert_true(spec->seed == UINT64_MAX && spec->budget.trials == 50);
    assert_string_equal(spec->sampler->name, "sobol");
    assert_string_equal(spec->name, "my.study");
    hpo_study_spec_destroy(spec);
    static const char *const wrong[] = {"budget.trails=50"};
    CHECK_FAILS(hpo_study_read(toy_catalog(), "f", text, sizeof text - 1, wrong, 1, NULL, &spec, &err), BASE_INVALID,
                "--set budget.trails");
    assert_null(spec);
}

static void settings_may_refer_to_parameters(void **state) {
    (void)state;
    hpo_study_spec_destroy(toy_spec("objective: {toy_strict: {width: \"{w}\"}}\nmetric: loss\n" BUDGET
                                    "parameters: {w: {min: 1, max: 8}, learning_rate: {min: 0.1, max: 1.0}}\n"));
    static const char *const wrong[] = {
        "objective: {toy_strict: {width: \"{w}\"}}\nmetric: loss\n" BUDGET "parameters: {w: {min: 2000, max: 3000}}\n",
        "objective: {toy_strict: {width: \"{v}\"}}\nmetric: loss\n" BUDGET "parameters: {width: {min: 1, max: 8}}\n",
    };
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        base_err err;
        hpo_study_spec *spec;
        CHECK_FAILS(hpo_study_read(toy_catalog(), "f", wrong[i], strlen(wrong[i]), NULL, 0, NULL, &spec, &err),
                    BASE_INVALID, i == 0 ? "between 1 and 1024" : "f:");
    }
}

/* Without a budget a study is accepted when it ends by itself. */
static void some_studies_need_no_budget(void **state) {
    (void)state;
    static const char *const texts[] = {
        TOY SPACE "method: grid\n",
        TOY SPACE "fidelity: {e: {min: 1, max: 9}}\nmethod: {name: hyperband, brackets: 3}\n",
        TOY "parameters: {a: {values: [1, 2]}}\n",
    };
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) hpo_study_spec_destroy(toy_spec(texts[i]));
}

static void every_method_is_made_of_what_exists(void **state) {
    (void)state;
    size_t count;
    const hpo_method *methods = hpo_methods(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(hpo_method_find(methods[i].name), &methods[i]);
        assert_non_null(hpo_sampler_find(methods[i].sampler));
        assert_non_null(hpo_scheduler_find(methods[i].scheduler));
        base_buf text = {0};
        base_buf_printf(
            &text,
            TOY BUDGET
            "parameters: {x: {min: 0.0, max: 1.0, prior: 0.3}}\nfidelity: {e: {min: 1, max: 9}}\nmethod: %s\n",
            methods[i].name);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        assert_string_equal(spec->sampler->name, methods[i].sampler);
        assert_string_equal(spec->scheduler->name, methods[i].scheduler);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
    assert_null(hpo_method_find("none"));
}

/* PriorBand's first trial: the mode of the priors, at the highest fidelity, outside the brackets. */
static void priorband_begins_with_its_mode(void **state) {
    (void)state;
    hpo_study_spec *spec = toy_spec("objective: toy\nseed: 3\nmethod: priorband\nfidelity: {e: {min: 1, max: 9}}\n"
                                    "budget: {trials: 14}\nparameters: {x: {min: 0.0, max: 1.0, prior: 0.25}}\n");
    base_err err;
    hpo_study *study;
    toy_tape tape = {0};
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 1, .seed = 1, .tape = &tape});
    double fidelities[14];
    size_t starts = 0;
    for (size_t i = 0; i < tape.count; i++) {
        if (tape.records[i].kind == HPO_RECORD_START) fidelities[starts++] = tape.records[i].fidelity;
    }
    static const double expected[] = {9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9};
    assert_int_equal(starts, 14);
    CHECK_ARRAY_NEAR(fidelities, expected, 14, 0);
    CHECK_NEAR(tape.records[0].config[0], 0.25, 1e-12);
    toy_tape_fini(&tape);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    spec = toy_spec("objective: toy\nmethod: {name: priorband, full_first: false}\nfidelity: {e: {min: 1, max: 9}}\n"
                    "budget: {trials: 14}\nparameters: {x: {min: 0.0, max: 1.0, prior: 0.25}}\n");
    base_buf text = {0};
    hpo_study_spec_print(spec, &text);
    CHECK_CONTAINS(base_buf_text(&text), "full_first: false");
    base_buf_fini(&text);
    hpo_study_spec_destroy(spec);
}

/* Of a process in brackets: all results, and BOHB is as published, unless the study says otherwise; a sampler by its
 * own name keeps its own. */
static void named_methods_of_a_model_in_brackets_have_their_own_defaults(void **state) {
    (void)state;
    static const struct {
        const char *method, *option;
    } cases[] = {{"gp-hyperband", "data: joint"},
                 {"mobster", "data: joint"},
                 {"bohb", "trust: false"},
                 {"{name: bohb, trust: true}", "trust: true"},
                 {"{sampler: kde, scheduler: hyperband}", "trust: true"},
                 {"{name: gp-hyperband, data: highest}", "data: highest"},
                 {"{sampler: gp, scheduler: hyperband}", "data: highest"}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf text = {0};
        base_buf_printf(&text,
                        "objective: toy\nmethod: %s\nfidelity: {e: {min: 1, max: 9}}\nbudget: {trials: 14}\n"
                        "parameters: {x: {min: 0.0, max: 1.0}}\n",
                        cases[i].method);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        base_buf_clear(&text);
        hpo_study_spec_print(spec, &text);
        CHECK_CONTAINS(base_buf_text(&text), cases[i].option);
        base_buf_fini(&text);
        hpo_study_spec_destroy(spec);
    }
}

/* The example on the help page is a study, and every top-level key has its line. */
static void the_help_page_is_true(void **state) {
    (void)state;
    base_buf help = {0};
    hpo_study_help(&help);
    const char *example = strstr(base_buf_text(&help), "Example:\n\n");
    assert_non_null(example);
    base_arena *arena = base_arena_create();
    base_err err;
    base_yaml_node *root;
    CHECK_OK(base_yaml_parse(arena, "help", example + 10, strlen(example + 10), &root, &err));
    base_buf text = {0};
    base_yaml_put(arena, root, "objective", base_yaml_scalar(arena, NULL, "toy", true));
    base_yaml_put(arena, root, "metric", base_yaml_scalar(arena, NULL, "loss", true));
    base_yaml_print(root, 0, &text);
    hpo_study_spec_destroy(toy_spec(base_buf_text(&text)));
    static const char *const keys[] = {"\n  durability ", "\n  stop_grace ", "\n  lost_after ", "\n  target ",
                                       "\n  goal ",       "\n  oom ",        "  hyperband "};
    for (size_t i = 0; i < CHECK_COUNT(keys); i++) CHECK_CONTAINS(base_buf_text(&help), keys[i]);
    base_buf_fini(&text);
    base_buf_fini(&help);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_has_a_default),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(what_is_printed_is_the_same_study),
        cmocka_unit_test(check_shows_space_and_ladder),
        cmocka_unit_test(a_rule_that_cannot_see_the_metric_is_warned_of),
        cmocka_unit_test(both_sources_of_parameters_are_merged),
        cmocka_unit_test(check_names_what_the_objective_declares),
        cmocka_unit_test(the_identity_is_what_makes_a_study),
        cmocka_unit_test(sets_and_seed_come_last),
        cmocka_unit_test(settings_may_refer_to_parameters),
        cmocka_unit_test(some_studies_need_no_budget),
        cmocka_unit_test(every_method_is_made_of_what_exists),
        cmocka_unit_test(priorband_begins_with_its_mode),
        cmocka_unit_test(named_methods_of_a_model_in_brackets_have_their_own_defaults),
        cmocka_unit_test(the_help_page_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
