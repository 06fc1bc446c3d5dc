/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stopping rule of a search: whether it ends after an epoch, and of which epoch the genotype is taken; or whether it
 * goes back to an earlier epoch and on from there with another decay of the weights.
 *
 * A pure function of the figures of all epochs, so that nothing of a rule must be saved. One file in nas/stops, one
 * constant descriptor at its end, one line in its registry.c. */
#ifndef NAS_STOP_H
#define NAS_STOP_H

#include "base/options.h"
#include "nas/figures.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_verdict {
    bool stop, early;    /* early: by the rule, before the last epoch */
    bool restart;        /* goes on from the state after epoch `genotype`, with this decay of the weights */
    double weight_decay; /* where it restarts */
    size_t genotype;     /* index of the epoch whose genotype is the result */
    char reason[160];    /* for people; "" when it goes on */
} nas_verdict;

/* Epochs are counted from 0: history[e] is what is known after epoch e, count > 0 of them. Those that were gone back
 * from are not among them. */
typedef struct nas_stop_type {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;          /* of the options: a rule remembers nothing */
    bool reads_alphas;          /* by figures that only learned alphas give: eigenvalue, skips, pools */
    /* Whether the figures of this epoch must hold the eigenvalue. NULL = never. */
    bool (*wants_eigenvalue)(const void *state, size_t epoch);
    /* Whether to stop now; fills genotype and reason then. A restart is no stop: it fills weight_decay, too, from the
     * figure of that name. NULL = never. */
    bool (*judge)(const void *state, const nas_figures *history, size_t count, nas_verdict *verdict);
    /* Where it restarts: how many states it may go back to, of the newest epochs for which wants_state is true. NULL =
     * none. */
    size_t (*states)(const void *state);
    bool (*wants_state)(const void *state, size_t epoch);
} nas_stop_type;

const nas_stop_type *const *nas_stops(size_t *count);
const nas_stop_type *nas_stop_find(const char *name); /* or NULL */

typedef struct nas_stop nas_stop;
/* options: a map or NULL; it must outlive the rule. */
BASE_CHECK base_status nas_stop_create(const nas_stop_type *type, const base_yaml_node *options, nas_stop **out,
                                       base_err *err);
void nas_stop_destroy(nas_stop *stop);
size_t nas_stop_states(const nas_stop *stop);
bool nas_stop_wants_state(const nas_stop *stop, size_t epoch);
bool nas_stop_wants_eigenvalue(const nas_stop *stop, size_t epoch);
/* After `count` of at most `total` epochs. Whatever the rule, the last epoch is the last, with its own genotype. */
nas_verdict nas_stop_judge(const nas_stop *stop, const nas_figures *history, size_t count, size_t total);

#ifdef __cplusplus
}
#endif
#endif
