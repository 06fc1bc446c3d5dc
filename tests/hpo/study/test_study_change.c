/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may change between two runs of a study: settings that its objective names, and failed trials that are repeated
 * beside all that was to be tried anyway. */
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

/* ---- settings ---- */

static const char *const changeable[] = {"run", "cwd", NULL};
static const hpo_objective_type program = {.name = "program", .changeable = changeable}, fixed = {.name = "fixed"};
static const hpo_objective_type *const objectives[] = {&program, &fixed};
static const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 2, .version = "test"};

static hpo_study_spec *read_study(const char *objective, const char *more) {
    base_err err;
    hpo_study_spec *spec = NULL;
    base_buf text = {0};
    base_buf_printf(&text,
                    "objective: %s\nbudget: {trials: 3}\n"
                    "parameters: {x: {min: 0.0, max: 1.0}, odd: {values: [\"a\\nobjective: p, q\", b]}}\n%s",
                    objective, more);
    CHECK_OK(hpo_study_read(&catalog, "s.yaml", base_buf_text(&text), text.length, NULL, 0, NULL, &spec, &err));
    base_buf_fini(&text);
    return spec;
}

#define MORE   "metric: loss\nseed: 1\n"
#define BEFORE "{program: {run: [a, '{x}'], cwd: /tmp, size: 3}}"

static void test_what_may_change_is_named(void **state) {
    (void)state;
    static const struct {
        const char *objective, *more;
        bool same;
        const char *changed;
    } cases[] = {
        {BEFORE, MORE, true, ""},
        {"{program: {size: 3, cwd: /tmp, run: [a, '{x}']}}", MORE, true, ""}, /* in another order */
        {"{program: {run: [b, '{x}'], cwd: /tmp, size: 3}}", MORE, true, "run"},
        {"{program: {run: [b], size: 3}}", MORE, true, "run, cwd"},
        {"{program: {size: 3}}", MORE, true, "cwd, run"},
        {"{program: {run: [a, '{x}'], cwd: /tmp, size: 4}}", MORE, false, NULL},
        {"{program: {run: [a, '{x}'], cwd: /tmp}}", MORE, false, NULL},
        {"{program: {run: [a, '{x}'], cwd: /tmp, size: 3, extra: 1}}", MORE, false, NULL},
        {"{fixed: {run: [a, '{x}'], cwd: /tmp, size: 3}}", MORE, false, NULL},
        {BEFORE, "metric: loss\nseed: 2\n", false, NULL},
        {BEFORE, "metric: lost\nseed: 1\n", false, NULL},
        {BEFORE, MORE "method: sobol\n", false, NULL},
        {BEFORE, MORE "fidelity: {epochs: {min: 1, max: 3}}\n", false, NULL},
    };
    hpo_study_spec *before = read_study(BEFORE, MORE);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf changed = {0};
        hpo_study_spec *now = read_study(cases[i].objective, cases[i].more);
        const bool same = hpo_study_same_search(now, before->identity, &changed);
        if (same != cases[i].same) fail_msg("case %zu: %s", i, same ? "is the same" : "is not the same");
        if (same) assert_string_equal(base_buf_text(&changed), cases[i].changed);
        hpo_study_spec_destroy(now);
        base_buf_fini(&changed);
    }
    hpo_study_spec_destroy(before);
}

/* Settings that were none before, and back. */
static void test_first_settings(void **state) {
    (void)state;
    hpo_study_spec *none = read_study("program", MORE), *some = read_study("{program: {run: [a]}}", MORE);
    base_buf changed = {0};
    assert_true(hpo_study_same_search(some, none->identity, &changed));
    assert_string_equal(base_buf_text(&changed), "run");
    base_buf_clear(&changed);
    assert_true(hpo_study_same_search(none, some->identity, &changed));
    assert_string_equal(base_buf_text(&changed), "run");
    base_buf_fini(&changed);
    hpo_study_spec_destroy(none);
    hpo_study_spec_destroy(some);
}

/* Takes ", key: ..." out, up to the end of the map. */
static void leave_out(char *identity, const char *key) {
    char *said = strstr(identity, key);
    assert_non_null(said);
    char *end = said + 1 + strcspn(said + 1, ",}");
    memmove(said, end, strlen(end) + 1);
}

/* Programs before the options rounded down and had BOHB's procedure alone, and did not say so. */
static void test_an_option_that_older_programs_had_not(void **state) {
    (void)state;
    static const char *const methods[] = {"{name: hyperband, rounding: down}", "{name: bohb, rounding: down}",
                                          "hyperband"};
    for (size_t i = 0; i < CHECK_COUNT(methods); i++) {
        base_buf more = {0};
        base_buf_printf(&more, MORE "fidelity: {epochs: {min: 1, max: 9}}\nmethod: %s\n", methods[i]);
        hpo_study_spec *spec = read_study(BEFORE, base_buf_text(&more));
        char *older = base_strdup(spec->identity);
        leave_out(older, ", rounding: ");
        if (i == 1) leave_out(older, ", trust: ");
        hpo_study_respell(spec, older);
        assert_int_equal(spec->recorded && strcmp(spec->recorded, older) == 0, i < 2);
        assert_string_not_equal(spec->identity, older); /* which workers have, too */
        free(older);
        hpo_study_spec_destroy(spec);
        base_buf_fini(&more);
    }
}

/* Settings that were renamed are the same settings, the one that changed beside them is told. */
static void test_former_names(void **state) {
    (void)state;
    static const char was[] = "{program: {run: [a], normalise: standard, init: he-normal}}";
    hpo_study_spec *before = read_study(was, MORE);
    hpo_study_spec *now = read_study("{program: {run: [a], normalize: standard, init: he_normal}}", MORE);
    hpo_study_spec *other = read_study("{program: {run: [b], normalize: standard, init: he_normal}}", MORE);
    hpo_study_spec *none = read_study("{program: {run: [a], normalize: none, init: he_normal}}", MORE);
    hpo_study_respell(now, before->identity);
    assert_string_equal(now->recorded, before->identity);
    base_buf changed = {0};
    hpo_study_respell(other, before->identity);
    assert_null(other->recorded);
    assert_true(hpo_study_same_search(other, before->identity, &changed));
    assert_string_equal(base_buf_text(&changed), "run");
    base_buf_clear(&changed);
    assert_false(hpo_study_same_search(none, before->identity, &changed));
    base_buf_fini(&changed);
    hpo_study_spec_destroy(none);
    hpo_study_spec_destroy(other);
    hpo_study_spec_destroy(now);
    hpo_study_spec_destroy(before);
}

/* A text that is no identity is that of no study. */
static void test_damaged_identities(void **state) {
    (void)state;
    hpo_study_spec *spec = read_study(BEFORE, MORE);
    const size_t length = strlen(spec->identity);
    char *damaged = base_strdup(spec->identity);
    for (size_t i = 0; i < length; i++) {
        base_buf changed = {0};
        damaged[i] = '\0'; /* cut off */
        assert_false(hpo_study_same_search(spec, damaged, &changed));
        damaged[i] = spec->identity[i] == '\n' ? ' ' : '\n';
        (void)hpo_study_same_search(spec, damaged, &changed); /* comes back, whatever it says */
        damaged[i] = spec->identity[i];
        base_buf_fini(&changed);
    }
    free(damaged);
    hpo_study_spec_destroy(spec);
}

/* ---- repeated trials ---- */

enum { POINTS = 12, FIRST = 7 };
#define GRID                                                                                                           \
    "objective: toy\nseed: 5\nmethod: grid\n"                                                                          \
    "parameters: {n: {min: 1, max: 4}, c: {values: [a, b, c]}}\n"

static hpo_study *open_study(const hpo_study_spec *spec) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    return study;
}

/* Trials 2 and 5 fail, and so does every trial when `all`; a second round repeats those two from trial FIRST on. */
static void run_on(hpo_study *study, uint64_t until, bool all) {
    base_err err;
    hpo_ask_kind kind = HPO_ASK_JOB;
    while (hpo_view_trials(hpo_study_view(study)) < until) {
        hpo_record record;
        CHECK_OK(hpo_study_ask(study, &kind, &record, &err));
        if (kind == HPO_ASK_DONE) return;
        assert_int_equal(kind, HPO_ASK_JOB);
        hpo_result result = {.cost = 1};
        const bool fails = all || record.trial == 2 || record.trial == 5;
        if (fails) result.failure = HPO_FAILURE_CRASH;
        if (!fails) hpo_metrics_set(&result.metrics, "loss", 0.5);
        hpo_study_tell(study, record.trial, &result, 0, 0, &record);
    }
}

static size_t count_config(hpo_view view, const double *config) {
    size_t count = 0;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        count += memcmp(hpo_view_trial(view, id).config, config, 2 * sizeof *config) == 0;
    }
    return count;
}

static void test_repeats_take_nothing_from_the_grid(void **state) {
    (void)state;
    static const uint64_t failed[] = {2, 5};
    base_err err;
    hpo_study_spec *spec = toy_spec(GRID), *again = toy_spec(GRID);
    hpo_study *study = open_study(spec);
    run_on(study, FIRST, false);
    hpo_study_spec_repeat(spec, FIRST, failed, 2);
    run_on(study, 100, false);
    hpo_view view = hpo_study_view(study);
    assert_int_equal(hpo_view_trials(view), POINTS + 2); /* every point of the grid, and two twice */
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        const bool repeats = id == FIRST || id == FIRST + 1, source = id == 2 || id == 5;
        assert_int_equal(count_config(view, trial.config), repeats || source ? 2 : 1);
        assert_int_equal(strcmp(trial.origin, "retry") == 0, repeats);
        assert_int_equal(trial.state == HPO_TRIAL_FAILED, source);
    }
    for (uint64_t i = 0; i < 2; i++) {
        assert_memory_equal(hpo_view_trial(view, FIRST + i).config, hpo_view_trial(view, failed[i]).config,
                            2 * sizeof(double));
    }

    hpo_study *verified = open_study(spec), *refused = open_study(again); /* --replay with the order, and without */
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        hpo_record start = {.kind = HPO_RECORD_START,
                            .trial = id,
                            .fidelity = 1,
                            .as_of = trial.as_of,
                            .parent = UINT64_MAX,
                            .seed = trial.seed,
                            .config = trial.config};
        hpo_record end = {
            .kind = HPO_RECORD_RESULT, .trial = id, .fidelity = 1, .value = 0.5, .final = true, .result = {.cost = 1}};
        CHECK_OK(hpo_study_verify(verified, &start, &err));
        CHECK_OK(hpo_study_apply(verified, &start, &err));
        CHECK_OK(hpo_study_apply(verified, &end, &err));
        if (id == FIRST) CHECK_STATUS(hpo_study_verify(refused, &start, &err), BASE_CORRUPT);
        CHECK_OK(hpo_study_apply(refused, &start, &err));
        CHECK_OK(hpo_study_apply(refused, &end, &err));
    }
    hpo_study_destroy(verified);
    hpo_study_destroy(refused);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    hpo_study_spec_destroy(again);
}

/* What is repeated does not count against max_failures any more; what fails again does. */
static void test_repeated_failures_are_forgiven(void **state) {
    (void)state;
    static const uint64_t failed[] = {2, 5};
    hpo_study_spec *spec = toy_spec(GRID "failure: {max_failures: 1}\n");
    hpo_study *study = open_study(spec);
    run_on(study, FIRST, false);
    assert_true(hpo_study_must_end(study));
    hpo_study_spec_repeat(spec, 6, failed, 2);
    assert_false(hpo_study_must_end(study));
    run_on(study, 7, true);
    assert_false(hpo_study_must_end(study));
    run_on(study, 8, true);
    assert_true(hpo_study_must_end(study));
    CHECK_CONTAINS(hpo_study_reason(study), "2 trials failed, more than max_failures: 1");
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_change_is_named),
        cmocka_unit_test(test_first_settings),
        cmocka_unit_test(test_former_names),
        cmocka_unit_test(test_an_option_that_older_programs_had_not),
        cmocka_unit_test(test_damaged_identities),
        cmocka_unit_test(test_repeats_take_nothing_from_the_grid),
        cmocka_unit_test(test_repeated_failures_are_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
