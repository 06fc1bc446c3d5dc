/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast is the training of a convolution? Ours against oneDNN, against im2col with OpenBLAS, and against the
 * processor's own limit, in one run.
 *
 * bench_conv [PATTERN] [KERNELS]: the shapes whose line contains PATTERN, on the instance KERNELS.
 *
 * Every contender runs forward, then backward (data and weights), on batches of 32. Rounds are interleaved, in a round
 * the contenders take turns of a few milliseconds, and ratios are taken inside a round; medians are printed. Time is
 * processor time of the thread. "% peak" counts the multiply-adds of the definition, zeros of the margins included. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "benchmarks/micro/alone.h"
#include "benchmarks/micro/conv_peers.h"
#include "benchmarks/micro/fma_peak.h"
#include "benchmarks/micro/median.h"
#include "hpo/models/blas.h"

enum { BATCH = 32, ROUNDS = 11, CONTENDERS = 3 };
#define TURN 0.003 /* seconds */

typedef struct shape {
    const char *name;
    size_t size, channels, filters, kernel, dilation, groups, stride;
    bool first; /* of a network: nobody wants dx */
} shape;

static const shape shapes[] = {
    {"dense", 28, 16, 16, 3, 1, 1, 1, false},      {"dense", 14, 16, 32, 3, 1, 1, 1, false},
    {"dense", 14, 32, 32, 3, 1, 1, 1, false},      {"dense", 7, 32, 64, 3, 1, 1, 1, false},
    {"dense", 32, 16, 16, 3, 1, 1, 1, false},      {"dense", 16, 32, 32, 3, 1, 1, 1, false},
    {"dense", 8, 64, 64, 3, 1, 1, 1, false},       {"pointwise", 28, 16, 16, 1, 1, 1, 1, false},
    {"pointwise", 14, 32, 64, 1, 1, 1, 1, false},  {"dilated", 14, 32, 32, 3, 2, 1, 1, false},
    {"dilated", 28, 16, 16, 3, 2, 1, 1, false},    {"strided", 28, 16, 32, 3, 1, 1, 2, false},
    {"first", 28, 1, 16, 3, 1, 1, 1, true},        {"first", 32, 3, 16, 3, 1, 1, 1, true},
    {"depthwise", 28, 16, 16, 3, 1, 16, 1, false}, {"depthwise", 14, 32, 32, 3, 1, 32, 1, false},
    {"depthwise", 7, 64, 64, 3, 1, 64, 1, false},  {"depthwise", 28, 16, 16, 5, 1, 16, 1, false},
    {"depthwise", 14, 32, 32, 5, 1, 32, 1, false}, {"depthwise", 28, 16, 16, 3, 2, 16, 1, false},
    {"depthwise", 14, 32, 32, 5, 2, 32, 1, false},
};

/* Ours as one more contender. */
static void ours_forward(void *self) {
    eng_conv_forward(self);
}

static void ours_backward(void *self) {
    eng_conv_backward(self);
}

static void ours_destroy(void *self) {
    (void)self;
}

typedef struct arrays {
    float *x, *w, *dy, *y, *dx, *dw, *workspace;
} arrays;

static float *array(uint32_t who, size_t count) {
    void *memory;
    base_err err;
    if (eng_alloc((count + 16) * sizeof(float), &memory, &err) != BASE_OK) abort();
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, who, 0);
    for (size_t i = 0; i < count; i++) ((float *)memory)[i] = base_rng_uniformf(&rng) - 0.5f;
    return memory;
}

static arrays make_arrays(const eng_conv *c) {
    size_t x = BATCH * c->h.in * c->w.in * c->channels, y = BATCH * c->h.out * c->w.out * c->filters;
    size_t w = c->h.kernel * c->w.kernel * c->channels / c->groups * c->filters;
    return (arrays){.x = array(1, x),
                    .w = array(2, w),
                    .dy = array(3, y),
                    .y = array(4, y),
                    .dx = array(5, x),
                    .dw = array(6, w),
                    .workspace = array(7, eng_conv_workspace(c, BATCH))};
}

static void free_arrays(arrays *a) {
    eng_free(a->x), eng_free(a->w), eng_free(a->dy), eng_free(a->y), eng_free(a->dx), eng_free(a->dw);
    eng_free(a->workspace);
}

static double median(const double values[ROUNDS]) {
    return micro_median(values, ROUNDS);
}

/* A turn: microseconds of forward and of backward. */
static void turn(const conv_peer *peer, double *forward, double *backward) {
    peer->forward(peer->self);
    peer->backward(peer->self);
    double spent[2] = {0.0, 0.0};
    int count = 0;
    for (; spent[0] + spent[1] < TURN; count++) {
        double t0 = cpu_seconds();
        peer->forward(peer->self);
        double t1 = cpu_seconds();
        peer->backward(peer->self);
        spent[0] += t1 - t0;
        spent[1] += cpu_seconds() - t1;
    }
    *forward = 1e6 * spent[0] / count;
    *backward = 1e6 * spent[1] / count;
}

typedef struct measured {
    double forward[ROUNDS], backward[ROUNDS], ratio[ROUNDS];
} measured;

static void measure(const conv_peer *peers, const char *kernels, double flops, measured *out, double *share) {
    double of_peak[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        double peak = 0.0;
        for (int p = 0; p < CONTENDERS; p++) {
            if (peers[p].name == NULL) continue;
            peak = fmax(peak, fma_peak(kernels));
            turn(&peers[p], &out[p].forward[r], &out[p].backward[r]);
        }
        double ours = out[0].forward[r] + out[0].backward[r];
        for (int p = 1; p < CONTENDERS; p++)
            out[p].ratio[r] = peers[p].name == NULL ? (double)NAN : (out[p].forward[r] + out[p].backward[r]) / ours;
        of_peak[r] = 100.0 * flops / ours * 1e-3 / peak;
    }
    *share = median(of_peak);
}

static eng_conv conv_of(const shape *s) {
    eng_conv_edge edge = {.in = s->size,
                          .kernel = s->kernel,
                          .stride = s->stride,
                          .dilation = s->dilation,
                          .padding = (s->kernel - 1) * s->dilation / 2};
    edge.out = eng_conv_out(edge.in, edge.kernel, edge.stride, edge.dilation, edge.padding);
    return (eng_conv){.h = edge, .w = edge, .channels = s->channels, .filters = s->filters, .groups = s->groups};
}

/* The baseline computes the same from the same arrays, so the two can be compared. */
static double difference(const arrays *a, const arrays *b, const eng_conv *c, bool data) {
    size_t y = BATCH * c->h.out * c->w.out * c->filters, x = BATCH * c->h.in * c->w.in * c->channels;
    double most = 0.0;
    for (size_t i = 0; i < y; i++) most = fmax(most, fabs((double)a->y[i] - (double)b->y[i]));
    for (size_t i = 0; data && i < x; i++) most = fmax(most, fabs((double)a->dx[i] - (double)b->dx[i]));
    for (size_t i = 0; i < c->h.kernel * c->w.kernel * c->channels / c->groups * c->filters; i++)
        most = fmax(most, 0.02 * fabs((double)a->dw[i] - (double)b->dw[i]));
    return most;
}

static void print_line(const shape *s, const conv_peer *peers, const measured *m, double share) {
    char what[64];
    snprintf(what, sizeof what, "%-9s %2zux%-2zu %2zu->%-2zu k%zu%s%s", s->name, s->size, s->size, s->channels,
             s->filters, s->kernel, s->dilation > 1 ? " d2" : "", s->stride > 1 ? " s2" : "");
    printf("%-28s %7.0f %7.0f %5.0f%% ", what, median(m[0].forward), median(m[0].backward), share);
    if (peers[1].name != NULL)
        printf("%7.0f %7.0f %6.2f ", median(m[1].forward), median(m[1].backward), median(m[1].ratio));
    else
        printf("%7s %7s %6s ", "-", "-", "-");
    printf("%8.0f %6.2f\n", median(m[2].forward) + median(m[2].backward), median(m[2].ratio));
    fflush(stdout);
}

static int run(const shape *s, const eng_kernels *k) {
    eng_conv conv = conv_of(s);
    arrays a = make_arrays(&conv), b = make_arrays(&conv);
    eng_conv_pass pass = {.conv = &conv, .tiles = k->tiles, .n = BATCH, .x = a.x, .w = a.w, .dy = a.dy, .y = a.y};
    pass.dx = s->first ? NULL : a.dx;
    pass.dw = a.dw;
    pass.workspace = a.workspace;
    conv_peer peers[CONTENDERS] = {
        {.name = "ours", .self = &pass, .forward = ours_forward, .backward = ours_backward, .destroy = ours_destroy},
        conv_onednn_create(&conv, BATCH, !s->first),
        conv_simple_create(&conv, BATCH, b.x, b.w, b.dy, b.y, s->first ? NULL : b.dx, b.dw),
    };
    const size_t taps = s->kernel * s->kernel * s->channels / s->groups;
    double flops =
        2.0 * (s->first ? 2.0 : 3.0) * BATCH * (double)(conv.h.out * conv.w.out * conv.filters) * (double)taps;
    measured m[CONTENDERS] = {0};
    double share;
    measure(peers, k->name, flops, m, &share);
    double off = difference(&a, &b, &conv, !s->first);
    if (off > 1e-4) fprintf(stderr, "bench_conv: %s: off by %g from the baseline\n", s->name, off);
    print_line(s, peers, m, share);
    for (int p = 0; p < CONTENDERS; p++)
        if (peers[p].name != NULL) peers[p].destroy(peers[p].self);
    free_arrays(&a);
    free_arrays(&b);
    return off > 1e-4;
}

int main(int argc, char **argv) {
    micro_alone(argv);
    const eng_kernels *k = eng_kernels_find(argc > 2 ? argv[2] : NULL);
    if (k == NULL) return fprintf(stderr, "bench_conv: no kernels named %s here\n", argv[2]), 2;
    hpo_blas_set_threads(1);
    double peak = 0.0;
    for (int i = 0; i < 50; i++) peak = fmax(peak, fma_peak(k->name));
    printf("Convolutions, batch %d, us of forward and backward; kernels %s, FMA peak %.0f GFLOP/s, BLAS %s\n", BATCH,
           k->name, peak, hpo_blas_core());
    printf("ratios: time of the other / time of ours, all passes, medians of %d interleaved rounds\n\n", ROUNDS);
    printf("%-28s %7s %7s %6s %7s %7s %6s %8s %6s\n", "", "forward", "backw.", "peak", "oneDNN", "", "ratio", "simple",
           "ratio");
    int status = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (argc > 1 && strstr(shapes[i].name, argv[1]) == NULL) continue;
        status |= run(&shapes[i], k);
    }
    return status;
}
