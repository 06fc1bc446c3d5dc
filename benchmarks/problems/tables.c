/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables that come with the program. Sources and licences: benchmarks/data/README.md.
 *
 * FCNet: A. Klein, F. Hutter, "Tabular benchmarks for joint architecture and hyperparameter optimization", arXiv
 * 1905.04970, 2019. HPOBench: K. Eggensperger et al., NeurIPS Datasets and Benchmarks, 2021. NAS-Bench-201: X. Dong,
 * Y. Yang, ICLR 2020. NAS-Bench-Macro: X. Su et al., "Prioritized architecture sampling with Monte-Carlo tree search",
 * CVPR 2021.
 *
 * NAS-Bench-201 has two fidelities, trainings of 12 and of 200 epochs with a learning rate schedule each. Between them
 * nothing was trained: a rung at, say, 66 epochs is answered by the training of 12 and charged for it. */
#include "benchmarks/problems/table.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define TEXTS(name_, list)                                                                                             \
    { .name = (name_), .count = COUNT(list), .texts = (list) }
#define NUMBERS(name_, list)                                                                                           \
    { .name = (name_), .count = COUNT(list), .numbers = (list) }
#define TABLE_FUNCTIONS                                                                                                \
    .parameters = bench_table_parameters, .load = bench_table_load, .evaluate = bench_table_evaluate,                  \
    .optimum = bench_table_optimum

/* ---- FCNet ---- */
static const char *const activations[] = {"relu", "tanh"}, *const schedules[] = {"cosine", "const"};
static const double fcnet_batch[] = {8, 16, 32, 64}, fcnet_dropout[] = {0, .3, .6};
static const double fcnet_rate[] = {5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1}, fcnet_units[] = {16, 32, 64, 128, 256, 512};
static const bench_axis fcnet_axes[] = {
    TEXTS("activation_fn_1", activations), TEXTS("activation_fn_2", activations), NUMBERS("batch_size", fcnet_batch),
    NUMBERS("dropout_1", fcnet_dropout),   NUMBERS("dropout_2", fcnet_dropout),   NUMBERS("init_lr", fcnet_rate),
    TEXTS("lr_schedule", schedules),       NUMBERS("n_units_1", fcnet_units),     NUMBERS("n_units_2", fcnet_units),
};

#define FCNET(symbol, task)                                                                                            \
    const bench_problem bench_problem_fcnet_##symbol = {                                                               \
        .name = "fcnet-" task,                                                                                         \
        .family = "fcnet-{naval,parkinsons}",                                                                          \
        .summary = "table: 62,208 MLPs x 4 seeds, the validation MSE of a regression",                                 \
        .metric = {"value", "exact"},                                                                                  \
        .takes = BENCH_TAKES_AVERAGE,                                                                                  \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        TABLE_FUNCTIONS,                                                                                               \
        .detail = &(const bench_table_file){.file = "fcnet-" task ".csv.gz",                                           \
                                            .n_axes = COUNT(fcnet_axes),                                               \
                                            .axes = fcnet_axes,                                                        \
                                            .first = 1,                                                                \
                                            .runs = 4},                                                                \
    }

FCNET(naval, "naval");
FCNET(parkinsons, "parkinsons");

/* ---- HPOBench ---- */
static const double mlp_alpha[] = {1e-8,         7.742637e-8,  5.994842e-7,  4.641589e-6,  3.5938137e-5,
                                   2.7825593e-4, 2.1544348e-3, 1.6681006e-2, 1.2915497e-1, 1};
static const double mlp_rate[] = {1e-5,         3.5938137e-5, 1.2915497e-4, 4.641589e-4,  1.6681006e-3,
                                  5.9948424e-3, 2.1544347e-2, 7.742637e-2,  2.7825594e-1, 1};
static const double mlp_batch[] = {4, 6, 10, 16, 25, 40, 64, 101, 161, 256}, mlp_depth[] = {1, 2, 3};
static const double mlp_width[] = {16, 25, 40, 64, 101, 161, 256, 406, 645, 1024};
static const bench_axis mlp_axes[] = {NUMBERS("alpha", mlp_alpha), NUMBERS("batch_size", mlp_batch),
                                      NUMBERS("depth", mlp_depth), NUMBERS("learning_rate_init", mlp_rate),
                                      NUMBERS("width", mlp_width)};

#define HPOBENCH(symbol)                                                                                               \
    const bench_problem bench_problem_hpobench_##symbol = {                                                            \
        .name = "hpobench-" #symbol,                                                                                   \
        .family = "hpobench-{vehicle,car,kc1,australian}",                                                             \
        .summary = "table: 30,000 MLPs x 5 seeds, balanced accuracy, maximized",                                       \
        .metric = {"value", "exact"},                                                                                  \
        .maximize = 3,                                                                                                 \
        .takes = BENCH_TAKES_AVERAGE,                                                                                  \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        TABLE_FUNCTIONS,                                                                                               \
        .detail = &(const bench_table_file){.file = "hpobench-" #symbol ".csv.gz",                                     \
                                            .n_axes = COUNT(mlp_axes),                                                 \
                                            .axes = mlp_axes,                                                          \
                                            .first = 1,                                                                \
                                            .runs = 5},                                                                \
    }

HPOBENCH(vehicle);
HPOBENCH(car);
HPOBENCH(kc1);
HPOBENCH(australian);

/* ---- NAS-Bench-201 ---- */
enum { SHORT_EPOCHS = 12, FULL_EPOCHS = 200 };
static const char *const cell_ops[] = {"none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"};
static const bench_axis cell_axes[] = {TEXTS("edge_1_0", cell_ops), TEXTS("edge_2_0", cell_ops),
                                       TEXTS("edge_2_1", cell_ops), TEXTS("edge_3_0", cell_ops),
                                       TEXTS("edge_3_1", cell_ops), TEXTS("edge_3_2", cell_ops)};

static double nasbench201_cost(double fidelity) {
    return fidelity < FULL_EPOCHS ? (double)SHORT_EPOCHS / FULL_EPOCHS : 1;
}

/* The parameters of the network that a cell is part of, as X. Dong, Y. Yang, ICLR 2020, section 2, build it: a stem,
 * three stages of 5 cells with 16, 32 and 64 channels, a residual block of stride 2 before the second and the third,
 * batch norm, and a linear layer after global pooling. Of what stands on an edge only convolutions have any; none has a
 * bias, and all but that of a shortcut are followed by a batch norm with scale and shift. */
enum { CELL_EDGES = COUNT(cell_axes), CONV_1X1 = 2, CONV_3X3 = 3, CELLS = 5, STEM = 16, STAGES = 3, IMAGE = 3 };

static double conv_norm(double in, double out, double kernel) {
    return kernel * kernel * in * out + 2 * out;
}

static double nasbench201_parameters(const double *cell, double classes) {
    double width = STEM, sum = conv_norm(IMAGE, width, 3);
    for (size_t stage = 0; stage < STAGES; stage++) {
        if (stage > 0) {
            sum += conv_norm(width, 2 * width, 3) + conv_norm(2 * width, 2 * width, 3) + width * 2 * width;
            width *= 2;
        }
        for (size_t e = 0; e < CELL_EDGES; e++) {
            if (cell[e] == CONV_1X1) sum += CELLS * conv_norm(width, width, 1);
            if (cell[e] == CONV_3X3) sum += CELLS * conv_norm(width, width, 3);
        }
    }
    return sum + 2 * width + (width + 1) * classes;
}

#define NASBENCH201(symbol, set, classes, first_, cheap_)                                                              \
    static double symbol##_parameters(const double *cell) {                                                            \
        return nasbench201_parameters(cell, classes);                                                                  \
    }                                                                                                                  \
    const bench_problem bench_problem_nasbench201_##symbol = {                                                         \
        .name = "nasbench201-" set,                                                                                    \
        .family = "nasbench201-{cifar10,cifar100,imagenet16-120}",                                                     \
        .summary = "table: 15,625 cells, validation accuracy, maximized; fidelity epochs, 12 or 200",                  \
        .metric = {"value", "exact", "parameters"},                                                                    \
        .maximize = 3,                                                                                                 \
        .takes = BENCH_TAKES_AVERAGE,                                                                                  \
        .fidelity = {.name = "epochs", .min = SHORT_EPOCHS, .max = FULL_EPOCHS, .integer = true},                      \
        TABLE_FUNCTIONS,                                                                                               \
        .cost = nasbench201_cost,                                                                                      \
        .detail = &(const bench_table_file){.file = "nasbench201.csv.gz",                                              \
                                            .n_axes = COUNT(cell_axes),                                                \
                                            .axes = cell_axes,                                                         \
                                            .id = 1,                                                                   \
                                            .first = (first_),                                                         \
                                            .runs = 3,                                                                 \
                                            .cheap = (cheap_),                                                         \
                                            .parameters = symbol##_parameters},                                        \
    }

NASBENCH201(cifar10, "cifar10", 10, 2, 11);
NASBENCH201(cifar100, "cifar100", 100, 5, 13);
NASBENCH201(imagenet16, "imagenet16-120", 120, 8, 15);

/* ---- NAS-Bench-Macro ---- */
static const char *const macro_blocks[] = {"identity", "mb3_k3", "mb6_k5"}; /* expansion, kernel */
static const bench_axis macro_axes[] = {TEXTS("layer_1", macro_blocks), TEXTS("layer_2", macro_blocks),
                                        TEXTS("layer_3", macro_blocks), TEXTS("layer_4", macro_blocks),
                                        TEXTS("layer_5", macro_blocks), TEXTS("layer_6", macro_blocks),
                                        TEXTS("layer_7", macro_blocks), TEXTS("layer_8", macro_blocks)};

const bench_problem bench_problem_nasbench_macro = {
    .name = "nasbench-macro",
    .summary = "table: 6,561 networks x 3 seeds, test accuracy on CIFAR-10, maximized",
    .metric = {"value", "exact", "parameters", "flops"},
    .maximize = 3,
    .takes = BENCH_TAKES_AVERAGE,
    .fidelity = {.min = 1, .max = 1},
    TABLE_FUNCTIONS,
    .detail = &(const bench_table_file){.file = "nasbench-macro.csv.gz",
                                        .n_axes = COUNT(macro_axes),
                                        .axes = macro_axes,
                                        .first = 1,
                                        .runs = 3,
                                        .more = 6,
                                        .n_more = 2},
};
