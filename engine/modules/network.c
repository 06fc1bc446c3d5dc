/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks by name: the list of kinds, their options in one table, and how settings become a graph. */
#include "engine/modules/network.h"

#include <string.h>

const eng_network_kind *const eng_networks[] = {
    &eng_network_mlp, &eng_network_resnet, &eng_network_separable, &eng_network_unet, NULL,
};

static const char *const norm_names[] = {"auto", "none", "batch", "layer", NULL};
static const char *const init_names[] = {"auto",      "zeros", "xavier_uniform", "xavier_normal", "he_uniform",
                                         "he_normal", NULL};

#define FIELD(name) .offset = offsetof(eng_network, name)

static const base_option common_options[] = {
    {.name = "activation",
     .kind = BASE_OPTION_CHOICE,
     FIELD(activation),
     .choices = eng_activation_names,
     .synonyms = ENG_ACTIVATION_SYNONYMS,
     .fallback = "relu",
     .help = "of the hidden layers"},
    {.name = "norm",
     .kind = BASE_OPTION_CHOICE,
     FIELD(norm),
     .choices = norm_names,
     .fallback = "auto",
     .help = "normalization behind convolutions; auto = batch, none in an mlp"},
    {.name = "dropout",
     .kind = BASE_OPTION_REAL,
     FIELD(dropout),
     .fallback = "0",
     .min = 0,
     .max = 1,
     .open_max = true,
     .help = "probability that a hidden unit is zeroed in training; but for an mlp, only before the output layer"},
    {.name = "input_dropout",
     .kind = BASE_OPTION_REAL,
     FIELD(input_dropout),
     .fallback = "0",
     .min = 0,
     .max = 1,
     .open_max = true,
     .help = "the same for the inputs"},
    {.name = "init",
     .kind = BASE_OPTION_CHOICE,
     FIELD(init),
     .choices = init_names,
     .fallback = "auto",
     .help = "of the weights; auto = he_normal for rectifiers, xavier_uniform else"},
    BASE_OPTIONS_END,
};

/* ---- the table ---- */

static size_t count_of(const eng_network_kind *const *kinds) {
    size_t count = 0;
    while (kinds[count] != NULL) count++;
    return count;
}

/* A one-line table: the choice among the kinds. */
static const base_option *model_table(const eng_network_kind *const *kinds, base_arena *arena) {
    const size_t count = count_of(kinds);
    const char **names = BASE_NEW_ARRAY(arena, count + 1, const char *);
    for (size_t i = 0; i < count; i++) names[i] = kinds[i]->name;
    base_option *table = BASE_NEW_ARRAY(arena, 2, base_option);
    table[0] = (base_option){.name = "model",
                             .kind = BASE_OPTION_CHOICE,
                             .fallback = kinds[0]->name,
                             .choices = names,
                             .help = "kind of network"};
    return table;
}

/* "a, b: what it means there; c: what it means here", for an option of several kinds. */
static const char *help_of(const eng_network_kind *const *kinds, const char *name, base_arena *arena) {
    base_buf text = {0};
    for (size_t i = 0; kinds[i] != NULL; i++) {
        const base_option *first = base_options_find(kinds[i]->options, name);
        bool told = first == NULL;
        for (size_t k = 0; k < i && !told; k++) {
            const base_option *before = base_options_find(kinds[k]->options, name);
            told = before != NULL && strcmp(before->help, first->help) == 0;
        }
        if (told) continue;
        base_buf_printf(&text, "%s%s", text.length > 0 ? "; " : "", kinds[i]->name);
        for (size_t k = i + 1; kinds[k] != NULL; k++) {
            const base_option *same = base_options_find(kinds[k]->options, name);
            if (same != NULL && strcmp(same->help, first->help) == 0) base_buf_printf(&text, ", %s", kinds[k]->name);
        }
        base_buf_printf(&text, ": %s", first->help);
    }
    const char *help = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return help;
}

static const char *fallback_of(const base_option *option) {
    return option->fallback ? option->fallback : "";
}

/* Bounds that differ are left to the table of the kind that is chosen. */
static void merge(base_option *line, const base_option *other) {
    BASE_ASSERT(line->kind == other->kind && strcmp(fallback_of(line), fallback_of(other)) == 0);
    if (line->min == other->min && line->max == other->max && line->open_min == other->open_min &&
        line->open_max == other->open_max)
        return;
    line->min = line->max = 0.0;
    line->open_min = line->open_max = false;
}

/* Every option of a kind once, in the order in which they first appear. */
static const base_option *own_table(const eng_network_kind *const *kinds, base_arena *arena) {
    size_t room = 1, count = 0;
    for (size_t i = 0; kinds[i] != NULL; i++) room += base_options_count(kinds[i]->options);
    base_option *table = BASE_NEW_ARRAY(arena, room, base_option);
    for (size_t i = 0; kinds[i] != NULL; i++) {
        for (const base_option *option = kinds[i]->options; option->name != NULL; option++) {
            size_t at = 0;
            while (at < count && strcmp(table[at].name, option->name) != 0) at++;
            if (at < count) {
                merge(&table[at], option);
            } else {
                table[count] = *option;
                table[count++].help = help_of(kinds, option->name, arena);
            }
        }
    }
    for (size_t i = 0; i < count; i++) table[i].offset = 0;
    return table;
}

const base_option *eng_network_table(const eng_network_kind *const *kinds, base_arena *arena) {
    const base_options_part parts[] = {
        {.table = model_table(kinds, arena)},
        {.table = own_table(kinds, arena)},
        {.table = eng_network_list.options},
        {.table = common_options},
    };
    return base_options_join(arena, parts, sizeof parts / sizeof *parts);
}

/* ---- settings ---- */

/* Where layers are listed one by one, nothing else describes the network. */
static base_status check_alone(const base_yaml_node *settings, const eng_network_kind *const *kinds, base_arena *arena,
                               base_err *err) {
    const base_options_part parts[] = {{.table = model_table(kinds, arena)}, {.table = own_table(kinds, arena)}};
    for (const base_option *option = base_options_join(arena, parts, 2); option->name != NULL; option++)
        if (base_options_given(settings, option->name))
            return base_yaml_fail(base_yaml_key(settings, option->name), err,
                                  "network lists every layer, so %s has no meaning beside it; remove one of them",
                                  option->name);
    return BASE_OK;
}

/* What is for another kind of network is a mistake, not a setting without effect. */
static base_status check_own(const base_yaml_node *settings, const eng_network_kind *const *kinds,
                             const eng_network_kind *kind, base_err *err) {
    for (size_t i = 0; kinds[i] != NULL; i++)
        for (const base_option *option = kinds[i]->options; option->name != NULL; option++)
            if (base_options_given(settings, option->name) && base_options_find(kind->options, option->name) == NULL)
                return base_yaml_fail(base_yaml_key(settings, option->name), err, "%s has no meaning for model %s",
                                      option->name, kind->name);
    return BASE_OK;
}

base_status eng_network_read(const base_yaml_node *settings, const eng_network_kind *const *kinds, base_arena *arena,
                             eng_network *out, base_err *err) {
    int model = 0;
    *out = (eng_network){0};
    BASE_TRY(base_options_fill(model_table(kinds, arena), settings, &model, arena, err));
    BASE_TRY(base_options_fill(common_options, settings, out, arena, err));
    const bool listed = base_options_given(settings, eng_network_list.options[0].name);
    const eng_network_kind *kind = listed ? &eng_network_list : kinds[model];
    BASE_TRY(listed ? check_alone(settings, kinds, arena, err) : check_own(settings, kinds, kind, err));
    void *own = base_arena_alloc(arena, kind->size);
    BASE_TRY(base_options_fill(kind->options, settings, own, arena, err));
    if (kind->resolve != NULL) BASE_TRY(kind->resolve(own, settings, arena, err));
    out->kind = kind;
    out->own = own;
    return BASE_OK;
}

void eng_network_print(const eng_network *network, base_buf *out) {
    base_buf_printf(out, "%s ", network->kind->name);
    base_options_print(network->kind->options, network->own, out);
    base_buf_putc(out, ' ');
    base_options_print(common_options, network, out);
}

/* ---- the graph ---- */

static eng_net_config surroundings(const eng_network *network, const eng_net_config *around) {
    const eng_network_kind *kind = network->kind;
    eng_net_config config = *around;
    if (kind->flat) config.input = eng_shape_1d(eng_shape_count(&around->input));
    config.dropout_input = network->input_dropout;
    config.dropout_output = kind->hidden_dropout ? 0.0 : network->dropout;
    config.activation = eng_op_find(eng_activation_names[network->activation]);
    config.norm = network->norm == 0 ? kind->norm : (eng_norm)(network->norm - 1);
    config.init = network->init ? eng_init_find(eng_init_names[network->init - 1]) : NULL;
    return config;
}

static base_status build(const eng_network *network, eng_net *net, eng_ports *ports) {
    const base_status status = network->kind->build(net, network, ports);
    if (status != BASE_OK && !net->blamed) base_err_prefix(net->err, "model %s", network->kind->name);
    return status;
}

base_status eng_network_graph(const eng_network *network, const eng_net_config *around, eng_graph **out,
                              eng_ports *ports, base_err *err) {
    const eng_net_config config = surroundings(network, around);
    eng_net net;
    base_status status = eng_net_begin(&net, &config, err);
    if (status == BASE_OK) status = build(network, &net, ports);
    if (status != BASE_OK) eng_graph_destroy(net.graph);
    *out = status == BASE_OK ? net.graph : NULL;
    return status;
}
