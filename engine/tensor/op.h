/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an op is: it infers shapes and declares parameters when a graph is built, states what it needs in memory when a
 * plan is made, and then computes forward and backward on resolved pointers.
 *
 * To write one: one file, static functions, one const descriptor at its end, one line in ENG_OP_LIST of
 * engine/ops/ops.h, one row in tests/support/op_cases.c. `fields` lets a trained network with it be kept in a file,
 * `exporter` lets it leave for other programs; without them these say that they cannot, and name the op.
 *
 * Several threads may share a pass, and no bit may depend on how many. Where each sample is computed alone,
 * ENG_BY_SAMPLE is all that there is to say. Else the op divides what it writes by eng_threads_ranges(run->threads,
 * ...): rows, columns, channels; never the terms of a sum. A sum over samples is divided by what it is a sum for (rows
 * of dw), or made of fixed blocks that are kept in run->shared and added in their order. A thread writes to its own
 * eng_workspace(). An op that knows nothing of threads is right, too: it has one. */
#ifndef ENG_OP_H
#define ENG_OP_H

#include <stdint.h>

#include "base/arena.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/param.h"
#include "engine/tensor/tensor.h"
#include "engine/tensor/threads.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_OP_MAX_INPUTS 16
#define ENG_OP_MAX_PARAMS 4

typedef enum eng_dtype { ENG_F32, ENG_I32 } eng_dtype;

/* What flows along an edge of the graph, referred to by its number: one for each sample of the batch, or a single one
 * for the whole batch (what is made of parameters alone). */
typedef uint32_t eng_value;
#define ENG_NO_VALUE UINT32_MAX

enum {
    ENG_READS_X = 1u,          /* backward reads the inputs */
    ENG_READS_Y = 2u,          /* backward reads the output */
    ENG_INPLACE_FORWARD = 4u,  /* y may lie on x[0] (same number of elements) */
    ENG_INPLACE_BACKWARD = 8u, /* dx[0] may lie on dy */
    ENG_IS_ACTIVATION = 16u,   /* one input, same shape out, no configuration needed: may be chosen by name */
    ENG_IS_LOSS = 32u,         /* adds to run->loss, has no output; x[1] is the target */
    ENG_VARIADIC = 64u,        /* takes `inputs` or more, up to ENG_OP_MAX_INPUTS */
    ENG_UPDATES = 128u,        /* backward calls run->updater, if there is one, for all parameters */
    ENG_READS_SINGLE = 256u,   /* takes single values beside batched ones */
    ENG_LEAVES_OUT = 512u,     /* heeds call->left_out */
    ENG_IS_RECTIFIER = 2048u,  /* of an activation: layers before it begin with He's numbers, not Glorot's */
    ENG_BY_SAMPLE = 1024u,     /* both passes treat every sample alone, wherever it stands in its batch, so that threads
                                  may divide them; no parameters, no workspace, the same bytes of saved for each */
};

typedef struct eng_op eng_op;
typedef struct eng_op_export eng_op_export; /* engine/export/export.h */

/* A place in the graph where an op is applied. infer() fills what is marked. */
typedef struct eng_node {
    const eng_op *op;
    const void *config; /* the node's own copy, op->config_size bytes */
    uint32_t index;     /* its position in the graph: the key of its random streams */
    unsigned traits;    /* preset to op->traits; infer may change what depends on the configuration */
    bool single;        /* every input is, and so is the output: it runs as on one sample, whatever the batch */
    eng_value out;      /* ENG_NO_VALUE for a loss */
    size_t inputs;
    size_t params;    /* infer */
    const char *name; /* unique among nodes with parameters: the prefix of the parameters' names */
    eng_value in[ENG_OP_MAX_INPUTS];
    /* Shapes of one sample: the batch dimension is implied. */
    eng_shape out_shape; /* infer; preset to in_shape[0] */
    eng_shape in_shape[ENG_OP_MAX_INPUTS];
    eng_dtype in_type[ENG_OP_MAX_INPUTS];
    bool in_single[ENG_OP_MAX_INPUTS];
    eng_param_spec param[ENG_OP_MAX_PARAMS];  /* infer: all but group, layer and slot, names without the prefix */
    eng_param_id param_id[ENG_OP_MAX_PARAMS]; /* several nodes may have the same */
} eng_node;

/* A node placed by a plan. dx[i] is NULL when nobody wants that gradient. During its backward a node owns dy and may
 * overwrite it. Gradients are overwritten (beta = 0), never accumulated into and never cleared: where a value or a
 * parameter has several readers the plan adds what they write. */
typedef struct eng_call {
    const eng_node *node;
    uint32_t left_out; /* bit i: x[i] was not computed and counts as zeros; dx[i] is NULL. With ENG_LEAVES_OUT only */
    uint8_t complete;  /* bit i: once this backward is over, dw[i] is whole. For the plan */
    bool frozen;       /* nobody wants dw in this pass: it may be left unwritten */
    size_t out_count;  /* elements per sample, and of the inputs: */
    float *y;
    float *dy;
    void *saved;     /* from forward to backward of the same step */
    void *workspace; /* of one call of forward or backward; holds anything before it */
    const float *w[ENG_OP_MAX_PARAMS];
    float *dw[ENG_OP_MAX_PARAMS];
    float *state[ENG_OP_MAX_PARAMS];  /* of a parameter with ENG_PARAM_STATE, its values; NULL for the others */
    const void *x[ENG_OP_MAX_INPUTS]; /* float or int32_t, batch first */
    float *dx[ENG_OP_MAX_INPUTS];
    size_t in_count[ENG_OP_MAX_INPUTS];
} eng_call;

/* What a pass is about. */
typedef struct eng_run {
    size_t n; /* samples in this batch: 1 .. the planned batch; 1 for a single node */
    bool training;
    bool keep_state; /* running statistics do not move */
    uint64_t seed;
    uint32_t step;         /* counter of the random streams */
    double drop_path_less; /* rates of drop-path are less by this share; 0 = as configured */
    const eng_kernels *k;
    double loss;                /* losses add to it */
    const eng_updater *updater; /* of a backward that needs to leave no gradients; NULL: it writes them all to dw */
    eng_threads *threads;       /* who shares the work; NULL = nobody, then what follows is not there */
    char *workspaces;           /* of the threads but the first, workspace_step bytes each */
    size_t workspace_step;
    void *shared; /* as many bytes as the op asks for */
} eng_run;

/* As many bytes for each thread as the op's workspace has; that of the first thread is call->workspace. */
static inline void *eng_workspace(const eng_call *call, const eng_run *run, size_t thread) {
    return thread == 0 ? call->workspace : run->workspaces + (thread - 1) * run->workspace_step;
}

/* Numbers of a configuration by name, so that a node can be written down and built again (engine/modules/graph_text.h).
 * Pointers have none: they say how parameters begin. */
typedef enum eng_field_kind { ENG_FIELD_SIZE, ENG_FIELD_REAL, ENG_FIELD_BOOL, ENG_FIELD_EPILOGUE } eng_field_kind;
typedef struct eng_field {
    const char *name;
    eng_field_kind kind; /* of size_t, double, bool, eng_epilogue */
    size_t offset, count;
} eng_field;

struct eng_op {
    const char *name, *summary;
    size_t inputs;
    size_t config_size;      /* 0 = none */
    const eng_field *fields; /* ends with a name of NULL. NULL where there is a configuration: it is not written down */
    unsigned traits;
    eng_epilogue epilogue; /* how a dense layer can compute it on the fly; ENG_EPILOGUE_NONE = it cannot */
    /* Checks in_shape, in_type and config; may be NULL when the presets are right. BASE_INVALID with a sentence. */
    base_status (*infer)(eng_node *node, base_err *err);
    size_t (*saved)(const eng_node *node, size_t batch);     /* bytes; NULL = none */
    size_t (*workspace)(const eng_node *node, size_t batch); /* bytes, enough for either pass; NULL = none */
    size_t (*shared)(const eng_node *node, size_t batch);    /* more of them when threads share a pass; NULL = none */
    void (*forward)(const eng_call *call, eng_run *run);
    void (*backward)(const eng_call *call, const eng_run *run);
    const eng_op_export *exporter; /* NULL: it cannot be written down for other programs */
};

#ifdef __cplusplus
}
#endif
#endif
