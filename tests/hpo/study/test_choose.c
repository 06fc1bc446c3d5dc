/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which method a study gets that leaves it open, and that it keeps what it began with. */
#include "hpo/study/choose.h"

#include <math.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

#define SPACE    "objective: toy\nseed: 1\nparameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b, c]}}\n"
#define PRIORS   "objective: toy\nseed: 1\nparameters: {x: {min: 0.0, max: 1.0, prior: 0.3}}\n"
#define SMALL    "objective: toy\nseed: 1\nparameters: {n: {min: 1, max: 5}, c: {values: [a, b, c]}}\n"
#define FIDELITY "fidelity: {e: {min: 1, max: 27}}\n"

static const char *const goals[] = {
    "",
    "metrics: [loss, size]\n",
    "metrics: [loss, size, time]\n",
    "constraints: [{metric: size, max: 0.5}]\n",
    "metrics: [loss, size]\nconstraints: [{metric: time, max: 0.5}]\n",
};

/* ---- the rules ---- */

static const hpo_situation plain = {
    .searched = 5, .configurations = (double)INFINITY, .range = 1, .budget = 100, .workers = 1};

static void check_rule(const hpo_situation *situation, const char *method) {
    assert_string_equal(hpo_rule_for(situation)->method, method);
}

static void every_situation_has_a_rule(void **state) {
    (void)state;
    hpo_situation s = plain;
    check_rule(&s, "gp");
    s.budget = (double)NAN;
    check_rule(&s, "gp");
    s.budget = 5000;
    check_rule(&s, "tpe");
    s.budget = 100, s.searched = 300;
    check_rule(&s, "tpe");
    s.range = 81;
    check_rule(&s, "{sampler: tpe, scheduler: asha}");
    s.searched = 0;
    check_rule(&s, "random");
    s.searched = 5, s.workers = 20;
    check_rule(&s, "gp");
    s.workers = 21;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint}");
    s.workers = 200, s.budget = 1000;
    check_rule(&s, "gp");
    s.workers = 2, s.budget = 60;
    check_rule(&s, "gp");
    s.budget = 59;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint}");
    s.workers = 1;
    check_rule(&s, "gp");
    s.budget = 29;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint}");
    s.budget = (double)NAN, s.workers = 200;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint}");
    s.workers = 201;
    check_rule(&s, "{sampler: tpe, scheduler: asha}");
    s.range = 1;
    check_rule(&s, "tpe");
    s = plain, s.priors = true;
    check_rule(&s, "{name: gp, prior: true}");
    s.budget = (double)NAN;
    check_rule(&s, "{name: gp, prior: true}");
    s.budget = 10;
    check_rule(&s, "{sampler: priorband}");
    s = plain, s.range = 2; /* a single rung */
    check_rule(&s, "gp");
    s.range = 3;
    check_rule(&s, "gp");
    s.budget = 20;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint}");
    s.budget = 100, s.priors = true;
    check_rule(&s, "priorband-bo");
}

static void a_small_space_is_tried_to_its_end(void **state) {
    (void)state;
    hpo_situation s = plain;
    s.configurations = 100;
    check_rule(&s, "{sampler: grid, points: 1000}");
    s.budget = 99;
    check_rule(&s, "gp");
    s.budget = (double)NAN;
    check_rule(&s, "gp");
    s.budget = (double)INFINITY;
    check_rule(&s, "{sampler: grid, points: 1000}");
    s.configurations = 1001;
    check_rule(&s, "tpe");
}

/* ---- what is known of a study ---- */

static hpo_situation situation_of(const char *text, uint64_t workers) {
    hpo_study_spec *spec = toy_spec(text);
    const hpo_situation s = hpo_situation_of(spec, workers);
    hpo_study_spec_destroy(spec);
    return s;
}

static void a_study_tells_its_situation(void **state) {
    (void)state;
    hpo_situation s = situation_of("objective: toy\nbudget: {trials: 40}\nparameters: {x: {min: 0.0, max: 1.0}, o: "
                                   "{values: [1, 2], ordered: true}, "
                                   "c: {values: [a, b]}, d: {values: [a, b], when: {c: a}}, k: {value: 3}}\n",
                                   4);
    assert_true(s.searched == 4 && s.choices == 2 && s.conditional == 1 && s.workers == 4 && !s.priors);
    assert_true(s.range == 1 && s.budget == 40 && isinf(s.configurations));
    base_buf text = {0};
    hpo_situation_print(&s, &text);
    assert_string_equal(base_buf_text(&text),
                        "2 numbers, 2 choices, 1 of them conditional, 40 full evaluations, 4 workers");
    base_buf_fini(&text);
    s = situation_of("objective: toy\nbudget: {trials: 2}\nparameters: {k: {value: 3}}\n", 1);
    hpo_situation_print(&s, &text);
    assert_string_equal(base_buf_text(&text), "nothing to search, 2 full evaluations, 1 worker");
    base_buf_fini(&text);
    s = situation_of(SMALL, 1);
    assert_true(s.configurations == 15 && isinf(s.budget));
    assert_true(isinf(situation_of(SMALL "repeats: true\nbudget: {trials: 20}\n", 1).configurations));
    s = situation_of(PRIORS FIDELITY "budget: {cost: 270}\n", 1);
    assert_true(s.priors && s.range == 27 && s.budget == 10);
    assert_true(isnan(situation_of(SPACE FIDELITY "budget: {trials: 40}\n", 1).budget)); /* on any rung */
    assert_true(isnan(situation_of(SPACE "budget: {trials: 40, time: 1h}\n", 1).budget));
    assert_true(isnan(situation_of(SPACE "budget: {target: 0}\n", 1).budget));
    assert_true(isnan(situation_of(SPACE "budget: {no_improve: 9}\n", 1).budget));
    /* what the objective says that an evaluation costs: (1 + x)(to - from) + 10 */
    s = situation_of("objective: toy_priced\nparameters: {x: {min: 0.0, max: 1.0}}\n" FIDELITY "budget: {cost: 505}\n",
                     1);
    assert_true(s.budget == 10);
}

/* Virtual workers count and real ones do not; in the order of arrival no more than `workers` work. */
static void workers_are_those_that_count(void **state) {
    (void)state;
    assert_true(situation_of(SPACE "budget: {trials: 9}\ndeterministic: true\nworkers: 4\n", 64).workers == 4);
    assert_true(situation_of(SPACE "budget: {trials: 9}\nworkers: 4\n", 64).workers == 4);
    assert_true(situation_of(SPACE "budget: {trials: 9}\nworkers: 4\n", 2).workers == 2);
    const uint64_t ranks[] = {1, 2, 64};
    for (size_t i = 0; i < CHECK_COUNT(ranks); i++) {
        base_err err;
        hpo_study_spec *spec = toy_spec(SPACE FIDELITY "budget: {cost: 270}\ndeterministic: true\nworkers: 4\n");
        const char *identity = spec->identity;
        CHECK_OK(hpo_study_choose(spec, ranks[i], &err));
        assert_string_equal(spec->identity, identity);
        CHECK_CONTAINS(spec->chosen, "4 workers)");
        hpo_study_spec_destroy(spec);
    }
}

/* They have a say in the sampler and in the order of results, and rules ask little. */
static void metrics_and_constraints_change_little(void **state) {
    (void)state;
    static const struct {
        const char *study, *method;
    } cases[] = {
        {SPACE "budget: {trials: 100}\n", "gp, because"},
        {SPACE "budget: {trials: 2999}\n", "gp, because"},
        {SPACE FIDELITY "budget: {cost: 270}\n", "{sampler: gp, scheduler: asha, data: joint}, because"},
        {PRIORS "budget: {trials: 100}\n", "{name: gp, prior: true}, because"},
        {PRIORS FIDELITY "budget: {cost: 270}\n", "priorband-bo, because"},
        {SMALL, "{sampler: grid, points: 1000}, because"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases) * CHECK_COUNT(goals); i++) {
        base_buf text = {0};
        base_buf_printf(&text, "%s%s", cases[i / CHECK_COUNT(goals)].study, goals[i % CHECK_COUNT(goals)]);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        assert_ptr_equal(strstr(spec->chosen, cases[i / CHECK_COUNT(goals)].method), spec->chosen);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
}

/* With constraints twice as many full evaluations are wanted until cheap ones are done without, with several metrics
 * cheap ones are never done without. */
static void there_is_more_to_learn_than_one_metric(void **state) {
    (void)state;
    static const char joint[] = "{sampler: gp, scheduler: asha, data: joint}";
    static const struct {
        size_t goals, constraints;
        uint64_t workers;
        double enough; /* INFINITY: never */
    } cases[] = {{1, 0, 1, 30},   {2, 0, 1, INFINITY},  {1, 1, 1, 60},  {3, 2, 1, INFINITY},
                 {1, 0, 20, 100}, {2, 0, 20, INFINITY}, {1, 1, 2, 120}, {1, 0, 2, 60}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        hpo_situation s = plain;
        s.range = 27, s.goals = cases[i].goals, s.constraints = cases[i].constraints, s.workers = cases[i].workers;
        s.budget = fmin(cases[i].enough, 2999);
        check_rule(&s, isfinite(cases[i].enough) ? "gp" : joint);
        s.budget -= 1;
        check_rule(&s, joint);
    }
    base_buf text = {0};
    const hpo_situation s = situation_of(SPACE FIDELITY "budget: {cost: 1000}\nmetrics: [loss, size]\nconstraints: "
                                                        "[{metric: time, max: 0.5}]\n",
                                         1);
    hpo_situation_print(&s, &text);
    assert_string_equal(base_buf_text(&text),
                        "1 number, 1 choice, 2 metrics, 1 constraint, fidelities 1:27, 37 full evaluations, 1 worker");
    base_buf_fini(&text);
}

static void of_many_metrics_one_loss_is_made(void **state) {
    (void)state;
    hpo_situation s = plain;
    s.goals = 4, s.budget = 60;
    check_rule(&s, "{name: gp, several: parego}");
    s.budget = (double)NAN;
    check_rule(&s, "{name: gp, several: parego}");
    s.budget = 59;
    check_rule(&s, "gp");
    s.range = 27;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint, several: parego}");
    s.goals = 3;
    check_rule(&s, "{sampler: gp, scheduler: asha, data: joint}");
}

static void so_many_of_several_metrics_are_bred(void **state) {
    (void)state;
    hpo_situation s = plain;
    s.goals = 2, s.budget = 3000;
    check_rule(&s, "nsga2");
    s.budget = 2999;
    check_rule(&s, "gp");
    s.searched = 201;
    check_rule(&s, "nsga2");
    s.range = 3;
    check_rule(&s, "{sampler: nsga2, scheduler: asha}");
    s.goals = 1;
    check_rule(&s, "{sampler: tpe, scheduler: asha}");
    s = plain, s.goals = 3, s.workers = 201, s.priors = true;
    check_rule(&s, "nsga2");
    s.range = 81, s.budget = 20;
    check_rule(&s, "{sampler: nsga2, scheduler: asha}");
    s.workers = 1;
    check_rule(&s, "priorband-bo");
}

/* Whatever rule holds, the study that it gives can be run: its method is one of study files, with its options, and
 * takes any number of metrics and constraints. */
static void every_rule_gives_a_study(void **state) {
    (void)state;
    size_t count;
    const hpo_rule *rules = hpo_rules(&count);
    for (size_t i = 0; i < count * CHECK_COUNT(goals); i++) {
        base_buf text = {0};
        base_buf_printf(&text, PRIORS FIDELITY "budget: {trials: 10}\nmethod: %s\n%s", rules[i % count].method,
                        goals[i / count]);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        assert_null(spec->chosen);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
}

/* ---- the key ---- */

static void auto_and_nothing_are_the_same(void **state) {
    (void)state;
    static const char *const ways[] = {"", "method: auto\n", "method: {name: auto}\n"};
    for (size_t i = 0; i < CHECK_COUNT(ways); i++) {
        base_buf text = {0};
        base_buf_printf(&text, SPACE FIDELITY "budget: {cost: 270}\n%s", ways[i]);
        hpo_study_spec *spec = toy_spec(base_buf_text(&text));
        hpo_study_spec *stated =
            toy_spec(SPACE FIDELITY "budget: {cost: 270}\nmethod: {sampler: gp, scheduler: asha, data: joint}\n");
        assert_string_equal(spec->identity, stated->identity);
        CHECK_CONTAINS(spec->chosen, "{sampler: gp, scheduler: asha, data: joint}, because ");
        assert_null(stated->chosen);
        hpo_study_spec_destroy(stated);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&text);
    }
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *method, *sentence;
    } cases[] = {
        {"method: {name: auto, prior: true}\n", "s.yaml:4:22: auto chooses the options of a method, too, so 'prior'"},
        {"method: {sampler: auto}\n", "s.yaml:4:19: auto is a method, not a sampler"},
        {"method: {sampler: gp, scheduler: auto}\n", "s.yaml:4:34: auto is a method, not a scheduler"},
        {"method: {name: auto, sampler: gp}\n", "s.yaml:4:22: auto chooses"},
        {"method: atuo\n", "s.yaml:4:9: there is no method 'atuo'; did you mean 'auto'?"},
        {"method: [auto]\n", "s.yaml:4:9: method must be a name"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf text = {0};
        base_err err;
        hpo_study_spec *spec;
        base_buf_printf(&text, SPACE "%s", cases[i].method);
        CHECK_FAILS(
            hpo_study_read(toy_catalog(), "s.yaml", base_buf_text(&text), text.length, NULL, 0, NULL, &spec, &err),
            BASE_INVALID, cases[i].sentence);
        base_buf_fini(&text);
    }
}

/* ---- later starts ---- */

/* Whatever pair an earlier run had, with any options, a study that leaves its method open goes on with it. */
static void what_a_run_began_with_is_kept(void **state) {
    (void)state;
    size_t n_samplers, n_schedulers;
    const hpo_sampler_type *const *samplers = hpo_samplers(&n_samplers);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&n_schedulers);
    for (size_t i = 0; i < n_samplers * n_schedulers; i++) {
        base_buf text = {0}, left_open = {0};
        base_err err;
        const char *scheduler = schedulers[i / n_samplers]->name, *spending = toy_spending(scheduler, 27);
        base_buf_printf(&text, PRIORS "%s\nbudget: {trials: 10}\nmethod: {sampler: %s, scheduler: %s}\n", spending,
                        samplers[i % n_samplers]->name, scheduler);
        base_buf_printf(&left_open, PRIORS "%s\nbudget: {cost: 1e9}\n", spending);
        hpo_study_spec *began = toy_spec(base_buf_text(&text));
        hpo_study_spec *open = toy_spec(base_buf_text(&left_open));
        CHECK_OK(hpo_study_keep_method(open, began->identity, "because", &err));
        assert_string_equal(open->identity, began->identity);
        assert_string_equal(open->chosen, "because");
        const char *const set = hpo_study_method_assignment(open); /* what other ranks are told */
        hpo_study_spec *told;
        CHECK_OK(hpo_study_read(toy_catalog(), "s.yaml", base_buf_text(&left_open), left_open.length, &set, 1, NULL,
                                &told, &err));
        assert_string_equal(told->identity, began->identity);
        hpo_study_spec_destroy(told);
        hpo_study_spec_destroy(open);
        hpo_study_spec_destroy(began);
        base_buf_fini(&text);
        base_buf_fini(&left_open);
    }
}

static void a_method_that_is_impossible_now_is_not_kept(void **state) {
    (void)state;
    base_err err;
    hpo_study_spec *began = toy_spec(PRIORS FIDELITY "budget: {trials: 10}\nmethod: priorband\n");
    hpo_study_spec *open = toy_spec(SPACE "budget: {trials: 10}\n");
    const char *identity = open->identity;
    CHECK_FAILS(hpo_study_keep_method(open, began->identity, NULL, &err), BASE_INVALID, "needs a");
    assert_string_equal(open->identity, identity);
    assert_string_equal(open->method, "gp");
    CHECK_CONTAINS(open->chosen, "gp, because");
    CHECK_FAILS(hpo_study_keep_method(open, "space: {}\nseed: 1", NULL, &err), BASE_INVALID, "no method");
    CHECK_FAILS(hpo_study_keep_method(open, "x\nsampler: nosuch, {}\nscheduler: full, {}", NULL, &err), BASE_INVALID,
                "there is no sampler 'nosuch'");
    assert_string_equal(open->identity, identity);
    hpo_study_spec_destroy(open);
    hpo_study_spec_destroy(began);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_situation_has_a_rule),
        cmocka_unit_test(a_small_space_is_tried_to_its_end),
        cmocka_unit_test(a_study_tells_its_situation),
        cmocka_unit_test(workers_are_those_that_count),
        cmocka_unit_test(metrics_and_constraints_change_little),
        cmocka_unit_test(there_is_more_to_learn_than_one_metric),
        cmocka_unit_test(of_many_metrics_one_loss_is_made),
        cmocka_unit_test(so_many_of_several_metrics_are_bred),
        cmocka_unit_test(every_rule_gives_a_study),
        cmocka_unit_test(auto_and_nothing_are_the_same),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(what_a_run_began_with_is_kept),
        cmocka_unit_test(a_method_that_is_impossible_now_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
