/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an op is written down for other programs: what its descriptor points to as `exporter`.
 *
 * A node is exported for inference: dropout is the identity, running statistics are constants. In C one sample goes
 * through at a time and values are laid out as they are here, channels last. In ONNX (opset ENG_ONNX_OPSET) the batch
 * is the first dimension and channels are the second: a value [height, width, channels] is [N, channels, height,
 * width]. An op without export cannot leave this program; whoever writes a network says so by its name. */
#ifndef ENG_EXPORT_H
#define ENG_EXPORT_H

#include "engine/tensor/op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* C source under construction. In text that is appended "@" becomes the prefix of all names. */
typedef struct eng_c_source eng_c_source;

/* The names of a node's inputs, parameters and output as expressions of type (const) float *. */
typedef struct eng_c_call {
    eng_c_source *to;
    const char *x[ENG_OP_MAX_INPUTS], *w[ENG_OP_MAX_PARAMS], *y;
} eng_c_call;

#define ENG_ONNX_OPSET 17

/* An ONNX graph under construction. */
typedef struct eng_onnx eng_onnx;

/* The names of a node's inputs and output, and its parameters as they are here. */
typedef struct eng_onnx_call {
    eng_onnx *to;
    const char *x[ENG_OP_MAX_INPUTS], *y;
    const float *w[ENG_OP_MAX_PARAMS];
} eng_onnx_call;

struct eng_op_export {
    /* In evaluation y is x[0], numbers in the same order: there is nothing to compute, and in ONNX nothing to write
     * unless `onnx` is there. */
    bool identity;
    const char *map;     /* y[i] = f(x[i]): f as a C expression of `v`, instead of c */
    const char *formula; /* the same of `x` for ONNX, instead of onnx: see eng_onnx_formula */
    /* Write the statement, and the nodes, that compute y. */
    void (*c)(const eng_node *node, const eng_c_call *call);
    void (*onnx)(const eng_node *node, const eng_onnx_call *call);
};

/* A function that calls need, in C99 without headers but math.h and stddef.h; written once, whoever asks. text is
 * constant. */
void eng_c_function(eng_c_source *to, const char *text);
/* y[i] = f(x[i]) for i < count, by the expression `map`; name: of the function without its prefix. */
void eng_c_map(eng_c_source *to, const char *name, const char *map, size_t count, const char *x, const char *y);
/* A statement, printed on lines of its own. */
void eng_c_statement(eng_c_source *to, const char *fmt, ...) BASE_PRINTF(2, 3);

/* A node; the attributes that follow are its own. */
void eng_onnx_node(eng_onnx *to, const char *type, const char *const *in, size_t inputs, const char *out);
void eng_onnx_map(eng_onnx *to, const char *type, const char *x, const char *y); /* one input, no attributes */
/* y = f(x) without attributes: operators of ONNX and numbers in reverse Polish notation, "x x Sigmoid Mul". */
void eng_onnx_formula(eng_onnx *to, const char *formula, const char *x, const char *y);
void eng_onnx_ints(eng_onnx *to, const char *name, const int64_t *values, size_t count);
void eng_onnx_int(eng_onnx *to, const char *name, int64_t number);
void eng_onnx_float(eng_onnx *to, const char *name, float number);
void eng_onnx_string(eng_onnx *to, const char *name, const char *text);
const char *eng_onnx_temporary(eng_onnx *to); /* a name for a value between nodes */
/* Constant tensors; the name of each. permuted: dimension d of the tensor is dimension order[d] of shape. */
const char *eng_onnx_floats(eng_onnx *to, const float *values, const eng_shape *shape);
const char *eng_onnx_permuted(eng_onnx *to, const float *values, const eng_shape *shape, const unsigned *order);
const char *eng_onnx_numbers(eng_onnx *to, const int64_t *values, size_t count);
/* x, a value of this shape, with its channels last as they are here; and back, as y. flat: [N, numbers] of that. */
const char *eng_onnx_channels_last(eng_onnx *to, const eng_shape *shape, const char *x);
void eng_onnx_channels_first(eng_onnx *to, const eng_shape *shape, const char *x, const char *y);
const char *eng_onnx_flat(eng_onnx *to, const eng_shape *shape, const char *x);

#ifdef __cplusplus
}
#endif
#endif
