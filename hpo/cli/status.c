/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.json is written by a thread of its own, because a disk may keep a writer waiting for longer than workers wait
 * for the controller.
 *
 * The controller hands a text over and goes on. The thread puts the head before it and writes both every PERIOD
 * seconds, also when it was handed nothing new: who looks from outside then knows that the process lives. */
#include "hpo/cli/status.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "hpo/cli/status_file.h"

static const double PERIOD = 2;                            /* seconds between two writes */
static const uint64_t WAKE = 1, LEAVE = UINT64_C(1) << 32; /* what the eventfd says; they add up */
static const char BODY[] = ", \"study\": ", FILE_NAME[] = "/status.json";
static const char RUNNING[] = "{\"state\": \"running\"", STOPPING[] = "{\"state\": \"stopping\"";
enum { LEAVE_CODE = 75 }; /* as HPO_EXIT_INTERRUPTED */

struct cli_status {
    pthread_t thread;
    int fd; /* eventfd: wakes the thread */
    char *path;
    pthread_mutex_t lock; /* of what follows */
    char *state, *reason; /* reason may be NULL */
    int exit_code;
    base_buf body;
    bool ended;          /* what stands here is the last word */
    base_status written; /* how the last write went */
    base_err why;
    bool said; /* that failure */
};

/* ---- the text ---- */

static void put_boot_id(base_buf *out) {
    base_buf id = {0};
    base_err ignored;
    if (base_read_file("/proc/sys/kernel/random/boot_id", &id, &ignored) != BASE_OK) base_buf_clear(&id);
    while (id.length > 0 && id.data[id.length - 1] == '\n') id.data[--id.length] = '\0';
    base_buf_put_json(out, base_buf_text(&id));
    base_buf_fini(&id);
}

static void put_writer(pid_t pid, base_buf *out) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    base_buf_puts(out, "\"host\": ");
    base_buf_put_json(out, host);
    base_buf_printf(out, ", \"pid\": %lld, \"boot\": ", (long long)pid);
    put_boot_id(out);
}

static void put_state(const cli_state *state, base_buf *out) {
    char stamp[32];
    struct timespec now;
    base_timestamp(stamp);
    clock_gettime(CLOCK_REALTIME, &now);
    base_buf_puts(out, "\"state\": ");
    base_buf_put_json(out, state->name);
    base_buf_puts(out, ", \"exit_code\": ");
    if (state->exit_code < 0) {
        base_buf_puts(out, "null");
    } else {
        base_buf_put_i64(out, state->exit_code);
    }
    base_buf_puts(out, ", \"reason\": ");
    if (state->reason) {
        base_buf_put_json(out, state->reason);
    } else {
        base_buf_puts(out, "null");
    }
    base_buf_printf(out, ", \"updated\": \"%s\", \"updated_unix\": %.3f, \"period\": %g, ", stamp,
                    (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, PERIOD);
}

void cli_status_put_head(const cli_state *state, base_buf *out) {
    put_state(state, out);
    put_writer(getpid(), out);
}

/* body: without one there is a word about the state alone. */
static base_status write_text(const char *path, const cli_state *state, pid_t writer, const char *body, base_err *err) {
    base_buf full = {0}, brief = {0};
    base_buf_putc(&full, '{');
    put_state(state, &full);
    put_writer(writer, &full);
    base_buf_puts(&full, body);
    base_buf_puts(&full, "}\n");
    base_buf_putc(&brief, '{');
    put_state(&(cli_state){state->name, state->exit_code, NULL}, &brief);
    put_writer(writer, &brief);
    base_buf_puts(&brief, "}\n");
    const base_status status = cli_status_file_write(path, &full, &brief, err);
    base_buf_fini(&full);
    base_buf_fini(&brief);
    return status;
}

/* ---- the thread ---- */

/* Writes what was said last. True: it is the last word. */
static bool write_newest(cli_status *s, bool leaves) {
    base_buf body = {0};
    base_err err = {0};
    pthread_mutex_lock(&s->lock);
    const bool ended = s->ended, cut_short = leaves && !ended;
    char *name = base_strdup(cut_short ? "interrupted" : s->state ? s->state : "");
    char *reason = base_strdup(cut_short ? "ended at once by a second signal" : s->reason ? s->reason : "");
    const cli_state state = {name, cut_short ? LEAVE_CODE : s->exit_code, *reason ? reason : NULL};
    base_buf_append(&body, s->body.data, s->body.length);
    pthread_mutex_unlock(&s->lock);
    const base_status status = *name ? write_text(s->path, &state, getpid(), base_buf_text(&body), &err) : BASE_OK;
    pthread_mutex_lock(&s->lock);
    s->written = status;
    s->why = err;
    pthread_mutex_unlock(&s->lock);
    base_buf_fini(&body);
    free(name);
    free(reason);
    return ended;
}

static void *write_on(void *self) {
    cli_status *s = self;
    struct pollfd wakes = {.fd = s->fd, .events = POLLIN};
    for (bool ended = false; !ended;) {
        uint64_t news = 0;
        if (poll(&wakes, 1, (int)(1000 * PERIOD)) > 0 && read(s->fd, &news, sizeof news) < 0) news = 0;
        ended = write_newest(s, news >= LEAVE);
        if (news >= LEAVE) _exit(LEAVE_CODE);
    }
    return NULL;
}

static bool start(cli_status *s) {
    sigset_t all, before; /* signals are for the thread that listens to them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&s->thread, NULL, write_on, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0;
}

static void destroy(cli_status *s) {
    if (s->fd >= 0) close(s->fd);
    pthread_mutex_destroy(&s->lock);
    base_buf_fini(&s->body);
    free(s->state);
    free(s->reason);
    free(s->path);
    free(s);
}

cli_status *cli_status_create(const char *dir) {
    cli_status *s = base_calloc(1, sizeof *s);
    base_buf path = {0};
    base_buf_printf(&path, "%s%s", dir, FILE_NAME);
    s->path = base_strdup(base_buf_text(&path));
    base_buf_fini(&path);
    pthread_mutex_init(&s->lock, NULL);
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->fd >= 0 && start(s)) return s;
    base_log(BASE_LOG_WARN, "%s will not be written: %s", s->path, strerror(errno));
    destroy(s);
    return NULL;
}

/* ---- who has something to say ---- */

static void wake(const cli_status *s) {
    if (write(s->fd, &WAKE, sizeof WAKE) < 0) { /* it is awake, or wakes within a period */
    }
}

/* Whether the state is another one. */
static bool hand_over(cli_status *s, const cli_state *state, const base_buf *body, bool last) {
    pthread_mutex_lock(&s->lock);
    const bool other = !s->state || strcmp(s->state, state->name) != 0;
    free(s->state);
    free(s->reason);
    s->state = base_strdup(state->name);
    s->reason = state->reason ? base_strdup(state->reason) : NULL;
    s->exit_code = state->exit_code;
    base_buf_clear(&s->body);
    base_buf_append(&s->body, body->data, body->length);
    s->ended = last;
    const bool fails = s->written != BASE_OK;
    const bool news = fails && !s->said;
    s->said = fails;
    const base_err why = s->why;
    pthread_mutex_unlock(&s->lock);
    if (news && !last) base_log(BASE_LOG_WARN, "%s", why.text);
    return other;
}

void cli_status_put(cli_status *s, const cli_state *state, const base_buf *body) {
    if (s && hand_over(s, state, body, false)) wake(s);
}

base_status cli_status_end(cli_status *s, const cli_state *state, const base_buf *body, base_err *err) {
    if (!s) return BASE_OK;
    hand_over(s, state, body, true);
    wake(s);
    pthread_join(s->thread, NULL);
    const base_status status = s->written;
    if (status != BASE_OK && err) *err = s->why;
    destroy(s);
    return status;
}

void cli_status_drop(cli_status *s) {
    const base_buf nothing = {0};
    base_err ignored;
    if (s && cli_status_end(s, &(cli_state){.name = ""}, &nothing, &ignored) != BASE_OK) return;
}

int cli_status_fd(const cli_status *s) {
    return s ? s->fd : -1;
}

void cli_status_leave_now(int fd) {
    if (fd < 0 || write(fd, &LEAVE, sizeof LEAVE) < 0) _exit(LEAVE_CODE);
}

/* ---- from outside ---- */

/* Off with the last brace and what is behind it. */
static void open_end(base_buf *text) {
    while (text->length > 0 && text->data[text->length - 1] != '}') text->length--;
    if (text->length > 0) text->data[--text->length] = '\0';
}

void cli_status_mark_dead(const char *dir, pid_t pid, const cli_state *state) {
    base_buf path = {0}, text = {0}, writer = {0};
    base_err err;
    base_buf_printf(&path, "%s%s", dir, FILE_NAME);
    put_writer(pid, &writer);
    if (base_read_file(base_buf_text(&path), &text, &err) == BASE_OK) {
        open_end(&text);
        const char *said = base_buf_text(&text), *body = strstr(said, BODY);
        if (!body) body = said + text.length;
        const char *who = strstr(said, base_buf_text(&writer));
        const bool lives =
            strncmp(said, RUNNING, sizeof RUNNING - 1) == 0 || strncmp(said, STOPPING, sizeof STOPPING - 1) == 0;
        if (who && who < body && lives && write_text(base_buf_text(&path), state, pid, body, &err) != BASE_OK) {
            base_log(BASE_LOG_WARN, "%s", err.text);
        }
    }
    base_buf_fini(&path);
    base_buf_fini(&text);
    base_buf_fini(&writer);
}
