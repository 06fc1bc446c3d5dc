/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fake_transport.h"

#include <poll.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/check.h"

typedef struct fake_worker {
    bool greeted, busy, left;
    size_t jobs, named;  /* that were sent, and the newest that its beats name */
    double silent_until; /* monotonic */
    double next_beat;
    hpo_message job; /* without its configuration */
    fake_answer answer;
    fake_fate fate;
    size_t given;   /* reports of the job */
    bool slept;     /* FAKE_SLEEPS and FAKE_REFUSES_TO: has begun its silence */
    bool told_stop; /* and obeys */
    double ready;   /* when its result may leave */
} fake_worker;

struct fake_transport {
    fake_script script;
    fake_worker *workers;
    size_t *ready;
    base_rng rng;
    base_buf wire; /* the message that was received last */
    fake_counts counts;
};

fake_transport *fake_transport_create(const fake_script *script) {
    fake_transport *fake = base_calloc(1, sizeof *fake);
    *fake = (fake_transport){.script = *script,
                             .workers = base_calloc(script->workers, sizeof(fake_worker)),
                             .ready = base_calloc(script->workers, sizeof(size_t)),
                             .rng = base_rng_stream(script->seed, BASE_RNG_TEST, 1, 0)};
    double now = base_monotonic();
    for (size_t i = 0; i < script->workers; i++) fake->workers[i].next_beat = now + script->heartbeat;
    return fake;
}

void fake_transport_destroy(fake_transport *fake) {
    if (!fake) return;
    free(fake->workers);
    free(fake->ready);
    base_buf_fini(&fake->wire);
    free(fake);
}

const fake_counts *fake_transport_counts(const fake_transport *fake) {
    return &fake->counts;
}

size_t fake_transport_jobs(const fake_transport *fake, size_t worker) {
    return fake->workers[worker].jobs;
}

void fake_transport_silence(fake_transport *fake, size_t worker, double seconds) {
    fake->workers[worker].silent_until = base_monotonic() + seconds;
}

/* ---- from the controller ---- */

static size_t fake_size(void *self) {
    return ((const fake_transport *)self)->script.workers;
}

/* Who has this trial, too, may have waited for it to be somebody else's. */
static void wake(fake_transport *fake, size_t index) {
    const uint64_t trial = fake->workers[index].job.trial;
    for (size_t i = 0; i < fake->script.workers; i++) {
        fake_worker *w = &fake->workers[i];
        if (i != index && w->busy && w->fate.until_replaced && w->job.trial == trial)
            w->silent_until = base_monotonic() + w->fate.seconds;
    }
}

static void take_job(fake_transport *fake, size_t index, const hpo_message *job) {
    fake_worker *w = &fake->workers[index];
    const fake_script *script = &fake->script;
    assert_true(w->greeted && !w->left && !w->busy);
    const size_t named = w->named;
    *w = (fake_worker){.greeted = true,
                       .busy = true,
                       .jobs = w->jobs + 1,
                       .silent_until = w->silent_until,
                       .next_beat = w->next_beat,
                       .job = *job};
    w->job.config = NULL;
    if (script->on_job) script->on_job(script->self, index, job);
    script->evaluate(script->self, job, &w->answer);
    assert_true(w->answer.n_reports <= FAKE_MAX_REPORTS);
    if (script->fate) w->fate = script->fate(script->self, index, job);
    w->busy = w->fate.deed != FAKE_NEVER_HEARS;
    w->named = w->busy ? w->jobs : named;
    wake(fake, index);
    fake->counts.jobs++;
    size_t busy = 0;
    for (size_t i = 0; i < script->workers; i++) {
        busy += fake->workers[i].busy && fake->workers[i].silent_until <= base_monotonic();
    }
    if (busy > fake->counts.most_busy) fake->counts.most_busy = busy;
}

static void take_stop(fake_transport *fake, fake_worker *w, const hpo_message *stop) {
    fake->counts.stops[stop->stop]++;
    if (!w->busy || stop->trial != w->job.trial || stop->attempt != w->job.attempt) return;
    if (w->fate.deed == FAKE_HURRIES && stop->stop != HPO_STOP_KILL) return;
    if (w->fate.deed != FAKE_REFUSES_TO || stop->stop == HPO_STOP_KILL) w->told_stop = true;
    if (w->fate.deed == FAKE_REFUSES_TO && !w->slept) {
        w->slept = true;
        w->ready = base_monotonic() + w->fate.seconds;
    }
}

static base_status fake_send(void *self, size_t peer, const hpo_message *message, base_err *err) {
    fake_transport *fake = self;
    assert_true(peer < fake->script.workers);
    fake_worker *w = &fake->workers[peer];
    base_buf bytes = {0};
    hpo_message copy;
    hpo_message_encode(message, &bytes);
    assert_int_equal(hpo_message_decode(bytes.data, bytes.length, &copy, err), BASE_OK);
    switch (copy.kind) {
    case HPO_MESSAGE_JOB: take_job(fake, peer, &copy); break;
    case HPO_MESSAGE_STOP: take_stop(fake, w, &copy); break;
    case HPO_MESSAGE_BEAT: fake->counts.beats++; break;
    case HPO_MESSAGE_BYE:
        fake->counts.byes++;
        w->left = true;
        break;
    default: fail_msg("the controller sent a message of kind %d", (int)copy.kind);
    }
    base_buf_fini(&bytes);
    return BASE_OK;
}

/* ---- to the controller ---- */

static hpo_message message_of(const fake_worker *w, hpo_message_kind kind) {
    return (hpo_message){.kind = kind, .trial = w->job.trial, .attempt = w->job.attempt, .rung = w->job.rung};
}

static size_t reports_due(const fake_worker *w) {
    bool all = w->fate.deed == FAKE_ANSWERS || w->fate.deed == FAKE_LOSES_REPORT || w->fate.deed == FAKE_LOSES_RESULT ||
               w->fate.deed == FAKE_HURRIES || (w->fate.deed == FAKE_SLEEPS && w->slept);
    return all || w->fate.reports > w->answer.n_reports ? w->answer.n_reports : w->fate.reports;
}

/* Moves a busy worker along without a message: it falls silent where its fate says so. */
static void fall_silent(fake_worker *w, double now) {
    if (w->told_stop || w->given < reports_due(w)) return;
    if (w->fate.deed == FAKE_DIES) w->silent_until = INFINITY;
    if (w->fate.deed == FAKE_SLEEPS && !w->slept) {
        w->slept = true;
        w->silent_until = w->fate.until_replaced ? INFINITY : now + w->fate.seconds;
    }
}

static bool has_event(const fake_worker *w, double now) {
    if (!w->busy) return false;
    if (w->told_stop || w->given < reports_due(w)) return true;
    if (w->fate.deed == FAKE_REFUSES_TO) return w->slept && now >= w->ready;
    return w->fate.deed != FAKE_LINGERS;
}

static bool is_ready(const fake_transport *fake, const fake_worker *w, double now) {
    if (w->left || w->silent_until > now) return false;
    return !w->greeted || has_event(w, now) || (fake->script.heartbeat > 0 && now >= w->next_beat);
}

static hpo_message result_of(const fake_worker *w) {
    hpo_message message = message_of(w, HPO_MESSAGE_RESULT);
    message.number = w->given;
    hpo_failure failure = HPO_FAILURE_NONE;
    if (w->told_stop)
        failure = HPO_FAILURE_INTERRUPTED;
    else if (w->fate.deed == FAKE_FAILS || w->fate.deed == FAKE_REFUSES_TO)
        failure = w->fate.failure;
    if (failure == HPO_FAILURE_NONE) {
        message.result = w->answer.result;
        return message;
    }
    const int code = w->fate.code ? w->fate.code : failure == HPO_FAILURE_EXIT ? 3 : 11;
    message.result = (hpo_result){.failure = failure, .code = code, .cost = NAN};
    snprintf(message.result.reason, sizeof message.result.reason, "the script says: %s", hpo_failure_text(failure));
    return message;
}

static hpo_message speak(fake_transport *fake, size_t index, double now) {
    fake_worker *w = &fake->workers[index];
    const fake_script *script = &fake->script;
    if (!w->greeted) {
        hpo_message hello = {
            .kind = HPO_MESSAGE_HELLO, .identity = script->identity, .pid = 1, .host = "h", .text = ""};
        if (script->hello) script->hello(script->self, index, &hello);
        w->greeted = true;
        return hello;
    }
    if (w->busy && !w->told_stop && w->fate.deed == FAKE_LOSES_REPORT && w->given == 0) w->given = 1;
    if (w->busy && !w->told_stop && w->fate.deed == FAKE_LOSES_RESULT && w->given == reports_due(w)) w->busy = false;
    if (!has_event(w, now)) {
        w->next_beat = now + script->heartbeat;
        return (hpo_message){.kind = HPO_MESSAGE_BEAT, .number = w->named, .busy = w->busy};
    }
    if (!w->told_stop && w->given < reports_due(w)) {
        hpo_message report = message_of(w, HPO_MESSAGE_REPORT);
        report.number = w->given + 1;
        report.step = w->answer.step[w->given];
        report.result.metrics = w->answer.metrics[w->given++];
        return report;
    }
    w->busy = false;
    fake->counts.results++;
    return result_of(w);
}

static base_status fake_receive(void *self, double timeout, int fd, size_t *peer, hpo_message *message, base_err *err) {
    fake_transport *fake = self;
    if (fake->script.on_listen) fake->script.on_listen(fake->script.self, fake->counts.results);
    double now = base_monotonic();
    size_t n_ready = 0;
    for (size_t i = 0; i < fake->script.workers; i++) {
        fake_worker *w = &fake->workers[i];
        if (w->busy && w->silent_until <= now) fall_silent(w, now);
        if (is_ready(fake, w, now)) fake->ready[n_ready++] = i;
    }
    if (n_ready == 0) {
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, timeout > 0 ? 1 : 0);
        return BASE_END;
    }
    *peer = fake->ready[base_rng_below(&fake->rng, n_ready)];
    hpo_message original = speak(fake, *peer, now);
    base_buf_fini(&fake->wire); /* what pointed into the last message is gone */
    hpo_message_encode(&original, &fake->wire);
    return hpo_message_decode(fake->wire.data, fake->wire.length, message, err);
}

static void fake_close(void *self, bool lost) {
    (void)self, (void)lost;
}

hpo_transport fake_transport_open(fake_transport *fake) {
    static const hpo_transport_ops ops = {
        .size = fake_size, .send = fake_send, .receive = fake_receive, .close = fake_close};
    return (hpo_transport){.ops = &ops, .self = fake};
}
