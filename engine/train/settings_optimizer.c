/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The update rule and its numbers.
 *
 * Names are those of PyTorch and of W&B's examples where they have one. Some defaults depend on another setting (Adam's
 * epsilon is not RMSProp's): these have no default in the table and take it from the descriptor of the chosen rule. */
#include "engine/train/settings.h"

#define ROOM eng_optimizer_settings
#include "engine/train/option_lines.h"

const base_option eng_optimizer_options[] = {
    {CHOICE(optimizer, eng_optimizer_names), .fallback = "adam",
     .help = "update rule; sgd with momentum or nesterov set becomes that rule"},
    {REAL(learning_rate), .fallback = "0.001", .min = 0, NO_LIMIT, .open_min = true,
     .help = "step size before the schedule"},
    {REAL(momentum), .fallback = "", .min = 0, .max = 1, .open_max = true,
     .help = "sgd: default 0; momentum and nesterov: default 0.9"},
    {FLAG(nesterov), .fallback = "false", .help = "sgd, momentum: look ahead"},
    {REAL(beta1), .fallback = "", .min = 0, .max = 1, .open_max = true,
     .help = "adam, adamw: decay of the first moment; default 0.9"},
    {REAL(beta2), .fallback = "", .min = 0, .max = 1, .open_max = true,
     .help = "adam, adamw: decay of the second moment; default 0.999"},
    {REAL(rho), .fallback = "", .min = 0, .max = 1, .open_max = true,
     .help = "rmsprop: decay of the mean square (PyTorch's alpha); default 0.99"},
    {REAL(epsilon), .fallback = "", .min = 0, NO_LIMIT, .help = "added to a divisor; default 1e-8, adagrad 1e-10"},
    {REAL(weight_decay), .fallback = "", .min = 0, NO_LIMIT,
     .help = "coupled to the gradient, decoupled in adamw; default 0, adamw 0.01"},
    {REAL(clip_norm), .fallback = "0", .min = 0, NO_LIMIT, .help = "limit of the gradient's norm; 0 = off"},
    {REAL(clip_value), .fallback = "0", .min = 0, NO_LIMIT, .help = "limit of each number of the gradient; 0 = off"},
    BASE_OPTIONS_END,
};

/* A rule's own default where the user said nothing. */
static void fill(const base_yaml_node *settings, const char *name, double fallback, double *field) {
    if (!base_options_given(settings, name)) *field = fallback;
}

base_status eng_optimizer_read(const base_yaml_node *settings, base_arena *arena, eng_optimizer_settings *out,
                               base_err *err) {
    *out = (eng_optimizer_settings){0};
    BASE_TRY(base_options_fill(eng_optimizer_options, settings, out, arena, err));
    const eng_optimizer_config *own = &eng_optimizer_find(eng_optimizer_names[out->optimizer])->defaults;
    fill(settings, "momentum", own->momentum, &out->momentum);
    fill(settings, "beta1", own->beta1, &out->beta1);
    fill(settings, "beta2", own->beta2, &out->beta2);
    fill(settings, "rho", own->rho, &out->rho);
    fill(settings, "epsilon", own->epsilon, &out->epsilon);
    fill(settings, "weight_decay", own->weight_decay, &out->weight_decay);
    return BASE_OK;
}

const eng_optimizer_type *eng_optimizer_rule(const eng_optimizer_settings *optimizer) {
    const eng_optimizer_type *type = eng_optimizer_find(eng_optimizer_names[optimizer->optimizer]);
    if (type == &eng_optimizer_sgd && optimizer->momentum > 0) type = &eng_optimizer_momentum;
    if (type == &eng_optimizer_momentum && optimizer->nesterov) type = &eng_optimizer_nesterov;
    return type;
}

eng_optimizer_config eng_optimizer_config_of(const eng_optimizer_settings *optimizer) {
    return (eng_optimizer_config){
        .momentum = optimizer->momentum,
        .beta1 = optimizer->beta1,
        .beta2 = optimizer->beta2,
        .rho = optimizer->rho,
        .epsilon = optimizer->epsilon,
        .weight_decay = optimizer->weight_decay,
        .clip_norm = optimizer->clip_norm,
        .clip_value = optimizer->clip_value,
    };
}
