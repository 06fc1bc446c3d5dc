/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages as bytes: a fixed header and the fields of the kind.
 *
 *   header   magic u32, version u16, kind u16, length u32 (all of it), attempt u32, trial u64, rung u32, code u32
 *            (code: the status of HELLO and INIT, the reason of STOP, the failure of RESULT, whether a BEAT's worker is
 *            busy)
 *   HELLO    identity u64, pid i64, host, text         INIT    text         BEAT    number u64
 *   JOB      number u64, fidelity, from, seed, parent, parent_fidelity, n_config u64, config
 *   REPORT   number u64, step, metrics
 *   RESULT   number u64, exit code i64, cost, seconds, reached, notices u64, metrics, note, reason, artefact
 *   metrics  count u64, then name[32] and value each   texts   as in fields.h
 *
 * Every field is a multiple of 8 bytes long, so that a message in aligned memory is read in place. A decoder believes
 * nothing: a length that does not fit what is left, a text without its NUL, an enumerator out of range or bytes left
 * over make the message corrupt. */
#include "hpo/dispatch/message.h"

#include <string.h>

#include "base/arena.h"
#include "hpo/dispatch/fields.h"

_Static_assert(sizeof(hpo_metric) == HPO_METRIC_NAME + sizeof(double), "metrics travel as they lie in memory");

#define MESSAGE_MAGIC   0x4d4f5048u /* "HPOM" */
#define MESSAGE_VERSION 4u
#define MESSAGE_MAX     HPO_FIELD_MAX

typedef struct header {
    uint32_t magic;
    uint16_t version, kind;
    uint32_t length, attempt;
    uint64_t trial;
    uint32_t rung, code;
} header;
_Static_assert(sizeof(header) == HPO_MESSAGE_HEADER, "the header has no padding");

/* ---- encoding ---- */

static void put_metrics(base_buf *out, const hpo_metrics *metrics) {
    hpo_put_u64(out, metrics->count);
    base_buf_append(out, metrics->item, metrics->count * sizeof *metrics->item);
}

/* A caller may leave text_length at 0 for a plain sentence. */
static void put_text(base_buf *out, const hpo_message *message) {
    if (message->text && message->text_length > 0)
        hpo_put_text(out, message->text, message->text_length);
    else
        hpo_put_sentence(out, message->text);
}

static uint32_t header_code(const hpo_message *message) {
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
    case HPO_MESSAGE_INIT:
    case HPO_MESSAGE_BYE: return (uint32_t)message->status;
    case HPO_MESSAGE_STOP: return (uint32_t)message->stop;
    case HPO_MESSAGE_RESULT: return (uint32_t)message->result.failure;
    case HPO_MESSAGE_BEAT: return message->busy;
    default: return 0;
    }
}

static void put_result(base_buf *out, const hpo_result *result) {
    hpo_put_u64(out, (uint64_t)(int64_t)result->code);
    hpo_put_double(out, result->cost);
    hpo_put_double(out, result->seconds);
    hpo_put_double(out, result->reached);
    hpo_put_u64(out, result->notices);
    put_metrics(out, &result->metrics);
    hpo_put_sentence(out, result->note);
    hpo_put_sentence(out, result->reason);
    hpo_put_sentence(out, result->artefact);
}

static void put_job(base_buf *out, const hpo_message *message) {
    hpo_put_u64(out, message->number);
    hpo_put_double(out, message->fidelity);
    hpo_put_double(out, message->from);
    hpo_put_u64(out, message->seed);
    hpo_put_u64(out, message->parent);
    hpo_put_double(out, message->parent_fidelity);
    hpo_put_u64(out, message->n_config);
    base_buf_append(out, message->config, message->n_config * sizeof *message->config);
}

static void put_body(base_buf *out, const hpo_message *message) {
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
        hpo_put_u64(out, message->identity);
        hpo_put_u64(out, (uint64_t)message->pid);
        hpo_put_sentence(out, message->host);
        put_text(out, message);
        return;
    case HPO_MESSAGE_INIT:
    case HPO_MESSAGE_NOTE: put_text(out, message); return;
    case HPO_MESSAGE_JOB: put_job(out, message); return;
    case HPO_MESSAGE_REPORT:
        hpo_put_u64(out, message->number);
        hpo_put_double(out, message->step);
        put_metrics(out, &message->result.metrics);
        return;
    case HPO_MESSAGE_RESULT:
        hpo_put_u64(out, message->number);
        put_result(out, &message->result);
        return;
    case HPO_MESSAGE_BEAT: hpo_put_u64(out, message->number); return;
    case HPO_MESSAGE_STOP:
    case HPO_MESSAGE_BYE: return;
    }
}

void hpo_message_encode(const hpo_message *message, base_buf *out) {
    BASE_ASSERT(message->result.metrics.count <= HPO_MAX_METRICS);
    header head = {
        .magic = MESSAGE_MAGIC,
        .version = MESSAGE_VERSION,
        .kind = (uint16_t)message->kind,
        .attempt = message->attempt,
        .trial = message->trial,
        .rung = message->rung,
        .code = header_code(message),
    };
    const size_t begin = out->length;
    base_buf_append(out, &head, sizeof head);
    put_body(out, message);
    const size_t length = out->length - begin;
    BASE_ASSERT(length <= MESSAGE_MAX);
    head.length = (uint32_t)length;
    memcpy(out->data + begin, &head, sizeof head);
}

size_t hpo_message_length(const void *bytes) {
    header head;
    memcpy(&head, bytes, sizeof head);
    bool ours = head.magic == MESSAGE_MAGIC && head.version == MESSAGE_VERSION;
    return ours && head.length >= sizeof head && head.length <= MESSAGE_MAX ? head.length : 0;
}

/* ---- decoding ---- */

static void take_metrics(hpo_fields *in, hpo_metrics *metrics) {
    uint64_t count = hpo_take_u64(in);
    if (count > HPO_MAX_METRICS) in->failed = true;
    size_t size = in->failed ? 0 : (size_t)count * sizeof *metrics->item;
    const void *items = hpo_take(in, size);
    metrics->count = 0;
    if (!items) return;
    memcpy(metrics->item, items, size);
    metrics->count = (size_t)count;
    for (size_t i = 0; i < metrics->count; i++)
        if (!memchr(metrics->item[i].name, '\0', HPO_METRIC_NAME)) in->failed = true;
}

static void take_sentence(hpo_fields *in, char *sentence, size_t size) {
    size_t length;
    const char *text = hpo_take_text(in, &length);
    if (length >= size || strlen(text) != length) {
        in->failed = true;
        length = 0;
    }
    memcpy(sentence, text, length);
    sentence[length] = '\0';
}

static uint32_t take_notices(hpo_fields *in) {
    uint64_t notices = hpo_take_u64(in);
    if (notices >> HPO_NOTICE_COUNT) in->failed = true;
    return in->failed ? 0 : (uint32_t)notices;
}

static void take_result(hpo_fields *in, uint32_t code, hpo_result *result) {
    if (code >= HPO_FAILURE_COUNT) in->failed = true;
    result->failure = in->failed ? HPO_FAILURE_NONE : (hpo_failure)code;
    int64_t exit_code = (int64_t)hpo_take_u64(in);
    if (exit_code != (int32_t)exit_code) in->failed = true;
    result->code = (int)exit_code;
    result->cost = hpo_take_double(in);
    result->seconds = hpo_take_double(in);
    result->reached = hpo_take_double(in);
    result->notices = take_notices(in);
    take_metrics(in, &result->metrics);
    take_sentence(in, result->note, sizeof result->note);
    take_sentence(in, result->reason, sizeof result->reason);
    take_sentence(in, result->artefact, sizeof result->artefact);
}

static void take_job(hpo_fields *in, hpo_message *message) {
    message->number = hpo_take_u64(in);
    message->fidelity = hpo_take_double(in);
    message->from = hpo_take_double(in);
    message->seed = hpo_take_u64(in);
    message->parent = hpo_take_u64(in);
    message->parent_fidelity = hpo_take_double(in);
    uint64_t count = hpo_take_u64(in);
    if (count > in->left / sizeof(double)) in->failed = true;
    message->config = hpo_take(in, in->failed ? 0 : (size_t)count * sizeof(double));
    message->n_config = message->config ? (size_t)count : 0;
}

static void take_status(hpo_fields *in, uint32_t code, hpo_message *message) {
    if (code > BASE_INTERNAL) in->failed = true;
    message->status = in->failed ? BASE_OK : (base_status)code;
}

static void take_body(hpo_fields *in, uint32_t code, hpo_message *message) {
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
        take_status(in, code, message);
        message->identity = hpo_take_u64(in);
        message->pid = (int64_t)hpo_take_u64(in);
        message->host = hpo_take_text(in, NULL);
        message->text = hpo_take_text(in, &message->text_length);
        return;
    case HPO_MESSAGE_INIT:
        take_status(in, code, message);
        message->text = hpo_take_text(in, &message->text_length);
        return;
    case HPO_MESSAGE_NOTE: message->text = hpo_take_text(in, &message->text_length); return;
    case HPO_MESSAGE_JOB: take_job(in, message); return;
    case HPO_MESSAGE_REPORT:
        message->number = hpo_take_u64(in);
        message->step = hpo_take_double(in);
        take_metrics(in, &message->result.metrics);
        return;
    case HPO_MESSAGE_RESULT:
        message->number = hpo_take_u64(in);
        take_result(in, code, &message->result);
        return;
    case HPO_MESSAGE_STOP:
        if (code > HPO_STOP_KILL) in->failed = true;
        message->stop = in->failed ? HPO_STOP_SEARCHER : (hpo_stop_reason)code;
        return;
    case HPO_MESSAGE_BEAT:
        if (code > 1) in->failed = true;
        message->busy = code == 1;
        message->number = hpo_take_u64(in);
        return;
    case HPO_MESSAGE_BYE: take_status(in, code, message); return;
    }
    in->failed = true;
}

base_status hpo_message_decode(const void *bytes, size_t length, hpo_message *message, base_err *err) {
    if (length < HPO_MESSAGE_HEADER || hpo_message_length(bytes) != length)
        return BASE_FAIL(err, BASE_CORRUPT, "a message of %zu bytes does not begin with a header of this program",
                         length);
    header head;
    memcpy(&head, bytes, sizeof head);
    *message = (hpo_message){.kind = (hpo_message_kind)head.kind,
                             .trial = head.trial,
                             .attempt = head.attempt,
                             .rung = head.rung,
                             .host = "",
                             .text = ""};
    hpo_fields in = {.at = (const unsigned char *)bytes + sizeof head, .left = length - sizeof head};
    take_body(&in, head.code, message);
    if (in.failed || in.left)
        return BASE_FAIL(err, BASE_CORRUPT, "a message of kind %u and %zu bytes is damaged", (unsigned)head.kind,
                         length);
    return BASE_OK;
}
