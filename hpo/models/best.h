/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best of many results, without sorting them all. */
#ifndef HPO_MODELS_BEST_H
#define HPO_MODELS_BEST_H

#include "hpo/models/observations.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_ranked {
    double fidelity, loss, violation;
    uint64_t trial;
    size_t row; /* of the data set */
} hpo_ranked;

/* The order of results: failures last, infeasible ones before them, then higher fidelity first, then the smaller
 * violation, then hpo_loss_less. */
bool hpo_ranked_less(const hpo_ranked *a, const hpo_ranked *b);
/* Moves the `count` best to the front, in no particular order, in O(n). */
void hpo_ranked_select(hpo_ranked *rows, size_t n, size_t count);
void hpo_ranked_sort(hpo_ranked *rows, size_t n);
/* Moves the `count` best to the front, best first; fastest where they are few. */
void hpo_ranked_first(hpo_ranked *rows, size_t n, size_t count);
/* The rows of a data set; ranked: room for data->n. */
void hpo_ranked_fill(hpo_ranked *ranked, const hpo_dataset *data);
/* The configurations of the `most` best successful rows by violation and loss, best first (ties to the earlier row),
 * hpo_space_count doubles each; returns how many there are. */
size_t hpo_best_configs(const hpo_dataset *data, hpo_view view, size_t most, double *configs);
/* min(ceil(share n), most): the size of TPE's good set. */
size_t hpo_best_count(size_t n, double share, size_t most);

#ifdef __cplusplus
}
#endif
#endif
