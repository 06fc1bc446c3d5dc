/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wire format of protocol buffers, as much as ONNX needs: numbers, strings and messages within messages.
 *
 * A message is written into a buffer of its own and then put into another, so nothing is measured beforehand. These few
 * lines take the place of a library, a compiler for its schema at build time, and a copy of that schema.
 * https://protobuf.dev/programming-guides/encoding */
#ifndef ENG_EXPORT_PROTOBUF_H
#define ENG_EXPORT_PROTOBUF_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

void eng_pb_int(base_buf *message, unsigned field, int64_t value);
void eng_pb_float(base_buf *message, unsigned field, float value);
void eng_pb_string(base_buf *message, unsigned field, const char *text);
/* Bytes, or a message that is complete; the latter is emptied. */
void eng_pb_bytes(base_buf *message, unsigned field, const void *bytes, size_t length);
void eng_pb_message(base_buf *message, unsigned field, base_buf *part);

#ifdef __cplusplus
}
#endif
#endif
