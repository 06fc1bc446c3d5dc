/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/gate_sampler.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "tests/support/check.h"

enum { MAX_CALLS = 4096, PATIENCE = 120 }; /* seconds; then the test has failed, and ends */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t passes, fails_at, calls, passed, ends;
    double seconds;
    gate_call log[MAX_CALLS];
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

typedef struct gate_state {
    hpo_sampler_env env;
} gate_state;

void gate_reset(size_t passes, size_t fails_at) {
    pthread_mutex_lock(&gate.mutex);
    gate.passes = passes;
    gate.fails_at = fails_at;
    gate.calls = gate.passed = gate.ends = 0;
    gate.seconds = 0;
    pthread_mutex_unlock(&gate.mutex);
}

void gate_open(size_t more) {
    pthread_mutex_lock(&gate.mutex);
    gate.passes = more > SIZE_MAX - gate.passes ? SIZE_MAX : gate.passes + more;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

static size_t get(const size_t *what) {
    pthread_mutex_lock(&gate.mutex);
    const size_t value = *what;
    pthread_mutex_unlock(&gate.mutex);
    return value;
}

size_t gate_calls(void) {
    return get(&gate.calls);
}

size_t gate_waiting(void) {
    pthread_mutex_lock(&gate.mutex);
    const size_t waiting = gate.calls - gate.passed;
    pthread_mutex_unlock(&gate.mutex);
    return waiting;
}

double gate_seconds(void) {
    pthread_mutex_lock(&gate.mutex);
    const double seconds = gate.seconds;
    pthread_mutex_unlock(&gate.mutex);
    return seconds;
}

gate_call gate_get_call(size_t index) {
    assert_true(index < gate_calls() && index < MAX_CALLS);
    pthread_mutex_lock(&gate.mutex);
    const gate_call call = gate.log[index];
    pthread_mutex_unlock(&gate.mutex);
    return call;
}

/* Holding the mutex, until *count has reached `least`. */
static void await(const size_t *count, size_t least) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    while (*count < least) {
        if (pthread_cond_timedwait(&gate.changed, &gate.mutex, &until) != 0) {
            fprintf(stderr, "the gate was not opened, or nobody came through, for %d seconds\n", (int)PATIENCE);
            abort(); /* this may be another thread than the test's */
        }
    }
}

static void await_from_outside(const size_t *count, size_t least) {
    pthread_mutex_lock(&gate.mutex);
    await(count, least);
    pthread_mutex_unlock(&gate.mutex);
}

void gate_await_calls(size_t count) {
    await_from_outside(&gate.calls, count);
}

void gate_await_ends(size_t count) {
    await_from_outside(&gate.ends, count);
}

static bool all_signals_are_blocked(void) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    return sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGUSR1) &&
           sigismember(&blocked, SIGCHLD) && sigismember(&blocked, SIGALRM);
}

/* Everything that the view shows, as one number. */
static uint64_t digest(hpo_view view) {
    base_buf text = {0};
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial t = hpo_view_trial(view, id);
        base_buf_printf(&text, "%d %a %u %zu %zu;", (int)t.state, t.config[0], t.rung, t.n_evals, t.n_reports);
        if (t.n_reports > 0) base_buf_printf(&text, "%a ", t.reports[t.n_reports - 1].loss);
        if (t.n_evals > 0) base_buf_printf(&text, "%a ", t.evals[t.n_evals - 1].loss);
    }
    const uint64_t hash = base_hash64(base_buf_text(&text), text.length);
    base_buf_fini(&text);
    return hash;
}

static base_status gate_init(void *self, const hpo_sampler_env *env, base_err *err) {
    (void)err;
    ((gate_state *)self)->env = *env;
    return BASE_OK;
}

static void gate_fini(void *self) {
    (void)self;
    pthread_mutex_lock(&gate.mutex);
    gate.ends++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

static base_status gate_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                            base_err *err) {
    const gate_state *state = self;
    const double began = base_monotonic();
    const gate_call call = {.trial = request->trial,
                            .as_of = view.as_of,
                            .running = hpo_view_count(view, HPO_TRIAL_RUNNING),
                            .signals_blocked = all_signals_are_blocked()};
    base_rng rng =
        base_rng_stream(state->env.seed ^ digest(view), BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    *origin = "gate";
    base_status status = hpo_space_sample(state->env.space, &rng, config, err);
    pthread_mutex_lock(&gate.mutex);
    if (gate.calls < MAX_CALLS) gate.log[gate.calls] = call;
    gate.calls++;
    pthread_cond_broadcast(&gate.changed);
    await(&gate.passes, 1);
    if (gate.passes < SIZE_MAX) gate.passes--;
    if (gate.passed++ >= gate.fails_at) status = BASE_FAIL(err, BASE_INTERNAL, "the gate fell shut");
    gate.seconds += base_monotonic() - began;
    pthread_mutex_unlock(&gate.mutex);
    return status;
}

#define GATE                                                                                                           \
    .summary = "for tests", .state_size = sizeof(gate_state), .init = gate_init, .ask = gate_ask, .fini = gate_fini
const hpo_sampler_type gate_slow_sampler = {.name = "gate", .flags = HPO_SAMPLER_SLOW, GATE};
const hpo_sampler_type gate_quick_sampler = {.name = "gate", GATE};
