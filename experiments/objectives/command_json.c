/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One JSON object as programs really print it.
 *
 * A strict parser throws away a whole result for one field: an integer above 2^63, a path in Latin-1, NaN, a tensor's
 * repr. Here a value that cannot be read loses only itself. It ends at the next comma that a member's name follows, or
 * at the object's brace. Nested values are skipped with a counter of brackets, so depth costs nothing. */
#include "experiments/objectives/command_json.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static void skip_blanks(cursor *c) {
    while (c->at < c->end && is_blank(*c->at)) c->at++;
}

static bool next_is(const cursor *c, char wanted) {
    return c->at < c->end && *c->at == wanted;
}

/* From a quote to behind its partner. */
static bool skip_text(cursor *c) {
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++)
        if (*c->at == '\\' && c->end - c->at > 1) c->at++;
    if (c->at == c->end) return false;
    c->at++;
    return true;
}

/* ---- numbers ---- */

static bool is_word(const char *text, size_t length, const char *word) {
    return length == strlen(word) && strncasecmp(text, word, length) == 0;
}

static bool read_word(const char *text, size_t length, bool negative, double *out) {
    if (is_word(text, length, "inf") || is_word(text, length, "infinity")) {
        *out = negative ? -INFINITY : INFINITY;
        return true;
    }
    bool payload = length > 5 && text[3] == '(' && text[length - 1] == ')'; /* C prints nan(0x8000) */
    if (!is_word(text, payload ? 3 : length, "nan")) return false;
    *out = NAN;
    return true;
}

/* digits [. digits] [e digits], with a digit somewhere before the e */
static bool is_decimal(const char *text) {
    size_t before = strspn(text, "0123456789"), after = 0;
    text += before;
    if (*text == '.') text += 1 + (after = strspn(text + 1, "0123456789"));
    if (before + after == 0) return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '-' || *text == '+') text++;
        if (!isdigit((unsigned char)*text)) return false;
        text += strspn(text, "0123456789");
    }
    return *text == '\0';
}

/* base_parse_double refuses what is too large for a double; here it is infinite, so that it counts as diverged. */
static bool read_decimal(const char *text, size_t length, bool negative, double *out) {
    char room[64];
    base_buf large = {0};
    const char *copy = room;
    if (length < sizeof room) {
        memcpy(room, text, length);
        room[length] = '\0';
    } else {
        base_buf_append(&large, text, length);
        copy = large.data;
    }
    double value = INFINITY;
    bool good = strlen(copy) == length && is_decimal(copy);
    if (good && !base_parse_double(copy, &value)) value = INFINITY;
    if (good) *out = negative ? -value : value;
    base_buf_fini(&large);
    return good;
}

bool command_read_number(const char *text, size_t length, double *out) {
    while (length && is_blank(text[length - 1])) length--;
    while (length && is_blank(*text)) text++, length--;
    bool negative = length && *text == '-';
    if (length && (*text == '-' || *text == '+')) text++, length--;
    if (length == 0) return false;
    if (isalpha((unsigned char)*text)) return read_word(text, length, negative, out);
    return read_decimal(text, length, negative, out);
}

/* ---- names ---- */

typedef struct name_writer {
    char *text;
    size_t length;
} name_writer;

static void put(name_writer *w, const char *bytes, size_t length) {
    if (w->length + length >= COMMAND_NAME_ROOM) return;
    memcpy(w->text + w->length, bytes, length);
    w->length += length;
}

static unsigned hex_of(const char *digits) {
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = (char)tolower((unsigned char)digits[i]);
        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

static bool is_hex(const cursor *c, size_t at) {
    if (c->end - c->at < (ptrdiff_t)at + 4) return false;
    for (size_t i = at; i < at + 4; i++)
        if (!isxdigit((unsigned char)c->at[i])) return false;
    return true;
}

static void put_code_point(name_writer *w, unsigned code) {
    char bytes[4];
    if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) {
        put(w, "?", 1);
    } else if (code < 0x80) {
        bytes[0] = (char)code;
        put(w, bytes, 1);
    } else if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        put(w, bytes, 2);
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        put(w, bytes, 3);
    } else {
        bytes[0] = (char)(0xF0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (code & 0x3F));
        put(w, bytes, 4);
    }
}

/* The cursor stands behind a backslash. */
static void put_escape(name_writer *w, cursor *c) {
    static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
    char letter = *c->at++;
    const char *known = strchr(letters, letter);
    if (letter != 'u' || !is_hex(c, 0)) {
        put(w, letter && known ? meant + (known - letters) : c->at - 1, 1);
        return;
    }
    unsigned code = hex_of(c->at);
    c->at += 4;
    bool pair = code >= 0xD800 && code < 0xDC00 && c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u';
    if (pair && is_hex(c, 2)) {
        unsigned low = hex_of(c->at + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            c->at += 6;
        }
    }
    put_code_point(w, code);
}

/* A byte, or a sequence of UTF-8 (RFC 3629); anything else becomes '?'. */
static void put_bytes(name_writer *w, cursor *c) {
    size_t room = (size_t)(c->end - c->at), length = 1;
    const unsigned char *b = (const unsigned char *)c->at;
    if (b[0] >= 0xC2 && b[0] <= 0xDF) length = 2;
    if (b[0] >= 0xE0 && b[0] <= 0xEF) length = 3;
    if (b[0] >= 0xF0 && b[0] <= 0xF4) length = 4;
    bool good = length <= room && (length > 1 || (b[0] < 0x80 && b[0] != 0));
    for (size_t i = 1; good && i < length; i++) good = (b[i] & 0xC0) == 0x80;
    if (good && length > 2) {
        good = !(b[0] == 0xE0 && b[1] < 0xA0) && !(b[0] == 0xED && b[1] > 0x9F) && !(b[0] == 0xF0 && b[1] < 0x90) &&
               !(b[0] == 0xF4 && b[1] > 0x8F);
    }
    put(w, good ? c->at : "?", good ? length : 1);
    c->at += good ? length : 1;
}

static bool read_name(cursor *c, char name[COMMAND_NAME_ROOM]) {
    cursor inside = {.at = c->at + 1};
    name_writer w = {.text = name};
    if (!skip_text(c)) return false;
    inside.end = c->at - 1;
    while (inside.at < inside.end) {
        if (*inside.at == '\\' && inside.at + 1 < inside.end) {
            inside.at++;
            put_escape(&w, &inside);
        } else {
            put_bytes(&w, &inside);
        }
    }
    name[w.length] = '\0';
    return true;
}

/* ---- members ---- */

/* A comma with the next name behind it (or none, as in {"a": 1,}), or the end of the object. */
static bool at_separator(const cursor *c) {
    if (next_is(c, '}')) return true;
    if (!next_is(c, ',')) return false;
    cursor behind = {.at = c->at + 1, .end = c->end};
    skip_blanks(&behind);
    return behind.at == behind.end || *behind.at == '"' || *behind.at == '}';
}

/* A list or an object within. */
static bool skip_nested(cursor *c) {
    size_t depth = 0;
    while (c->at < c->end) {
        char now = *c->at;
        if (now == '"') {
            if (!skip_text(c)) return false;
            continue;
        }
        c->at++;
        if (now == '{' || now == '[') depth++;
        if ((now == '}' || now == ']') && --depth == 0) return true;
    }
    return false;
}

/* To the separator behind the value; *length is that of the value. */
static bool skip_value(cursor *c, size_t *length) {
    const char *start = c->at;
    bool good = true;
    if (next_is(c, '"')) good = skip_text(c);
    if (next_is(c, '{') || next_is(c, '[')) good = skip_nested(c);
    while (good && c->at < c->end && !at_separator(c)) {
        if (*c->at == '"')
            good = skip_text(c);
        else
            c->at++;
    }
    if (!good || c->at >= c->end) return false;
    const char *last = c->at;
    while (last > start && is_blank(last[-1])) last--;
    *length = (size_t)(last - start);
    return true;
}

static void read_value(command_member *member) {
    const char *text = member->raw;
    size_t length = member->raw_length;
    bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
    member->is_number = command_read_number(text + quoted, length - 2 * (size_t)quoted, &member->number);
}

/* A member without a colon is skipped, unless it is the first: then this is no object. */
static bool read_member(cursor *c, command_member_fn *visit, void *self) {
    command_member member;
    if (visit ? !read_name(c, member.name) : !skip_text(c)) return false;
    skip_blanks(c);
    bool named = next_is(c, ':');
    if (named) c->at++;
    skip_blanks(c);
    member.raw = c->at;
    if (!skip_value(c, &member.raw_length)) return false;
    if (!visit || !named) return true;
    read_value(&member);
    visit(self, &member);
    return true;
}

/* {} or {"name": */
static bool begins(cursor c) {
    c.at++;
    skip_blanks(&c);
    if (next_is(&c, '}') || c.at == c.end) return true;
    if (*c.at != '"') return false;
    if (!skip_text(&c)) return true; /* cut */
    skip_blanks(&c);
    return c.at == c.end || *c.at == ':';
}

static size_t walk(const char *text, size_t length, command_member_fn *visit, void *self) {
    cursor c = {.at = text + 1, .end = text + length};
    skip_blanks(&c);
    while (next_is(&c, '"')) {
        if (!read_member(&c, visit, self)) return COMMAND_JSON_CUT;
        if (next_is(&c, ',')) c.at++;
        skip_blanks(&c);
    }
    return next_is(&c, '}') ? (size_t)(c.at + 1 - text) : COMMAND_JSON_CUT;
}

size_t command_json_size(const char *text, size_t length) {
    if (length == 0 || *text != '{' || !begins((cursor){.at = text, .end = text + length})) return 0;
    return walk(text, length, NULL, NULL);
}

void command_json_visit(const char *text, size_t size, command_member_fn *visit, void *self) {
    (void)walk(text, size, visit, self);
}
