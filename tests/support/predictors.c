/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/predictors.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/case_nets.h"
#include "tests/support/sample_nets.h"

enum { MOST_NUMBERS = 60000 }; /* of a network that a C compiler reads in a moment */

static const char *const class_names[] = {"a", "b", "c\"\\", "d*/", "e", "f", "g", "h", "i", "\xc3\xa4"};

/* Every feature has another offset and scale. */
static eng_predictor *wrap(eng_model *model) {
    base_arena *arena = base_arena_create();
    eng_predictor *p = BASE_NEW(arena, eng_predictor);
    const size_t features = eng_model_input_count(model);
    *p = (eng_predictor){.arena = arena,
                         .model = model,
                         .sample = eng_graph_value(eng_model_graph(model), eng_model_ports(model)->x)->shape,
                         .set_name = "test",
                         .class_names = eng_model_task(model) == ENG_MULTICLASS ? class_names : NULL,
                         .answers = eng_model_output_count(model)};
    float *offset = BASE_NEW_ARRAY(arena, features, float), *scale = BASE_NEW_ARRAY(arena, features, float);
    for (size_t i = 0; i < features; i++) {
        offset[i] = 0.1f * sinf((float)i);
        scale[i] = 1.0f + 0.1f * cosf((float)i);
    }
    p->normalizer = (eng_normalizer){
        .features = features, .offset = offset, .scale = scale, .target_offset = 3.0f, .target_scale = 0.5f};
    return p;
}

/* Of a data set with this sample alone. Aborts where it cannot be made. */
static void ask(named_predictor *n) {
    const size_t features = n->predictor->normalizer.features;
    eng_dataset *set;
    n->x = calloc(features, sizeof *n->x);
    n->answer = calloc(n->predictor->answers, sizeof *n->answer);
    if (n->x == NULL || n->answer == NULL ||
        eng_dataset_create("x", ENG_TARGET_NUMBERS, ENG_STORE_REALS, 1, 1, &features, &set, NULL) != BASE_OK)
        abort();
    for (size_t i = 0; i < features; i++) set->reals[i] = n->x[i] = 1.5f * sinf((float)(i * i % 211));
    eng_predictor_answer(n->predictor, set, 0, 1, n->answer);
    eng_dataset_destroy(set);
}

static void add(named_predictor *list, size_t *count, const char *name, eng_model *model) {
    list[*count] = (named_predictor){.name = name, .predictor = wrap(model)};
    ask(&list[(*count)++]);
}

named_predictor *predictors_create(size_t *count) {
    named_predictor *list = calloc(op_cases_count + sample_nets_count, sizeof *list);
    if (list == NULL) abort();
    *count = 0;
    for (size_t i = 0; i < op_cases_count; i++)
        if (case_net_possible(&op_cases[i]) && op_cases[i].op->exporter != NULL)
            add(list, count, op_cases[i].name, case_net_model(&op_cases[i], 1));
    for (size_t i = 0; i < sample_nets_count; i++) {
        eng_model *model = sample_net_model(&sample_nets[i], 1, NULL);
        if (eng_model_numbers(model) <= MOST_NUMBERS)
            add(list, count, sample_nets[i].name, model);
        else
            eng_model_destroy(model);
    }
    return list;
}

void predictors_destroy(named_predictor *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        eng_predictor_destroy(list[i].predictor);
        free(list[i].x);
        free(list[i].answer);
    }
    free(list);
}
