/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A skip connection besides those that are weighed: y = sum_k w_k o_k(x) + beta aux(x), where aux is the identity, at
 * stride 2 a factorized reduction, and beta goes from 1 to 0 along the search (X. Chu et al., "DARTS-: Robustly
 * Stepping out of Performance Collapse Without Indicators", ICLR 2021, section 3). It takes over what a skip connection
 * does for the training of the supernet, so that the alpha of skip_connect says what it is worth as an operation.
 *
 * Schedules by the authors' code, with t the fraction of epochs that is over: linear 1 - t (the paper's), cosine
 * (1 + cos(pi t)) / 2, slow-cosine cos(pi t / 2). */
#include <math.h>
#include <stdio.h>

#include "nas/mixed.h"

static const double PI = 3.14159265358979323846;

typedef enum schedule { LINEAR, COSINE, SLOW_COSINE } schedule;

typedef struct auxiliary_skip {
    int schedule;
} auxiliary_skip;

static double coefficient(const void *state, double progress) {
    const auxiliary_skip *s = state;
    switch ((schedule)s->schedule) {
    case LINEAR: return 1 - progress;
    case COSINE: return (1 + cos(PI * progress)) / 2;
    case SLOW_COSINE: return progress < 1 ? cos(PI * progress / 2) : 0;
    }
    return 0;
}

static base_status build_skip(eng_net *net, const nas_edge *edge, eng_value *out) {
    const nas_operation *skip;
    nas_edge named = *edge;
    char name[80];
    snprintf(name, sizeof name, "%.60s.auxiliary", edge->name);
    named.name = name;
    BASE_TRY(nas_operation_find("skip_connect", &skip, net->err));
    return nas_operation_build(skip, net, &named, out);
}

static base_status build(const void *state, eng_net *net, nas_mixture *m, eng_value *out) {
    static const eng_mix_config both = {.column = {0, 1}};
    eng_value in[3] = {0, 0, m->coefficient};
    (void)state;
    BASE_TRY(nas_mixed_plain.build(NULL, net, m, &in[0]));
    BASE_TRY(build_skip(net, m->edge, &in[1]));
    return eng_graph_add_many(net->graph, &eng_op_mix, &both, NULL, in, 3, out, net->err);
}

static const char *const schedules[] = {"linear", "cosine", "slow-cosine", NULL};

static const base_option options[] = {
    {.name = "schedule",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(auxiliary_skip, schedule),
     .fallback = "linear",
     .choices = schedules,
     .help = "how the auxiliary skip fades from 1 to 0"},
    BASE_OPTIONS_END,
};

const nas_mixed nas_mixed_auxiliary_skip = {
    .name = "auxiliary-skip",
    .summary = "the sum of all operations and a skip that fades along the search (DARTS-)",
    .options = options,
    .state_size = sizeof(auxiliary_skip),
    .coefficient = coefficient,
    .build = build,
};
