/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the operations of a supernet still learn what holds for other data: for each operation of each edge and cell
 * the cosine of the gradients of its weights by the training batch and by the validation batch, averaged over its
 * tensors and over some steps. Where that falls below a threshold, the weights of the operation are frozen for the rest
 * of the search: it has begun to learn by heart, and would win the edge by it (S. Jiang, Z. Ji, G. Zhu, C. Yuan, Y.
 * Huang, "Operation-Level Early Stopping for Robustifying Differentiable NAS", NeurIPS 2023, section 4). */
#ifndef NAS_AGREEMENT_H
#define NAS_AGREEMENT_H

#include "engine/optim/optimizer.h"
#include "engine/train/sections.h"
#include "nas/supernet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_agreement nas_agreement;

/* Over so many steps, at least 1. weights: the optimizer of the net's weights; both must outlive it. BASE_NOMEM. */
BASE_CHECK base_status nas_agreement_create(size_t steps, double threshold, nas_supernet *net, eng_optimizer *weights,
                                            nas_agreement **out, base_err *err);
void nas_agreement_destroy(nas_agreement *agreement); /* accepts NULL */

/* In each step: when the gradients of the net are those of the validation batch, and then, at the same weights, when
 * they are those of the training batch, before the optimizer moves. Without the first the second does nothing. */
void nas_agreement_valid(nas_agreement *agreement);
void nas_agreement_train(nas_agreement *agreement);
void nas_agreement_forget(nas_agreement *agreement); /* gradients of the validation batch that were seen */

size_t nas_agreement_operations(const nas_agreement *agreement); /* that have weights */
size_t nas_agreement_frozen(const nas_agreement *agreement);
/* "cell3.e5.sep_conv_3x3", its mean in the present window (NaN: not seen yet), and whether it is frozen. */
const char *nas_agreement_name(const nas_agreement *agreement, size_t index);
double nas_agreement_mean(const nas_agreement *agreement, size_t index);
bool nas_agreement_is_frozen(const nas_agreement *agreement, size_t index);
/* Freezes it now. */
void nas_agreement_freeze(nas_agreement *agreement, size_t index);

/* NaN where a vector is zero. */
double nas_cosine(const eng_kernels *kernels, size_t count, const float *a, const float *b);

/* As the parts of a checkpoint (engine/train/checkpoint.h). */
void nas_agreement_put(const nas_agreement *agreement, eng_sections *to);
BASE_CHECK base_status nas_agreement_fit(const nas_agreement *agreement, const eng_sections *from, base_err *err);
BASE_CHECK base_status nas_agreement_read(nas_agreement *agreement, const eng_sections *from, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
