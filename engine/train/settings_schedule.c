/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the learning rate changes in a training: in epochs as users say it, in steps as it is evaluated. */
#include "engine/train/settings.h"

#include <string.h>

#define ROOM eng_schedule_settings
#include "engine/train/option_lines.h"

const base_option eng_schedule_options[] = {
    {CHOICE(schedule, eng_schedule_names), .fallback = "constant",
     .help = "of the learning rate, evaluated at every step"},
    {WHOLE(schedule_epochs), .fallback = "0", .min = 0, NO_LIMIT,
     .help = "epochs that the schedule is laid out for; 0 = the study's largest number of epochs"},
    {REAL(warmup_epochs), .fallback = "0", .min = 0, NO_LIMIT,
     .help = "epochs in which the rate rises linearly to its full value"},
    {REAL(end_factor), .fallback = "", .min = 0, .max = 1,
     .help = "linear, exponential, cosine, sgdr: factor at the end; default 0, exponential 0.01"},
    {REAL(gamma), .fallback = "", .min = 0, .max = 1, .help = "step: factor of each drop; default 0.1"},
    {REAL(step_epochs), .fallback = "0", .min = 0, NO_LIMIT,
     .help = "step: epochs between drops; 0 = a third of the schedule"},
    {REAL(restart_epochs), .fallback = "0", .min = 0, NO_LIMIT,
     .help = "sgdr: epochs of the first cycle; 0 = a tenth of the schedule"},
    {REAL(restart_multiplier), .fallback = "", .min = 1, NO_LIMIT,
     .help = "sgdr: each cycle is so many times longer; default 2"},
    BASE_OPTIONS_END,
};

static void fill(const base_yaml_node *settings, const char *name, double fallback, double *field) {
    if (!base_options_given(settings, name)) *field = fallback;
}

base_status eng_schedule_read(const base_yaml_node *settings, base_arena *arena, eng_schedule_settings *out,
                              base_err *err) {
    *out = (eng_schedule_settings){0};
    BASE_TRY(base_options_fill(eng_schedule_options, settings, out, arena, err));
    const char *name = eng_schedule_names[out->schedule];
    const eng_schedule_config *own = &eng_schedule_find(name)->defaults;
    fill(settings, "end_factor", own->final, &out->end_factor);
    fill(settings, "gamma", own->gamma, &out->gamma);
    fill(settings, "restart_multiplier", own->multiplier, &out->restart_multiplier);
    if (strcmp(name, "exponential") == 0 && out->end_factor == 0)
        return base_yaml_fail(base_yaml_get(settings, "end_factor"), err,
                              "end_factor of an exponential schedule must be above 0: an exponential never gets there");
    return BASE_OK;
}

base_status eng_schedule_plan_make(const eng_schedule_settings *schedule, uint64_t epochs, size_t steps,
                                   eng_schedule_plan *out, base_err *err) {
    const double n = (double)steps;
    *out = (eng_schedule_plan){
        .type = eng_schedule_find(eng_schedule_names[schedule->schedule]),
        .config =
            {
                .warmup = schedule->warmup_epochs * n,
                .final = schedule->end_factor,
                .gamma = schedule->gamma,
                .every = schedule->step_epochs * n,
                .period = schedule->restart_epochs * n,
                .multiplier = schedule->restart_multiplier,
            },
        .total = (schedule->schedule_epochs ? (uint64_t)schedule->schedule_epochs : epochs) * steps,
    };
    return eng_schedule_check(out->type, &out->config, err);
}
