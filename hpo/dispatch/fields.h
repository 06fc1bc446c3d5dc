/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and texts as bytes: what messages, the study that a fork server gets and what rank 0 tells the others are
 * made of. A number is eight bytes as the machine holds it. A text is its length, its bytes, which may be any, a NUL,
 * and padding to a multiple of eight, so that all fields lie aligned and are read in place. */
#ifndef HPO_DISPATCH_FIELDS_H
#define HPO_DISPATCH_FIELDS_H

#include "base/arena.h"
#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HPO_FIELD_MAX 0x40000000u /* bytes, 1 GiB: longer is no text but garbage */

void hpo_put_u64(base_buf *out, uint64_t value);
void hpo_put_double(base_buf *out, double value);
void hpo_put_text(base_buf *out, const char *text, size_t length);
/* A text up to its NUL; NULL is put as an empty one. */
void hpo_put_sentence(base_buf *out, const char *text);

/* What is left to be taken. After a failure everything reads as zero, or as an empty text. */
typedef struct hpo_fields {
    const unsigned char *at;
    size_t left;
    bool failed;
} hpo_fields;

/* So many bytes in place, or NULL. */
const void *hpo_take(hpo_fields *in, size_t length);
uint64_t hpo_take_u64(hpo_fields *in);
double hpo_take_double(hpo_fields *in);
/* In place. *length (may be NULL) is without the NUL behind it. */
const char *hpo_take_text(hpo_fields *in, size_t *length);
/* The same in the arena. */
const char *hpo_take_copy(hpo_fields *in, base_arena *arena, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
