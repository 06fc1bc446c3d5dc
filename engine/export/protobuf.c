/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wire format of protocol buffers. */
#include "engine/export/protobuf.h"

#include <string.h>

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };

static void put_varint(base_buf *out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) base_buf_putc(out, (char)(value | 0x80));
    base_buf_putc(out, (char)value);
}

static void put_key(base_buf *out, unsigned field, unsigned kind) {
    put_varint(out, field << 3 | kind);
}

void eng_pb_int(base_buf *message, unsigned field, int64_t value) {
    put_key(message, field, VARINT);
    put_varint(message, (uint64_t)value);
}

void eng_pb_float(base_buf *message, unsigned field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(message, field, FIXED32);
    for (unsigned i = 0; i < 32; i += 8) base_buf_putc(message, (char)(bits >> i & 0xff));
}

void eng_pb_bytes(base_buf *message, unsigned field, const void *bytes, size_t length) {
    put_key(message, field, LENGTH);
    put_varint(message, length);
    base_buf_append(message, bytes, length);
}

void eng_pb_string(base_buf *message, unsigned field, const char *text) {
    eng_pb_bytes(message, field, text, strlen(text));
}

void eng_pb_message(base_buf *message, unsigned field, base_buf *part) {
    eng_pb_bytes(message, field, base_buf_text(part), part->length);
    base_buf_clear(part);
}
