/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors: a code to branch on and a sentence to read.
 *
 * Three kinds of fault are never mixed. The user's mistake (BASE_INVALID) names file, line and column. The world's
 * failure (BASE_IO, BASE_NOMEM, ...) is returned. Our own mistake is a BASE_ASSERT, which stays on in every build. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, text, what the caller can do about it */
#define BASE_STATUS_LIST(X)                                                                                            \
    X(OK, "ok")                   /* nothing went wrong */                                                             \
    X(INVALID, "invalid input")   /* the user mends a file or a command line */                                        \
    X(NOTFOUND, "not found")      /* a name, file or key that does not exist */                                        \
    X(END, "nothing left")        /* a finite source is exhausted: not a failure */                                    \
    X(NOMEM, "out of memory")     /* a size that came from input could not be had */                                   \
    X(IO, "input/output error")   /* the disk, a pipe or the network failed */                                         \
    X(BUSY, "in use")             /* somebody else holds it */                                                         \
    X(CORRUPT, "corrupt data")    /* a file is not what it claims to be */                                             \
    X(NUMERIC, "numeric failure") /* a value is not finite or an algorithm diverged */                                 \
    X(UNSUPPORTED, "unsupported") /* valid, but not built into this program */                                         \
    X(CANCELLED, "cancelled")     /* somebody asked to stop */                                                         \
    X(INTERNAL, "internal error") /* an invariant that only we can break */

typedef enum base_status {
#define BASE_STATUS_ENUM(name, text) BASE_##name,
    BASE_STATUS_LIST(BASE_STATUS_ENUM)
#undef BASE_STATUS_ENUM
} base_status;

/* Filled where a failure is born; callers may put context in front. A fixed buffer: reporting cannot fail. */
typedef struct base_err {
    base_status code;
    char text[512];   /* one or more sentences, no trailing newline */
    const char *file; /* source position where the failure was born */
    int line;
} base_err;

#if defined(__GNUC__)
#define BASE_CHECK              __attribute__((warn_unused_result))
#define BASE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define BASE_CHECK
#define BASE_PRINTF(fmt, first)
#endif

/* A short constant text for a code, e.g. "invalid input"; never NULL. */
const char *base_status_text(base_status code);

/* Fills *err (may be NULL) and returns code, so that a failing function can end in `return BASE_FAIL(...)`. */
base_status base_err_set(base_err *err, base_status code, const char *file, int line, const char *fmt, ...)
    BASE_PRINTF(5, 6);
base_status base_err_vset(base_err *err, base_status code, const char *file, int line, const char *fmt, va_list args);
#define BASE_FAIL(err, code, ...) base_err_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)

/* Puts "context: " in front of the text of *err (may be NULL). */
void base_err_prefix(base_err *err, const char *fmt, ...) BASE_PRINTF(2, 3);

/* Returns from the calling function when `call` fails. Where something must be released, use one `goto out`. */
#define BASE_TRY(call)                                                                                                 \
    do {                                                                                                               \
        base_status base_try_status = (call);                                                                          \
        if (base_try_status != BASE_OK) return base_try_status;                                                        \
    } while (0)

/* Our mistakes. Always on: prints the expression and aborts this process. */
#define BASE_ASSERT(expr) ((expr) ? (void)0 : base_assert_failed(#expr, __FILE__, __LINE__))
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void base_assert_failed(const char *expr, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
