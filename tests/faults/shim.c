/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded into every process of a run: the n-th operation of a kind on files whose path holds a text fails, comes
 * short, or is the last thing that the process does.
 *
 *   HPO_TEST_IO=RULE;RULE...    RULE = TEXT:OPERATION:N:COUNT:FATE
 *
 *   operation   write (write, pwrite) | sync (fsync, fdatasync) | open (that creates) | rename | cut (ftruncate)
 *   count       so many from the n-th one on (from 1); 0: all
 *   fate        ENOSPC | EIO | EDQUOT | short (half is written) | torn (half is written, then the process is killed) |
 *               before | after (killed, the operation not done, or done)
 *
 * HPO_TEST_IO_STATE names a file of 8 bytes for each rule in which all processes of the run count together, so that
 * the n-th operation happens once, whoever comes to it. */
#include <errno.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST_RULES = 8 };

typedef enum deed { DEED_FAIL, DEED_SHORT, DEED_TORN, DEED_BEFORE, DEED_AFTER } deed;

typedef struct rule {
    char text[64], operation[16];
    unsigned long first, count;
    deed fate;
    int error;
} rule;

static rule rules[MOST_RULES];
static size_t n_rules;
static _Atomic unsigned long *seen; /* by rule; shared by all processes */

static const struct {
    const char *name;
    deed fate;
    int error;
} fates[] = {{"ENOSPC", DEED_FAIL, ENOSPC}, {"EIO", DEED_FAIL, EIO}, {"EDQUOT", DEED_FAIL, EDQUOT},
             {"short", DEED_SHORT, 0},      {"torn", DEED_TORN, 0},  {"before", DEED_BEFORE, 0},
             {"after", DEED_AFTER, 0}};

static void add_rule(const char *text) {
    rule *new = &rules[n_rules];
    char fate[16];
    if (sscanf(text, "%63[^:]:%15[^:]:%lu:%lu:%15s", new->text, new->operation, &new->first, &new->count, fate) != 5)
        return;
    for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++) {
        if (strcmp(fates[i].name, fate) != 0) continue;
        new->fate = fates[i].fate;
        new->error = fates[i].error;
        n_rules++;
        return;
    }
}

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("HPO_TEST_IO"), *state = getenv("HPO_TEST_IO_STATE");
    if (!text || !state) return;
    const int fd = open(state, O_RDWR | O_CLOEXEC);
    void *shared =
        fd < 0 ? MAP_FAILED : mmap(NULL, MOST_RULES * sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (shared == MAP_FAILED) return;
    seen = shared;
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *rest = NULL, *one = strtok_r(copy, ";", &rest); one && n_rules < MOST_RULES;
         one = strtok_r(NULL, ";", &rest))
        add_rule(one);
}

/* The rule that this operation is due for; NULL: it goes on undisturbed. */
static const rule *due(const char *path, const char *operation) {
    for (size_t i = 0; i < n_rules; i++) {
        const rule *r = &rules[i];
        if (strcmp(r->operation, operation) != 0 || !strstr(path, r->text)) continue;
        const unsigned long number = atomic_fetch_add(&seen[i], 1) + 1;
        if (number >= r->first && (r->count == 0 || number < r->first + r->count)) return r;
    }
    return NULL;
}

static const rule *due_fd(int fd, const char *operation) {
    char link[64], path[512];
    if (n_rules == 0) return NULL;
    const int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    errno = error;
    if (length <= 0) return NULL;
    path[length] = '\0';
    return due(path, operation);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int fail(const rule *r) {
    errno = r->error;
    return -1;
}

/* The function that this file hides. */
#define NEXT(name) (__extension__(__typeof__(&name)) dlsym(RTLD_NEXT, #name))

/* All operations but writes: done whole or not at all. */
#define DISTURB(r, call)                                                                                               \
    do {                                                                                                               \
        if (!(r)) return call;                                                                                         \
        if ((r)->fate == DEED_FAIL) return fail(r);                                                                    \
        if ((r)->fate == DEED_BEFORE) die();                                                                           \
        const int result = call;                                                                                       \
        if ((r)->fate == DEED_AFTER || (r)->fate == DEED_TORN) die();                                                  \
        return result;                                                                                                 \
    } while (0)

#define DISTURB_WRITE(r, call, length, half)                                                                           \
    do {                                                                                                               \
        if (!(r)) return call;                                                                                         \
        if ((r)->fate == DEED_FAIL) return fail(r);                                                                    \
        if ((r)->fate == DEED_BEFORE) die();                                                                           \
        if ((r)->fate == DEED_SHORT) return (length) > 1 ? half : call;                                                \
        const ssize_t result = (r)->fate == DEED_TORN ? half : call;                                                   \
        if ((r)->fate == DEED_TORN || (r)->fate == DEED_AFTER) die();                                                  \
        return result;                                                                                                 \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t length) {
    const rule *r = due_fd(fd, "write");
    DISTURB_WRITE(r, NEXT(write)(fd, bytes, length), length, NEXT(write)(fd, bytes, length / 2));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    const rule *r = due_fd(fd, "write");
    DISTURB_WRITE(r, NEXT(pwrite)(fd, bytes, length, at), length, NEXT(pwrite)(fd, bytes, length / 2, at));
}

int fsync(int fd) {
    const rule *r = due_fd(fd, "sync");
    DISTURB(r, NEXT(fsync)(fd));
}

int fdatasync(int fd) {
    const rule *r = due_fd(fd, "sync");
    DISTURB(r, NEXT(fdatasync)(fd));
}

int ftruncate(int fd, off_t length) {
    const rule *r = due_fd(fd, "cut");
    DISTURB(r, NEXT(ftruncate)(fd, length));
}

int rename(const char *from, const char *to) {
    const rule *r = due(to, "rename");
    DISTURB(r, NEXT(rename)(from, to));
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    const rule *r = flags & O_CREAT ? due(path, "open") : NULL;
    DISTURB(r, NEXT(open)(path, flags, mode));
}
