/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a search share. */
#ifndef NAS_SEARCH_IMPL_H
#define NAS_SEARCH_IMPL_H

#include "engine/train/feed.h"
#include "engine/train/trainer.h"
#include "nas/narrow.h"
#include "nas/problem.h"
#include "nas/search.h"
#include "nas/snapshots.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stage of the course (nas/search_stages.c). */
typedef struct nas_stage {
    const nas_space *space;   /* NULL = not known yet */
    nas_relaxation *reader;   /* of weights from alphas; it is built into no network */
    double **block;           /* scratch over its operations */
    const nas_limits *limits; /* those of the search in this space; NULL = none */
} nas_stage;

struct nas_search {
    base_arena *arena;
    nas_search_settings settings;
    const nas_choices *choices;
    const nas_space *space; /* the whole */
    const eng_view *view;
    eng_threads *threads; /* NULL = one */
    eng_net_config surroundings;
    nas_stage *stages;
    size_t stage; /* that the network is of */
    nas_supernet *net;
    nas_problem *problem;
    nas_step *step, *warm_up; /* warm_up: where the alphas stay */
    nas_stop *stop;
    nas_agreement *agreement; /* NULL = the course freezes nothing */
    nas_snapshots *snapshots; /* NULL = the rule does not go back */
    const void *selection_state, *course_state;
    uint32_t *indices;
    eng_part half[2]; /* by nas_loss */
    double guess; /* the loss (of numbers: the mean square) of who knows no more than the targets of the alphas' half */
    eng_feed *feed[2];
    eng_trainer *trainer;    /* drives nas_search_step */
    double **block, **edges; /* scratch over operations and edges */

    /* What the step has besides the problem, all of it in a checkpoint or computed from one. */
    double error_sum;     /* of the samples of the present epoch */
    nas_figures *figures; /* of finished epochs */
    nas_figures *line;    /* of those that led to the present state: all, but those that were gone back from */
    float *alphas; /* of them for each: alphas by cell type, and the fractions of edges where these are weighed */
    size_t epochs, figures_capacity, alphas_capacity, line_count, line_capacity;
    double weight_decay; /* of the weights now */
    nas_verdict verdict;
};

/* The step that the trainer drives; self is the search, which it does not own. */
extern const eng_step_type nas_search_step;

/* ---- stages ---- */

size_t nas_search_stages(const nas_search *search);
void nas_search_begin_stages(nas_search *search);
nas_supernet_options nas_search_net_options(const nas_search *search, size_t index, const nas_space *space);
BASE_CHECK base_status nas_search_create_net(nas_search *search, size_t index, base_err *err);
void nas_search_destroy_net(nas_search *search);
/* From the present stage to a later one, between two epochs. On failure there may be no network. */
BASE_CHECK base_status nas_search_enter(nas_search *search, size_t index, base_err *err);
/* The network of a stage, when figures and alphas are read from a file. */
BASE_CHECK base_status nas_search_reenter(nas_search *search, size_t index, base_err *err);
/* The largest supernet of all stages. */
BASE_CHECK base_status nas_search_measure_stages(nas_search *search, nas_supernet_size *out, base_err *err);
/* The mean weights after an epoch as blocks of its stage's space, times the fractions of edges or not. epoch: also the
 * present one, when its alphas are recorded. */
void nas_search_stage_weights(const nas_search *search, size_t epoch, bool shares, base_arena *arena,
                              double *const *weights);

/* ---- steps ---- */

/* What holds in the present epoch. */
nas_course_epoch nas_search_course(const nas_search *search);
/* Scores of the supernet in evaluation mode on the first `batches` batches of a part, 0 = all. draw: with edge weights
 * drawn for each batch, where they are drawn; else as they are. */
eng_scores nas_search_evaluate(nas_search *search, eng_part part, size_t batches, bool draw);
/* The score that figures call error: that of classes, the mean square of numbers. */
double nas_search_error(const eng_scores *scores);
/* What a selection that explores finds with the supernet now, which it leaves as it was; in arena. */
BASE_CHECK base_status nas_search_explore(nas_search *search, const nas_search_watch *watch, base_arena *arena,
                                          nas_genotype **out, base_err *err);
/* Share of the epochs that is over in the present one. */
double nas_search_progress(const nas_search *search);
/* Numbers that are kept of the architecture after each epoch. */
size_t nas_search_kept(const nas_search *search);
/* Fills what the alphas of the present epoch, which are recorded, say: entropy, skips, pools. */
BASE_CHECK base_status nas_search_describe(nas_search *search, nas_figures *figures, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
