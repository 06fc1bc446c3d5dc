/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text that is read character by character. */
#include "nas/genotypes/scanner.h"

#include <ctype.h>
#include <stdio.h>

nas_scanner nas_scanner_begin(const char *file, const char *text, base_err *err) {
    return (nas_scanner){.file = file, .at = text, .line = 1, .column = 1, .err = err};
}

base_status nas_scanner_fail(const nas_scanner *scanner, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    base_status status = base_err_vset(scanner->err, BASE_INVALID, __FILE__, __LINE__, fmt, args);
    va_end(args);
    base_err_prefix(scanner->err, "%s:%d:%d", scanner->file, scanner->line, scanner->column);
    return status;
}

static void step(nas_scanner *scanner) {
    scanner->column++;
    if (*scanner->at++ == '\n') {
        scanner->line++;
        scanner->column = 1;
    }
}

void nas_scanner_blanks(nas_scanner *scanner) {
    while (isspace((unsigned char)*scanner->at) || *scanner->at == '#') {
        const bool comment = *scanner->at == '#';
        do step(scanner);
        while (comment && *scanner->at != 0 && *scanner->at != '\n');
    }
}

bool nas_scanner_sees(nas_scanner *scanner, char c) {
    nas_scanner_blanks(scanner);
    return *scanner->at == c;
}

bool nas_scanner_take(nas_scanner *scanner, char c) {
    if (!nas_scanner_sees(scanner, c)) return false;
    step(scanner);
    return true;
}

/* What stands there, for a sentence. */
static const char *found(const nas_scanner *scanner, char text[16]) {
    const unsigned char c = (unsigned char)*scanner->at;
    if (c == 0) return "the end of the text";
    if (isprint(c))
        snprintf(text, 16, "'%c'", c);
    else
        snprintf(text, 16, "byte 0x%02x", c);
    return text;
}

base_status nas_scanner_expect(nas_scanner *scanner, char c, const char *where) {
    char text[16];
    if (nas_scanner_take(scanner, c)) return BASE_OK;
    return nas_scanner_fail(scanner, "there should be '%c' %s, but there is %s", c, where, found(scanner, text));
}

void nas_scanner_word(nas_scanner *scanner, char word[64]) {
    size_t length = 0;
    nas_scanner_blanks(scanner);
    while (length < 63 && (isalnum((unsigned char)*scanner->at) || *scanner->at == '_')) {
        word[length++] = *scanner->at;
        step(scanner);
    }
    word[length] = 0;
}

base_status nas_scanner_number(nas_scanner *scanner, int64_t *out) {
    char text[16];
    int digits = 0;
    nas_scanner_blanks(scanner);
    for (*out = 0; digits < 9 && isdigit((unsigned char)*scanner->at); digits++) {
        *out = 10 * *out + (*scanner->at - '0');
        step(scanner);
    }
    if (digits > 0) return BASE_OK;
    return nas_scanner_fail(scanner, "there should be a number, but there is %s", found(scanner, text));
}

base_status nas_scanner_string(nas_scanner *scanner, char text[64]) {
    char shown[16];
    size_t length = 0;
    nas_scanner_blanks(scanner);
    const char quote = *scanner->at;
    if (quote != '\'' && quote != '"')
        return nas_scanner_fail(scanner, "there should be a name in quotes, but there is %s", found(scanner, shown));
    step(scanner);
    while (length < 63 && *scanner->at != 0 && *scanner->at != '\n' && *scanner->at != quote) {
        text[length++] = *scanner->at;
        step(scanner);
    }
    text[length] = 0;
    if (*scanner->at != quote) return nas_scanner_fail(scanner, "this name does not end");
    step(scanner);
    return BASE_OK;
}

base_status nas_scanner_end(nas_scanner *scanner) {
    char text[16];
    nas_scanner_blanks(scanner);
    if (*scanner->at == 0) return BASE_OK;
    return nas_scanner_fail(scanner, "the genotype ends here, but there is %s", found(scanner, text));
}
