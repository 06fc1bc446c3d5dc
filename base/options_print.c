/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints a table of options as help, and the values it has read as a flow map that reads back to the same values. */
#include "base/options_internal.h"
#include "base/yaml_internal.h"

#include <math.h>
#include <string.h>

#define PAGE_WIDTH     80
#define MAX_NAME_WIDTH 24

/* Words from column indent (where the cursor stands) on, broken before PAGE_WIDTH; ends the line. */
static void put_wrapped(const char *text, size_t indent, base_buf *out) {
    size_t column = indent;
    for (const char *word = text; *word != '\0';) {
        const size_t length = strcspn(word, " ");
        if (column > indent && column + 1 + length > PAGE_WIDTH) {
            base_buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            base_buf_putc(out, ' ');
            column++;
        }
        base_buf_append(out, word, length);
        column += length;
        word += length;
        word += strspn(word, " ");
    }
    base_buf_putc(out, '\n');
}

void base_put_text(const char *text, size_t indent, base_buf *out) {
    base_buf_printf(out, "%*s", (int)indent, "");
    put_wrapped(text, indent, out);
}

void base_put_row(const char *name, size_t column, const char *text, base_buf *out) {
    const int width = (int)column - 3; /* two blanks before the name, one behind it */
    if ((int)strlen(name) > width) {
        base_buf_printf(out, "  %s\n%*s", name, (int)column, "");
    } else {
        base_buf_printf(out, "  %-*s ", width, name);
    }
    put_wrapped(text, column, out);
}

static size_t name_width(const base_option *table) {
    size_t width = 0;
    for (const base_option *option = table; option->name != NULL; option++) {
        const size_t length = strlen(option->name);
        if (length > width) width = length;
    }
    return width < MAX_NAME_WIDTH ? width : MAX_NAME_WIDTH;
}

void base_options_help(const base_option *table, base_buf *out) {
    const size_t width = name_width(table), indent = width + 4;
    base_buf rule = {0};
    for (const base_option *option = table; option->name != NULL; option++) {
        if (strlen(option->name) > width) {
            base_buf_printf(out, "  %s\n%*s", option->name, (int)indent, "");
        } else {
            base_buf_printf(out, "  %-*s  ", (int)width, option->name);
        }
        base_buf_clear(&rule);
        base_option_rule(option, &rule);
        if (option->fallback == BASE_REQUIRED) {
            base_buf_puts(&rule, "; required");
        } else if (base_option_is_optional(option)) {
            base_buf_puts(&rule, "; optional");
        } else {
            base_buf_printf(&rule, "; default %s", option->fallback);
        }
        put_wrapped(base_buf_text(&rule), indent, out);
        if (option->help == NULL || *option->help == '\0') continue;
        base_buf_printf(out, "%*s", (int)indent, "");
        put_wrapped(option->help, indent, out);
    }
    base_buf_fini(&rule);
}

static void put_real(double value, base_buf *out) {
    if (isfinite(value)) {
        base_buf_put_double(out, value);
    } else {
        base_buf_puts(out, isnan(value) ? ".nan" : value < 0.0 ? "-.inf" : ".inf");
    }
}

static void put_or_null(bool is_null, const char *text, base_buf *out) {
    if (is_null) {
        base_buf_puts(out, "null");
    } else {
        base_yaml_put_string(text, out);
    }
}

/* An option without a default whose field is zero prints as null: that is what reads back as zero. */
static void put_field(const base_option *option, const void *field, base_buf *out) {
    const bool optional = base_option_is_optional(option);
    switch (option->kind) {
    case BASE_OPTION_BOOL: base_buf_puts(out, *(const bool *)field ? "true" : "false"); return;
    case BASE_OPTION_STRING: {
        const char *text = *(const char *const *)field;
        put_or_null(text == NULL, text, out);
        return;
    }
    case BASE_OPTION_CHOICE: {
        const int choice = *(const int *)field;
        put_or_null(optional && choice == 0, option->choices[choice], out);
        return;
    }
    case BASE_OPTION_NODE: {
        const base_yaml_node *node = *(const base_yaml_node *const *)field;
        if (node == NULL) {
            base_buf_puts(out, "null");
        } else {
            base_yaml_print_canonical(node, out);
        }
        return;
    }
    case BASE_OPTION_INT:
        if (optional && *(const int64_t *)field == 0) break;
        base_buf_put_i64(out, *(const int64_t *)field);
        return;
    case BASE_OPTION_BYTES:
        if (optional && *(const uint64_t *)field == 0) break;
        base_put_bytes(*(const uint64_t *)field, out);
        return;
    case BASE_OPTION_REAL:
    case BASE_OPTION_DURATION:
        if (optional && *(const double *)field == 0.0) break;
        put_real(*(const double *)field, out);
        return;
    }
    base_buf_puts(out, "null");
}

void base_options_print(const base_option *table, const void *target, base_buf *out) {
    base_buf_putc(out, '{');
    for (const base_option *option = table; option->name != NULL; option++) {
        if (option != table) base_buf_puts(out, ", ");
        base_yaml_put_string(option->name, out);
        base_buf_puts(out, ": ");
        put_field(option, (const char *)target + option->offset, out);
    }
    base_buf_putc(out, '}');
}
