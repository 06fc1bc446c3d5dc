/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller in the deterministic order: whoever computes, in whatever order results arrive and whatever dies on
 * the way, the sequence of records is that of one worker that was never disturbed, bit for bit. */
#include "tests/hpo/dispatch/order_rig.h"

static fake_fate kill_some(void *self, size_t worker, const hpo_message *job) {
    disturbance *d = self;
    fake_fate fate = fail_some(NULL, worker, job);
    if (fate.deed != FAKE_ANSWERS || worker == 0 || base_rng_below(&d->rng, 4) > 0) return fate;
    size_t reports = (size_t)base_rng_below(&d->rng, 6);
    if (base_rng_below(&d->rng, 2) == 0) return (fake_fate){.deed = FAKE_SLEEPS, .reports = reports, .seconds = 0.15};
    return (fake_fate){.deed = FAKE_DIES, .reports = reports};
}

static fake_fate signal_some(void *self, size_t worker, const hpo_message *job) {
    disturbance *d = self;
    if (d->left-- == 0) d->signal = 10;
    return d->signal ? (fake_fate){.deed = FAKE_LINGERS, .reports = 1} : fail_some(NULL, worker, job);
}

static void test_any_number_of_workers_in_any_order(void **state) {
    (void)state;
    static const size_t workers[] = {1, 2, 3, 7};
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        reference ref = undisturbed(&kinds[k], rig_new_journal());
        for (uint64_t seed = 0; seed < 50; seed++) {
            for (size_t w = 0; w < CHECK_COUNT(workers); w++) {
                rig_run run = {.yaml = kinds[k].yaml, .scheduler = kinds[k].scheduler, .fate = fail_some};
                run.workers = workers[w];
                run.seed = seed;
                if (seed % 10 == 0) run.journal = rig_new_journal();
                rig_end end;
                rig_go(&run, &end);
                assert_true(kinds[k].scheduler ||
                            end.counts.most_busy <= 4); /* more workers than virtual ones have nothing to do */
                check_reference(&ref, &run, &end);
            }
        }
        reference_fini(&ref);
    }
}

/* Attempts that crash are repeated, and nothing of that is seen in the sequence. */
static void test_attempts_leave_no_trace(void **state) {
    (void)state;
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        reference ref = undisturbed(&kinds[k], rig_new_journal());
        for (uint64_t seed = 0; seed < 40; seed++) {
            disturbance d = {.rng = base_rng_stream(seed, BASE_RNG_TEST, 2, 0)};
            rig_run run = {.yaml = kinds[k].yaml,
                           .scheduler = kinds[k].scheduler,
                           .journal = seed % 4 == 0 ? rig_new_journal() : NULL,
                           .workers = 1 + seed % 5,
                           .seed = seed,
                           .fate = crash_some,
                           .self = &d};
            rig_end end;
            rig_go(&run, &end);
            check_reference(&ref, &run, &end);
            if (!run.journal) continue;
            /* What was left of the first attempts must not confuse a second reading either. */
            run.fate = fail_some;
            rig_go(&run, &end);
            assert_int_equal(end.counts.jobs, 0);
            check_reference(&ref, &run, &end);
        }
        reference_fini(&ref);
    }
}

static void test_dead_workers_leave_no_trace(void **state) {
    (void)state;
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        reference ref = undisturbed(&kinds[k], rig_new_journal());
        for (uint64_t seed = 0; seed < 2; seed++) {
            disturbance d = {.rng = base_rng_stream(seed, BASE_RNG_TEST, 3, 0)};
            rig_run run = {.yaml = kinds[k].yaml,
                           .scheduler = kinds[k].scheduler,
                           .journal = rig_new_journal(),
                           .workers = 4,
                           .seed = seed,
                           .heartbeat = 0.01,
                           .fate = kill_some,
                           .self = &d};
            rig_end end;
            rig_go(&run, &end);
            check_reference(&ref, &run, &end);
        }
        reference_fini(&ref);
    }
}

static void test_a_signal_leaves_no_trace(void **state) {
    (void)state;
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        reference ref = undisturbed(&kinds[k], rig_new_journal());
        for (uint64_t seed = 0; seed < 3; seed++) {
            disturbance d = {.left = 3 + 4 * seed};
            rig_run run = {.yaml = kinds[k].yaml,
                           .scheduler = kinds[k].scheduler,
                           .journal = rig_new_journal(),
                           .workers = 3,
                           .seed = seed,
                           .fate = signal_some,
                           .self = &d,
                           .signal = &d.signal};
            rig_end end;
            rig_go(&run, &end);
            assert_int_equal(end.status, BASE_OK);
            assert_int_equal(end.outcome, HPO_OUTCOME_INTERRUPTED);
            rig_end_fini(&end);
            d.signal = 0;
            run.fate = fail_some;
            rig_go(&run, &end);
            check_reference(&ref, &run, &end);
        }
        reference_fini(&ref);
    }
}

/* ---- what a kill cannot take ---- */

typedef struct durable {
    const char *journal;
    size_t checks;
} durable;

static void check_results_are_written(void *self, size_t results) {
    durable *d = self;
    base_buf text = {0};
    base_err err;
    CHECK_OK(base_read_file(d->journal, &text, &err));
    base_buf_puts(&text, "");
    size_t written = 0;
    for (const char *at = text.data; (at = strstr(at, "\"hpo:raw\":{")); at++) {
        written += strncmp(at + strlen("\"hpo:raw\":{\"rung\":0"), ",\"report\"", 9) != 0;
    }
    assert_true(written >= results);
    d->checks += results > 0;
    base_buf_fini(&text);
}

/* A result that is waiting for its turn is in the file before the next message is waited for. */
static void test_results_are_written_before_they_are_told(void **state) {
    (void)state;
    durable d = {.journal = rig_new_journal()};
    rig_run run = {.yaml = RANDOM, .journal = d.journal, .workers = 4, .seed = 3};
    run.on_listen = check_results_are_written;
    run.self = &d;
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
    assert_true(d.checks >= 20);
    rig_end_fini(&end);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number_of_workers_in_any_order),
        cmocka_unit_test(test_attempts_leave_no_trace),
        cmocka_unit_test(test_dead_workers_leave_no_trace),
        cmocka_unit_test(test_a_signal_leaves_no_trace),
        cmocka_unit_test(test_results_are_written_before_they_are_told),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
