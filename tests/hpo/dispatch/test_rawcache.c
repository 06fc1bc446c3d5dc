/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal of a deterministic run as a cache: what was kept comes back bit for bit, from the attempt that counts,
 * against a naive search over everything that was noted; and a record that differs in what the order promises is told
 * from one that differs in who computed it. */
#include "hpo/dispatch/rawcache.h"

#include "base/arena.h"
#include "base/rng.h"
#include "tests/support/check.h"

enum { N_CONFIG = 3 };

/* ---- raw entries ---- */

static hpo_raw random_raw(base_rng *rng, uint64_t trial, uint32_t rung, uint32_t attempt, bool is_report) {
    hpo_raw raw = {.trial = trial,
                   .rung = rung,
                   .attempt = attempt,
                   .worker = base_rng_u32(rng),
                   .is_report = is_report,
                   .fidelity = base_rng_uniform(rng) * 81,
                   .result = {.cost = base_rng_uniform(rng),
                              .seconds = base_rng_uniform(rng),
                              .reached = base_rng_uniform(rng),
                              .notices = base_rng_u32(rng) >> (32 - HPO_NOTICE_COUNT)}};
    size_t n = (size_t)base_rng_below(rng, HPO_MAX_METRICS + 1);
    for (size_t i = 0; i < n; i++) {
        char name[HPO_METRIC_NAME];
        snprintf(name, sizeof name, "metric_%zu", i);
        assert_true(hpo_metrics_set(&raw.result.metrics, name, base_rng_normal(rng)));
    }
    if (!is_report && base_rng_below(rng, 2) > 0)
        snprintf(raw.result.artefact, sizeof raw.result.artefact, "%0*u", (int)base_rng_below(rng, 511), 7);
    if (is_report || base_rng_below(rng, 3) > 0) return raw;
    raw.result.failure = (hpo_failure)(1 + base_rng_below(rng, HPO_FAILURE_COUNT - 1));
    raw.result.code = (int)base_rng_below(rng, 64) - 8;
    snprintf(raw.result.reason, sizeof raw.result.reason, "%0*u", (int)base_rng_below(rng, 239), base_rng_u32(rng) % 9);
    return raw;
}

static void check_same(const hpo_raw *got, const hpo_raw *want) {
    assert_int_equal(got->trial, want->trial);
    assert_int_equal(got->rung, want->rung);
    assert_int_equal(got->attempt, want->attempt);
    assert_int_equal(got->worker, want->worker);
    assert_int_equal(got->is_report, want->is_report);
    CHECK_SAME_DOUBLE(got->fidelity, want->fidelity);
    const hpo_result *a = &got->result, *b = &want->result;
    assert_int_equal(a->failure, b->failure);
    assert_int_equal(a->code, b->code);
    CHECK_SAME_DOUBLE(a->cost, b->cost);
    CHECK_SAME_DOUBLE(a->seconds, b->seconds);
    CHECK_SAME_DOUBLE(a->reached, b->reached);
    assert_int_equal(a->notices, b->notices);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->artefact, b->artefact);
    assert_int_equal(a->metrics.count, b->metrics.count);
    for (size_t i = 0; i < a->metrics.count; i++) {
        assert_string_equal(a->metrics.item[i].name, b->metrics.item[i].name);
        CHECK_SAME_DOUBLE(a->metrics.item[i].value, b->metrics.item[i].value);
    }
}

typedef struct expectation {
    const hpo_raw *all;
    size_t n, next;
    uint64_t trial;
    uint32_t rung, attempt;
} expectation;

static bool matches(const expectation *e, const hpo_raw *raw) {
    return raw->trial == e->trial && raw->rung == e->rung && raw->attempt == e->attempt;
}

static void expect_next(void *self, const hpo_raw *raw) {
    expectation *e = self;
    while (e->next < e->n && !matches(e, &e->all[e->next])) e->next++;
    assert_true(e->next < e->n);
    check_same(raw, &e->all[e->next++]);
}

/* The attempt that counts, by search: that of the last end, else that of the last report. */
static bool find_attempt(const hpo_raw *all, size_t n, expectation *e, bool *ended) {
    bool found = false;
    *ended = false;
    for (size_t i = 0; i < n; i++) {
        if (all[i].trial != e->trial || all[i].rung != e->rung || (*ended && all[i].is_report)) continue;
        found = true;
        *ended = *ended || !all[i].is_report;
        e->attempt = all[i].attempt;
    }
    return found;
}

static void test_raw_entries_come_back(void **state) {
    (void)state;
    enum { N = 3000, TRIALS = 97, RUNGS = 3 };
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 0, 0);
    hpo_raw *all = base_calloc(N, sizeof *all);
    hpo_rawcache *cache = hpo_rawcache_create(N_CONFIG);
    for (size_t i = 0; i < N; i++) {
        all[i] = random_raw(&rng, base_rng_below(&rng, TRIALS), (uint32_t)base_rng_below(&rng, RUNGS),
                            (uint32_t)base_rng_below(&rng, 2), base_rng_below(&rng, 12) > 0);
        hpo_rawcache_note(cache, &(hpo_entry){.kind = HPO_ENTRY_RAW, .raw = all[i]});
    }
    size_t whole = 0, begun = 0;
    for (uint64_t trial = 0; trial < TRIALS + 5; trial++) {
        for (uint32_t rung = 0; rung < RUNGS + 1; rung++) {
            expectation e = {.all = all, .n = N, .trial = trial, .rung = rung};
            bool ended = false, found = find_attempt(all, N, &e, &ended);
            assert_int_equal(hpo_rawcache_take(cache, trial, rung, expect_next, &e), ended);
            while (found && e.next < N) assert_false(matches(&e, &all[e.next++])); /* none was left out */
            whole += ended;
            begun += found && !ended;
        }
    }
    assert_true(whole > 0 && begun > 0);
    hpo_rawcache_destroy(cache);
    free(all);
}

/* ---- records ---- */

static hpo_record start_of(const double *config) {
    return (hpo_record){.kind = HPO_RECORD_START,
                        .trial = 4,
                        .bracket = 1,
                        .rung = 2,
                        .fidelity = 9,
                        .from = 0,
                        .parent = UINT64_MAX,
                        .seed = 17,
                        .config = config};
}

static hpo_record result_of(double value) {
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = 4,
                         .rung = 2,
                         .fidelity = 9,
                         .value = value,
                         .attempt = 1,
                         .worker = 2,
                         .result = {.cost = 9, .seconds = 1.5}};
    hpo_metrics_set(&record.result.metrics, "loss", value);
    return record;
}

static hpo_rawcache *cache_of(const hpo_record *record) {
    hpo_rawcache *cache = hpo_rawcache_create(N_CONFIG);
    hpo_rawcache_note(cache, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .record = *record});
    return cache;
}

static void check_written(const hpo_rawcache *cache, hpo_record record, hpo_written want) {
    assert_int_equal(hpo_rawcache_written(cache, &record), want);
}

#define CHANGED(base, field, to) ((base).field = (to), (base))

static void test_a_start_differs_by_its_configuration(void **state) {
    (void)state;
    const double config[N_CONFIG] = {0.1, NAN, 3}, other[N_CONFIG] = {0.1, NAN, nextafter(3, 4)};
    const double inactive[N_CONFIG] = {0.1, 2, 3};
    hpo_record record = start_of(config), copy = record;
    hpo_rawcache *cache = cache_of(&record);
    check_written(cache, record, HPO_WRITTEN_SAME);
    check_written(cache, start_of(other), HPO_WRITTEN_DIFFERENT);
    check_written(cache, start_of(inactive), HPO_WRITTEN_DIFFERENT);
    check_written(cache, CHANGED(copy, fidelity, 10), HPO_WRITTEN_DIFFERENT);
    copy = record;
    check_written(cache, CHANGED(copy, bracket, 2), HPO_WRITTEN_DIFFERENT);
    copy = record;
    check_written(cache, CHANGED(copy, trial, 5), HPO_WRITTEN_NO);
    copy = record;
    check_written(cache, CHANGED(copy, kind, HPO_RECORD_PROMOTE), HPO_WRITTEN_NO);
    copy = record;
    check_written(cache, CHANGED(copy, as_of, 3), HPO_WRITTEN_SAME); /* who knew what when may differ after a resume */
    assert_int_equal(hpo_rawcache_records(cache), 1);
    hpo_rawcache_destroy(cache);
}

static void test_a_result_differs_by_its_value(void **state) {
    (void)state;
    hpo_record record = result_of(0.25), copy = record;
    hpo_rawcache *cache = cache_of(&record);
    check_written(cache, record, HPO_WRITTEN_SAME);
    check_written(cache, result_of(nextafter(0.25, 1)), HPO_WRITTEN_DIFFERENT);
    check_written(cache, CHANGED(copy, final, true), HPO_WRITTEN_DIFFERENT);
    copy = record;
    strcpy(copy.result.artefact, "sep3"); /* another genotype with the same error */
    check_written(cache, copy, HPO_WRITTEN_DIFFERENT);
    copy = record;
    check_written(cache, CHANGED(copy, result.failure, HPO_FAILURE_CRASH), HPO_WRITTEN_DIFFERENT);
    copy = record;
    check_written(cache, CHANGED(copy, rung, 3), HPO_WRITTEN_NO);
    copy = record;
    copy.attempt = 7;
    copy.worker = 7;
    copy.result.seconds = 99;
    check_written(cache, copy, HPO_WRITTEN_SAME);
    hpo_rawcache_destroy(cache);

    record.result.failure = HPO_FAILURE_OOM;
    record.value = NAN;
    cache = cache_of(&record);
    copy = record;
    check_written(cache, CHANGED(copy, value, 1), HPO_WRITTEN_SAME); /* a failure has no value */
    check_written(cache, CHANGED(copy, result.failure, HPO_FAILURE_TIMEOUT), HPO_WRITTEN_DIFFERENT);
    hpo_rawcache_destroy(cache);
}

static void test_reports_stand_at_their_step(void **state) {
    (void)state;
    hpo_record record = {.kind = HPO_RECORD_REPORT, .trial = 1, .fidelity = 3, .value = 0.5}, copy = record;
    hpo_rawcache *cache = cache_of(&record);
    check_written(cache, record, HPO_WRITTEN_SAME);
    check_written(cache, CHANGED(copy, fidelity, 4), HPO_WRITTEN_NO);
    copy = record;
    check_written(cache, CHANGED(copy, stop, true), HPO_WRITTEN_DIFFERENT);
    copy = record;
    check_written(cache, CHANGED(copy, value, 0.75), HPO_WRITTEN_DIFFERENT);
    hpo_rawcache_destroy(cache);
}

/* A NaN has many bit patterns (0.0 / 0.0 has its sign set on x86), and the journal knows one. */
static void test_every_nan_is_the_same(void **state) {
    (void)state;
    hpo_record record = {.kind = HPO_RECORD_REPORT, .trial = 1, .fidelity = 3, .value = NAN}, copy = record;
    hpo_rawcache *cache = cache_of(&record);
    check_written(cache, CHANGED(copy, value, copysign(NAN, -1)), HPO_WRITTEN_SAME);
    check_written(cache, CHANGED(copy, value, INFINITY), HPO_WRITTEN_DIFFERENT);
    hpo_rawcache_destroy(cache);
}

static void test_a_close_has_no_content(void **state) {
    (void)state;
    hpo_record record = {.kind = HPO_RECORD_CLOSE, .trial = 6, .rung = 1}, copy = record;
    hpo_rawcache *cache = cache_of(&record);
    check_written(cache, CHANGED(copy, rung, 0), HPO_WRITTEN_SAME); /* the journal does not keep its rung */
    check_written(cache, CHANGED(copy, trial, 7), HPO_WRITTEN_NO);
    hpo_rawcache_destroy(cache);
    hpo_rawcache_destroy(NULL);
}

static void test_an_empty_cache_knows_nothing(void **state) {
    (void)state;
    hpo_rawcache *cache = hpo_rawcache_create(N_CONFIG);
    check_written(cache, result_of(1), HPO_WRITTEN_NO);
    assert_false(hpo_rawcache_take(cache, 0, 0, NULL, NULL));
    hpo_record attempt = {.kind = HPO_RECORD_ATTEMPT, .result.failure = HPO_FAILURE_LOST};
    hpo_rawcache_note(cache, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .record = attempt}); /* it answers nothing */
    assert_false(hpo_rawcache_take(cache, 0, 0, NULL, NULL));
    assert_int_equal(hpo_rawcache_records(cache), 0);
    hpo_rawcache_destroy(cache);
}

/* Enough records for the tables to grow many times: none is lost and none is invented. */
static void test_many_records(void **state) {
    (void)state;
    enum { N = 20000 };
    hpo_rawcache *cache = hpo_rawcache_create(N_CONFIG);
    for (uint64_t trial = 0; trial < N; trial++) {
        hpo_record record = result_of((double)trial);
        record.trial = 2 * trial;
        hpo_rawcache_note(cache, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .record = record});
    }
    assert_int_equal(hpo_rawcache_records(cache), N);
    for (uint64_t trial = 0; trial < 2 * N; trial++) {
        hpo_record record = result_of((double)(trial / 2));
        record.trial = trial;
        check_written(cache, record, trial % 2 == 0 ? HPO_WRITTEN_SAME : HPO_WRITTEN_NO);
    }
    hpo_rawcache_destroy(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw_entries_come_back),
        cmocka_unit_test(test_a_start_differs_by_its_configuration),
        cmocka_unit_test(test_a_result_differs_by_its_value),
        cmocka_unit_test(test_reports_stand_at_their_step),
        cmocka_unit_test(test_every_nan_is_the_same),
        cmocka_unit_test(test_a_close_has_no_content),
        cmocka_unit_test(test_an_empty_cache_knows_nothing),
        cmocka_unit_test(test_many_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
