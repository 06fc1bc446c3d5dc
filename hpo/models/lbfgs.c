/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limited-memory BFGS (J. Nocedal, "Updating quasi-Newton matrices with limited storage", Math. Comp. 35, 1980) with
 * projection onto a box (D. P. Bertsekas, SIAM J. Control Optim. 20, 1982): coordinates that lie at a bound which the
 * gradient pushes against are held, the others move along the two-loop direction, and every trial point is clipped.
 *
 * GSL's minimizers know no bounds, and a kernel's hyperparameters and the unit cube have them. */
#include "hpo/models/lbfgs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MEMORY = 8, MAX_HALVINGS = 12 };

typedef struct walk {
    const hpo_lbfgs *problem;
    double *x, *gradient, *next, *next_gradient, *direction;
    double *steps, *changes; /* MEMORY x n, a ring */
    double rho[MEMORY];
    size_t stored, newest, evaluations;
} walk;

static double clip(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double evaluate(walk *w, const double *x, double *gradient) {
    w->evaluations++;
    return w->problem->value(w->problem->context, x, gradient);
}

static bool held(const walk *w, size_t i) {
    return (w->x[i] <= w->problem->low[i] && w->gradient[i] > 0) ||
           (w->x[i] >= w->problem->high[i] && w->gradient[i] < 0);
}

/* The projected gradient; returns its largest entry. */
static double project(const walk *w, double *out) {
    double largest = 0;
    for (size_t i = 0; i < w->problem->n; i++) {
        out[i] = held(w, i) ? 0 : w->gradient[i];
        largest = fmax(largest, fabs(out[i]));
    }
    return largest;
}

/* -H g by the two-loop recursion, over the free coordinates. direction holds the projected gradient on entry. */
static void quasi_newton(walk *w) {
    const size_t n = w->problem->n;
    double *d = w->direction, a[MEMORY];
    for (size_t k = 0; k < w->stored; k++) {
        const size_t slot = (w->newest + MEMORY - k) % MEMORY;
        a[slot] = w->rho[slot] * dot(w->steps + slot * n, d, n);
        for (size_t i = 0; i < n; i++) d[i] -= a[slot] * w->changes[slot * n + i];
    }
    double scale = 1;
    if (w->stored > 0) {
        const double *y = w->changes + w->newest * n;
        scale = 1 / (w->rho[w->newest] * dot(y, y, n));
    } else {
        scale = 1 / fmax(1, sqrt(dot(d, d, n)));
    }
    for (size_t i = 0; i < n; i++) d[i] *= scale;
    for (size_t k = w->stored; k-- > 0;) {
        const size_t slot = (w->newest + MEMORY - k) % MEMORY;
        const double b = w->rho[slot] * dot(w->changes + slot * n, d, n);
        for (size_t i = 0; i < n; i++) d[i] += (a[slot] - b) * w->steps[slot * n + i];
    }
    for (size_t i = 0; i < n; i++) d[i] = held(w, i) ? 0 : -d[i];
}

/* Halves the step until the value falls enough (Armijo). False: it does not, or nothing is left of the budget. */
static bool line_search(walk *w, double *value) {
    const size_t n = w->problem->n;
    double step = 1;
    for (int tries = 0; tries < MAX_HALVINGS && w->evaluations < w->problem->max_evaluations; tries++, step *= 0.4) {
        double promise = 0;
        for (size_t i = 0; i < n; i++) {
            w->next[i] = clip(w->x[i] + step * w->direction[i], w->problem->low[i], w->problem->high[i]);
            promise += w->gradient[i] * (w->next[i] - w->x[i]);
        }
        if (!(promise < 0)) return false;
        const double there = evaluate(w, w->next, w->next_gradient);
        if (isfinite(there) && there <= *value + 1e-4 * promise) {
            *value = there;
            return true;
        }
    }
    return false;
}

static void remember(walk *w) {
    const size_t n = w->problem->n, slot = (w->newest + 1) % MEMORY;
    double *s = w->steps + slot * n, *y = w->changes + slot * n;
    for (size_t i = 0; i < n; i++) {
        s[i] = w->next[i] - w->x[i];
        y[i] = w->next_gradient[i] - w->gradient[i];
    }
    const double curvature = dot(s, y, n);
    if (curvature > 1e-10 * dot(y, y, n)) {
        w->rho[slot] = 1 / curvature;
        w->newest = slot;
        if (w->stored < MEMORY) w->stored++;
    }
    memcpy(w->x, w->next, n * sizeof *w->x);
    memcpy(w->gradient, w->next_gradient, n * sizeof *w->gradient);
}

double hpo_lbfgs_minimize(const hpo_lbfgs *problem, double *x) {
    const size_t n = problem->n;
    double *memory = base_malloc((4 + 2 * (size_t)MEMORY) * (n + 1) * sizeof *memory);
    walk w = {.problem = problem, .x = x, .newest = MEMORY - 1};
    w.gradient = memory;
    w.next = w.gradient + n;
    w.next_gradient = w.next + n;
    w.direction = w.next_gradient + n;
    w.steps = w.direction + n;
    w.changes = w.steps + (size_t)MEMORY * n;
    for (size_t i = 0; i < n; i++) x[i] = clip(x[i], problem->low[i], problem->high[i]);
    double value = evaluate(&w, x, w.gradient);
    while (isfinite(value) && w.evaluations < problem->max_evaluations) {
        if (project(&w, w.direction) <= problem->tolerance) break;
        quasi_newton(&w);
        const double before = value;
        if (!line_search(&w, &value)) {
            if (w.stored == 0) break;
            w.stored = 0; /* the curvature misleads: once more along the gradient */
            continue;
        }
        remember(&w);
        if (before - value <= 1e-9 * (fabs(before) + fabs(value) + 1e-9)) break;
    }
    free(memory);
    return value;
}
