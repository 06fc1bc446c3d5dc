/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Optimizers: a rule that turns gradients into new parameters, with one block of memory per slot.
 *
 * PyTorch's conventions, so that a user can compare: weight_decay is coupled (g += weight_decay w) for every rule but
 * adamw, where it is decoupled (w *= 1 - rate weight_decay). It acts on parameters marked ENG_PARAM_DECAY only.
 * Clipping acts on the gradients before the decay: first by norm, then by value. */
#ifndef ENG_OPTIMIZER_H
#define ENG_OPTIMIZER_H

#include "engine/tensor/kernels.h"
#include "engine/tensor/param.h"
#include "engine/tensor/threads.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_optimizer_config {
    double momentum;     /* momentum, nesterov: 0 <= momentum < 1 */
    double beta1, beta2; /* adam, adamw */
    double rho;          /* rmsprop: decay of the mean square (PyTorch's alpha) */
    double epsilon;      /* adagrad, rmsprop, adam, adamw */
    double weight_decay; /* all */
    double clip_norm;    /* all: limit of the global gradient norm; 0 = off */
    double clip_value;   /* all: limit of each gradient; 0 = off */
} eng_optimizer_config;

#define ENG_OPTIMIZER_MAX_SLOTS 2

typedef struct eng_optimizer_type {
    const char *name, *summary;
    eng_optimizer_config defaults; /* start from these, then set what the user gave */
    const char *const *settings;   /* names of the rule's own fields of the config, NULL-terminated */
    size_t slots;
    const char *slot_names[ENG_OPTIMIZER_MAX_SLOTS];
    bool decoupled; /* weight decay */
    /* Fills u->rate, beta1, beta2, epsilon, correction for step t = 1, 2, ... */
    void (*prepare)(const eng_optimizer_config *config, double rate, uint64_t t, eng_update *u);
    eng_update_fn *(*kernel)(const eng_kernels *kernels);
} eng_optimizer_type;

#define ENG_OPTIMIZER_LIST(X)                                                                                          \
    X(sgd)                                                                                                             \
    X(momentum)                                                                                                        \
    X(nesterov)                                                                                                        \
    X(adagrad)                                                                                                         \
    X(rmsprop)                                                                                                         \
    X(adam)                                                                                                            \
    X(adamw)

#define ENG_OPTIMIZER_EXTERN(name) extern const eng_optimizer_type eng_optimizer_##name;
ENG_OPTIMIZER_LIST(ENG_OPTIMIZER_EXTERN)
#undef ENG_OPTIMIZER_EXTERN

extern const char *const eng_optimizer_names[];                 /* NULL-terminated */
const eng_optimizer_type *eng_optimizer_find(const char *name); /* or NULL */

typedef struct eng_optimizer eng_optimizer;

/* Of the parameters of group 0. params and kernels must outlive the optimizer. BASE_INVALID names a setting out of
 * bounds; BASE_NOMEM. */
BASE_CHECK base_status eng_optimizer_create(const eng_optimizer_type *type, const eng_optimizer_config *config,
                                            eng_params *params, const eng_kernels *kernels, eng_optimizer **out,
                                            base_err *err);
/* The same of any group: of its numbers alone are the norm that clips, and the slots. */
BASE_CHECK base_status eng_optimizer_create_group(const eng_optimizer_type *type, const eng_optimizer_config *config,
                                                  eng_params *params, uint32_t group, const eng_kernels *kernels,
                                                  eng_optimizer **out, base_err *err);
void eng_optimizer_destroy(eng_optimizer *optimizer);
/* Steps that follow are shared by `threads` (NULL = the caller alone), which must outlive them: the same bits. */
void eng_optimizer_threads(eng_optimizer *optimizer, eng_threads *threads);
/* Floats first .. end - 1 of the blocks of values and gradients. */
typedef struct eng_span {
    size_t first, end;
} eng_span;
/* What eng_optimizer_step leaves alone from here on, values and slots: `count` spans of its group, rising, which do not
 * overlap and outlive the steps. Their gradients have no part in the norm that clips. */
void eng_optimizer_freeze(eng_optimizer *optimizer, const eng_span *spans, size_t count);
/* Another weight_decay in the steps that follow: a number, at least 0. */
void eng_optimizer_set_decay(eng_optimizer *optimizer, double weight_decay);
/* One step with the gradients of its group that the parameter list holds. rate is the learning rate after the schedule.
 * Returns the global gradient norm before clipping when clip_norm is set, else 0. */
double eng_optimizer_step(eng_optimizer *optimizer, double rate);
/* The same step in parts, when no part must know all gradients first (clip_norm is 0). The updater is to be applied to
 * every trained parameter once, whole or in pieces, in any order. */
bool eng_optimizer_in_parts(const eng_optimizer *optimizer);
const eng_updater *eng_optimizer_begin(eng_optimizer *optimizer, double rate);

const eng_optimizer_type *eng_optimizer_type_of(const eng_optimizer *optimizer);
/* The whole state: the count of steps taken, and slots, each a block of eng_optimizer_size floats laid out like the
 * group's parameters (of a list with one group like all of it, so that eng_params_view shows one parameter's part). */
size_t eng_optimizer_size(const eng_optimizer *optimizer);
uint64_t eng_optimizer_steps(const eng_optimizer *optimizer);
void eng_optimizer_set_steps(eng_optimizer *optimizer, uint64_t steps);
size_t eng_optimizer_slots(const eng_optimizer *optimizer);
const char *eng_optimizer_slot_name(const eng_optimizer *optimizer, size_t slot);
float *eng_optimizer_slot(const eng_optimizer *optimizer, size_t slot);

#ifdef __cplusplus
}
#endif
#endif
