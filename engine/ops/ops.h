/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every op by its descriptor and by its name, and the configurations of those that have one. */
#ifndef ENG_OPS_H
#define ENG_OPS_H

#include "engine/tensor/op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = f(x W + b); W is [inputs, width]. dense_given reads W and b [width] as single values behind x; init is unused. */
typedef struct eng_dense_config {
    size_t width;
    const eng_init *init;  /* of W; b starts at zero. NULL = Xavier uniform */
    eng_epilogue epilogue; /* ENG_EPILOGUE_NONE = LINEAR */
} eng_dense_config;

/* y = f(conv(x, w) + b) in NHWC: x [h, w, channels], y [h', w', filters], w [kernel h, kernel w, channels / groups,
 * filters]. Pairs are (down, along); 0 in the second = the first, but
 * for padding. groups = channels = filters: depthwise. conv2d_given reads w, and unless no_bias b [filters], as single
 * values behind x; init is unused. */
typedef struct eng_conv2d_config {
    size_t filters;
    size_t kernel[2];
    size_t stride[2], dilation[2]; /* 0 = 1 */
    size_t padding[2];             /* zeros on either side */
    bool same;                     /* instead: as many as keep h and w at stride 1; odd kernels only */
    size_t groups;                 /* 0 = 1 */
    bool no_bias;
    const eng_init *init; /* of w; NULL = He normal */
    eng_epilogue epilogue;
} eng_conv2d_config;

/* The adjoint of a convolution as a layer: y has (h - 1) stride - 2 padding + (kernel - 1) dilation + 1 + extra rows.
 * w [kernel h, kernel w, filters / groups, channels]. */
typedef struct eng_conv2d_transposed_config {
    size_t filters;
    size_t kernel[2];
    size_t stride[2], dilation[2];
    size_t padding[2];
    size_t extra[2]; /* less than the stride */
    size_t groups;
    bool no_bias;
    const eng_init *init;
    eng_epilogue epilogue;
} eng_conv2d_transposed_config;

/* y = f(conv(x, w) + b) of volumes: x [d, h, w, channels], y [d', h', w', filters], w [kernel h, kernel w, kernel d,
 * channels, filters]. Triples are (deep, down, along); 0 in the others = the first, but for padding. */
typedef struct eng_conv3d_config {
    size_t filters;
    size_t kernel[3];
    size_t stride[3], dilation[3]; /* 0 = 1 */
    size_t padding[3];             /* zeros on either side */
    bool same;                     /* instead: as many as keep the size at stride 1; odd kernels only */
    bool no_bias;
    const eng_init *init; /* of w; NULL = He normal */
    eng_epilogue epilogue;
} eng_conv3d_config;

typedef struct eng_pool_config {
    size_t window[2]; /* (down, along); 0 in the second = the first */
    size_t stride[2]; /* likewise; 0 in both = the window */
    size_t padding[2];
} eng_pool_config;

typedef struct eng_batch_norm_config {
    double epsilon;  /* added to the variance; 0 = 1e-5 */
    double momentum; /* share of the new batch in the running statistics; 0 = 0.1 */
    bool relu;       /* f(z) = max(0, z) on the fly */
    bool no_affine;  /* no scale and no shift: y = f((x - m) / s) */
} eng_batch_norm_config;

typedef struct eng_layer_norm_config {
    double epsilon; /* 0 = 1e-5 */
} eng_layer_norm_config;

typedef struct eng_dropout_config {
    double rate; /* share of units set to zero in training: 0 <= rate < 1 */
} eng_dropout_config;

typedef struct eng_elu_config {
    double alpha; /* > 0; 0 = 1.0 */
} eng_elu_config;

typedef struct eng_prelu_config {
    double slope; /* initial, learned; 0 = 0.25 */
} eng_prelu_config;

typedef struct eng_cross_entropy_config {
    double smoothing; /* label smoothing in training: 0 <= smoothing < 1 */
    double auxiliary; /* > 0: a second loss, which counts with this weight and in training only; 0: the loss */
} eng_cross_entropy_config;

/* y = f(x0 + x1 + ...), all of one shape. */
typedef struct eng_add_config {
    eng_epilogue epilogue; /* ENG_EPILOGUE_NONE = LINEAR */
} eng_add_config;

/* The channels begin .. begin + count - 1 of each position. */
typedef struct eng_slice_config {
    size_t begin, count;
} eng_slice_config;

/* All channels in `groups` groups of one size: first the first of each, then the second of each, ... */
typedef struct eng_shuffle_config {
    size_t groups; /* divides the number of channels */
} eng_shuffle_config;

typedef struct eng_reshape_config {
    eng_shape shape; /* of one sample, with as many numbers as before; ndim 0 = flat */
} eng_reshape_config;

typedef struct eng_upsample_config {
    size_t factor; /* of height and width */
} eng_upsample_config;

typedef struct eng_drop_path_config {
    double rate; /* share of samples set to zero in training: 0 <= rate < 1 */
} eng_drop_path_config;

/* The pixels (begin[0] + i stride, begin[1] + j stride) of an image; y has ceil(pixels / stride) rows and columns, and
 * zeros where they lie outside. */
typedef struct eng_subsample_config {
    size_t begin[2]; /* down, along; less than the stride */
    size_t stride;   /* 0 = 1 */
} eng_subsample_config;

/* What does not depend on its input but in its shape: every stride-th row and column of an image, of zeros, or of
 * independent numbers N(0, deviation^2) that are drawn anew in every pass. */
typedef struct eng_zero_config {
    size_t stride; /* 0 = 1 */
} eng_zero_config;

typedef struct eng_noise_config {
    size_t stride;    /* 0 = 1 */
    double deviation; /* 0 = 1.0 */
} eng_noise_config;

/* No inputs; the output is a single value. */
typedef struct eng_parameter_config {
    eng_shape shape;
    const eng_init *init;   /* NULL: every number is `value` */
    size_t fan_in, fan_out; /* 0 = the count */
    float value;
    bool decay;       /* ENG_PARAM_DECAY */
    const char *role; /* what the parameter is called behind the node's name; NULL = "value" */
} eng_parameter_config;

/* y = sum_j w_j x[j]; the last input is a single value, a table [rows, columns]. w_j is its number [row][column[j]],
 * plus those of the columns whose bits are set in also[j]. Two inputs of one column are not allowed. An input that is
 * left out has a weight of 0, as a column without an input yields zeros: their slopes are 0; with `scalars` they are
 * sum dy, as if such a weight were added to every element of y. */
typedef struct eng_mix_config {
    size_t row;
    bool scalars;
    size_t column[ENG_OP_MAX_INPUTS - 1]; /* by input */
    uint32_t also[ENG_OP_MAX_INPUTS - 1]; /* likewise */
} eng_mix_config;

#define ENG_SUPERPOSE_MOST 16

/* y = sum_j q_j crop_j(x[0]) of the shape of x[0], the weights of the largest of `count` layers. x[1] is a table [rows,
 * columns] and q_j its number [row][column[j]], or with `normalize` that divided by the sum of all these (0 / 0 = 0).
 * crop_j keeps keep[j][d] numbers of dimension d: the middle ones where bit d of `middle` is set, else the first; what
 * it does not keep is zero. Both inputs and y are single values. */
typedef struct eng_superpose_config {
    size_t row, count;
    size_t column[ENG_SUPERPOSE_MOST];
    size_t keep[ENG_SUPERPOSE_MOST][ENG_MAX_DIMS]; /* 0 = all */
    unsigned middle;
    bool normalize;
} eng_superpose_config;

/* X(name) for a descriptor eng_op_name, MAP(name, ...) for a line of engine/tensor/maps.h; in the order in which --list
 * shows them. */
#define ENG_ACTIVATION_LIST(X, MAP)                                                                                    \
    X(linear)                                                                                                          \
    ENG_MAP_LIST(MAP)                                                                                                  \
    X(prelu)                                                                                                           \
    X(elu)                                                                                                             \
    X(softmax)
#define ENG_OP_LIST(X, MAP)                                                                                            \
    X(dense)                                                                                                           \
    X(dense_given)                                                                                                     \
    X(conv2d)                                                                                                          \
    X(conv2d_given)                                                                                                    \
    X(conv2d_transposed)                                                                                               \
    X(conv3d)                                                                                                          \
    X(max_pool)                                                                                                        \
    X(mean_pool)                                                                                                       \
    X(global_mean_pool)                                                                                                \
    X(batch_norm)                                                                                                      \
    X(layer_norm)                                                                                                      \
    X(dropout)                                                                                                         \
    ENG_ACTIVATION_LIST(X, MAP)                                                                                        \
    X(add)                                                                                                             \
    X(concat)                                                                                                          \
    X(slice)                                                                                                           \
    X(shuffle)                                                                                                         \
    X(reshape)                                                                                                         \
    X(upsample)                                                                                                        \
    X(drop_path)                                                                                                       \
    X(subsample)                                                                                                       \
    X(zero)                                                                                                            \
    X(noise)                                                                                                           \
    X(parameter)                                                                                                       \
    X(superpose)                                                                                                       \
    X(mix)                                                                                                             \
    X(mean_squared_error)                                                                                              \
    X(binary_cross_entropy)                                                                                            \
    X(cross_entropy)

#define ENG_OP_EXTERN(name)       extern const eng_op eng_op_##name;
#define ENG_MAP_EXTERN(name, ...) ENG_OP_EXTERN(name)
ENG_OP_LIST(ENG_OP_EXTERN, ENG_MAP_EXTERN)
#undef ENG_OP_EXTERN
#undef ENG_MAP_EXTERN

extern const eng_op *const eng_ops[];            /* NULL-terminated */
extern const char *const eng_activation_names[]; /* NULL-terminated: "linear", "sigmoid", ... */
#define ENG_ACTIVATION_SYNONYMS                                                                                        \
    "silu=swish hardswish=hard_swish leakyrelu=leaky_relu" /* what else they are called (base_option.synonyms) */
const eng_op *eng_op_find(const char *name);               /* or NULL */

#ifdef __cplusplus
}
#endif
#endif
