/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting and wording of notices. A program that does something odd does it in every trial: a line for each would hide
 * what else there is to read. */
#include "hpo/dispatch/notices.h"

#include <stdio.h>

#include "base/log.h"
#include "base/options.h"

static const struct {
    const char *name; /* in status.json */
    const char *text; /* behind "3 evaluations " */
    const char *hint; /* what to look at, or "" */
} kinds[HPO_NOTICE_COUNT] = {
#define NOTICE_ROW(kind, word, text, hint) [HPO_NOTICE_##kind] = {word, text, hint},
    HPO_NOTICE_LIST(NOTICE_ROW)
#undef NOTICE_ROW
};

void hpo_notices_count(hpo_notices *notices, hpo_notice kind, uint64_t trial) {
    notices->kind[kind].count++;
    size_t *named = &notices->kind[kind].named;
    for (size_t i = 0; i < *named; i++) {
        if (notices->kind[kind].trial[i] == trial) return;
    }
    if (*named < HPO_NOTICE_NAMED) {
        notices->kind[kind].trial[(*named)++] = trial;
    } else {
        notices->kind[kind].more = true;
    }
}

void hpo_notices_raise(hpo_notices *notices, hpo_notice kind, uint64_t trial, const char *fmt, ...) {
    hpo_notices_count(notices, kind, trial);
    if (notices->kind[kind].said) return;
    notices->kind[kind].said = true;
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    base_log(BASE_LOG_WARN, "%s", text);
}

static void put_trials(const hpo_notices *notices, size_t kind, base_buf *out) {
    for (size_t i = 0; i < notices->kind[kind].named; i++) {
        base_buf_printf(out, "%s%llu", i > 0 ? ", " : "", (unsigned long long)notices->kind[kind].trial[i]);
    }
}

void hpo_notices_print(const hpo_notices *notices, const char *unit, base_buf *out) {
    base_buf line = {0};
    for (size_t kind = 0; kind < HPO_NOTICE_COUNT; kind++) {
        const uint64_t count = notices->kind[kind].count;
        if (count == 0) continue;
        base_buf_clear(&line);
        base_buf_printf(&line, "%llu %s %s", (unsigned long long)count, count == 1 ? "evaluation" : "evaluations",
                        kinds[kind].text);
        const bool in_no_book = kind == HPO_NOTICE_LATE && notices->late_cost > 0;
        if (in_no_book) {
            base_buf_printf(&line, ", which took %.6g %s more than they are charged for", notices->late_cost,
                            unit ? unit : "evaluations");
        }
        base_buf_puts(&line, notices->kind[kind].named == 1 ? " (trial " : " (trials ");
        put_trials(notices, kind, &line);
        base_buf_puts(&line, notices->kind[kind].more ? ", ...)" : ")");
        if (kinds[kind].hint[0] && !in_no_book) base_buf_printf(&line, ": %s", kinds[kind].hint);
        base_put_text(base_buf_text(&line), 2, out);
    }
    if (notices->deleted > 0) {
        base_buf_printf(out, "  %llu %s of trials that will never go on deleted\n",
                        (unsigned long long)notices->deleted, notices->deleted == 1 ? "file" : "files");
    }
    base_buf_fini(&line);
}

void hpo_notices_print_json(const hpo_notices *notices, base_buf *out) {
    const char *comma = "";
    base_buf_puts(out, "{");
    for (size_t kind = 0; kind < HPO_NOTICE_COUNT; kind++) {
        if (notices->kind[kind].count == 0) continue;
        base_buf_printf(out, "%s\"%s\": {\"count\": %llu, \"trials\": [", comma, kinds[kind].name,
                        (unsigned long long)notices->kind[kind].count);
        put_trials(notices, kind, out);
        base_buf_puts(out, "]}");
        comma = ", ";
    }
    base_buf_puts(out, "}");
}
