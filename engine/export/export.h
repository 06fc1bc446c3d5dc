/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an op is written down for other programs: what its descriptor points to as `exporter`.
 *
 * A node is exported for inference: dropout is the identity, running statistics are constants. In C one sample goes
 * through at a time and values are laid out as they are here, channels last. An op without export cannot leave this
 * program; whoever writes a network says so by its name. */
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

struct eng_op_export {
    bool identity;   /* y is x[0] in evaluation, numbers in the same order: there is nothing to compute */
    const char *map; /* y[i] = f(x[i]): f as a C expression of `v`, and nothing else of what follows */
    /* Writes the statement that computes y. */
    void (*c)(const eng_node *node, const eng_c_call *call);
};

/* A function that calls need, in C99 without headers but math.h and stddef.h; written once, whoever asks. text is
 * constant. */
void eng_c_function(eng_c_source *to, const char *text);
/* y[i] = f(x[i]) for i < count, by the expression `map`; name: of the function without its prefix. */
void eng_c_map(eng_c_source *to, const char *name, const char *map, size_t count, const char *x, const char *y);
/* A statement, printed on lines of its own. */
void eng_c_statement(eng_c_source *to, const char *fmt, ...) BASE_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
#endif
