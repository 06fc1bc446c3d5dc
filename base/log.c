/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log sink: the one piece of global state, behind one mutex.
 *
 * A line is put together first and leaves in one write, so that lines of several ranks on one terminal do not mix. */
#include "base/log.h"

#include <pthread.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    FILE *sink; /* NULL = stderr, which is no constant expression */
    base_log_level level;
    int rank;
    void (*before)(void *self);
    void *self;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = BASE_LOG_INFO, .rank = -1};

void base_log_setup(FILE *sink, base_log_level level, int rank) {
    pthread_mutex_lock(&state.lock);
    state.sink = sink;
    state.level = level;
    state.rank = rank;
    pthread_mutex_unlock(&state.lock);
}

void base_log_before(void (*hook)(void *self), void *self) {
    pthread_mutex_lock(&state.lock);
    state.before = hook;
    state.self = self;
    pthread_mutex_unlock(&state.lock);
}

/* Returns the length of the line; a text that does not fit ends in "...". */
static size_t format_line(char *line, size_t size, base_log_level level, const char *fmt, va_list args) {
    static const char *const names[] = {
        [BASE_LOG_ERROR] = "error",
        [BASE_LOG_WARN] = "warning",
        [BASE_LOG_INFO] = "info",
        [BASE_LOG_DEBUG] = "debug",
    };
    char rank[32] = "";
    if (state.rank >= 0) snprintf(rank, sizeof rank, "[rank %d] ", state.rank);
    size_t length = (size_t)snprintf(line, size, "%s%s: ", rank, names[level]);
    int wanted = vsnprintf(line + length, size - length, fmt, args);
    if (wanted < 0 || (size_t)wanted >= size - length) {
        memcpy(line + size - sizeof "...\n", "...\n", sizeof "...\n");
        return size - 1;
    }
    length += (size_t)wanted;
    line[length++] = '\n'; /* the NUL's place */
    return length;
}

void base_log(base_log_level level, const char *fmt, ...) {
    pthread_mutex_lock(&state.lock);
    if (level <= state.level) {
        char line[4096];
        va_list args;
        va_start(args, fmt);
        size_t length = format_line(line, sizeof line, level, fmt, args);
        va_end(args);
        FILE *sink = state.sink ? state.sink : stderr;
        if (state.before) state.before(state.self);
        fwrite(line, 1, length, sink);
        fflush(sink);
    }
    pthread_mutex_unlock(&state.lock);
}
