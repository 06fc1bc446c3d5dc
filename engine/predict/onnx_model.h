/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trained network as an ONNX model, for onnxruntime and others. */
#ifndef ENG_PREDICT_ONNX_MODEL_H
#define ENG_PREDICT_ONNX_MODEL_H

#include "engine/train/predictor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of a ModelProto. Input "x": float [N, ...], samples as they are in the data, [height, width, channels] or
 * [features], which the model normalizes. Output "probabilities" [N, classes], or "values" [N, outputs] in their own
 * unit. Metadata: "classes", "features" and "target", JSON. Failures as in eng_c_header_write. */
BASE_CHECK base_status eng_onnx_write(const eng_predictor *predictor, const char *version, base_buf *out,
                                      base_err *err);

#ifdef __cplusplus
}
#endif
#endif
