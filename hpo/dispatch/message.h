/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What travels between controller, workers and fork servers, as bytes.
 *
 * One flat struct for all kinds; only the fields of the kind are encoded. The bytes begin with a fixed header (magic,
 * protocol version, kind, length, trial, attempt), little-endian; both sides run the same program, which HELLO checks.
 */
#ifndef HPO_DISPATCH_MESSAGE_H
#define HPO_DISPATCH_MESSAGE_H

#include "base/buf.h"
#include "hpo/trials/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_message_kind {
    HPO_MESSAGE_HELLO = 1, /* worker -> controller: I am ready, or text says why not */
    HPO_MESSAGE_INIT,      /* worker -> its fork server: the study; and the answer */
    HPO_MESSAGE_JOB,       /* controller -> worker -> fork server */
    HPO_MESSAGE_REPORT,    /* back: an intermediate result */
    HPO_MESSAGE_RESULT,    /* back: the evaluation ended */
    HPO_MESSAGE_STOP,      /* controller -> worker -> fork server: end this trial; see stop */
    HPO_MESSAGE_BEAT,      /* both ways: I am alive */
    HPO_MESSAGE_BYE,       /* controller -> worker: leave; worker -> controller: I leave */
    HPO_MESSAGE_NOTE,      /* fork server -> worker: a sentence for the user, at once */
} hpo_message_kind;

typedef enum hpo_stop_reason {
    HPO_STOP_SEARCHER,  /* its result does not count any more: end it, no answer is needed but a RESULT comes anyway */
    HPO_STOP_INTERRUPT, /* the run stops: save and end within stop_grace; RESULT with failure INTERRUPTED (or a real
                           one) */
    HPO_STOP_KILL,      /* at once */
} hpo_stop_reason;

typedef struct hpo_message {
    hpo_message_kind kind;
    uint64_t trial;
    uint32_t attempt;
    uint32_t rung; /* JOB, REPORT, RESULT */
    /* What tells copies and gaps: a JOB's number among those of its worker, from 1 (0: not counted); a REPORT's among
     * those of its evaluation, from 1; RESULT: how many reports there were; a worker's BEAT: that of its newest job. */
    uint64_t number;
    bool busy; /* a worker's BEAT: that job runs, or its result has not been sent */
    /* JOB */
    double fidelity, from;
    uint64_t seed, parent;
    double parent_fidelity;
    const double *config;
    size_t n_config;
    /* REPORT: step and result.metrics; RESULT: result */
    double step;
    hpo_result result;
    /* STOP */
    hpo_stop_reason stop;
    /* HELLO: status OK or what is wrong with text; INIT answer: the same; BYE */
    base_status status;
    uint64_t identity; /* HELLO: hash of program version and study identity */
    int64_t pid;
    const char *host;
    const char *text; /* HELLO, INIT, NOTE: a sentence or a payload; NUL-terminated, never NULL after decoding */
    size_t text_length;
} hpo_message;

enum { HPO_MESSAGE_HEADER = 32 };

/* Appends the encoded message to out. */
void hpo_message_encode(const hpo_message *message, base_buf *out);
/* Length of the whole message from its first HPO_MESSAGE_HEADER bytes; 0 = not one of ours (magic, version). */
size_t hpo_message_length(const void *header);
/* bytes must be aligned to 8 (malloc'ed memory is); config, host and text point into them. BASE_CORRUPT: magic,
 * version, kind, length or counts are wrong: every byte is checked before it is believed. */
BASE_CHECK base_status hpo_message_decode(const void *bytes, size_t length, hpo_message *message, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
