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

/* Eight digits at once: each half byte of the number gets a byte of its own, and all become letters together. */
static void eight_digits(uint32_t number, char out[8]) {
    uint64_t v = number;
    v = (v << 16 | v) & 0x0000FFFF0000FFFFu;
    v = (v << 8 | v) & 0x00FF00FF00FF00FFu;
    v = (v << 4 | v) & 0x0F0F0F0F0F0F0F0Fu;
    const uint64_t letters = (v + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
    v += 0x3030303030303030u + letters * ('a' - '0' - 10);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(out, &v, sizeof v);
}

static void to_digits(uint64_t value, char out[DIGITS]) {
    eight_digits((uint32_t)(value >> 32), out);
    eight_digits((uint32_t)value, out + 8);
}

static bool has_digits(const char *at, uint64_t value) {
    char text[DIGITS];
    to_digits(value, text);
    return memcmp(at, text, DIGITS) == 0;
}

/* 0 when they are none. */
static uint64_t read_digits(const char *at) {
    uint64_t value = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        const char c = at[i];
        const bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(c >= 'a' && c <= 'f')) return 0;
        value = value << 4 | (uint64_t)(decimal ? c - '0' : c - 'a' + 10);
    }
    return value;
}

void hpo_chain_seal(journal_chain *chain, base_buf *out, size_t start) {
    char *at = base_buf_reserve(out, JOURNAL_CHAIN_TAIL + 1);
    memcpy(at, MEMBER, MEMBER_LENGTH);
    to_digits(chain->last, at + MEMBER_LENGTH);
    at += MEMBER_LENGTH + DIGITS;
    chain->last = base_xxh64(out->data + start, (size_t)(at - out->data) - start, 0);
    to_digits(chain->last, at);
    memcpy(at + DIGITS, CLOSING, CLOSING_LENGTH);
    memcpy(at + DIGITS + CLOSING_LENGTH, "\n", 2);
    out->length += JOURNAL_CHAIN_TAIL + 1;
    chain->linked = true;
}

journal_link hpo_chain_look(const journal_chain *chain, const char *line, size_t length, uint64_t *own) {
    const size_t tail = JOURNAL_CHAIN_TAIL;
    if (length < tail || memcmp(line + length - tail, MEMBER, MEMBER_LENGTH) != 0 ||
        memcmp(line + length - CLOSING_LENGTH, CLOSING, CLOSING_LENGTH) != 0) {
        return JOURNAL_LINK_NONE;
    }
    const char *digits = line + length - tail + MEMBER_LENGTH;
    *own = base_xxh64(line, (size_t)(digits + DIGITS - line), 0);
    if (!has_digits(digits + DIGITS, *own)) {
        *own = read_digits(digits + DIGITS);
        return JOURNAL_LINK_CHANGED;
    }
    return has_digits(digits, chain->last) ? JOURNAL_LINK_FITS : JOURNAL_LINK_GAP;
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
