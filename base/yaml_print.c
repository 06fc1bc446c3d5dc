/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints a YAML tree as block YAML, flow YAML or JSON.
 *
 * The contract is the round trip: what is printed is read back as an equal tree. A string is written plain only when a
 * conservative rule says that every reader of YAML 1.2 sees the same string, else in double quotes with escapes. In
 * block YAML a list or map of scalars that fits its line is written in flow style, as people write it: `lr: {min: 1e-5,
 * max: 1.0}`. Numbers are written as in the source, except in the canonical form, which serves comparisons, and in the
 * portable one. */
#include "base/yaml_internal.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define LINE_WIDTH 80

/* Numbers as in the source; or written anew; or so, and everything as readers of YAML 1.1 see it, too. */
typedef enum style { AS_WRITTEN, CANONICAL, PORTABLE } style;

size_t base_yaml_decode(const char *text, size_t length, uint32_t *point) {
    const unsigned char *c = (const unsigned char *)text;
    if (length == 0) return 0;
    if (c[0] < 0x80) {
        *point = c[0];
        return 1;
    }
    const size_t size = c[0] >= 0xF0 ? 4 : c[0] >= 0xE0 ? 3 : 2;
    if (c[0] < 0xC2 || c[0] > 0xF4 || size > length) return 0;
    uint32_t value = c[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((c[i] & 0xC0u) != 0x80u) return 0;
        value = (value << 6) | (c[i] & 0x3Fu);
    }
    /* Overlong forms, surrogates and values past Unicode are not UTF-8 (RFC 3629). */
    if ((size == 3 && value < 0x800) || (size == 4 && (value < 0x10000 || value > 0x10FFFF))) return 0;
    if (value >= 0xD800 && value <= 0xDFFF) return 0;
    *point = value;
    return size;
}

bool base_yaml_printable(uint32_t point) {
    return point == '\t' || point == '\n' || point == '\r' || (point >= 0x20 && point <= 0x7E) || point == 0x85 ||
           (point >= 0xA0 && point <= 0xD7FF) || (point >= 0xE000 && point <= 0xFFFD && point != 0xFEFF) ||
           point >= 0x10000;
}

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
}

/* Line breaks of YAML 1.1 (NEL, LS, PS) count as breaks in libyaml. */
static bool is_break(uint32_t point) {
    return point == 0x85 || point == 0x2028 || point == 0x2029;
}

static bool is_plain_safe(const char *text) {
    base_yaml_node probe = {.text = text};
    base_yaml_resolve(&probe);
    if (probe.kind != BASE_YAML_STRING) return false;
    const char *start = text + strspn(text, "-.");
    if (!is_word(*start) && (unsigned char)*start < 0x80) return false;
    const size_t length = strlen(text);
    if (text[length - 1] == ' ') return false;
    for (size_t i = 0, size; i < length; i += size) {
        uint32_t point = 0;
        size = base_yaml_decode(text + i, length - i, &point);
        if (size == 0 || !base_yaml_printable(point) || is_break(point)) return false;
        if (size == 1 && !is_word(text[i]) && strchr(" -.+=@%()~*<>$", text[i]) == NULL) return false;
    }
    return true;
}

static void put_escaped(uint32_t point, const char *bytes, size_t size, base_buf *out) {
    switch (point) {
    case '"': base_buf_puts(out, "\\\""); return;
    case '\\': base_buf_puts(out, "\\\\"); return;
    case '\n': base_buf_puts(out, "\\n"); return;
    case '\t': base_buf_puts(out, "\\t"); return;
    case '\r': base_buf_puts(out, "\\r"); return;
    default: break;
    }
    if (base_yaml_printable(point) && !is_break(point)) {
        base_buf_append(out, bytes, size);
    } else {
        base_buf_printf(out, point < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)point);
    }
}

/* What YAML 1.1 (types bool, int, float, timestamp at yaml.org) takes for a truth, a number or a date, and 1.2 does
 * not. */
static bool is_string_in_1_1(const char *text) {
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0) return false;
    return strchr("-+.0123456789", *text) == NULL || text[strspn(text, "0123456789abcdefABCDEFxXtTzZ_+-.: ")] != '\0';
}

static void put_quoted(const char *text, base_buf *out) {
    const size_t length = strlen(text);
    base_buf_putc(out, '"');
    for (size_t i = 0; i < length;) {
        uint32_t point = 0;
        const size_t size = base_yaml_decode(text + i, length - i, &point);
        if (size == 0) {
            base_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text[i++]);
            continue;
        }
        put_escaped(point, text + i, size, out);
        i += size;
    }
    base_buf_putc(out, '"');
}

static void put_string(const char *text, style how, base_buf *out) {
    if (is_plain_safe(text) && (how != PORTABLE || is_string_in_1_1(text)))
        base_buf_puts(out, text);
    else
        put_quoted(text, out);
}

void base_yaml_put_string(const char *text, base_buf *out) {
    put_string(text, AS_WRITTEN, out);
}

static void put_float(double number, base_buf *out) {
    if (isnan(number)) {
        base_buf_puts(out, ".nan");
    } else if (isinf(number)) {
        base_buf_puts(out, number < 0 ? "-.inf" : ".inf");
    } else {
        base_buf_put_double(out, number);
    }
}

/* 1e-05 is a text in YAML 1.1, whose numbers have a point. */
static void put_portable_float(double number, base_buf *out) {
    base_buf text = {0};
    put_float(number, &text);
    const char *digits = base_buf_text(&text), *exponent = strchr(digits, 'e');
    if (exponent && !strchr(digits, '.'))
        base_buf_printf(out, "%.*s.0%s", (int)(exponent - digits), digits, exponent);
    else
        base_buf_puts(out, digits);
    base_buf_fini(&text);
}

static void put_scalar(const base_yaml_node *node, style how, base_buf *out) {
    switch (node->kind) {
    case BASE_YAML_NULL: base_buf_puts(out, "null"); break;
    case BASE_YAML_BOOL: base_buf_puts(out, node->boolean ? "true" : "false"); break;
    case BASE_YAML_STRING: put_string(node->text, how, out); break;
    case BASE_YAML_INT:
        if (how != AS_WRITTEN) {
            base_buf_put_i64(out, node->integer);
        } else {
            base_buf_puts(out, node->text);
        }
        break;
    default:
        if (how == CANONICAL) {
            put_float(node->number, out);
        } else if (how == PORTABLE) {
            put_portable_float(node->number, out);
        } else {
            base_buf_puts(out, node->text);
        }
        break;
    }
}

/* A key is known by its text: null, 1 and true are names like any other. */
static void put_key(const base_yaml_node *key, style how, base_buf *out) {
    if (key->kind == BASE_YAML_STRING || how == PORTABLE) {
        put_string(key->text, how, out);
    } else {
        base_buf_puts(out, key->text);
    }
    base_buf_putc(out, ':');
}

static void put_flow(const base_yaml_node *node, style how, base_buf *out) {
    if (base_yaml_is_scalar(node)) {
        put_scalar(node, how, out);
        return;
    }
    const bool is_map = node->kind == BASE_YAML_MAP;
    base_buf_putc(out, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        if (is_map) {
            put_key(node->keys[i], how, out);
            base_buf_putc(out, ' ');
        }
        put_flow(node->items[i], how, out);
    }
    base_buf_putc(out, is_map ? '}' : ']');
}

void base_yaml_print_flow(const base_yaml_node *node, base_buf *out) {
    put_flow(node, AS_WRITTEN, out);
}

void base_yaml_print_canonical(const base_yaml_node *node, base_buf *out) {
    put_flow(node, CANONICAL, out);
}

static void put_indent(int indent, base_buf *out) {
    for (int i = 0; i < indent; i++) base_buf_putc(out, ' ');
}

/* Writes node on the current line when it is a scalar, empty, or a short collection of scalars. */
static bool put_inline(const base_yaml_node *node, style how, base_buf *out) {
    for (size_t i = 0; i < node->count; i++) {
        if (!base_yaml_is_scalar(node->items[i])) return false;
    }
    const char *text = base_buf_text(out);
    size_t line = out->length;
    while (line > 0 && text[line - 1] != '\n') line--;
    const size_t before = out->length;
    base_buf_putc(out, ' ');
    put_flow(node, how, out);
    if (node->count > 0 && out->length - line > LINE_WIDTH) {
        out->length = before;
        out->data[before] = '\0';
        return false;
    }
    base_buf_putc(out, '\n');
    return true;
}

/* A non-empty collection, its first line at the current position, the others behind indent spaces. */
static void put_block(const base_yaml_node *node, int indent, style how, base_buf *out) {
    for (size_t i = 0; i < node->count; i++) {
        const base_yaml_node *item = node->items[i];
        if (i > 0) put_indent(indent, out);
        if (node->kind == BASE_YAML_MAP) {
            put_key(node->keys[i], how, out);
            if (put_inline(item, how, out)) continue;
            base_buf_putc(out, '\n');
            put_indent(indent + 2, out);
        } else {
            base_buf_putc(out, '-');
            if (put_inline(item, how, out)) continue;
            base_buf_putc(out, ' ');
        }
        put_block(item, indent + 2, how, out);
    }
}

static void print_block(const base_yaml_node *node, int indent, style how, base_buf *out) {
    put_indent(indent, out);
    if (node->count > 0) {
        put_block(node, indent, how, out);
    } else {
        put_flow(node, how, out);
        base_buf_putc(out, '\n');
    }
}

void base_yaml_print(const base_yaml_node *node, int indent, base_buf *out) {
    print_block(node, indent, AS_WRITTEN, out);
}

void base_yaml_print_portable(const base_yaml_node *node, base_buf *out) {
    print_block(node, 0, PORTABLE, out);
}

static void put_json_float(double number, base_buf *out) {
    if (isfinite(number)) {
        base_buf_put_double(out, number);
    } else {
        base_buf_puts(out, isnan(number) ? "\"nan\"" : number < 0 ? "\"-inf\"" : "\"inf\"");
    }
}

void base_yaml_print_json(const base_yaml_node *node, base_buf *out) {
    switch (node->kind) {
    case BASE_YAML_NULL: base_buf_puts(out, "null"); return;
    case BASE_YAML_BOOL: base_buf_puts(out, node->boolean ? "true" : "false"); return;
    case BASE_YAML_INT: base_buf_put_i64(out, node->integer); return;
    case BASE_YAML_FLOAT: put_json_float(node->number, out); return;
    case BASE_YAML_STRING: base_buf_put_json(out, node->text); return;
    default: break;
    }
    const bool is_map = node->kind == BASE_YAML_MAP;
    base_buf_putc(out, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        if (is_map) {
            base_buf_put_json(out, node->keys[i]->text);
            base_buf_puts(out, ": ");
        }
        base_yaml_print_json(node->items[i], out);
    }
    base_buf_putc(out, is_map ? '}' : ']');
}
