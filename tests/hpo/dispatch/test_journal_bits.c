/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 2,000 single bits flipped in the journals of three kinds of runs: each is refused with line and byte, or the journal
 * says the same as before. And runs that go on after much worse damage was repaired. */
#include "tests/hpo/dispatch/rig.h"

#include "base/rng.h"

#define HYPERBAND "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 20}\n"
#define SPACE     "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b, c]}}\n"
#define CONDITIONS                                                                                                     \
    "parameters: {x: {min: 1e-4, max: 1.0, log: true}, c: {values: [a, b, c]}, d: {min: 0.0, max: 0.5, step: 0.1, "    \
    "when: {c: a}}, n: {min: 1, max: 8, when: {c: {in: [b, c]}}}}\n"
#define HEAD "study: rig\nseed: 5\nmetric: loss\nobjective: {fake: {}}\n"

static const char *const kinds[] = {
    HEAD SPACE HYPERBAND,
    HEAD SPACE HYPERBAND "deterministic: true\nworkers: 4\n",
    HEAD CONDITIONS "budget: {trials: 20}\nfailure: {retries: {crash: 1}}\n",
};
enum { KINDS = sizeof kinds / sizeof *kinds, FLIPS = 2001 / KINDS };

/* Some trials fail in every way, some attempts are repeated. */
static fake_fate fail_some(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    static const hpo_failure failures[] = {HPO_FAILURE_TIMEOUT, HPO_FAILURE_OUTPUT, HPO_FAILURE_EXIT};
    if (job->trial % 4 == 1 && job->attempt == 0) {
        return (fake_fate){.deed = FAKE_FAILS, .reports = 1, .failure = HPO_FAILURE_CRASH};
    }
    if (job->trial % 5 != 2) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = FAKE_FAILS, .reports = 1, .failure = failures[job->trial / 5 % 3]};
}

static void write_bytes(const char *path, const base_buf *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text->data, 1, text->length, file), text->length);
    assert_int_equal(fclose(file), 0);
}

/* Flips bits of the journal one after the other; counts those that were refused. */
static size_t flip_bits(const char *yaml, const char *path, uint32_t stream) {
    base_err err;
    base_buf text = {0}, want = {0}, got = {0};
    base_rng rng = base_rng_stream(7, BASE_RNG_TEST, stream, 0);
    size_t refused = 0;
    CHECK_OK(base_read_file(path, &text, &err));
    rig_records(yaml, path, &want);
    const char *flipped = rig_new_journal();
    for (int i = 0; i < FLIPS; i++) {
        const size_t bit = (size_t)base_rng_below(&rng, 8 * text.length);
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
        write_bytes(flipped, &text);
        base_buf_clear(&got);
        if (rig_try_records(yaml, flipped, &got, &err) == BASE_OK) {
            rig_check_same_text(&got, &want);
        } else {
            assert_int_equal(err.code, BASE_CORRUPT);
            CHECK_CONTAINS(err.text, flipped);
            CHECK_CONTAINS(err.text, ": byte ");
            refused++;
        }
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
    }
    base_buf_fini(&text);
    base_buf_fini(&want);
    base_buf_fini(&got);
    return refused;
}

static void test_flipped_bits(void **state) {
    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        rig_run run = {.yaml = kinds[k], .journal = rig_new_journal(), .workers = 3, .fate = fail_some};
        rig_end end;
        rig_go(&run, &end);
        assert_int_equal(end.status, BASE_OK);
        assert_int_equal(end.trials, 20);
        rig_end_fini(&end);
        const size_t refused = flip_bits(kinds[k], run.journal, (uint32_t)k);
        assert_true(refused > FLIPS * 99 / 100); /* the rest hit what is no line of ours, or the last newline */
    }
}

/* ---- runs go on ---- */

/* Some lines are lost and some bytes changed, behind the head. */
static void damage(base_rng *rng, const char *from, const char *to) {
    base_err err;
    base_buf text = {0}, out = {0};
    CHECK_OK(base_read_file(from, &text, &err));
    const char *line = text.data, *end;
    for (size_t number = 1; (end = strchr(line, '\n')); number++, line = end + 1) {
        const size_t start = out.length;
        const double lot = base_rng_uniform(rng);
        if (number > 2 && lot < 0.03) continue;
        base_buf_append(&out, line, (size_t)(end + 1 - line));
        if (number > 2 && lot < 0.06) out.data[start + (size_t)base_rng_below(rng, out.length - start)] ^= 4;
    }
    write_bytes(to, &out);
    base_buf_fini(&text);
    base_buf_fini(&out);
}

/* The study comes to its end, whatever was lost; the deterministic one to the very same. */
static void test_repaired_runs_go_on(void **state) {
    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        rig_run run = {.yaml = kinds[k], .journal = rig_new_journal(), .workers = 3, .fate = fail_some};
        rig_end whole;
        base_rng rng = base_rng_stream(8, BASE_RNG_TEST, (uint32_t)k, 0);
        rig_go_well(&run, &whole, HPO_OUTCOME_DONE);
        const int rounds = k == 1 ? 600 : 60; /* the deterministic one is held to most */
        for (int round = 0; round < rounds; round++) {
            const char *damaged = rig_new_journal();
            base_buf told = {0};
            rig_end end;
            damage(&rng, run.journal, damaged);
            rig_repair(kinds[k], damaged, &told);
            rig_run again = run;
            again.journal = damaged;
            rig_go(&again, &end);
            base_err err = end.err;
            CHECK_OK(end.status);
            assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
            assert_true(end.trials >= 20);
            assert_int_equal(end.running + end.paused, 0);
            if (k == 1) rig_check_same_text(&end.history, &whole.history);
            rig_end_fini(&end);
            base_buf_fini(&told);
        }
        rig_end_fini(&whole);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flipped_bits), cmocka_unit_test(test_repaired_runs_go_on)};
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}
