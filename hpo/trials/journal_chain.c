/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sealing lines and following the chain.
 *
 * The member stands at a fixed distance from the line's end, so that a file is checked at memory speed, without being
 * understood. The line names its predecessor in full, although one running sum would do: whoever repairs a file can
 * tell the line that was changed from the sound ones behind it. */
#include "hpo/trials/journal_chain.h"

#include <string.h>

#include "base/xxh64.h"
#include "hpo/trials/journal_parse.h"

enum { DIGITS = 16 };
static const char MEMBER[] = ",\"chain\":\"", CLOSING[] = "\"}";
enum { MEMBER_LENGTH = sizeof MEMBER - 1, CLOSING_LENGTH = sizeof CLOSING - 1 };
_Static_assert(JOURNAL_CHAIN_TAIL == MEMBER_LENGTH + 2 * DIGITS + CLOSING_LENGTH, "the member's length");

static void put_digits(base_buf *out, uint64_t value) {
    static const char digits[] = "0123456789abcdef";
    char text[DIGITS];
    for (size_t i = DIGITS; i-- > 0; value >>= 4) text[i] = digits[value & 15];
    base_buf_append(out, text, DIGITS);
}

static bool read_digits(const char *at, uint64_t *value) {
    *value = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        const char c = at[i];
        const unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                               : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                      : 16;
        if (digit == 16) return false;
        *value = *value << 4 | digit;
    }
    return true;
}

void hpo_chain_seal(journal_chain *chain, base_buf *out, size_t start) {
    base_buf_append(out, MEMBER, MEMBER_LENGTH);
    put_digits(out, chain->last);
    chain->last = base_xxh64(out->data + start, out->length - start, 0);
    put_digits(out, chain->last);
    base_buf_append(out, CLOSING, CLOSING_LENGTH);
    base_buf_putc(out, '\n');
    chain->linked = true;
}

journal_link hpo_chain_look(const journal_chain *chain, const char *line, size_t length, uint64_t *own) {
    const size_t tail = JOURNAL_CHAIN_TAIL;
    if (length < tail || memcmp(line + length - tail, MEMBER, MEMBER_LENGTH) != 0 ||
        memcmp(line + length - CLOSING_LENGTH, CLOSING, CLOSING_LENGTH) != 0) {
        return JOURNAL_LINK_NONE;
    }
    const char *digits = line + length - tail + MEMBER_LENGTH;
    uint64_t before;
    *own = 0;
    if (!read_digits(digits, &before) || !read_digits(digits + DIGITS, own)) return JOURNAL_LINK_CHANGED;
    if (base_xxh64(line, (size_t)(digits + DIGITS - line), 0) != *own) return JOURNAL_LINK_CHANGED;
    return before == chain->last ? JOURNAL_LINK_FITS : JOURNAL_LINK_GAP;
}

uint64_t hpo_chain_sum(const journal_chain *chain, const char *line, size_t length) {
    return base_xxh64(line, length, chain->last);
}

/* A line without a checksum, where every line of ours must have one. */
static const char *follow_stranger(const char *line, size_t length) {
    journal_line parts;
    if (!hpo_journal_take_apart(NULL, line, length, &parts)) return "this line is broken";
    if (parts.ours || parts.attr.at) return "this line has no checksum, so it was changed or added by another program";
    return NULL;
}

const char *hpo_chain_follow(journal_chain *chain, const char *line, size_t length, bool *ours) {
    uint64_t own = 0;
    const journal_link link = hpo_chain_look(chain, line, length, &own);
    *ours = link != JOURNAL_LINK_NONE;
    switch (link) {
    case JOURNAL_LINK_NONE:
        if (chain->linked) return follow_stranger(line, length);
        chain->last = hpo_chain_sum(chain, line, length);
        return NULL;
    case JOURNAL_LINK_CHANGED: return "this line was changed after it had been written";
    case JOURNAL_LINK_GAP:
        return chain->linked ? "a line before this one is missing, or this one stood elsewhere"
                             : "what stands before this line was changed after it had been written";
    case JOURNAL_LINK_FITS:
        chain->last = own;
        chain->linked = true;
        return NULL;
    }
    return NULL;
}
