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

/* Of a number; 1 for 0. */
static int count_digits(uint64_t value) {
    /* clang-format off */
    static const uint64_t power_of_10[] = {
        0u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
        100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u,
        100000000000000000u, 1000000000000000000u, 10000000000000000000u,
    };
    /* clang-format on */
    const int below = (64 - __builtin_clzll(value | 1)) * 1233 >> 12; /* times log10(2): exact, or one too few */
    return below + (value >= power_of_10[below]);
}

/* Writes the digits so that they end before `end`, two by two. */
static void digits_before(char *end, uint64_t value) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    for (; value >= 100; value /= 100) memcpy(end -= 2, pairs + 2 * (value % 100), 2);
    if (value >= 10) {
        memcpy(end - 2, pairs + 2 * value, 2);
    } else {
        end[-1] = (char)('0' + value);
    }
}

/* Behind the digits. */
static char *put_digits(char *at, uint64_t value) {
    at += count_digits(value);
    digits_before(at, value);
    return at;
}

enum { NUMBER_ROOM = 48 }; /* bytes of any number's text, with its NUL */

static void end_at(base_buf *buf, char *end) {
    *end = '\0';
    buf->length = (size_t)(end - buf->data);
}

void base_buf_put_u64(base_buf *buf, uint64_t value) {
    end_at(buf, put_digits(base_buf_reserve(buf, NUMBER_ROOM), value));
}

void base_buf_put_i64(base_buf *buf, int64_t value) {
    char *at = base_buf_reserve(buf, NUMBER_ROOM);
    if (value < 0) *at++ = '-';
    end_at(buf, put_digits(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value));
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

/* The number without the digits that step, a power of ten, stands for; false if that does not read back as m. */
static inline bool round_off(const scaled *at, bool power_of_2, uint64_t step, uint64_t *digits) {
    const uint64_t head = at->whole / step;
    const u128 below = (u128)(at->whole % step) << at->shift | at->part;
    const u128 above = ((u128)step << at->shift) - below;
    const bool up = below > above || (below == above && (head & 1) != 0);
    *digits = head + up;
    /* Reads back if nearer than half the gap, which under a power of two is half as wide below. No ties: 5^scale is
     * odd. */
    const u128 distance = up ? 2 * above : (power_of_2 ? 4 : 2) * below;
    return distance < at->gap;
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
    if (!round_off(&at, m == hidden, 100, &out->digits)) {
        dropped = round_off(&at, m == hidden, 10, &out->digits) ? 1 : 0;
        if (dropped == 0) (void)round_off(&at, m == hidden, 1, &out->digits);
    }
    out->exponent = dropped - scale;
    for (; out->digits % 10 == 0; out->exponent++) out->digits /= 10;
    return true;
}

/* As %g lays digits out: plain from 1e-4 on, with an exponent of at least two digits below. Returns the end. */
static char *lay_out(char *at, decimal number) {
    const int count = count_digits(number.digits), point = count + number.exponent; /* before digit `point` */
    if (point <= 0 && point > -4) {
        memcpy(at, "0.000", sizeof "0.000");
        at += 2 - point;
        digits_before(at + count, number.digits);
        return at + count;
    }
    const int before = point > 0 ? point : 1; /* digits before the point, which are moved to make room for it */
    digits_before(at + 1 + count, number.digits);
    for (int i = 0; i < before; i++) at[i] = at[i + 1];
    at[before] = '.';
    at += count > before ? count + 1 : before;
    if (point > 0) return at;
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
    const double v = fabs(value);
    decimal number;
    char *at = base_buf_reserve(buf, NUMBER_ROOM);
    if (signbit(value)) *at++ = '-';
    if (v < 0x1p53 && v == floor(v)) {
        at = put_digits(at, (uint64_t)v);
        memcpy(at, ".0", sizeof ".0");
        end_at(buf, at + 2);
    } else if (shortest_digits(v, &number)) {
        end_at(buf, lay_out(at, number));
    } else {
        end_at(buf, at);
        if (isinf(v)) {
            base_buf_puts(buf, "inf");
        } else {
            put_by_printf(buf, v);
        }
    }
}

void base_buf_put_json_number(base_buf *buf, double value) {
    if (isfinite(value)) {
        base_buf_put_double(buf, value);
    } else {
        base_buf_puts(buf, "null");
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
