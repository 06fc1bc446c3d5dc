/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as text and back (declared in base/buf.h), exact in 128-bit integers where numbers usually live.
 *
 * A journal writes and reads millions of doubles, and printf with strtod costs about a microsecond for each. For
 * 1e-33 < |v| < 2^53, v = m 2^e times 10^k is m 5^k 2^(e+k), and 5^k needs at most 117 bits: scaled, rounded to 15, 16
 * and 17 digits, and compared with half the gap to the neighbours of v without any rounding error. (R. L. Burger and
 * R. K. Dybvig, PLDI 1996, do the same in big integers; the digits here are those of printf, not the shortest of all.)
 * Reading follows W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990: one exact operation when
 * digits and power of ten are exact doubles, else an exact 128-bit product or quotient with its remainder. Everything
 * outside goes to snprintf and strtod, whose decimal point the locale decides and we put right. */
#include "base/buf.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

__extension__ typedef unsigned __int128 u128;

enum { LARGEST_POWER = 27 }; /* 5^27 < 2^63 */

/* clang-format off */
static const uint64_t power_of_5[LARGEST_POWER + 1] = {
    1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u,
    244140625u, 1220703125u, 6103515625u, 30517578125u, 152587890625u, 762939453125u,
    3814697265625u, 19073486328125u, 95367431640625u, 476837158203125u, 2384185791015625u,
    11920928955078125u, 59604644775390625u, 298023223876953125u, 1490116119384765625u, 7450580596923828125u,
};
/* clang-format on */

/* Writes the digits so that they end before `end`; returns the first. */
static char *digits_before(char *end, uint64_t value) {
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

void base_buf_put_u64(base_buf *buf, uint64_t value) {
    char text[24], *end = text + sizeof text, *first = digits_before(end, value);
    base_buf_append(buf, first, (size_t)(end - first));
}

void base_buf_put_i64(base_buf *buf, int64_t value) {
    char text[24], *end = text + sizeof text;
    char *first = digits_before(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    if (value < 0) *--first = '-';
    base_buf_append(buf, first, (size_t)(end - first));
}

typedef struct decimal {
    uint64_t digits;
    int exponent; /* value = digits * 10^exponent */
} decimal;

/* m 2^e times 10^scale as whole + part / 2^shift. */
typedef struct scaled {
    uint64_t whole;
    u128 part;
    u128 gap; /* what one unit in the last place of m adds to part: 5^scale */
    int shift;
} scaled;

static scaled scale_up(uint64_t m, int e, int scale) {
    u128 five = scale <= LARGEST_POWER ? power_of_5[scale]
                                       : (u128)power_of_5[LARGEST_POWER] * power_of_5[scale - LARGEST_POWER];
    int shift = -(e + scale);
    u128 low = (u128)m * (uint64_t)five;
    u128 high = (u128)m * (uint64_t)(five >> 64) + (uint64_t)(low >> 64);
    uint64_t last = (uint64_t)low; /* the product is high * 2^64 + last */
    if (shift < 64) {
        return (scaled){.whole = (uint64_t)(high << (64 - shift)) | last >> shift,
                        .part = last & (((uint64_t)1 << shift) - 1),
                        .gap = five,
                        .shift = shift};
    }
    return (scaled){.whole = (uint64_t)(high >> (shift - 64)),
                    .part = (high & (((u128)1 << (shift - 64)) - 1)) << 64 | last,
                    .gap = five,
                    .shift = shift};
}

/* The digits of %.15g, %.16g or %.17g, the first that reads back as v. False outside of 1e-33 < v < 2^53 or if v is a
 * whole number. */
static bool shortest_digits(double v, decimal *out) {
    if (!(v > 1e-33 && v < 0x1p53) || v == floor(v)) return false;
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint64_t hidden = (uint64_t)1 << 52;
    uint64_t m = (bits & (hidden - 1)) | hidden;
    int e = (int)(bits >> 52) - 1075;
    int scale = 16 - (int)floor((e + 52) * 0.30102999566398120); /* v 10^scale has 17 digits, or 18 */
    scaled at = scale_up(m, e, scale);
    if (at.whole >= 100000000000000000u) at = scale_up(m, e, --scale);

    int dropped = 2;
    for (uint64_t step = 100;; step /= 10, dropped--) {
        uint64_t head = at.whole / step;
        u128 below = (u128)(at.whole % step) << at.shift | at.part;
        u128 above = ((u128)step << at.shift) - below;
        bool up = below > above || (below == above && (head & 1) != 0);
        /* Reads back if nearer than half the gap, which under a power of two is half as wide below. No ties: 5^scale is
         * odd. */
        u128 distance = up ? 2 * above : (m == hidden ? 4 : 2) * below;
        if (step == 1 || distance < at.gap) {
            *out = (decimal){.digits = head + up, .exponent = dropped - scale};
            break;
        }
    }
    for (; out->digits % 10 == 0; out->exponent++) out->digits /= 10;
    return true;
}

/* As %g lays digits out: plain from 1e-4 on, with an exponent of at least two digits below. Returns the end. */
static char *lay_out(char *at, decimal number) {
    char text[24], *end = text + sizeof text, *first = digits_before(end, number.digits);
    int count = (int)(end - first), point = count + number.exponent; /* the point stands before digit `point` */
    if (point > 0) {
        memcpy(at, first, (size_t)point);
        at += point;
        *at++ = '.';
        memcpy(at, first + point, (size_t)(count - point));
        return at + count - point;
    }
    if (point > -4) {
        memcpy(at, "0.000", 5);
        at += 2 - point;
        memcpy(at, first, (size_t)count);
        return at + count;
    }
    *at++ = *first++;
    if (count > 1) *at++ = '.';
    memcpy(at, first, (size_t)(count - 1));
    at += count - 1;
    *at++ = 'e';
    *at++ = '-';
    *at++ = (char)('0' + (1 - point) / 10);
    *at++ = (char)('0' + (1 - point) % 10);
    return at;
}

/* Replaces the locale's decimal point in text by '.'. */
static void mend_point(char *text) {
    const char *point = localeconv()->decimal_point;
    char *found = strcmp(point, ".") != 0 ? strstr(text, point) : NULL;
    if (!found) return;
    size_t length = strlen(point);
    *found = '.';
    memmove(found + 1, found + length, strlen(found + length) + 1);
}

static void put_by_printf(base_buf *buf, double value) {
    char text[48];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (precision == 17 || strtod(text, NULL) == value) break;
    }
    mend_point(text);
    base_buf_puts(buf, text);
    if (!strpbrk(text, ".e")) base_buf_puts(buf, ".0");
}

void base_buf_put_double(base_buf *buf, double value) {
    if (isnan(value)) {
        base_buf_puts(buf, "nan");
        return;
    }
    if (signbit(value)) base_buf_putc(buf, '-');
    double v = fabs(value);
    decimal number;
    if (v < 0x1p53 && v == floor(v)) {
        base_buf_put_u64(buf, (uint64_t)v);
        base_buf_append(buf, ".0", 2);
    } else if (shortest_digits(v, &number)) {
        char text[40];
        base_buf_append(buf, text, (size_t)(lay_out(text, number) - text));
    } else if (isinf(v)) {
        base_buf_puts(buf, "inf");
    } else {
        put_by_printf(buf, v);
    }
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool base_parse_i64(const char *text, int64_t *out) {
    bool negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    if (!is_digit(*text)) return false;
    const uint64_t largest = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    for (; is_digit(*text); text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (largest - digit) / 10) return false;
        value = value * 10 + digit;
    }
    if (*text) return false;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

/* n 2^e, plus a little where `sticky`, rounded to nearest, ties to even. n >= 2^55 where sticky. */
static double round_to_double(u128 n, int e, bool sticky) {
    uint64_t high = (uint64_t)(n >> 64);
    int width = high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)n);
    int shift = width > 53 ? width - 53 : 0;
    uint64_t m = (uint64_t)(n >> shift);
    if (shift > 0) {
        u128 half = (u128)1 << (shift - 1), rest = n & (2 * half - 1);
        if (rest > half || (rest == half && (sticky || (m & 1) != 0))) m++;
    }
    return ldexp((double)m, e + shift);
}

/* digits * 10^exponent, correctly rounded; digits > 0, |exponent| <= LARGEST_POWER. */
static double exact_product(decimal number) {
    static const double power_of_10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                         1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t w = number.digits;
    int q = number.exponent;
    if (w <= (uint64_t)1 << 53 && q >= -22 && q <= 22) {
        return q < 0 ? (double)w / power_of_10[-q] : (double)w * power_of_10[q];
    }
    if (q >= 0) return round_to_double((u128)w * power_of_5[q], q, false);
    int up = 64 + __builtin_clzll(w); /* the dividend fills 128 bits, so the quotient has at least 65 */
    u128 dividend = (u128)w << up;
    return round_to_double(dividend / power_of_5[-q], q - up, dividend % power_of_5[-q] != 0);
}

/* Reads digits [. digits] [e digits]; keeps the first 19 significant digits and says whether these were all. */
static bool scan_decimal(const char *text, decimal *out, bool *complete) {
    uint64_t digits = 0;
    int exponent = 0, kept = 0;
    bool any = false, point = false;
    *complete = true;
    for (;; text++) {
        if (is_digit(*text)) {
            any = true;
            if (kept < 19) {
                digits = digits * 10 + (uint64_t)(*text - '0');
                if (digits != 0) kept++;
                exponent -= point;
            } else {
                *complete = false;
            }
        } else if (*text == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    if (!any) return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        bool negative = *text == '-';
        if (*text == '-' || *text == '+') text++;
        if (!is_digit(*text)) return false;
        int written = 0;
        for (; is_digit(*text); text++) written = written < 100000 ? written * 10 + (*text - '0') : written;
        exponent += negative ? -written : written;
        *complete = *complete && written < 100000;
    }
    *out = (decimal){.digits = digits, .exponent = exponent};
    return *text == '\0';
}

static double read_by_strtod(const char *text) {
    const char *point = localeconv()->decimal_point, *dot = strchr(text, '.');
    if (!dot || strcmp(point, ".") == 0) return strtod(text, NULL);
    base_buf local = {0};
    base_buf_append(&local, text, (size_t)(dot - text));
    base_buf_puts(&local, point);
    base_buf_puts(&local, dot + 1);
    double value = strtod(local.data, NULL);
    base_buf_fini(&local);
    return value;
}

bool base_parse_double(const char *text, double *out) {
    bool negative = *text == '-', complete;
    if (*text == '-' || *text == '+') text++;
    decimal number;
    double value;
    const bool word = !is_digit(*text) && *text != '.';
    if (word && (strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0)) {
        value = INFINITY;
    } else if (word && strcasecmp(text, "nan") == 0) {
        value = NAN;
    } else if (!scan_decimal(text, &number, &complete)) {
        return false;
    } else if (complete && number.digits == 0) {
        value = 0;
    } else if (complete && number.exponent >= -LARGEST_POWER && number.exponent <= LARGEST_POWER) {
        value = exact_product(number);
    } else {
        value = read_by_strtod(text);
        if (isinf(value)) return false; /* a finite text must not turn into infinity */
    }
    *out = negative ? -value : value;
    return true;
}
