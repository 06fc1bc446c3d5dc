/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What do threads in a training save? Steps per second of one training alone, of n side by side, and of one with n
 * threads, taking turns in one run.
 *
 *   bench_threads [N [NETWORK ...]]      N threads (2), networks of tests/support/sample_nets.h and `supernet` (all)
 *   bench_threads --profile N NETWORK    the time of every node with one thread and with N
 *
 * `supernet` is that of DARTS with 8 channels and 5 cells: forward, gradients of weights and alphas, update of the
 * weights.
 *
 * Trainings side by side share memory and the last cache, so n of them are what n cores can give at most: the last
 * column is what one training with n threads reaches of that. Every training is a process of its own, which waits while
 * it is not its turn. Times are the clock's, so the machine should have nothing else to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/buf.h"
#include "benchmarks/micro/median.h"
#include "engine/tensor/subnormal.h"
#include "nas/supernet.h"
#include "tests/support/sample_nets.h"

enum { BATCH = 64, BATCHES = 8, ROUNDS = 7, MOST = 64 };
#define TURN 0.15 /* seconds */

static const sample_net supernet = {.name = "supernet", .input = {3, {28, 28, 1}}};

typedef struct training {
    eng_model *model; /* or: */
    nas_supernet *supernet;
    nas_choices choices;
    base_arena *arena;
    eng_optimizer *optimizer;
    eng_threads *threads;
    float *x;
    int32_t *labels;
    size_t features;
    uint64_t step;
} training;

static void must(base_status status, const base_err *err) {
    if (status == BASE_OK) return;
    fprintf(stderr, "bench_threads: %s\n", err->text);
    exit(1);
}

static void make_supernet(training *t) {
    nas_supernet_options options = {
        .settings = {.channels = 8, .cells = 5},
        .choices = &t->choices,
        .net = {.input = supernet.input, .task = ENG_MULTICLASS, .outputs = 10},
        .batch = BATCH,
        .seed = 1,
        .threads = t->threads,
    };
    base_err err;
    t->arena = base_arena_create();
    must(nas_choices_read(NULL, t->arena, &t->choices, &err), &err);
    must(nas_space_find("darts", t->arena, &options.space, &err), &err);
    must(nas_supernet_create(&options, &t->supernet, &err), &err);
}

static eng_plan *plan_of(const training *t) {
    return t->supernet != NULL ? nas_supernet_plan(t->supernet) : eng_model_plan(t->model);
}

static void make(training *t, const sample_net *net) {
    const eng_optimizer_config config = eng_optimizer_momentum.defaults;
    base_err err;
    if (net == &supernet) {
        make_supernet(t);
    } else {
        t->model = sample_net_model(net, BATCH, NULL);
        must(eng_model_threads(t->model, t->threads, &err), &err);
    }
    eng_params *params = t->supernet != NULL ? nas_supernet_params(t->supernet) : eng_model_params(t->model);
    must(eng_optimizer_create(&eng_optimizer_momentum, &config, params, eng_kernels_find(NULL), &t->optimizer, &err),
         &err);
    eng_optimizer_threads(t->optimizer, t->threads);
}

/* In place: a supernet keeps pointers into it. */
static void training_create(training *at, const sample_net *net, size_t threads) {
    base_err err;
    *at = (training){.features = eng_shape_count(&net->input)};
    if (threads > 1) must(eng_threads_create(threads, &at->threads, &err), &err);
    make(at, net);
    training t = *at;
    t.x = base_calloc(BATCHES * BATCH * t.features, sizeof *t.x);
    t.labels = base_calloc(BATCHES * BATCH, sizeof *t.labels);
    for (uint32_t i = 0; i < BATCHES; i++)
        sample_net_batch(net, BATCH, i, t.x + i * BATCH * t.features, t.labels + i * BATCH);
    eng_subnormals_flush();
    *at = t;
}

static eng_batch next_batch(training *t) {
    const size_t at = t->step % BATCHES;
    return (eng_batch){.n = BATCH, .x = t->x + at * BATCH * t->features, .labels = t->labels + at * BATCH};
}

static double take_step(training *t) {
    const eng_batch batch = next_batch(t);
    if (t->supernet == NULL) return eng_model_step(t->model, &batch, t->step++, t->optimizer, 0.001);
    const double loss = nas_supernet_train(t->supernet, &batch, true, (uint32_t)t->step++);
    nas_supernet_backward(t->supernet, 1u << NAS_GROUP_WEIGHTS | 1u << NAS_GROUP_ALPHAS);
    eng_optimizer_step(t->optimizer, 0.001);
    return loss;
}

/* ---- processes ---- */

typedef struct process {
    pid_t pid;
    int ask, answer;
} process;

static bool exchange(int fd, void *data, size_t size, bool out) {
    return (out ? write(fd, data, size) : read(fd, data, size)) == (ssize_t)size;
}

/* Trains for so many seconds whenever it is asked; answers with steps per second. 0 seconds: ends. */
static void serve(const sample_net *net, size_t threads, int ask, int answer) {
    training t;
    double seconds;
    training_create(&t, net, threads);
    for (size_t i = 0; i < 3; i++) take_step(&t);
    while (exchange(ask, &seconds, sizeof seconds, false) && seconds > 0.0) {
        const double begun = base_monotonic();
        double steps = 0.0, now;
        do {
            take_step(&t);
            steps += 1.0;
            now = base_monotonic();
        } while (now - begun < seconds);
        double rate = steps / (now - begun);
        if (!exchange(answer, &rate, sizeof rate, true)) break;
    }
    exit(0);
}

static process start(const sample_net *net, size_t threads) {
    int ask[2], answer[2];
    if (pipe(ask) != 0 || pipe(answer) != 0) abort();
    process p = {.pid = fork(), .ask = ask[1], .answer = answer[0]};
    if (p.pid == 0) {
        close(ask[1]);
        close(answer[0]);
        serve(net, threads, ask[0], answer[1]);
    }
    close(ask[0]);
    close(answer[1]);
    return p;
}

static void stop(const process *p) {
    double nothing = 0.0; /* an end of file does not come while younger processes have the pipe, too */
    if (!exchange(p->ask, &nothing, sizeof nothing, true)) abort();
    close(p->ask);
    close(p->answer);
    waitpid(p->pid, NULL, 0);
}

/* The sum of the rates of `count` processes at the same time. */
static double turn(const process *p, size_t count) {
    double seconds = TURN, sum = 0.0, rate = 0.0;
    for (size_t i = 0; i < count; i++)
        if (!exchange(p[i].ask, &seconds, sizeof seconds, true)) abort();
    for (size_t i = 0; i < count; i++) {
        if (!exchange(p[i].answer, &rate, sizeof rate, false)) abort();
        sum += rate;
    }
    return sum;
}

static void compare(const sample_net *net, size_t n) {
    process side[MOST], shared;
    double rate[3][ROUNDS], part[ROUNDS];
    for (size_t i = 0; i < n; i++) side[i] = start(net, 1); /* each before it has threads or children of its own */
    shared = start(net, n);
    for (size_t r = 0; r < ROUNDS; r++) {
        rate[0][r] = turn(side, 1);
        rate[1][r] = turn(side, n);
        rate[2][r] = turn(&shared, 1);
        part[r] = rate[2][r] / rate[1][r];
    }
    for (size_t i = 0; i < n; i++) stop(&side[i]);
    stop(&shared);
    const double alone = micro_median(rate[0], ROUNDS), beside = micro_median(rate[1], ROUNDS),
                 with = micro_median(rate[2], ROUNDS);
    printf("%-12s %10.1f %12.1f %12.1f %10.2f %14.2f\n", net->name, alone, beside, with, with / alone,
           micro_median(part, ROUNDS));
    fflush(stdout);
}

/* ---- profile ---- */

typedef struct profile {
    double *seconds[2]; /* of forward and of backward, by node; at the end the sums of gradients */
    size_t nodes;
    double last;
} profile;

static void add_time(void *self, const eng_node *node, bool backward) {
    profile *p = self;
    const double now = base_monotonic();
    p->seconds[backward][strcmp(node->name, "accumulate") == 0 ? p->nodes : node->index] += now - p->last;
    p->last = now;
}

static profile profile_of(const sample_net *net, size_t threads) {
    training t;
    training_create(&t, net, threads);
    profile p = {.nodes = eng_graph_nodes(eng_model_graph(t.model))};
    for (size_t b = 0; b < 2; b++) p.seconds[b] = base_calloc(p.nodes + 1, sizeof(double));
    for (size_t i = 0; i < 3; i++) take_step(&t);
    eng_plan_watch(plan_of(&t), add_time, &p);
    size_t steps = 0;
    for (const double begun = base_monotonic(); base_monotonic() - begun < 4 * TURN; steps++) {
        p.last = base_monotonic();
        take_step(&t);
    }
    for (size_t b = 0; b < 2; b++)
        for (size_t i = 0; i <= p.nodes; i++) p.seconds[b][i] *= 1e6 / (double)steps;
    eng_optimizer_destroy(t.optimizer);
    eng_model_destroy(t.model);
    eng_threads_destroy(t.threads);
    free(t.x);
    free(t.labels);
    return p;
}

static void print_profile(const sample_net *net, size_t n) {
    const profile one = profile_of(net, 1), many = profile_of(net, n);
    eng_model *model = sample_net_model(net, BATCH, NULL);
    double total[2] = {0.0, 0.0};
    printf("us of a step with one thread and with %zu\n%-20s %-18s %9s %9s %6s %9s %9s %6s\n", n, "node", "op",
           "forward", "", "times", "backward", "", "times");
    for (size_t i = 0; i <= one.nodes; i++) {
        const eng_node *node = i < one.nodes ? eng_graph_node(eng_model_graph(model), i) : NULL;
        printf("%-20s %-18s", node == NULL ? "(sums)" : node->name, node == NULL ? "" : node->op->name);
        for (size_t b = 0; b < 2; b++) {
            printf(" %9.1f %9.1f %6.2f", one.seconds[b][i], many.seconds[b][i], one.seconds[b][i] / many.seconds[b][i]);
            total[0] += one.seconds[b][i];
            total[1] += many.seconds[b][i];
        }
        printf("\n");
    }
    printf("all: %.1f and %.1f us, %.2f times as fast\n", total[0], total[1], total[0] / total[1]);
    eng_model_destroy(model);
    for (size_t b = 0; b < 2; b++) {
        free(one.seconds[b]);
        free(many.seconds[b]);
    }
}

/* ---- main ---- */

static int usage(void) {
    fprintf(stderr, "usage: bench_threads [--profile] [N [NETWORK ...]]; networks:");
    for (size_t i = 0; i < sample_nets_count; i++) fprintf(stderr, " %s", sample_nets[i].name);
    fprintf(stderr, " %s\n", supernet.name);
    return 2;
}

int main(int argc, char **argv) {
    const bool profiled = argc > 1 && strcmp(argv[1], "--profile") == 0;
    int64_t n = 2;
    const int first = profiled ? 2 : 1;
    if (argc > first && (!base_parse_i64(argv[first], &n) || n < 2 || n > MOST)) return usage();
    for (int i = first + 1; i < argc; i++)
        if (sample_net_find(argv[i]) == NULL && (profiled || strcmp(argv[i], supernet.name) != 0)) return usage();
    if (!profiled)
        printf("steps/s, batch %d, medians of %d rounds\n%-12s %10s %9s %2lld %9s %2lld %10s %14s\n", BATCH, ROUNDS, "",
               "alone", "beside", (long long)n, "threads", (long long)n, "of alone", "of beside");
    fflush(stdout); /* or every process prints it */
    for (size_t i = 0; i < sample_nets_count + !profiled; i++) {
        const sample_net *net = i < sample_nets_count ? &sample_nets[i] : &supernet;
        bool wanted = argc <= first + 1;
        for (int k = first + 1; k < argc; k++) wanted = wanted || strcmp(argv[k], net->name) == 0;
        if (wanted && profiled) print_profile(net, (size_t)n);
        if (wanted && !profiled) compare(net, (size_t)n);
    }
    return 0;
}
