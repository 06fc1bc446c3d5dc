/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Channels of several values, one after the other and then dealt out: of `groups` groups of m neighbouring channels
 * first the first of each, then the second of each, and so on: y[k groups + g] = x[g m + k].
 *
 * X. Zhang et al., "ShuffleNet", CVPR 2018, section 3.1: reshaped to (groups, m), transposed, flattened. */
#include "engine/export/export.h"
#include "engine/ops/ops.h"

static size_t channels_of(const eng_shape *shape) {
    return shape->dim[shape->ndim - 1];
}

static size_t groups_of(const eng_node *node) {
    return ((const eng_shuffle_config *)node->config)->groups;
}

static base_status infer(eng_node *node, base_err *err) {
    const size_t groups = ((const eng_shuffle_config *)node->config)->groups;
    BASE_TRY(eng_op_concat.infer(node, err));
    const size_t channels = channels_of(&node->out_shape);
    if (channels > 0 && groups > 0 && channels % groups == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%zu channels are not %zu groups of one size", channels, groups);
}

/* Neighbours among the inputs that are in one group: `count` channels of input `input` from `from` on, the first of
 * which goes to `to`, the next ones `groups` further each. */
typedef struct stretch {
    size_t input, from, to, count;
} stretch;

/* The one behind `last` (input `inputs` = none), where it begins at channel `at` of all inputs. */
static stretch next(const eng_call *call, const stretch *last, size_t at) {
    const size_t groups = groups_of(call->node), size = channels_of(&call->node->out_shape) / groups;
    stretch s = {.input = last->input, .from = last->from + last->count};
    if (s.from == channels_of(&call->node->in_shape[s.input])) s = (stretch){.input = s.input + 1};
    if (s.input == call->node->inputs) return s;
    const size_t left = channels_of(&call->node->in_shape[s.input]) - s.from, of_group = size - at % size;
    s.to = at % size * groups + at / size;
    s.count = left < of_group ? left : of_group;
    return s;
}

/* The rows of one sample: `rows` of `width` numbers in x and of `channels` in y. */
typedef struct block {
    float *x, *y;
    size_t rows, width, channels, groups;
} block;

static void deal(const block *b, const stretch *s) {
    for (size_t r = 0; r < b->rows; r++)
        for (size_t i = 0; i < s->count; i++)
            b->y[r * b->channels + s->to + i * b->groups] = b->x[r * b->width + s->from + i];
}

static void collect(const block *b, const stretch *s) {
    for (size_t r = 0; r < b->rows; r++)
        for (size_t i = 0; i < s->count; i++)
            b->x[r * b->width + s->from + i] = b->y[r * b->channels + s->to + i * b->groups];
}

/* x, y: the inputs and the output, or their gradients; an input that is NULL is passed over. Sample by sample, so that
 * what the stretches go through stays in the cache. */
static void visit(const eng_call *call, size_t n, float *const *x, float *y,
                  void (*copy)(const block *b, const stretch *s)) {
    const size_t channels = channels_of(&call->node->out_shape);
    block b = {.y = y, .rows = call->out_count / channels, .channels = channels, .groups = groups_of(call->node)};
    for (size_t k = 0; k < n; k++, b.y += call->out_count) {
        size_t at = 0;
        for (stretch s = next(call, &(stretch){0}, 0); s.input < call->node->inputs; s = next(call, &s, at)) {
            at += s.count;
            if (x[s.input] == NULL) continue;
            b.x = x[s.input] + k * call->in_count[s.input];
            b.width = channels_of(&call->node->in_shape[s.input]);
            copy(&b, &s);
        }
    }
}

static void forward(const eng_call *call, eng_run *run) {
    float *x[ENG_OP_MAX_INPUTS];
    for (size_t i = 0; i < call->node->inputs; i++) x[i] = (float *)call->x[i];
    visit(call, run->n, x, call->y, deal);
}

static void backward(const eng_call *call, const eng_run *run) {
    visit(call, run->n, call->dx, call->dy, collect);
}

static const char c_text[] =
    "static inline void @_shuffle(int rows, int width, int channels, int groups, int at, const float *x, float *y) {\n"
    "    const int size = channels / groups;\n"
    "    for (int i = 0; i < rows; i++)\n"
    "        for (int j = 0; j < width; j++)\n"
    "            y[i * channels + (at + j) % size * groups + (at + j) / size] = x[i * width + j];\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const size_t channels = channels_of(&node->out_shape);
    eng_c_function(call->to, c_text);
    for (size_t i = 0, at = 0; i < node->inputs; at += channels_of(&node->in_shape[i]), i++)
        eng_c_statement(call->to, "@_shuffle(%zu, %zu, %zu, %zu, %zu, %s, %s);",
                        eng_shape_count(&node->out_shape) / channels, channels_of(&node->in_shape[i]), channels,
                        groups_of(node), at, call->x[i], call->y);
}

/* [N, C, ...] is reshaped to [N, groups, C / groups, ...], the two are exchanged, and they become one again. */
static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    const eng_shape *out = &node->out_shape;
    const size_t channels = channels_of(out), groups = groups_of(node), others = out->ndim - 1;
    int64_t apart[ENG_MAX_DIMS + 2] = {0, (int64_t)groups, (int64_t)(channels / groups)};
    int64_t together[ENG_MAX_DIMS + 2] = {0, (int64_t)channels}, order[ENG_MAX_DIMS + 2] = {0, 2, 1};
    for (size_t d = 0; d < others; d++) {
        apart[3 + d] = together[2 + d] = (int64_t)out->dim[d];
        order[3 + d] = (int64_t)(3 + d);
    }
    eng_onnx *to = call->to;
    const char *all = eng_onnx_temporary(to), *split = eng_onnx_temporary(to), *turned = eng_onnx_temporary(to);
    eng_onnx_node(to, "Concat", call->x, node->inputs, all);
    eng_onnx_int(to, "axis", 1);
    eng_onnx_node(to, "Reshape", (const char *[]){all, eng_onnx_numbers(to, apart, 3 + others)}, 2, split);
    eng_onnx_node(to, "Transpose", &split, 1, turned);
    eng_onnx_ints(to, "perm", order, 3 + others);
    eng_onnx_node(to, "Reshape", (const char *[]){turned, eng_onnx_numbers(to, together, 2 + others)}, 2, call->y);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"groups", ENG_FIELD_SIZE, offsetof(eng_shuffle_config, groups), 1},
    {0},
};

const eng_op eng_op_shuffle = {
    .name = "shuffle",
    .summary = "channels of several values, dealt out from groups",
    .inputs = 1,
    .config_size = sizeof(eng_shuffle_config),
    .fields = fields,
    .traits = ENG_VARIADIC | ENG_BY_SAMPLE,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};
