/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is minimized, and whether it fits what is to be predicted. */
#include "engine/train/settings.h"

#define ROOM eng_loss_settings
#include "engine/train/option_lines.h"

static const char *const loss_names[] = {"auto", "cross_entropy", "binary_cross_entropy", "mse", NULL};

const base_option eng_loss_options[] = {
    {CHOICE(loss, loss_names), .fallback = "auto", .help = "auto = cross_entropy for classes, mse for numbers"},
    {REAL(label_smoothing), .fallback = "0", .min = 0, .max = 1, .open_max = true,
     .help = "cross_entropy: share of a label spread over all classes"},
    {REAL(l1), .fallback = "0", .min = 0, NO_LIMIT, .help = "factor of sum |w| in the training loss"},
    {REAL(l2), .fallback = "0", .min = 0, NO_LIMIT, .help = "factor of sum w^2 / 2 in the training loss"},
    BASE_OPTIONS_END,
};

base_status eng_loss_read(const base_yaml_node *settings, base_arena *arena, eng_loss_settings *out, base_err *err) {
    *out = (eng_loss_settings){0};
    return base_options_fill(eng_loss_options, settings, out, arena, err);
}

base_status eng_loss_check(const eng_loss_settings *loss, const eng_dataset *set, base_err *err) {
    bool classes = set->target == ENG_TARGET_CLASSES;
    if (classes && loss->loss == ENG_LOSS_SQUARED)
        return BASE_FAIL(err, BASE_INVALID, "loss mse needs numbers to predict, but %s has classes; use cross_entropy",
                         set->name);
    if (!classes && loss->loss != ENG_LOSS_SQUARED && loss->loss != ENG_LOSS_AUTO)
        return BASE_FAIL(err, BASE_INVALID,
                         "a cross-entropy needs classes, but %s has numbers to predict; use loss mse", set->name);
    if (loss->loss == ENG_LOSS_BINARY && set->classes != 2)
        return BASE_FAIL(err, BASE_INVALID,
                         "loss binary_cross_entropy needs two classes, but %s has %zu; use cross_entropy", set->name,
                         set->classes);
    if (loss->label_smoothing > 0 && eng_loss_task(loss, set) != ENG_MULTICLASS)
        return BASE_FAIL(err, BASE_INVALID, "label_smoothing needs loss cross_entropy");
    return BASE_OK;
}

eng_task eng_loss_task(const eng_loss_settings *loss, const eng_dataset *set) {
    if (set->target == ENG_TARGET_NUMBERS) return ENG_REGRESSION;
    return loss->loss == ENG_LOSS_BINARY ? ENG_BINARY : ENG_MULTICLASS;
}

size_t eng_loss_outputs(const eng_loss_settings *loss, const eng_dataset *set) {
    return eng_loss_task(loss, set) == ENG_MULTICLASS ? set->classes : 1;
}
