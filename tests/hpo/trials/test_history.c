/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history against a naive recomputation: for every prefix of random record sequences, everything that a view says
 * is worked out again from the plain list of the records before it. */
#include "hpo/trials/history.h"

#include "tests/hpo/trials/random_trials.h"

enum { MOST_RECORDS = 400 };

typedef struct fixture {
    hpo_space *space;
    hpo_record *records;
    size_t count;
    bool maximize;
} fixture;

/* ---- the oracle: definitions, applied to records [0, n) ---- */

static bool ends(const hpo_record *record) {
    return record->kind == HPO_RECORD_RESULT || (record->kind == HPO_RECORD_REPORT && record->stop);
}

static bool begins(const hpo_record *record) {
    return record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_PROMOTE;
}

static double naive_loss(const fixture *f, const hpo_record *record) {
    if (record->result.failure != HPO_FAILURE_NONE || isnan(record->value)) return INFINITY;
    return f->maximize ? -record->value : record->value;
}

static const hpo_record *start_of(const fixture *f, uint64_t id) {
    for (size_t i = 0;; i++) {
        if (f->records[i].kind == HPO_RECORD_START && f->records[i].trial == id) return &f->records[i];
    }
}

/* What the evaluation that ends at record `end` would have cost from scratch. */
static double naive_full_cost(const fixture *f, size_t end) {
    const hpo_record *last = &f->records[end];
    size_t begin = end;
    while (!(begins(&f->records[begin]) && f->records[begin].trial == last->trial)) begin--;
    double from = f->records[begin].from;
    for (size_t i = begin; i < end; i++) { /* it went on from where it was to stop */
        const hpo_record *earlier = &f->records[i];
        if (earlier->trial != last->trial || !earlier->stop) continue;
        from = earlier->fidelity;
        begin = i + 1;
    }
    const bool again = last->result.notices & HPO_NOTICE_BIT(STARTED_AGAIN);
    if (from == 0 || again) return last->result.cost;
    uint64_t owners[] = {last->trial, start_of(f, last->trial)->parent};
    for (size_t o = 0; o < 2; o++) {
        for (size_t i = begin; i-- > 0;) {
            const hpo_record *earlier = &f->records[i];
            if (earlier->trial == owners[o] && ends(earlier) && earlier->fidelity == from) {
                return naive_full_cost(f, i) + last->result.cost;
            }
        }
    }
    return last->result.cost;
}

static hpo_trial_state naive_state(const fixture *f, size_t n, uint64_t id) {
    hpo_trial_state state = HPO_TRIAL_RUNNING;
    for (size_t i = 0; i < n; i++) {
        const hpo_record *record = &f->records[i];
        if (record->trial != id) continue;
        if (begins(record)) state = HPO_TRIAL_RUNNING;
        if (record->kind == HPO_RECORD_CLOSE || (record->kind == HPO_RECORD_REPORT && record->stop)) {
            state = HPO_TRIAL_STOPPED;
        }
        if (record->kind != HPO_RECORD_RESULT) continue;
        bool failed = record->result.failure != HPO_FAILURE_NONE;
        state = failed ? HPO_TRIAL_FAILED : record->final ? HPO_TRIAL_COMPLETE : HPO_TRIAL_PAUSED;
    }
    return state;
}

/* ---- comparing ---- */

static void check_metrics(const hpo_metrics *kept, const hpo_record *record) {
    const hpo_metrics *metrics = &record->result.metrics;
    bool only_value = metrics->count == 1 && memcmp(&metrics->item[0].value, &record->value, sizeof(double)) == 0;
    if (metrics->count == 0 || only_value) {
        assert_null(kept);
        return;
    }
    hpo_metrics copy = *kept; /* by value: more bytes than are in use */
    assert_int_equal(copy.count, metrics->count);
    for (size_t i = 0; i < metrics->count; i++) {
        assert_string_equal(copy.item[i].name, metrics->item[i].name);
        CHECK_SAME_DOUBLE(copy.item[i].value, metrics->item[i].value);
    }
}

static void check_told(const fixture *f, const hpo_told *told, size_t event) {
    const hpo_record *record = &f->records[event];
    assert_int_equal(told->worker, record->worker);
    CHECK_SAME_DOUBLE(told->at, record->at);
    assert_int_equal(told->notices, record->result.notices);
    CHECK_SAME_DOUBLE(told->reached, record->result.reached);
}

static void check_eval(const fixture *f, const hpo_eval *eval, size_t event) {
    const hpo_record *record = &f->records[event];
    bool failed = record->result.failure != HPO_FAILURE_NONE;
    assert_int_equal(eval->event, event);
    assert_int_equal(eval->rung, record->rung);
    assert_int_equal(eval->attempt, record->attempt);
    assert_int_equal(eval->failure, record->result.failure);
    assert_int_equal(eval->code, record->result.code);
    CHECK_SAME_DOUBLE(eval->fidelity, record->fidelity);
    CHECK_SAME_DOUBLE(eval->value, record->value);
    CHECK_SAME_DOUBLE(eval->loss, naive_loss(f, record));
    CHECK_SAME_DOUBLE(eval->cost, record->result.cost);
    CHECK_SAME_DOUBLE(eval->seconds, record->result.seconds);
    if (failed) {
        assert_string_equal(eval->reason, record->result.reason);
    } else {
        assert_null(eval->reason);
    }
    check_metrics(eval->metrics, record);
}

static void check_report(const fixture *f, const hpo_report *report, size_t event) {
    const hpo_record *record = &f->records[event];
    assert_int_equal(report->event, event);
    assert_int_equal(report->rung, record->rung);
    assert_int_equal(report->attempt, record->attempt);
    CHECK_SAME_DOUBLE(report->step, record->fidelity);
    CHECK_SAME_DOUBLE(report->value, record->value);
    CHECK_SAME_DOUBLE(report->loss, naive_loss(f, record));
    check_metrics(report->metrics, record);
}
static void check_trial(const fixture *f, hpo_view view, uint64_t id) {
    size_t n = view.as_of, evals = 0, reports = 0;
    hpo_trial trial = hpo_view_trial(view, id);
    const hpo_record *start = start_of(f, id), *last = start, *stopped = NULL;
    double from = start->from;
    for (size_t i = 0; i < n; i++) {
        const hpo_record *record = &f->records[i];
        if (record->trial != id) continue;
        if (begins(record)) {
            last = record;
            from = record->from;
        }
        if (record->stop || record->kind == HPO_RECORD_CLOSE) stopped = record->open ? record : NULL;
        if (record->kind == HPO_RECORD_RESULT) {
            if (stopped) from = stopped->fidelity;
            stopped = NULL;
            assert_true(evals < trial.n_evals);
            check_told(f, &hpo_view_evals_told(view, id)[evals], i);
            check_eval(f, &trial.evals[evals++], i);
        }
        if (record->kind == HPO_RECORD_REPORT) {
            assert_true(reports < trial.n_reports);
            check_told(f, &hpo_view_reports_told(view, id)[reports], i);
            check_report(f, &trial.reports[reports++], i);
        }
    }
    assert_int_equal(trial.n_evals, evals);
    assert_int_equal(trial.n_reports, reports);
    assert_int_equal(trial.id, id);
    assert_int_equal(trial.state, naive_state(f, n, id));
    assert_int_equal(trial.bracket, start->bracket);
    assert_int_equal(trial.rung, last->rung);
    CHECK_SAME_DOUBLE(trial.fidelity, last->fidelity);
    CHECK_SAME_DOUBLE(trial.from, from);
    assert_int_equal(trial.open, stopped != NULL);
    assert_int_equal(trial.created, start - f->records);
    assert_true(trial.seed == start->seed && trial.parent == start->parent && trial.as_of == start->as_of);
    assert_true(hpo_space_equal(f->space, trial.config, start->config));
    if (start->origin) {
        assert_string_equal(trial.origin, start->origin);
    } else {
        assert_null(trial.origin);
    }
}

static void check_incumbent(const fixture *f, hpo_view view) {
    double level = -1;
    for (size_t i = 0; i < view.as_of; i++) {
        const hpo_record *record = &f->records[i];
        bool worked = record->kind == HPO_RECORD_RESULT && record->result.failure == HPO_FAILURE_NONE;
        if (worked && record->fidelity > level) level = record->fidelity;
    }
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < view.as_of; i++) {
        const hpo_record *record = &f->records[i];
        bool worked = record->kind == HPO_RECORD_RESULT && record->result.failure == HPO_FAILURE_NONE;
        if (!worked || record->fidelity != level) continue;
        double loss = naive_loss(f, record);
        double old = best == SIZE_MAX ? INFINITY : naive_loss(f, &f->records[best]);
        if (loss < old || (loss == old && record->trial < f->records[best].trial)) best = i;
    }
    hpo_incumbent got;
    bool found = hpo_view_incumbent(view, &got);
    assert_int_equal(found, best != SIZE_MAX);
    if (!found) return;
    assert_int_equal(got.trial, f->records[best].trial);
    assert_int_equal(got.eval->event, best);
}

static void check_configs(const fixture *f, hpo_view view) {
    for (size_t i = 0; i < f->count; i++) {
        if (f->records[i].kind != HPO_RECORD_START) continue;
        bool expected = false;
        for (size_t j = 0; j < view.as_of && !expected; j++) {
            expected = f->records[j].kind == HPO_RECORD_START &&
                       hpo_space_equal(f->space, f->records[i].config, f->records[j].config);
        }
        assert_int_equal(hpo_view_has_config(view, f->records[i].config), expected);
    }
}

static void check_brackets(const fixture *f, hpo_view view) {
    uint32_t brackets = 0;
    for (uint32_t b = 0; b < 8; b++) {
        size_t count, expected = 0;
        const uint64_t *ids = hpo_view_bracket(view, b, &count);
        for (size_t i = 0; i < view.as_of; i++) {
            if (f->records[i].kind != HPO_RECORD_START || f->records[i].bracket != b) continue;
            assert_true(expected < count);
            assert_int_equal(ids[expected++], f->records[i].trial);
            brackets = b + 1;
        }
        assert_int_equal(count, expected);
    }
    assert_int_equal(hpo_view_brackets(view), brackets);
}

static void check_view(const fixture *f, hpo_view view) {
    uint64_t trials = 0, states[HPO_TRIAL_FAILED + 1] = {0};
    double cost = 0, scratch = 0;
    for (size_t i = 0; i < view.as_of; i++) {
        assert_int_equal(hpo_view_event_trial(view, i), f->records[i].trial);
        trials += f->records[i].kind == HPO_RECORD_START;
        if (!ends(&f->records[i])) continue;
        cost += f->records[i].result.cost;
        scratch += naive_full_cost(f, i);
    }
    assert_int_equal(hpo_view_trials(view), trials);
    CHECK_SAME_DOUBLE(hpo_view_cost(view), cost);
    CHECK_SAME_DOUBLE(hpo_view_cost_from_scratch(view), scratch);
    for (uint64_t id = 0; id < trials; id++) {
        check_trial(f, view, id);
        states[naive_state(f, view.as_of, id)]++;
    }
    for (unsigned s = 0; s <= HPO_TRIAL_FAILED; s++) {
        assert_int_equal(hpo_view_count(view, (hpo_trial_state)s), states[s]);
    }
    check_incumbent(f, view);
    check_brackets(f, view);
}

/* Every prefix twice: as the newest view while it grows, and as an old one when everything is there. */
static void run(uint32_t seed, bool maximize, uint64_t trials) {
    base_err err = {0};
    fixture f = {.space = random_space_create(), .maximize = maximize};
    f.records = base_calloc(MOST_RECORDS, sizeof *f.records);
    random_source *source = random_source_create(f.space, seed);
    hpo_history *history = hpo_history_create(f.space, maximize, 27);
    check_view(&f, hpo_history_view(history));
    while (f.count < MOST_RECORDS) {
        f.records[f.count] = random_next(source, trials);
        if (f.records[f.count].trial == UINT64_MAX) break;
        CHECK_OK(hpo_history_apply(history, &f.records[f.count], &err));
        f.count++;
        check_view(&f, hpo_history_view(history));
    }
    assert_true(f.count > 20);
    for (size_t n = 0; n <= f.count; n++) check_view(&f, hpo_history_at(history, n));
    for (size_t n = 0; n <= f.count; n += 7) check_configs(&f, hpo_history_at(history, n));
    assert_int_equal(hpo_history_at(history, f.count + 5).as_of, f.count);
    assert_ptr_equal(hpo_history_space(history), f.space);
    hpo_history_destroy(history);
    random_source_destroy(source);
    hpo_space_destroy(f.space);
    free(f.records);
}

static void test_fold_minimize(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 6; seed++) run(seed, false, 25);
}

static void test_fold_maximize(void **state) {
    (void)state;
    for (uint32_t seed = 100; seed < 104; seed++) run(seed, true, 12);
    run(200, true, 120);
}

/* ---- by hand ---- */

static hpo_record result_of(uint64_t trial, double fidelity, double value) {
    hpo_record record = {
        .kind = HPO_RECORD_RESULT, .trial = trial, .fidelity = fidelity, .value = value, .final = true};
    record.result.cost = fidelity;
    if (!isfinite(value)) record.result.failure = HPO_FAILURE_NAN;
    return record;
}

static hpo_record start_record(uint64_t trial, const double *config) {
    return (hpo_record){
        .kind = HPO_RECORD_START, .trial = trial, .fidelity = 1, .parent = UINT64_MAX, .config = config};
}

static void test_incumbent(void **state) {
    (void)state;
    base_err err = {0};
    hpo_space *space = random_space_create();
    double config[RANDOM_PARAMS] = {0};
    hpo_history *history = hpo_history_create(space, false, 9);
    hpo_incumbent best;
    const struct {
        uint64_t trial;
        double fidelity, value;
        bool found;
        uint64_t best;
    } steps[] = {
        {5, 1, NAN, false, 0},                           /* a failure is no incumbent */
        {4, 1, 7.0, true, 4},                            /* the first */
        {3, 1, 7.0, true, 3},                            /* a tie goes to the lower id, however late */
        {6, 1, 7.0, true, 3},                            /* and not to the higher */
        {2, 3, 100.0, true, 2},                          /* a higher fidelity wins with any value */
        {1, 1, -100.0, true, 2},                         /* a lower one never */
        {0, 3, NAN, true, 2},                            /* nor a failure at the same */
        {7, 9, 50.0, true, 7},   {8, 12, 60.0, true, 7}, /* beyond the highest fidelity counts as the highest */
        {9, 12, 40.0, true, 9},
    };
    assert_false(hpo_view_incumbent(hpo_history_view(history), &best));
    for (uint64_t id = 0; id < CHECK_COUNT(steps); id++) {
        hpo_record start = start_record(id, config);
        CHECK_OK(hpo_history_apply(history, &start, &err));
    }
    for (size_t i = 0; i < CHECK_COUNT(steps); i++) {
        hpo_record record = result_of(steps[i].trial, steps[i].fidelity, steps[i].value);
        CHECK_OK(hpo_history_apply(history, &record, &err));
        assert_int_equal(hpo_view_incumbent(hpo_history_view(history), &best), steps[i].found);
        if (steps[i].found) assert_int_equal(best.trial, steps[i].best);
    }
    hpo_history_destroy(history);
    hpo_space_destroy(space);
}

static void test_loss_order(void **state) {
    (void)state;
    const double losses[] = {-INFINITY, -1.5, -0.0, 0.0, 2.0, INFINITY, NAN};
    enum { N = 7, ALL = 2 * N };
    assert_true(hpo_loss_less(1e300, 9, NAN, 0) && hpo_loss_less(1e300, 9, -INFINITY, 0));
    assert_true(hpo_loss_less(1.0, 2, 2.0, 1) && hpo_loss_less(1.0, 1, 1.0, 2) && hpo_loss_less(NAN, 1, INFINITY, 2));
    for (size_t a = 0; a < ALL; a++) {
        assert_false(hpo_loss_less(losses[a % N], a, losses[a % N], a));
        for (size_t b = 0; b < ALL; b++) {
            bool less = hpo_loss_less(losses[a % N], a, losses[b % N], b);
            if (a != b) assert_true(less != hpo_loss_less(losses[b % N], b, losses[a % N], a));
            for (size_t c = 0; c < ALL && less; c++) {
                if (hpo_loss_less(losses[b % N], b, losses[c % N], c)) {
                    assert_true(hpo_loss_less(losses[a % N], a, losses[c % N], c));
                }
            }
        }
    }
}

/* Attempts are kept, and are no events: every number and every view stays what it was without them. */
static void test_attempts(void **state) {
    (void)state;
    base_err err = {0};
    hpo_space *space = random_space_create();
    hpo_history *history = hpo_history_create(space, false, 1);
    const double config[RANDOM_PARAMS] = {0.01, 0.1, 0.5, 2, 16, 0, NAN, 0, 0, 0, 5};
    const hpo_record start = start_record(0, config), result = result_of(0, 1, 0.5);
    hpo_record attempt = {.kind = HPO_RECORD_ATTEMPT, .fidelity = 1, .worker = 3, .at = 1700000000.25};
    CHECK_FAILS(hpo_history_apply(history, &attempt, &err), BASE_CORRUPT, "before it begins");
    CHECK_OK(hpo_history_apply(history, &start, &err));
    CHECK_FAILS(hpo_history_apply(history, &attempt, &err), BASE_CORRUPT, "though it did not fail");
    attempt.result = (hpo_result){.failure = HPO_FAILURE_CRASH, .code = 11, .seconds = 2.5, .reason = "signal 11"};
    for (attempt.attempt = 0; attempt.attempt < 3; attempt.attempt++) {
        CHECK_OK(hpo_history_apply(history, &attempt, &err));
    }
    assert_int_equal(hpo_history_view(history).as_of, 1);
    CHECK_OK(hpo_history_apply(history, &result, &err));
    const hpo_trial trial = hpo_view_trial(hpo_history_view(history), 0);
    assert_int_equal(trial.state, HPO_TRIAL_COMPLETE);
    assert_int_equal(trial.evals[0].event, 1);
    size_t count;
    const hpo_attempt *attempts = hpo_view_attempts(hpo_history_view(history), 0, &count);
    assert_int_equal(count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(attempts[i].attempt, i);
        assert_int_equal(attempts[i].worker, 3);
        assert_int_equal(attempts[i].failure, HPO_FAILURE_CRASH);
        assert_int_equal(attempts[i].code, 11);
        assert_string_equal(attempts[i].reason, "signal 11");
        CHECK_SAME_DOUBLE(attempts[i].at, 1700000000.25);
        CHECK_SAME_DOUBLE(attempts[i].seconds, 2.5);
    }
    (void)hpo_view_attempts(hpo_history_at(history, 1), 0, &count);
    assert_int_equal(count, 0);
    hpo_history_destroy(history);
    hpo_space_destroy(space);
}

static void test_refusals(void **state) {
    (void)state;
    base_err err = {0};
    hpo_space *space = random_space_create();
    double config[RANDOM_PARAMS] = {0};
    hpo_history *history = hpo_history_create(space, false, 1);
    hpo_record start = start_record(1, config), result = result_of(0, 1, 0.5);
    CHECK_FAILS(hpo_history_apply(history, &start, &err), BASE_CORRUPT, "trial 0 was expected");
    CHECK_FAILS(hpo_history_apply(history, &result, &err), BASE_CORRUPT, "before it begins");
    start.trial = 0;
    start.parent = 0;
    CHECK_FAILS(hpo_history_apply(history, &start, &err), BASE_CORRUPT, "impossible");
    start.parent = UINT64_MAX;
    start.as_of = 1;
    CHECK_FAILS(hpo_history_apply(history, &start, &err), BASE_CORRUPT, "impossible");
    start.as_of = 0;
    start.bracket = UINT32_MAX;
    CHECK_FAILS(hpo_history_apply(history, &start, &err), BASE_CORRUPT, "impossible");
    start.bracket = 0;
    CHECK_OK(hpo_history_apply(history, &start, &err));
    hpo_record promote = {.kind = HPO_RECORD_PROMOTE, .rung = 1, .fidelity = 3};
    hpo_record close = {.kind = HPO_RECORD_CLOSE};
    CHECK_FAILS(hpo_history_apply(history, &promote, &err), BASE_CORRUPT, "while it is running");
    CHECK_FAILS(hpo_history_apply(history, &close, &err), BASE_CORRUPT, "while it is running");
    result.rung = 2;
    CHECK_FAILS(hpo_history_apply(history, &result, &err), BASE_CORRUPT, "on rung 2");
    result.rung = 0;
    result.result.cost = NAN;
    CHECK_FAILS(hpo_history_apply(history, &result, &err), BASE_CORRUPT, "cost");
    result.result.cost = 1;
    result.value = NAN;
    CHECK_FAILS(hpo_history_apply(history, &result, &err), BASE_CORRUPT, "neither finite nor a failure");
    result.value = 0.5;
    result.final = false;
    CHECK_OK(hpo_history_apply(history, &result, &err));
    CHECK_FAILS(hpo_history_apply(history, &result, &err), BASE_CORRUPT, "while it is paused");
    promote.rung = 0;
    CHECK_FAILS(hpo_history_apply(history, &promote, &err), BASE_CORRUPT, "promoted to rung 0");
    CHECK_OK(hpo_history_apply(history, &close, &err));
    CHECK_FAILS(hpo_history_apply(history, &close, &err), BASE_CORRUPT, "while it is stopped");
    assert_int_equal(hpo_history_view(history).as_of, 3); /* what was refused left no trace */
    assert_int_equal(hpo_view_trials(hpo_history_view(history)), 1);
    hpo_history_destroy(history);
    hpo_space_destroy(space);
    hpo_history_destroy(NULL);
}

/* Where fidelities are means a trial counts once, with its last result, when no further one can follow. */
static void test_settled(void **state) {
    (void)state;
    for (int averages = 0; averages < 2; averages++) {
        base_err err;
        hpo_space *space = random_space_create();
        double config[RANDOM_PARAMS] = {0};
        hpo_history *history = hpo_history_create(space, false, 2);
        if (averages) hpo_history_average(history);
        const hpo_record close = {.kind = HPO_RECORD_CLOSE, .trial = 1};
        for (uint64_t id = 0; id < 3; id++) {
            hpo_record start = start_record(id, config), result = result_of(id, 1, 0.5 + (double)id);
            result.final = false;
            if (id == 2) result.result.failure = HPO_FAILURE_CRASH;
            CHECK_OK(hpo_history_apply(history, &start, &err)); /* events 0, 2, 4 */
            CHECK_OK(hpo_history_apply(history, &result, &err));
        }
        const hpo_record promote = {.kind = HPO_RECORD_PROMOTE, .rung = 1, .fidelity = 2};
        hpo_record result = result_of(0, 2, 0.25);
        result.rung = 1;
        CHECK_OK(hpo_history_apply(history, &close, &err));   /* 6 */
        CHECK_OK(hpo_history_apply(history, &promote, &err)); /* 7 */
        CHECK_OK(hpo_history_apply(history, &result, &err));  /* 8 */
        static const struct {
            double plain, means; /* 0: nothing */
        } settled[] = {{0, 0},   {0.5, 0}, {0, 0},      {1.5, 0}, {0, 0}, {INFINITY, INFINITY},
                       {0, 1.5}, {0, 0},   {0.25, 0.25}};
        const hpo_view view = hpo_history_view(history);
        for (uint64_t event = 0; event < view.as_of; event++) {
            hpo_trial trial;
            const hpo_eval *eval = hpo_view_settled(view, event, &trial);
            const double want = averages ? settled[event].means : settled[event].plain;
            assert_true(eval ? eval->loss == want : want == 0);
            assert_int_equal(trial.id, hpo_view_event_trial(view, event));
            if (eval) assert_true(hpo_view_level(view, eval) == (averages ? 2 : eval->fidelity));
            const hpo_view then = hpo_history_at(history, event + 1);
            assert_true(hpo_view_settled(then, event, &trial) == eval);
        }
        hpo_history_destroy(history);
        hpo_space_destroy(space);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settled),   cmocka_unit_test(test_fold_minimize), cmocka_unit_test(test_fold_maximize),
        cmocka_unit_test(test_incumbent), cmocka_unit_test(test_loss_order),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
