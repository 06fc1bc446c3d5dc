/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a search share. */
#ifndef NAS_SEARCH_IMPL_H
#define NAS_SEARCH_IMPL_H

#include "engine/data/loader.h"
#include "nas/problem.h"
#include "nas/search.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How far a search is. The order of batches needs no state: it is a function of seed and epoch. */
typedef struct nas_progress {
    uint64_t epoch; /* finished epochs */
    uint64_t batch; /* steps taken in the next one */
    uint64_t seen;  /* samples in those steps, the sum of their losses, and of their errors */
    double loss_sum, error_sum;
    double seconds; /* spent on those steps */
} nas_progress;

struct nas_search {
    base_arena *arena;
    nas_search_settings settings;
    const nas_choices *choices;
    const nas_space *space;
    const eng_view *view;
    eng_threads *threads; /* NULL = one */
    nas_supernet *net;
    nas_problem *problem;
    nas_step *step;
    nas_stop *stop;
    const void *weights_state, *selection_state;
    uint32_t *indices;
    eng_part half[2]; /* by nas_loss */
    eng_loader *loader[2];
    eng_batch batch[2];
    float *x[2], *values[2];
    int32_t *labels[2];
    nas_progress progress;
    nas_figures *figures; /* of every finished epoch */
    float *alphas;        /* nas_search_alpha_count for each of them, by cell type */
    size_t figures_capacity, alphas_capacity;
    nas_verdict verdict;
    double **block; /* scratch over the operations */
};

/* Numbers of all cell types. */
size_t nas_search_alpha_count(const nas_search *search);
/* Batch `number` of all that a half ever gives, into the buffers. */
const eng_batch *nas_search_batch(nas_search *search, nas_loss half, uint64_t number);
/* Share of wrong answers (mean squared error, of numbers) of the batch that went through the supernet last, times its
 * samples. */
double nas_search_errors(const nas_search *search, const eng_batch *batch);
/* Loss and error of the supernet in evaluation mode on the first `batches` batches of a half in its own order; 0 = all.
 * draw: with the edge weights of evaluation, where they are drawn; else as they are. */
void nas_search_evaluate(nas_search *search, nas_loss half, size_t batches, bool draw, double *loss, double *error);
/* Everything that is known after an epoch is kept. */
void nas_search_record(nas_search *search, const nas_figures *figures);
/* Fills what the alphas say: entropy, skips, pools. */
BASE_CHECK base_status nas_search_describe(nas_search *search, nas_figures *figures, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
