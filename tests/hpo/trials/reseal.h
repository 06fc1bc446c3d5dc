/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal whose content was changed, with all checksums made anew: as if the program itself had written it. */
#ifndef TESTS_HPO_TRIALS_RESEAL_H
#define TESTS_HPO_TRIALS_RESEAL_H

#include <string.h>

#include "hpo/trials/journal_chain.h"

/* text: whole lines. Lines without a checksum stay as they are. */
static inline void reseal(const char *text, base_buf *out) {
    journal_chain chain = {0};
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        const size_t start = out->length, length = (size_t)(end - line);
        const char *member = length > JOURNAL_CHAIN_TAIL ? end - JOURNAL_CHAIN_TAIL : line;
        if (strncmp(member, ",\"chain\":\"", 10) != 0) {
            base_buf_append(out, line, length + 1);
            continue;
        }
        base_buf_append(out, line, (size_t)(member - line));
        hpo_chain_seal(&chain, out, start);
    }
}

#endif
