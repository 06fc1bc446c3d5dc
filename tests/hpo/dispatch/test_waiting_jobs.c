/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs that wait: attempts at doubling distances, for a minute, whatever becomes of the message that brought them. */
#include "hpo/dispatch/waiting_jobs.h"

#include "tests/support/check.h"

static hpo_message job_of(uint64_t trial, const double *config) {
    return (hpo_message){.kind = HPO_MESSAGE_JOB, .trial = trial, .config = config, .n_config = 2};
}

static void test_patience(void **state) {
    (void)state;
    hpo_waiting_jobs jobs = {0};
    double config[] = {1, 2}, now = 100;
    hpo_message job = job_of(3, config);
    assert_true(isinf(hpo_waiting_jobs_next(&jobs)));
    hpo_waiting_jobs_add(&jobs, &job, "no room", now);
    config[0] = 7; /* the message is gone */
    CHECK_SAME_DOUBLE(jobs.item[0].message.config[0], 1);
    assert_string_equal(jobs.item[0].reason, "no room");
    size_t attempts = 0;
    double last = now, gap = 0;
    do {
        now = hpo_waiting_jobs_next(&jobs);
        assert_true(now > last && now - last <= 5.0 + 1e-9);
        if (now < 160) assert_true(now - last >= gap); /* but for the last one, which comes at the end of the minute */
        gap = now - last;
        last = now;
        attempts++;
    } while (hpo_waiting_jobs_put_off(&jobs, 0, now));
    CHECK_SAME_DOUBLE(now, 160);
    assert_true(attempts > 10 && attempts < 30);
    hpo_waiting_jobs_fini(&jobs);
}

static void test_order(void **state) {
    (void)state;
    hpo_waiting_jobs jobs = {0};
    const double config[] = {1, 2};
    for (uint64_t trial = 0; trial < 4; trial++) {
        hpo_message job = job_of(trial, config);
        hpo_waiting_jobs_add(&jobs, &job, "", 10.0 - (double)trial);
    }
    CHECK_SAME_DOUBLE(hpo_waiting_jobs_next(&jobs), jobs.item[3].next);
    hpo_waiting_jobs_remove(&jobs, 1);
    hpo_waiting_jobs_remove(&jobs, 2);
    assert_int_equal(jobs.count, 2);
    assert_int_equal(jobs.item[0].message.trial, 0);
    assert_int_equal(jobs.item[1].message.trial, 2);
    hpo_waiting_jobs_fini(&jobs);
    assert_int_equal(jobs.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_patience), cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
