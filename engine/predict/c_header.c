/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network as C: its values share one block of memory that the caller supplies, as in a plan but placed greedily: each
 * at the lowest place where nothing lies that is still to be read. */
#include "engine/predict/c_header.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/export/c_source.h"
#include "engine/predict/inference.h"

typedef struct block {
    size_t begin, size; /* floats */
    size_t made, last;  /* steps: of the node that writes it, of the last one that reads it */
    bool placed;
} block;

typedef struct writer {
    const eng_predictor *predictor;
    eng_inference net;
    eng_c_source source;
    base_arena *arena;
    block *blocks; /* by value */
    size_t work;   /* floats of all */
} writer;

/* ---- memory ---- */

static void measure(writer *w, eng_value value, size_t made) {
    block *b = &w->blocks[value];
    b->size = eng_shape_count(&eng_graph_value(w->net.graph, value)->shape);
    b->made = b->last = made;
}

/* Step 0 normalizes the input, step i + 1 computes node i, the last one makes the answer. */
static void find_lifetimes(writer *w) {
    const eng_inference *net = &w->net;
    measure(w, net->ports->x, 0);
    for (size_t i = 0; i < net->count; i++) {
        const eng_node *node = net->nodes[i];
        measure(w, node->out, i + 1);
        for (size_t k = 0; k < node->inputs; k++) w->blocks[net->same[node->in[k]]].last = i + 1;
    }
    w->blocks[net->same[net->ports->output]].last = net->count + 1;
}

static bool collide(const block *a, const block *b) {
    return b->placed && a->made <= b->last && b->made <= a->last && a->begin < b->begin + b->size &&
           b->begin < a->begin + a->size;
}

static void place(writer *w, eng_value value) {
    block *b = &w->blocks[value];
    const size_t count = eng_graph_values(w->net.graph);
    for (eng_value v = 0; v < count; v++) {
        if (!collide(b, &w->blocks[v])) continue;
        b->begin = w->blocks[v].begin + w->blocks[v].size;
        v = UINT32_MAX; /* from the first again */
    }
    b->placed = true;
    if (b->begin + b->size > w->work) w->work = b->begin + b->size;
}

static void place_all(writer *w) {
    w->blocks = BASE_NEW_ARRAY(w->arena, eng_graph_values(w->net.graph), block);
    find_lifetimes(w);
    place(w, w->net.ports->x);
    for (size_t i = 0; i < w->net.count; i++) place(w, w->net.nodes[i]->out);
}

static const char *at(const writer *w, eng_value value) {
    return base_arena_printf(w->arena, "work + %zu", w->blocks[w->net.same[value]].begin);
}

/* ---- numbers ---- */

static void put_number(float value, base_buf *out) {
    char text[32];
    snprintf(text, sizeof text, "%.9g", (double)value);
    base_buf_printf(out, "%s%sf", text, strpbrk(text, ".e") != NULL ? "" : ".0");
}

static void put_numbers(const char *prefix, const char *name, const float *values, size_t count, base_buf *out) {
    enum { IN_A_LINE = 8 };
    base_buf_printf(out, "static const float %s_%s[%zu] = {", prefix, name, count);
    for (size_t i = 0; i < count; i++) {
        base_buf_puts(out, i % IN_A_LINE == 0 ? "\n    " : " ");
        put_number(values[i], out);
        if (i + 1 < count) base_buf_putc(out, ',');
    }
    base_buf_puts(out, "\n};\n\n");
}

static void put_params(const writer *w, base_buf *out) {
    const eng_params *params = w->net.params;
    bool *written = BASE_NEW_ARRAY(w->arena, eng_params_count(params), bool);
    for (size_t i = 0; i < w->net.count; i++)
        for (size_t k = 0; k < w->net.nodes[i]->params; k++) {
            const eng_param_id id = w->net.nodes[i]->param_id[k];
            const eng_param *param = eng_params_at(params, id);
            char name[24];
            if (written[id]) continue;
            written[id] = true;
            snprintf(name, sizeof name, "w%u", id);
            put_numbers(w->source.prefix, name, eng_params_values(params) + param->offset, param->count, out);
        }
}

/* How many of the numbers are enough because they repeat: 1, one for each channel, or all. */
static size_t period_of(const eng_predictor *p) {
    const eng_normalizer *n = &p->normalizer;
    const size_t tried[] = {1, p->sample.dim[p->sample.ndim - 1]};
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        size_t k = tried[i];
        while (k < n->features && n->offset[k] == n->offset[k - tried[i]] && n->scale[k] == n->scale[k - tried[i]]) k++;
        if (k == n->features) return tried[i];
    }
    return n->features;
}

/* ---- statements ---- */

static void normalize(writer *w) {
    static const char text[] =
        "static inline void @_normalize(int n, int period, const float *offset, const float *scale, const float *x,\n"
        "                               float *y) {\n"
        "    for (int i = 0; i < n; i++) y[i] = (x[i] - offset[i % period]) * scale[i % period];\n"
        "}\n";
    eng_c_function(&w->source, text);
    eng_c_statement(&w->source, "@_normalize(%zu, %zu, @_offset, @_scale, x, %s);", w->predictor->normalizer.features,
                    period_of(w->predictor), at(w, w->net.ports->x));
}

static void compute(writer *w, const eng_node *node) {
    const eng_op_export *export = node->op->exporter;
    eng_c_call call = {.to = &w->source, .y = at(w, node->out)};
    for (size_t i = 0; i < node->inputs; i++) call.x[i] = at(w, node->in[i]);
    for (size_t i = 0; i < node->params; i++)
        call.w[i] = base_arena_printf(w->arena, "%s_w%u", w->source.prefix, node->param_id[i]);
    if (export->map != NULL)
        eng_c_map(&w->source, node->op->name, export->map, eng_shape_count(&node->out_shape), call.x[0], call.y);
    else
        export->c(node, &call);
}

/* Probabilities from logits, numbers in their own unit. */
static void answer(writer *w) {
    static const char classes[] = "static inline void @_probabilities(int n, const float *x, float *y) {\n"
                                  "    float max = x[0], sum = 0.0f;\n"
                                  "    for (int i = 1; i < n; i++) max = x[i] > max ? x[i] : max;\n"
                                  "    for (int i = 0; i < n; i++) sum += y[i] = expf(x[i] - max);\n"
                                  "    for (int i = 0; i < n; i++) y[i] /= sum;\n"
                                  "}\n";
    static const char two[] = "static inline void @_probabilities(const float *x, float *y) {\n"
                              "    y[0] = 1.0f / (1.0f + expf(x[0]));\n"
                              "    y[1] = 1.0f / (1.0f + expf(-x[0]));\n"
                              "}\n";
    static const char numbers[] =
        "static inline void @_numbers(int n, float offset, float scale, const float *x, float *y) {\n"
        "    for (int i = 0; i < n; i++) y[i] = x[i] / scale + offset;\n"
        "}\n";
    const eng_predictor *p = w->predictor;
    const eng_task task = w->net.ports->task;
    const char *x = at(w, w->net.ports->output);
    eng_c_function(&w->source, task == ENG_MULTICLASS ? classes : task == ENG_BINARY ? two : numbers);
    if (task == ENG_MULTICLASS)
        eng_c_statement(&w->source, "@_probabilities(%zu, %s, y);", p->answers, x);
    else if (task == ENG_BINARY)
        eng_c_statement(&w->source, "@_probabilities(%s, y);", x);
    else
        eng_c_statement(&w->source, "@_numbers(%zu, (float)%.9g, (float)%.9g, %s, y);", p->answers,
                        (double)p->normalizer.target_offset, (double)p->normalizer.target_scale, x);
}

/* ---- the file ---- */

static const char notice[] =
    "/* A trained network, written by hpo_model.\n"
    " *\n"
    " * Permission to use, copy, modify, and/or distribute this file for any purpose with or without fee is hereby\n"
    " * granted. It is provided \"as is\", without warranty of any kind. This holds for the functions in it, too,\n"
    " * whatever the licence of the program that wrote them.\n"
    " *\n";

/* A string that is safe in C: bytes that are not plain letters, digits or marks become octal escapes, and "?" and "/"
 * with them, which could begin a trigraph or end a comment. */
static void put_string(const char *text, base_buf *out) {
    base_buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((isalnum(c) && c < 128) || (c != '\0' && strchr(" .,-_+:()[]=<>", c) != NULL))
            base_buf_putc(out, *text);
        else
            base_buf_printf(out, "\\%03o", c);
    }
    base_buf_putc(out, '"');
}

static void put_class_names(const writer *w, base_buf *out) {
    const eng_predictor *p = w->predictor;
    if (p->class_names == NULL) return;
    base_buf_printf(out, "static inline const char *%s_class(int i) {\n    static const char *const names[] = {\n",
                    w->source.prefix);
    for (size_t i = 0; i < p->answers; i++) {
        base_buf_puts(out, "        ");
        put_string(p->class_names[i], out);
        base_buf_puts(out, ",\n");
    }
    base_buf_puts(out, "    };\n    return names[i];\n}\n\n");
}

static void put_head(const writer *w, const char *upper, base_buf *out) {
    const eng_predictor *p = w->predictor;
    base_buf_puts(out, notice);
    base_buf_printf(out,
                    " * %s_predict(x, work, y): x is a sample of %s_INPUTS numbers as they were in the data (an image\n"
                    " * row by row, the channels of a pixel side by side), work has room for %s_WORK numbers, y gets\n"
                    " * %s_OUTPUTS: %s.\n */\n",
                    w->source.prefix, upper, upper, upper,
                    p->class_names != NULL ? "the probability of each class" : "what is predicted, in its own unit");
    base_buf_printf(out, "#ifndef %s_H\n#define %s_H\n\n#include <math.h>\n#include <stddef.h>\n\n", upper, upper);
    base_buf_printf(out, "#define %s_INPUTS %zu\n#define %s_OUTPUTS %zu\n#define %s_WORK %zu\n\n", upper,
                    p->normalizer.features, upper, p->answers, upper, w->work);
}

static void put_file(const writer *w, base_buf *out) {
    const eng_normalizer *n = &w->predictor->normalizer;
    const size_t period = period_of(w->predictor);
    char *upper = base_arena_strdup(w->arena, w->source.prefix);
    for (char *c = upper; *c != '\0'; c++) *c = (char)toupper((unsigned char)*c);
    put_head(w, upper, out);
    put_class_names(w, out);
    put_numbers(w->source.prefix, "offset", n->offset, period, out);
    put_numbers(w->source.prefix, "scale", n->scale, period, out);
    put_params(w, out);
    base_buf_puts(out, base_buf_text(&w->source.functions));
    base_buf_printf(out, "static inline void %s_predict(const float *x, float *work, float *y) {\n%s}\n\n#endif\n",
                    w->source.prefix, base_buf_text(&w->source.statements));
}

base_status eng_c_header_write(const eng_predictor *predictor, const char *prefix, base_buf *out, base_err *err) {
    base_arena *arena = base_arena_create();
    writer w = {.predictor = predictor, .source = {.prefix = prefix}, .arena = arena};
    const base_status status = eng_inference_of(predictor->model, false, arena, &w.net, err);
    if (status == BASE_OK) {
        place_all(&w);
        normalize(&w);
        for (size_t i = 0; i < w.net.count; i++) compute(&w, w.net.nodes[i]);
        answer(&w);
        put_file(&w, out);
    }
    eng_c_source_fini(&w.source);
    base_arena_destroy(arena);
    return status;
}

void eng_c_header_prefix(const char *path, base_buf *out) {
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
    const size_t length = dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name);
    if (length == 0 || !isalpha((unsigned char)name[0])) base_buf_puts(out, "model_");
    for (size_t i = 0; i < length; i++)
        base_buf_putc(out, (unsigned char)name[i] < 128 && isalnum((unsigned char)name[i]) ? name[i] : '_');
}
