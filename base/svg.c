/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SVG 1.1 with one style sheet inside, so that a file is a picture wherever it is opened. */
#include "base/svg.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "<style>\n"
    "text{font:12px Helvetica,Arial,sans-serif;dominant-baseline:central}\n"
    ".small{font-size:10px}.strong{font-weight:bold}.mono{font-family:monospace}\n"
    ".paper{fill:#fff}.panel{fill:#f6f8fa;stroke:#d0d7de}.ink{fill:#1f2328}.muted{fill:#656d76}\n"
    ".rule{stroke:#57606a;fill:none}.grid{stroke:#d8dee4;fill:none}.dashed{stroke-dasharray:4 3}\n"
    ".chosen{stroke:#1f2328;stroke-width:1.5;fill:none}\n"
#define LIGHT(n, colour)                                                                                               \
    ".s" #n "{stroke:" colour ";fill:none;stroke-width:1.5}.f" #n "{fill:" colour "}.b" #n "{fill:" colour             \
    ";fill-opacity:.2}\n"
    LIGHT(0, "#0072b2") LIGHT(1, "#d55e00") LIGHT(2, "#009e73") LIGHT(3, "#b85f92") LIGHT(4, "#b58900")
        LIGHT(5, "#3a9fd6") LIGHT(6, "#7a4fbf") LIGHT(7, "#6e7781")
#undef LIGHT
            "@media(prefers-color-scheme:dark){\n"
            ".paper{fill:#0d1117}.panel{fill:#161b22;stroke:#30363d}.ink{fill:#e6edf3}.muted{fill:#8d96a0}\n"
            ".rule{stroke:#8b949e}.grid{stroke:#30363d}.chosen{stroke:#e6edf3}\n"
#define DARK(n, colour) ".s" #n "{stroke:" colour "}.f" #n ",.b" #n "{fill:" colour "}"
    DARK(0, "#4ea8de") DARK(1, "#ff8c42") DARK(2, "#2cc295") DARK(3, "#e39ac1") DARK(4, "#e6c229") DARK(5, "#8fd3ff")
        DARK(6, "#b69cf0") DARK(7, "#9da7b3")
#undef DARK
            "\n}\n</style>\n";

/* At most two decimals, no trailing zeros, no negative zero. */
static void put_number(base_buf *out, double value) {
    BASE_ASSERT(isfinite(value) && fabs(value) < 1e9);
    int64_t hundredths = llround(value * 100.0);
    if (hundredths < 0) base_buf_putc(out, '-');
    if (hundredths < 0) hundredths = -hundredths;
    base_buf_put_i64(out, hundredths / 100);
    hundredths %= 100;
    if (hundredths == 0) return;
    base_buf_putc(out, '.');
    base_buf_putc(out, (char)('0' + hundredths / 10));
    if (hundredths % 10 != 0) base_buf_putc(out, (char)('0' + hundredths % 10));
}

/* Bytes of a well-formed UTF-8 character that XML may hold, or 0. */
static size_t character(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80) return c[0] >= 0x20 || c[0] == '\t' || c[0] == '\n' ? 1 : 0;
    const size_t length = c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : c[0] >= 0xe0 ? 3 : c[0] >= 0xc2 ? 2 : 0;
    if (length == 0 || c[0] >= 0xf5) return 0;
    uint32_t code = c[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (c[i] & 0x3fu);
    }
    const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool none = (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff || code > 0x10ffff;
    return too_long || none ? 0 : length;
}

void base_put_xml(const char *text, base_buf *out) {
    while (*text != 0) {
        const size_t length = character(text);
        if (length == 0)
            base_buf_putc(out, '?');
        else if (*text == '&')
            base_buf_puts(out, "&amp;");
        else if (*text == '<')
            base_buf_puts(out, "&lt;");
        else if (*text == '>')
            base_buf_puts(out, "&gt;");
        else if (*text == '"')
            base_buf_puts(out, "&quot;");
        else
            base_buf_append(out, text, length);
        text += length == 0 ? 1 : length;
    }
}

static void put_attribute(base_buf *out, const char *name, double value) {
    base_buf_putc(out, ' ');
    base_buf_puts(out, name);
    base_buf_puts(out, "=\"");
    put_number(out, value);
    base_buf_putc(out, '"');
}

static void begin(base_svg *svg, const char *element, const char *class_name) {
    base_buf_putc(svg->out, '<');
    base_buf_puts(svg->out, element);
    if (class_name == NULL) return;
    base_buf_puts(svg->out, " class=\"");
    base_put_xml(class_name, svg->out);
    base_buf_putc(svg->out, '"');
}

base_svg base_svg_begin(base_buf *out, double width, double height, const char *title) {
    base_svg svg = {.out = out};
    base_buf_puts(out, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    put_attribute(out, "width", width);
    put_attribute(out, "height", height);
    base_buf_puts(out, " viewBox=\"0 0 ");
    put_number(out, width);
    base_buf_putc(out, ' ');
    put_number(out, height);
    base_buf_puts(out, "\">\n<title>");
    base_put_xml(title, out);
    base_buf_puts(out, "</title>\n");
    base_buf_puts(out, style);
    base_svg_rect(&svg, "paper", 0, 0, width, height, 0);
    return svg;
}

void base_svg_end(base_svg *svg) {
    BASE_ASSERT(svg->open == 0);
    base_buf_puts(svg->out, "</svg>\n");
}

void base_svg_group(base_svg *svg, const char *class_name, double x, double y) {
    begin(svg, "g", class_name);
    base_buf_puts(svg->out, " transform=\"translate(");
    put_number(svg->out, x);
    base_buf_putc(svg->out, ' ');
    put_number(svg->out, y);
    base_buf_puts(svg->out, ")\">\n");
    svg->open++;
}

void base_svg_group_end(base_svg *svg) {
    BASE_ASSERT(svg->open > 0);
    svg->open--;
    base_buf_puts(svg->out, "</g>\n");
}

static void begin_rect(base_svg *svg, const char *class_name, double x, double y, double width, double height) {
    begin(svg, "rect", class_name);
    put_attribute(svg->out, "x", x);
    put_attribute(svg->out, "y", y);
    put_attribute(svg->out, "width", width);
    put_attribute(svg->out, "height", height);
}

void base_svg_rect(base_svg *svg, const char *class_name, double x, double y, double width, double height,
                   double radius) {
    begin_rect(svg, class_name, x, y, width, height);
    if (radius > 0.0) put_attribute(svg->out, "rx", radius);
    base_buf_puts(svg->out, "/>\n");
}

void base_svg_tint(base_svg *svg, const char *class_name, double x, double y, double width, double height,
                   double opacity) {
    begin_rect(svg, class_name, x, y, width, height);
    put_attribute(svg->out, "fill-opacity", opacity);
    base_buf_puts(svg->out, "/>\n");
}

void base_svg_circle(base_svg *svg, const char *class_name, double x, double y, double radius) {
    begin(svg, "circle", class_name);
    put_attribute(svg->out, "cx", x);
    put_attribute(svg->out, "cy", y);
    put_attribute(svg->out, "r", radius);
    base_buf_puts(svg->out, "/>\n");
}

void base_svg_line(base_svg *svg, const char *class_name, double x1, double y1, double x2, double y2) {
    begin(svg, "line", class_name);
    put_attribute(svg->out, "x1", x1);
    put_attribute(svg->out, "y1", y1);
    put_attribute(svg->out, "x2", x2);
    put_attribute(svg->out, "y2", y2);
    base_buf_puts(svg->out, "/>\n");
}

static void put_points(base_svg *svg, const char *element, const char *class_name, const double *points, size_t count) {
    begin(svg, element, class_name);
    base_buf_puts(svg->out, " points=\"");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) base_buf_putc(svg->out, ' ');
        put_number(svg->out, points[2 * i]);
        base_buf_putc(svg->out, ',');
        put_number(svg->out, points[2 * i + 1]);
    }
    base_buf_puts(svg->out, "\"/>\n");
}

void base_svg_polyline(base_svg *svg, const char *class_name, const double *points, size_t count) {
    put_points(svg, "polyline", class_name, points, count);
}

void base_svg_polygon(base_svg *svg, const char *class_name, const double *points, size_t count) {
    put_points(svg, "polygon", class_name, points, count);
}

static void put_command(base_svg *svg, char command, double x, double y) {
    base_buf_putc(svg->out, command);
    put_number(svg->out, x);
    base_buf_putc(svg->out, ' ');
    put_number(svg->out, y);
}

void base_svg_path(base_svg *svg, const char *class_name, double x, double y) {
    begin(svg, "path", class_name);
    base_buf_puts(svg->out, " d=\"");
    put_command(svg, 'M', x, y);
}

void base_svg_path_line(base_svg *svg, double x, double y) {
    put_command(svg, 'L', x, y);
}

void base_svg_path_curve(base_svg *svg, double x1, double y1, double x2, double y2, double x, double y) {
    put_command(svg, 'C', x1, y1);
    put_command(svg, ' ', x2, y2);
    put_command(svg, ' ', x, y);
}

void base_svg_path_end(base_svg *svg) {
    base_buf_puts(svg->out, "\"/>\n");
}

void base_svg_text(base_svg *svg, const char *class_name, double x, double y, base_svg_anchor anchor,
                   const char *text) {
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    begin(svg, "text", class_name);
    put_attribute(svg->out, "x", x);
    put_attribute(svg->out, "y", y);
    base_buf_puts(svg->out, anchors[anchor]);
    base_buf_putc(svg->out, '>');
    base_put_xml(text, svg->out);
    base_buf_puts(svg->out, "</text>\n");
}

/* Widths of Helvetica's letters in thousandths of its height, rounded up by kind. */
double base_svg_text_width(const char *text, bool is_small) {
    double sum = 0.0;
    for (; *text != 0; text++) {
        if (((unsigned char)*text & 0xc0) == 0x80) continue; /* a character counts once */
        sum += strchr("ijlftI.,:;'|!()[] ", *text) != NULL ? 0.34 : strchr("mwMW@%", *text) != NULL ? 0.92 : 0.6;
    }
    return sum * (is_small ? 10.0 : 12.0);
}
