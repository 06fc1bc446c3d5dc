/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a program's output holds no result.
 *
 * "No result" alone sends a user into the log. The line that came nearest says what to change: another name for the
 * metric, a text instead of a number, a Python dict instead of JSON. */
#include "experiments/objectives/command_hint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/options.h"
#include "base/hint.h"

__attribute__((format(printf, 3, 4))) static void note(command_hint *hint, command_nearness nearness, const char *fmt,
                                                       ...) {
    if (nearness < hint->nearness) return;
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(hint->text, sizeof hint->text, fmt, args);
    va_end(args);
    if (length >= (int)sizeof hint->text) strcpy(hint->text + sizeof hint->text - sizeof "...", "...");
    hint->nearness = nearness;
}

/* ---- lines ---- */

/* A dict of Python, an object of JavaScript or YAML, or one that goes on in the next line. */
static bool note_broken(command_hint *hint, const char *line, size_t length) {
    enum { SHOWN = 48 };
    int shown = length > SHOWN ? SHOWN : (int)length;
    const char *more = length > SHOWN ? "..." : "", *second = line + 1;
    while (second < line + length && isspace((unsigned char)*second)) second++;
    if (second == line + length || *second == '"') {
        note(hint, COMMAND_NEAR_BROKEN, "an object must end on the line where it begins: %.*s%s", shown, line, more);
        return true;
    }
    if (*second != '\'' && !isalpha((unsigned char)*second) && *second != '_') return false;
    note(hint, COMMAND_NEAR_BROKEN, "%.*s%s is no JSON: names need double quotes%s", shown, line, more,
         *second == '\'' ? "; in Python: print(json.dumps(...))" : "");
    return true;
}

void command_hint_line(command_hint *hint, const char *line, size_t length) {
    while (length && isspace((unsigned char)line[length - 1])) length--;
    if (!length) return;
    if (*line == '{' && note_broken(hint, line, length)) return;
    note(hint, COMMAND_NEAR_TEXT, "last line: %.*s", length > 120 ? 120 : (int)length, line);
}

void command_hint_cut(command_hint *hint) {
    note(hint, COMMAND_NEAR_CUT, "a line is longer than 1 MiB and was not looked at");
}

/* ---- objects ---- */

void command_hint_value(command_hint *hint, const char *metric, const char *raw, size_t length) {
    int shown = length > 40 ? 40 : (int)length;
    const char *more = length > 40 ? "..." : "";
    const char *kind = *raw == '"' ? "the text " : *raw == '[' ? "a list: " : *raw == '{' ? "an object: " : "";
    note(hint, COMMAND_NEAR_VALUE, "its \"%s\" is %s%.*s%s, which is no number", metric, kind, shown, raw, more);
}

static void add_name(void *self, const command_member *member) {
    command_names *names = self;
    if (names->count == sizeof names->name / sizeof *names->name || strlen(member->name) >= HPO_METRIC_NAME) return;
    strcpy(names->name[names->count++], member->name);
}

void command_names_read(command_names *names, const char *object, size_t size) {
    names->count = 0;
    command_json_visit(object, size, add_name, names);
}

/* A word of one begins a word of the other, and has three letters at least. */
static bool share_word(const char *a, const char *b) {
    for (const char *at = a; *at; at += strspn(at, "_-./ ")) {
        size_t length = strcspn(at, "_-./ ");
        for (const char *other = b; length >= 3 && *other; other += strspn(other, "_-./ ")) {
            size_t size = strcspn(other, "_-./ ");
            if (size >= 3 && strncasecmp(at, other, size < length ? size : length) == 0) return true;
            other += size;
        }
        at += length;
    }
    return false;
}

const char *command_names_near(const command_names *names, const char *name) {
    const char *list[sizeof names->name / sizeof *names->name];
    for (size_t i = 0; i < names->count; i++) list[i] = names->name[i];
    const char *near = base_nearest(name, list, names->count);
    for (size_t i = 0; !near && i < names->count; i++)
        if (share_word(name, list[i])) near = list[i];
    return near;
}

void command_hint_object(command_hint *hint, const char *metric, const char *object, size_t size) {
    if (hint->nearness > COMMAND_NEAR_OBJECT) return;
    command_names names;
    command_names_read(&names, object, size);
    char list[80] = "";
    for (size_t i = 0, used = 0; i < names.count; i++) {
        if (used + strlen(", ") + strlen(names.name[i]) + sizeof ", ..." > sizeof list) {
            strcat(list, ", ...");
            break;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names.name[i]);
    }
    const char *near = command_names_near(&names, metric);
    note(hint, COMMAND_NEAR_OBJECT, "no metric '%s'%s%s%s", metric, *list ? ": it has " : "", list,
         base_did_you_mean(near).text);
}

void command_hint_step(command_hint *hint, const char *fidelity, const char *object, size_t size) {
    enum { LOOKED_AT = 3 }; /* lines: they are all alike */
    if (hint->without_step++ >= LOOKED_AT || *hint->step_name) return;
    command_names names;
    command_names_read(&names, object, size);
    const char *near = command_names_near(&names, fidelity);
    if (near) strcpy(hint->step_name, near);
}

void command_hint_dropped(command_hint *hint, const char *name) {
    for (size_t i = 0; i < hint->n_dropped && i < COMMAND_HINT_NAMES; i++)
        if (strcmp(hint->dropped[i], name) == 0) return;
    if (hint->n_dropped < COMMAND_HINT_NAMES) strcpy(hint->dropped[hint->n_dropped], name);
    if (hint->n_dropped <= COMMAND_HINT_NAMES) hint->n_dropped++;
}

const char *command_hint_sentence(const command_hint *hint, base_arena *arena, const char *program, const char *metric,
                                  bool by_pattern) {
    const char *more = *hint->text ? "; " : "";
    if (hint->nearness == COMMAND_NEAR_VALUE || (hint->nearness > COMMAND_NEAR_TEXT && !by_pattern))
        return base_arena_printf(arena, "%s printed no result: %s", program, hint->text);
    if (by_pattern)
        return base_arena_printf(arena, "%s printed no result: no line matches the pattern of '%s'%s%s", program,
                                 metric, more, hint->text);
    return base_arena_printf(arena,
                             "%s printed no result: a JSON object on a line of its own, such as {\"%s\": 0.12}%s%s",
                             program, metric, more, hint->text);
}
