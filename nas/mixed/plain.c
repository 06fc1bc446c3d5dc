/* SPDX-License-Identifier: GPL-3.0-or-later */
/* y = sum_k w_k o_k(x) over all candidates (Liu et al., "DARTS", ICLR 2019, eq. 2). `none` would add zeros: it takes
 * part in the weights only. */
#include <stdio.h>

#include "nas/mixed.h"

static base_status build(const void *state, eng_net *net, nas_mixture *m, eng_value *out) {
    (void)state;
    const nas_space_edge *c = m->candidates;
    eng_value in[ENG_OP_MAX_INPUTS];
    eng_mix_config config = {.row = m->row, .scalars = m->scalars};
    size_t count = 0;
    char name[64];
    for (size_t k = 0; k < c->n_operations; k++) {
        m->input[k] = NAS_NO_INPUT;
        if (c->operations[k]->flags & NAS_OPERATION_NONE) continue;
        if (count + 1 == ENG_OP_MAX_INPUTS)
            return BASE_FAIL(net->err, BASE_INVALID, "an edge of a search has at most %d operations besides none",
                             ENG_OP_MAX_INPUTS - 1);
        BASE_TRY(nas_operation_build(c->operations[k], net, m->edge, &in[count]));
        config.column[count] = k;
        m->input[k] = count++;
    }
    if (count == 0) return BASE_FAIL(net->err, BASE_INVALID, "an edge of a search needs an operation besides none");
    in[count] = m->weights;
    m->node = eng_graph_nodes(net->graph);
    snprintf(name, sizeof name, "%s.mix", m->edge->name);
    return eng_graph_add_many(net->graph, &eng_op_mix, &config, name, in, count + 1, out, net->err);
}

const nas_mixed nas_mixed_plain = {
    .name = "plain",
    .summary = "the weighted sum of all operations (DARTS)",
    .build = build,
};
