/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stops at the first sign of collapse: H. Liang, S. Zhang, J. Sun, X. He, W. Huang, K. Zhuang, Z. Li, "DARTS+: Improved
 * Differentiable Architecture Search with Early Stopping", 2019, criterion 1: two or more skip connections in one
 * normal cell. */
#include <stdio.h>

#include "nas/stop.h"

typedef struct skips {
    int64_t skips, start;
} skips;

static bool judge(const void *state, const nas_figures *history, size_t count, nas_verdict *verdict) {
    const skips *s = state;
    const nas_figures *now = &history[count - 1];
    if (count - 1 < (size_t)s->start || now->skips < (uint64_t)s->skips) return false;
    snprintf(verdict->reason, sizeof verdict->reason, "the normal cell has %u skip connections of %u edges",
             (unsigned)now->skips, (unsigned)now->chosen);
    return true;
}

static const base_option options[] = {
    {.name = "skips",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(skips, skips),
     .fallback = "2",
     .min = 1,
     .help = "so many skip connections in the normal cell, or more, end the search"},
    {.name = "start",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(skips, start),
     .fallback = "0",
     .max = 1e9,
     .help = "first epoch that may end it, counted from 0"},
    BASE_OPTIONS_END,
};

const nas_stop_type nas_stop_skips = {
    .name = "skips",
    .summary = "ends when the normal cell has too many skip connections (DARTS+)",
    .options = options,
    .state_size = sizeof(skips),
    .reads_alphas = true,
    .judge = judge,
};
