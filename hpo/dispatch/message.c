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
 *   metrics  count u64, then name[32] and value each   texts   length u64, the bytes, a NUL, padding to 8
 *
 * Every field is a multiple of 8 bytes long, so that a message in aligned memory is read in place. A decoder believes
 * nothing: a length that does not fit what is left, a text without its NUL, an enumerator out of range or bytes left
 * over make the message corrupt. */
#include "hpo/dispatch/message.h"

#include <string.h>

#include "base/arena.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "messages carry numbers as the machine holds them");
_Static_assert(sizeof(hpo_metric) == HPO_METRIC_NAME + sizeof(double), "metrics travel as they lie in memory");

#define MESSAGE_MAGIC   0x4d4f5048u /* "HPOM" */
#define MESSAGE_VERSION 4u
#define MESSAGE_MAX     0x40000000u /* 1 GiB: longer is not a message but garbage */

typedef struct header {
    uint32_t magic;
    uint16_t version, kind;
    uint32_t length, attempt;
    uint64_t trial;
    uint32_t rung, code;
} header;
_Static_assert(sizeof(header) == HPO_MESSAGE_HEADER, "the header has no padding");

/* ---- encoding: put writes at a cursor into room that was reserved before ---- */

static size_t padded(size_t length) {
    return (length + 7) & ~(size_t)7;
}

static size_t text_size(size_t length) {
    return 8 + padded(length + 1);
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t length) {
    if (length) memcpy(at, bytes, length);
    return at + length;
}

static unsigned char *put_u64(unsigned char *at, uint64_t value) {
    return put(at, &value, sizeof value);
}

static unsigned char *put_double(unsigned char *at, double value) {
    return put(at, &value, sizeof value);
}

static unsigned char *put_text(unsigned char *at, const char *text, size_t length) {
    size_t space = padded(length + 1);
    at = put_u64(at, length);
    memset(at + space - 8, 0, 8); /* the NUL and the padding lie in the last eight bytes */
    put(at, text, length);
    return at + space;
}

static unsigned char *put_metrics(unsigned char *at, const hpo_metrics *metrics) {
    at = put_u64(at, metrics->count);
    return put(at, metrics->item, metrics->count * sizeof *metrics->item);
}

static size_t metrics_size(const hpo_metrics *metrics) {
    return 8 + metrics->count * sizeof *metrics->item;
}

/* A caller may leave text_length at 0 for a plain sentence. */
static size_t text_length(const hpo_message *message) {
    return message->text_length || !message->text ? message->text_length : strlen(message->text);
}

static size_t body_size(const hpo_message *message) {
    const hpo_result *result = &message->result;
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
        return 16 + text_size(message->host ? strlen(message->host) : 0) + text_size(text_length(message));
    case HPO_MESSAGE_INIT:
    case HPO_MESSAGE_NOTE: return text_size(text_length(message));
    case HPO_MESSAGE_JOB: return 56 + message->n_config * sizeof(double);
    case HPO_MESSAGE_REPORT: return 16 + metrics_size(&result->metrics);
    case HPO_MESSAGE_RESULT:
        return 48 + metrics_size(&result->metrics) + text_size(strlen(result->note)) +
               text_size(strlen(result->reason)) + text_size(strlen(result->artefact));
    case HPO_MESSAGE_BEAT: return 8;
    case HPO_MESSAGE_STOP:
    case HPO_MESSAGE_BYE: break;
    }
    return 0;
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

static unsigned char *put_body(unsigned char *at, const hpo_message *message) {
    const hpo_result *result = &message->result;
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
        at = put_u64(at, message->identity);
        at = put_u64(at, (uint64_t)message->pid);
        at = put_text(at, message->host, message->host ? strlen(message->host) : 0);
        return put_text(at, message->text, text_length(message));
    case HPO_MESSAGE_INIT:
    case HPO_MESSAGE_NOTE: return put_text(at, message->text, text_length(message));
    case HPO_MESSAGE_JOB:
        at = put_u64(at, message->number);
        at = put_double(at, message->fidelity);
        at = put_double(at, message->from);
        at = put_u64(at, message->seed);
        at = put_u64(at, message->parent);
        at = put_double(at, message->parent_fidelity);
        at = put_u64(at, message->n_config);
        return put(at, message->config, message->n_config * sizeof *message->config);
    case HPO_MESSAGE_REPORT:
        at = put_u64(at, message->number);
        return put_metrics(put_double(at, message->step), &result->metrics);
    case HPO_MESSAGE_RESULT:
        at = put_u64(at, message->number);
        at = put_u64(at, (uint64_t)(int64_t)result->code);
        at = put_double(at, result->cost);
        at = put_double(at, result->seconds);
        at = put_double(at, result->reached);
        at = put_u64(at, result->notices);
        at = put_metrics(at, &result->metrics);
        at = put_text(at, result->note, strlen(result->note));
        at = put_text(at, result->reason, strlen(result->reason));
        return put_text(at, result->artefact, strlen(result->artefact));
    case HPO_MESSAGE_BEAT: return put_u64(at, message->number);
    case HPO_MESSAGE_STOP:
    case HPO_MESSAGE_BYE: break;
    }
    return at;
}

void hpo_message_encode(const hpo_message *message, base_buf *out) {
    size_t length = HPO_MESSAGE_HEADER + body_size(message);
    BASE_ASSERT(length <= MESSAGE_MAX && message->result.metrics.count <= HPO_MAX_METRICS);
    header head = {
        .magic = MESSAGE_MAGIC,
        .version = MESSAGE_VERSION,
        .kind = (uint16_t)message->kind,
        .length = (uint32_t)length,
        .attempt = message->attempt,
        .trial = message->trial,
        .rung = message->rung,
        .code = header_code(message),
    };
    BASE_GROW(out->data, out->capacity, out->length + length + 1);
    unsigned char *at = (unsigned char *)out->data + out->length;
    unsigned char *end = put_body(put(at, &head, sizeof head), message);
    BASE_ASSERT((size_t)(end - at) == length);
    out->length += length;
    out->data[out->length] = '\0';
}

size_t hpo_message_length(const void *bytes) {
    header head;
    memcpy(&head, bytes, sizeof head);
    bool ours = head.magic == MESSAGE_MAGIC && head.version == MESSAGE_VERSION;
    return ours && head.length >= sizeof head && head.length <= MESSAGE_MAX ? head.length : 0;
}

/* ---- decoding: take reads at a cursor that knows what is left; after a failure everything reads as zero ---- */

typedef struct cursor {
    const unsigned char *at;
    size_t left;
    bool failed;
} cursor;

static const void *take(cursor *in, size_t length) {
    if (in->failed || length > in->left) {
        in->failed = true;
        return NULL;
    }
    const void *bytes = in->at;
    in->at += length;
    in->left -= length;
    return bytes;
}

static uint64_t take_u64(cursor *in) {
    const void *bytes = take(in, sizeof(uint64_t));
    uint64_t value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return value;
}

static double take_double(cursor *in) {
    const void *bytes = take(in, sizeof(double));
    double value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return value;
}

static const char *take_text(cursor *in, size_t *length) {
    uint64_t count = take_u64(in);
    const char *text = count < MESSAGE_MAX ? take(in, padded((size_t)count + 1)) : NULL;
    if (!text || text[count] != '\0') {
        in->failed = true;
        *length = 0;
        return "";
    }
    *length = (size_t)count;
    return text;
}

static void take_metrics(cursor *in, hpo_metrics *metrics) {
    uint64_t count = take_u64(in);
    if (count > HPO_MAX_METRICS) in->failed = true;
    size_t size = in->failed ? 0 : (size_t)count * sizeof *metrics->item;
    const void *items = take(in, size);
    metrics->count = 0;
    if (!items) return;
    memcpy(metrics->item, items, size);
    metrics->count = (size_t)count;
    for (size_t i = 0; i < metrics->count; i++)
        if (!memchr(metrics->item[i].name, '\0', HPO_METRIC_NAME)) in->failed = true;
}

static void take_sentence(cursor *in, char *sentence, size_t size) {
    size_t length;
    const char *text = take_text(in, &length);
    if (length >= size || strlen(text) != length) {
        in->failed = true;
        length = 0;
    }
    memcpy(sentence, text, length);
    sentence[length] = '\0';
}

static uint32_t take_notices(cursor *in) {
    uint64_t notices = take_u64(in);
    if (notices >> HPO_NOTICE_COUNT) in->failed = true;
    return in->failed ? 0 : (uint32_t)notices;
}

static void take_result(cursor *in, uint32_t code, hpo_result *result) {
    if (code >= HPO_FAILURE_COUNT) in->failed = true;
    result->failure = in->failed ? HPO_FAILURE_NONE : (hpo_failure)code;
    int64_t exit_code = (int64_t)take_u64(in);
    if (exit_code != (int32_t)exit_code) in->failed = true;
    result->code = (int)exit_code;
    result->cost = take_double(in);
    result->seconds = take_double(in);
    result->reached = take_double(in);
    result->notices = take_notices(in);
    take_metrics(in, &result->metrics);
    take_sentence(in, result->note, sizeof result->note);
    take_sentence(in, result->reason, sizeof result->reason);
    take_sentence(in, result->artefact, sizeof result->artefact);
}

static void take_job(cursor *in, hpo_message *message) {
    message->number = take_u64(in);
    message->fidelity = take_double(in);
    message->from = take_double(in);
    message->seed = take_u64(in);
    message->parent = take_u64(in);
    message->parent_fidelity = take_double(in);
    uint64_t count = take_u64(in);
    if (count > in->left / sizeof(double)) in->failed = true;
    message->config = take(in, in->failed ? 0 : (size_t)count * sizeof(double));
    message->n_config = message->config ? (size_t)count : 0;
}

static void take_status(cursor *in, uint32_t code, hpo_message *message) {
    if (code > BASE_INTERNAL) in->failed = true;
    message->status = in->failed ? BASE_OK : (base_status)code;
}

static void take_body(cursor *in, uint32_t code, hpo_message *message) {
    size_t length;
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
        take_status(in, code, message);
        message->identity = take_u64(in);
        message->pid = (int64_t)take_u64(in);
        message->host = take_text(in, &length);
        message->text = take_text(in, &message->text_length);
        return;
    case HPO_MESSAGE_INIT:
        take_status(in, code, message);
        message->text = take_text(in, &message->text_length);
        return;
    case HPO_MESSAGE_NOTE: message->text = take_text(in, &message->text_length); return;
    case HPO_MESSAGE_JOB: take_job(in, message); return;
    case HPO_MESSAGE_REPORT:
        message->number = take_u64(in);
        message->step = take_double(in);
        take_metrics(in, &message->result.metrics);
        return;
    case HPO_MESSAGE_RESULT:
        message->number = take_u64(in);
        take_result(in, code, &message->result);
        return;
    case HPO_MESSAGE_STOP:
        if (code > HPO_STOP_KILL) in->failed = true;
        message->stop = in->failed ? HPO_STOP_SEARCHER : (hpo_stop_reason)code;
        return;
    case HPO_MESSAGE_BEAT:
        if (code > 1) in->failed = true;
        message->busy = code == 1;
        message->number = take_u64(in);
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
    cursor in = {.at = (const unsigned char *)bytes + sizeof head, .left = length - sizeof head};
    take_body(&in, head.code, message);
    if (in.failed || in.left)
        return BASE_FAIL(err, BASE_CORRUPT, "a message of kind %u and %zu bytes is damaged", (unsigned)head.kind,
                         length);
    return BASE_OK;
}
