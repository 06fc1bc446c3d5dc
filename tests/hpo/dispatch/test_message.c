/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages: what goes in comes out for every kind; damaged bytes are refused and never read beyond their end. */
#include "hpo/dispatch/message.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/check.h"

static const double config[] = {0.1, NAN, -3.0, 1e300, 0.0};

static hpo_result sample_result(void) {
    hpo_result result = {.failure = HPO_FAILURE_CRASH, .code = 11, .cost = NAN, .seconds = 1.5};
    result.reached = 7.5;
    result.notices = HPO_NOTICE_BIT(STARTED_AGAIN);
    strcpy(result.note, "HPO_CHECKPOINT was empty");
    strcpy(result.artefact, "\xe2\x82\xac [('skip', 0)]");
    strcpy(result.reason, "ended by signal 11 (Segmentation fault)");
    assert_true(hpo_metrics_set(&result.metrics, "valid_error", 0.125));
    assert_true(hpo_metrics_set(&result.metrics, "test_error", -INFINITY));
    return result;
}

static size_t sample_messages(hpo_message out[9]) {
    hpo_message base = {.trial = UINT64_C(0xfedcba9876543210), .attempt = 3, .rung = 7, .number = UINT64_MAX - 1};
    for (size_t i = 0; i < 9; i++) {
        out[i] = base;
        out[i].kind = (hpo_message_kind)(i + 1);
    }
    hpo_message *hello = &out[HPO_MESSAGE_HELLO - 1], *job = &out[HPO_MESSAGE_JOB - 1];
    hello->status = BASE_IO;
    hello->identity = UINT64_MAX;
    hello->pid = 4711;
    hello->host = "node-17";
    hello->text = "cannot read the data";
    out[HPO_MESSAGE_INIT - 1].text = "a\0b";
    out[HPO_MESSAGE_INIT - 1].text_length = 3;
    job->fidelity = 27;
    job->from = 9;
    job->seed = 42;
    job->parent = UINT64_MAX;
    job->parent_fidelity = 0.5;
    job->config = config;
    job->n_config = CHECK_COUNT(config);
    out[HPO_MESSAGE_NOTE - 1].text = "a trial waits";
    out[HPO_MESSAGE_REPORT - 1].step = 3;
    out[HPO_MESSAGE_REPORT - 1].result = sample_result();
    out[HPO_MESSAGE_RESULT - 1].result = sample_result();
    out[HPO_MESSAGE_STOP - 1].stop = HPO_STOP_KILL;
    out[HPO_MESSAGE_BEAT - 1].busy = true;
    return 9;
}

static void check_metrics(const hpo_metrics *got, const hpo_metrics *want) {
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        assert_string_equal(got->item[i].name, want->item[i].name);
        CHECK_SAME_DOUBLE(got->item[i].value, want->item[i].value);
    }
}

static void check_body(const hpo_message *got, const hpo_message *want) {
    switch (want->kind) {
    case HPO_MESSAGE_HELLO:
        assert_int_equal(got->identity, want->identity);
        assert_int_equal(got->pid, want->pid);
        assert_string_equal(got->host, want->host);
        assert_string_equal(got->text, want->text);
        assert_int_equal(got->status, want->status);
        return;
    case HPO_MESSAGE_NOTE: assert_string_equal(got->text, want->text); return;
    case HPO_MESSAGE_INIT:
        assert_int_equal(got->text_length, want->text_length);
        assert_memory_equal(got->text, want->text, want->text_length);
        assert_int_equal(got->text[got->text_length], '\0');
        return;
    case HPO_MESSAGE_JOB:
        CHECK_SAME_DOUBLE(got->fidelity, want->fidelity);
        CHECK_SAME_DOUBLE(got->from, want->from);
        CHECK_SAME_DOUBLE(got->parent_fidelity, want->parent_fidelity);
        assert_int_equal(got->number, want->number);
        assert_int_equal(got->seed, want->seed);
        assert_int_equal(got->parent, want->parent);
        assert_int_equal(got->n_config, want->n_config);
        for (size_t i = 0; i < want->n_config; i++) CHECK_SAME_DOUBLE(got->config[i], want->config[i]);
        return;
    case HPO_MESSAGE_REPORT:
        CHECK_SAME_DOUBLE(got->step, want->step);
        assert_int_equal(got->number, want->number);
        check_metrics(&got->result.metrics, &want->result.metrics);
        return;
    case HPO_MESSAGE_RESULT:
        assert_int_equal(got->result.failure, want->result.failure);
        assert_int_equal(got->result.code, want->result.code);
        CHECK_SAME_DOUBLE(got->result.cost, want->result.cost);
        assert_int_equal(got->number, want->number);
        CHECK_SAME_DOUBLE(got->result.seconds, want->result.seconds);
        CHECK_SAME_DOUBLE(got->result.reached, want->result.reached);
        assert_int_equal(got->result.notices, want->result.notices);
        assert_string_equal(got->result.note, want->result.note);
        assert_string_equal(got->result.reason, want->result.reason);
        assert_string_equal(got->result.artefact, want->result.artefact);
        check_metrics(&got->result.metrics, &want->result.metrics);
        return;
    case HPO_MESSAGE_STOP: assert_int_equal(got->stop, want->stop); return;
    case HPO_MESSAGE_BEAT:
        assert_int_equal(got->number, want->number);
        assert_int_equal(got->busy, want->busy);
        return;
    case HPO_MESSAGE_BYE: return;
    }
    fail();
}

static void test_round_trip(void **state) {
    (void)state;
    hpo_message in[9], out;
    base_err err;
    size_t count = sample_messages(in);
    base_buf bytes = {0};
    for (size_t i = 0; i < count; i++) { /* behind one another, as on a stream */
        size_t before = bytes.length;
        hpo_message_encode(&in[i], &bytes);
        assert_int_equal((bytes.length - before) % 8, 0);
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = hpo_message_length(bytes.data + at);
        CHECK_OK(hpo_message_decode(bytes.data + at, length, &out, &err));
        assert_int_equal(out.kind, in[i].kind);
        assert_int_equal(out.trial, in[i].trial);
        assert_int_equal(out.attempt, in[i].attempt);
        assert_int_equal(out.rung, in[i].rung);
        assert_non_null(out.text);
        assert_non_null(out.host);
        check_body(&out, &in[i]);
        at += length;
    }
    assert_int_equal(at, bytes.length);
    base_buf_fini(&bytes);
}

/* The layout is a protocol: the bytes of one message, written down by hand. */
static void test_bytes(void **state) {
    (void)state;
    static const unsigned char want[] = {'H', 'P', 'O', 'M', 4, 0, 6, 0, 32, 0, 0, 0, 2, 0, 0, 0, /* STOP, 32 bytes */
                                         5,   1,   0,   0,   0, 0, 0, 0, 3,  0, 0, 0, 1, 0, 0, 0};
    hpo_message stop = {.kind = HPO_MESSAGE_STOP, .trial = 0x105, .attempt = 2, .rung = 3, .stop = HPO_STOP_INTERRUPT};
    base_buf bytes = {0};
    hpo_message_encode(&stop, &bytes);
    assert_int_equal(bytes.length, sizeof want);
    assert_memory_equal(bytes.data, want, sizeof want);
    base_buf_fini(&bytes);
}

static void test_foreign_bytes(void **state) {
    (void)state;
    hpo_message message = {.kind = HPO_MESSAGE_BYE};
    base_err err;
    base_buf bytes = {0};
    hpo_message_encode(&message, &bytes);
    assert_int_equal(hpo_message_length(bytes.data), HPO_MESSAGE_HEADER);
    CHECK_STATUS(hpo_message_decode(bytes.data, bytes.length - 1, &message, &err), BASE_CORRUPT);
    bytes.data[4]++; /* another version */
    assert_int_equal(hpo_message_length(bytes.data), 0);
    bytes.data[4]--;
    bytes.data[0] = 'X';
    assert_int_equal(hpo_message_length(bytes.data), 0);
    CHECK_STATUS(hpo_message_decode(bytes.data, bytes.length, &message, &err), BASE_CORRUPT);
    base_buf_fini(&bytes);
}

/* Everything that a decoded message points to, and every enumerator, must be in range. */
static void check_sane(const hpo_message *message, const char *bytes, size_t length) {
    const char *end = bytes + length;
    if (message->n_config) {
        const char *from = (const char *)message->config;
        assert_true(from >= bytes && from + message->n_config * sizeof(double) <= end);
    }
    if (message->text_length) assert_true(message->text >= bytes && message->text + message->text_length < end);
    assert_int_equal(message->text[message->text_length], '\0');
    assert_true(message->result.failure < HPO_FAILURE_COUNT);
    assert_true(message->result.metrics.count <= HPO_MAX_METRICS);
    assert_true(message->stop <= HPO_STOP_KILL);
    assert_true(message->status <= BASE_INTERNAL);
    assert_true(strlen(message->result.reason) < sizeof message->result.reason);
    assert_true(strlen(message->result.artefact) < sizeof message->result.artefact);
    assert_true(strlen(message->result.note) < sizeof message->result.note);
    assert_int_equal(message->result.notices >> HPO_NOTICE_COUNT, 0);
    for (size_t i = 0; i < message->result.metrics.count; i++)
        assert_true(strlen(message->result.metrics.item[i].name) < HPO_METRIC_NAME);
}

static void mutate(char *bytes, size_t *length, base_rng *rng) {
    uint64_t edits = 1 + base_rng_below(rng, 4);
    for (uint64_t k = 0; k < edits; k++) {
        size_t at = (size_t)base_rng_below(rng, *length);
        if (base_rng_below(rng, 2)) at = at & ~(size_t)7; /* counts and lengths begin there */
        switch (base_rng_below(rng, 4)) {
        case 0: bytes[at] = (char)base_rng_below(rng, 256); break;
        case 1: bytes[at] = (char)(bytes[at] ^ (1 << base_rng_below(rng, 8))); break;
        case 2: bytes[at] = (char)0xff; break;
        default: bytes[at] = (char)(bytes[at] + 1); break;
        }
    }
    if (base_rng_below(rng, 3) == 0) *length = (size_t)base_rng_below(rng, *length + 1);
    uint32_t told = (uint32_t)*length;
    if (*length >= HPO_MESSAGE_HEADER && base_rng_below(rng, 2)) memcpy(bytes + 8, &told, sizeof told);
}

static void test_mutations(void **state) {
    (void)state;
    hpo_message in[9];
    size_t count = sample_messages(in), accepted = 0, refused = 0;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    base_buf bytes = {0};
    for (int round = 0; round < 20000; round++) {
        base_err err;
        hpo_message out;
        base_buf_clear(&bytes);
        hpo_message_encode(&in[base_rng_below(&rng, count)], &bytes);
        size_t length = bytes.length;
        mutate(bytes.data, &length, &rng);
        char *exact = base_malloc(length ? length : 1); /* a read past the end is a fault under AddressSanitizer */
        memcpy(exact, bytes.data, length);
        if (hpo_message_decode(exact, length, &out, &err) == BASE_OK) {
            check_sane(&out, exact, length);
            accepted++;
        } else {
            assert_int_equal(err.code, BASE_CORRUPT);
            refused++;
        }
        free(exact);
    }
    assert_true(accepted > 1000 && refused > 1000);
    base_buf_fini(&bytes);
}

static void test_speed(void **state) {
    (void)state;
    enum { ROUNDS = 100000 };
    hpo_message in[9], out;
    base_err err;
    sample_messages(in);
    base_buf bytes = {0};
    double best = INFINITY;
    for (int repeat = 0; repeat < 5; repeat++) {
        double start = base_monotonic();
        for (int i = 0; i < ROUNDS; i++) {
            base_buf_clear(&bytes);
            hpo_message_encode(&in[i % 2 ? HPO_MESSAGE_JOB - 1 : HPO_MESSAGE_RESULT - 1], &bytes);
            CHECK_OK(hpo_message_decode(bytes.data, bytes.length, &out, &err));
        }
        best = fmin(best, (base_monotonic() - start) / ROUNDS);
    }
    print_message("encode and decode: %.0f ns\n", best * 1e9);
    assert_true(best < 20e-6); /* a bound for any build and machine: an accident, not a regression */
    base_buf_fini(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bytes), cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_mutations),  cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
