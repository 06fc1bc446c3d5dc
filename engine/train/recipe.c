/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of settings of a training, and how a map becomes a recipe.
 *
 * Names are those of PyTorch and of W&B's examples where they have one. Some defaults depend on another setting (Adam's
 * epsilon is not RMSProp's): these have no default in the table and take it from the descriptor of the chosen rule. */
#include "engine/train/recipe.h"

#include <string.h>

#include "engine/data/registry.h"
#include "engine/ops/ops.h"

enum { MAX_WIDTH = 1 << 20, MAX_LAYERS = 1000 };

static const char *const target_kinds[] = {"auto", "classes", "numbers", NULL};
static const char *const normalise_names[] = {"none", "scale01", "standard", NULL};
const char *const eng_model_names[] = {"mlp", "resnet", "separable", "unet", NULL};
static const char *const norm_names[] = {"auto", "none", "batch", "layer", NULL};
static const char *const init_names[] = {"auto",      "zeros", "xavier-uniform", "xavier-normal", "he-uniform",
                                         "he-normal", NULL};
static const char *const loss_names[] = {"auto", "cross_entropy", "binary_cross_entropy", "mse", NULL};

#define FIELD(name)   .offset = offsetof(eng_recipe, name)
#define TEXT(id)      .name = #id, .kind = BASE_OPTION_STRING, FIELD(id)
#define WHOLE(id)     .name = #id, .kind = BASE_OPTION_INT, FIELD(id)
#define REAL(id)      .name = #id, .kind = BASE_OPTION_REAL, FIELD(id)
#define CHOICE(id, c) .name = #id, .kind = BASE_OPTION_CHOICE, FIELD(id), .choices = (c)
#define NO_LIMIT      .max = -1 /* below min: no upper bound */

const base_option eng_recipe_options[] = {
    {TEXT(dataset), .fallback = BASE_REQUIRED, .help = "name of a data set (see --list)"},
    {TEXT(path), .fallback = "",
     .help = "file or folder of the data set, relative to the study file; default: its own place"},
    {TEXT(target), .fallback = "", .help = "tables: column to predict; default: the last one"},
    {CHOICE(target_is, target_kinds), .fallback = "auto",
     .help = "tables: auto means numbers when a target has a fraction or more than 100 integers occur"},
    {REAL(test_fraction), .fallback = "0.2", .min = 0, .max = 1, .open_min = true, .open_max = true,
     .help = "share of the samples to test with, where the data set brings no test part"},
    {REAL(valid_fraction), .fallback = "0.1", .min = 0, .max = 1, .open_min = true, .open_max = true,
     .help = "share of the other samples to validate with"},
    {WHOLE(folds), .fallback = "0", .min = 0, .max = 1000,
     .help = "cross-validation with so many folds in place of valid_fraction; 0 = off"},
    {WHOLE(fold), .fallback = "0", .min = 0, .max = 1000,
     .help = "validate with this fold only, 1 to folds; 0 = with each in turn"},
    {REAL(fraction), .fallback = "1", .min = 0, .max = 1, .open_min = true,
     .help = "share of the training samples that is used; smaller ones lie inside larger ones"},
    {CHOICE(normalise, normalise_names), .fallback = "standard",
     .help = "fitted on the training part, per channel of images, per column of tables"},
    {WHOLE(crop), .fallback = "0", .min = 0, .max = 1000,
     .help = "images: pixels that a training image is shifted by at most, in each direction; 0 = off"},
    {.name = "flip",
     .kind = BASE_OPTION_BOOL,
     FIELD(flip),
     .fallback = "false",
     .help = "images: every second training image is mirrored"},
    {WHOLE(cutout), .fallback = "0", .min = 0, .max = 1000,
     .help = "images: side of a square of a training image that is blanked; 0 = off"},
    {WHOLE(split_seed), .fallback = "0", .min = 0, NO_LIMIT, .help = "seed of the splits, the same for every trial"},

    {CHOICE(model, eng_model_names), .fallback = "mlp", .help = "kind of network"},
    {WHOLE(layers), .fallback = "2", .min = 0, .max = MAX_LAYERS, .help = "mlp: hidden layers; 0 = a linear model"},
    {WHOLE(width), .fallback = "", .min = 1, .max = MAX_WIDTH,
     .help = "mlp: units of each hidden layer, default 128; other models: channels of the first stage, default 16"},
    {.name = "hidden",
     .kind = BASE_OPTION_NODE,
     FIELD(hidden),
     .fallback = "",
     .help = "mlp: list of widths, like [256, 128, 64], in place of layers and width"},
    {WHOLE(stages), .fallback = "3", .min = 1, .max = 10,
     .help = "all but mlp: each after the first halves the image and doubles the channels; unet then goes back up"},
    {WHOLE(blocks), .fallback = "1", .min = 1, .max = MAX_LAYERS,
     .help = "all but mlp: blocks of each stage (unet: on either way); 3 stages of n blocks are ResNet-(6n + 2)"},
    {.name = "preactivation",
     .kind = BASE_OPTION_BOOL,
     FIELD(preactivation),
     .fallback = "false",
     .help = "resnet: normalise and activate in front of a convolution"},
    {REAL(drop_path), .fallback = "0", .min = 0, .max = 1, .open_max = true,
     .help = "resnet: probability that the last block is left out for a sample in training; less for earlier ones"},
    {.name = "network",
     .kind = BASE_OPTION_NODE,
     FIELD(network),
     .fallback = "",
     .shape = "list of layers",
     .help = "the hidden layers one by one, in place of model (see docs/networks.md)"},
    {.name = "skip",
     .kind = BASE_OPTION_BOOL,
     FIELD(skip),
     .fallback = "false",
     .help = "mlp, separable: a layer that leaves the shape of what it reads adds to it"},
    {CHOICE(activation, eng_activation_names), .fallback = "relu", .help = "of the hidden layers"},
    {CHOICE(norm, norm_names), .fallback = "auto",
     .help = "normalisation behind convolutions; auto = batch, none in an mlp"},
    {REAL(dropout), .fallback = "0", .min = 0, .max = 1, .open_max = true,
     .help = "probability that a hidden unit is zeroed in training; but for an mlp, only before the output layer"},
    {REAL(input_dropout), .fallback = "0", .min = 0, .max = 1, .open_max = true, .help = "the same for the inputs"},
    {CHOICE(init, init_names), .fallback = "auto",
     .help = "of the weights; auto = he-normal for rectifiers, xavier-uniform else"},

    {CHOICE(loss, loss_names), .fallback = "auto", .help = "auto = cross_entropy for classes, mse for numbers"},
    {REAL(label_smoothing), .fallback = "0", .min = 0, .max = 1, .open_max = true,
     .help = "cross_entropy: share of a label spread over all classes"},
    {REAL(l1), .fallback = "0", .min = 0, NO_LIMIT, .help = "factor of sum |w| in the training loss"},
    {REAL(l2), .fallback = "0", .min = 0, NO_LIMIT, .help = "factor of sum w^2 / 2 in the training loss"},

    {CHOICE(optimizer, eng_optimizer_names), .fallback = "adam",
     .help = "update rule; sgd with momentum or nesterov set becomes that rule"},
    {REAL(learning_rate), .fallback = "0.001", .min = 0, NO_LIMIT, .open_min = true,
     .help = "step size before the schedule"},
    {REAL(momentum), .fallback = "", .min = 0, .max = 1, .open_max = true,
     .help = "sgd: default 0; momentum and nesterov: default 0.9"},
    {.name = "nesterov",
     .kind = BASE_OPTION_BOOL,
     FIELD(nesterov),
     .fallback = "false",
     .help = "sgd, momentum: look ahead"},
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

static bool given(const base_yaml_node *settings, const char *name) {
    const base_yaml_node *value = base_yaml_get(settings, name);
    return value && value->kind != BASE_YAML_NULL;
}

/* A rule's own default where the user said nothing. */
static void fill(const base_yaml_node *settings, const char *name, double fallback, double *field) {
    if (!given(settings, name)) *field = fallback;
}

static void fill_defaults(const base_yaml_node *settings, eng_recipe *r) {
    const eng_optimizer_config *o = &eng_optimizer_find(eng_optimizer_names[r->optimizer])->defaults;
    const eng_schedule_config *s = &eng_schedule_find(eng_schedule_names[r->schedule])->defaults;
    fill(settings, "momentum", o->momentum, &r->momentum);
    fill(settings, "beta1", o->beta1, &r->beta1);
    fill(settings, "beta2", o->beta2, &r->beta2);
    fill(settings, "rho", o->rho, &r->rho);
    fill(settings, "epsilon", o->epsilon, &r->epsilon);
    fill(settings, "weight_decay", o->weight_decay, &r->weight_decay);
    fill(settings, "end_factor", s->final, &r->end_factor);
    fill(settings, "gamma", s->gamma, &r->gamma);
    fill(settings, "restart_multiplier", s->multiplier, &r->restart_multiplier);
    if (!given(settings, "width")) r->width = r->model == ENG_MODEL_MLP ? 128 : 16;
    r->seed_given = given(settings, "seed");
}

static base_status read_hidden(const base_yaml_node *list, base_arena *arena, eng_recipe *r, base_err *err) {
    if (list->kind != BASE_YAML_LIST)
        return base_yaml_fail(list, err, "hidden must be a list of widths, like [256, 128, 64], but is %s",
                              base_yaml_kind_text(list->kind));
    if (list->count > MAX_LAYERS)
        return base_yaml_fail(list, err, "hidden has %zu layers; at most %d are possible", list->count, MAX_LAYERS);
    size_t *widths = BASE_NEW_ARRAY(arena, list->count, size_t);
    for (size_t i = 0; i < list->count; i++) {
        const base_yaml_node *item = list->items[i];
        if (item->kind != BASE_YAML_INT || item->integer < 1 || item->integer > MAX_WIDTH)
            return base_yaml_fail(item, err, "a width in hidden must be an integer between 1 and %d, but is %s",
                                  MAX_WIDTH, base_yaml_is_scalar(item) ? item->text : base_yaml_kind_text(item->kind));
        widths[i] = (size_t)item->integer;
    }
    r->widths = widths;
    r->n_widths = list->count;
    return BASE_OK;
}

static base_status read_network(const base_yaml_node *settings, base_arena *arena, eng_recipe *r, base_err *err) {
    static const char *const others[] = {"model",  "hidden",        "layers", "width",    "stages",
                                         "blocks", "preactivation", "skip",   "drop_path"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (given(settings, others[i]))
            return base_yaml_fail(base_yaml_key(settings, others[i]), err,
                                  "network lists every layer, so %s has no meaning beside it; remove one of them",
                                  others[i]);
    return eng_layers_read(r->network, arena, &r->list, err);
}

/* What is for another kind of network is a mistake, not a setting without effect. */
static base_status check_model(const base_yaml_node *settings, const eng_recipe *r, base_err *err) {
    static const struct {
        const char *name;
        unsigned models; /* a bit for each eng_recipe_kind */
    } rules[] = {{"layers", 1u},        {"hidden", 1u}, {"stages", 14u},  {"blocks", 14u},
                 {"preactivation", 2u}, {"skip", 5u},   {"drop_path", 6u}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (given(settings, rules[i].name) && (rules[i].models & 1u << r->model) == 0)
            return base_yaml_fail(base_yaml_key(settings, rules[i].name), err, "%s has no meaning for model %s",
                                  rules[i].name, eng_model_names[r->model]);
    return BASE_OK;
}

static base_status read_widths(const base_yaml_node *settings, base_arena *arena, eng_recipe *r, base_err *err) {
    if (r->hidden) {
        const char *other = given(settings, "layers") ? "layers" : given(settings, "width") ? "width" : NULL;
        if (other)
            return base_yaml_fail(base_yaml_key(settings, other), err,
                                  "hidden lists every width, so %s has no meaning beside it; remove one of them",
                                  other);
        return read_hidden(r->hidden, arena, r, err);
    }
    size_t *widths = BASE_NEW_ARRAY(arena, (size_t)r->layers, size_t);
    for (size_t i = 0; i < (size_t)r->layers; i++) widths[i] = (size_t)r->width;
    r->widths = widths;
    r->n_widths = (size_t)r->layers;
    return BASE_OK;
}

static base_status check(const base_yaml_node *settings, const eng_recipe *r, base_err *err) {
    const eng_dataset_type *type;
    base_err why = {0};
    if (eng_dataset_type_find(r->dataset, &type, &why) != BASE_OK)
        return base_yaml_fail(base_yaml_get(settings, "dataset"), err, "%s", why.text);
    if (type->needs_path && !r->path)
        return base_yaml_fail(base_yaml_get(settings, "dataset"), err, "dataset %s needs a path (%s)", r->dataset,
                              type->summary);
    if (r->folds == 1)
        return base_yaml_fail(base_yaml_get(settings, "folds"), err, "folds is 1; it must be 0 (off) or at least 2");
    if (r->fold > r->folds)
        return base_yaml_fail(base_yaml_get(settings, "fold"), err,
                              "fold is %lld, but folds is %lld; 1 to folds or 0 are possible", (long long)r->fold,
                              (long long)r->folds);
    if (strcmp(eng_schedule_names[r->schedule], "exponential") == 0 && r->end_factor == 0)
        return base_yaml_fail(base_yaml_get(settings, "end_factor"), err,
                              "end_factor of an exponential schedule must be above 0: an exponential never gets there");
    return BASE_OK;
}

base_status eng_recipe_read(const base_yaml_node *settings, base_arena *arena, eng_recipe *out, base_err *err) {
    *out = (eng_recipe){0};
    BASE_TRY(base_options_read(eng_recipe_options, settings, out, arena, err));
    fill_defaults(settings, out);
    BASE_TRY(check(settings, out, err));
    if (out->network) return read_network(settings, arena, out, err);
    BASE_TRY(check_model(settings, out, err));
    return read_widths(settings, arena, out, err);
}
