/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of a network answers a question: the nodes behind its output, without those that only help in training. Private
 * to engine/predict. */
#ifndef ENG_PREDICT_INFERENCE_H
#define ENG_PREDICT_INFERENCE_H

#include "engine/export/export.h"
#include "engine/modules/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_inference {
    const eng_graph *graph;
    const eng_params *params;
    const eng_ports *ports;
    const eng_node **nodes; /* in the order of computation; without identities */
    size_t count;
    eng_value *same; /* by value: the one that it is equal to behind identities, else itself */
} eng_inference;

/* Lives in arena and reads model. relaid: values have another layout where they are read, so that an op that is the
 * identity here may have something to do there (eng_op_export). BASE_UNSUPPORTED names the first op that has no export;
 * BASE_NUMERIC a parameter that is not finite. */
BASE_CHECK base_status eng_inference_of(const eng_model *model, bool relaid, base_arena *arena, eng_inference *out,
                                        base_err *err);

#ifdef __cplusplus
}
#endif
#endif
