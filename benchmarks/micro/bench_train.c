/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast is a training, and where does its time go? One network from a file of settings, as the objective `train`
 * reads them, on batches that lie ready in memory.
 *
 *   bench_train SETTINGS.yaml [--darts-cell CHANNELS | --supernet CHANNELS CELLS] [--profile | --export FOLDER |
 * --serve]
 *
 * Without a word: samples per second and the loss. --profile: the time of every node of the network. --export: what
 * another program needs to repeat the training. --serve: a number of steps on a line of the input is answered by the
 * seconds that they took and their losses, so that several programs can take turns (scripts/compare_training.py).
 * --darts-cell puts the cell of darts_cell.h and a global pooling behind the layers of `network`, which cannot express
 * it; --supernet trains that of the space darts in place of a network: forward, the gradients of weights and alphas,
 * and the update of the weights. A step is forward, backward and the optimizer's; the rate is constant. Times are the
 * processor's: what else runs on the machine does not count. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/micro/alone.h"
#include "benchmarks/micro/darts_cell.h"
#include "benchmarks/micro/fma_peak.h"
#include "benchmarks/micro/median.h"
#include "benchmarks/micro/train_export.h"
#include "engine/engine.h"
#include "engine/tensor/subnormal.h"
#include "nas/supernet.h"

enum { BATCHES = 128, ROUNDS = 7 };
#define ROUND 0.5 /* seconds */

typedef struct wish {
    const char *settings, *folder; /* folder: of --export, or NULL */
    int64_t darts_channels;        /* 0 = none */
    int64_t supernet[2];           /* channels, cells; 0 = none */
    bool profile, serve;
} wish;

typedef struct training {
    base_arena *arena;
    eng_recipe recipe;
    eng_dataset *set;
    eng_view *view;
    eng_model *model; /* or a supernet */
    nas_supernet *supernet;
    nas_choices choices;
    eng_optimizer *optimizer;
    size_t batch;
    float *x;        /* [BATCHES, batch, features] */
    int32_t *labels; /* [BATCHES, batch] */
    uint64_t step;
} training;

/* ---- what is trained ---- */

static base_status read_settings(const char *path, training *t, base_err *err) {
    base_buf text = {0};
    base_yaml_node *root;
    base_status status = base_read_file(path, &text, err);
    if (status == BASE_OK) status = base_yaml_parse(t->arena, path, text.data, text.length, &root, err);
    base_buf_fini(&text);
    BASE_TRY(status);
    return eng_recipe_read(root, eng_networks, t->arena, &t->recipe, err);
}

static base_status build_cell(const training *t, size_t channels, eng_net *net, eng_ports *ports) {
    if (t->recipe.network.kind != &eng_network_list)
        return BASE_FAIL(net->err, BASE_INVALID, "a DARTS cell stands behind the layers of `network`; there are none");
    const eng_network_list_own *list = t->recipe.network.own;
    BASE_TRY(eng_layers_build(&list->layers, net));
    BASE_TRY(darts_cell_build(net, channels));
    BASE_TRY(eng_net_global_pool(net, ENG_POOL_AVERAGE));
    return eng_net_end(net, ports);
}

static base_status make_cell(training *t, size_t channels, base_err *err) {
    const eng_dataset *set = t->set;
    if (set->rank != 3) return BASE_FAIL(err, BASE_INVALID, "a DARTS cell needs images, but %s has none", set->name);
    const eng_net_config config = {.input = eng_shape_3d(set->shape[0], set->shape[1], set->shape[2]),
                                   .task = eng_loss_task(&t->recipe.loss, set),
                                   .outputs = set->classes,
                                   .norm = ENG_NORM_BATCH};
    const eng_model_options options = {.batch = t->batch, .seed = (uint64_t)t->recipe.course.seed};
    eng_net net;
    eng_ports ports;
    base_status status = eng_net_begin(&net, &config, err);
    if (status == BASE_OK) status = build_cell(t, channels, &net, &ports);
    if (status == BASE_OK) return eng_model_adopt(net.graph, &ports, &options, &t->model, err);
    eng_graph_destroy(net.graph);
    return status;
}

static base_status make_supernet(training *t, const int64_t size[2], base_err *err) {
    const eng_dataset *set = t->set;
    nas_supernet_options options = {
        .settings = {.channels = (size_t)size[0], .cells = (size_t)size[1]},
        .choices = &t->choices,
        .net = {.task = eng_loss_task(&t->recipe.loss, set), .outputs = set->classes},
        .batch = t->batch,
        .seed = (uint64_t)t->recipe.course.seed,
    };
    if (set->rank != 3) return BASE_FAIL(err, BASE_INVALID, "a supernet needs images, but %s has none", set->name);
    options.net.input = eng_shape_3d(set->shape[0], set->shape[1], set->shape[2]);
    BASE_TRY(nas_choices_read(NULL, t->arena, &t->choices, err));
    BASE_TRY(nas_space_find("darts", t->arena, &options.space, err));
    BASE_TRY(nas_supernet_create(&options, &t->supernet, err));
    eng_optimizer_config config = eng_optimizer_momentum.defaults;
    config.momentum = t->recipe.optimizer.momentum;
    return eng_optimizer_create(&eng_optimizer_momentum, &config, nas_supernet_params(t->supernet),
                                nas_supernet_kernels(t->supernet), &t->optimizer, err);
}

static const eng_graph *graph_of(const training *t) {
    return t->supernet != NULL ? nas_supernet_graph(t->supernet) : eng_model_graph(t->model);
}

static eng_params *params_of(const training *t) {
    return t->supernet != NULL ? nas_supernet_params(t->supernet) : eng_model_params(t->model);
}

static eng_plan *plan_of(const training *t) {
    return t->supernet != NULL ? nas_supernet_plan(t->supernet) : eng_model_plan(t->model);
}

static base_status make_batches(training *t, base_err *err) {
    const size_t features = t->set->features;
    eng_loader *loader;
    BASE_TRY(eng_loader_create(t->set, &t->view->normalizer, t->view->split.train, t->batch, true,
                               (uint64_t)t->recipe.course.seed, &loader, err));
    const size_t full = eng_loader_count(loader) / t->batch;
    if (full < BATCHES) {
        eng_loader_destroy(loader);
        return BASE_FAIL(err, BASE_INVALID, "%s has %zu full batches to train with; %d are needed", t->set->name, full,
                         BATCHES);
    }
    t->x = base_calloc(BATCHES * t->batch * features, sizeof *t->x);
    t->labels = base_calloc(BATCHES * t->batch, sizeof *t->labels);
    for (size_t i = 0; i < BATCHES; i++)
        eng_loader_batch(loader, 0, i, t->x + i * t->batch * features, t->labels + i * t->batch, NULL);
    eng_loader_destroy(loader);
    return BASE_OK;
}

static base_status begin(const wish *w, training *t, base_err *err) {
    *t = (training){.arena = base_arena_create()};
    BASE_TRY(read_settings(w->settings, t, err));
    BASE_TRY(eng_data_load(&t->recipe.data, NULL, &t->set, err));
    BASE_TRY(eng_recipe_check(&t->recipe, t->set, err));
    if (eng_loss_task(&t->recipe.loss, t->set) != ENG_MULTICLASS)
        return BASE_FAIL(err, BASE_INVALID, "%s: a data set with classes is needed, and their cross-entropy",
                         w->settings);
    const eng_view_settings view = eng_data_view(&t->recipe.data);
    BASE_TRY(eng_view_create(t->set, &view, &t->view, err));
    t->batch = (size_t)t->recipe.course.batch_size;
    BASE_TRY(make_batches(t, err));
    if (w->supernet[0] > 0) return make_supernet(t, w->supernet, err);
    if (w->darts_channels > 0)
        BASE_TRY(make_cell(t, (size_t)w->darts_channels, err));
    else
        BASE_TRY(eng_recipe_model(&t->recipe, t->set, &t->model, err));
    return eng_recipe_optimizer(&t->recipe, t->model, &t->optimizer, err);
}

static void end(training *t) {
    eng_optimizer_destroy(t->optimizer);
    eng_model_destroy(t->model);
    nas_supernet_destroy(t->supernet);
    eng_view_destroy(t->view);
    eng_dataset_destroy(t->set);
    free(t->x);
    free(t->labels);
    base_arena_destroy(t->arena);
}

/* ---- steps ---- */

static eng_batch next_batch(const training *t) {
    const size_t at = t->step % BATCHES;
    return (eng_batch){
        .n = t->batch, .x = t->x + at * t->batch * t->set->features, .labels = t->labels + at * t->batch};
}

/* Forward and backward. */
static double differentiate(training *t) {
    const eng_batch batch = next_batch(t);
    if (t->supernet == NULL) return eng_model_train(t->model, &batch, t->step++);
    const double loss = nas_supernet_train(t->supernet, &batch, true, (uint32_t)t->step++);
    nas_supernet_backward(t->supernet, 1u << NAS_GROUP_WEIGHTS | 1u << NAS_GROUP_ALPHAS);
    return loss;
}

static double take_step(training *t) {
    if (t->supernet != NULL) {
        const double loss = differentiate(t);
        eng_optimizer_step(t->optimizer, t->recipe.optimizer.learning_rate);
        return loss;
    }
    const eng_batch batch = next_batch(t);
    return eng_model_step(t->model, &batch, t->step++, t->optimizer, t->recipe.optimizer.learning_rate);
}

static double mean_loss(training *t, size_t steps) {
    double sum = 0.0;
    for (size_t i = 0; i < steps; i++) sum += take_step(t);
    return sum / (double)steps;
}

static size_t steps_of_a_round(training *t) {
    const double begun = cpu_seconds();
    size_t steps = 0;
    for (; cpu_seconds() - begun < ROUND; steps++) take_step(t);
    return steps;
}

static void time_steps(training *t) {
    const double first = take_step(t), loss = mean_loss(t, BATCHES - 1);
    const size_t steps = steps_of_a_round(t);
    double us[ROUNDS];
    for (size_t r = 0; r < ROUNDS; r++) {
        const double begun = cpu_seconds();
        mean_loss(t, steps);
        us[r] = 1e6 * (cpu_seconds() - begun) / (double)steps;
    }
    const double median = micro_median(us, ROUNDS);
    printf("kernels %s, batch %zu, %zu trained numbers, %.1f MFLOP forward per sample\n", eng_kernels_find(NULL)->name,
           t->batch, eng_params_numbers(params_of(t)), 1e-6 * eng_graph_flops(graph_of(t)));
    printf("loss of the first step %.6f, mean of the first %d %.6f\n", first, BATCHES, loss);
    printf("%.1f us/step, %.0f samples/s (median of %d rounds of %zu steps)\n", median, 1e6 * (double)t->batch / median,
           ROUNDS, steps);
}

/* ---- profile ---- */

typedef struct profile {
    size_t nodes;
    double *seconds[2]; /* by node, and at the end those of the sums of gradients; of forward, of backward */
    double last;        /* when the last node ended */
} profile;

static void add_time(void *self, const eng_node *node, bool backward) {
    profile *p = self;
    const double now = cpu_seconds();
    p->seconds[backward][strcmp(node->name, "accumulate") == 0 ? p->nodes : node->index] += now - p->last;
    p->last = cpu_seconds();
}

static void print_row(const char *layer, const char *op, const char *output, double forward, double backward,
                      double total, double gflops) {
    printf("%-14s %-17s %-14s %11.0f %11.0f %6.1f%%", layer, op, output, 1e9 * forward, 1e9 * backward,
           100.0 * (forward + backward) / total);
    printf(gflops > 0.0 ? " %8.1f\n" : "\n", gflops);
}

static void print_profile(const training *t, const profile *p, double optimizer) {
    const eng_graph *graph = graph_of(t);
    double total = optimizer;
    for (size_t i = 0; i <= p->nodes; i++) total += p->seconds[0][i] + p->seconds[1][i];
    printf("%-14s %-17s %-14s %11s %11s %7s %8s\n", "layer", "op", "output", "forward ns", "backward ns", "share",
           "GFLOP/s");
    for (size_t i = 0; i < p->nodes; i++) {
        const eng_node *node = eng_graph_node(graph, i);
        const double forward = p->seconds[0][i], backward = p->seconds[1][i];
        if (forward + backward == 0.0) continue; /* counted with another one */
        const bool first = node->inputs > 0 && eng_graph_value(graph, node->in[0])->groups != 0;
        base_buf shape = {0};
        if (node->out != ENG_NO_VALUE) eng_shape_text(&node->out_shape, &shape);
        const double flops = (first ? 3.0 : 2.0) * (double)t->batch * eng_node_flops(node);
        print_row(node->name, node->op->name, base_buf_text(&shape), forward, backward, total,
                  1e-9 * flops / (forward + backward));
        base_buf_fini(&shape);
    }
    if (p->seconds[1][p->nodes] > 0.0)
        print_row("(sums)", "of gradients", "", 0.0, p->seconds[1][p->nodes], total, 0.0);
    print_row("(optimizer)", eng_optimizer_type_of(t->optimizer)->name, "", 0.0, optimizer, total, 0.0);
    printf("%-14s %-17s %-14s %23.0f  100.0%%\n", "all", "", "", 1e9 * total);
}

/* A supernet has too many nodes to look at: those with the same op, kernel and output become one row. */
static bool alike(const eng_node *a, const eng_node *b) {
    if (a->op != b->op || a->inputs != b->inputs || !eng_shape_equal(&a->out_shape, &b->out_shape)) return false;
    if (a->inputs > 0 && !eng_shape_equal(&a->in_shape[0], &b->in_shape[0])) return false;
    return a->params == 0 || eng_shape_equal(&a->param[0].shape, &b->param[0].shape);
}

static void gather(const training *t, profile *p) {
    for (size_t i = 0; i < p->nodes; i++) {
        size_t first = 0;
        while (!alike(eng_graph_node(graph_of(t), first), eng_graph_node(graph_of(t), i))) first++;
        for (size_t pass = 0; pass < 2 && first < i; pass++) {
            p->seconds[pass][first] += p->seconds[pass][i];
            p->seconds[pass][i] = 0.0;
        }
    }
}

/* Means of all steps of a few rounds; the update is apart, so that its time is seen. */
static void show_profile(training *t) {
    profile p = {.nodes = eng_graph_nodes(graph_of(t))};
    for (size_t i = 0; i < 2; i++) p.seconds[i] = base_calloc(p.nodes + 1, sizeof(double));
    const size_t steps = 2 * steps_of_a_round(t);
    double optimizer = 0.0;
    eng_plan_watch(plan_of(t), add_time, &p);
    for (size_t s = 0; s < steps; s++) {
        p.last = cpu_seconds();
        (void)differentiate(t);
        p.last = cpu_seconds();
        eng_optimizer_step(t->optimizer, t->recipe.optimizer.learning_rate);
        optimizer += cpu_seconds() - p.last;
    }
    eng_plan_watch(plan_of(t), NULL, NULL);
    if (t->supernet != NULL) gather(t, &p);
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n <= p.nodes; n++) p.seconds[i][n] /= (double)steps;
    print_profile(t, &p, optimizer / (double)steps);
    for (size_t i = 0; i < 2; i++) free(p.seconds[i]);
}

/* ---- turns ---- */

static int serve(training *t) {
    unsigned long steps;
    while (scanf("%lu", &steps) == 1) {
        double *loss = base_calloc(steps + 1, sizeof *loss);
        const double begun = cpu_seconds();
        for (unsigned long i = 0; i < steps; i++) loss[i] = take_step(t);
        printf("%.9f", cpu_seconds() - begun);
        for (unsigned long i = 0; i < steps; i++) printf(" %.9g", loss[i]);
        printf("\n");
        fflush(stdout);
        free(loss);
    }
    return 0;
}

/* ---- main ---- */

static bool read_arguments(int argc, char **argv, wish *w) {
    *w = (wish){0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--profile") == 0)
            w->profile = true;
        else if (strcmp(argv[i], "--serve") == 0)
            w->serve = true;
        else if (strcmp(argv[i], "--export") == 0 && i + 1 < argc)
            w->folder = argv[++i];
        else if (strcmp(argv[i], "--darts-cell") == 0 && i + 1 < argc &&
                 base_parse_i64(argv[i + 1], &w->darts_channels))
            i++;
        else if (strcmp(argv[i], "--supernet") == 0 && i + 2 < argc && base_parse_i64(argv[i + 1], &w->supernet[0]) &&
                 base_parse_i64(argv[i + 2], &w->supernet[1]))
            i += 2;
        else if (argv[i][0] != '-' && w->settings == NULL)
            w->settings = argv[i];
        else
            return false;
    }
    return w->settings != NULL && w->darts_channels >= 0 && w->profile + w->serve + (w->folder != NULL) <= 1;
}

static base_status export_to(const training *t, const char *folder, base_err *err) {
    if (eng_optimizer_rule(&t->recipe.optimizer) != &eng_optimizer_momentum)
        return BASE_FAIL(err, BASE_INVALID, "the other programs know one optimizer, sgd with momentum");
    const train_export job = {.graph = graph_of(t),
                              .params = params_of(t),
                              .batch = t->batch,
                              .batches = BATCHES,
                              .x = t->x,
                              .labels = t->labels,
                              .rate = t->recipe.optimizer.learning_rate,
                              .momentum = t->recipe.optimizer.momentum};
    return train_export_write(&job, folder, err);
}

static base_status run(const wish *w, base_err *err) {
    training t;
    base_status status = begin(w, &t, err);
    eng_subnormals_flush();
    if (status == BASE_OK && w->folder != NULL)
        status = export_to(&t, w->folder, err);
    else if (status == BASE_OK && w->serve)
        serve(&t);
    else if (status == BASE_OK && w->profile)
        show_profile(&t);
    else if (status == BASE_OK)
        time_steps(&t);
    end(&t);
    return status;
}

int main(int argc, char **argv) {
    micro_alone(argv);
    wish w;
    if (!read_arguments(argc, argv, &w)) {
        fprintf(stderr, "usage: bench_train SETTINGS.yaml [--darts-cell CHANNELS | --supernet CHANNELS CELLS] "
                        "[--profile | --export FOLDER | --serve]\n");
        return 2;
    }
    base_err err = {0};
    base_status status = run(&w, &err);
    if (status != BASE_OK) fprintf(stderr, "bench_train: %s\n", err.text);
    return status == BASE_OK ? 0 : 1;
}
