/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a search was after some of its epochs, to go back to: all parameters with running statistics, and the alphas'
 * optimizer. So many of the newest ones as its rule may ask for are kept, in memory and in a checkpoint. */
#ifndef NAS_SNAPSHOTS_H
#define NAS_SNAPSHOTS_H

#include "engine/train/sections.h"
#include "nas/problem.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_snapshots nas_snapshots;

/* At most `most` (at least 1) of them. net and problem must outlive them. BASE_NOMEM. */
BASE_CHECK base_status nas_snapshots_create(size_t most, nas_supernet *net, nas_problem *problem, nas_snapshots **out,
                                            base_err *err);
void nas_snapshots_destroy(nas_snapshots *snapshots); /* accepts NULL */
/* Of one, given the bytes of all parameters once and the number of alphas. */
size_t nas_snapshot_bytes(size_t block, size_t alphas);

/* Of the state now, after an epoch, in the place of the oldest one. */
void nas_snapshots_take(nas_snapshots *snapshots, size_t epoch);
/* The state after that epoch, of which there is one, comes back; the weights' momentum becomes 0. Later ones are
 * forgotten. */
void nas_snapshots_restore(nas_snapshots *snapshots, size_t epoch);

/* As the parts of a checkpoint (engine/train/checkpoint.h). */
void nas_snapshots_put(const nas_snapshots *snapshots, eng_sections *to);
BASE_CHECK base_status nas_snapshots_fit(const nas_snapshots *snapshots, const eng_sections *from, base_err *err);
BASE_CHECK base_status nas_snapshots_read(nas_snapshots *snapshots, const eng_sections *from, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
