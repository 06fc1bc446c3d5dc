/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's line of what a user orders beyond the study file, read back.
 *
 * It is looked for while the file is checked, before any record is understood, because budgets are known before a study
 * exists. */
#include <math.h>
#include <string.h>

#include "hpo/trials/journal_parse.h"

/* [3, 7] in the arena. */
static void read_list(hpo_json_reader *reader, base_arena *arena, hpo_amendment *out) {
    uint64_t *list = NULL;
    size_t capacity = 0;
    out->n_failed = 0;
    bool more = hpo_json_enter(reader, '[');
    while (hpo_json_item(reader, &more)) {
        if (out->n_failed == capacity) {
            uint64_t *larger = BASE_NEW_ARRAY(arena, 2 * capacity + 8, uint64_t);
            if (capacity > 0) memcpy(larger, list, capacity * sizeof *list);
            capacity = 2 * capacity + 8;
            list = larger;
        }
        list[out->n_failed++] = hpo_json_u64(reader);
    }
    out->failed = list;
}

bool hpo_journal_read_amendment(const char *line, size_t length, base_arena *arena, hpo_amendment *out) {
    journal_line parts;
    *out = (hpo_amendment){0};
    if (!hpo_journal_take_apart(NULL, line, length, &parts) || !parts.attr.at) return false;
    if (!hpo_json_is(parts.attr, "amend")) return false;
    hpo_json_text key;
    bool more = hpo_json_enter(&parts.body, '{');
    while (hpo_json_key(&parts.body, &more, &key)) {
        if (hpo_json_is(key, "trials")) {
            out->trials = hpo_json_u64(&parts.body);
        } else if (hpo_json_is(key, "cost")) {
            out->cost = hpo_json_real(&parts.body);
        } else if (hpo_json_is(key, "time")) {
            out->time = hpo_json_real(&parts.body);
        } else if (hpo_json_is(key, "first")) {
            out->first = hpo_json_u64(&parts.body);
        } else if (hpo_json_is(key, "failed")) {
            read_list(&parts.body, arena, out);
        } else {
            hpo_json_skip(&parts.body);
        }
    }
    return !parts.body.bad && isfinite(out->cost) && isfinite(out->time);
}
