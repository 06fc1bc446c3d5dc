/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of a journal: every line of ours ends in a member that names the line of ours before it and vouches for its
 * own bytes, so that no line can be changed, lost, added or exchanged unnoticed.
 *
 *   {"op_code":8,...,"chain":"<16 digits: checksum of our line before><16 digits: checksum of this line>"}
 *
 * A checksum is the XXH64 (seed 0) of the line's bytes up to the digit before it. The first line names 0. Lines of
 * others have no such member and may stand anywhere between.
 *
 * A journal that began in format 1 has no checksums at first. There the sum runs over every line (XXH64 of the line,
 * the sum so far as its seed), and the first line with a member of this kind names that sum. */
#ifndef HPO_TRIALS_JOURNAL_CHAIN_H
#define HPO_TRIALS_JOURNAL_CHAIN_H

#include "base/buf.h"

enum { JOURNAL_CHAIN_TAIL = 44 }; /* bytes from the member's comma to the line's end */

typedef struct journal_chain {
    uint64_t last; /* what the next line must name */
    bool linked;   /* a line with a checksum has been seen: from there on each of ours has one */
} journal_chain;

typedef enum journal_link {
    JOURNAL_LINK_NONE,    /* no such member */
    JOURNAL_LINK_FITS,    /* vouches for its line, and names `last` */
    JOURNAL_LINK_GAP,     /* vouches for its line, but names another line */
    JOURNAL_LINK_CHANGED, /* does not vouch for its line */
} journal_link;

/* Closes the object that begins at offset `start` of out (still without its last brace) and ends the line. */
void hpo_chain_seal(journal_chain *chain, base_buf *out, size_t start);
/* *own: the line's own checksum, as it is written there. */
journal_link hpo_chain_look(const journal_chain *chain, const char *line, size_t length, uint64_t *own);
/* The sum over the part without checksums, with one more line. */
uint64_t hpo_chain_sum(const journal_chain *chain, const char *line, size_t length);
/* Takes in the next line of the file. NULL: it fits; *ours says whether it is known to be a line of ours (in the
 * part without checksums nothing is known). Else a complaint, as the end of a sentence. */
const char *hpo_chain_follow(journal_chain *chain, const char *line, size_t length, bool *ours);

#endif
