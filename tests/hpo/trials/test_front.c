/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several goals in a history, against definitions: losses of all goals, the front and the incumbent of every prefix of
 * random records, seen through the newest view and through views of the past. */
#include "hpo/trials/order.h"

#include "tests/hpo/trials/random_trials.h"

enum { MOST_RECORDS = 500, MOST_TRIALS = 120 };

static const hpo_goal goals[] = {{.name = "loss", .reference = NAN},
                                 {.name = "accuracy", .maximize = true, .reference = NAN},
                                 {.name = "size", .reference = NAN}};

typedef struct fixture {
    hpo_space *space;
    random_source *source;
    size_t k, count;
    hpo_record records[MOST_RECORDS];
    hpo_history *history;
} fixture;

static double loss_of(const hpo_record *record, size_t g) {
    return goals[g].maximize ? -record->values[g] : record->values[g];
}

static void begin(fixture *f, size_t k, uint32_t seed) {
    *f = (fixture){.space = random_space_create(), .k = k};
    f->source = random_source_create(f->space, seed);
    f->history = hpo_history_create_for(f->space, goals, k, random_fidelity(3));
}

static void end(fixture *f) {
    hpo_history_destroy(f->history);
    random_source_destroy(f->source);
    hpo_space_destroy(f->space);
}

static void next(fixture *f) {
    base_err err = {0};
    hpo_record record = random_next(f->source, MOST_TRIALS);
    if (record.trial == UINT64_MAX) return;
    if (record.kind == HPO_RECORD_RESULT || record.kind == HPO_RECORD_REPORT) record.n_values = (uint32_t)f->k;
    for (size_t g = 0; g < record.n_values; g++)
        record.values[g] = record.result.failure != HPO_FAILURE_NONE ? NAN : (double)random_below(f->source, 9);
    CHECK_OK(hpo_history_apply(f->history, &record, &err));
    if (record.kind != HPO_RECORD_ATTEMPT) f->records[f->count++] = record;
}

static bool is_success(const hpo_record *record) {
    return record->kind == HPO_RECORD_RESULT && record->result.failure == HPO_FAILURE_NONE;
}

static double level_of(const fixture *f, size_t n) {
    double level = 0;
    for (size_t i = 0; i < n; i++)
        if (is_success(&f->records[i])) level = fmax(level, fmin(f->records[i].fidelity, random_fidelity(3)));
    return level;
}

static bool is_on_front(const fixture *f, size_t n, size_t at, double level) {
    const hpo_record *record = &f->records[at];
    if (!is_success(record) || record->fidelity < level) return false;
    for (size_t i = 0; i < n; i++) {
        const hpo_record *other = &f->records[i];
        if (!is_success(other) || other->fidelity < level) continue;
        bool worse = false, better = false;
        for (size_t g = 0; g < f->k; g++) {
            worse = worse || loss_of(other, g) > loss_of(record, g);
            better = better || loss_of(other, g) < loss_of(record, g);
        }
        if (better && !worse) return false;
    }
    return true;
}

static void check_view(const fixture *f, hpo_view view) {
    const size_t n = view.as_of;
    const double level = level_of(f, n);
    hpo_incumbent front[MOST_TRIALS], best = {0};
    const size_t count = hpo_view_front(view, front, MOST_TRIALS);
    size_t expected = 0, first = SIZE_MAX;
    for (size_t at = 0; at < n; at++) {
        if (!is_on_front(f, n, at, level)) continue;
        assert_true(expected < count);
        assert_int_equal(front[expected].trial, f->records[at].trial);
        assert_int_equal(front[expected].eval->event, at);
        for (size_t g = 0; g < f->k; g++) {
            CHECK_SAME_DOUBLE(hpo_eval_losses(front[expected].eval)[g], loss_of(&f->records[at], g));
            CHECK_SAME_DOUBLE(hpo_eval_values(front[expected].eval, f->k)[g], f->records[at].values[g]);
        }
        expected++;
        if (first == SIZE_MAX) first = at;
        int order = 0;
        for (size_t g = 0; g < f->k && order == 0; g++) {
            const double mine = loss_of(&f->records[at], g), old = loss_of(&f->records[first], g);
            order = (mine > old) - (mine < old);
        }
        if (order < 0 || (order == 0 && f->records[at].trial < f->records[first].trial)) first = at;
    }
    assert_int_equal(count, expected);
    assert_int_equal(hpo_view_incumbent(view, &best), count > 0);
    if (count > 0) assert_int_equal(best.eval->event, first);
    assert_int_equal(hpo_view_front(view, NULL, 0), count);
}

static void fronts_are_those_of_the_definition(void **state) {
    (void)state;
    for (size_t k = 2; k <= 3; k++) {
        fixture f;
        begin(&f, k, 40 + (uint32_t)k);
        while (f.count < MOST_RECORDS) {
            const size_t before = f.count;
            next(&f);
            if (f.count == before && f.source->trials == MOST_TRIALS) break;
            check_view(&f, hpo_history_view(f.history));
        }
        assert_true(f.count > 300);
        for (size_t n = 0; n <= f.count; n++) check_view(&f, hpo_history_at(f.history, n));
        size_t entries, leaving = 0;
        const hpo_front_entry *log = hpo_view_front_log(hpo_history_view(f.history), &entries);
        for (size_t i = 0; i < entries; i++) leaving += log[i].left != UINT64_MAX;
        assert_int_equal(entries - leaving, hpo_view_front(hpo_history_view(f.history), NULL, 0));
        end(&f);
    }
}

static void one_goal_has_its_incumbent(void **state) {
    (void)state;
    fixture f;
    begin(&f, 1, 7);
    for (size_t i = 0; i < 200; i++) {
        next(&f);
        const hpo_view view = hpo_history_view(f.history);
        hpo_incumbent best, front;
        size_t entries;
        const bool found = hpo_view_incumbent(view, &best);
        assert_int_equal(hpo_view_front(view, &front, 1), found);
        if (found) assert_ptr_equal(front.eval, best.eval);
        if (found) assert_null(best.eval->goals);
        (void)hpo_view_front_log(view, &entries);
        assert_int_equal(entries, 0);
    }
    end(&f);
}

/* What a damaged journal could bring. */
static void values_must_fit_the_goals(void **state) {
    (void)state;
    fixture f;
    base_err err;
    begin(&f, 2, 3);
    while (f.count == 0 || f.records[f.count - 1].kind != HPO_RECORD_START) next(&f);
    const hpo_trial trial = hpo_view_trial(hpo_history_view(f.history), f.records[f.count - 1].trial);
    hpo_record record = {.kind = HPO_RECORD_RESULT, .trial = trial.id, .rung = trial.rung, .fidelity = trial.fidelity};
    CHECK_FAILS(hpo_history_apply(f.history, &record, &err), BASE_CORRUPT, "1 values where the study has 2 metrics");
    record.n_values = 2;
    record.values[1] = NAN;
    CHECK_FAILS(hpo_history_apply(f.history, &record, &err), BASE_CORRUPT, "neither finite nor a failure");
    record.kind = HPO_RECORD_REPORT; /* a report may lack one, and is then no better than one that lacks all */
    CHECK_OK(hpo_history_apply(f.history, &record, &err));
    const hpo_trial after = hpo_view_trial(hpo_history_view(f.history), trial.id);
    assert_true(isinf(after.reports[0].loss) && isinf(after.reports[0].goals[0]) && isinf(after.reports[0].goals[1]));
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fronts_are_those_of_the_definition),
        cmocka_unit_test(one_goal_has_its_incumbent),
        cmocka_unit_test(values_must_fit_the_goals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
