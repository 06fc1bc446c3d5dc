/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/journals.h"

#include <string.h>

#include "hpo/trials/journal_chain.h"

static const char member[] = ",\"chain\":\"";

static void take_line(journal_chain *chain, bool all, const char *line, size_t length, base_buf *out) {
    const size_t start = out->length;
    const bool has =
        length > JOURNAL_CHAIN_TAIL && memcmp(line + length - JOURNAL_CHAIN_TAIL, member, sizeof member - 1) == 0;
    if (has) {
        base_buf_append(out, line, length - JOURNAL_CHAIN_TAIL);
    } else if (all && length > 0 && line[length - 1] == '}') {
        base_buf_append(out, line, length - 1);
    } else {
        base_buf_append(out, line, length);
        base_buf_putc(out, '\n');
        return;
    }
    hpo_chain_seal(chain, out, start);
}

void fuzz_seal(unsigned choice, const char *text, size_t length, base_buf *out) {
    journal_chain chain = {0};
    const char *line = text, *const end = text + length;
    for (const char *next; (choice & 3) && line < end && (next = memchr(line, '\n', (size_t)(end - line)));
         line = next + 1)
        take_line(&chain, choice & 2, line, (size_t)(next - line), out);
    base_buf_append(out, line, (size_t)(end - line)); /* a torn end, or all of it */
}
