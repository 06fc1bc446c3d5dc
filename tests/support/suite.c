/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/suite.h"

#include <signal.h>

enum { MOST_PLACES = 12, MOST_NAMES = 200 };

static struct { char what[24], value[1200]; } places[MOST_PLACES];
static size_t n_places;

static const char *wanted; /* NULL: all */
static bool found;
static const char *names[MOST_NAMES]; /* that were asked about, for whoever gave another one */
static size_t n_names;

void suite_at(const char *what, const char *format, ...) {
    size_t at = 0;
    while (at < n_places && strcmp(places[at].what, what) != 0) at++;
    assert_true(at < MOST_PLACES);
    va_list arguments;
    va_start(arguments, format);
    snprintf(places[at].what, sizeof places[at].what, "%s", what);
    vsnprintf(places[at].value, sizeof places[at].value, format, arguments);
    va_end(arguments);
    n_places = at + 1;
}

static void print_places(void) {
    if (n_places > 0) fprintf(stderr, "this was tested when it failed:\n");
    for (size_t i = 0; i < n_places; i++) fprintf(stderr, "  %s: %s\n", places[i].what, places[i].value);
    fflush(stderr);
    n_places = 0;
}

/* An assertion of our own code. cmocka catches the other signals, and the teardown follows. */
static void on_abort(int number) {
    print_places();
    signal(number, SIG_DFL);
    raise(number);
}

bool suite_wants(const char *name) {
    size_t i = 0;
    while (i < n_names && strcmp(names[i], name) != 0) i++;
    if (i == n_names && n_names < MOST_NAMES) names[n_names++] = name;
    const bool wants = !wanted || strcmp(wanted, name) == 0;
    found |= wants;
    return wants;
}

bool suite_begins(const char *what, const char *name) {
    if (!suite_wants(name)) return false;
    suite_at(what, "%s", name);
    return true;
}

bool suite_wants_all(void) {
    return !wanted;
}

/* A test that comes to its end leaves no place; one that failed has left it for the teardown. */
static void run_body(void **state) {
    const struct CMUnitTest *test = *state;
    void *none = NULL;
    n_places = 0;
    test->test_func(&none);
    n_places = 0;
}

static int after_test(void **state) {
    (void)state;
    print_places();
    return 0;
}

int suite_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count) {
    struct CMUnitTest wrapped[16];
    assert_true(count <= CHECK_COUNT(wrapped));
    for (size_t i = 0; i < count; i++) {
        assert_true(!tests[i].setup_func && !tests[i].teardown_func && !tests[i].initial_state);
        wrapped[i] = (struct CMUnitTest){tests[i].name, run_body, NULL, after_test, (void *)&tests[i]};
    }
    wanted = argc > 1 ? argv[1] : NULL;
    signal(SIGABRT, on_abort);
    const int failed = _cmocka_run_group_tests("tests", wrapped, count, NULL, NULL);
    if (!wanted || found) return failed;
    fprintf(stderr, "nothing here is called '%s'; there are", wanted);
    for (size_t i = 0; i < n_names; i++) fprintf(stderr, "%s %s", i > 0 ? "," : "", names[i]);
    fprintf(stderr, "\n");
    return 2;
}
