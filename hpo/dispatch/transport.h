/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Four verbs between a controller and its workers: size, send, receive, close. */
#ifndef HPO_DISPATCH_TRANSPORT_H
#define HPO_DISPATCH_TRANSPORT_H

#include "hpo/dispatch/message.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_transport_ops {
    /* Peers: on the controller the number of workers, on a worker 1 (peer 0 is the controller). */
    size_t (*size)(void *self);
    /* Never blocks: the message is copied and on its way. A message to a dead peer vanishes (heartbeats notice). */
    base_status (*send)(void *self, size_t peer, const hpo_message *message, base_err *err);
    /* The next message and who sent it; its pointers are valid until the next receive. Waits at most `timeout` seconds,
     * without burning a core: spins briefly, then sleeps with doubling. fd >= 0: returns early when fd becomes
     * readable. BASE_OK: *message is filled. BASE_END: nothing came (timeout, or fd is readable). */
    base_status (*receive)(void *self, double timeout, int fd, size_t *peer, hpo_message *message, base_err *err);
    /* lost: some peer died, so nothing collective may be called: leave without it. Sends what is still pending. */
    void (*close)(void *self, bool lost);
} hpo_transport_ops;

typedef struct hpo_transport {
    const hpo_transport_ops *ops;
    void *self;
} hpo_transport;

#ifdef __cplusplus
}
#endif
#endif
