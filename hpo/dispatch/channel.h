/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages over a socket, or in from a pipe, without blocking: bytes go in and out in pieces, messages whole. */
#ifndef HPO_DISPATCH_CHANNEL_H
#define HPO_DISPATCH_CHANNEL_H

#include "hpo/dispatch/message.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_channel {
    int fd;
    bool ended; /* nothing more can be read: the other side is gone */
    base_buf in, out;
    size_t in_at, out_at; /* bytes given out of `in`, written from `out` */
} hpo_channel;

/* Takes fd, which becomes non-blocking and close-on-exec. */
void hpo_channel_init(hpo_channel *channel, int fd);
/* Closes it; what is queued is lost. */
void hpo_channel_fini(hpo_channel *channel);
/* Queues a message; hpo_channel_flush sends it. */
void hpo_channel_put(hpo_channel *channel, const hpo_message *message);
/* Sends what can be sent now. To a side that is gone it goes nowhere: reading tells. */
void hpo_channel_flush(hpo_channel *channel);
size_t hpo_channel_queued(const hpo_channel *channel); /* bytes that wait to be written */
/* Reads at most 64 KiB that are there now; false: nothing came. */
bool hpo_channel_read(hpo_channel *channel);
/* The next whole message of what was read; its pointers are valid until the next read. BASE_END: none is complete.
 * BASE_CORRUPT: what came is not a message, and the channel has ended. */
BASE_CHECK base_status hpo_channel_take(hpo_channel *channel, hpo_message *message, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
