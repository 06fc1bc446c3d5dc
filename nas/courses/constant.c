/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All epochs alike, or first some in which the weights move alone: operations with many weights need time before they
 * can be compared with those that have none. Published are 15 of 50 epochs (Y. Xu et al., "PC-DARTS: Partial Channel
 * Connections for Memory-Efficient Architecture Search", ICLR 2020, section 4.2) and 10 of 50 (X. Chen et al., "DrNAS:
 * Dirichlet Neural Architecture Search", ICLR 2021, appendix). */
#include "nas/course.h"

typedef struct constant {
    double warm_up;
} constant;

static nas_course_epoch at(const void *state, size_t epoch, size_t epochs) {
    return (nas_course_epoch){.alphas_stay = epoch < nas_course_share(((const constant *)state)->warm_up, epochs)};
}

static const base_option options[] = {
    {.name = "warm_up",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(constant, warm_up),
     .fallback = "0",
     .max = 1,
     .open_max = true,
     .help = "share of the epochs, at the beginning, in which the weights move alone"},
    BASE_OPTIONS_END,
};

const nas_course_type nas_course_constant = {
    .name = "constant",
    .summary = "all epochs alike, after a warm-up of the weights if one is asked for",
    .options = options,
    .state_size = sizeof(constant),
    .at = at,
};
