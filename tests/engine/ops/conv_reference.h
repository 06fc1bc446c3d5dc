/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A convolution and its two adjoints, written down naively in double. */
#ifndef TESTS_CONV_REFERENCE_H
#define TESTS_CONV_REFERENCE_H

#include "engine/ops/conv.h"

/* y, dx, dw may be NULL; what is there is overwritten. */
void conv_reference(const eng_conv *conv, size_t n, const double *x, const double *w, const double *dy, double *y,
                    double *dx, double *dw);

#endif
