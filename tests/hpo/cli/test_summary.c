/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stays when a run is over: status.json as Jansson reads it and best.yaml as a YAML reader reads it must say what
 * the study knows, whatever its names look like. */
#include <jansson.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/yaml.h"
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

#define STUDY                                                                                                          \
    "study: \"a \\\"quoted\\\" \\\\ name\"\nseed: 18446744073709551\nobjective: {toy: {}}\nmetric: loss\n"             \
    "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 30}\n"                                  \
    "parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 7}, c: {values: [yes, 'true', 1.5, true]},"                \
    " only: {min: 0.0, max: 1.0, when: {c: 'true'}}}\n"

typedef struct fixture {
    check_tmpdir dir;
    hpo_study_spec *spec;
    hpo_study *study;
    hpo_progress last;
} fixture;

/* Any UTF-8, with what a terminal would take for a command. */
static const char ARTEFACT[] = "\x1b[2J \"sep3 0\" k\xc3\xb6ln \xc2\x9b";

static void set_up(fixture *f, const char *text, double fail_share, uint64_t records) {
    base_err err;
    f->dir = check_tmpdir_create();
    f->spec = toy_spec(text);
    CHECK_OK(hpo_study_create(f->spec, &f->study, &err));
    toy_drive_study(
        f->study,
        &(toy_drive){.workers = 3, .seed = 1, .fail_share = fail_share, .artefact = ARTEFACT, .max_records = records});
    f->last = (hpo_progress){
        .study = f->study, .elapsed = 12.25, .workers = 4, .workers_lost = 1, .retried = 2, .worker_seconds = 3};
}

static void tear_down(fixture *f) {
    hpo_study_destroy(f->study);
    hpo_study_spec_destroy(f->spec);
    check_tmpdir_remove(&f->dir);
}

static cli_end end_of(const fixture *f, const char *state, int code, const char *error) {
    return (cli_end){
        .study = f->study, .last = &f->last, .run_dir = f->dir.path, .state = state, .exit_code = code, .error = error};
}

/* As the last word of a run. */
static void write_status(const fixture *f, const cli_end *end) {
    base_err err;
    base_buf body = {0};
    const cli_state state = cli_state_of(end);
    cli_put_status_body(end, &body);
    CHECK_OK(cli_status_end(cli_status_create(f->dir.path), &state, &body, &err));
    base_buf_fini(&body);
}

static json_t *read_status(const fixture *f) {
    json_error_t error;
    json_t *root = json_load_file(check_tmpdir_file(&f->dir, "status.json"), 0, &error);
    if (!root) fail_msg("status.json:%d: %s", error.line, error.text);
    return root;
}

static void check_int(const json_t *object, const char *key, uint64_t want) {
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    assert_int_equal(json_integer_value(value), want);
}

static void check_value(const json_t *config, const char *name, const hpo_value *value) {
    const json_t *got = json_object_get(config, name);
    assert_non_null(got);
    switch (value->kind) {
    case HPO_VALUE_NULL: assert_true(json_is_null(got)); break;
    case HPO_VALUE_BOOL: assert_int_equal(json_is_true(got), value->boolean); break;
    case HPO_VALUE_INT: assert_int_equal(json_integer_value(got), value->integer); break;
    case HPO_VALUE_REAL: CHECK_SAME_DOUBLE(json_number_value(got), value->real); break;
    case HPO_VALUE_TEXT: assert_string_equal(json_string_value(got), value->text); break;
    }
}

static void check_best(const fixture *f, const json_t *best) {
    hpo_incumbent want;
    assert_true(hpo_view_incumbent(hpo_study_view(f->study), &want));
    hpo_trial trial = hpo_view_trial(hpo_study_view(f->study), want.trial);
    check_int(best, "trial", want.trial);
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(best, "value")), want.eval->value);
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(best, "fidelity")), want.eval->fidelity);
    const json_t *metrics = json_object_get(best, "metrics"), *config = json_object_get(best, "config");
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(metrics, "accuracy")), -want.eval->value);
    assert_string_equal(want.eval->artefact, ARTEFACT);
    assert_string_equal(json_string_value(json_object_get(best, "artefact")), ARTEFACT);
    size_t active = 0;
    for (size_t i = 0; i < hpo_space_count(f->spec->space); i++) {
        if (isnan(trial.config[i])) continue;
        hpo_value value = hpo_space_value(f->spec->space, trial.config, i);
        check_value(config, hpo_space_param(f->spec->space, i)->name, &value);
        active++;
    }
    assert_int_equal(json_object_size(config), active);
}

static void test_status_is_json_and_true(void **state) {
    (void)state;
    fixture f;
    set_up(&f, STUDY, 0.1, 0);
    cli_end end = end_of(&f, "done", 0, NULL);
    write_status(&f, &end);
    json_t *root = read_status(&f);
    hpo_view view = hpo_study_view(f.study);
    const json_t *trials = json_object_get(root, "trials");
    assert_string_equal(json_string_value(json_object_get(root, "study")), "a \"quoted\" \\ name");
    assert_string_equal(json_string_value(json_object_get(root, "state")), "done");
    assert_string_equal(json_string_value(json_object_get(root, "reason")), hpo_study_reason(f.study));
    check_int(root, "exit_code", 0);
    check_int(root, "seed", f.spec->seed);
    check_int(root, "workers", 4);
    check_int(root, "workers_lost", 1);
    check_int(root, "attempts_run_again", 2);
    check_int(trials, "all", hpo_view_trials(view));
    uint64_t sum = 0;
    for (int s = HPO_TRIAL_RUNNING; s <= HPO_TRIAL_FAILED; s++) {
        uint64_t count = hpo_view_count(view, (hpo_trial_state)s);
        check_int(trials, hpo_trial_state_text((hpo_trial_state)s), count);
        sum += count;
    }
    assert_int_equal(sum, 30);
    assert_true(hpo_view_count(view, HPO_TRIAL_FAILED) > 0);
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(root, "cost")), hpo_view_cost(view));
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(root, "elapsed")), 12.25);
    check_best(&f, json_object_get(root, "best"));
    json_decref(root);
    tear_down(&f);
}

static void test_status_of_a_run_that_goes_on_or_that_broke(void **state) {
    (void)state;
    fixture f;
    set_up(&f, STUDY, 1, 2); /* nothing has succeeded */
    cli_end end = end_of(&f, "running", -1, NULL);
    write_status(&f, &end);
    json_t *root = read_status(&f);
    assert_true(json_is_null(json_object_get(root, "exit_code")));
    assert_true(json_is_null(json_object_get(root, "best")));
    assert_true(json_is_null(json_object_get(root, "reason")));
    json_decref(root);
    end = end_of(&f, "failed", 4, "cannot write \"x\":\nno space\x01");
    write_status(&f, &end);
    root = read_status(&f);
    check_int(root, "exit_code", 4);
    assert_string_equal(json_string_value(json_object_get(root, "reason")), end.error);
    json_decref(root);
    tear_down(&f);
}

static void test_best_is_yaml_and_true(void **state) {
    (void)state;
    fixture f;
    base_err err;
    base_buf text = {0};
    set_up(&f, STUDY, 0, 0);
    cli_end end = end_of(&f, "done", 0, NULL);
    CHECK_OK(cli_write_best(&end, f.dir.path, &err));
    const char *path = check_tmpdir_file(&f.dir, "best.yaml");
    CHECK_OK(base_read_file(path, &text, &err));
    base_arena *arena = base_arena_create();
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, path, base_buf_text(&text), text.length, &root, &err));
    hpo_incumbent want;
    assert_true(hpo_view_incumbent(hpo_study_view(f.study), &want));
    hpo_trial trial = hpo_view_trial(hpo_study_view(f.study), want.trial);
    const base_yaml_node *config = base_yaml_get(root, "config"), *value = base_yaml_get(root, "value");
    CHECK_SAME_DOUBLE(value->number, want.eval->value);
    assert_string_equal(base_yaml_get(root, "artefact")->text, ARTEFACT);
    size_t active = 0;
    for (size_t i = 0; i < hpo_space_count(f.spec->space); i++) {
        if (isnan(trial.config[i])) continue;
        const hpo_value expected = hpo_space_value(f.spec->space, trial.config, i);
        const base_yaml_node *node = base_yaml_get(config, hpo_space_param(f.spec->space, i)->name);
        assert_non_null(node);
        const hpo_value got = hpo_value_of_node(node);
        assert_true(hpo_value_equal(&got, &expected));
        if (expected.kind == HPO_VALUE_REAL) CHECK_SAME_DOUBLE(got.real, expected.real);
        active++;
    }
    assert_int_equal(config->count, active);
    base_arena_destroy(arena);
    base_buf_fini(&text);
    tear_down(&f);
}

typedef struct finding {
    double valid, test;
    const char *artefact; /* "": the trial fails */
} finding;

static void set_up_findings(fixture *f, const finding *findings, size_t count) {
    base_err err;
    f->dir = check_tmpdir_create();
    f->spec =
        toy_spec("objective: toy_strict\nmetric: {name: valid_error, goal: minimize}\nparameters: {learning_rate: "
                 "{min: 0.1, max: 1.0}}\n"
                 "budget: {trials: 5}\n");
    CHECK_OK(hpo_study_create(f->spec, &f->study, &err));
    for (size_t i = 0; i < count; i++) {
        hpo_ask_kind kind;
        hpo_record record;
        hpo_result result = {.cost = 1};
        CHECK_OK(hpo_study_ask(f->study, &kind, &record, &err));
        hpo_metrics_set(&result.metrics, "valid_error", findings[i].valid);
        hpo_metrics_set(&result.metrics, "test_error", findings[i].test);
        assert_true(hpo_result_set_artefact(&result, findings[i].artefact));
        if (!*findings[i].artefact) result.failure = HPO_FAILURE_CRASH;
        hpo_study_tell(f->study, record.trial, &result, 0, 0, &record);
    }
    f->last = (hpo_progress){.study = f->study};
}

/* The table of what trials have made. */
static void print_findings(const finding *findings, size_t count, base_buf *out) {
    fixture f;
    set_up_findings(&f, findings, count);
    cli_end end = end_of(&f, "done", 0, NULL);
    cli_print_artefacts(&end, out);
    tear_down(&f);
}

/* Trials that made the same share a row with the mean of their errors; the best row comes first. */
static void test_artefacts_are_told_apart(void **state) {
    (void)state;
    static const finding findings[] = {
        {0.5, 0.6, "b"}, {0.25, 0.5, "a"}, {0.75, 0.5, "a"}, {0.125, 0.25, ""}, {0.375, 0.75, "c\x1b"}};
    base_buf out = {0};
    print_findings(findings, CHECK_COUNT(findings), &out);
    assert_string_equal(base_buf_text(&out), "the 3 of 3 artefacts of 4 trials (means of equal ones):\n"
                                             "  valid_error     test_error      trials\n"
                                             "  0.5             0.5             1, 2\n    a\n"
                                             "  0.375           0.75            4\n    c?\n"
                                             "  0.5             0.6             0\n    b\n");
    base_buf_fini(&out);
}

#define TEN "0123456789"

/* A row has a line for its artefact: 76 characters are one, of more only the first words are shown, or letters. */
static void test_a_long_artefact_is_cut(void **state) {
    (void)state;
    static const finding findings[] = {{0.1, 0, TEN TEN TEN TEN TEN TEN TEN "012345"},
                                       {0.2, 0, TEN " " TEN TEN TEN TEN TEN " " TEN TEN},
                                       {0.3, 0, TEN TEN TEN TEN TEN TEN TEN "0\xc3\xb6" TEN}};
    base_buf out = {0};
    print_findings(findings, CHECK_COUNT(findings), &out);
    CHECK_CONTAINS(base_buf_text(&out), "\n    " TEN TEN TEN TEN TEN TEN TEN "012345\n");
    CHECK_CONTAINS(base_buf_text(&out), "\n    " TEN " " TEN TEN TEN TEN TEN " ...\n");
    CHECK_CONTAINS(base_buf_text(&out), "\n    " TEN TEN TEN TEN TEN TEN TEN "0 ...\n");
    base_buf_fini(&out);
}

/* A metric that is a whole number is written as one, and no other. */
static void test_counts_are_whole_numbers(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{185674, "185674"}, {0.5, "0.5"}, {0, "0"}, {-3, "-3"}, {-0.0, "-0.0"}, {1e300, "1.0e+300"}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        fixture f;
        base_err err;
        base_buf text = {0}, line = {0};
        set_up_findings(&f, &(finding){0.25, cases[i].value, "a"}, 1);
        cli_end end = end_of(&f, "done", 0, NULL);
        CHECK_OK(cli_write_best(&end, f.dir.path, &err));
        CHECK_OK(base_read_file(check_tmpdir_file(&f.dir, "best.yaml"), &text, &err));
        base_buf_printf(&line, "test_error: %s}\n", cases[i].text);
        CHECK_CONTAINS(base_buf_text(&text), base_buf_text(&line));
        base_buf_fini(&text);
        base_buf_fini(&line);
        tear_down(&f);
    }
}

/* A run's folder has the files of its best trial, and none of an earlier one. */
static void test_files_of_the_best_lie_beside_it(void **state) {
    (void)state;
    fixture f;
    base_err err;
    base_buf text = {0}, out = {0};
    set_up(&f, "objective: toy_priced\nparameters: {x: {min: 0.0, max: 1.0}}\nbudget: {trials: 3}\n", 0, 0);
    hpo_incumbent best;
    assert_true(hpo_view_incumbent(hpo_study_view(f.study), &best));
    char folder[64];
    snprintf(folder, sizeof folder, "trials/%llu", (unsigned long long)best.trial);
    assert_int_equal(mkdir(check_tmpdir_file(&f.dir, "trials"), 0755), 0);
    assert_int_equal(mkdir(check_tmpdir_file(&f.dir, folder), 0755), 0);
    strcat(folder, "/drawing.svg");
    check_tmpdir_write(&f.dir, folder, "<svg/>");
    check_tmpdir_write(&f.dir, "numbers.csv", "of a trial that was the best before");
    cli_end end = end_of(&f, "done", 0, NULL);
    CHECK_OK(cli_write_best(&end, f.dir.path, &err));
    CHECK_OK(base_read_file(check_tmpdir_file(&f.dir, "drawing.svg"), &text, &err));
    assert_string_equal(base_buf_text(&text), "<svg/>");
    assert_int_not_equal(access(check_tmpdir_file(&f.dir, "numbers.csv"), F_OK), 0);
    cli_print_summary(&end, &out);
    CHECK_CONTAINS(base_buf_text(&out), "status.json, best.yaml, drawing.svg, trials/");
    base_buf_fini(&text);
    base_buf_fini(&out);
    tear_down(&f);
}

static void test_without_a_success_there_is_no_best(void **state) {
    (void)state;
    fixture f;
    base_err err;
    set_up(&f, STUDY, 1, 0);
    cli_end end = end_of(&f, "failed", 3, NULL);
    CHECK_OK(cli_write_best(&end, f.dir.path, &err));
    assert_int_not_equal(access(check_tmpdir_file(&f.dir, "best.yaml"), F_OK), 0);
    base_buf out = {0};
    cli_print_summary(&end, &out);
    CHECK_CONTAINS(base_buf_text(&out), "every trial failed");
    base_buf_fini(&out);
    tear_down(&f);
}

static void test_an_artefact_commands_no_terminal(void **state) {
    (void)state;
    fixture f;
    set_up(&f, STUDY, 0, 0);
    cli_end end = end_of(&f, "done", 0, NULL);
    base_buf out = {0};
    cli_print_summary(&end, &out);
    CHECK_CONTAINS(base_buf_text(&out), "\n  artefact: ?[2J \"sep3 0\" k\xc3\xb6ln ?\n");
    base_buf_fini(&out);
    tear_down(&f);
}

static void test_summary_says_how_to_go_on(void **state) {
    (void)state;
    fixture f;
    set_up(&f, STUDY, 0.1, 40);
    cli_end end = end_of(&f, "interrupted", HPO_EXIT_INTERRUPTED, NULL);
    base_buf out = {0};
    cli_print_summary(&end, &out);
    CHECK_CONTAINS(base_buf_text(&out), "the same command continues");
    CHECK_CONTAINS(base_buf_text(&out), "interrupted");
    CHECK_CONTAINS(base_buf_text(&out), f.dir.path);
    base_buf_fini(&out);
    tear_down(&f);
}

/* ---- what workers did ---- */

/* 97.125 of 100 seconds were work, 0.375 were lost to suggestions, the others to the scheduler. */
static void test_the_time_of_workers_is_shared_out(void **state) {
    (void)state;
    fixture f;
    set_up(&f, STUDY, 0, 0);
    f.last.worker_seconds = 97.125;
    f.last.waiting_seconds = 2.875;
    f.last.asking_seconds = 0.375;
    cli_end end = end_of(&f, "done", 0, NULL);
    base_buf out = {0};
    cli_print_summary(&end, &out);
    CHECK_CONTAINS(base_buf_text(&out), "\n  workers: busy 97.1 % of the time, 0.4 % waiting for suggestions\n"
                                        "  2 evaluations repeated, 1 worker lost\n");
    write_status(&f, &end);
    json_t *root = read_status(&f);
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(root, "busy_share")), 97.125 / 100);
    CHECK_SAME_DOUBLE(json_number_value(json_object_get(root, "asking_share")), 0.375 / 100);
    json_decref(root);

    f.last.worker_seconds = f.last.waiting_seconds = f.last.asking_seconds = 0; /* nobody ever worked */
    f.last.retried = f.last.workers_lost = 0;
    base_buf_clear(&out);
    cli_print_summary(&end, &out);
    assert_null(strstr(base_buf_text(&out), "worker"));
    assert_null(strstr(base_buf_text(&out), "repeated"));
    write_status(&f, &end);
    root = read_status(&f);
    assert_true(json_is_null(json_object_get(root, "busy_share")));
    json_decref(root);
    base_buf_fini(&out);
    tear_down(&f);
}

/* ---- the time of earlier runs ---- */

static void test_elapsed_is_read_back(void **state) {
    (void)state;
    fixture f;
    set_up(&f, STUDY, 0, 0);
    CHECK_SAME_DOUBLE(cli_elapsed_before(f.dir.path), 0.0); /* there is none yet */
    cli_end end = end_of(&f, "running", -1, NULL);
    f.last.elapsed = 0.1 + 1e5;
    write_status(&f, &end);
    CHECK_SAME_DOUBLE(cli_elapsed_before(f.dir.path), 0.1 + 1e5);
    static const char *const damaged[] = {"",
                                          "{",
                                          "{\"elapsed\": ",
                                          "{\"elapsed\": -5}",
                                          "{\"elapsed\": nan}",
                                          "{\"elapsed\": \"x\"}",
                                          "{\"elapsed\": 1e300}"};
    for (size_t i = 0; i < CHECK_COUNT(damaged); i++) {
        check_tmpdir_write(&f.dir, "status.json", damaged[i]);
        CHECK_SAME_DOUBLE(cli_elapsed_before(f.dir.path), 0.0);
    }
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_is_json_and_true),
        cmocka_unit_test(test_status_of_a_run_that_goes_on_or_that_broke),
        cmocka_unit_test(test_best_is_yaml_and_true),
        cmocka_unit_test(test_artefacts_are_told_apart),
        cmocka_unit_test(test_a_long_artefact_is_cut),
        cmocka_unit_test(test_counts_are_whole_numbers),
        cmocka_unit_test(test_files_of_the_best_lie_beside_it),
        cmocka_unit_test(test_without_a_success_there_is_no_best),
        cmocka_unit_test(test_an_artefact_commands_no_terminal),
        cmocka_unit_test(test_summary_says_how_to_go_on),
        cmocka_unit_test(test_the_time_of_workers_is_shared_out),
        cmocka_unit_test(test_elapsed_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
