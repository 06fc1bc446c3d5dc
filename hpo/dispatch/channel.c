/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Framing of messages on a stream of bytes.
 *
 * Both sides run event loops that must never wait for the other: writing queues, reading takes what is there. Input is
 * moved to the front of its buffer only between reads, so that a message taken from it stays where it is, and messages
 * are multiples of 8 bytes long, so that every one of them begins aligned. */
#include "hpo/dispatch/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"

enum { READ_SIZE = 64 * 1024 };

void hpo_channel_init(hpo_channel *channel, int fd) {
    *channel = (hpo_channel){.fd = fd};
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void hpo_channel_fini(hpo_channel *channel) {
    if (channel->fd >= 0) close(channel->fd);
    base_buf_fini(&channel->in);
    base_buf_fini(&channel->out);
    *channel = (hpo_channel){.fd = -1, .ended = true};
}

void hpo_channel_put(hpo_channel *channel, const hpo_message *message) {
    if (!channel->ended) hpo_message_encode(message, &channel->out);
}

size_t hpo_channel_queued(const hpo_channel *channel) {
    return channel->out.length - channel->out_at;
}

void hpo_channel_flush(hpo_channel *channel) {
    while (hpo_channel_queued(channel)) {
        const char *from = channel->out.data + channel->out_at;
        ssize_t done = send(channel->fd, from, hpo_channel_queued(channel), MSG_NOSIGNAL);
        if (done < 0 && errno == EAGAIN) return;
        if (done < 0 && errno != EINTR) break;
        if (done > 0) channel->out_at += (size_t)done;
    }
    base_buf_clear(&channel->out);
    channel->out_at = 0;
}

static void compact(hpo_channel *channel) {
    base_buf *in = &channel->in;
    size_t left = in->length - channel->in_at;
    if (left && channel->in_at) memmove(in->data, in->data + channel->in_at, left);
    in->length = left;
    channel->in_at = 0;
}

bool hpo_channel_read(hpo_channel *channel) {
    base_buf *in = &channel->in;
    if (channel->ended) return false;
    compact(channel);
    BASE_GROW(in->data, in->capacity, in->length + READ_SIZE + 1);
    ssize_t got;
    do got = read(channel->fd, in->data + in->length, READ_SIZE);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        in->length += (size_t)got;
    else if (got == 0 || errno != EAGAIN)
        channel->ended = true;
    return got > 0;
}

base_status hpo_channel_take(hpo_channel *channel, hpo_message *message, base_err *err) {
    size_t left = channel->in.length - channel->in_at;
    if (left < HPO_MESSAGE_HEADER) return BASE_END;
    const char *bytes = channel->in.data + channel->in_at;
    size_t length = hpo_message_length(bytes);
    if (length && left < length) return BASE_END;
    base_status status = hpo_message_decode(bytes, length ? length : left, message, err);
    channel->in_at += length;
    if (status != BASE_OK) channel->ended = true;
    return status;
}
