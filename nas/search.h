/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An architecture search over a supernet: epochs of steps on two halves of the training data, figures and a genotype
 * after each, a rule that ends it, and a genotype at the end.
 *
 * Everything random is a function of the seed and of counters, so a search that is saved and continued gives the bits
 * of one that was never interrupted. */
#ifndef NAS_SEARCH_H
#define NAS_SEARCH_H

#include "engine/data/augment.h"
#include "engine/data/view.h"
#include "nas/choices.h"
#include "nas/figures.h"
#include "nas/limits.h"
#include "nas/supernet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a search is besides its choices and its space; defaults are those of Liu et al., "DARTS", ICLR 2019, A.1. */
typedef struct nas_search_settings {
    int64_t epochs;                            /* all of them, if no rule stops before */
    int64_t batch_size;                        /* samples of each half in a step */
    int64_t channels, cells;                   /* of the supernet; 0 = those of the space */
    double learning_rate, final_learning_rate; /* of the weights: a cosine, one rate per epoch */
    double momentum, weight_decay, clip_norm;  /* of the weights */
    double alpha_learning_rate, alpha_weight_decay;
    int64_t seed;
    int64_t threads;          /* that share a pass; 0 = 1. The bits do not depend on it */
    const nas_limits *limits; /* of what is chosen, which are possible; NULL = none. Outlives the search */
    double limit_penalty;     /* weight of the alphas' penalty above the limits (nas_limits_penalty) */
} nas_search_settings;

/* All but `epochs`, `seed`, `threads` and the limits, which belong to the study. */
extern const base_option nas_search_options[];

typedef struct nas_search nas_search;

/* choices, space and view must outlive it; the halves are those of view's training part. augment of images; NULL =
 * none. BASE_INVALID when settings, space and data do not fit; BASE_NOMEM. */
BASE_CHECK base_status nas_search_create(const nas_search_settings *settings, const nas_choices *choices,
                                         const nas_space *space, const eng_view *view, const eng_augment *augment,
                                         nas_search **out, base_err *err);
void nas_search_destroy(nas_search *search);
/* What such a search takes (bytes as nas_search_bytes), with neither network nor optimizers in memory. */
BASE_CHECK base_status nas_search_measure(const nas_search_settings *settings, const nas_choices *choices,
                                          const nas_space *space, const eng_view *view, nas_supernet_size *out,
                                          base_err *err);

/* How a caller follows a search; any may be NULL. */
typedef struct nas_search_watch {
    void *self;
    bool (*epoch)(void *self, const nas_search *search); /* after each; true = stop now */
    bool (*stop)(void *self);                            /* asked every `pause` seconds, between steps */
    double pause;
    void (*explored)(void *self, size_t done, size_t of); /* of what a selection that explores decides */
} nas_search_watch;

/* Until `epochs` are finished, or the rule ends the search. BASE_CANCELLED: told to stop, to be saved and continued;
 * BASE_NUMERIC: it diverged. */
BASE_CHECK base_status nas_search_run(nas_search *search, uint64_t epochs, const nas_search_watch *watch,
                                      base_err *err);

/* ---- what came out ---- */

size_t nas_search_epochs(const nas_search *search);        /* finished */
uint64_t nas_search_steps(const nas_search *search);       /* taken in all */
uint64_t nas_search_epoch_steps(const nas_search *search); /* that an epoch has */
const nas_figures *nas_search_figures(const nas_search *search, size_t epoch);
/* Of the last epoch: whether the search is over, why, and whose epoch's genotype is the result. */
const nas_verdict *nas_search_verdict(const nas_search *search);
/* One line about an epoch: losses and errors of both halves, entropy, eigenvalue, skips and pools. */
void nas_search_write_figures(const nas_search *search, size_t epoch, base_buf *out);
/* What people should know after an epoch, in words: for three epochs the supernet has done no better than a guess by
 * the frequencies of the classes (the mean of numbers); skips or pools stand on at least half of the normal cell's
 * edges, which looks like a collapse; the rule ends the search early or goes back. false = nothing. */
bool nas_search_warning(const nas_search *search, size_t epoch, base_buf *out);
/* The genotype that the alphas after an epoch mean, in arena: by the selection, or by magnitude where that explores;
 * NULL where there are no alphas. */
BASE_CHECK base_status nas_search_genotype_after(const nas_search *search, size_t epoch, base_arena *arena,
                                                 nas_genotype **out, base_err *err);
/* The genotype of the search so far: that of the verdict's epoch, or what the selection finds with the weights now,
 * which are as before when it is done. At least one epoch is finished. */
BASE_CHECK base_status nas_search_genotype(nas_search *search, base_arena *arena, nas_genotype **out, base_err *err);
/* The same, followed by a watch (NULL: nobody). BASE_CANCELLED: it was told to stop; asked again it begins anew. */
BASE_CHECK base_status nas_search_select(nas_search *search, const nas_search_watch *watch, base_arena *arena,
                                         nas_genotype **out, base_err *err);
/* The alphas and mean edge weights after an epoch, by cell type. */
void nas_search_alphas(const nas_search *search, size_t epoch, double *const *alphas);
void nas_search_weights(const nas_search *search, size_t epoch, double *const *weights);
/* Rows "epoch,train_loss,train_error,valid_loss,valid_error,entropy,eigenvalue,skips,pools" of all finished epochs,
 * with a header; what is not known is empty. train: the half that trains the weights. */
void nas_search_write_epochs(const nas_search *search, base_buf *out);
/* Rows "epoch,cell,from,to,operation,alpha,weight" of all finished epochs, with a header. */
void nas_search_write_alphas(const nas_search *search, base_buf *out);

const nas_supernet *nas_search_supernet(const nas_search *search);
size_t nas_search_bytes(const nas_search *search); /* supernet, optimizers, copies of a step, buffers */
/* Passes over the whole training part (forward and backward = 1, forward = 1/3) that the epochs after `from` up to `to`
 * cost in a search of `epochs`: both halves' steps and the evaluation. */
double nas_search_cost(const nas_choices *choices, int64_t epochs, double from, double to);

/* The same of finding a genotype after the search: 0 where it is read off the alphas. */
double nas_selection_cost(const nas_choices *choices, const nas_space *space);

/* ---- to go on later ---- */

/* A whole file or none. BASE_IO. */
BASE_CHECK base_status nas_search_save(const nas_search *search, const char *path, base_err *err);
/* Into a search made with the same settings, choices, space and view, which stays as it is on failure (but for
 * BASE_IO). BASE_NOTFOUND; BASE_CORRUPT; BASE_INVALID when the file is of another search. */
BASE_CHECK base_status nas_search_load(nas_search *search, const char *path, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
