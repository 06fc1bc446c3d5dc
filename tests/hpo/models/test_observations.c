/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: each policy written down from its sentence, over random histories. */
#include <math.h>
#include <stdlib.h>

#include "hpo/models/observations.h"
#include "hpo/space/space_file.h"
#include "tests/support/check.h"

enum { TRIALS = 60, MAX_ROWS = 400 };

typedef struct rig {
    base_arena *arena;
    hpo_space *space;
    hpo_history *history;
} rig;

/* averages: fidelities are means, so that there is one level. */
static rig rig_open(bool averages) {
    static const char yaml[] = "{x: {min: 0.0, max: 1.0}, c: {values: [a, b]}, y: {min: 1, max: 9, when: {c: a}}}";
    base_err err;
    base_yaml_node *root;
    rig r = {.arena = base_arena_create()};
    CHECK_OK(base_yaml_parse(r.arena, "yaml", yaml, strlen(yaml), &root, &err));
    CHECK_OK(hpo_space_read(root, NULL, NULL, &r.space, &err));
    r.history = hpo_history_create(r.space, false, 9);
    if (averages) hpo_history_average(r.history);
    return r;
}

static void rig_close(rig *r) {
    hpo_history_destroy(r->history);
    hpo_space_destroy(r->space);
    base_arena_destroy(r->arena);
}

static void apply(rig *r, hpo_record record) {
    base_err err;
    record.as_of = hpo_history_view(r->history).as_of;
    record.parent = UINT64_MAX;
    CHECK_OK(hpo_history_apply(r->history, &record, &err));
}

/* One random step: start, report, stop by a report, result, failure, promotion or close. */
static void step(rig *r, base_rng *rng) {
    static const double fidelities[] = {1, 3, 9};
    const hpo_view view = hpo_history_view(r->history);
    const uint64_t count = hpo_view_trials(view);
    if (count == 0 || (count < TRIALS && base_rng_below(rng, 3) == 0)) {
        base_err err;
        double config[3];
        CHECK_OK(hpo_space_sample(r->space, rng, config, &err));
        const uint32_t rung = (uint32_t)base_rng_below(rng, 3);
        apply(r, (hpo_record){.kind = HPO_RECORD_START,
                              .trial = count,
                              .rung = rung,
                              .fidelity = fidelities[rung],
                              .config = config});
        return;
    }
    const hpo_trial trial = hpo_view_trial(view, base_rng_below(rng, count));
    hpo_record record = {.trial = trial.id, .rung = trial.rung, .fidelity = trial.fidelity};
    record.value = base_rng_uniform(rng);
    record.result.cost = 1;
    const uint64_t what = base_rng_below(rng, 10);
    if (trial.state == HPO_TRIAL_PAUSED && what < 3) {
        record.kind = what == 0 ? HPO_RECORD_CLOSE : HPO_RECORD_PROMOTE;
        record.rung = what == 0 ? record.rung : record.rung + 1;
        record.fidelity = fidelities[trial.rung + (what == 0 ? 0 : 1)];
        apply(r, record);
    } else if (trial.state == HPO_TRIAL_RUNNING && what < 4) {
        record.kind = HPO_RECORD_REPORT;
        record.stop = what == 0;
        record.fidelity = trial.fidelity / 2;
        apply(r, record);
    } else if (trial.state == HPO_TRIAL_RUNNING) {
        record.kind = HPO_RECORD_RESULT;
        record.final = trial.rung == 2;
        if (what == 9) {
            record.value = (double)NAN;
            record.result.failure = HPO_FAILURE_CRASH;
        }
        apply(r, record);
    }
}

/* ---- the sentences ---- */

typedef struct row {
    uint64_t event, trial;
    double loss, fidelity;
} row;

static int by_event(const void *a, const void *b) {
    const row *x = a, *y = b;
    return x->event < y->event ? -1 : x->event > y->event;
}

static size_t all_results(hpo_view view, row *rows) {
    size_t n = 0;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        uint64_t last = 0;
        for (size_t i = 0; i < trial.n_evals; i++) {
            const hpo_eval *e = &trial.evals[i];
            rows[n++] = (row){e->event, id, e->loss, e->fidelity};
            last = e->event;
        }
        if (trial.state != HPO_TRIAL_STOPPED || trial.n_reports == 0) continue;
        const hpo_report *report = &trial.reports[trial.n_reports - 1];
        if (report->event > last) rows[n++] = (row){report->event, id, report->loss, report->step};
    }
    qsort(rows, n, sizeof *rows, by_event);
    return n;
}

/* The reports that trials which went on made where others were ended. */
static size_t passing_reports(hpo_view view, const row *results, size_t n_results, row *rows) {
    size_t n = 0;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        for (size_t r = 0; r < trial.n_reports; r++) {
            const hpo_report *report = &trial.reports[r];
            bool ended_there = false, known = report->step == trial.fidelity;
            for (size_t i = 0; i < n_results; i++) {
                const hpo_trial other = hpo_view_trial(view, results[i].trial);
                bool is_eval = false;
                for (size_t e = 0; e < other.n_evals; e++)
                    is_eval = is_eval || other.evals[e].event == results[i].event;
                ended_there = ended_there || (!is_eval && results[i].fidelity == report->step);
                known = known || (is_eval && results[i].trial == id && results[i].fidelity == report->step) ||
                        (results[i].trial == id && results[i].event == report->event);
            }
            for (size_t i = 0; i < n; i++) known = known || (rows[i].trial == id && rows[i].fidelity == report->step);
            if (ended_there && !known) rows[n++] = (row){report->event, id, report->loss, report->step};
        }
    }
    return n;
}

static size_t expected_rows(hpo_view view, const hpo_data_query *query, row *rows) {
    row all[2 * MAX_ROWS];
    if (hpo_view_averages(view) && query->policy != HPO_DATA_LAST) {
        const hpo_data_query last = {.policy = HPO_DATA_LAST};
        const size_t count = expected_rows(view, &last, rows);
        size_t counted = 0;
        for (size_t i = 0; i < count; i++) counted += !(query->only_successes && isinf(rows[i].loss));
        return query->policy == HPO_DATA_HIGHEST && counted < query->needed ? 0 : count;
    }
    size_t n = all_results(view, all);
    if (query->policy == HPO_DATA_HIGHEST || query->policy == HPO_DATA_AT) {
        n += passing_reports(view, all, n, all + n);
        qsort(all, n, sizeof *all, by_event);
    }
    size_t out = 0;
    double fidelity = query->fidelity;
    if (query->policy == HPO_DATA_HIGHEST) {
        fidelity = -1;
        for (size_t i = 0; i < n; i++) {
            size_t count = 0;
            for (size_t j = 0; j < n; j++) {
                count += all[j].fidelity == all[i].fidelity && !(query->only_successes && isinf(all[j].loss));
            }
            if (count >= query->needed && all[i].fidelity > fidelity) fidelity = all[i].fidelity;
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t same = 0;
        while (same < out && rows[same].trial != all[i].trial) same++;
        if (query->policy == HPO_DATA_LAST && same < out) {
            rows[same] = all[i];
        } else if (query->policy >= HPO_DATA_JOINT || all[i].fidelity == fidelity) {
            rows[out++] = all[i];
        }
    }
    return out;
}

static void check(const rig *r, hpo_view view, const hpo_dataset *data, const row *rows, size_t n) {
    size_t failed = 0, pending = 0;
    assert_int_equal(data->dims, 3);
    assert_int_equal(data->n, n);
    for (size_t i = 0; i < n; i++) {
        double unit[3];
        assert_int_equal(data->trial[i], rows[i].trial);
        CHECK_NEAR(data->fidelity[i], rows[i].fidelity, 0);
        assert_true(data->loss[i] == rows[i].loss);
        failed += isinf(rows[i].loss) ? 1 : 0;
        hpo_space_to_unit(r->space, hpo_view_trial(view, rows[i].trial).config, unit);
        assert_memory_equal(data->unit + 3 * i, unit, sizeof unit);
    }
    assert_int_equal(data->n_failed, failed);
    assert_int_equal(data->n_trials, hpo_view_trials(view));
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        double unit[3];
        hpo_space_to_unit(r->space, trial.config, unit);
        assert_memory_equal(data->trial_unit + 3 * id, unit, sizeof unit);
        if (trial.state != HPO_TRIAL_RUNNING) continue;
        if (hpo_view_averages(view) && trial.n_evals > 0) continue;
        if (!isnan(data->level)) { /* what has a row already is not unknown */
            bool has_row = false;
            for (size_t i = 0; i < n; i++) has_row = has_row || rows[i].trial == id;
            if (has_row) continue;
        }
        assert_true(pending < data->n_pending);
        assert_int_equal(data->pending_trial[pending], id);
        CHECK_NEAR(data->pending_fidelity[pending], trial.fidelity, 0);
        assert_true(data->pending_known[pending] == (trial.n_evals > 0));
        assert_memory_equal(data->pending_unit + 3 * pending, unit, sizeof unit);
        pending++;
    }
    assert_int_equal(data->n_pending, pending);
}

/* Trials that had a row on a level when they got their first one above all before. */
static void check_promotions(const hpo_observations *observations, hpo_view view) {
    row all[2 * MAX_ROWS];
    size_t n = all_results(view, all), total = 0;
    n += passing_reports(view, all, n, all + n);
    qsort(all, n, sizeof *all, by_event);
    for (size_t place = 0; place < hpo_observations_levels(observations); place++) {
        const hpo_promotions promotions = hpo_observations_promotions(observations, place);
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            double reached = -1;
            for (size_t j = 0; j < i; j++) {
                if (all[j].trial == all[i].trial) reached = fmax(reached, all[j].fidelity);
            }
            total += all[i].fidelity == promotions.fidelity;
            if (reached != promotions.fidelity || all[i].fidelity <= reached) continue;
            assert_true(count < promotions.count);
            assert_int_equal(promotions.trials[count++], all[i].trial);
        }
        assert_int_equal(promotions.count, count);
        if (place > 0) {
            assert_true(promotions.fidelity < hpo_observations_promotions(observations, place - 1).fidelity);
        }
    }
    assert_int_equal(total, n); /* every row is on a level */
}

/* All policies, on a view that grows by steps of any length and sometimes goes back. */
static void every_policy_keeps_its_word(void **state) {
    (void)state;
    static const hpo_data_query queries[] = {
        {.policy = HPO_DATA_JOINT},
        {.policy = HPO_DATA_LAST},
        {.policy = HPO_DATA_HIGHEST, .needed = 5},
        {.policy = HPO_DATA_HIGHEST, .needed = 5, .only_successes = true},
        {.policy = HPO_DATA_HIGHEST, .needed = 1000},
        {.policy = HPO_DATA_AT, .fidelity = 3},
        {.policy = HPO_DATA_AT, .fidelity = 2},
    };
    for (uint32_t seed = 0; seed < 10; seed++) {
        rig r = rig_open(seed % 3 == 2);
        base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
        hpo_observations *observations = hpo_observations_create(r.space);
        for (size_t round = 0; round < 300; round++) {
            const uint64_t steps = base_rng_below(&rng, 5);
            for (uint64_t i = 0; i < steps; i++) step(&r, &rng);
            const uint64_t now = hpo_history_view(r.history).as_of;
            if (now == 0) continue;
            const uint64_t as_of = base_rng_below(&rng, 10) == 0 ? 1 + base_rng_below(&rng, now) : now;
            const hpo_view view = hpo_history_at(r.history, as_of);
            const hpo_data_query *query = &queries[base_rng_below(&rng, CHECK_COUNT(queries))];
            row rows[MAX_ROWS];
            const size_t n = expected_rows(view, query, rows);
            if (base_rng_below(&rng, 20) == 0) hpo_observations_forget(observations);
            const hpo_dataset data = hpo_observations_collect(observations, view, query);
            check(&r, view, &data, rows, n);
            check_promotions(observations, view);
            if (hpo_view_averages(view)) {
                assert_true(isnan(data.level));
                continue;
            }
            assert_true(data.n > 0 || query->policy >= HPO_DATA_JOINT || isnan(data.level));
            if (n > 0 && query->policy <= HPO_DATA_AT) CHECK_NEAR(data.level, rows[0].fidelity, 0);
        }
        hpo_observations_destroy(observations);
        rig_close(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_policy_keeps_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
