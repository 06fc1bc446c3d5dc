/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include <sys/time.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"

static void a_virtual_clock_moves_only_when_told(void **state) {
    (void)state;
    base_clock clock = base_clock_virtual();
    assert_true(clock.is_virtual);
    CHECK_SAME_DOUBLE(base_clock_now(&clock), 0);
    base_sleep(0.002);
    CHECK_SAME_DOUBLE(base_clock_now(&clock), 0);
    base_clock_set(&clock, 12.5);
    base_clock_set(&clock, 12.5);
    CHECK_SAME_DOUBLE(base_clock_now(&clock), 12.5);
}

static void a_real_clock_starts_at_zero_and_moves(void **state) {
    (void)state;
    base_clock clock = base_clock_real();
    double first = base_clock_now(&clock);
    assert_true(first >= 0 && first < 1);
    base_sleep(0.02);
    double second = base_clock_now(&clock);
    assert_true(second - first >= 0.02 && second - first < 2);
    double start = base_monotonic();
    base_sleep(0);
    base_sleep(-5);
    base_sleep(NAN);
    assert_true(base_monotonic() - start < 1);
}

static volatile sig_atomic_t rung;

static void ring(int number) {
    (void)number;
    rung = rung + 1;
}

static void a_signal_does_not_shorten_a_sleep(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = ring}, before;
    sigaction(SIGALRM, &action, &before);
    struct itimerval timer = {.it_value.tv_usec = 5000, .it_interval.tv_usec = 5000}, off = {0};
    double start = base_monotonic();
    setitimer(ITIMER_REAL, &timer, NULL);
    base_sleep(0.05);
    setitimer(ITIMER_REAL, &off, NULL);
    assert_true(base_monotonic() - start >= 0.05);
    assert_true(rung >= 2);
    sigaction(SIGALRM, &before, NULL);
}

static void a_timestamp_is_local_time_now(void **state) {
    (void)state;
    assert_int_equal(setenv("TZ", "XYZ-5:30", 1), 0); /* 5:30 east of UTC */
    tzset();
    char text[32];
    struct timespec before, after; /* time() reads a coarser clock, which lags behind */
    clock_gettime(CLOCK_REALTIME, &before);
    base_timestamp(text);
    clock_gettime(CLOCK_REALTIME, &after);
    assert_int_equal(strlen(text), 26);
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    assert_non_null(rest);
    int digits = 0;
    assert_int_equal(*rest, '.');
    assert_int_equal(strspn(rest + 1, "0123456789"), 6);
    assert_true(sscanf(rest + 1, "%d", &digits) == 1 && digits >= 0);
    time_t then = timegm(&parts) - (5 * 3600 + 1800);
    assert_true(then >= before.tv_sec && then <= after.tv_sec);
    unsetenv("TZ");
    tzset();
}

static void durations_are_for_people(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0.0s"},        {0.04, "0.0s"},     {12.34, "12.3s"}, {59.94, "59.9s"},
                 {59.96, "1m 00s"},  {60, "1m 00s"},     {185, "3m 05s"},  {3599.4, "59m 59s"},
                 {3599.6, "1h 00m"}, {3600, "1h 00m"},   {3725, "1h 02m"}, {7199, "2h 00m"},
                 {90000, "25h 00m"}, {-12.34, "-12.3s"}, {NAN, "?"},       {INFINITY, "?"}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        char text[32];
        base_format_duration(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_virtual_clock_moves_only_when_told),
        cmocka_unit_test(a_real_clock_starts_at_zero_and_moves),
        cmocka_unit_test(a_signal_does_not_shorten_a_sleep),
        cmocka_unit_test(a_timestamp_is_local_time_now),
        cmocka_unit_test(durations_are_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
