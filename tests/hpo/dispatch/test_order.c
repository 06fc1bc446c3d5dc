/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The deterministic order against a sequential simulation of the virtual clock that knows everything from the start:
 * whatever the order in which events arrive, the released sequence is that of the simulation, and an event is released
 * exactly when nothing that is still unknown could come before it. */
#include "hpo/dispatch/order.h"

#include "base/arena.h"
#include "base/rng.h"
#include "tests/support/check.h"

enum { MAX_EVENTS = 5, MAX_EVALS = 64, MAX_TRIALS = 24, MAX_WORKERS = 9, MAX_STEPS = MAX_EVALS * MAX_EVENTS };

/* An evaluation as the objective would do it: reports at steps 1, 2, ..., then the end. */
typedef struct plan {
    size_t n; /* events, the end included */
    double offset[MAX_EVENTS];
    size_t stop_at; /* the report that the scheduler stops it at, or MAX_EVENTS */
    bool again;     /* the trial is evaluated once more right after it has ended */
} plan;

typedef struct workload {
    size_t workers, n_trials;
    plan first[MAX_TRIALS], second[MAX_TRIALS];
} workload;

typedef struct step {
    uint64_t trial;
    size_t number; /* of the event within its evaluation */
    size_t evaluation;
    double at;
} step;

static plan random_plan(base_rng *rng, bool again) {
    plan p = {.n = 1 + (size_t)base_rng_below(rng, MAX_EVENTS), .stop_at = MAX_EVENTS, .again = again};
    double at = 0;
    for (size_t i = 0; i < p.n; i++) { /* halves, often 0: many ties */
        at += 0.5 * (double)base_rng_below(rng, 4);
        p.offset[i] = at;
    }
    if (p.n > 1 && base_rng_below(rng, 4) == 0) p.stop_at = (size_t)base_rng_below(rng, p.n - 1);
    return p;
}

static workload random_workload(base_rng *rng) {
    workload w = {.workers = 1 + (size_t)base_rng_below(rng, MAX_WORKERS),
                  .n_trials = 1 + (size_t)base_rng_below(rng, MAX_TRIALS)};
    for (size_t i = 0; i < w.n_trials; i++) {
        w.first[i] = random_plan(rng, base_rng_below(rng, 3) == 0);
        w.second[i] = random_plan(rng, false);
    }
    return w;
}

/* What is evaluated next is a function of what has been released: trials that go on first, then new ones. */
typedef struct agenda {
    const workload *load;
    uint64_t again[MAX_TRIALS];
    size_t n_again, next_trial;
    size_t evaluations[MAX_TRIALS];
} agenda;

static const plan *plan_of(const agenda *a, uint64_t trial) {
    return a->evaluations[trial] == 1 ? &a->load->first[trial] : &a->load->second[trial];
}

static bool next_job(agenda *a, uint64_t *trial) {
    if (a->n_again > 0) {
        *trial = a->again[0];
        memmove(a->again, a->again + 1, --a->n_again * sizeof *a->again);
    } else if (a->next_trial < a->load->n_trials) {
        *trial = a->next_trial++;
    } else {
        return false;
    }
    a->evaluations[*trial]++;
    return true;
}

/* The trial has ended with event `number`; a stopped one never goes on. */
static void note_end(agenda *a, uint64_t trial, size_t number) {
    const plan *p = plan_of(a, trial);
    if (number + 1 == p->n && p->again) a->again[a->n_again++] = trial;
}

/* ---- the oracle: everything is known, the earliest event is taken ---- */

typedef struct busy {
    uint64_t trial;
    double start;
    size_t next;
} busy;

static size_t simulate(const workload *load, step *out) {
    agenda a = {.load = load};
    busy running[MAX_WORKERS];
    size_t n_running = 0, count = 0;
    double now = 0;
    for (;;) {
        uint64_t trial;
        while (n_running < load->workers && next_job(&a, &trial)) {
            running[n_running++] = (busy){.trial = trial, .start = now};
        }
        if (n_running == 0) return count;
        size_t best = 0;
        double best_at = INFINITY;
        for (size_t i = 0; i < n_running; i++) {
            double at = running[i].start + plan_of(&a, running[i].trial)->offset[running[i].next];
            if (at < best_at || (at == best_at && running[i].trial < running[best].trial)) {
                best = i;
                best_at = at;
            }
        }
        busy *b = &running[best];
        const plan *p = plan_of(&a, b->trial);
        out[count++] =
            (step){.trial = b->trial, .number = b->next, .evaluation = a.evaluations[b->trial], .at = best_at};
        now = best_at;
        bool ends = b->next + 1 == p->n || b->next == p->stop_at;
        if (ends) note_end(&a, b->trial, b->next);
        b->next++;
        if (ends) *b = running[--n_running];
    }
}

/* ---- the same workload through hpo_order, with events that arrive whenever they like ---- */

typedef struct flight { /* an evaluation that the order believes running */
    bool used;
    uint64_t trial;
    double start;
    size_t sent;            /* events of the attempt under way */
    size_t given, released; /* events that the order knows, and that it has released */
} flight;

typedef struct physical {
    agenda agenda;
    hpo_order *order;
    const step *expected;
    size_t n_expected, told;
    flight flights[MAX_WORKERS];
    uint64_t queue[MAX_EVALS];
    size_t head, tail;
    uint64_t at_work[MAX_WORKERS];
    size_t n_at_work, n_machines;
} physical;

static flight *flight_of(physical *p, uint64_t trial) {
    for (size_t i = 0; i < MAX_WORKERS; i++) {
        if (p->flights[i].used && p->flights[i].trial == trial) return &p->flights[i];
    }
    return NULL;
}

static void ask(physical *p) {
    uint64_t trial;
    while (hpo_order_idle(p->order) && next_job(&p->agenda, &trial)) {
        size_t i = 0;
        while (p->flights[i].used) i++;
        p->flights[i] = (flight){.used = true, .trial = trial, .start = hpo_order_now(p->order)};
        hpo_order_begin(p->order, trial);
        p->queue[p->tail++] = trial;
    }
}

static double time_of(const physical *p, const flight *f, size_t number) {
    return f->start + plan_of(&p->agenda, f->trial)->offset[number];
}

/* Whether the next event of the oracle is certain from what has arrived: it has, and for every other running trial
 * either its next event is here too or its last one (else its start) lies behind it. */
static bool is_certain(physical *p) {
    if (p->told == p->n_expected) return false;
    const step *next = &p->expected[p->told];
    const flight *own = flight_of(p, next->trial);
    if (!own || own->given <= own->released) return false;
    for (size_t i = 0; i < MAX_WORKERS; i++) {
        const flight *f = &p->flights[i];
        if (!f->used || f == own || f->given > f->released) continue;
        double bound = f->released > 0 ? time_of(p, f, f->released - 1) : f->start;
        if (bound < next->at || (bound == next->at && f->trial < next->trial)) return false;
    }
    return true;
}

static void leave_work(physical *p, uint64_t trial) {
    for (size_t i = 0; i < p->n_at_work; i++) {
        if (p->at_work[i] == trial) p->at_work[i--] = p->at_work[--p->n_at_work];
    }
    size_t kept = p->head;
    for (size_t i = p->head; i < p->tail; i++) {
        if (p->queue[i] != trial) p->queue[kept++] = p->queue[i];
    }
    p->tail = kept;
}

static void release(physical *p) {
    for (;;) {
        bool certain = is_certain(p);
        hpo_raw raw;
        bool released = hpo_order_next(p->order, &raw);
        assert_int_equal(released, certain); /* never too early, never later than it could be */
        if (!released) return;
        const step *want = &p->expected[p->told++];
        flight *f = flight_of(p, raw.trial);
        assert_int_equal(raw.trial, want->trial);
        assert_int_equal(f->released, want->number);
        assert_int_equal(p->agenda.evaluations[raw.trial], want->evaluation);
        const plan *work = plan_of(&p->agenda, raw.trial);
        assert_int_equal(raw.is_report, want->number + 1 < work->n);
        if (raw.is_report) CHECK_SAME_DOUBLE(raw.fidelity, (double)want->number + 1);
        CHECK_SAME_DOUBLE(hpo_order_now(p->order), want->at);
        bool stops = want->number == work->stop_at && raw.is_report;
        f->released++;
        if (stops || !raw.is_report) {
            note_end(&p->agenda, raw.trial, want->number);
            f->used = false;
            leave_work(p, raw.trial);
        }
        if (stops) (void)hpo_order_end(p->order, raw.trial, NULL);
        ask(p);
    }
}

/* The next event of a running evaluation arrives; one that an earlier attempt has given is a repeat, and dropped. */
static void arrive(physical *p, size_t machine) {
    uint64_t trial = p->at_work[machine];
    flight *f = flight_of(p, trial);
    const plan *work = plan_of(&p->agenda, trial);
    size_t number = f->sent++;
    bool is_end = number + 1 == work->n;
    hpo_raw raw = {.trial = trial, .is_report = !is_end, .fidelity = is_end ? 99 : (double)number + 1};
    hpo_order_add(p->order, &raw, work->offset[number]);
    if (number >= f->given) f->given = number + 1;
    if (is_end) p->at_work[machine] = p->at_work[--p->n_at_work];
    release(p);
}

/* The attempt fails and the same machine begins anew: only what was released is still known. */
static void begin_anew(physical *p, size_t machine) {
    flight *f = flight_of(p, p->at_work[machine]);
    hpo_order_retry(p->order, f->trial);
    f->given = f->released;
    f->sent = 0;
    release(p);
}

static void run(const workload *load, const step *expected, size_t n_expected, size_t machines, base_rng *rng) {
    physical p = {.agenda.load = load,
                  .order = hpo_order_create(load->workers),
                  .expected = expected,
                  .n_expected = n_expected,
                  .n_machines = machines};
    ask(&p);
    release(&p);
    for (;;) {
        while (p.n_at_work < p.n_machines && p.head < p.tail) p.at_work[p.n_at_work++] = p.queue[p.head++];
        if (p.n_at_work == 0) break;
        size_t machine = (size_t)base_rng_below(rng, p.n_at_work);
        if (base_rng_below(rng, 8) == 0) {
            begin_anew(&p, machine);
        } else {
            arrive(&p, machine);
        }
    }
    assert_int_equal(p.told, n_expected); /* all results are here: nothing may be left waiting */
    assert_int_equal(hpo_order_running(p.order), 0);
    assert_true(hpo_order_idle(p.order));
    hpo_order_destroy(p.order);
}

static void test_any_arrival_gives_the_sequence_of_the_simulation(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(11, BASE_RNG_TEST, 0, 0);
    step *expected = base_calloc(MAX_STEPS * 2, sizeof *expected);
    for (int round = 0; round < 300; round++) {
        workload load = random_workload(&rng);
        size_t count = simulate(&load, expected);
        for (size_t machines = 1; machines <= MAX_WORKERS; machines++) run(&load, expected, count, machines, &rng);
    }
    free(expected);
}

/* ---- single rules, by hand ---- */

static hpo_raw end_of(uint64_t trial) {
    return (hpo_raw){.trial = trial, .fidelity = 9};
}
static hpo_raw report_of(uint64_t trial, double at_step) {
    return (hpo_raw){.trial = trial, .is_report = true, .fidelity = at_step};
}

static void test_ties_go_to_the_lower_trial(void **state) {
    (void)state;
    hpo_order *order = hpo_order_create(3);
    for (uint64_t trial = 0; trial < 3; trial++) hpo_order_begin(order, trial);
    hpo_raw raw;
    for (uint64_t trial = 3; trial-- > 0;) {
        assert_false(hpo_order_next(order, &raw));
        hpo_order_add(order, &(hpo_raw){.trial = trial}, 2);
    }
    for (uint64_t trial = 0; trial < 3; trial++) {
        assert_true(hpo_order_next(order, &raw));
        assert_int_equal(raw.trial, trial);
    }
    assert_false(hpo_order_next(order, &raw));
    hpo_order_destroy(order);
}

static void test_a_report_moves_the_bound(void **state) {
    (void)state;
    hpo_order *order = hpo_order_create(2);
    hpo_raw raw, end = end_of(0), early = report_of(1, 1), late = report_of(1, 2);
    hpo_order_begin(order, 0);
    hpo_order_begin(order, 1);
    hpo_order_add(order, &end, 5);
    assert_false(hpo_order_next(order, &raw)); /* trial 1 may end at any time from 0 */
    hpo_order_add(order, &early, 4);
    assert_true(hpo_order_next(order, &raw));
    assert_int_equal(raw.trial, 1);
    assert_false(hpo_order_next(order, &raw)); /* at 4 it may still have an event before 5 */
    hpo_order_add(order, &late, 5);
    assert_true(hpo_order_next(order, &raw)); /* both stand at 5: the lower trial */
    assert_int_equal(raw.trial, 0);
    assert_true(hpo_order_next(order, &raw));
    assert_int_equal(raw.trial, 1);
    hpo_order_destroy(order);
}

/* Declared costs that disagree with what was reported (an end before its last report) never turn time back. */
static void test_time_never_goes_back(void **state) {
    (void)state;
    hpo_order *order = hpo_order_create(1);
    hpo_raw raw, report = report_of(0, 8), end = end_of(0);
    hpo_order_begin(order, 0);
    hpo_order_add(order, &report, 8);
    hpo_order_add(order, &end, 3);
    assert_true(hpo_order_next(order, &raw));
    CHECK_SAME_DOUBLE(hpo_order_now(order), 8.0);
    assert_true(hpo_order_next(order, &raw));
    CHECK_SAME_DOUBLE(hpo_order_now(order), 8.0);
    hpo_order_begin(order, 1);
    hpo_raw before = report_of(1, 1);
    hpo_order_add(order, &before, -4);
    assert_true(hpo_order_next(order, &raw));
    CHECK_SAME_DOUBLE(hpo_order_now(order), 8.0);
    hpo_order_destroy(order);
}

static void test_a_retry_forgets_what_was_not_released(void **state) {
    (void)state;
    hpo_order *order = hpo_order_create(2);
    hpo_raw raw;
    hpo_order_begin(order, 0);
    hpo_order_begin(order, 1);
    for (int step_number = 1; step_number <= 3; step_number++) {
        hpo_raw report = report_of(0, step_number);
        hpo_order_add(order, &report, step_number);
    }
    hpo_raw other = report_of(1, 1);
    hpo_order_add(order, &other, 1);
    assert_true(hpo_order_next(order, &raw)); /* (1, trial 0) */
    assert_true(hpo_order_next(order, &raw)); /* (1, trial 1) */
    assert_int_equal(raw.trial, 1);
    hpo_order_retry(order, 0);
    hpo_raw late = report_of(1, 9);
    hpo_order_add(order, &late, 9);
    assert_false(hpo_order_next(order, &raw)); /* steps 2 and 3 of trial 0 are unknown again */
    hpo_raw repeat = report_of(0, 1);
    hpo_order_add(order, &repeat, 1);
    assert_false(hpo_order_next(order, &raw)); /* released before: dropped */
    hpo_raw second = report_of(0, 2);
    hpo_order_add(order, &second, 2);
    assert_true(hpo_order_next(order, &raw));
    CHECK_SAME_DOUBLE(raw.fidelity, 2.0);
    hpo_order_destroy(order);
}

static void test_what_comes_after_a_stop_is_forgotten(void **state) {
    (void)state;
    hpo_order *order = hpo_order_create(1);
    hpo_raw raw, first = report_of(0, 1), second = report_of(0, 2), end = end_of(0), next = end_of(1);
    hpo_order_begin(order, 0);
    hpo_order_add(order, &first, 1);
    hpo_order_add(order, &second, 2);
    hpo_order_add(order, &end, 3);
    assert_true(hpo_order_next(order, &raw));
    assert_true(hpo_order_end(order, 0, &raw)); /* it had ended already */
    assert_false(raw.is_report);
    assert_true(hpo_order_idle(order));
    assert_false(hpo_order_next(order, &raw));
    hpo_order_begin(order, 1);
    hpo_order_add(order, &end, 3); /* trial 0 does not run */
    hpo_order_retry(order, 0);
    assert_false(hpo_order_end(order, 0, NULL));
    assert_false(hpo_order_next(order, &raw));
    hpo_order_add(order, &next, 4);
    assert_true(hpo_order_next(order, &raw));
    assert_int_equal(raw.trial, 1);
    CHECK_SAME_DOUBLE(hpo_order_now(order), 5.0);
    hpo_order_destroy(order);
}

static void test_what_comes_out_is_what_went_in(void **state) {
    (void)state;
    hpo_order *order = hpo_order_create(1);
    hpo_raw in = {.trial = 0,
                  .rung = 3,
                  .attempt = 2,
                  .worker = 7,
                  .fidelity = 27,
                  .result = {.failure = HPO_FAILURE_EXIT, .code = 3, .cost = 1.5, .seconds = 0.25, .reason = "why"}};
    hpo_metrics_set(&in.result.metrics, "loss", 0.1);
    hpo_order_begin(order, 0);
    hpo_order_add(order, &in, 1);
    hpo_raw kept = in, raw;
    memset(&in, 0xff, sizeof in); /* the order has its own copy */
    assert_true(hpo_order_next(order, &raw));
    assert_int_equal(raw.rung, kept.rung);
    assert_int_equal(raw.attempt, kept.attempt);
    assert_int_equal(raw.worker, kept.worker);
    assert_int_equal(raw.result.failure, kept.result.failure);
    assert_int_equal(raw.result.code, kept.result.code);
    CHECK_SAME_DOUBLE(raw.result.cost, kept.result.cost);
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&raw.result.metrics, "loss"), 0.1);
    assert_string_equal(raw.result.reason, "why");
    hpo_order_destroy(order);
    hpo_order_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_arrival_gives_the_sequence_of_the_simulation),
        cmocka_unit_test(test_ties_go_to_the_lower_trial),
        cmocka_unit_test(test_a_report_moves_the_bound),
        cmocka_unit_test(test_time_never_goes_back),
        cmocka_unit_test(test_a_retry_forgets_what_was_not_released),
        cmocka_unit_test(test_what_comes_after_a_stop_is_forgotten),
        cmocka_unit_test(test_what_comes_out_is_what_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
