/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an old journal is, before a run goes on with it: whose, in which format, sound or not, and how long its runs
 * took.
 *
 * Every line is checked against the chain before anything is believed or written. Only a crash leaves a last line
 * without its end, and that is a beginning of a line: it is cut off. Whatever else does not fit is damage, and damage
 * is refused, because a run that goes on from it would make it worse. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hpo/trials/journal_parse.h"

static const char BEGINNING[] = "{\"op_code\":0,\"worker_id\":\"" JOURNAL_WORKER "\"";

base_status hpo_journal_damaged(const char *path, uint64_t line, uint64_t byte, const char *what, base_err *err) {
    char *copy = base_strdup(path);
    const base_status status =
        BASE_FAIL(err, BASE_CORRUPT, "%s:%llu: byte %llu: %s; hpo_search --repair %s keeps what is sound", path,
                  (unsigned long long)line, (unsigned long long)byte, what, dirname(copy));
    free(copy);
    return status;
}

/* ---- identity ---- */

/* The part of a text around the first difference: its line, cut to what a sentence bears. */
static void excerpt(const char *text, size_t at, char out[128]) {
    enum { BEFORE = 40, MOST = 100 };
    size_t first = at, last = at;
    while (first > 0 && text[first - 1] != '\n' && at - first < BEFORE) first--;
    while (((unsigned char)text[first] & 0xc0) == 0x80) first++;
    while (text[last] && text[last] != '\n' && last - first < MOST) last++;
    while (last > first && ((unsigned char)text[last] & 0xc0) == 0x80) last--;
    snprintf(out, 128, "%s%.*s%s", first > 0 && text[first - 1] != '\n' ? "..." : "", (int)(last - first), text + first,
             text[last] && text[last] != '\n' ? "..." : "");
}

base_status hpo_journal_check_identity(const char *path, const char *had, const char *has, base_err *err) {
    size_t at = 0;
    while (had[at] && had[at] == has[at]) at++;
    if (!had[at] && !has[at]) return BASE_OK;
    char old[128], new[128];
    excerpt(had, at, old);
    excerpt(has, at, new);
    return BASE_FAIL(err, BASE_INVALID,
                     "%s belongs to another study: it has \"%s\" where the study has \"%s\" now; undo the change to go "
                     "on with that run, give --dir for another one, or remove the folder to begin this one anew",
                     path, old, new);
}

/* ---- the head: the first two lines ---- */

/* Something of ours is in it, so what does not fit is damage. */
static bool is_ours(const char *line, size_t length) {
    uint64_t own;
    static const char key[] = "\"hpo:study\"";
    return hpo_chain_look(&(journal_chain){0}, line, length, &own) != JOURNAL_LINK_NONE ||
           memmem(line, length, key, sizeof key - 1) != NULL;
}

static base_status fail_stranger(const char *path, base_err *err) {
    return BASE_FAIL(err, BASE_CORRUPT,
                     "%s was not written by this program; move it away, or give --dir for another folder", path);
}

static base_status fail_format(const char *path, const journal_identity *head, base_err *err) {
    return BASE_FAIL(err, BASE_CORRUPT, "%s has format %llu (written by %s), this program reads formats %d and %d",
                     path, (unsigned long long)head->format, head->program, JOURNAL_FORMAT_1, JOURNAL_FORMAT);
}

/* Whether a line, or what there is of it, begins as our first one. */
static bool begins_ours(const char *line, size_t length) {
    return memcmp(line, BEGINNING, length < sizeof BEGINNING - 1 ? length : sizeof BEGINNING - 1) == 0;
}

/* Fewer than two whole lines: a head that was torn while it was written is as good as none, unless only the newline of
 * the second line is missing. */
static base_status scan_torn_head(const journal_lines *lines, journal_scan *out, base_arena *arena, base_err *err) {
    if (lines->number == 1) return begins_ours(lines->line, lines->length) ? BASE_OK : fail_stranger(lines->path, err);
    bool sealed;
    const bool whole = !hpo_chain_follow(&out->chain, lines->line, lines->length, &sealed) && sealed &&
                       hpo_journal_read_identity(lines->line, lines->length, arena, &out->head);
    if (!whole) return BASE_OK;
    out->head.study = "";
    out->found = out->lacks_newline = true;
    out->sound = lines->size;
    return out->head.format == JOURNAL_FORMAT ? BASE_OK : fail_format(lines->path, &out->head, err);
}

/* Where the chain first complains, if it does. */
typedef struct complaint {
    const char *what;
    uint64_t line, byte;
} complaint;

static void follow_head(const journal_lines *lines, journal_chain *chain, complaint *first) {
    bool sealed;
    const char *what = hpo_chain_follow(chain, lines->line, lines->length, &sealed);
    if (what && !first->what) *first = (complaint){.what = what, .line = lines->number, .byte = lines->byte};
}

base_status hpo_journal_scan_head(journal_lines *lines, journal_scan *out, base_arena *arena, base_err *err) {
    complaint first = {0};
    bool ours = false, known = false;
    const char *name = "";
    for (int i = 0; i < 2; i++) {
        const base_status status = hpo_lines_next(lines, err);
        if (status == BASE_END) return scan_torn_head(lines, out, arena, err);
        if (status != BASE_OK) return status;
        follow_head(lines, &out->chain, &first);
        ours |= is_ours(lines->line, lines->length);
        if (i == 0 && !ours && !begins_ours(lines->line, lines->length)) return fail_stranger(lines->path, err);
        if (i == 0) name = hpo_journal_read_name(lines->line, lines->length, arena);
        if (i == 1 && !first.what) known = hpo_journal_read_identity(lines->line, lines->length, arena, &out->head);
    }
    if (!ours) return fail_stranger(lines->path, err);
    if (first.what) return hpo_journal_damaged(lines->path, first.line, first.byte, first.what, err);
    if (!known) {
        return hpo_journal_damaged(lines->path, lines->number, lines->byte, "the study's line cannot be read", err);
    }
    out->found = true;
    out->head.study = name;
    const uint64_t format = out->chain.linked ? JOURNAL_FORMAT : JOURNAL_FORMAT_1;
    return out->head.format == format ? BASE_OK : fail_format(lines->path, &out->head, err);
}

/* ---- the rest ---- */

/* The last number of our attribute in a sealed line; leaves *elapsed alone in lines that have none. */
static void note_elapsed(const char *line, size_t length, double *elapsed) {
    static const char key[] = "\"elapsed\":";
    const char *end = line + length - JOURNAL_CHAIN_TAIL;
    while (end > line && end[-1] == '}') end--;
    const char *at = end;
    while (at > line && ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.')) at--;
    if (at == end || at - line < (ptrdiff_t)sizeof key - 1) return;
    if (memcmp(at - (sizeof key - 1), key, sizeof key - 1) != 0) return;
    hpo_json_reader reader = hpo_json_read(at, (size_t)(end - at));
    const double value = hpo_json_real(&reader);
    if (!reader.bad) *elapsed = value;
}

static void note_amendment(const hpo_amendment *amendment, base_arena *arena, journal_scan *out) {
    hpo_amendment *all = BASE_NEW_ARRAY(arena, out->n_amendments + 1, hpo_amendment);
    if (out->n_amendments > 0) memcpy(all, out->amendments, out->n_amendments * sizeof *all);
    all[out->n_amendments++] = *amendment;
    out->amendments = all;
}

static void note_line(const char *line, size_t length, journal_scan *out, base_arena *arena) {
    static const char of_study[] = "{\"op_code\":2,";
    note_elapsed(line, length, &out->elapsed);
    if (memcmp(line, of_study, sizeof of_study - 1) != 0) return;
    const char *identity;
    hpo_amendment amendment;
    bool by_posterior;
    if (hpo_journal_read_run(line, length, &by_posterior)) out->by_posterior = by_posterior;
    if (hpo_journal_read_change(line, length, arena, &identity)) out->head.identity = identity;
    if (hpo_journal_read_amendment(line, length, arena, &amendment)) note_amendment(&amendment, arena, out);
}

/* What follows the last newline. A file that grew when the machine failed may end in zeros. */
static base_status scan_tail(const journal_lines *lines, journal_scan *out, base_arena *arena, base_err *err) {
    size_t length = lines->length;
    out->sound = lines->byte;
    while (length > 0 && lines->line[length - 1] == '\0') length--;
    if (length == 0 || hpo_json_is_torn(lines->line, length)) return BASE_OK;
    bool sealed;
    journal_line parts;
    const char *what = "this line is broken";
    if (hpo_journal_take_apart(NULL, lines->line, length, &parts)) {
        what = hpo_chain_follow(&out->chain, lines->line, length, &sealed);
        if (!what && sealed) note_line(lines->line, length, out, arena);
    }
    if (what) return hpo_journal_damaged(lines->path, lines->number, lines->byte, what, err);
    out->sound += length;
    out->lacks_newline = true;
    return BASE_OK;
}

static base_status scan_lines(journal_lines *lines, base_arena *arena, journal_scan *out, base_err *err) {
    BASE_TRY(hpo_journal_scan_head(lines, out, arena, err));
    if (!out->found || out->lacks_newline) return BASE_OK;
    for (;;) {
        const base_status status = hpo_lines_next(lines, err);
        if (status == BASE_END) return scan_tail(lines, out, arena, err);
        if (status != BASE_OK) return status;
        bool sealed;
        const char *what = hpo_chain_follow(&out->chain, lines->line, lines->length, &sealed);
        if (what) return hpo_journal_damaged(lines->path, lines->number, lines->byte, what, err);
        if (sealed) note_line(lines->line, lines->length, out, arena);
    }
}

base_status hpo_journal_scan(int fd, const char *path, base_arena *arena, journal_scan *out, base_err *err) {
    journal_lines lines;
    *out = (journal_scan){.elapsed = NAN};
    BASE_TRY(hpo_lines_begin(&lines, fd, path, err));
    const base_status status = lines.size > 0 ? scan_lines(&lines, arena, out, err) : BASE_OK;
    hpo_lines_end(&lines);
    return status;
}

/* All of it stands in the second line; that it is sound is all that is asked of the file. */
base_status hpo_journal_peek_damaged(const char *path, base_arena *arena, hpo_journal_begun *begun, base_err *err) {
    journal_lines lines;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot open %s: %s", path, strerror(errno));
    }
    journal_identity identity;
    bool found = false;
    base_status status = hpo_lines_begin(&lines, fd, path, err);
    for (int i = 0; i < 2 && status == BASE_OK && !found; i++) {
        uint64_t own;
        status = hpo_lines_next(&lines, err);
        const journal_link link = hpo_chain_look(&(journal_chain){0}, lines.line, lines.length, &own);
        found = status == BASE_OK && link != JOURNAL_LINK_CHANGED &&
                hpo_journal_read_identity(lines.line, lines.length, arena, &identity);
    }
    if (found) {
        *begun = (hpo_journal_begun){.seed = identity.seed,
                                     .identity = identity.identity,
                                     .chosen = identity.chosen,
                                     .study = "",
                                     .program = identity.program};
    } else if (status == BASE_OK || status == BASE_END) {
        status = BASE_FAIL(err, BASE_CORRUPT, "%s has lost its seed; give it with --seed, if the run printed it", path);
    }
    hpo_lines_end(&lines);
    close(fd);
    return status;
}
