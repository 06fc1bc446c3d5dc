/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolutions and their two adjoints, written down naively in double. */
#ifndef TESTS_CONV_REFERENCE_H
#define TESTS_CONV_REFERENCE_H

#include "engine/ops/conv.h"

/* y, dx, dw may be NULL; what is there is overwritten. */
void conv_reference(const eng_conv *conv, size_t n, const double *x, const double *w, const double *dy, double *y,
                    double *dx, double *dw);
/* Of volumes: edges are deep, down, along; w [kernel h, kernel w, kernel d, channels, filters]. */
void conv3d_reference(const eng_conv_edge edges[3], size_t channels, size_t filters, size_t n, const double *x,
                      const double *w, const double *dy, double *y, double *dx, double *dw);

#endif
