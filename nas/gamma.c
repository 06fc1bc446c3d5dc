/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A gamma variable by inversion, and its derivative by the shape.
 *
 * With z(c, u) defined by P(c, z) = u, the implicit derivative is dz/dc = -(dP/dc) / (dP/dz): M. Figurnov, S. Mohamed,
 * A. Mnih, "Implicit Reparameterization Gradients", NeurIPS 2018, eq. 4-6. P and its derivatives come from the series
 * below z = c + 1 and from the continued fraction of Q = 1 - P above, both differentiated term by term (DLMF 8.7.1 and
 * 8.9.2), so that nothing cancels. All of it in y = log z, because z itself is smaller than any double for small c. */
#include "nas/gamma.h"

#include <float.h>
#include <math.h>

#include "base/status.h"

/* ---- derivatives of log Gamma ---- */

enum { ASYMPTOTIC = 10 }; /* from here on the asymptotic series is exact to rounding (DLMF 5.11.2 and 5.15.8) */

double nas_digamma(double x) {
    double before = 0;
    for (; x < ASYMPTOTIC; x++) before -= 1 / x;
    const double i = 1 / (x * x);
    const double series =
        i * (1.0 / 12 - i * (1.0 / 120 - i * (1.0 / 252 - i * (1.0 / 240 - i * (1.0 / 132 - i * 691.0 / 32760)))));
    return before + log(x) - 1 / (2 * x) - series;
}

double nas_trigamma(double x) {
    double before = 0;
    for (; x < ASYMPTOTIC; x++) before += 1 / (x * x);
    const double i = 1 / (x * x);
    const double series =
        i * (1.0 / 6 - i * (1.0 / 30 - i * (1.0 / 42 - i * (1.0 / 30 - i * (5.0 / 66 - i * 691.0 / 2730)))));
    return before + (1 + 1 / (2 * x) + series) / x;
}

/* ---- the distribution function at exp(y) ---- */

typedef struct gamma_at {
    double log_p;   /* log P */
    double by_y;    /* d(log P)/dy */
    double implied; /* c dy/dc with P held */
} gamma_at;

/* P = z^c e^-z / Gamma(c + 1) S with S = sum_n t_n, t_n = z^n / ((c + 1) ... (c + n)). */
static gamma_at by_series(double c, double y) {
    const double z = exp(y), factorial = lgamma(c + 1);
    double term = 1, sum = 1, harmonic = 0, sum_by_c = 0;
    for (double n = 1;; n++) {
        const double ratio = z / (c + n);
        term *= ratio;
        harmonic += 1 / (c + n);
        sum += term;
        sum_by_c -= term * harmonic;
        if (ratio < 1 && term * (1 + harmonic) <= DBL_EPSILON / 4 * sum) break;
    }
    return (gamma_at){
        .log_p = c * y - z - factorial + log(sum),
        .by_y = c / sum,
        .implied = -(sum * (y - nas_digamma(c + 1)) + sum_by_c),
    };
}

/* A number and its derivative by c. */
typedef struct dual {
    double v, d;
} dual;

/* h in Q = z^c e^-z / Gamma(c) h, by Lentz's algorithm: h = 1/(b_0 + a_1/(b_1 + a_2/(b_2 + ...))) with a_n = n (c - n)
 * and b_n = z + 2 n + 1 - c. */
static dual fraction(double c, double z) {
    dual b = {z + 1 - c, -1}, over = {1 / DBL_MIN, 0};
    dual under = {1 / b.v, 1 / (b.v * b.v)}, h = under;
    for (double n = 1;; n++) {
        const dual a = {n * (c - n), n};
        b.v += 2;
        const double denominator = a.v * under.v + b.v, by_c = a.d * under.v + a.v * under.d + b.d;
        const dual quotient = {a.v / over.v, (a.d - a.v * over.d / over.v) / over.v};
        under = (dual){1 / denominator, -by_c / (denominator * denominator)};
        over = (dual){b.v + quotient.v, b.d + quotient.d};
        const dual factor = {over.v * under.v, over.d * under.v + over.v * under.d};
        h = (dual){h.v * factor.v, h.d * factor.v + h.v * factor.d};
        if (fabs(factor.v - 1) <= 2 * DBL_EPSILON && fabs(h.v * factor.d) <= 4 * DBL_EPSILON * (fabs(h.d) + h.v)) break;
        if (n > 1e5) break; /* rounding, which no more terms remove */
    }
    return h;
}

static gamma_at by_fraction(double c, double y) {
    const double z = exp(y);
    const dual h = fraction(c, z);
    const double density = exp(c * y - z - lgamma(c)); /* dP/dy */
    const double above = density * h.v;
    return (gamma_at){
        .log_p = log1p(-above),
        .by_y = density / (1 - above),
        .implied = c * (h.v * (y - nas_digamma(c)) + h.d),
    };
}

static gamma_at at(double c, double y) {
    return y < log(c + 1) ? by_series(c, y) : by_fraction(c, y);
}

/* log P is concave in y, since the density of y is log-concave: Newton's iteration from below grows towards the root
 * and never beyond. It begins at the bound P < z^c / Gamma(c + 1). */
double nas_gamma_log_quantile(double shape, double u, double *slope) {
    const double log_u = log(u);
    double y = (log_u + lgamma(shape + 1)) / shape;
    BASE_ASSERT(shape > 0 && u > 0 && u < 1);
    gamma_at now = at(shape, y);
    for (int i = 0; i < 200; i++) {
        const double step = (log_u - now.log_p) / now.by_y;
        y += step;
        now = at(shape, y);
        if (fabs(step) <= 1e-9 * (1 + fabs(y))) break; /* the next step would be its square */
    }
    *slope = now.implied;
    return y;
}
