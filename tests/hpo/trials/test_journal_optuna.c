/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Optuna itself reads journals that we wrote: states, values, parameters, intermediate values and the best trial are
 * those of our records. Needs Debian's python3-optuna. */
#include <jansson.h>

#include "hpo/trials/history.h"
#include "tests/hpo/trials/journal_entries.h"

typedef struct fixture {
    check_tmpdir dir;
    const char *path;
    hpo_space *space;
    random_source *source;
    entry_list entries;
    hpo_journal_head head;
    hpo_journal *journal;
} fixture;

static const hpo_goal lost = {.name = "l\"oss", .reference = NAN};

static int setup(void **state) {
    base_err err = {0};
    fixture *f = base_calloc(1, sizeof *f);
    f->dir = check_tmpdir_create();
    f->path = check_tmpdir_file(&f->dir, "journal.log");
    f->space = random_space_create();
    f->source = random_source_create(f->space, 77);
    f->entries = entry_list_create();
    f->head = test_head();
    f->head.goals = &lost;
    f->head.n_goals = 1;
    CHECK_OK(hpo_journal_open(f->path, &f->head, f->space, &f->journal, &err));
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    base_err err = {0};
    CHECK_OK(hpo_journal_close(f->journal, &err));
    check_tmpdir_remove(&f->dir);
    entry_list_destroy(&f->entries);
    random_source_destroy(f->source);
    hpo_space_destroy(f->space);
    free(f);
    return 0;
}

static json_t *ask_optuna(const char *path) {
    char command[1024];
    snprintf(command, sizeof command, "/usr/bin/python3 tests/support/optuna_check.py '%s'", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    json_error_t error;
    json_t *tree = json_loadf(pipe, 0, &error);
    int status = pclose(pipe);
    if (status != 0 || !tree) {
        fail_msg("%s: status %d, %s (Debian's package python3-optuna is needed)", command, status, error.text);
    }
    return tree;
}

static void write_all(fixture *f) {
    base_err err = {0};
    for (size_t i = 0; i < f->entries.count; i++) hpo_journal_append(f->journal, &f->entries.items[i]);
    CHECK_OK(hpo_journal_flush(f->journal, &err));
}

/* ---- what Optuna should say of one trial ---- */

typedef struct expected {
    const char *state;
    bool has_value;
    double value, newest; /* newest: intermediate value; NaN: none */
    json_t *intermediate;
    size_t finished; /* number of the record that finished it */
} expected;

static void expect_intermediate(const fixture *f, expected *out, const hpo_record *record) {
    char step[32];
    bool whole = f->head.integer_steps && record->fidelity == floor(record->fidelity);
    snprintf(step, sizeof step, "%d", whole ? (int)record->fidelity : (int)record->rung);
    json_object_set_new(out->intermediate, step, json_real(record->value));
}

static expected expect_trial(const fixture *f, uint64_t id) {
    expected out = {.state = "RUNNING", .newest = NAN, .intermediate = json_object()};
    for (size_t i = 0; i < f->entries.count; i++) {
        const hpo_record *record = &f->entries.items[i].record;
        if (f->entries.items[i].kind != HPO_ENTRY_RECORD || record->kind == HPO_RECORD_ATTEMPT) continue;
        if (record->trial != id) continue;
        bool failed = record->result.failure != HPO_FAILURE_NONE;
        bool evaluated = record->kind == HPO_RECORD_RESULT || record->kind == HPO_RECORD_REPORT;
        if (evaluated && !failed && isfinite(record->value)) expect_intermediate(f, &out, record);
        if (record->kind == HPO_RECORD_RESULT && failed) out.state = "FAIL";
        if (record->kind == HPO_RECORD_RESULT && !failed && record->final) out.state = "COMPLETE";
        if (record->kind == HPO_RECORD_CLOSE || record->stop) out.state = "PRUNED";
        if (evaluated && !failed && isfinite(record->value)) out.newest = record->value;
        if (evaluated) out.has_value = (record->final || record->stop) && !failed && isfinite(record->value);
        if (record->kind == HPO_RECORD_CLOSE) out.has_value = isfinite(out.newest);
        out.value = out.newest;
    }
    return out;
}

static void check_value(const json_t *got, hpo_value want) {
    switch (want.kind) {
    case HPO_VALUE_NULL: assert_true(json_is_null(got)); break;
    case HPO_VALUE_BOOL: assert_true(json_is_boolean(got) && json_boolean_value(got) == want.boolean); break;
    case HPO_VALUE_INT: assert_true(json_is_integer(got) && json_integer_value(got) == want.integer); break;
    case HPO_VALUE_REAL:
        assert_true(json_is_real(got));
        CHECK_SAME_DOUBLE(json_real_value(got), want.real);
        break;
    case HPO_VALUE_TEXT: assert_string_equal(json_string_value(got), want.text); break;
    }
}

static void check_params(const fixture *f, const json_t *params, const double *config) {
    size_t active = 0;
    for (size_t i = 0; i < RANDOM_PARAMS; i++) {
        const json_t *got = json_object_get(params, hpo_space_param(f->space, i)->name);
        assert_int_equal(got != NULL, !isnan(config[i]));
        if (!got) continue;
        active++;
        check_value(got, hpo_space_value(f->space, config, i));
    }
    assert_int_equal(json_object_size(params), active);
}

static void check_intermediate(const json_t *got, const json_t *want) {
    const char *step;
    json_t *value;
    assert_int_equal(json_object_size(got), json_object_size(want));
    json_object_foreach((json_t *)want, step, value) {
        CHECK_SAME_DOUBLE(json_number_value(json_object_get(got, step)), json_real_value(value));
    }
}

static void check_trials(const fixture *f, const json_t *tree) {
    const json_t *trials = json_object_get(tree, "trials");
    assert_int_equal(json_array_size(trials), f->source->trials);
    for (uint64_t id = 0; id < f->source->trials; id++) {
        const json_t *got = json_array_get(trials, id);
        expected want = expect_trial(f, id);
        assert_int_equal(json_integer_value(json_object_get(got, "number")), id);
        assert_string_equal(json_string_value(json_object_get(got, "state")), want.state);
        const json_t *value = json_object_get(got, "value");
        assert_int_equal(json_is_number(value), want.has_value);
        if (want.has_value) CHECK_SAME_DOUBLE(json_number_value(value), want.value);
        check_params(f, json_object_get(got, "params"), f->source->config[id]);
        check_intermediate(json_object_get(got, "intermediate_values"), want.intermediate);
        json_decref(want.intermediate);
    }
}

static void check_distribution(const json_t *tree, const char *param, const char *want) {
    const json_t *trial = json_array_get(json_object_get(tree, "trials"), 0);
    json_t *got = json_object_get(json_object_get(trial, "distributions"), param);
    json_error_t error;
    json_t *parsed = json_loads(want, 0, &error);
    assert_non_null(parsed);
    char *text = json_dumps(got, JSON_SORT_KEYS);
    if (!json_equal(got, parsed)) fail_msg("%s: Optuna has %s, expected %s", param, text, want);
    free(text);
    json_decref(parsed);
}

static void test_all_kinds(void **state) {
    fixture *f = *state;
    random_entries(f->source, 60, 600, &f->entries);
    write_all(f);
    json_t *tree = ask_optuna(f->path); /* while we hold it open */
    assert_string_equal(json_string_value(json_object_get(tree, "study")), f->head.study);
    assert_string_equal(json_string_value(json_object_get(tree, "direction")), "minimize");
    assert_string_equal(json_string_value(json_array_get(json_object_get(tree, "metrics"), 0)), lost.name);
    check_trials(f, tree);
#define RANGE(name, rest) "{\"name\":\"" name "Distribution\",\"attributes\":{" rest "}}"
    check_distribution(tree, "lr", RANGE("Float", "\"step\":null,\"low\":1e-5,\"high\":0.1,\"log\":true"));
    check_distribution(tree, "dropout", RANGE("Float", "\"step\":0.1,\"low\":0.0,\"high\":0.3,\"log\":false"));
    check_distribution(tree, "share", RANGE("Float", "\"step\":null,\"low\":0.01,\"high\":0.99,\"log\":false"));
    check_distribution(tree, "layers", RANGE("Int", "\"step\":1,\"low\":1,\"high\":6,\"log\":false"));
    check_distribution(tree, "width", RANGE("Int", "\"step\":1,\"low\":8,\"high\":512,\"log\":true"));
    check_distribution(tree, "stride", RANGE("Int", "\"step\":3,\"low\":2,\"high\":20,\"log\":false"));
    check_distribution(tree, "mixed", RANGE("Categorical", "\"choices\":[null,true,-7,0.1]"));
    check_distribution(tree, "loss", RANGE("Categorical", "\"choices\":[\"cross-entropy\"]"));
    json_decref(tree);
}

/* A study as schedulers make it: final at the highest rung only. Optuna's best trial is then our incumbent. */
static void check_best(fixture *f, bool maximize) {
    base_err err = {0};
    hpo_history *history = hpo_history_create(f->space, maximize, random_fidelity(3));
    for (size_t i = 0; i < 500; i++) {
        hpo_entry entry = {.kind = HPO_ENTRY_RECORD, .record = random_next(f->source, 100)};
        if (entry.record.trial == UINT64_MAX) break;
        bool result = entry.record.kind == HPO_RECORD_RESULT;
        random_trial *trial = &f->source->trial[entry.record.trial];
        if (result && trial->rung < 3 && entry.record.final) {
            entry.record.final = false;
            trial->paused = entry.record.result.failure == HPO_FAILURE_NONE;
        }
        if (result && entry.record.final) entry.record.value = floor(4 * base_rng_uniform(&f->source->rng)); /* ties */
        CHECK_OK(entry_list_add(&f->entries, &entry, &err));
        CHECK_OK(hpo_history_apply(history, &entry.record, &err));
    }
    write_all(f);
    json_t *tree = ask_optuna(f->path);
    check_trials(f, tree);
    hpo_incumbent best;
    assert_true(hpo_view_incumbent(hpo_history_view(history), &best));
    CHECK_SAME_DOUBLE(best.eval->fidelity, random_fidelity(3));
    assert_int_equal(json_integer_value(json_object_get(tree, "best_trial")), best.trial);
    json_decref(tree);
    hpo_history_destroy(history);
}

static void test_best(void **state) {
    check_best(*state, false);
}

static void test_best_maximize(void **state) {
    fixture *f = *state;
    base_err err = {0};
    CHECK_OK(hpo_journal_close(f->journal, &err));
    assert_int_equal(unlink(f->path), 0);
    const hpo_goal accuracy = {.name = "accuracy", .maximize = true, .reference = NAN};
    f->head.goals = &accuracy;
    f->head.n_goals = 1;
    f->head.integer_steps = false; /* a fidelity that is no integer: steps are rungs */
    CHECK_OK(hpo_journal_open(f->path, &f->head, f->space, &f->journal, &err));
    check_best(f, true);
}

/* Two objectives, the second one maximized: what Optuna has for its best trials is our front. */
static void test_front(void **state) {
    fixture *f = *state;
    base_err err = {0};
    const hpo_goal goals[] = {{.name = "error", .reference = NAN},
                              {.name = "speed", .maximize = true, .reference = NAN}};
    CHECK_OK(hpo_journal_close(f->journal, &err));
    assert_int_equal(unlink(f->path), 0);
    f->head.goals = goals;
    f->head.n_goals = 2;
    CHECK_OK(hpo_journal_open(f->path, &f->head, f->space, &f->journal, &err));
    hpo_history *history = hpo_history_create_for(f->space, goals, 2, 1);
    for (size_t i = 0; i < 400; i++) {
        hpo_entry entry = {.kind = HPO_ENTRY_RECORD, .record = random_next(f->source, 150)};
        hpo_record *record = &entry.record;
        if (record->trial == UINT64_MAX) break;
        const bool evaluated = record->kind == HPO_RECORD_RESULT || record->kind == HPO_RECORD_REPORT;
        if (record->kind == HPO_RECORD_RESULT && record->result.failure == HPO_FAILURE_NONE) {
            record->final = true;
            f->source->trial[record->trial].paused = false;
        }
        if (evaluated) record->n_values = 2;
        const bool works = record->result.failure == HPO_FAILURE_NONE;
        const double error = (double)random_below(f->source, 12); /* many ties, and more speed for more of it */
        if (evaluated) record->values[0] = works ? error : NAN;
        if (evaluated) record->values[1] = works ? error + (double)random_below(f->source, 6) : NAN;
        CHECK_OK(entry_list_add(&f->entries, &entry, &err));
        CHECK_OK(hpo_history_apply(history, record, &err));
    }
    write_all(f);
    json_t *tree = ask_optuna(f->path);
    const json_t *directions = json_object_get(tree, "directions"), *best = json_object_get(tree, "best_trials");
    assert_string_equal(json_string_value(json_array_get(directions, 0)), "minimize");
    assert_string_equal(json_string_value(json_array_get(directions, 1)), "maximize");
    assert_string_equal(json_string_value(json_array_get(json_object_get(tree, "metrics"), 1)), "speed");
    hpo_incumbent front[150];
    const size_t count = hpo_view_front(hpo_history_view(history), front, CHECK_COUNT(front));
    assert_true(count >= 3);
    assert_int_equal(json_array_size(best), count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < count; k++)
            found = found || json_integer_value(json_array_get(best, k)) == (json_int_t)front[i].trial;
        assert_true(found);
        const json_t *values =
            json_object_get(json_array_get(json_object_get(tree, "trials"), front[i].trial), "values");
        for (size_t g = 0; g < 2; g++)
            CHECK_SAME_DOUBLE(json_number_value(json_array_get(values, g)), hpo_eval_values(front[i].eval, 2)[g]);
    }
    json_decref(tree);
    hpo_history_destroy(history);
}

static void test_nothing_yet(void **state) {
    fixture *f = *state;
    json_t *tree = ask_optuna(f->path);
    assert_true(json_is_null(json_object_get(tree, "best_trial")));
    assert_int_equal(json_array_size(json_object_get(tree, "trials")), 0);
    json_decref(tree);
}

#define OPTUNA_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        OPTUNA_TEST(test_all_kinds), OPTUNA_TEST(test_best),        OPTUNA_TEST(test_best_maximize),
        OPTUNA_TEST(test_front),     OPTUNA_TEST(test_nothing_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
