/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pool of threads for jobs of some ten microseconds.
 *
 * Every thread begins with a range of parts of its own, so that it meets the images in every layer that its caches
 * hold, and helps the others when it is done: a thread that the system has put aside holds nobody up but by the part
 * that it is in. A range is one word: the number of its job, its next part, its end. Who takes a part compares the
 * number, so a thread that comes late finds nothing to take, and a job ends without asking whether everybody has seen
 * it.
 *
 * Waiting spins for a moment, as the next job usually follows at once, then gives way, then sleeps: the core may be
 * somebody else's. */
#include "engine/tensor/threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "engine/tensor/subnormal.h"
#include "engine/tensor/tensor.h"

enum {
    PARTS = 4, /* of a thread's own: few enough to cost nothing, enough to help each other with */
    MOST_PARTS = UINT16_MAX,
    SPINS = 64, /* between two looks at the clock */
    LINES = 2,  /* of memory between what different threads write: processors fetch pairs */
};
#define STACK   ((size_t)1 << 20)
#define SPIN    20e-6  /* seconds of a wait */
#define YIELDED 200e-6 /* until then it gives way before it sleeps */

typedef struct part_range {
    _Alignas(LINES *ENG_ALIGN) _Atomic uint64_t word;
} part_range;

typedef struct worker {
    eng_threads *pool;
    size_t number;
    pthread_t thread;
} worker;

struct eng_threads {
    size_t n, started;
    part_range *range; /* by thread */
    worker *workers;   /* number 1 is the first */
    void *memory;      /* of the ranges */
    /* the job: written before its ranges, read after a part is taken */
    eng_part_fn *fn;
    const void *self;
    uint64_t subnormals;
    _Alignas(LINES *ENG_ALIGN) _Atomic uint64_t job;  /* its number, from 1 on */
    _Alignas(LINES *ENG_ALIGN) atomic_size_t pending; /* parts that are not done */
    _Alignas(LINES *ENG_ALIGN) atomic_size_t sleepers;
    atomic_bool waits, stop; /* waits: the caller sleeps */
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
};

/* ---- parts ---- */

static uint64_t word_of(uint64_t job, size_t next, size_t end) {
    return job << 32 | (uint64_t)next << 16 | end;
}

/* The next part of a range of this job, or false. */
static bool take(part_range *range, uint64_t job, size_t *part) {
    uint64_t word = atomic_load_explicit(&range->word, memory_order_acquire);
    for (;;) {
        const size_t next = word >> 16 & UINT16_MAX, end = word & UINT16_MAX;
        if (word >> 32 != (uint32_t)job || next == end) return false;
        *part = next;
        if (atomic_compare_exchange_weak_explicit(&range->word, &word, word_of(job, next + 1, end),
                                                  memory_order_acq_rel, memory_order_acquire))
            return true;
    }
}

static void wake_caller(eng_threads *t) {
    pthread_mutex_lock(&t->mutex);
    pthread_cond_signal(&t->done);
    pthread_mutex_unlock(&t->mutex);
}

/* The parts of thread `number`, then what is left of the others'. */
static void work(eng_threads *t, size_t number, uint64_t job) {
    for (size_t i = 0, part; i < t->n; i++)
        while (take(&t->range[(number + i) % t->n], job, &part)) {
            if (number > 0) eng_subnormals_restore(t->subnormals);
            t->fn(t->self, number, part);
            if (atomic_fetch_sub(&t->pending, 1) == 1 && atomic_load(&t->waits)) wake_caller(t);
        }
}

/* ---- waiting ---- */

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

typedef bool came_fn(eng_threads *t, uint64_t seen);

static bool another_job(eng_threads *t, uint64_t seen) {
    return atomic_load(&t->job) != seen || atomic_load(&t->stop);
}

static bool all_done(eng_threads *t, uint64_t seen) {
    (void)seen;
    return atomic_load(&t->pending) == 0;
}

/* True when it came before it is time to sleep. */
static bool came_soon(eng_threads *t, came_fn *came, uint64_t seen) {
    const double begun = base_monotonic();
    for (;;) {
        for (size_t i = 0; i < SPINS; i++) {
            if (came(t, seen)) return true;
            pause_briefly();
        }
        const double waited = base_monotonic() - begun;
        if (waited > YIELDED) return false;
        if (waited > SPIN) sched_yield();
    }
}

static void wait_for_job(eng_threads *t, uint64_t seen) {
    if (came_soon(t, another_job, seen)) return;
    pthread_mutex_lock(&t->mutex);
    atomic_fetch_add(&t->sleepers, 1);
    while (!another_job(t, seen)) pthread_cond_wait(&t->wake, &t->mutex);
    atomic_fetch_sub(&t->sleepers, 1);
    pthread_mutex_unlock(&t->mutex);
}

static void wait_for_others(eng_threads *t) {
    if (came_soon(t, all_done, 0)) return;
    pthread_mutex_lock(&t->mutex);
    atomic_store(&t->waits, true);
    while (!all_done(t, 0)) pthread_cond_wait(&t->done, &t->mutex);
    atomic_store(&t->waits, false);
    pthread_mutex_unlock(&t->mutex);
}

static void wake_sleepers(eng_threads *t) {
    if (atomic_load(&t->sleepers) == 0) return;
    pthread_mutex_lock(&t->mutex);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->mutex);
}

static void *serve(void *self) {
    worker *w = self;
    for (uint64_t seen = 0;;) {
        wait_for_job(w->pool, seen);
        if (atomic_load(&w->pool->stop)) return NULL;
        seen = atomic_load(&w->pool->job);
        work(w->pool, w->number, seen);
    }
}

/* ---- interface ---- */

static base_status start(worker *w, base_err *err) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    sigset_t all, before; /* signals are for the thread that asked for them */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int error = pthread_create(&w->thread, &attr, serve, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (error == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INTERNAL, "cannot start thread %zu of a trial: %s", w->number + 1, strerror(error));
}

static base_status start_workers(eng_threads *t, base_err *err) {
    for (size_t i = 1; i < t->n; i++) {
        t->workers[i] = (worker){.pool = t, .number = i};
        BASE_TRY(start(&t->workers[i], err));
        t->started++;
    }
    return BASE_OK;
}

base_status eng_threads_create(size_t n, eng_threads **out, base_err *err) {
    *out = NULL;
    if (n == 0 || n > ENG_THREADS_MOST)
        return BASE_FAIL(err, BASE_INVALID, "a training has 1 to %d threads, not %zu", ENG_THREADS_MOST, n);
    void *memory = NULL;
    BASE_TRY(eng_alloc(sizeof(eng_threads) + n * sizeof(part_range) + LINES * ENG_ALIGN, &memory, err));
    /* Both are whole multiples of their alignment, which is twice that of eng_alloc. */
    const size_t step = LINES * ENG_ALIGN, skip = (step - (uintptr_t)memory % step) % step;
    eng_threads *t = (eng_threads *)(void *)((char *)memory + skip);
    t->memory = memory;
    t->n = n;
    t->range = (part_range *)(t + 1);
    t->workers = base_calloc(n, sizeof *t->workers);
    pthread_mutex_init(&t->mutex, NULL);
    pthread_cond_init(&t->wake, NULL);
    pthread_cond_init(&t->done, NULL);
    const base_status status = start_workers(t, err);
    if (status != BASE_OK) {
        eng_threads_destroy(t);
        return status;
    }
    *out = t;
    return BASE_OK;
}

void eng_threads_destroy(eng_threads *t) {
    if (t == NULL) return;
    atomic_store(&t->stop, true);
    wake_sleepers(t);
    for (size_t i = 1; i <= t->started; i++) pthread_join(t->workers[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->mutex);
    free(t->workers);
    eng_free(t->memory);
}

size_t eng_threads_count(const eng_threads *t) {
    return t == NULL ? 1 : t->n;
}

void eng_threads_run(eng_threads *t, size_t parts, eng_part_fn *fn, const void *self) {
    if (t == NULL || t->n == 1 || parts < 2) {
        for (size_t part = 0; part < parts; part++) fn(self, 0, part);
        return;
    }
    BASE_ASSERT(parts <= MOST_PARTS && atomic_load(&t->pending) == 0);
    const uint64_t job = atomic_load(&t->job) + 1;
    t->fn = fn;
    t->self = self;
    t->subnormals = eng_subnormals_mode();
    atomic_store(&t->pending, parts);
    for (size_t i = 0; i < t->n; i++)
        atomic_store_explicit(&t->range[i].word, word_of(job, parts * i / t->n, parts * (i + 1) / t->n),
                              memory_order_release);
    atomic_store(&t->job, job);
    wake_sleepers(t);
    work(t, 0, job);
    wait_for_others(t);
}

/* ---- ranges ---- */

typedef struct cut {
    eng_range_fn *fn;
    const void *self;
    size_t count, unit, parts;
} cut;

static size_t cut_at(const cut *c, size_t part) {
    return part == c->parts ? c->count : c->count * part / c->parts / c->unit * c->unit;
}

static void run_range(const void *self, size_t thread, size_t part) {
    const cut *c = self;
    c->fn(c->self, thread, cut_at(c, part), cut_at(c, part + 1));
}

void eng_threads_ranges(eng_threads *t, size_t count, size_t unit, eng_range_fn *fn, const void *self) {
    const size_t units = t == NULL || t->n == 1 ? 1 : count / unit, most = PARTS * eng_threads_count(t);
    if (units < 2) {
        fn(self, 0, 0, count);
        return;
    }
    const cut c = {.fn = fn, .self = self, .count = count, .unit = unit, .parts = units < most ? units : most};
    eng_threads_run(t, c.parts, run_range, &c);
}
