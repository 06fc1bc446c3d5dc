/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trained network that answers: graph, weights, what its samples look like, how they are normalized, and what its
 * answers are called.
 *
 * It is read from a checkpoint of a supervised training, or from a file with these of its sections alone:
 *
 *   network     the graph as text (engine/modules/graph_text.h)
 *   samples     YAML: shape of a sample, names of features and classes
 *   normalizer  floats: offset and scale of each feature, then those of the target
 *   weights     as in checkpoints; and `average`, which counts instead where it is there */
#ifndef ENG_TRAIN_PREDICTOR_H
#define ENG_TRAIN_PREDICTOR_H

#include "engine/data/view.h"
#include "engine/modules/model.h"
#include "engine/train/sections.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_predictor {
    base_arena *arena;
    eng_model *model;
    eng_normalizer normalizer;
    eng_shape sample;                 /* [height, width, channels], or [features] */
    const char *set_name;             /* of the data that it was trained on */
    const char *target_name;          /* or NULL */
    const char *const *feature_names; /* one for each feature, or NULL */
    const char *const *class_names;   /* NULL: it answers with numbers */
    size_t answers;                   /* numbers of an answer: a probability for each class, else the outputs */
} eng_predictor;

/* The sections network, samples and normalizer of a model that is trained on this view. */
void eng_predictor_put(eng_sections *to, const eng_model *model, const eng_view *view);
/* A file of its own. average: as eng_trainer_average. BASE_IO. */
BASE_CHECK base_status eng_predictor_save(const char *path, const eng_model *model, const float *average,
                                          const eng_view *view, base_err *err);

/* batch: samples that are computed together. BASE_NOTFOUND, BASE_IO, BASE_CORRUPT; BASE_INVALID when the file is sound
 * but has no network, or one that this program cannot build. */
BASE_CHECK base_status eng_predictor_load(const char *path, size_t batch, eng_predictor **out, base_err *err);
void eng_predictor_destroy(eng_predictor *predictor);

/* Of the samples begin .. begin + count - 1 (at most a batch) of a set with samples of this shape: answers [count,
 * answers], probabilities of the classes, or numbers in the target's own unit. */
void eng_predictor_answer(eng_predictor *predictor, const eng_dataset *set, size_t begin, size_t count, float *answers);

#ifdef __cplusplus
}
#endif
#endif
