/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LCBench: learning curves of neural networks on 34 data sets, as a neural network remembers them.
 *
 * L. Zimmer, M. Lindauer, F. Hutter, "Auto-PyTorch Tabular", TPAMI 43(9), 2021 (the trainings); F. Pfisterer et al.,
 * "YAHPO Gym", AutoML 2022 (the surrogate, whose weights are benchmarks/data/lcbench.f32.gz). The network: an embedding
 * of the task beside eight scaled numbers, a linear layer, three residual blocks
 *
 *   z + W1 (a * relu(b)) with (a, b) = W0 batchnorm(z),
 *
 * a batch norm and a linear head with a sigmoid, whose six outputs are scaled back. In float, as it was trained; sums
 * run over whole rows of transposed matrices, so that they are vectorized without being reordered.
 *
 * The space is the published one. Its num_layers goes to 5, of which the network has seen 1 to 4. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

enum { TASKS = 36, EMBEDDING = 24, NUMBERS = 8, INPUTS = EMBEDDING + NUMBERS, WIDTH = 128, GATED = 455, BLOCKS = 3 };
enum { OUTPUTS = 6, EPOCHS = 52 };

/* y = scale * x + shift, which is what a batch norm is after training. */
typedef struct norm {
    float scale[WIDTH], shift[WIDTH];
} norm;

/* Weights with one row for each input. */
typedef struct linear {
    size_t inputs, outputs;
    float *weight, *bias;
} linear;

typedef struct lcbench_net {
    float embedding[TASKS][EMBEDDING];
    linear first, head;
    struct {
        norm norm;
        linear gate, out;
    } block[BLOCKS];
    norm last;
} lcbench_net;

/* Data sets by their names and tasks at OpenML, with the row of their embedding. */
#define LCBENCH_TASKS(X)                                                                                               \
    X("Fashion-MNIST", "189908", 31)                                                                                   \
    X("adult", "126025", 1)                                                                                            \
    X("airlines", "189354", 24)                                                                                        \
    X("albert", "189866", 27)                                                                                          \
    X("Amazon_employee_access", "34539", 33)                                                                           \
    X("APSFailure", "168868", 21)                                                                                      \
    X("Australian", "167104", 6)                                                                                       \
    X("bank-marketing", "126029", 3)                                                                                   \
    X("blood-transfusion-service-center", "167184", 12)                                                                \
    X("car", "189905", 29)                                                                                             \
    X("christine", "168908", 22)                                                                                       \
    X("cnae-9", "167185", 13)                                                                                          \
    X("connect-4", "167201", 16)                                                                                       \
    X("covertype", "7593", 35)                                                                                         \
    X("credit-g", "167161", 9)                                                                                         \
    X("dionis", "189873", 28)                                                                                          \
    X("fabert", "168910", 23)                                                                                          \
    X("helena", "168329", 17)                                                                                          \
    X("higgs", "167200", 15)                                                                                           \
    X("jannis", "168330", 18)                                                                                          \
    X("jasmine", "189862", 25)                                                                                         \
    X("jungle_chess_2pcs_raw_endgame_complete", "189909", 32)                                                          \
    X("kc1", "167181", 11)                                                                                             \
    X("KDDCup09_appetency", "3945", 34)                                                                                \
    X("kr-vs-kp", "167149", 7)                                                                                         \
    X("mfeat-factors", "167152", 8)                                                                                    \
    X("MiniBooNE", "168335", 20)                                                                                       \
    X("nomao", "126026", 2)                                                                                            \
    X("phoneme", "167190", 14)                                                                                         \
    X("segment", "189906", 30)                                                                                         \
    X("shuttle", "146212", 4)                                                                                          \
    X("sylvine", "189865", 26)                                                                                         \
    X("vehicle", "167168", 10)                                                                                         \
    X("volkert", "168331", 19)
#define TASK(name_, id_, row_) {.name = (name_), .id = (id_)},
#define ROW(name_, id_, row_)  row_,
static const bench_task tasks[] = {LCBENCH_TASKS(TASK)};
static const unsigned char embedding_row[] = {LCBENCH_TASKS(ROW)};

enum { BATCH_SIZE, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, LAYERS, UNITS, DROPOUT, ARGUMENTS };
static const hpo_param params[ARGUMENTS] = {
    [BATCH_SIZE] = {.name = "batch_size", .kind = HPO_INT, .scale = HPO_LOG, .min = 16, .max = 512},
    [LEARNING_RATE] = {.name = "learning_rate", .kind = HPO_FLOAT, .scale = HPO_LOG, .min = 1e-4, .max = 0.1},
    [MOMENTUM] = {.name = "momentum", .kind = HPO_FLOAT, .min = 0.1, .max = 0.99},
    [WEIGHT_DECAY] = {.name = "weight_decay", .kind = HPO_FLOAT, .min = 1e-5, .max = 0.1},
    [LAYERS] = {.name = "num_layers", .kind = HPO_INT, .min = 1, .max = 5},
    [UNITS] = {.name = "max_units", .kind = HPO_INT, .scale = HPO_LOG, .min = 64, .max = 1024},
    [DROPOUT] = {.name = "max_dropout", .kind = HPO_FLOAT, .min = 0, .max = 1},
};

static base_status lcbench_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    for (size_t i = 0; i < ARGUMENTS; i++) BASE_TRY(bench_add(instance, space, &params[i], err));
    return BASE_OK;
}

/* ---- reading ---- */
typedef struct reader {
    const unsigned char *next, *end;
    base_arena *arena;
} reader;

/* Little-endian, on any machine. Past the end: zeros, which the caller notices by next > end. */
static float read_float(reader *in) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4 && in->next < in->end; i++) bits |= (uint32_t)in->next[i] << (8 * i);
    in->next += 4;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static linear read_linear(reader *in, size_t inputs, size_t outputs) {
    linear layer = {.inputs = inputs,
                    .outputs = outputs,
                    .weight = BASE_NEW_ARRAY(in->arena, inputs * outputs, float),
                    .bias = BASE_NEW_ARRAY(in->arena, outputs, float)};
    for (size_t o = 0; o < outputs; o++)
        for (size_t i = 0; i < inputs; i++) layer.weight[i * outputs + o] = read_float(in);
    for (size_t o = 0; o < outputs; o++) layer.bias[o] = read_float(in);
    return layer;
}

static norm read_norm(reader *in) {
    enum { WEIGHT, BIAS, MEAN, VARIANCE, PARTS };
    static const float epsilon = 1e-5F;
    float part[PARTS][WIDTH];
    norm result;
    for (size_t p = 0; p < PARTS; p++)
        for (size_t i = 0; i < WIDTH; i++) part[p][i] = read_float(in);
    for (size_t i = 0; i < WIDTH; i++) {
        result.scale[i] = part[WEIGHT][i] / sqrtf(part[VARIANCE][i] + epsilon);
        result.shift[i] = part[BIAS][i] - part[MEAN][i] * result.scale[i];
    }
    return result;
}

static void read_net(reader *in, lcbench_net *net) {
    for (size_t i = 0; i < TASKS; i++)
        for (size_t k = 0; k < EMBEDDING; k++) net->embedding[i][k] = read_float(in);
    net->first = read_linear(in, INPUTS, WIDTH);
    for (size_t i = 0; i < BLOCKS; i++) {
        net->block[i].norm = read_norm(in);
        net->block[i].gate = read_linear(in, WIDTH, 2 * GATED);
        net->block[i].out = read_linear(in, GATED, WIDTH);
    }
    net->last = read_norm(in);
    net->head = read_linear(in, WIDTH, OUTPUTS);
}

static base_status lcbench_load(const bench_instance *instance, base_arena *arena, const void **data, base_err *err) {
    static const size_t size = sizeof(float) * (TASKS * EMBEDDING + (INPUTS + 1) * WIDTH +
                                                BLOCKS * (4 * WIDTH + (WIDTH + 1) * 2 * GATED + (GATED + 1) * WIDTH) +
                                                4 * WIDTH + (WIDTH + 1) * OUTPUTS);
    (void)instance;
    base_buf bytes = {0};
    base_status status = bench_data_read("lcbench.f32.gz", &bytes, err);
    if (status == BASE_OK && bytes.length != size)
        status = BASE_FAIL(err, BASE_CORRUPT, "lcbench.f32.gz has %zu bytes instead of %zu", bytes.length, size);
    if (status == BASE_OK) {
        lcbench_net *net = BASE_NEW(arena, lcbench_net);
        const unsigned char *begin = (const unsigned char *)bytes.data;
        read_net(&(reader){.next = begin, .end = begin + bytes.length, .arena = arena}, net);
        *data = net;
    }
    base_buf_fini(&bytes);
    return status;
}

/* ---- answering ---- */
static void apply_norm(const norm *layer, const float *restrict in, float *restrict out) {
    for (size_t i = 0; i < WIDTH; i++) out[i] = in[i] * layer->scale[i] + layer->shift[i];
}

static void apply_linear(const linear *layer, const float *restrict in, float *restrict out) {
    memcpy(out, layer->bias, layer->outputs * sizeof *out);
    for (size_t i = 0; i < layer->inputs; i++) {
        const float *restrict row = layer->weight + i * layer->outputs;
        const float x = in[i];
        for (size_t o = 0; o < layer->outputs; o++) out[o] += x * row[o];
    }
}

static double log_input(double x) {
    return log(x + 1e-12);
}

static void scale_inputs(const double *x, double epochs, float *in) {
    const double scaled[NUMBERS] = {log_input(epochs) / 3.9512436,
                                    (x[BATCH_SIZE] - 16) / 495,
                                    (log_input(x[LEARNING_RATE]) + 9.2093115) / 6.896975,
                                    (x[MOMENTUM] - .10000386) / .88225144,
                                    (log(x[WEIGHT_DECAY]) + 9.9164562) / 7.6138458,
                                    (x[LAYERS] - 1) / 3,
                                    (x[UNITS] - 64) / 960,
                                    (x[DROPOUT] - .00053575) / .99941206};
    for (size_t i = 0; i < NUMBERS; i++) in[i] = (float)scaled[i];
}

static void forward(const lcbench_net *net, const float *in, float *out) {
    float z[WIDTH], normed[WIDTH], gate[2 * GATED], step[WIDTH];
    apply_linear(&net->first, in, z);
    for (size_t b = 0; b < BLOCKS; b++) {
        apply_norm(&net->block[b].norm, z, normed);
        apply_linear(&net->block[b].gate, normed, gate);
        for (size_t i = 0; i < GATED; i++) gate[i] *= gate[GATED + i] > 0 ? gate[GATED + i] : 0;
        apply_linear(&net->block[b].out, gate, step);
        for (size_t i = 0; i < WIDTH; i++) z[i] += step[i];
    }
    apply_norm(&net->last, z, normed);
    for (size_t i = 0; i < WIDTH; i++) normed[i] = normed[i] > 0 ? normed[i] : 0;
    apply_linear(&net->head, normed, out);
}

enum { VAL_ACCURACY, VAL_CROSS_ENTROPY, VAL_BALANCED, TEST_CROSS_ENTROPY, TEST_BALANCED, TIME };

static void lcbench_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                             double *values) {
    (void)noise;
    const lcbench_net *net = instance->data;
    float in[INPUTS], out[OUTPUTS];
    double s[OUTPUTS];
    memcpy(in, net->embedding[embedding_row[instance->settings.task]], sizeof net->embedding[0]);
    scale_inputs(x, fidelity, in + EMBEDDING);
    forward(net, in, out);
    for (size_t i = 0; i < OUTPUTS; i++) s[i] = 1 / (1 + exp(-(double)out[i]));
    values[TIME] = s[0] * 46790.668 + 1.4e-4;
    values[VAL_ACCURACY] = exp(s[1] * 32.2338486 - 27.6310215) - 1e-12;
    values[VAL_CROSS_ENTROPY] = s[2] * 34.48018 + .018199;
    values[VAL_BALANCED] = exp(s[3] * 27.624672 - 27.630814);
    values[TEST_CROSS_ENTROPY] = s[4] * 5.5484247 + .3263174;
    values[TEST_BALANCED] = exp(s[5] * 27.626203 - 27.631021);
}

const bench_problem bench_problem_lcbench = {
    .name = "lcbench",
    .summary = "surrogate of LCBench: MLPs on 34 data sets (task), val_accuracy, maximized; fidelity epochs, 1 to 52",
    .metric = {[VAL_ACCURACY] = "val_accuracy",
               [VAL_CROSS_ENTROPY] = "val_cross_entropy",
               [VAL_BALANCED] = "val_balanced_accuracy",
               [TEST_CROSS_ENTROPY] = "test_cross_entropy",
               [TEST_BALANCED] = "test_balanced_accuracy",
               [TIME] = "time"},
    .maximize = 1 << VAL_ACCURACY | 1 << VAL_BALANCED | 1 << TEST_BALANCED,
    .takes = BENCH_TAKES_TASK | BENCH_TAKES_PRIOR,
    .tasks = tasks,
    .n_tasks = sizeof tasks / sizeof *tasks,
    .fidelity = {.name = "epochs", .min = 1, .max = EPOCHS, .integer = true},
    .continues = true,
    .parameters = lcbench_parameters,
    .load = lcbench_load,
    .evaluate = lcbench_evaluate,
};
