/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `try_first:` goes with every sampler, under schedulers with and without rungs: the listed configurations come first,
 * what they leave out is drawn, nothing is tried twice in a finite space, and every decision can be made again. A
 * sampler that looks at no result proposes what it would have proposed without them. */
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

enum { TRIALS = 40, LISTED = 4 };

static const char *const spaces[] = {
    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, layers: {min: 1, max: 4}, opt: {values: [sgd, "
    "adam]}, momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}}\n"
    "forbid: [{opt: sgd, lr: {gt: 0.5}}]\n",
    "parameters: {lr: {min: 1, max: 12, prior: 5}, layers: {min: 1, max: 4}, opt: {values: [sgd, adam]}}\n",
};
static const char *const lists[] = {
    "[{lr: 0.1, layers: 2, opt: adam}, {lr: 0.001}, {lr: 0.1, layers: 2, opt: adam}, {opt: sgd, lr: 0.5, layers: 1, "
    "momentum: 0.9}, {}]",
    "[{lr: 7, layers: 2, opt: adam}, {lr: 7, layers: 2}, {lr: 7, layers: 2, opt: adam}, {lr: 7, layers: 2, opt: sgd}, "
    "{}]",
};

static hpo_study_spec *make_spec(const char *sampler, const char *scheduler, size_t space, bool listed) {
    base_buf text = {0};
    suite_at("sampler", "%s", sampler);
    suite_at("scheduler", "%s", scheduler);
    suite_at("space", "%s", spaces[space]);
    suite_at("try_first", "%s", listed ? lists[space] : "nothing");
    base_buf_printf(&text, "objective: toy\nseed: 11\nmethod: {sampler: %s, scheduler: %s}\nbudget: {trials: %d}\n%s",
                    sampler, scheduler, listed ? TRIALS : TRIALS - LISTED, spaces[space]);
    base_buf_printf(&text, "%s\n", toy_spending(scheduler, 9));
    if (listed) base_buf_printf(&text, "try_first: %s\n", lists[space]);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static void drive(const hpo_study_spec *spec, toy_tape *tape) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = 3, .seed = 3, .fail_share = 0.1, .tape = tape});
    hpo_study_destroy(study);
}

/* Configurations in the order of their trials. */
static size_t configs_of(const toy_tape *tape, const double *configs[TRIALS]) {
    size_t count = 0;
    for (size_t i = 0; i < tape->count; i++) {
        if (tape->records[i].kind != HPO_RECORD_START) continue;
        assert_true(tape->records[i].trial == count && count < TRIALS);
        const bool first = strcmp(tape->records[i].origin, "try_first") == 0;
        assert_true(first == (count < LISTED));
        configs[count++] = tape->records[i].config;
    }
    return count;
}

static void check_listed(size_t space, const double *const *configs) {
    if (space == 0) {
        assert_true(configs[0][0] == 0.1 && configs[0][1] == 2 && configs[0][2] == 1 && isnan(configs[0][3]));
        assert_true(configs[1][0] == 0.001);
        assert_true(configs[2][0] == 0.5 && configs[2][1] == 1 && configs[2][2] == 0 && configs[2][3] == 0.9);
    } else { /* what the second one leaves open has one answer that is neither listed nor tried: none; so any */
        assert_true(configs[0][0] == 7 && configs[0][1] == 2 && configs[0][2] == 1);
        assert_true(configs[1][0] == 7 && configs[1][1] == 2);
        assert_true(configs[2][0] == 7 && configs[2][1] == 2 && configs[2][2] == 0);
    }
}

static void verify(const hpo_study_spec *spec, const toy_tape *tape) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    for (size_t i = 0; i < tape->count; i++) {
        suite_at("record", "%zu, made again", i);
        if (i % 3 == 0) CHECK_OK(hpo_study_verify(study, &tape->records[i], &err));
        CHECK_OK(hpo_study_apply(study, &tape->records[i], &err));
    }
    hpo_study_destroy(study);
}

static bool looks_at_results(const char *sampler) {
    static const char *const blind[] = {"random", "sobol", "lhs", "grid"};
    for (size_t i = 0; i < CHECK_COUNT(blind); i++)
        if (strcmp(sampler, blind[i]) == 0) return false;
    return true;
}

static void check_own_points(const char *sampler, const hpo_study_spec *spec, const double *const *configs,
                             size_t count) {
    toy_tape tape = {0};
    hpo_study_spec *alone = make_spec(sampler, "full", 0, false);
    drive(alone, &tape);
    size_t trial = LISTED;
    for (size_t i = 0; i < tape.count; i++) {
        if (tape.records[i].kind != HPO_RECORD_START) continue;
        assert_true(trial < count);
        assert_true(hpo_space_equal(spec->space, tape.records[i].config, configs[trial++]));
    }
    toy_tape_fini(&tape);
    hpo_study_spec_destroy(alone);
}

static void check(const char *sampler, const char *scheduler, size_t space) {
    base_err err;
    toy_tape tape = {0}, again = {0};
    const double *configs[TRIALS];
    hpo_study_spec *spec = make_spec(sampler, scheduler, space, true);
    assert_int_equal(spec->first.count, LISTED);
    assert_int_equal(spec->first.repeated, 1);
    drive(spec, &tape);
    const size_t count = configs_of(&tape, configs);
    assert_true(count == TRIALS || strcmp(sampler, "grid") == 0);
    check_listed(space, configs);
    for (size_t i = 0; i < count; i++) {
        suite_at("trial", "%zu", i);
        CHECK_OK(hpo_space_check(spec->space, configs[i], &err));
        for (size_t j = 0; space == 1 && j < i; j++) {
            if (i == 1 || j == 1) continue; /* see check_listed */
            assert_false(hpo_space_equal(spec->space, configs[i], configs[j]));
        }
    }
    drive(spec, &again);
    assert_int_equal(tape.count, again.count);
    for (size_t i = 0; i < tape.count; i++)
        assert_true(toy_same_record(spec->space, &tape.records[i], &again.records[i]));
    verify(spec, &tape);
    const bool full = strcmp(scheduler, "full") == 0;
    if (space == 0 && full && !looks_at_results(sampler)) check_own_points(sampler, spec, configs, count);
    toy_tape_fini(&tape);
    toy_tape_fini(&again);
    hpo_study_spec_destroy(spec);
}

static void with_every_sampler(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name)) continue;
        for (size_t s = 0; s < CHECK_COUNT(spaces); s++) {
            check(types[t]->name, "full", s);
            check(types[t]->name, "hyperband", s);
        }
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(with_every_sampler)};
    return SUITE_MAIN(tests);
}
