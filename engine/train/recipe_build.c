/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recipe becomes data, model, optimizer and schedule. */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "engine/data/registry.h"
#include "engine/modules/convnets.h"
#include "engine/modules/mlp.h"
#include "engine/train/recipe.h"

/* Batches to evaluate a perceptron with: large enough for a good matrix product, small enough for the activations to
 * stay in cache. A convolution is a large product already at the batch that it trains with. */
enum { EVALUATE = 256 };

base_status eng_recipe_load(const eng_recipe *recipe, const char *base_dir, eng_dataset **out, base_err *err) {
    base_buf path = {0};
    if (recipe->path && recipe->path[0] != '/' && base_dir) base_buf_printf(&path, "%s/", base_dir);
    if (recipe->path) base_buf_puts(&path, recipe->path);
    const eng_dataset_source source = {
        .path = recipe->path ? path.data : NULL,
        .target = recipe->target,
        .target_is = (eng_target_hint)recipe->target_is,
    };
    base_status status = eng_dataset_load(recipe->dataset, &source, out, err);
    base_buf_fini(&path);
    return status;
}

base_status eng_recipe_check(const eng_recipe *recipe, const eng_dataset *set, base_err *err) {
    bool classes = set->target == ENG_TARGET_CLASSES;
    if (classes && recipe->loss == ENG_LOSS_SQUARED)
        return BASE_FAIL(err, BASE_INVALID, "loss mse needs numbers to predict, but %s has classes; use cross_entropy",
                         set->name);
    if (!classes && recipe->loss != ENG_LOSS_SQUARED && recipe->loss != ENG_LOSS_AUTO)
        return BASE_FAIL(err, BASE_INVALID,
                         "a cross-entropy needs classes, but %s has numbers to predict; use loss mse", set->name);
    if (recipe->loss == ENG_LOSS_BINARY && set->classes != 2)
        return BASE_FAIL(err, BASE_INVALID,
                         "loss binary_cross_entropy needs two classes, but %s has %zu; use cross_entropy", set->name,
                         set->classes);
    if (recipe->label_smoothing > 0 && eng_recipe_task(recipe, set) != ENG_MULTICLASS)
        return BASE_FAIL(err, BASE_INVALID, "label_smoothing needs loss cross_entropy");
    const eng_augment augment = eng_recipe_augment(recipe);
    if (eng_augment_is_on(&augment) && set->rank != 3)
        return BASE_FAIL(err, BASE_INVALID, "%s needs images, but %s is a table",
                         augment.crop > 0 ? "crop"
                         : augment.flip   ? "flip"
                                          : "cutout",
                         set->name);
    return BASE_OK;
}

eng_augment eng_recipe_augment(const eng_recipe *recipe) {
    return (eng_augment){.crop = (size_t)recipe->crop, .flip = recipe->flip, .cutout = (size_t)recipe->cutout};
}

eng_view_settings eng_recipe_view(const eng_recipe *recipe) {
    return (eng_view_settings){
        .split =
            {
                .seed = (uint64_t)recipe->split_seed,
                .test_fraction = recipe->test_fraction,
                .valid_fraction = recipe->valid_fraction,
                .folds = (size_t)recipe->folds,
                .fold = recipe->fold > 0 ? (size_t)recipe->fold - 1 : 0,
                .fraction = recipe->fraction,
            },
        .normalise = (eng_normalise)recipe->normalise,
    };
}

eng_task eng_recipe_task(const eng_recipe *recipe, const eng_dataset *set) {
    if (set->target == ENG_TARGET_NUMBERS) return ENG_REGRESSION;
    return recipe->loss == ENG_LOSS_BINARY ? ENG_BINARY : ENG_MULTICLASS;
}

static size_t outputs(const eng_recipe *recipe, const eng_dataset *set) {
    return eng_recipe_task(recipe, set) == ENG_MULTICLASS ? set->classes : 1;
}

static bool is_mlp(const eng_recipe *recipe) {
    return recipe->network == NULL && recipe->model == ENG_MODEL_MLP;
}

size_t eng_recipe_batch(const eng_recipe *recipe) {
    size_t batch = (size_t)recipe->batch_size;
    return is_mlp(recipe) && batch < EVALUATE ? EVALUATE : batch;
}

static const eng_op *activation(const eng_recipe *recipe) {
    return eng_op_find(eng_activation_names[recipe->activation]);
}

static const eng_init *init(const eng_recipe *recipe) {
    return recipe->init ? eng_init_find(eng_init_names[recipe->init - 1]) : NULL;
}

static base_status mlp_graph(const eng_recipe *recipe, const eng_dataset *set, eng_graph **out, eng_ports *ports,
                             base_err *err) {
    const eng_mlp_config config = {
        .inputs = set->features,
        .outputs = outputs(recipe, set),
        .widths = recipe->widths,
        .layers = recipe->n_widths,
        .activation = activation(recipe),
        .init = init(recipe),
        .dropout_input = recipe->input_dropout,
        .dropout_hidden = recipe->dropout,
        .task = eng_recipe_task(recipe, set),
        .label_smoothing = recipe->label_smoothing,
        .skip = recipe->skip,
    };
    return eng_mlp_graph(&config, out, ports, err);
}

/* Every other network sees images as images. */
static eng_net_config surroundings(const eng_recipe *recipe, const eng_dataset *set) {
    eng_shape input = {.ndim = set->rank};
    for (size_t i = 0; i < set->rank; i++) input.dim[i] = set->shape[i];
    return (eng_net_config){
        .input = input,
        .task = eng_recipe_task(recipe, set),
        .outputs = outputs(recipe, set),
        .label_smoothing = recipe->label_smoothing,
        .dropout_input = recipe->input_dropout,
        .dropout_output = recipe->dropout,
        .activation = activation(recipe),
        .norm = recipe->norm == ENG_RECIPE_NORM_AUTO ? ENG_NORM_BATCH : (eng_norm)(recipe->norm - 1),
        .init = init(recipe),
    };
}

static base_status hidden_part(const eng_recipe *recipe, eng_net *net) {
    static eng_convnet_fn *const builders[] = {[ENG_MODEL_RESNET] = eng_resnet_build,
                                               [ENG_MODEL_SEPARABLE] = eng_separable_build,
                                               [ENG_MODEL_UNET] = eng_unet_build};
    if (recipe->network) return eng_layers_build(&recipe->list, net);
    const eng_convnet_config config = {
        .stages = (size_t)recipe->stages,
        .blocks = (size_t)recipe->blocks,
        .width = (size_t)recipe->width,
        .preactivation = recipe->preactivation,
        .skip = recipe->skip,
        .drop_path = recipe->drop_path,
    };
    base_status status = builders[recipe->model](net, &config);
    if (status != BASE_OK) base_err_prefix(net->err, "model %s", eng_model_names[recipe->model]);
    return status;
}

base_status eng_recipe_graph(const eng_recipe *recipe, const eng_dataset *set, eng_graph **out, eng_ports *ports,
                             base_err *err) {
    if (is_mlp(recipe)) return mlp_graph(recipe, set, out, ports, err);
    const eng_net_config config = surroundings(recipe, set);
    eng_net net;
    base_status status = eng_net_begin(&net, &config, err);
    if (status == BASE_OK) status = hidden_part(recipe, &net);
    if (status == BASE_OK) status = eng_net_end(&net, ports);
    if (status != BASE_OK) eng_graph_destroy(net.graph);
    *out = status == BASE_OK ? net.graph : NULL;
    return status;
}

base_status eng_recipe_model(const eng_recipe *recipe, const eng_dataset *set, eng_model **out, base_err *err) {
    const eng_model_options options = {
        .batch = eng_recipe_batch(recipe),
        .seed = (uint64_t)recipe->seed,
        .l1 = recipe->l1,
        .l2 = recipe->l2,
    };
    eng_graph *graph;
    eng_ports ports;
    *out = NULL;
    BASE_TRY(eng_recipe_graph(recipe, set, &graph, &ports, err));
    return eng_model_adopt(graph, &ports, &options, out, err);
}

/* PyTorch has one SGD with a momentum and a flag; here they are three rules. */
const eng_optimizer_type *eng_recipe_rule(const eng_recipe *recipe) {
    const eng_optimizer_type *type = eng_optimizer_find(eng_optimizer_names[recipe->optimizer]);
    if (type == &eng_optimizer_sgd && recipe->momentum > 0) type = &eng_optimizer_momentum;
    if (type == &eng_optimizer_momentum && recipe->nesterov) type = &eng_optimizer_nesterov;
    return type;
}

base_status eng_recipe_optimizer(const eng_recipe *recipe, const eng_model *model, eng_optimizer **out, base_err *err) {
    const eng_optimizer_config config = {
        .momentum = recipe->momentum,
        .beta1 = recipe->beta1,
        .beta2 = recipe->beta2,
        .rho = recipe->rho,
        .epsilon = recipe->epsilon,
        .weight_decay = recipe->weight_decay,
        .clip_norm = recipe->clip_norm,
        .clip_value = recipe->clip_value,
    };
    return eng_optimizer_create(eng_recipe_rule(recipe), &config, eng_model_params(model), eng_model_kernels(model),
                                out, err);
}

base_status eng_recipe_schedule(const eng_recipe *recipe, size_t batches, const eng_schedule_type **type,
                                eng_schedule_config *config, uint64_t *total, base_err *err) {
    double steps = (double)batches;
    *type = eng_schedule_find(eng_schedule_names[recipe->schedule]);
    *config = (eng_schedule_config){
        .warmup = recipe->warmup_epochs * steps,
        .final = recipe->end_factor,
        .gamma = recipe->gamma,
        .every = recipe->step_epochs * steps,
        .period = recipe->restart_epochs * steps,
        .multiplier = recipe->restart_multiplier,
    };
    *total = (uint64_t)(recipe->schedule_epochs ? recipe->schedule_epochs : recipe->epochs) * batches;
    return eng_schedule_check(*type, config, err);
}

uint64_t eng_recipe_identity(const eng_recipe *recipe, const eng_view *view) {
    eng_recipe r = *recipe;
    if (r.schedule_epochs == 0) r.schedule_epochs = r.epochs;
    if (strcmp(eng_schedule_names[r.schedule], "constant") == 0 && r.warmup_epochs == 0) r.schedule_epochs = 0;
    r.epochs = r.early_stopping = 0;
    r.path = NULL; /* the same set may lie elsewhere on another node */
    const eng_dataset *set = view->set;
    base_buf text = {0};
    base_options_print(eng_recipe_options, &r, &text);
    base_buf_printf(&text, " %zu %zu %zu %zu %zu %zu", set->count, set->features, set->classes, view->split.train.count,
                    view->split.valid.count, view->split.test.count);
    uint64_t identity = base_hash64(text.data, text.length);
    base_buf_fini(&text);
    return identity;
}
