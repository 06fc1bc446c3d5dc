/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trained network as one C header, for devices: weights, and a function that computes an answer without allocating,
 * in C99 and with no library but libm. */
#ifndef ENG_PREDICT_C_HEADER_H
#define ENG_PREDICT_C_HEADER_H

#include "engine/train/predictor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* prefix: of every name, a C identifier. BASE_UNSUPPORTED names the op that cannot be written; BASE_NUMERIC a parameter
 * that is not finite. */
BASE_CHECK base_status eng_c_header_write(const eng_predictor *predictor, const char *prefix, base_buf *out,
                                          base_err *err);
/* The prefix that goes with a file's name: "my-net.h" is my_net. */
void eng_c_header_prefix(const char *path, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
