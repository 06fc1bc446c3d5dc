/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hpo/dispatch/mpi.h without MPI: ranks of one machine, started by mpirun.c, speak through datagrams whose names are
 * those of the job. Linked before the library, it takes the place of hpo/dispatch/mpi.c; all else is the product's.
 *
 * As with MPI, messages between two ranks keep their order, a send never blocks, and nobody is told of a death. What
 * MPI never does is done on purpose:
 *
 *   HPO_TEST_MESSAGES=SEED:DROP:COPY:DELAY:SECONDS
 *
 * Of 1,000 messages so many vanish, come twice, or come up to SECONDS late (and hold those behind them up). A copy may
 * come late, too, behind others. The fate of a rank's n-th message is a function of the seed, both ranks and n. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "hpo/dispatch/mpi.h"

static const double RETRY = 2e-3;        /* seconds between two tries at a socket that is full */
static const double START_PATIENCE = 30; /* seconds for a rank to come */
enum { LONGEST = 128 * 1024 };           /* bytes of a datagram */

typedef struct letter {
    double due;
    size_t to;
    bool overtakes; /* a late copy: it keeps nobody waiting */
    base_buf bytes;
} letter;

typedef struct faults {
    uint64_t seed;
    unsigned drop, copy, delay; /* of 1,000 */
    double seconds;
} faults;

typedef struct post {
    int rank, size, fd;
    letter *out;
    size_t n_out, cap_out;
    char *in;
    uint32_t *sent; /* by rank */
    faults faults;
} post;

static post self = {.fd = -1};

static struct sockaddr_un address(int rank, socklen_t *length) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *job = getenv("HPO_TEST_JOB");
    const int n = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "hpo-faults-%s-%d", job ? job : "", rank);
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    return at;
}

static int number_of(const char *name) {
    const char *text = getenv(name);
    return text ? atoi(text) : 0;
}

/* What mpirun.c is like. */
const char *hpo_mpi_library(void) {
    return "Open MPI";
}

bool hpo_mpi_needs_pmix(void) {
    return false;
}

base_status hpo_mpi_start(int *argc, char ***argv, int *rank, int *size, base_err *err) {
    (void)argc, (void)argv;
    socklen_t length;
    self.rank = *rank = number_of("OMPI_COMM_WORLD_RANK");
    self.size = *size = number_of("OMPI_COMM_WORLD_SIZE");
    const struct sockaddr_un at = address(self.rank, &length);
    self.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self.fd < 0 || bind(self.fd, (const struct sockaddr *)&at, length) != 0)
        return BASE_FAIL(err, BASE_IO, "rank %d has no socket: %s", self.rank, strerror(errno));
    self.in = base_malloc(LONGEST);
    self.sent = base_calloc((size_t)self.size, sizeof *self.sent);
    const char *text = getenv("HPO_TEST_MESSAGES");
    unsigned long long seed = 0;
    if (text && sscanf(text, "%llu:%u:%u:%u:%lf", &seed, &self.faults.drop, &self.faults.copy, &self.faults.delay,
                       &self.faults.seconds) == 5)
        self.faults.seed = seed;
    return BASE_OK;
}

/* ---- sending ---- */

/* False: there is no room, or nobody yet. */
static bool post_now(int to, const base_buf *bytes, bool waits_for_birth) {
    socklen_t length;
    struct sockaddr_un at = address(to, &length);
    if (sendto(self.fd, bytes->data, bytes->length, MSG_NOSIGNAL, (struct sockaddr *)&at, length) >= 0) return true;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return false;
    return !waits_for_birth; /* to a dead rank it goes nowhere */
}

/* What is due leaves; *next: when to look again. */
static void deliver(double *next) {
    const double now = base_monotonic();
    bool *blocked = base_calloc((size_t)self.size, sizeof *blocked);
    size_t kept = 0;
    *next = INFINITY;
    for (size_t i = 0; i < self.n_out; i++) {
        letter *one = &self.out[i];
        const bool waits = now < one->due || (blocked[one->to] && !one->overtakes);
        if (!waits && post_now((int)one->to, &one->bytes, false)) {
            base_buf_fini(&one->bytes);
            continue;
        }
        *next = fmin(*next, fmax(one->due, now + RETRY));
        if (!one->overtakes) blocked[one->to] = true;
        const letter moved = *one;
        self.out[kept++] = moved;
    }
    self.n_out = kept;
    free(blocked);
}

static void put(size_t to, const hpo_message *message, double due, bool overtakes) {
    BASE_GROW(self.out, self.cap_out, self.n_out + 1);
    letter *one = &self.out[self.n_out++];
    *one = (letter){.due = due, .to = to, .overtakes = overtakes};
    const uint64_t from = (uint64_t)self.rank;
    base_buf_append(&one->bytes, &from, sizeof from);
    hpo_message_encode(message, &one->bytes);
}

static base_status post_send(void *unused, size_t peer, const hpo_message *message, base_err *err) {
    (void)unused, (void)err;
    const size_t to = self.rank == 0 ? peer + 1 : 0;
    const uint32_t pair = (uint32_t)self.rank << 8 | (uint32_t)to;
    base_rng rng = base_rng_stream(self.faults.seed, BASE_RNG_TEST, pair, self.sent[to]++);
    const faults *f = &self.faults;
    const uint64_t fate = base_rng_below(&rng, 1000);
    double next, now = base_monotonic();
    if (fate >= f->drop) {
        const bool copied = fate < f->drop + f->copy, late = !copied && fate < f->drop + f->copy + f->delay;
        const double seconds = f->seconds * base_rng_uniform(&rng);
        put(to, message, late ? now + seconds : now, false);
        if (copied) put(to, message, base_rng_below(&rng, 2) ? now : now + seconds, true);
    }
    deliver(&next);
    return BASE_OK;
}

/* ---- receiving ---- */

static bool look(size_t *peer, hpo_message *message, base_status *status, base_err *err) {
    const ssize_t length = recv(self.fd, self.in, LONGEST, 0);
    uint64_t from;
    if (length < (ssize_t)sizeof from) return false;
    memcpy(&from, self.in, sizeof from);
    *peer = self.rank == 0 ? (size_t)from - 1 : 0;
    *status = hpo_message_decode(self.in + sizeof from, (size_t)length - sizeof from, message, err);
    return true;
}

static base_status post_receive(void *unused, double timeout, int fd, size_t *peer, hpo_message *message,
                                base_err *err) {
    (void)unused;
    const double until = base_monotonic() + timeout;
    base_status status;
    for (;;) {
        double next;
        deliver(&next);
        if (look(peer, message, &status, err)) return status;
        const double now = base_monotonic();
        if (now >= until) return BASE_END;
        struct pollfd polls[] = {{.fd = self.fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        poll(polls, 2, (int)ceil(1000 * fmax(fmin(next, until) - now, 0)));
        if (polls[1].revents && !(polls[0].revents & POLLIN)) return BASE_END;
    }
}

/* ---- the rest ---- */

base_status hpo_mpi_broadcast(base_buf *bytes, base_err *err) {
    const double begun = base_monotonic();
    if (self.rank == 0) {
        if (bytes->length > LONGEST) return BASE_FAIL(err, BASE_INVALID, "too long for a datagram");
        for (int to = 1; to < self.size; to++)
            while (!post_now(to, bytes, true) && base_monotonic() < begun + START_PATIENCE) base_sleep(1e-3);
        return BASE_OK;
    }
    for (;;) { /* as MPI_Bcast, it waits for a rank 0 that is dead, too */
        const ssize_t length = recv(self.fd, self.in, LONGEST, 0);
        if (length >= 0) {
            base_buf_clear(bytes);
            base_buf_append(bytes, self.in, (size_t)length);
            return BASE_OK;
        }
        poll(&(struct pollfd){.fd = self.fd, .events = POLLIN}, 1, -1);
    }
}

static size_t post_size(void *unused) {
    (void)unused;
    return self.rank == 0 ? (size_t)self.size - 1 : 1;
}

static void post_close(void *unused, bool lost) {
    (void)unused, (void)lost;
    const double until = base_monotonic() + 0.5;
    double next;
    for (deliver(&next); self.n_out > 0 && base_monotonic() < until; deliver(&next)) base_sleep(1e-3);
    for (size_t i = 0; i < self.n_out; i++) base_buf_fini(&self.out[i].bytes);
    free(self.out);
    free(self.in);
    free(self.sent);
    close(self.fd);
}

hpo_transport hpo_mpi_open(void) {
    static const hpo_transport_ops ops = {
        .size = post_size, .send = post_send, .receive = post_receive, .close = post_close};
    return (hpo_transport){.ops = &ops, .self = &self};
}
