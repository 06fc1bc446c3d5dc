/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "nas/choices.h"

static base_status read_text(base_arena *arena, const char *text, nas_choices *out, base_err *err) {
    base_yaml_node *node;
    BASE_TRY(base_yaml_parse(arena, "s.yaml", text, strlen(text), &node, err));
    return nas_choices_read(node, arena, out, err);
}

static void names_are_combinations(void **state) {
    (void)state;
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"darts", "{edge_weights: softmax, mixed: plain, step: second, radius: 0.01, stop: epochs, selection: "
                  "magnitude, course: constant, warm_up: 0.0}"},
        {"darts-first", "{edge_weights: softmax, mixed: plain, step: first, stop: epochs, selection: magnitude, "
                        "course: constant, warm_up: 0.0}"},
        {"r-darts",
         "{edge_weights: softmax, mixed: plain, step: first, stop: eigenvalue, every: 2, window: 5, delta: 4, "
         "start: 10, factor: 1.3, selection: magnitude, course: constant, warm_up: 0.0}"},
        {"random-sharing",
         "{edge_weights: uniform, mixed: plain, step: weights, stop: epochs, selection: "
         "best-of-random, candidates: 100, batches: 10, finalists: 10, course: constant, warm_up: 0.0}"},
        {"darts-pt", "{edge_weights: softmax, mixed: plain, step: first, stop: epochs, selection: perturbation, "
                     "criterion: accuracy, tune: 5, course: constant, warm_up: 0.0}"},
        {"{name: pc-darts, share: 2}", "{edge_weights: softmax, mixed: partial, share: 2, step: first, stop: epochs, "
                                       "selection: magnitude, course: constant, warm_up: 0.3}"},
        {"{name: darts-minus, schedule: cosine}",
         "{edge_weights: softmax, mixed: auxiliary-skip, schedule: cosine, "
         "step: first, stop: epochs, selection: magnitude, course: constant, warm_up: 0.0}"},
        {"snas", "{edge_weights: gumbel, tau_start: 1.0, tau_end: 0.33, mixed: plain, step: first, stop: epochs, "
                 "selection: magnitude, course: constant, warm_up: 0.0}"},
        {"gdas", "{edge_weights: gdas, tau_start: 10.0, tau_end: 0.1, unselected: scalar, mixed: plain, step: first, "
                 "stop: epochs, selection: magnitude, course: constant, warm_up: 0.0}"},
        {"drnas", "{edge_weights: dirichlet, regularizer: none, regularizer_weight: 0.001, mixed: plain, step: first, "
                  "stop: epochs, selection: magnitude, course: constant, warm_up: 0.4}"},
        {"tangle-nas",
         "{edge_weights: dirichlet, regularizer: none, regularizer_weight: 0.001, mixed: entangled, step: "
         "first, stop: epochs, selection: magnitude, course: constant, warm_up: 0.4}"},
        {"fair-darts", "{edge_weights: sigmoid, regularizer: l2, regularizer_weight: 10.0, mixed: plain, step: first, "
                       "stop: epochs, selection: threshold, threshold: 0.85, course: constant, warm_up: 0.0}"},
        {"sdarts-rs", "{edge_weights: softmax, mixed: plain, step: perturb-random, radius_start: 0.03, radius_end: "
                      "0.3, stop: epochs, selection: magnitude, course: constant, warm_up: 0.0}"},
        {"sdarts-adv", "{edge_weights: softmax, mixed: plain, step: perturb-adversarial, radius_start: 0.03, "
                       "radius_end: 0.3, stop: epochs, selection: magnitude, course: constant, warm_up: 0.0}"},
        {"{name: r-darts, factor: 1.5, step: second}",
         "{edge_weights: softmax, mixed: plain, step: second, radius: 0.01, stop: eigenvalue, every: 2, window: 5, "
         "delta: 4, start: 10, factor: 1.5, selection: magnitude, course: constant, warm_up: 0.0}"},
        {"drnas-progressive", "{edge_weights: dirichlet, regularizer: none, regularizer_weight: 0.001, mixed: plain, "
                              "step: first, stop: epochs, selection: magnitude, course: "
                              "stages, stages: 2, more_cells: 0, keep: 0.5, warm_up: 0.4, skip_dropout: 0.0, "
                              "more_skip_dropout: 0.0, weights: "
                              "kept}"},
        {"{name: drnas-progressive, keep: 0.3, weights: fresh}",
         "{edge_weights: dirichlet, regularizer: none, regularizer_weight: 0.001, mixed: plain, step: first, stop: "
         "epochs, selection: magnitude, course: "
         "stages, stages: 2, more_cells: 0, keep: 0.3, warm_up: 0.4, skip_dropout: 0.0, more_skip_dropout: 0.0, "
         "weights: "
         "fresh}"},
        {"{name: pc-darts, course: oles}",
         "{edge_weights: softmax, mixed: partial, share: 4, step: first, stop: epochs, "
         "selection: magnitude, course: oles, steps: 20, threshold: 0.4}"},
        {"{name: darts-first, warm_up: 0.2}", "{edge_weights: softmax, mixed: plain, step: first, stop: epochs, "
                                              "selection: magnitude, course: constant, warm_up: 0.2}"},
        {"{stop: skips, skips: 3}", "{edge_weights: softmax, mixed: plain, step: second, radius: 0.01, stop: skips, "
                                    "skips: 3, start: 0, selection: magnitude, course: constant, warm_up: 0.0}"},
    };
    base_err err = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_buf printed = {0}, again = {0};
        nas_choices choices;
        CHECK_OK(read_text(arena, cases[i].text, &choices, &err));
        nas_choices_print(&choices, &printed);
        assert_string_equal(base_buf_text(&printed), cases[i].printed);
        CHECK_OK(read_text(arena, base_buf_text(&printed), &choices, &err));
        nas_choices_print(&choices, &again);
        assert_string_equal(base_buf_text(&again), base_buf_text(&printed));
        base_buf_fini(&printed);
        base_buf_fini(&again);
        base_arena_destroy(arena);
    }
}

static void parts_that_have_a_name_are_called_by_it(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_choices choices;
    CHECK_OK(read_text(arena, "{step: first, stop: eigenvalue, factor: 2}", &choices, &err));
    assert_string_equal(choices.name, "r-darts");
    CHECK_OK(read_text(arena, "{name: r-darts, stop: skips}", &choices, &err));
    assert_string_equal(choices.name, "softmax + plain + first + skips + magnitude + constant");
    CHECK_OK(nas_choices_read(NULL, arena, &choices, &err));
    assert_string_equal(choices.name, "darts");
    base_arena_destroy(arena);
}

static void mistakes_are_named_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"dart", "s.yaml:1:1: there is no search 'dart'; did you mean 'darts'?"},
        {"[darts]", "a search must be a name"},
        {"{step: third}", "s.yaml:1:8: step has no 'third'"},
        {"{stop: epochs, factor: 2}", "s.yaml:1:16: no part of this search has an option 'factor'"},
        {"{name: r-darts, factor: 0.5}", "s.yaml:1:25"},
        {"{edge_weights: uniform}", "step: second moves alphas, but edge_weights: uniform have none"},
        {"{edge_weights: gdas, step: perturb-random}", "edge_weights: gdas computes one of an edge; take step: first"},
        {"{edge_weights: uniform, step: weights}", "take selection: best-of-random"},
        {"{name: random-sharing, stop: eigenvalue}", "take stop: epochs"},
        {"{name: darts, warm_up: 1}", "s.yaml:1:24"},
        {"{name: darts, course: variable}", "s.yaml:1:23: course has no 'variable'"},
        {"{selection: threshold}", "share a sum of 1; take selection: magnitude"},
        {"{name: random-sharing, selection: perturbation}", "uniform trains one at a time; take selection: "},
        {"{name: r-darts, selection: perturbation}", "may want the genotype of an earlier epoch; take stop: epochs"},
        {"{name: darts-pt, criterion: speed}", "s.yaml:1:29"},
        {"{name: pc-darts, share: 0}", "share"},
        {"{name: random-sharing, course: stages}", "take course: constant"},
        {"{name: p-darts, stop: eigenvalue-restart}", "has a network of its own in each stage"},
        {"{name: p-darts, selection: best-of-random}", "drops operations from it; take selection: magnitude"},
        {"{name: p-darts, keep: 0}", "s.yaml:1:23"},
        {"{name: oles, step: second}", "compares gradients at the present weights"},
        {"{name: oles, stop: eigenvalue-restart}", "what course: oles has frozen stays so"},
        {"{name: oles, threshold: 2}", "s.yaml:1:25"},
        {"{step: weights}", "step: weights does not move them"},
        {"{name: random-sharing, candidates: 5, finalists: 0}", "finalists"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_err err = {0};
        nas_choices choices;
        CHECK_FAILS(read_text(arena, cases[i].text, &choices, &err), BASE_INVALID, cases[i].part);
        base_arena_destroy(arena);
    }
}

static void every_name_and_every_part_has_a_line_of_help(void **state) {
    (void)state;
    size_t count;
    const nas_search_name *names = nas_search_names(&count);
    assert_true(count >= 4);
    for (size_t i = 0; i < count; i++) assert_true(strlen(names[i].summary) > 10);
    for (int c = 0; c < NAS_CHOICES; c++)
        for (size_t i = 0; i < nas_choice_count((nas_choice)c); i++) {
            const nas_choice_info info = nas_choice_at((nas_choice)c, i);
            assert_true(strlen(info.name) > 0 && strlen(info.summary) > 10);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_combinations),
        cmocka_unit_test(parts_that_have_a_name_are_called_by_it),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(every_name_and_every_part_has_a_line_of_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
