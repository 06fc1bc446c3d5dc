/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A GraphProto that grows. Numbers of fields and types: onnx.proto, https://github.com/onnx/onnx. */
#include "engine/export/onnx_graph.h"

#include <stdlib.h>
#include <string.h>

#include "engine/export/protobuf.h"

enum { GRAPH_NODE = 1, GRAPH_TENSOR = 5 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_F = 2, ATTRIBUTE_I = 3, ATTRIBUTE_S = 4, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_STRING = 3, TYPE_INTS = 7 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9, OF_FLOAT = 1, OF_INT64 = 7 };

void eng_onnx_begin(eng_onnx *onnx, base_arena *arena) {
    *onnx = (eng_onnx){.arena = arena};
}

void eng_onnx_end(eng_onnx *onnx) {
    if (onnx->node.length > 0) eng_pb_message(&onnx->graph, GRAPH_NODE, &onnx->node);
}

void eng_onnx_fini(eng_onnx *onnx) {
    base_buf_fini(&onnx->graph);
    base_buf_fini(&onnx->node);
}

/* ---- nodes ---- */

void eng_onnx_node(eng_onnx *to, const char *type, const char *const *in, size_t inputs, const char *out) {
    eng_onnx_end(to);
    for (size_t i = 0; i < inputs; i++) eng_pb_string(&to->node, NODE_INPUT, in[i]);
    eng_pb_string(&to->node, NODE_OUTPUT, out);
    eng_pb_string(&to->node, NODE_NAME, base_arena_printf(to->arena, "%s:%s", out, type));
    eng_pb_string(&to->node, NODE_TYPE, type);
}

void eng_onnx_map(eng_onnx *to, const char *type, const char *x, const char *y) {
    eng_onnx_node(to, type, &x, 1, y);
}

static void end_attribute(eng_onnx *to, const char *name, int type, base_buf *value) {
    eng_pb_string(value, ATTRIBUTE_NAME, name);
    eng_pb_int(value, ATTRIBUTE_TYPE, type);
    eng_pb_message(&to->node, NODE_ATTRIBUTE, value);
    base_buf_fini(value);
}

void eng_onnx_ints(eng_onnx *to, const char *name, const int64_t *values, size_t count) {
    base_buf value = {0};
    for (size_t i = 0; i < count; i++) eng_pb_int(&value, ATTRIBUTE_INTS, values[i]);
    end_attribute(to, name, TYPE_INTS, &value);
}

void eng_onnx_int(eng_onnx *to, const char *name, int64_t number) {
    base_buf value = {0};
    eng_pb_int(&value, ATTRIBUTE_I, number);
    end_attribute(to, name, TYPE_INT, &value);
}

void eng_onnx_float(eng_onnx *to, const char *name, float number) {
    base_buf value = {0};
    eng_pb_float(&value, ATTRIBUTE_F, number);
    end_attribute(to, name, TYPE_FLOAT, &value);
}

void eng_onnx_string(eng_onnx *to, const char *name, const char *text) {
    base_buf value = {0};
    eng_pb_string(&value, ATTRIBUTE_S, text);
    end_attribute(to, name, TYPE_STRING, &value);
}

const char *eng_onnx_temporary(eng_onnx *to) {
    return base_arena_printf(to->arena, "t%zu", to->temporaries++);
}

static bool takes_two(const char *type) {
    static const char *const types[] = {"Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i], type) == 0) return true;
    return false;
}

void eng_onnx_formula(eng_onnx *to, const char *formula, const char *x, const char *y) {
    enum { DEEPEST = 8, LONGEST = 32 };
    static const eng_shape scalar = {0};
    const char *stack[DEEPEST], *next;
    size_t depth = 0;
    for (const char *at = formula; *at != '\0'; at = next) {
        char word[LONGEST], *end;
        const size_t length = strcspn(at, " ");
        next = at + length + strspn(at + length, " ");
        BASE_ASSERT(length > 0 && length < LONGEST && depth < DEEPEST);
        memcpy(word, at, length);
        word[length] = '\0';
        const float number = strtof(word, &end);
        if (strcmp(word, "x") == 0) {
            stack[depth++] = x;
        } else if (*end == '\0') {
            stack[depth++] = eng_onnx_floats(to, &number, &scalar);
        } else {
            const size_t inputs = takes_two(word) ? 2 : 1;
            const char *out = *next == '\0' ? y : eng_onnx_temporary(to);
            BASE_ASSERT(depth >= inputs);
            depth -= inputs;
            eng_onnx_node(to, word, stack + depth, inputs, out);
            stack[depth++] = out;
        }
    }
    BASE_ASSERT(depth == 1 && stack[0] == y);
}

/* ---- tensors ---- */

static const char *end_tensor(eng_onnx *to, base_buf *tensor, int type, const base_buf *raw) {
    const char *name = base_arena_printf(to->arena, "c%zu", to->tensors++);
    eng_pb_int(tensor, TENSOR_TYPE, type);
    eng_pb_string(tensor, TENSOR_NAME, name);
    eng_pb_bytes(tensor, TENSOR_RAW, base_buf_text(raw), raw->length);
    eng_pb_message(&to->graph, GRAPH_TENSOR, tensor);
    base_buf_fini(tensor);
    return name;
}

/* Little-endian, whatever this machine is. */
static void put_raw(uint64_t bits, unsigned bytes, base_buf *raw) {
    for (unsigned i = 0; i < bytes; i++) base_buf_putc(raw, (char)(bits >> 8 * i & 0xff));
}

static void put_float(float value, base_buf *raw) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_raw(bits, sizeof bits, raw);
}

const char *eng_onnx_numbers(eng_onnx *to, const int64_t *values, size_t count) {
    base_buf tensor = {0}, raw = {0};
    eng_pb_int(&tensor, TENSOR_DIMS, (int64_t)count);
    for (size_t i = 0; i < count; i++) put_raw((uint64_t)values[i], sizeof *values, &raw);
    const char *name = end_tensor(to, &tensor, OF_INT64, &raw);
    base_buf_fini(&raw);
    return name;
}

const char *eng_onnx_floats(eng_onnx *to, const float *values, const eng_shape *shape) {
    static const unsigned same[ENG_MAX_DIMS] = {0, 1, 2, 3, 4};
    return eng_onnx_permuted(to, values, shape, same);
}

const char *eng_onnx_permuted(eng_onnx *to, const float *values, const eng_shape *shape, const unsigned *order) {
    base_buf tensor = {0}, raw = {0};
    size_t stride[ENG_MAX_DIMS], count = 1;
    for (size_t d = shape->ndim; d-- > 0;) {
        stride[d] = count;
        count *= shape->dim[d];
    }
    for (size_t d = 0; d < shape->ndim; d++) eng_pb_int(&tensor, TENSOR_DIMS, (int64_t)shape->dim[order[d]]);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, from = 0;
        for (size_t d = shape->ndim; d-- > 0; rest /= shape->dim[order[d]])
            from += rest % shape->dim[order[d]] * stride[order[d]];
        put_float(values[from], &raw);
    }
    const char *name = end_tensor(to, &tensor, OF_FLOAT, &raw);
    base_buf_fini(&raw);
    return name;
}

/* ---- layouts ---- */

const char *eng_onnx_channels_last(eng_onnx *to, const eng_shape *shape, const char *x) {
    if (shape->ndim < 2) return x;
    int64_t order[ENG_MAX_DIMS + 1] = {0};
    for (size_t d = 1; d < shape->ndim; d++) order[d] = (int64_t)d + 1;
    order[shape->ndim] = 1;
    const char *y = eng_onnx_temporary(to);
    eng_onnx_node(to, "Transpose", &x, 1, y);
    eng_onnx_ints(to, "perm", order, shape->ndim + 1);
    return y;
}

void eng_onnx_channels_first(eng_onnx *to, const eng_shape *shape, const char *x, const char *y) {
    if (shape->ndim < 2) {
        eng_onnx_map(to, "Identity", x, y);
        return;
    }
    int64_t order[ENG_MAX_DIMS + 1] = {0};
    order[1] = (int64_t)shape->ndim;
    for (size_t d = 2; d <= shape->ndim; d++) order[d] = (int64_t)d - 1;
    eng_onnx_node(to, "Transpose", &x, 1, y);
    eng_onnx_ints(to, "perm", order, shape->ndim + 1);
}

const char *eng_onnx_flat(eng_onnx *to, const eng_shape *shape, const char *x) {
    if (shape->ndim < 2) return x;
    const char *last = eng_onnx_channels_last(to, shape, x), *y = eng_onnx_temporary(to);
    eng_onnx_node(to, "Flatten", &last, 1, y);
    eng_onnx_int(to, "axis", 1);
    return y;
}
