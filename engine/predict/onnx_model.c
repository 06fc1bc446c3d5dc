/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network as an ONNX model. Numbers of fields: onnx.proto, https://github.com/onnx/onnx. */
#include "engine/predict/onnx_model.h"

#include <string.h>

#include "engine/export/onnx_graph.h"
#include "engine/export/protobuf.h"
#include "engine/predict/inference.h"

enum { MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_VERSION = 3, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14 };
enum { GRAPH_NAME = 2, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, OPSET_VERSION = 2, IR = 8 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2, INFO_NAME = 1, INFO_TYPE = 2, TYPE_TENSOR = 1, TENSOR_ELEMENT = 1 };
enum { TENSOR_SHAPE = 2, SHAPE_DIM = 1, DIM_VALUE = 1, DIM_NAME = 2, ELEMENT_FLOAT = 1 };

typedef struct writer {
    const eng_predictor *predictor;
    eng_inference net;
    eng_onnx onnx;
    base_arena *arena;
} writer;

static const char *name_of(const writer *w, eng_value value) {
    return base_arena_printf(w->arena, "v%u", w->net.same[value]);
}

/* ---- nodes ---- */

/* v = (x - offset) scale, then channels to the front; a network that reads an image as a row gets a row. */
static void normalize(writer *w) {
    const eng_predictor *p = w->predictor;
    const eng_shape *reads = &eng_graph_value(w->net.graph, w->net.ports->x)->shape;
    eng_onnx *to = &w->onnx;
    const char *centred = eng_onnx_temporary(to), *scaled = eng_onnx_temporary(to), *shaped = scaled;
    const char *offset = eng_onnx_floats(to, p->normalizer.offset, &p->sample);
    const char *scale = eng_onnx_floats(to, p->normalizer.scale, &p->sample);
    eng_onnx_node(to, "Sub", (const char *[]){"x", offset}, 2, centred);
    eng_onnx_node(to, "Mul", (const char *[]){centred, scale}, 2, scaled);
    if (!eng_shape_equal(reads, &p->sample)) {
        int64_t shape[ENG_MAX_DIMS + 1] = {0};
        for (size_t d = 0; d < reads->ndim; d++) shape[d + 1] = (int64_t)reads->dim[d];
        shaped = eng_onnx_temporary(to);
        eng_onnx_node(to, "Reshape", (const char *[]){scaled, eng_onnx_numbers(to, shape, reads->ndim + 1)}, 2, shaped);
    }
    eng_onnx_channels_first(to, reads, shaped, name_of(w, w->net.ports->x));
}

static void compute(writer *w, const eng_node *node) {
    const eng_op_export *export = node->op->exporter;
    eng_onnx_call call = {.to = &w->onnx, .y = name_of(w, node->out)};
    for (size_t i = 0; i < node->inputs; i++) call.x[i] = name_of(w, node->in[i]);
    for (size_t i = 0; i < node->params; i++)
        call.w[i] = eng_params_values(w->net.params) + eng_params_at(w->net.params, node->param_id[i])->offset;
    if (export->formula != NULL)
        eng_onnx_formula(&w->onnx, export->formula, call.x[0], call.y);
    else
        export->onnx(node, &call);
}

static const char *output_name(const writer *w) {
    return w->predictor->class_names != NULL ? "probabilities" : "values";
}

/* The outputs as a row; then probabilities, or numbers in their own unit. */
static void answer(writer *w) {
    static const eng_shape scalar = {0};
    const eng_normalizer *n = &w->predictor->normalizer;
    const eng_value output = w->net.ports->output;
    eng_onnx *to = &w->onnx;
    const char *y = eng_onnx_flat(to, &eng_graph_value(w->net.graph, output)->shape, name_of(w, output));
    if (w->net.ports->task == ENG_MULTICLASS) {
        eng_onnx_map(to, "Softmax", y, output_name(w));
        eng_onnx_int(to, "axis", 1);
    } else if (w->net.ports->task == ENG_BINARY) {
        const char *minus = eng_onnx_temporary(to), *no = eng_onnx_temporary(to), *yes = eng_onnx_temporary(to);
        eng_onnx_map(to, "Neg", y, minus);
        eng_onnx_map(to, "Sigmoid", minus, no);
        eng_onnx_map(to, "Sigmoid", y, yes);
        eng_onnx_node(to, "Concat", (const char *[]){no, yes}, 2, output_name(w));
        eng_onnx_int(to, "axis", 1);
    } else {
        const char *scaled = eng_onnx_temporary(to);
        eng_onnx_node(to, "Div", (const char *[]){y, eng_onnx_floats(to, &n->target_scale, &scalar)}, 2, scaled);
        eng_onnx_node(to, "Add", (const char *[]){scaled, eng_onnx_floats(to, &n->target_offset, &scalar)}, 2,
                      output_name(w));
    }
}

/* ---- the file ---- */

/* A ValueInfoProto: floats [N, ...shape]. */
static void put_port(const char *name, const eng_shape *shape, unsigned field, base_buf *graph) {
    base_buf dim = {0}, dims = {0}, tensor = {0}, type = {0}, info = {0};
    eng_pb_string(&dim, DIM_NAME, "N");
    eng_pb_message(&dims, SHAPE_DIM, &dim);
    for (size_t d = 0; d < shape->ndim; d++) {
        eng_pb_int(&dim, DIM_VALUE, (int64_t)shape->dim[d]);
        eng_pb_message(&dims, SHAPE_DIM, &dim);
    }
    eng_pb_int(&tensor, TENSOR_ELEMENT, ELEMENT_FLOAT);
    eng_pb_message(&tensor, TENSOR_SHAPE, &dims);
    eng_pb_message(&type, TYPE_TENSOR, &tensor);
    eng_pb_string(&info, INFO_NAME, name);
    eng_pb_message(&info, INFO_TYPE, &type);
    eng_pb_message(graph, field, &info);
    base_buf *const parts[] = {&dim, &dims, &tensor, &type, &info};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) base_buf_fini(parts[i]);
}

static void put_names(const char *key, const char *const *names, size_t count, base_buf *model) {
    if (names == NULL) return;
    base_buf entry = {0}, list = {0};
    base_buf_putc(&list, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) base_buf_puts(&list, ", ");
        base_buf_put_json(&list, names[i]);
    }
    base_buf_putc(&list, ']');
    eng_pb_string(&entry, ENTRY_KEY, key);
    eng_pb_string(&entry, ENTRY_VALUE, list.data);
    eng_pb_message(model, MODEL_METADATA, &entry);
    base_buf_fini(&entry);
    base_buf_fini(&list);
}

static void put_model(writer *w, const char *version, base_buf *out) {
    const eng_predictor *p = w->predictor;
    const eng_shape answers = eng_shape_1d(p->answers);
    base_buf *graph = &w->onnx.graph, opset = {0};
    eng_onnx_end(&w->onnx);
    eng_pb_string(graph, GRAPH_NAME, "network");
    put_port("x", &p->sample, GRAPH_INPUT, graph);
    put_port(output_name(w), &answers, GRAPH_OUTPUT, graph);
    eng_pb_int(out, MODEL_IR, IR);
    eng_pb_string(out, MODEL_PRODUCER, "hpo_model");
    eng_pb_string(out, MODEL_VERSION, version);
    eng_pb_message(out, MODEL_GRAPH, graph);
    eng_pb_int(&opset, OPSET_VERSION, ENG_ONNX_OPSET);
    eng_pb_message(out, MODEL_OPSET, &opset);
    put_names("classes", p->class_names, p->answers, out);
    put_names("features", p->feature_names, p->normalizer.features, out);
    put_names("target", p->target_name != NULL ? &p->target_name : NULL, 1, out);
    base_buf_fini(&opset);
}

base_status eng_onnx_write(const eng_predictor *predictor, const char *version, base_buf *out, base_err *err) {
    base_arena *arena = base_arena_create();
    writer w = {.predictor = predictor, .arena = arena};
    const base_status status = eng_inference_of(predictor->model, true, arena, &w.net, err);
    eng_onnx_begin(&w.onnx, arena);
    if (status == BASE_OK) {
        normalize(&w);
        for (size_t i = 0; i < w.net.count; i++) compute(&w, w.net.nodes[i]);
        answer(&w);
        put_model(&w, version, out);
    }
    eng_onnx_fini(&w.onnx);
    base_arena_destroy(arena);
    return status;
}
