/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operations whose weights begin to learn by heart are frozen (nas/agreement.h); alphas and all other weights go on: S.
 * Jiang et al., "Operation-Level Early Stopping for Robustifying Differentiable NAS", NeurIPS 2023. */
#include "nas/course.h"

typedef struct oles {
    int64_t steps;
    double threshold;
} oles;

static nas_course_freezing freezing(const void *state) {
    const oles *o = state;
    return (nas_course_freezing){.steps = (size_t)o->steps, .threshold = o->threshold};
}

static const base_option options[] = {
    {.name = "steps",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(oles, steps),
     .fallback = "20",
     .min = 1,
     .max = 1e9,
     .help = "over which the cosine of an operation's two gradients is averaged"},
    {.name = "threshold",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(oles, threshold),
     .fallback = "0.4",
     .min = -1,
     .max = 1,
     .help = "an operation whose mean cosine is below it has its weights frozen"},
    BASE_OPTIONS_END,
};

const nas_course_type nas_course_oles = {
    .name = "oles",
    .summary = "operations whose gradients on the two halves disagree are frozen (OLES)",
    .options = options,
    .state_size = sizeof(oles),
    .reads_alphas = true,
    .freezing = freezing,
};
