/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recipe from a map of settings, and model and optimizer from a recipe. */
#include "engine/train/recipe.h"

#include <string.h>

#include "base/rng.h"

const base_option *eng_recipe_table(const eng_network_kind *const *networks, base_arena *arena) {
    const base_options_part rooms[] = {
        {.table = eng_data_options},     {.table = eng_network_table(networks, arena)},
        {.table = eng_loss_options},     {.table = eng_optimizer_options},
        {.table = eng_schedule_options}, {.table = eng_course_options},
    };
    return base_options_join(arena, rooms, sizeof rooms / sizeof *rooms);
}

base_status eng_recipe_read(const base_yaml_node *settings, const eng_network_kind *const *networks, base_arena *arena,
                            eng_recipe *out, base_err *err) {
    *out = (eng_recipe){0};
    BASE_TRY(base_options_known(eng_recipe_table(networks, arena), settings, err));
    BASE_TRY(eng_data_read(settings, arena, &out->data, err));
    BASE_TRY(eng_network_read(settings, networks, arena, &out->network, err));
    BASE_TRY(eng_loss_read(settings, arena, &out->loss, err));
    BASE_TRY(eng_optimizer_read(settings, arena, &out->optimizer, err));
    BASE_TRY(eng_schedule_read(settings, arena, &out->schedule, err));
    return eng_course_read(settings, arena, &out->course, err);
}

base_status eng_recipe_check(const eng_recipe *recipe, const eng_dataset *set, base_err *err) {
    BASE_TRY(eng_loss_check(&recipe->loss, set, err));
    return eng_data_check(&recipe->data, set, err);
}

size_t eng_recipe_batch(const eng_recipe *recipe) {
    const size_t batch = (size_t)recipe->course.batch_size, evaluate = recipe->network.kind->evaluate;
    return batch < evaluate ? evaluate : batch;
}

base_status eng_recipe_graph(const eng_recipe *recipe, const eng_dataset *set, eng_graph **out, eng_ports *ports,
                             base_err *err) {
    eng_net_config around = {
        .input = {.ndim = set->rank},
        .task = eng_loss_task(&recipe->loss, set),
        .outputs = eng_loss_outputs(&recipe->loss, set),
        .label_smoothing = recipe->loss.label_smoothing,
    };
    for (size_t i = 0; i < set->rank; i++) around.input.dim[i] = set->shape[i];
    return eng_network_graph(&recipe->network, &around, out, ports, err);
}

base_status eng_recipe_model(const eng_recipe *recipe, const eng_dataset *set, eng_model **out, base_err *err) {
    const eng_model_options options = {
        .batch = eng_recipe_batch(recipe),
        .seed = (uint64_t)recipe->course.seed,
        .l1 = recipe->loss.l1,
        .l2 = recipe->loss.l2,
    };
    eng_graph *graph;
    eng_ports ports;
    *out = NULL;
    BASE_TRY(eng_recipe_graph(recipe, set, &graph, &ports, err));
    return eng_model_adopt(graph, &ports, &options, out, err);
}

base_status eng_recipe_optimizer(const eng_recipe *recipe, const eng_model *model, eng_optimizer **out, base_err *err) {
    const eng_optimizer_config config = eng_optimizer_config_of(&recipe->optimizer);
    return eng_optimizer_create(eng_optimizer_rule(&recipe->optimizer), &config, eng_model_params(model),
                                eng_model_kernels(model), out, err);
}

/* What the course is laid out for counts only where something changes over it. */
static int64_t laid_out_for(const eng_recipe *recipe) {
    const eng_schedule_settings *s = &recipe->schedule;
    const bool constant = strcmp(eng_schedule_names[s->schedule], "constant") == 0 && s->warmup_epochs == 0;
    if (constant && !recipe->network.kind->grows_drop_path) return 0;
    return s->schedule_epochs ? s->schedule_epochs : recipe->course.epochs;
}

uint64_t eng_recipe_identity(const eng_recipe *recipe, const eng_view *view) {
    const eng_dataset *set = view->set;
    eng_recipe r = *recipe;
    r.schedule.schedule_epochs = laid_out_for(recipe);
    r.course.epochs = r.course.early_stopping = 0;
    r.data.path = NULL; /* the same set may lie elsewhere on another node */
    base_buf text = {0};
    base_options_print(eng_data_options, &r.data, &text);
    eng_network_print(&r.network, &text);
    base_options_print(eng_loss_options, &r.loss, &text);
    base_options_print(eng_optimizer_options, &r.optimizer, &text);
    base_options_print(eng_schedule_options, &r.schedule, &text);
    base_options_print(eng_course_options, &r.course, &text);
    base_buf_printf(&text, " %zu %zu %zu %zu %zu %zu", set->count, set->features, set->classes, view->split.train.count,
                    view->split.valid.count, view->split.test.count);
    uint64_t identity = base_hash64(text.data, text.length);
    base_buf_fini(&text);
    return identity;
}
