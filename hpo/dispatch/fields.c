/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/dispatch/fields.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers travel as the machine holds them");

static size_t padded(size_t length) {
    return (length + 7) & ~(size_t)7;
}

void hpo_put_u64(base_buf *out, uint64_t value) {
    base_buf_append(out, &value, sizeof value);
}

void hpo_put_double(base_buf *out, double value) {
    base_buf_append(out, &value, sizeof value);
}

void hpo_put_text(base_buf *out, const char *text, size_t length) {
    static const char zeros[8] = "";
    hpo_put_u64(out, length);
    base_buf_append(out, text, length);
    base_buf_append(out, zeros, padded(length + 1) - length);
}

void hpo_put_sentence(base_buf *out, const char *text) {
    hpo_put_text(out, text ? text : "", text ? strlen(text) : 0);
}

const void *hpo_take(hpo_fields *in, size_t length) {
    if (in->failed || length > in->left) {
        in->failed = true;
        return NULL;
    }
    const void *bytes = in->at;
    in->at += length;
    in->left -= length;
    return bytes;
}

uint64_t hpo_take_u64(hpo_fields *in) {
    const void *bytes = hpo_take(in, sizeof(uint64_t));
    uint64_t value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return value;
}

double hpo_take_double(hpo_fields *in) {
    const void *bytes = hpo_take(in, sizeof(double));
    double value = 0;
    if (bytes) memcpy(&value, bytes, sizeof value);
    return value;
}

const char *hpo_take_text(hpo_fields *in, size_t *length) {
    const uint64_t count = hpo_take_u64(in);
    const char *text = count < HPO_FIELD_MAX ? hpo_take(in, padded((size_t)count + 1)) : NULL;
    const bool good = text && text[count] == '\0';
    if (!good) in->failed = true;
    if (length) *length = good ? (size_t)count : 0;
    return good ? text : "";
}

const char *hpo_take_copy(hpo_fields *in, base_arena *arena, size_t *length) {
    size_t count;
    const char *text = hpo_take_text(in, &count);
    char *copy = base_arena_alloc(arena, count + 1);
    memcpy(copy, text, count + 1);
    if (length) *length = count;
    return copy;
}
