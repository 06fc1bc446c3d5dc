/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a file must hold for its network to answer without the data and settings that it was trained with. */
#include "engine/train/predictor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "engine/modules/graph_text.h"
#include "engine/train/checkpoint.h"

enum { VERSION = 1 };

/* ---- writing ---- */

static void put_names(const char *key, const char *const *names, size_t count, base_buf *out) {
    if (names == NULL) return;
    base_buf_printf(out, "%s: [", key);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        base_buf_put_json(out, names[i]);
    }
    base_buf_puts(out, "]\n");
}

/* Classes without names are numbered. */
static void put_samples(const eng_dataset *set, base_buf *out) {
    base_buf_puts(out, "set: ");
    base_buf_put_json(out, set->name);
    base_buf_puts(out, "\nshape: [");
    for (size_t i = 0; i < set->rank; i++) base_buf_printf(out, "%s%zu", i > 0 ? ", " : "", set->shape[i]);
    base_buf_puts(out, "]\n");
    if (set->target_name != NULL) put_names("target", &set->target_name, 1, out);
    put_names("features", set->feature_names, set->features, out);
    if (set->target != ENG_TARGET_CLASSES) return;
    if (set->class_names != NULL) {
        put_names("classes", set->class_names, set->classes, out);
        return;
    }
    base_buf_puts(out, "classes: [");
    for (size_t i = 0; i < set->classes; i++) base_buf_printf(out, "%s\"%zu\"", i > 0 ? ", " : "", i);
    base_buf_puts(out, "]\n");
}

void eng_predictor_put(eng_sections *to, const eng_model *model, const eng_view *view) {
    const eng_normalizer *n = &view->normalizer;
    const float target[2] = {n->target_offset, n->target_scale};
    base_buf text = {0};
    eng_graph_write(eng_model_graph(model), eng_model_ports(model), &text);
    eng_sections_put(to, "network", VERSION, text.data, text.length);
    base_buf_clear(&text);
    put_samples(view->set, &text);
    eng_sections_put(to, "samples", VERSION, text.data, text.length);
    base_buf_fini(&text);
    eng_sections_begin(to, "normaliser", VERSION, (2 * n->features + 2) * sizeof(float));
    eng_sections_write(to, n->offset, n->features * sizeof(float));
    eng_sections_write(to, n->scale, n->features * sizeof(float));
    eng_sections_write(to, target, sizeof target);
}

base_status eng_predictor_save(const char *path, const eng_model *model, const float *average, const eng_view *view,
                               base_err *err) {
    eng_sections *to;
    const eng_params *params = eng_model_params(model);
    BASE_TRY(eng_sections_create(path, &to, err));
    eng_predictor_put(to, model, view);
    eng_checkpoint_put_params(to, "weights", params);
    if (average != NULL) eng_sections_put(to, "average", VERSION, average, eng_params_size(params) * sizeof(float));
    return eng_sections_finish(to, err);
}

/* ---- reading ---- */

static base_status take_text(const eng_sections *from, const char *name, base_arena *arena, char **out, size_t *length,
                             base_err *err) {
    BASE_TRY(eng_sections_expect(from, name, VERSION, SIZE_MAX, err));
    const eng_section *section = eng_sections_find(from, name);
    *length = (size_t)section->length;
    *out = base_arena_alloc(arena, *length + 1);
    return eng_sections_read(from, section, 0, *out, *length, err);
}

/* Names of positions inside a section: "model.ckpt (network):3:7". */
static const char *place_of(const eng_sections *from, const char *section, base_arena *arena) {
    return base_arena_printf(arena, "%s (%s)", eng_sections_path(from), section);
}

static base_status take_model(const eng_sections *from, size_t batch, eng_predictor *p, base_err *err) {
    char *text;
    size_t length;
    eng_graph *graph;
    eng_ports ports;
    const eng_model_options options = {.batch = batch};
    BASE_TRY(take_text(from, "network", p->arena, &text, &length, err));
    BASE_TRY(eng_graph_read(place_of(from, "network", p->arena), text, length, &graph, &ports, err));
    BASE_TRY(eng_model_adopt(graph, &ports, &options, &p->model, err));
    eng_params *params = eng_model_params(p->model);
    BASE_TRY(eng_checkpoint_fits_params(from, "weights", params, err));
    BASE_TRY(eng_checkpoint_take_params(from, "weights", params, err));
    if (eng_sections_find(from, "average") == NULL) return BASE_OK;
    return eng_sections_take(from, "average", VERSION, eng_params_values(params),
                             eng_params_size(params) * sizeof(float), err);
}

/* A list of `count` strings, or of any number for count = 0; NULL when there is none. */
static base_status read_names(const base_yaml_node *map, const char *key, size_t count, base_arena *arena,
                              const char *const **out, size_t *found, base_err *err) {
    const base_yaml_node *list = base_yaml_get(map, key);
    *out = NULL;
    if (list == NULL) return BASE_OK;
    if (list->kind != BASE_YAML_LIST || list->count == 0 || (count > 0 && list->count != count))
        return base_yaml_fail(list, err, "%s must be a list of names, one for each", key);
    const char **names = BASE_NEW_ARRAY(arena, list->count, const char *);
    for (size_t i = 0; i < list->count; i++) {
        if (!base_yaml_is_scalar(list->items[i])) return base_yaml_fail(list->items[i], err, "this is not a name");
        names[i] = base_arena_strdup(arena, list->items[i]->text);
    }
    *out = names;
    *found = list->count;
    return BASE_OK;
}

static base_status read_shape(const base_yaml_node *root, eng_predictor *p, base_err *err) {
    const base_yaml_node *shape = base_yaml_get(root, "shape");
    if (shape == NULL || shape->kind != BASE_YAML_LIST || shape->count == 0 || shape->count > ENG_DATASET_MAX_RANK)
        return base_yaml_fail(root, err, "the shape of a sample is missing: a list of one or three sizes");
    p->sample.ndim = shape->count;
    size_t count = 1;
    for (size_t i = 0; i < shape->count; i++) {
        const base_yaml_node *size = shape->items[i];
        if (size->kind != BASE_YAML_INT || size->integer < 1 || size->integer > INT32_MAX)
            return base_yaml_fail(size, err, "a size must be a whole number and at least 1");
        p->sample.dim[i] = (size_t)size->integer;
        if (__builtin_mul_overflow(count, p->sample.dim[i], &count)) count = 0;
    }
    if (count == eng_model_input_count(p->model)) return BASE_OK;
    return base_yaml_fail(shape, err, "the network reads %zu numbers, not %zu", eng_model_input_count(p->model), count);
}

/* As many answers as the task has. */
static base_status check_classes(const base_yaml_node *root, eng_predictor *p, size_t classes, base_err *err) {
    const eng_task task = eng_model_task(p->model);
    const size_t outputs = eng_model_output_count(p->model);
    const size_t wanted = task == ENG_REGRESSION ? 0 : task == ENG_BINARY ? 2 : outputs;
    p->answers = wanted > 0 ? wanted : outputs;
    if (wanted == classes && (task != ENG_BINARY || outputs == 1)) return BASE_OK;
    return base_yaml_fail(root, err, "the network answers for %zu classes, but %zu have a name", wanted, classes);
}

static base_status take_samples(const eng_sections *from, eng_predictor *p, base_err *err) {
    char *text;
    const char *const *target;
    size_t length, count, classes = 0;
    base_yaml_node *root;
    BASE_TRY(take_text(from, "samples", p->arena, &text, &length, err));
    BASE_TRY(base_yaml_parse(p->arena, place_of(from, "samples", p->arena), text, length, &root, err));
    BASE_TRY(read_shape(root, p, err));
    const base_yaml_node *set = base_yaml_get(root, "set");
    p->set_name = set != NULL && base_yaml_is_scalar(set) ? set->text : "data";
    BASE_TRY(read_names(root, "target", 1, p->arena, &target, &count, err));
    p->target_name = target != NULL ? target[0] : NULL;
    BASE_TRY(read_names(root, "features", eng_shape_count(&p->sample), p->arena, &p->feature_names, &count, err));
    BASE_TRY(read_names(root, "classes", 0, p->arena, &p->class_names, &classes, err));
    return check_classes(root, p, classes, err);
}

static base_status take_normalizer(const eng_sections *from, eng_predictor *p, base_err *err) {
    const size_t features = eng_shape_count(&p->sample), count = 2 * features + 2;
    float *numbers = BASE_NEW_ARRAY(p->arena, count, float);
    BASE_TRY(eng_sections_take(from, "normaliser", VERSION, numbers, count * sizeof *numbers, err));
    p->normalizer = (eng_normalizer){.features = features,
                                     .offset = numbers,
                                     .scale = numbers + features,
                                     .target_offset = numbers[count - 2],
                                     .target_scale = numbers[count - 1]};
    if (p->normalizer.target_scale != 0.0f) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s: the target's scale is 0", eng_sections_path(from));
}

static base_status take(const eng_sections *from, size_t batch, eng_predictor *p, base_err *err) {
    if (eng_sections_find(from, "network") == NULL)
        return BASE_FAIL(err, BASE_INVALID,
                         "%s has no section 'network', which says what its weights belong to: it is no training of one "
                         "network, or a former version of the program wrote it; then train it again",
                         eng_sections_path(from));
    BASE_TRY(take_model(from, batch, p, err));
    BASE_TRY(take_samples(from, p, err));
    return take_normalizer(from, p, err);
}

base_status eng_predictor_load(const char *path, size_t batch, eng_predictor **out, base_err *err) {
    eng_sections *from;
    *out = NULL;
    BASE_TRY(eng_sections_open(path, &from, err));
    base_arena *arena = base_arena_create();
    eng_predictor *p = BASE_NEW(arena, eng_predictor);
    p->arena = arena;
    const base_status status = take(from, batch, p, err);
    eng_sections_close(from);
    if (status != BASE_OK) {
        eng_predictor_destroy(p);
        return status;
    }
    *out = p;
    return BASE_OK;
}

void eng_predictor_destroy(eng_predictor *predictor) {
    if (predictor == NULL) return;
    eng_model_destroy(predictor->model);
    base_arena_destroy(predictor->arena);
}

/* ---- answers ---- */

/* From the outputs of one sample. */
static void answer(const eng_predictor *p, const float *outputs, float *answers) {
    const eng_task task = eng_model_task(p->model);
    if (task == ENG_MULTICLASS) {
        eng_model_kernels(p->model)->softmax(1, p->answers, outputs, answers);
    } else if (task == ENG_BINARY) {
        answers[1] = (float)(1.0 / (1.0 + exp(-(double)outputs[0])));
        answers[0] = (float)(1.0 / (1.0 + exp((double)outputs[0])));
    } else {
        for (size_t i = 0; i < p->answers; i++)
            answers[i] = outputs[i] / p->normalizer.target_scale + p->normalizer.target_offset;
    }
}

void eng_predictor_answer(eng_predictor *predictor, const eng_dataset *set, size_t begin, size_t count,
                          float *answers) {
    eng_predictor *p = predictor;
    const size_t features = p->normalizer.features, outputs = eng_model_output_count(p->model);
    BASE_ASSERT(count >= 1 && count <= eng_model_batch(p->model) && begin + count <= set->count);
    uint32_t *index = base_malloc(count * sizeof *index);
    float *x = base_malloc(count * features * sizeof *x);
    for (size_t i = 0; i < count; i++) index[i] = (uint32_t)(begin + i);
    eng_normalizer_gather(&p->normalizer, set, index, count, x);
    (void)eng_model_evaluate(p->model, &(eng_batch){.n = count, .x = x});
    const float *y = eng_model_outputs(p->model);
    for (size_t i = 0; i < count; i++) answer(p, y + i * outputs, answers + i * p->answers);
    free(index);
    free(x);
}
