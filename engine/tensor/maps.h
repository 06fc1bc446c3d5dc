/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The activations that are a function of one number, y[i] = f(x[i]): a line each. Kernels, ops, exporters and tests are
 * made of the lines; f itself and its slope are NAME_scalar and NAME_slope in kernels_map.inc
 * (docs/adding-an-activation.md). In the order in which --list shows them:
 *
 *   name
 *   from      Y, X: what the slope is a function of, the output or the input; with Y the input need not be kept
 *   epilogue  ENG_EPILOGUE_...: a layer may apply it in its own pass; NONE: it may not
 *   weights   RECTIFIER, SATURATES: what layers before it begin with, He's numbers or Glorot's (ENG_IS_RECTIFIER)
 *   summary   for --help
 *   c         f of a float v, as an expression of C
 *   onnx      f of x as operators of ONNX in reverse Polish notation, with numbers in between */
#ifndef ENGINE_TENSOR_MAPS_H
#define ENGINE_TENSOR_MAPS_H

#define ENG_MAP_LIST(MAP)                                                                                              \
    MAP(sigmoid, Y, SIGMOID, SATURATES, "1 / (1 + exp(-x))", "1.0f / (1.0f + expf(-v))", "x Sigmoid")                  \
    MAP(tanh, Y, TANH, SATURATES, "hyperbolic tangent", "tanhf(v)", "x Tanh")                                          \
    MAP(relu, Y, RELU, RECTIFIER, "max(0, x)", "v > 0.0f ? v : 0.0f", "x Relu")                                        \
    MAP(leaky_relu, Y, NONE, RECTIFIER, "x above zero, 0.01 x below", "v > 0.0f ? v : 0.01f * v", "x LeakyRelu")       \
    MAP(gelu, X, NONE, RECTIFIER, "x times the normal distribution function of x",                                     \
        "0.5f * v * (1.0f + erff(v * 0.707106781f))", "x x 0.707106781 Mul Erf 1 Add Mul 0.5 Mul")                     \
    MAP(swish, X, NONE, RECTIFIER, "x times the sigmoid of x", "v / (1.0f + expf(-v))", "x x Sigmoid Mul")             \
    MAP(hard_swish, X, NONE, RECTIFIER, "x times min(max(x + 3, 0), 6) / 6",                                           \
        "v * fminf(fmaxf(v + 3.0f, 0.0f), 6.0f) / 6.0f", "x HardSwish")                                                \
    MAP(mish, X, NONE, RECTIFIER, "x times the tanh of log(1 + exp(x))", "v * tanhf(v > 20.0f ? v : log1pf(expf(v)))", \
        "x x Softplus Tanh Mul")

#define ENG_MAP_ONE(...) +1
enum { ENG_MAPS = ENG_MAP_LIST(ENG_MAP_ONE) }; /* how many there are */
#undef ENG_MAP_ONE

#endif
