/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast is every op, on every instance of the kernels? The table that test_ops checks, at the size of a training.
 *
 * "limit" is what the machine needs to move the same numbers: a copy of as many bytes as the op reads and writes,
 * forward (x, w, y) and backward (x, w, dy, dx, dw). An op that only moves numbers is near 1, one that computes is
 * above it. Medians of interleaved rounds. bench_ops [PART OF A NAME]   only the cases whose name has it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "benchmarks/micro/alone.h"
#include "benchmarks/micro/fma_peak.h"
#include "benchmarks/micro/median.h"
#include "tests/support/op_cases.h"

enum { BATCH = 32, ROUNDS = 9, MOST_KERNELS = 8 };

static const double SHORTEST = 2e-4; /* seconds of a measurement, so that the clock's own time does not count */

typedef struct subject {
    eng_graph *graph;
    eng_call call;
    eng_run run;
    float *from, *to; /* what the limit copies */
    size_t bytes[2];  /* moved forward and backward */
} subject;

static float *numbers(size_t count) {
    void *memory;
    base_err err;
    if (eng_alloc((count + 16) * sizeof(float), &memory, &err) != BASE_OK) abort();
    float *out = memory;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < count; i++) out[i] = base_rng_uniformf(&rng) - 0.5f;
    return out;
}

static size_t size_of(size_t (*bytes)(const eng_node *node, size_t batch), const eng_node *node) {
    return (bytes != NULL ? bytes(node, BATCH) : 0) / sizeof(float) + 1;
}

static subject subject_create(const op_case *what) {
    subject s = {.graph = op_case_graph(what, what->timed), .run = {.n = BATCH, .training = true, .seed = 1}};
    const eng_node *node = eng_graph_node(s.graph, 0);
    size_t forward = 0, backward = 0;
    s.call.node = node;
    for (size_t i = 0; i < node->inputs; i++) {
        size_t count = s.call.in_count[i] = eng_shape_count(&node->in_shape[i]);
        if (node->in_type[i] == ENG_I32) {
            int32_t *labels = base_calloc(BATCH * count, sizeof *labels);
            for (size_t r = 0; r < BATCH; r++) labels[r] = (int32_t)(r % s.call.in_count[0]);
            s.call.x[i] = labels;
            continue;
        }
        s.call.x[i] = numbers(BATCH * count);
        bool target = (node->traits & ENG_IS_LOSS) != 0 && i == 1;
        s.call.dx[i] = target ? NULL : numbers(BATCH * count);
        forward += BATCH * count;
        backward += BATCH * count * (node->traits & ENG_READS_X ? 2 : 1);
    }
    s.call.out_count = (node->traits & ENG_IS_LOSS) != 0 ? 0 : eng_shape_count(&node->out_shape);
    s.call.y = numbers(BATCH * s.call.out_count);
    s.call.dy = numbers(BATCH * s.call.out_count);
    forward += BATCH * s.call.out_count;
    backward += BATCH * s.call.out_count * (node->traits & ENG_READS_Y ? 2 : 1);
    for (size_t p = 0; p < node->params; p++) {
        size_t count = eng_shape_count(&node->param[p].shape);
        float *w = numbers(count);
        s.call.w[p] = w;
        s.call.dw[p] = numbers(count);
        if ((node->param[p].flags & ENG_PARAM_STATE) != 0) s.call.state[p] = w;
        forward += count;
        backward += 2 * count;
    }
    s.call.saved = numbers(size_of(node->op->saved, node));
    s.call.workspace = numbers(size_of(node->op->workspace, node));
    s.bytes[0] = forward * sizeof(float);
    s.bytes[1] = backward * sizeof(float);
    size_t most = forward > backward ? forward : backward;
    s.from = numbers(most / 2);
    s.to = numbers(most / 2);
    return s;
}

static void subject_destroy(subject *s) {
    for (size_t i = 0; i < s->call.node->inputs; i++) {
        if (s->call.node->in_type[i] == ENG_I32)
            free((void *)(uintptr_t)s->call.x[i]);
        else
            eng_free((void *)(uintptr_t)s->call.x[i]);
        eng_free(s->call.dx[i]);
    }
    for (size_t p = 0; p < s->call.node->params; p++) {
        eng_free((void *)(uintptr_t)s->call.w[p]);
        eng_free(s->call.dw[p]);
    }
    void *others[] = {s->call.y, s->call.dy, s->call.saved, s->call.workspace, s->from, s->to};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) eng_free(others[i]);
    eng_graph_destroy(s->graph);
}

/* kernels == NULL: the copy. */
static void perform(subject *s, const eng_kernels *kernels, bool backward) {
    s->run.k = kernels;
    if (kernels == NULL) {
        memcpy(s->to, s->from, s->bytes[backward] / 2);
        __asm__ volatile("" : : "r"(s->to) : "memory");
    } else if (backward)
        s->call.node->op->backward(&s->call, &s->run);
    else
        s->call.node->op->forward(&s->call, &s->run);
}

/* Microseconds of one call. A backward pass may overwrite dy, which the next one then reads: the time is the same. */
static double measure(subject *s, const eng_kernels *kernels, bool backward) {
    for (size_t calls = 1;; calls *= 4) {
        double begin = cpu_seconds();
        for (size_t i = 0; i < calls; i++) perform(s, kernels, backward);
        double seconds = cpu_seconds() - begin;
        if (seconds > SHORTEST) return 1e6 * seconds / (double)calls;
    }
}

static void time_case(const op_case *what, const eng_kernels *const *kernels, size_t count) {
    subject s = subject_create(what);
    double took[2][MOST_KERNELS + 1][ROUNDS]; /* the last is the copy */
    perform(&s, kernels[0], false);           /* what backward reads is there */
    for (size_t r = 0; r < ROUNDS; r++)
        for (size_t k = 0; k <= count; k++) {
            const eng_kernels *with = k < count ? kernels[k] : NULL;
            for (size_t b = 0; b < 2; b++) took[b][k][r] = measure(&s, with, b == 1);
        }
    printf("%-26s", what->name);
    for (size_t b = 0; b < 2; b++) {
        for (size_t k = 0; k < count; k++) printf(" %8.1f", micro_median(took[b][k], ROUNDS));
        printf(" %6.1f", micro_median(took[b][count - 1], ROUNDS) / micro_median(took[b][count], ROUNDS));
        printf("%s", b == 0 ? " " : "\n");
    }
    subject_destroy(&s);
}

int main(int argc, char **argv) {
    micro_alone(argv);
    const eng_kernels *kernels[MOST_KERNELS];
    size_t count = 0;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++)
        if (eng_kernels_find(*name) != NULL) kernels[count++] = eng_kernels_find(*name);
    printf("us of an op, batch %d; limit: time on %s / time of copying what it reads and writes\n\n%-26s", BATCH,
           kernels[count - 1]->name, "");
    for (size_t b = 0; b < 2; b++) {
        for (size_t k = 0; k < count; k++) printf(" %8s", k == 0 ? (b == 0 ? "forward" : "backward") : "");
        printf(" %6s%s", "", b == 0 ? " " : "\n");
    }
    printf("%-26s", "");
    for (size_t b = 0; b < 2; b++) {
        for (size_t k = 0; k < count; k++) printf(" %8s", kernels[k]->name);
        printf(" %6s%s", "limit", b == 0 ? " " : "\n");
    }
    for (size_t c = 0; c < op_cases_count; c++)
        if (op_cases[c].timed.ndim > 0 && (argc < 2 || strstr(op_cases[c].name, argv[1]) != NULL))
            time_case(&op_cases[c], kernels, count);
    return 0;
}
