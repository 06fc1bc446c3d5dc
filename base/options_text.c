/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and quantities as people write them: durations, sizes in bytes, and the name that was probably meant.
 *
 * The distance is that of optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, no
 * part edited twice (F. J. Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3),
 * 1964; R. A. Wagner, M. J. Fischer, "The String-to-String Correction Problem", JACM 21(1), 1974, for the recurrence).
 */
#include "base/options.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define MAX_WORD 64

/* digits[.digits] at *text, without sign or exponent; moves *text behind it. */
static bool read_quantity(const char **text, double *value) {
    const char *c = *text;
    const size_t whole = strspn(c, "0123456789");
    size_t length = whole;
    if (c[length] == '.') {
        const size_t fraction = strspn(c + length + 1, "0123456789");
        if (fraction == 0) return false;
        length += 1 + fraction;
    }
    char copy[MAX_WORD];
    if (whole == 0 || length >= sizeof copy) return false;
    memcpy(copy, c, length);
    copy[length] = '\0';
    *text += length;
    return base_parse_double(copy, value);
}

bool base_parse_duration(const char *text, double *seconds) {
    static const char units[] = "dhms";
    static const double lengths[] = {86400.0, 3600.0, 60.0, 1.0};
    double total = 0.0;
    size_t next = 0; /* units come in falling order, each once */
    bool plain = false;
    do {
        double value = 0.0;
        if (plain || !read_quantity(&text, &value)) return false;
        const char *unit = *text != '\0' ? strchr(units + next, *text) : NULL;
        if (unit != NULL) {
            total += value * lengths[unit - units];
            next = (size_t)(unit - units) + 1;
            text++;
            if (*text == ' ' && text[1] != '\0') text++;
        } else {
            plain = true;
            if (next > 0) return false; /* "1h30": thirty of what? */
            total = value;
        }
    } while (*text != '\0');
    *seconds = total;
    return isfinite(total);
}

bool base_parse_bytes(const char *text, uint64_t *bytes) {
    static const struct {
        const char *name;
        uint64_t size;
    } units[] = {
        {"B", 1},
        {"kB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", 1000000000000},
        {"KiB", UINT64_C(1) << 10},
        {"MiB", UINT64_C(1) << 20},
        {"GiB", UINT64_C(1) << 30},
        {"TiB", UINT64_C(1) << 40},
        {"Ki", UINT64_C(1) << 10}, /* as Kubernetes writes them */
        {"Mi", UINT64_C(1) << 20},
        {"Gi", UINT64_C(1) << 30},
        {"Ti", UINT64_C(1) << 40},
        {"K", UINT64_C(1) << 10}, /* a letter alone as in Slurm's --mem, in Docker and in systemd */
        {"M", UINT64_C(1) << 20},
        {"G", UINT64_C(1) << 30},
        {"T", UINT64_C(1) << 40},
    };
    const char *unit = text;
    double value = 0.0;
    if (!read_quantity(&unit, &value)) return false;
    const bool is_whole = memchr(text, '.', (size_t)(unit - text)) == NULL;
    const char *const end = unit;
    if (*unit == ' ') unit++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcasecmp(unit, units[i].name) != 0) continue;
        if (!is_whole) {
            const double exact = value * (double)units[i].size;
            if (units[i].size == 1 || exact >= 0x1p64) return false;
            *bytes = (uint64_t)round(exact);
            return true;
        }
        uint64_t count = 0;
        for (const char *c = text; c < end; c++) {
            const uint64_t digit = (uint64_t)(*c - '0');
            if (count > (UINT64_MAX - digit) / 10) return false;
            count = count * 10 + digit;
        }
        if (count > UINT64_MAX / units[i].size) return false;
        *bytes = count * units[i].size;
        return true;
    }
    return false;
}

void base_put_bytes(uint64_t bytes, base_buf *out) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (unit + 1 < sizeof units / sizeof units[0] && bytes > 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    base_buf_put_u64(out, bytes);
    base_buf_puts(out, units[unit]);
}

bool base_suggest_duration(const char *text, base_buf *out) {
    static const struct {
        const char *word;
        char unit;
    } words[] = {
        {"sec", 's'},    {"secs", 's'},    {"second", 's'}, {"seconds", 's'}, {"min", 'm'},  {"mins", 'm'},
        {"minute", 'm'}, {"minutes", 'm'}, {"hr", 'h'},     {"hrs", 'h'},     {"hour", 'h'}, {"hours", 'h'},
        {"day", 'd'},    {"days", 'd'},    {"s", 's'},      {"m", 'm'},       {"h", 'h'},    {"d", 'd'},
    };
    const char *unit = text;
    double value = 0.0;
    if (!read_quantity(&unit, &value)) return false;
    const int length = (int)(unit - text);
    unit += strspn(unit, " ");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(unit, words[i].word) != 0) continue;
        base_buf_printf(out, "%.*s%c", length, text, words[i].unit);
        return true;
    }
    return false;
}

static unsigned char folded(char c) {
    if (c >= 'A' && c <= 'Z') return (unsigned char)(c - 'A' + 'a');
    return c == '-' ? '_' : (unsigned char)c;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment of two words of at most MAX_WORD bytes: three rows of the table are enough. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][MAX_WORD + 1];
    for (size_t j = 0; j <= b_length; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) && folded(a[i - 2]) == folded(b[j - 1])) {
                row[j] = smaller(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *base_nearest(const char *word, const char *const *names, size_t count) {
    const size_t length = strlen(word);
    if (length == 0 || length > MAX_WORD) return NULL;
    const char *nearest = NULL;
    size_t best = (length / 3 > 1 ? length / 3 : 1) + 1;
    for (size_t i = 0; i < count; i++) {
        const size_t name_length = strlen(names[i]);
        if (name_length > MAX_WORD) continue;
        const size_t distance = edit_distance(word, length, names[i], name_length);
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
