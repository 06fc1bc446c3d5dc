/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A range of samples is the same call with fewer of them and pointers to the first. */
#include "engine/tensor/call.h"

enum { MIN_WORK = 16384 }; /* numbers read or written that are worth another thread */

typedef struct samples_job {
    const eng_call *call;
    const eng_run *run;
    bool backward;
} samples_job;

static void move(float **numbers, size_t count) {
    if (*numbers != NULL) *numbers += count;
}

/* From sample `begin` on. */
static eng_call samples_from(const eng_call *call, size_t begin) {
    const eng_node *node = call->node;
    eng_call part = *call;
    for (size_t i = 0; i < node->inputs; i++) {
        const size_t skipped = node->in_single[i] ? 0 : begin * call->in_count[i];
        if (call->x[i] != NULL) part.x[i] = (const float *)call->x[i] + skipped;
        move(&part.dx[i], skipped);
    }
    move(&part.y, begin * call->out_count);
    move(&part.dy, begin * call->out_count);
    if (node->op->saved != NULL) part.saved = (char *)call->saved + begin * node->op->saved(node, 1);
    return part;
}

static void run_samples(const void *self, size_t thread, size_t begin, size_t end) {
    const samples_job *job = self;
    const eng_op *op = job->call->node->op;
    const eng_call part = samples_from(job->call, begin);
    eng_run run = *job->run;
    (void)thread;
    run.n = end - begin;
    run.threads = NULL;
    if (job->backward)
        op->backward(&part, &run);
    else
        op->forward(&part, &run);
}

static bool by_sample(const eng_call *call, const eng_run *run) {
    return run->threads != NULL && (call->node->traits & ENG_BY_SAMPLE) != 0;
}

static void share(const eng_call *call, const eng_run *run, bool backward) {
    const samples_job job = {.call = call, .run = run, .backward = backward};
    size_t numbers = call->out_count;
    for (size_t i = 0; i < call->node->inputs; i++) numbers += call->in_count[i];
    eng_threads_ranges(run->threads, run->n, MIN_WORK / (numbers + 1) + 1, run_samples, &job);
}

void eng_call_forward(const eng_call *call, eng_run *run) {
    if (by_sample(call, run))
        share(call, run, false);
    else
        call->node->op->forward(call, run);
}

void eng_call_backward(const eng_call *call, const eng_run *run) {
    if (by_sample(call, run))
        share(call, run, true);
    else
        call->node->op->backward(call, run);
}
