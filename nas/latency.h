/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of latencies: how long a forward pass of one sample takes one thread of this machine, by operation and shape,
 * as in B. Wu et al., "FBNet", CVPR 2019, section 3.3; and a row for the rest of a network. The latency of a network is
 * the sum of its entries, whatever it takes itself. As text, of which a run keeps a copy:
 *
 *   machine,AMD EPYC 7763 64-Core Processor
 *   operation,height,width,channels_in,channels_out,stride,nanoseconds
 *   sep_conv_3x3,28,28,16,16,1,183000
 *   rest,28,28,1,16,8,950000              image [height, width, channels], channels and cells of the network */
#ifndef NAS_LATENCY_H
#define NAS_LATENCY_H

#include "nas/costs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_latency_row {
    const nas_operation *operation; /* NULL: the rest of a network */
    size_t height, width, channels_in, channels_out, stride;
    double nanoseconds; /* whole */
} nas_latency_row;

typedef struct nas_latency {
    const char *machine; /* base_cpu_model */
    nas_latency_row *rows;
    size_t count, capacity;
} nas_latency;

/* Of the networks that nas_costs_count counts: each operation and shape by itself, the median of repeated passes, in
 * time that the thread has computed, with caches as warm as repetition makes them; the rest is what a network of the
 * space takes beyond its entries. Some seconds at most; owned by the caller, its text by the arena. BASE_INVALID as of
 * nas_skeleton_build; BASE_NOMEM. */
BASE_CHECK base_status nas_latency_measure(const nas_space *space, const nas_settings *settings,
                                           const eng_net_config *around, base_arena *arena, nas_latency *out,
                                           base_err *err);
void nas_latency_fini(nas_latency *latency);
void nas_latency_write(const nas_latency *latency, base_buf *out);
/* BASE_INVALID "file:line: ...". */
BASE_CHECK base_status nas_latency_read(const char *file, const char *text, base_arena *arena, nas_latency *out,
                                        base_err *err);
/* Fills the latencies of costs, which are of the same space, settings and surroundings. BASE_INVALID names an entry
 * that the table does not have. */
BASE_CHECK base_status nas_latency_apply(const nas_latency *latency, const nas_settings *settings,
                                         const eng_net_config *around, nas_costs *costs, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
