/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ops that move numbers (add, concat, slice, shuffle, reshape, upsample, drop-path, subsample), or
 * make them up (zero, noise), on every instance of the kernels:
 * forward against indices written out, backward against the sum that it is the gradient of, which for a linear op is
 * exact. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/ops/ops.h"
#include "engine/tensor/graph.h"

enum { N = 3, INPUTS = 3, MOST = 4096 };

typedef struct fixture {
    eng_graph *graph;
    const eng_node *node;
    float x[INPUTS][MOST], dx[INPUTS][MOST], y[MOST], dy[MOST], weight[MOST];
    eng_call call;
    eng_run run;
} fixture;

static void fill(uint32_t who, size_t count, float *out) {
    double random[MOST];
    gradcheck_fill(who, 0.01, count, random);
    gradcheck_to_float(count, random, out);
}

static void start(fixture *f, const eng_op *op, const void *config, const eng_shape *shapes, size_t inputs,
                  const eng_kernels *k) {
    base_err err;
    eng_value in[INPUTS], out;
    *f = (fixture){.graph = eng_graph_create(), .run = {.n = N, .training = true, .k = k}};
    for (size_t i = 0; i < inputs; i++) in[i] = eng_graph_input(f->graph, shapes[i], ENG_F32);
    CHECK_OK(eng_graph_add_many(f->graph, op, config, NULL, in, inputs, &out, &err));
    f->node = eng_graph_node(f->graph, 0);
    f->call = (eng_call){
        .node = f->node, .y = f->y, .dy = f->dy, .out_count = eng_shape_count(&eng_graph_value(f->graph, out)->shape)};
    assert_true(N * f->call.out_count < MOST);
    for (size_t i = 0; i < MOST; i++) f->y[i] = NAN;
    for (size_t i = 0; i < inputs; i++) {
        f->call.in_count[i] = eng_shape_count(&shapes[i]);
        fill(10 + (uint32_t)i, N * f->call.in_count[i], f->x[i]);
        for (size_t j = 0; j < MOST; j++) f->dx[i][j] = NAN;
        f->call.x[i] = f->x[i];
        f->call.dx[i] = f->dx[i];
    }
    fill(20, N * f->call.out_count, f->weight);
    memcpy(f->dy, f->weight, sizeof f->dy);
}

static void compute(fixture *f) {
    f->node->op->forward(&f->call, &f->run);
    f->node->op->backward(&f->call, &f->run);
    assert_true(isnan(f->y[N * f->call.out_count]));
    for (size_t i = 0; i < f->node->inputs; i++) assert_true(isnan(f->dx[i][N * f->call.in_count[i]]));
}

static void each_kernel(void (*check)(const eng_kernels *k)) {
    for (const char *const *name = eng_kernels_names; *name != NULL; name++)
        if (eng_kernels_find(*name) != NULL) check(eng_kernels_find(*name));
}

static double end_of(eng_epilogue kind, double z) {
    return kind == ENG_EPILOGUE_RELU      ? fmax(z, 0.0)
           : kind == ENG_EPILOGUE_SIGMOID ? 1.0 / (1.0 + exp(-z))
           : kind == ENG_EPILOGUE_TANH    ? tanh(z)
                                          : z;
}

static double slope_of(eng_epilogue kind, double y) {
    return kind == ENG_EPILOGUE_RELU      ? (y > 0.0 ? 1.0 : 0.0)
           : kind == ENG_EPILOGUE_SIGMOID ? y * (1.0 - y)
           : kind == ENG_EPILOGUE_TANH    ? 1.0 - y * y
                                          : 1.0;
}

/* In place as apart, and beyond the size of a piece. */
static void check_add(const eng_kernels *k) {
    static const eng_epilogue ends[] = {ENG_EPILOGUE_NONE, ENG_EPILOGUE_RELU, ENG_EPILOGUE_SIGMOID, ENG_EPILOGUE_TANH};
    static const size_t widths[] = {1, 5, 1000};
    for (size_t c = 0; c < CHECK_COUNT(ends) * CHECK_COUNT(widths) * INPUTS * 2; c++) {
        size_t inputs = 1 + c % INPUTS, width = widths[c / INPUTS % CHECK_COUNT(widths)];
        const eng_add_config config = {.epilogue = ends[c / INPUTS / CHECK_COUNT(widths) % CHECK_COUNT(ends)]};
        bool in_place = c % 2 == 1;
        eng_shape shapes[INPUTS];
        fixture *f = base_malloc(sizeof *f);
        for (size_t i = 0; i < INPUTS; i++) shapes[i] = eng_shape_1d(width);
        start(f, &eng_op_add, &config, shapes, inputs, k);
        double want[MOST] = {0}, slope[MOST];
        for (size_t j = 0; j < N * width; j++) {
            for (size_t i = 0; i < inputs; i++) want[j] += (double)f->x[i][j];
            want[j] = end_of(config.epilogue, want[j]);
            slope[j] = (double)f->weight[j] * slope_of(config.epilogue, want[j]);
        }
        if (in_place) {
            f->call.y = f->x[0];
            f->call.dx[0] = f->dy;
        }
        f->node->op->forward(&f->call, &f->run);
        f->node->op->backward(&f->call, &f->run);
        gradcheck_near("y", N * width, f->call.y, want, 1e-6);
        for (size_t i = 0; i < inputs; i++) gradcheck_near("dx", N * width, f->call.dx[i], slope, 1e-6);
        eng_graph_destroy(f->graph);
        free(f);
    }
}

static void check_concat(const eng_kernels *k) {
    static const size_t channels[INPUTS] = {3, 1, 16};
    eng_shape shapes[INPUTS];
    for (size_t i = 0; i < INPUTS; i++) shapes[i] = (eng_shape){.ndim = 3, .dim = {4, 5, channels[i]}};
    fixture *f = base_malloc(sizeof *f);
    start(f, &eng_op_concat, NULL, shapes, INPUTS, k);
    assert_int_equal(eng_graph_value(f->graph, f->node->out)->shape.dim[2], 20);
    f->call.dx[1] = NULL;
    f->node->op->forward(&f->call, &f->run);
    f->node->op->backward(&f->call, &f->run);
    for (size_t p = 0; p < N * 4 * 5; p++)
        for (size_t i = 0, at = 0; i < INPUTS; at += channels[i++])
            for (size_t c = 0; c < channels[i]; c++) {
                assert_true(f->y[p * 20 + at + c] == f->x[i][p * channels[i] + c]);
                if (i != 1) assert_true(f->dx[i][p * channels[i] + c] == f->weight[p * 20 + at + c]);
            }
    assert_true(isnan(f->dx[1][0]));
    eng_graph_destroy(f->graph);
    free(f);
}

/* Xu et al., "PC-DARTS": 8 channels in 4 groups come out as 0 2 4 6 1 3 5 7; any groups against the transposition. */
static void check_shuffle(const eng_kernels *k) {
    static const size_t channels[INPUTS] = {5, 1, 6}, of[INPUTS] = {0, 5, 6}, published[] = {0, 2, 4, 6, 1, 3, 5, 7};
    for (size_t groups = 1; groups <= 12; groups++) {
        const eng_shuffle_config config = {groups};
        eng_shape shapes[INPUTS];
        if (12 % groups != 0) continue;
        for (size_t i = 0; i < INPUTS; i++) shapes[i] = (eng_shape){.ndim = 3, .dim = {4, 5, channels[i]}};
        fixture *f = base_malloc(sizeof *f);
        start(f, &eng_op_shuffle, &config, shapes, INPUTS, k);
        compute(f);
        f->call.dx[1] = NULL;
        f->node->op->backward(&f->call, &f->run);
        for (size_t p = 0; p < N * 4 * 5; p++)
            for (size_t i = 0; i < INPUTS; i++)
                for (size_t c = 0; c < channels[i]; c++) {
                    const size_t from = of[i] + c, to = from % (12 / groups) * groups + from / (12 / groups);
                    assert_true(f->y[p * 12 + to] == f->x[i][p * channels[i] + c]);
                    assert_true(f->dx[i][p * channels[i] + c] == f->weight[p * 12 + to]);
                }
        eng_graph_destroy(f->graph);
        free(f);
    }
    const eng_shape eight = eng_shape_1d(8);
    fixture *f = base_malloc(sizeof *f);
    start(f, &eng_op_shuffle, &(eng_shuffle_config){4}, &eight, 1, k);
    compute(f);
    for (size_t c = 0; c < N * 8; c++) assert_true(f->y[c] == f->x[0][c / 8 * 8 + published[c % 8]]);
    eng_graph_destroy(f->graph);
    free(f);
}

static void check_slice(const eng_kernels *k) {
    const eng_shape shape = {.ndim = 3, .dim = {2, 3, 7}};
    for (size_t begin = 0; begin < 7; begin++)
        for (size_t count = 1; begin + count <= 7; count++) {
            const eng_slice_config config = {begin, count};
            fixture *f = base_malloc(sizeof *f);
            start(f, &eng_op_slice, &config, &shape, 1, k);
            compute(f);
            for (size_t p = 0; p < N * 6; p++)
                for (size_t c = 0; c < 7; c++) {
                    bool inside = c >= begin && c < begin + count;
                    if (inside) assert_true(f->y[p * count + c - begin] == f->x[0][p * 7 + c]);
                    assert_true(f->dx[0][p * 7 + c] == (inside ? f->weight[p * count + c - begin] : 0.0f));
                }
            eng_graph_destroy(f->graph);
            free(f);
        }
}

static void check_reshape(const eng_kernels *k) {
    const eng_shape shape = {.ndim = 3, .dim = {2, 3, 7}}, other = {.ndim = 2, .dim = {6, 7}};
    const eng_reshape_config config = {.shape = other};
    for (size_t i = 0; i < 2; i++) {
        fixture *f = base_malloc(sizeof *f);
        start(f, &eng_op_reshape, i == 0 ? NULL : &config, &shape, 1, k);
        compute(f);
        assert_int_equal(eng_graph_value(f->graph, f->node->out)->shape.ndim, 1 + i);
        assert_memory_equal(f->y, f->x[0], N * 42 * sizeof(float));
        assert_memory_equal(f->dx[0], f->weight, N * 42 * sizeof(float));
        eng_graph_destroy(f->graph);
        free(f);
    }
}

static void check_upsample(const eng_kernels *k) {
    static const struct { size_t h, w, c, factor; } cases[] = {{1, 1, 1, 1}, {2, 3, 5, 2}, {3, 2, 16, 3}, {4, 4, 1, 2}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const size_t h = cases[i].h, w = cases[i].w, c = cases[i].c, factor = cases[i].factor;
        const eng_shape shape = {.ndim = 3, .dim = {h, w, c}};
        const eng_upsample_config config = {.factor = factor};
        fixture *f = base_malloc(sizeof *f);
        start(f, &eng_op_upsample, &config, &shape, 1, k);
        compute(f);
        double want[MOST] = {0};
        for (size_t n = 0, at = 0; n < N; n++)
            for (size_t y = 0; y < h * factor; y++)
                for (size_t x = 0; x < w * factor; x++)
                    for (size_t j = 0; j < c; j++, at++) {
                        size_t from = ((n * h + y / factor) * w + x / factor) * c + j;
                        assert_true(f->y[at] == f->x[0][from]);
                        want[from] += (double)f->weight[at];
                    }
        gradcheck_near("dx", N * h * w * c, f->dx[0], want, 1e-6);
        eng_graph_destroy(f->graph);
        free(f);
    }
}

/* Each sample as a whole: zero, or x / (1 - rate); the same in backward; as often as the rate says; x in evaluation. */
static void check_drop_path(const eng_kernels *k) {
    enum { STEPS = 2000 };
    const eng_shape shape = eng_shape_1d(9);
    const eng_drop_path_config config = {.rate = 0.25};
    size_t dropped = 0;
    fixture *f = base_malloc(sizeof *f);
    float factor[N];
    start(f, &eng_op_drop_path, &config, &shape, 1, k);
    assert_true(f->node->op->saved(f->node, N) <= sizeof factor);
    f->call.saved = factor;
    for (f->run.step = 0; f->run.step < STEPS; f->run.step++) {
        compute(f);
        for (size_t i = 0; i < N; i++) {
            const float scale = f->y[9 * i] == 0.0f ? 0.0f : (float)(1 / 0.75);
            dropped += scale == 0.0f;
            for (size_t j = 9 * i; j < 9 * i + 9; j++) {
                assert_true(f->y[j] == scale * f->x[0][j]);
                assert_true(f->dx[0][j] == scale * f->weight[j]);
            }
        }
    }
    CHECK_NEAR((double)dropped / (N * STEPS), 0.25, 4 * sqrt(0.25 * 0.75 / (N * STEPS)));
    /* at a fraction of the rate, and at none of it */
    f->run.drop_path_less = 0.6;
    dropped = 0;
    for (f->run.step = 0; f->run.step < STEPS; f->run.step++) {
        compute(f);
        for (size_t i = 0; i < N; i++) {
            dropped += f->y[9 * i] == 0.0f;
            assert_true(f->y[9 * i] == 0.0f || f->y[9 * i] == (float)(1 / (1 - 0.25 * (1 - 0.6))) * f->x[0][9 * i]);
        }
    }
    CHECK_NEAR((double)dropped / (N * STEPS), 0.1, 4 * sqrt(0.1 * 0.9 / (N * STEPS)));
    f->run.drop_path_less = 1;
    compute(f);
    assert_memory_equal(f->y, f->x[0], N * 9 * sizeof(float));
    f->run.drop_path_less = 0;
    f->run.training = false;
    f->node->op->forward(&f->call, &f->run);
    assert_memory_equal(f->y, f->x[0], N * 9 * sizeof(float));
    eng_graph_destroy(f->graph);
    free(f);
}

/* Where y is outside of x it is zero, and there is a pixel of y for every one that is begun. */
static void check_subsample(const eng_kernels *k) {
    static const struct {
        size_t h, w, c, row, col, stride, out_h, out_w;
    } cases[] = {{4, 4, 1, 0, 0, 2, 2, 2}, {4, 4, 3, 1, 1, 2, 2, 2}, {7, 5, 2, 1, 1, 2, 4, 3},
                 {7, 5, 2, 0, 1, 2, 4, 3}, {3, 8, 5, 2, 0, 3, 1, 3}, {3, 2, 4, 0, 0, 1, 3, 2}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const size_t h = cases[i].h, w = cases[i].w, c = cases[i].c, stride = cases[i].stride;
        const eng_shape shape = {.ndim = 3, .dim = {h, w, c}};
        const eng_subsample_config config = {.begin = {cases[i].row, cases[i].col}, .stride = stride};
        fixture *f = base_malloc(sizeof *f);
        start(f, &eng_op_subsample, &config, &shape, 1, k);
        compute(f);
        assert_true(f->node->out_shape.dim[0] == cases[i].out_h && f->node->out_shape.dim[1] == cases[i].out_w);
        float want[MOST] = {0.0f};
        for (size_t n = 0, at = 0; n < N; n++)
            for (size_t y = 0; y < cases[i].out_h; y++)
                for (size_t x = 0; x < cases[i].out_w; x++)
                    for (size_t j = 0; j < c; j++, at++) {
                        const size_t row = cases[i].row + stride * y, col = cases[i].col + stride * x;
                        const size_t from = ((n * h + row) * w + col) * c + j;
                        const bool inside = row < h && col < w;
                        assert_true(f->y[at] == (inside ? f->x[0][from] : 0.0f));
                        if (inside) want[from] = f->weight[at];
                    }
        assert_memory_equal(f->dx[0], want, N * h * w * c * sizeof *want);
        eng_graph_destroy(f->graph);
        free(f);
    }
}

/* The two branches of a factorized reduction, ramp 0 .. 15: even rows and columns, odd rows and columns. */
static void check_reduction(const eng_kernels *k) {
    static const float even[] = {0, 2, 8, 10}, odd[] = {5, 7, 13, 15};
    const eng_shape shape = eng_shape_3d(4, 4, 1);
    for (size_t i = 0; i < 2; i++) {
        const eng_subsample_config config = {.begin = {i, i}, .stride = 2};
        fixture *f = base_malloc(sizeof *f);
        start(f, &eng_op_subsample, &config, &shape, 1, k);
        for (size_t j = 0; j < 16; j++) f->x[0][j] = (float)j;
        f->run.n = 1;
        f->node->op->forward(&f->call, &f->run);
        assert_memory_equal(f->y, i == 0 ? even : odd, sizeof even);
        eng_graph_destroy(f->graph);
        free(f);
    }
}

/* No gradient, whatever the image; noise has mean 0 and the stated deviation, is drawn anew in every step and is the
 * same in the same step, in training as in evaluation. */
static void check_made_up(const eng_kernels *k) {
    enum { COUNT = N * 4 * 3 * 5, STEPS = 200 };
    const eng_shape shape = {.ndim = 3, .dim = {7, 5, 5}};
    const eng_zero_config zero = {.stride = 2};
    const eng_noise_config noise = {.stride = 2, .deviation = 3.0};
    double sum = 0.0, squares = 0.0;
    float before[COUNT] = {0};
    for (size_t i = 0; i < 2; i++) {
        fixture *f = base_malloc(sizeof *f);
        start(f, i == 0 ? &eng_op_zero : &eng_op_noise, i == 0 ? (const void *)&zero : &noise, &shape, 1, k);
        assert_int_equal(f->call.out_count, 4 * 3 * 5);
        for (f->run.step = 0; f->run.step < STEPS; f->run.step++) {
            f->run.training = f->run.step % 2 == 0;
            compute(f);
            for (size_t j = 0; j < N * 7 * 5 * 5; j++) assert_true(f->dx[0][j] == 0.0f);
            for (size_t j = 0; j < COUNT; j++) {
                if (i == 0) assert_true(f->y[j] == 0.0f);
                sum += (double)f->y[j];
                squares += pow((double)f->y[j], 2.0);
            }
            if (i == 1) assert_memory_not_equal(before, f->y, sizeof before);
            memcpy(before, f->y, sizeof before);
            compute(f);
            assert_memory_equal(before, f->y, sizeof before);
        }
        eng_graph_destroy(f->graph);
        free(f);
    }
    const double count = (double)COUNT * STEPS;
    CHECK_NEAR(sum / count, 0.0, 4 * 3.0 / sqrt(count));
    CHECK_NEAR(squares / count, 9.0, 4 * 9.0 * sqrt(2.0 / count));
}

static void add_sums(void **state) {
    (void)state;
    each_kernel(check_add);
}
static void concat_puts_side_by_side(void **state) {
    (void)state;
    each_kernel(check_concat);
}
static void shuffle_deals_channels_out(void **state) {
    (void)state;
    each_kernel(check_shuffle);
}
static void slice_takes_channels(void **state) {
    (void)state;
    each_kernel(check_slice);
}
static void reshape_keeps_the_numbers(void **state) {
    (void)state;
    each_kernel(check_reshape);
}

static void upsample_repeats_pixels(void **state) {
    (void)state;
    each_kernel(check_upsample);
}
static void drop_path_drops_samples(void **state) {
    (void)state;
    each_kernel(check_drop_path);
}

static void subsample_takes_pixels(void **state) {
    (void)state;
    each_kernel(check_subsample);
    each_kernel(check_reduction);
}
static void zero_and_noise_ignore_their_input(void **state) {
    (void)state;
    each_kernel(check_made_up);
}

static void shapes_must_fit(void **state) {
    (void)state;
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value a = eng_graph_input(graph, eng_shape_2d(4, 3), ENG_F32), out;
    eng_value b = eng_graph_input(graph, eng_shape_2d(3, 4), ENG_F32);
    const eng_slice_config empty = {0, 0}, far = {2, 2};
    const eng_reshape_config wrong = {.shape = {.ndim = 2, .dim = {3, 3}}};
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_add, NULL, "sum", (eng_value[]){a, b}, 2, &out, &err), BASE_INVALID,
                "sum: shapes [4, 3] and [3, 4] cannot be added");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_concat, NULL, "join", (eng_value[]){a, b}, 2, &out, &err),
                BASE_INVALID, "join: shapes [4, 3] and [3, 4] cannot be concatenated");
    /* Sums of channels that wrap around, and positions times channels that do. */
    const eng_value wide = eng_graph_input(graph, eng_shape_1d(PTRDIFF_MAX / sizeof(float)), ENG_F32);
    const eng_value tall = eng_graph_input(graph, eng_shape_2d((size_t)1 << 40, (size_t)1 << 20), ENG_F32);
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_concat, NULL, "join", (eng_value[]){wide, wide}, 2, &out, &err),
                BASE_INVALID, "join: 2305843009213693951 channels of an input are too many to stand beside the others");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_concat, NULL, "join", (eng_value[]){tall, tall, tall}, 3, &out, &err),
                BASE_INVALID, "join: 1048576 channels of an input are too many");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_shuffle, &(eng_shuffle_config){2}, "deal", &a, &out, &err), BASE_INVALID,
                "deal: 3 channels are not 2 groups of one size");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_shuffle, &(eng_shuffle_config){1}, "deal", (eng_value[]){a, b}, 2,
                                   &out, &err),
                BASE_INVALID, "deal: shapes [4, 3] and [3, 4] cannot be concatenated");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_slice, &empty, NULL, &a, &out, &err), BASE_INVALID, "at least one");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_slice, &far, NULL, &a, &out, &err), BASE_INVALID,
                "there are 3 channels, so 2 from number 2 on cannot be taken");
    const eng_upsample_config twice = {.factor = 2};
    const eng_drop_path_config always = {.rate = 1.0};
    CHECK_FAILS(eng_graph_add(graph, &eng_op_upsample, &twice, NULL, &a, &out, &err), BASE_INVALID, "only an image");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_drop_path, &always, NULL, &a, &out, &err), BASE_INVALID,
                "at least 0 and below 1, not 1");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_reshape, &wrong, NULL, &a, &out, &err), BASE_INVALID,
                "[4, 3] cannot become [3, 3]");
    const eng_value image = eng_graph_input(graph, eng_shape_3d(4, 4, 2), ENG_F32);
    const eng_subsample_config outside = {.begin = {2, 0}, .stride = 2};
    const eng_noise_config negative = {.deviation = -1.0};
    CHECK_FAILS(eng_graph_add(graph, &eng_op_subsample, &outside, NULL, &image, &out, &err), BASE_INVALID,
                "the first pixel (2, 0) must lie within a stride of 2");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_subsample, NULL, NULL, &a, &out, &err), BASE_INVALID, "only an image");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_zero, NULL, NULL, &a, &out, &err), BASE_INVALID, "of an image");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_noise, NULL, NULL, &a, &out, &err), BASE_INVALID, "of an image");
    CHECK_FAILS(eng_graph_add(graph, &eng_op_noise, &negative, NULL, &image, &out, &err), BASE_INVALID,
                "must be positive, not -1");
    eng_graph_destroy(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add_sums),
        cmocka_unit_test(concat_puts_side_by_side),
        cmocka_unit_test(slice_takes_channels),
        cmocka_unit_test(shuffle_deals_channels_out),
        cmocka_unit_test(reshape_keeps_the_numbers),
        cmocka_unit_test(upsample_repeats_pixels),
        cmocka_unit_test(drop_path_drops_samples),
        cmocka_unit_test(subsample_takes_pixels),
        cmocka_unit_test(zero_and_noise_ignore_their_input),
        cmocka_unit_test(shapes_must_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
