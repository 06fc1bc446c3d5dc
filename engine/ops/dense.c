/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fully connected layer: Y = f(X W + b), X [n, in], W [in, width], b [width].
 *
 *   dZ = dY f'(Y),   db = column sums of dZ,   dW = X' dZ,   dX = dZ W'
 *
 * dense has parameters, dense_given reads W and b as values of the graph: they may be computed.
 *
 * W is stored [in, width], so that forward and dW read all matrices in place. Bias and ReLU are added while a tile of Y
 * is in registers, other activations in a pass over Y; their gradients are one pass over dY; dZ takes the place of dY.
 *
 * A step that keeps no gradients makes dW a few rows at a time and applies them while they are in the L1 cache: W
 * and the slots of its optimizer then have the second one to themselves, and nothing is written only to be read once.
 *
 * Threads share the columns of Y and dX and the rows of dW, so that each has its own part of W in its caches; where
 * these are too few, the rows of Y and dX.
 */
#include "engine/ops/layer_weights.h"
#include "engine/export/export.h"
#include "engine/ops/epilogue.h"
#include "engine/ops/ops.h"
#include "engine/tensor/minmax.h"
#include "engine/tensor/product.h"

static eng_epilogue epilogue_of(const eng_node *node) {
    eng_epilogue epilogue = ((const eng_dense_config *)node->config)->epilogue;
    return epilogue == ENG_EPILOGUE_NONE ? ENG_EPILOGUE_LINEAR : epilogue;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_dense_config *config = node->config;
    size_t in = eng_shape_count(&node->in_shape[0]), width = config->width;
    if (in == 0) return BASE_FAIL(err, BASE_INVALID, "a dense layer needs at least one input");
    if (width == 0) return BASE_FAIL(err, BASE_INVALID, "the width of a dense layer must be at least 1");
    if (width > INT32_MAX || in > INT32_MAX || width > PTRDIFF_MAX / sizeof(float) / in)
        return BASE_FAIL(err, BASE_INVALID, "a dense layer of %zu x %zu weights is too large", in, width);
    node->out_shape = eng_shape_1d(width);
    if (epilogue_of(node) != ENG_EPILOGUE_LINEAR) node->traits |= ENG_READS_Y;
    node->params = 2;
    node->param[0] = (eng_param_spec){.name = "weight",
                                      .shape = eng_shape_2d(in, width),
                                      .flags = ENG_PARAM_DECAY,
                                      .init = config->init != NULL ? config->init : &eng_init_xavier_uniform,
                                      .fan_in = in,
                                      .fan_out = width};
    node->param[1] = (eng_param_spec){.name = "bias", .shape = eng_shape_1d(width), .value = 0.0f};
    return BASE_OK;
}

static base_status infer_given(eng_node *node, base_err *err) {
    BASE_TRY(infer(node, err));
    return eng_layer_weights_given(node, err);
}

enum {
    TILE = 12,               /* rows of dW: whole tiles of a product on every instance */
    BLOCK = 4096,            /* floats of dW at a time: with those of W and a slot they fit into the L1 cache */
    MOST_GRADIENT = 1 << 17, /* floats of dZ that stay in the L2 cache while every block reads them */
    PANEL = 32,              /* columns: those of a panel of a product */
    MIN_WORK = 1 << 19,      /* products worth another thread */
    MAPPED = 8192,           /* numbers likewise that an activation reads */
};

/* Rows of dW at a time when they are applied at once. */
static size_t block_rows(size_t in, size_t width) {
    return eng_min(in, eng_max(BLOCK / width / TILE, 1) * TILE);
}

static size_t workspace(const eng_node *node, size_t batch) {
    (void)batch;
    const size_t in = eng_shape_count(&node->in_shape[0]), width = eng_shape_count(&node->out_shape);
    const size_t products = eng_max(eng_product_nn_workspace(width, in), eng_product_nt_workspace(width));
    return eng_max(products, block_rows(in, width) * width) * sizeof(float);
}

/* ---- products that threads share ---- */

typedef void part_fn(const eng_product *p, size_t from, size_t count);

typedef struct product_job {
    const eng_call *call;
    const eng_run *run;
    const eng_product *product;
    part_fn *part;
} product_job;

static void product_range(const void *self, size_t thread, size_t begin, size_t end) {
    const product_job *job = self;
    eng_product p = *job->product;
    p.workspace = eng_workspace(job->call, job->run, thread);
    job->part(&p, begin, end - begin);
}

/* So many of `each` products that they are worth another thread, in whole steps. */
static size_t unit_of(size_t worth, size_t each, size_t step) {
    return (worth / each / step + 1) * step;
}

/* Divides `count` among the threads; alone, nobody asks what is worth it: a tiny layer takes less than the divisions.
 */
static void share(const product_job *job, size_t count, size_t worth, size_t each, size_t step, eng_range_fn *fn) {
    if (job->run->threads == NULL)
        fn(job, 0, 0, count);
    else
        eng_threads_ranges(job->run->threads, count, unit_of(worth, each, step), fn, job);
}

static void share_product(const eng_call *call, const eng_run *run, const eng_product *p, part_fn *columns,
                          part_fn *rows) {
    product_job job = {.call = call, .run = run, .product = p, .part = columns};
    if (run->threads == NULL || p->n / unit_of(MIN_WORK, p->m * p->k, PANEL) >= eng_threads_count(run->threads)) {
        share(&job, p->n, MIN_WORK, p->m * p->k, PANEL, product_range);
    } else {
        job.part = rows;
        share(&job, p->m, MIN_WORK, p->n * p->k, 1, product_range);
    }
}

static void activate_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const product_job *job = self;
    const eng_call *call = job->call;
    (void)thread;
    job->run->k->bias_epilogue[epilogue_of(call->node)](end - begin, call->out_count, eng_layer_weights_of(call).bias,
                                                        call->y + begin * call->out_count);
}

static void forward(const eng_call *call, eng_run *run) {
    const eng_epilogue epilogue = epilogue_of(call->node);
    const eng_layer_weights weights = eng_layer_weights_of(call);
    const bool fused = epilogue == ENG_EPILOGUE_LINEAR || epilogue == ENG_EPILOGUE_RELU;
    const eng_product y = {.tiles = run->k->tiles,
                           .m = run->n,
                           .n = call->out_count,
                           .k = call->in_count[0],
                           .a = call->x[0],
                           .b = weights.w,
                           .c = call->y,
                           .bias = fused ? weights.bias : NULL,
                           .relu = epilogue == ENG_EPILOGUE_RELU};
    share_product(call, run, &y, eng_product_nn_columns, eng_product_nn_rows);
    const product_job job = {.call = call, .run = run};
    if (!fused) share(&job, run->n, MAPPED, call->out_count, 1, activate_rows);
}

/* ---- gradients ---- */

_Static_assert(ENG_UPDATER_BLOCKS <= ENG_TILES_FETCH, "a product fetches all that an update changes");

/* What the update of w .. w + count changes is fetched while its gradient is made. */
static void fetch(const eng_updater *updater, const float *w, size_t count, eng_product *dw) {
    for (size_t i = 0; i < ENG_UPDATER_BLOCKS; i++)
        dw->fetch[i] = updater->block[i] == NULL ? NULL : updater->block[i] + (w - updater->block[0]);
    dw->fetched = count;
}

/* Rows begin .. end - 1 of W. */
static void update_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const product_job *job = self;
    const eng_call *call = job->call;
    const eng_updater *updater = job->run->updater;
    eng_product dw = *job->product;
    const size_t block = block_rows(dw.m, dw.n);
    const bool blocks = dw.n * dw.k <= MOST_GRADIENT && block < dw.m;
    for (size_t from = begin, count; from < end; from += count) {
        const float *w = call->w[0] + from * dw.n;
        count = blocks ? eng_min(block, end - from) : end - from;
        dw.c = blocks ? eng_workspace(call, job->run, thread) : job->product->c + from * dw.n;
        if (blocks) fetch(updater, w, count * dw.n, &dw);
        eng_product_tn_rows(&dw, from, count);
        updater->apply(updater->self, w, count * dw.n, dw.c);
    }
}

static void gradient_rows(const void *self, size_t thread, size_t begin, size_t end) {
    const product_job *job = self;
    eng_product dw = *job->product;
    (void)thread;
    dw.c += begin * dw.n;
    eng_product_tn_rows(&dw, begin, end - begin);
}

static void activation_columns(const void *self, size_t thread, size_t begin, size_t end) {
    const product_job *job = self;
    const eng_call *call = job->call;
    float *dbias = eng_layer_weights_of(call).dbias;
    if (dbias == NULL) dbias = call->workspace;
    (void)thread;
    job->run->k->bias_epilogue_grad[epilogue_of(call->node)](job->run->n, end - begin, call->out_count, call->y + begin,
                                                             call->dy + begin, dbias + begin);
}

static void backward(const eng_call *call, const eng_run *run) {
    const size_t in = call->in_count[0], width = call->out_count;
    const eng_layer_weights weights = eng_layer_weights_of(call);
    const eng_product dx = {
        .tiles = run->k->tiles, .m = run->n, .n = in, .k = width, .a = call->dy, .b = weights.w, .c = call->dx[0]};
    const eng_product dw = {
        .tiles = run->k->tiles, .m = in, .n = width, .k = run->n, .a = call->x[0], .b = call->dy, .c = weights.dw};
    const product_job job = {.call = call, .run = run, .product = &dw};
    share(&job, width, MAPPED, run->n, PANEL, activation_columns);
    if (call->dx[0] != NULL) share_product(call, run, &dx, eng_product_nt_columns, eng_product_nt_rows);
    if (weights.dw == NULL) return;
    const bool updates = run->updater != NULL;
    share(&job, in, MIN_WORK, run->n * width, TILE, updates ? update_rows : gradient_rows);
    if (updates) run->updater->apply(run->updater->self, call->w[1], width, call->dw[1]);
}

static const char c_text[] =
    "static inline void @_dense(int inputs, int width, const float *x, const float *w, const float *bias, float *y) {\n"
    "    for (int j = 0; j < width; j++) y[j] = 0.0f;\n"
    "    for (int i = 0; i < inputs; i++)\n"
    "        for (int j = 0; j < width; j++) y[j] += x[i] * w[i * width + j];\n"
    "    for (int j = 0; j < width; j++) y[j] += bias[j];\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_dense(%zu, %zu, %s, %s, %s, %s);", eng_shape_count(&node->in_shape[0]),
                    eng_shape_count(&node->out_shape), call->x[0], call->w[0], call->w[1], call->y);
    eng_epilogue_c(epilogue_of(node), node, call);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const char *before = eng_epilogue_onnx_before(epilogue_of(node), call);
    const char *in[] = {eng_onnx_flat(call->to, &node->in_shape[0], call->x[0]),
                        eng_onnx_floats(call->to, call->w[0], &node->param[0].shape),
                        eng_onnx_floats(call->to, call->w[1], &node->param[1].shape)};
    eng_onnx_node(call->to, "Gemm", in, 3, before);
    eng_epilogue_onnx(epilogue_of(node), before, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"width", ENG_FIELD_SIZE, offsetof(eng_dense_config, width), 1},
    {"epilogue", ENG_FIELD_EPILOGUE, offsetof(eng_dense_config, epilogue), 1},
    {0},
};

const eng_op eng_op_dense = {
    .name = "dense",
    .summary = "x W + b, with an activation on the fly",
    .inputs = 1,
    .config_size = sizeof(eng_dense_config),
    .fields = fields,
    .traits = ENG_READS_X | ENG_UPDATES,
    .infer = infer,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};

const eng_op eng_op_dense_given = {
    .name = "dense_given",
    .summary = "x W + b with W and b that are values",
    .inputs = 3,
    .config_size = sizeof(eng_dense_config),
    .fields = fields,
    .traits = ENG_READS_X | ENG_READS_SINGLE,
    .infer = infer_given,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
};
