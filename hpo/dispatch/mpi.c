/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MPI transport, and the only file that includes mpi.h.
 *
 * Why point-to-point and never blocking: on Open MPI 4.1.4 a send to a dead rank reports no error and, past the eager
 * limit, never completes; a blocking receive burns a whole core, whatever mpi_yield_when_idle says; MPI_Finalize after
 * a lost rank may hang. So: Isend from own copies that are completed later, Iprobe with a short spin and then growing
 * sleeps, and a close that knows whether a rank was lost. */
#include "hpo/dispatch/mpi.h"

#include <dlfcn.h>
#include <glob.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <mpi.h>

#include "base/arena.h"
#include "base/clock.h"

enum { TAG = 1, FAREWELL = 2 };
enum { SLACK_NS = 2000 };     /* by which the kernel may prolong a nap */
enum { FINALIZE_LIMIT = 60 }; /* seconds */
static const double FAREWELL_LIMIT = 5;
/* Waiting spins for SPIN seconds, then sleeps, each time for a fraction of what was waited already: an answer is late
 * by that fraction at most, so two sides that wait for each other cannot keep each other asleep. No sched_yield while
 * spinning: it would give a busy neighbour a whole time slice, more than the spin itself. */
static const double SPIN = 200e-6, SHORTEST_SPIN = 5e-6, FIRST_SLEEP = 50e-6, LONGEST_SLEEP = 10e-3,
                    SLEEP_FRACTION = 0.25;

/* A message on its way: its bytes must stay until MPI has taken them. */
typedef struct outgoing {
    MPI_Request request;
    base_buf bytes;
} outgoing;

typedef struct mpi_self {
    int rank, size;
    outgoing *out; /* the first n_out are pending; the others keep their buffers for reuse */
    size_t n_out, cap_out;
    base_buf in;
    double spin; /* seconds that the next wait spins */
    int n_gone;  /* peers that have said BYE */
} mpi_self;

/* Tells the processor that this is a loop that waits: a sibling hyperthread gets its units. */
static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    for (int i = 0; i < 16; i++) __builtin_ia32_pause();
#endif
}

/* Spinning pays when the answer comes while it lasts. Where answers take longer, the next wait spins for half as long,
 * so that ranks that wait do not slow down the one that works for them. */
static void adapt_spin(mpi_self *mpi, double waited) {
    mpi->spin = waited < SPIN ? SPIN : fmax(mpi->spin / 2, SHORTEST_SPIN);
}

static base_status mpi_fail(int code, const char *what, base_err *err) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    return BASE_FAIL(err, BASE_IO, "MPI: %s: %s", what, text);
}

const char *hpo_mpi_library(void) {
#if defined(OPEN_MPI)
    return "Open MPI";
#elif defined(MPICH_VERSION) || defined(MVAPICH2_VERSION) || defined(I_MPI_VERSION)
    return "MPICH";
#else
    return "MPI";
#endif
}

/* Its components lie beside the library: mca_pmix_s1.so and s2 are those for Slurm's PMI. */
bool hpo_mpi_needs_pmix(void) {
#if defined(OPEN_MPI)
    Dl_info info;
    char folder[512], pattern[600];
    if (!dladdr((void *)(intptr_t)&MPI_Init, &info) || !info.dli_fname) return false;
    const char *end = strrchr(info.dli_fname, '/');
    snprintf(folder, sizeof folder, "%.*s", end ? (int)(end - info.dli_fname) : 0, info.dli_fname);
    size_t all = 0, own = 0;
    static const char *const where[] = {"openmpi*", "openmpi/lib/openmpi*"}; /* as it is installed; Debian */
    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/%s/mca_pmix_*.so", folder, where[i]);
        if (glob(pattern, 0, NULL, &found) != 0) continue;
        all += found.gl_pathc;
        for (size_t k = 0; k < found.gl_pathc; k++)
            own += strstr(found.gl_pathv[k], "mca_pmix_s1.so") || strstr(found.gl_pathv[k], "mca_pmix_s2.so");
        globfree(&found);
    }
    return all > 0 && own == 0;
#else
    return false;
#endif
}

/* A launcher that is killed while its ranks start leaves them waiting in MPI_Init for ever; later they notice by
 * themselves. */
static int init_while_launcher_lives(int *argc, char ***argv, int *provided) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int code = MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, provided);
    prctl(PR_SET_PDEATHSIG, 0);
    return code;
}

base_status hpo_mpi_start(int *argc, char ***argv, int *rank, int *size, base_err *err) {
    int provided = 0;
    prctl(PR_SET_TIMERSLACK, SLACK_NS); /* a nap of 50 us takes twice as long otherwise */
    int code = init_while_launcher_lives(argc, argv, &provided);
    if (code != MPI_SUCCESS) return mpi_fail(code, "start", err);
    if (provided < MPI_THREAD_FUNNELED) {
        return BASE_FAIL(err, BASE_UNSUPPORTED, "this MPI library does not allow threads (MPI_THREAD_FUNNELED)");
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
    return BASE_OK;
}

base_status hpo_mpi_broadcast(base_buf *bytes, base_err *err) {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    unsigned long long length = bytes->length;
    int code = MPI_Bcast(&length, 1, MPI_UNSIGNED_LONG_LONG, 0, MPI_COMM_WORLD);
    if (code != MPI_SUCCESS) return mpi_fail(code, "broadcast", err);
    if (length > INT32_MAX) return BASE_FAIL(err, BASE_INVALID, "a study of %llu bytes cannot be sent", length);
    if (rank != 0) {
        base_buf_clear(bytes);
        char *room = base_calloc(1, (size_t)length + 1);
        base_buf_append(bytes, room, (size_t)length);
        free(room);
    }
    if (length == 0) return BASE_OK;
    code = MPI_Bcast(bytes->data, (int)length, MPI_BYTE, 0, MPI_COMM_WORLD);
    return code == MPI_SUCCESS ? BASE_OK : mpi_fail(code, "broadcast", err);
}

static size_t mpi_size(void *self) {
    const mpi_self *mpi = self;
    return mpi->rank == 0 ? (size_t)mpi->size - 1 : 1;
}

/* Frees the places of the sends that MPI has finished. */
static void complete_sends(mpi_self *mpi) {
    for (size_t i = 0; i < mpi->n_out;) {
        int done = 0;
        if (MPI_Test(&mpi->out[i].request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) done = 1;
        if (!done) {
            i++;
            continue;
        }
        outgoing finished = mpi->out[i];
        mpi->out[i] = mpi->out[--mpi->n_out];
        mpi->out[mpi->n_out] = finished;
    }
}

static base_status mpi_send(void *self, size_t peer, const hpo_message *message, base_err *err) {
    mpi_self *mpi = self;
    complete_sends(mpi);
    if (mpi->n_out == mpi->cap_out) {
        size_t before = mpi->cap_out;
        BASE_GROW(mpi->out, mpi->cap_out, before + 1);
        memset(mpi->out + before, 0, (mpi->cap_out - before) * sizeof *mpi->out);
    }
    outgoing *out = &mpi->out[mpi->n_out];
    base_buf_clear(&out->bytes);
    hpo_message_encode(message, &out->bytes);
    int to = mpi->rank == 0 ? (int)peer + 1 : 0;
    int code = MPI_Isend(out->bytes.data, (int)out->bytes.length, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &out->request);
    if (code != MPI_SUCCESS) return mpi_fail(code, "send", err);
    mpi->n_out++;
    return BASE_OK;
}

static base_status take(mpi_self *mpi, const MPI_Status *status, size_t *peer, hpo_message *message, base_err *err) {
    int length = 0;
    MPI_Get_count(status, MPI_BYTE, &length);
    if ((size_t)length + 1 > mpi->in.capacity) {
        free(mpi->in.data);
        mpi->in = (base_buf){.data = base_malloc((size_t)length * 2 + 64), .capacity = (size_t)length * 2 + 64};
    }
    int code = MPI_Recv(mpi->in.data, length, MPI_BYTE, status->MPI_SOURCE, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) return mpi_fail(code, "receive", err);
    *peer = mpi->rank == 0 ? (size_t)status->MPI_SOURCE - 1 : 0;
    BASE_TRY(hpo_message_decode(mpi->in.data, (size_t)length, message, err));
    mpi->n_gone += message->kind == HPO_MESSAGE_BYE;
    return BASE_OK;
}

static base_status mpi_receive(void *self, double timeout, int fd, size_t *peer, hpo_message *message, base_err *err) {
    mpi_self *mpi = self;
    double start = base_monotonic(), nap = FIRST_SLEEP;
    for (bool first = true;; first = false) {
        int arrived = 0;
        MPI_Status status;
        int code = MPI_Iprobe(mpi->rank == 0 ? MPI_ANY_SOURCE : 0, TAG, MPI_COMM_WORLD, &arrived, &status);
        if (code != MPI_SUCCESS) return mpi_fail(code, "probe", err);
        double waited = base_monotonic() - start;
        if (arrived) {
            adapt_spin(mpi, waited);
            return take(mpi, &status, peer, message, err);
        }
        complete_sends(mpi);
        if (waited >= timeout && !first) return BASE_END;
        if (waited >= timeout) continue; /* look twice: the first probe makes progress, the second sees it */
        bool spin = waited < mpi->spin;
        double rest = timeout - waited;
        double sleep = nap < rest ? nap : rest;
        if (fd >= 0) {
            struct pollfd watch = {.fd = fd, .events = POLLIN};
            struct timespec wait = {.tv_nsec = spin ? 0 : (long)(sleep * 1e9)};
            if (ppoll(&watch, 1, &wait, NULL) > 0) return BASE_END;
        } else if (!spin) {
            base_sleep(sleep);
        } else {
            relax();
        }
        if (!spin) nap = fmin(fmax(nap, waited * SLEEP_FRACTION), LONGEST_SLEEP);
    }
}

/* A rank that leaves without MPI_Finalize makes a plain mpirun end the others, and rank 0 may still be writing what was
 * found: the others wait for a word from it. A rank 0 that is lost says nothing. */
static void part(mpi_self *mpi) {
    int arrived = 0;
    const double deadline = base_monotonic() + FAREWELL_LIMIT;
    if (mpi->rank == 0) {
        for (int i = 1; i < mpi->size; i++) {
            MPI_Request request;
            if (MPI_Isend(NULL, 0, MPI_BYTE, i, FAREWELL, MPI_COMM_WORLD, &request) == MPI_SUCCESS)
                MPI_Request_free(&request);
        }
        return;
    }
    while (!arrived && base_monotonic() < deadline) {
        if (MPI_Iprobe(0, FAREWELL, MPI_COMM_WORLD, &arrived, MPI_STATUS_IGNORE) != MPI_SUCCESS) return;
        base_sleep(1e-3);
    }
}

/* The last words of the workers: MPI_Finalize wants every message received. */
static void hear_out(mpi_self *mpi, double deadline) {
    size_t peer;
    hpo_message message;
    base_err ignored;
    while (mpi->n_gone < mpi->size - 1 && base_monotonic() < deadline) {
        const base_status status = mpi_receive(mpi, 0.05, -1, &peer, &message, &ignored);
        if (status != BASE_OK && status != BASE_END) return;
    }
}

static void mpi_close(void *self, bool lost) {
    mpi_self *mpi = self;
    if (lost) part(mpi);
    double deadline = base_monotonic() + (lost ? 0.5 : 3.0);
    while (mpi->n_out > 0 && base_monotonic() < deadline) {
        complete_sends(mpi);
        base_sleep(1e-3);
    }
    if (!lost && mpi->rank == 0) hear_out(mpi, deadline);
    if (lost) return;      /* MPI still owns pending buffers; the process is about to _exit */
    alarm(FINALIZE_LIMIT); /* it waits for every rank, also for one that has died unnoticed a moment ago */
    MPI_Finalize();
    alarm(0);
    for (size_t i = 0; i < mpi->cap_out; i++) base_buf_fini(&mpi->out[i].bytes);
    free(mpi->out);
    base_buf_fini(&mpi->in);
    free(mpi);
}

hpo_transport hpo_mpi_open(void) {
    static const hpo_transport_ops ops = {
        .size = mpi_size, .send = mpi_send, .receive = mpi_receive, .close = mpi_close};
    mpi_self *mpi = base_calloc(1, sizeof *mpi);
    mpi->spin = SPIN;
    MPI_Comm_rank(MPI_COMM_WORLD, &mpi->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &mpi->size);
    return (hpo_transport){.ops = &ops, .self = mpi};
}
