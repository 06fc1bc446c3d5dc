/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reader of RFC 8259 JSON that builds nothing.
 *
 * A journal holds about a kilobyte for each trial, most of it for other programs' eyes. A tree of objects for every
 * line costs ten microseconds a trial; a cursor passes over what is not wanted at memory speed. */
#include "hpo/trials/json_read.h"

#include <math.h>

#include "base/buf.h"

enum { DEEPEST = 64, LONGEST_NUMBER = 63 };

hpo_json_reader hpo_json_read(const char *text, size_t length) {
    return (hpo_json_reader){.at = text, .end = text + length};
}

static void fail(hpo_json_reader *reader) {
    reader->bad = true;
    reader->at = reader->end;
}

/* The next character that is no space; 0 at the end. */
static char peek(hpo_json_reader *reader) {
    const char *at = reader->at;
    while (at < reader->end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')) at++;
    reader->at = at;
    return at < reader->end ? *at : '\0';
}

static bool eat(hpo_json_reader *reader, char c) {
    if (peek(reader) != c || reader->at == reader->end) return false;
    reader->at++;
    return true;
}

static bool eat_word(hpo_json_reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) return false;
    reader->at += length;
    return true;
}

bool hpo_json_enter(hpo_json_reader *reader, char bracket) {
    if (!eat(reader, bracket)) fail(reader);
    return false; /* no element has been seen yet */
}

/* True before an element, false after the closing bracket. */
static bool next_element(hpo_json_reader *reader, bool *more, char close) {
    if (eat(reader, close)) return false;
    if (*more && !eat(reader, ',')) fail(reader);
    *more = true;
    return !reader->bad;
}

bool hpo_json_item(hpo_json_reader *reader, bool *more) {
    return !reader->bad && next_element(reader, more, ']');
}

bool hpo_json_key(hpo_json_reader *reader, bool *more, hpo_json_text *key) {
    if (reader->bad || !next_element(reader, more, '}')) return false;
    *key = hpo_json_string(reader);
    if (!eat(reader, ':')) fail(reader);
    return !reader->bad;
}

bool hpo_json_done(hpo_json_reader *reader) {
    return !reader->bad && peek(reader) == '\0' && reader->at == reader->end;
}

bool hpo_json_is_torn(const char *text, size_t length) {
    size_t depth = 0;
    bool quoted = false;
    if (length == 0 || text[0] != '{') return false;
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') i++;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return false;
        }
    }
    return true;
}

/* What a string cannot simply go on with: its end, an escape, a control character. */
static const bool is_special[256] = {
    [0] = true,  [1] = true,  [2] = true,  [3] = true,  [4] = true,   [5] = true,   [6] = true,
    [7] = true,  [8] = true,  [9] = true,  [10] = true, [11] = true,  [12] = true,  [13] = true,
    [14] = true, [15] = true, [16] = true, [17] = true, [18] = true,  [19] = true,  [20] = true,
    [21] = true, [22] = true, [23] = true, [24] = true, [25] = true,  [26] = true,  [27] = true,
    [28] = true, [29] = true, [30] = true, [31] = true, ['"'] = true, ['\\'] = true};

hpo_json_text hpo_json_string(hpo_json_reader *reader) {
    if (!eat(reader, '"')) {
        fail(reader);
        return (hpo_json_text){.at = reader->end};
    }
    const char *first = reader->at, *at = first, *end = reader->end;
    for (;;) {
        while (at < end && !is_special[(unsigned char)*at]) at++;
        if (at >= end || *at != '\\' || ++at == end) break;
        at++;
    }
    if (at >= end || *at != '"') {
        fail(reader);
        return (hpo_json_text){.at = reader->end};
    }
    reader->at = at + 1;
    return (hpo_json_text){.at = first, .length = (size_t)(at - first)};
}

/* Copies the characters that a number may have, so that the strict parsers see the end of it. */
static bool number_text(hpo_json_reader *reader, char out[LONGEST_NUMBER + 1]) {
    size_t length = 0;
    peek(reader);
    while (reader->at < reader->end && length < LONGEST_NUMBER) {
        char c = *reader->at;
        bool belongs = (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
        if (!belongs) break;
        out[length++] = c;
        reader->at++;
    }
    out[length] = '\0';
    return length > 0;
}

static double non_finite(hpo_json_reader *reader, hpo_json_text text) {
    if (hpo_json_is(text, "nan")) return (double)NAN;
    if (hpo_json_is(text, "inf")) return (double)INFINITY;
    if (hpo_json_is(text, "-inf")) return -(double)INFINITY;
    fail(reader);
    return 0;
}

/* A plain decimal number of up to 15 digits, which is a quotient of two whole numbers that doubles hold exactly, so
 * that one division rounds it as it must be. False: it is another kind, and nothing has been eaten. */
static bool short_decimal(hpo_json_reader *reader, double *value) {
    enum { MOST = 15 };
    static const double powers[MOST + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *at = reader->at;
    const bool negative = at < reader->end && *at == '-';
    uint64_t digits = 0;
    size_t count = 0, fraction = 0;
    if (negative) at++;
    for (; at < reader->end && *at >= '0' && *at <= '9' && count < MOST; at++, count++) {
        digits = digits * 10 + (uint64_t)(*at - '0');
    }
    if (count == 0) return false;
    if (at < reader->end && *at == '.') {
        at++;
        for (; at < reader->end && *at >= '0' && *at <= '9' && count < MOST; at++, count++, fraction++) {
            digits = digits * 10 + (uint64_t)(*at - '0');
        }
        if (fraction == 0) return false;
    }
    const bool ends = at < reader->end && (*at == ',' || *at == '}' || *at == ']');
    if (!ends) return false;
    reader->at = at;
    *value = (double)digits / powers[fraction];
    if (negative) *value = -*value;
    return true;
}

double hpo_json_real(hpo_json_reader *reader) {
    if (peek(reader) == '"') return non_finite(reader, hpo_json_string(reader));
    double exact;
    if (short_decimal(reader, &exact)) return exact;
    char text[LONGEST_NUMBER + 1];
    double value = 0;
    if (!number_text(reader, text) || text[0] == '+' || !base_parse_double(text, &value)) fail(reader);
    return value;
}

uint64_t hpo_json_u64(hpo_json_reader *reader) {
    bool quoted = eat(reader, '"');
    const char *at = reader->at, *first = at;
    uint64_t value = 0;
    for (; at < reader->end && *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            fail(reader);
            return 0;
        }
        value = value * 10 + digit;
    }
    reader->at = at;
    if (at == first || (quoted && !eat(reader, '"'))) fail(reader);
    return reader->bad ? 0 : value;
}

uint32_t hpo_json_u32(hpo_json_reader *reader) {
    uint64_t value = hpo_json_u64(reader);
    if (value > UINT32_MAX) fail(reader);
    return (uint32_t)value;
}

int hpo_json_int(hpo_json_reader *reader) {
    bool negative = eat(reader, '-');
    uint64_t value = hpo_json_u64(reader);
    if (value > INT32_MAX) fail(reader);
    return reader->bad ? 0 : negative ? -(int)value : (int)value;
}

bool hpo_json_bool(hpo_json_reader *reader) {
    peek(reader);
    if (eat_word(reader, "true")) return true;
    if (!eat_word(reader, "false")) fail(reader);
    return false;
}

static size_t pass_digits(hpo_json_reader *reader) {
    const char *first = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') reader->at++;
    return (size_t)(reader->at - first);
}

static bool pass_char(hpo_json_reader *reader, char a, char b) {
    if (reader->at == reader->end || (*reader->at != a && *reader->at != b)) return false;
    reader->at++;
    return true;
}

/* What is a number by its letters; nobody needs its value. */
static bool pass_number(hpo_json_reader *reader) {
    pass_char(reader, '-', '-');
    if (pass_digits(reader) == 0) return false;
    if (pass_char(reader, '.', '.') && pass_digits(reader) == 0) return false;
    if (!pass_char(reader, 'e', 'E')) return true;
    pass_char(reader, '+', '-');
    return pass_digits(reader) > 0;
}

static void skip_scalar(hpo_json_reader *reader, char first) {
    static const char *const words[] = {"true", "false", "null", "NaN", "Infinity", "-Infinity"};
    if (first == '"') {
        hpo_json_string(reader);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (first == words[i][0] && eat_word(reader, words[i])) return;
    }
    if (!pass_number(reader)) fail(reader);
}

static void skip_value(hpo_json_reader *reader, int depth) {
    char first = peek(reader);
    bool more = false;
    hpo_json_text key;
    if (depth > DEEPEST) {
        fail(reader);
    } else if (first == '{') {
        reader->at++;
        while (hpo_json_key(reader, &more, &key)) skip_value(reader, depth + 1);
    } else if (first == '[') {
        reader->at++;
        while (hpo_json_item(reader, &more)) skip_value(reader, depth + 1);
    } else {
        skip_scalar(reader, first);
    }
}

void hpo_json_skip(hpo_json_reader *reader) {
    if (!reader->bad) skip_value(reader, 0);
}

void hpo_json_pass_object(hpo_json_reader *reader) {
    /* What does not count: all but quotes, brackets of objects, and what must not be there. */
    static const bool counts[256] = {['"'] = true, ['{'] = true, ['}'] = true, ['\n'] = true};
    size_t depth = 0;
    if (peek(reader) != '{') fail(reader);
    while (!reader->bad) {
        while (reader->at < reader->end && !counts[(unsigned char)*reader->at]) reader->at++;
        const char c = reader->at < reader->end ? *reader->at : '\n';
        if (c == '"') {
            hpo_json_string(reader);
            continue;
        }
        if (c == '\n') {
            fail(reader);
            return;
        }
        reader->at++;
        depth += c == '{' ? 1 : SIZE_MAX;
        if (depth == 0) return;
    }
}

/* ---- escapes ---- */

static bool hex4(const char *at, const char *end, unsigned *out) {
    if (end - at < 4) return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16u;
        if (digit == 16) return false;
        *out = *out << 4 | digit;
    }
    return true;
}

static size_t put_utf8(unsigned code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((count == 2 ? 0xc0u : count == 3 ? 0xe0u : 0xf0u) | code);
    return count;
}

/* One character at *at, escaped or not, as its bytes; *at moves behind it. A lone half of a pair becomes U+FFFD. */
static size_t decode_one(const char **at, const char *end, char out[4]) {
    const char *s = *at;
    if (*s != '\\' || end - s < 2) {
        size_t count = 1;
        while (s + count < end && count < 4 && ((unsigned char)s[count] & 0xc0) == 0x80) count++;
        memcpy(out, s, count);
        *at = s + count;
        return count;
    }
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char *name = strchr(names, s[1]);
    *at = s + 2;
    if (s[1] != 'u') {
        out[0] = name ? values[name - names] : s[1];
        return 1;
    }
    unsigned code = 0xfffd, low = 0;
    if (hex4(s + 2, end, &code)) *at = s + 6;
    if (code >= 0xd800 && code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' &&
        hex4(*at + 2, end, &low) && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
        *at += 6;
    }
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    return put_utf8(code, out);
}

size_t hpo_json_decode(hpo_json_text text, char *out, size_t capacity) {
    const char *at = text.at, *end = text.at + text.length;
    size_t length = 0;
    while (at < end) {
        char bytes[4];
        size_t count = decode_one(&at, end, bytes);
        if (length + count >= capacity) break;
        memcpy(out + length, bytes, count);
        length += count;
    }
    out[length] = '\0';
    return length;
}
