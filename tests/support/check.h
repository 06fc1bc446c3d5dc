/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every test adds to cmocka: statuses whose sentence is printed, doubles compared with a tolerance, substrings,
 * a temporary folder. Includes cmocka.h with all that it wants before it. */
#ifndef TESTS_SUPPORT_CHECK_H
#define TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

#define CHECK_COUNT(array) (sizeof(array) / sizeof *(array))

/* `call` uses a base_err named err of the caller: CHECK_OK(base_read_file(path, &buf, &err)). Fails with its sentence.
 */
#define CHECK_OK(call) check_status((call), BASE_OK, &err, #call, __FILE__, __LINE__)
/* The same for an expected failure. */
#define CHECK_STATUS(call, code) check_status((call), (code), &err, #call, __FILE__, __LINE__)
/* An expected failure whose sentence must contain `part`. */
#define CHECK_FAILS(call, code, part)                                                                                  \
    do {                                                                                                               \
        CHECK_STATUS(call, code);                                                                                      \
        CHECK_CONTAINS(err.text, part);                                                                                \
    } while (0)

/* |actual - expected| <= tolerance; NaN fails. */
#define CHECK_NEAR(actual, expected, tolerance)                                                                        \
    check_near((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)
/* |actual - expected| <= tolerance * max(|expected|, tiny); NaN fails. */
#define CHECK_CLOSE(actual, expected, tolerance)                                                                       \
    check_close((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)
/* Every one of count elements near in the absolute sense; the message names the first that is not. */
#define CHECK_ARRAY_NEAR(actual, expected, count, tolerance)                                                           \
    check_array_near((actual), (expected), (count), (tolerance), #actual, __FILE__, __LINE__)
/* Equal bits: tells 0.0 from -0.0 and takes a NaN as equal to itself. */
#define CHECK_SAME_DOUBLE(actual, expected) check_same_double((actual), (expected), #actual, __FILE__, __LINE__)

#define CHECK_CONTAINS(text, part) check_contains((text), (part), #text, __FILE__, __LINE__)

/* cmocka's _fail is an ordinary function for the compiler; every failure leaves through a longjmp inside it. */
static inline void check_status(base_status got, base_status want, const base_err *err, const char *call,
                                const char *file, int line) {
    if (got == want) return;
    print_error("%s: got \"%s\", expected \"%s\"\n", call, base_status_text(got), base_status_text(want));
    if (got != BASE_OK) print_error("  %s\n  (born at %s:%d)\n", err->text, err->file ? err->file : "?", err->line);
    _fail(file, line);
}

static inline void check_near(double actual, double expected, double tolerance, const char *what, const char *file,
                              int line) {
    if (actual == expected || fabs(actual - expected) <= tolerance) return;
    print_error("%s: got %.17g, expected %.17g: off by %.3g, tolerance %.3g\n", what, actual, expected,
                fabs(actual - expected), tolerance);
    _fail(file, line);
}

static inline void check_close(double actual, double expected, double tolerance, const char *what, const char *file,
                               int line) {
    double scale = fmax(fabs(expected), 1e-300);
    if (actual == expected || fabs(actual - expected) <= tolerance * scale) return;
    print_error("%s: got %.17g, expected %.17g: relative error %.3g, tolerance %.3g\n", what, actual, expected,
                fabs(actual - expected) / scale, tolerance);
    _fail(file, line);
}

static inline void check_array_near(const double *actual, const double *expected, size_t count, double tolerance,
                                    const char *what, const char *file, int line) {
    for (size_t i = 0; i < count; i++) {
        if (actual[i] == expected[i] || fabs(actual[i] - expected[i]) <= tolerance) continue;
        print_error("%s[%zu]: got %.17g, expected %.17g, tolerance %.3g\n", what, i, actual[i], expected[i], tolerance);
        _fail(file, line);
    }
}

static inline void check_same_double(double actual, double expected, const char *what, const char *file, int line) {
    if (memcmp(&actual, &expected, sizeof actual) == 0) return;
    print_error("%s: got %.17g (%a), expected %.17g (%a)\n", what, actual, actual, expected, expected);
    _fail(file, line);
}

static inline void check_contains(const char *text, const char *part, const char *what, const char *file, int line) {
    if (text && strstr(text, part)) return;
    print_error("%s does not contain \"%s\":\n  %s\n", what, part, text ? text : "(null)");
    _fail(file, line);
}

/* A folder of the test's own under $TMPDIR or /tmp. */
typedef struct check_tmpdir {
    char path[256];
} check_tmpdir;

static inline check_tmpdir check_tmpdir_create(void) {
    check_tmpdir dir;
    const char *root = getenv("TMPDIR");
    int length = snprintf(dir.path, sizeof dir.path, "%s/hpo-test-XXXXXX", root && *root ? root : "/tmp");
    assert_true(length > 0 && (size_t)length < sizeof dir.path);
    assert_non_null(mkdtemp(dir.path));
    return dir;
}

static inline int check_tmpdir_unlink(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

/* Removes the folder with everything in it. */
static inline void check_tmpdir_remove(const check_tmpdir *dir) {
    nftw(dir->path, check_tmpdir_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* "folder/name" in one of a few rotating buffers: good for a handful of paths at a time. */
static inline const char *check_tmpdir_file(const check_tmpdir *dir, const char *name) {
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % CHECK_COUNT(paths)];
    int length = snprintf(path, sizeof paths[0], "%s/%s", dir->path, name);
    assert_true(length > 0 && (size_t)length < sizeof paths[0]);
    return path;
}

/* Writes text to folder/name and returns the path. */
static inline const char *check_tmpdir_write(const check_tmpdir *dir, const char *name, const char *text) {
    const char *path = check_tmpdir_file(dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    return path;
}

#endif
