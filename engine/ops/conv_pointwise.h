/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of a 1 x 1 convolution: products with the pixels of all images as one matrix. Private to
 * engine/ops/conv*.c. */
#ifndef ENG_CONV_POINTWISE_H
#define ENG_CONV_POINTWISE_H

#include "engine/ops/conv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Without stride, padding or one filter for each channel: rows and images need not be told apart. */
bool eng_conv_is_pointwise(const eng_conv *conv);
size_t eng_pointwise_workspace(const eng_conv *conv); /* floats, for any number of images */
void eng_pointwise_forward(const eng_conv_pass *pass);
/* data: dx; weights: dw. */
void eng_pointwise_backward(const eng_conv_pass *pass, bool data, bool weights);

#ifdef __cplusplus
}
#endif
#endif
