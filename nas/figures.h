/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of a search after an epoch: what people watch and what stopping rules read. */
#ifndef NAS_FIGURES_H
#define NAS_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_figures {
    double train_loss, train_error; /* of the half that trains the weights: the mean over the epoch's steps */
    double valid_loss, valid_error; /* of the other half: the supernet in evaluation mode, after the epoch */
    double entropy;    /* of the edge weights, mean over edges, as a fraction of that of equal weights: 1 = undecided */
    double eigenvalue; /* the largest of d2L_valid/da2; NaN where it was not computed */
    double weight_decay; /* of the weights, in this epoch */
    uint32_t epoch;      /* 1, 2, ... */
    uint32_t from;       /* the epoch whose state it began with: the one before, unless the search had gone back; 0 */
    uint32_t stage;      /* 1, 2, ...: of the course */
    uint32_t skips, pools, chosen; /* edges of the genotype's normal cell: so many of `chosen` are skips, pools */
    uint32_t frozen, learners;     /* operations of all cells whose weights are frozen, of so many; 0: none can be */
    double seconds;                /* what the epoch took, also in runs before an interruption */
} nas_figures;

#ifdef __cplusplus
}
#endif
#endif
