/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a training is, in which batches, and from which seed. */
#include "engine/train/settings.h"

#define ROOM eng_course_settings
#include "engine/train/option_lines.h"

const base_option eng_course_options[] = {
    {WHOLE(epochs), .fallback = "10", .min = 1, NO_LIMIT, .help = "passes over the training part"},
    {WHOLE(batch_size), .fallback = "64", .min = 1, .max = 1 << 20, .help = "samples per batch"},
    {WHOLE(accumulate), .fallback = "1", .min = 1, .max = 1 << 20,
     .help = "batches per step: their gradients are averaged, as if they were one"},
    {REAL(ema), .fallback = "0", .min = 0, .max = 1, .open_max = true,
     .help = "decay of an exponential average of the weights, which is what is validated and tested; 0 = off"},
    {WHOLE(early_stopping), .fallback = "0", .min = 0, NO_LIMIT,
     .help = "stop after so many epochs without a lower valid_loss; 0 = off"},
    {WHOLE(seed), .fallback = "", .min = 0, NO_LIMIT,
     .help = "of weights, batches and dropout; default: the trial's own"},
    BASE_OPTIONS_END,
};

base_status eng_course_read(const base_yaml_node *settings, base_arena *arena, eng_course_settings *out,
                            base_err *err) {
    *out = (eng_course_settings){0};
    BASE_TRY(base_options_fill(eng_course_options, settings, out, arena, err));
    out->seed_given = base_options_given(settings, "seed");
    return BASE_OK;
}
