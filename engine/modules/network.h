/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks by name: what a setting `model:` chooses among.
 *
 * A kind of network is one constant descriptor in a file of its own, and one line in a list of kinds. The engine's list
 * is eng_networks; whoever reads a recipe may hand in a longer one, so that rooms above the engine have networks too. A
 * kind declares its own options; those of all kinds stand in one table, and an option of another kind than the chosen
 * one is refused. */
#ifndef ENG_NETWORK_H
#define ENG_NETWORK_H

#include "base/options.h"
#include "engine/modules/layers.h"
#include "engine/modules/net.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_network_kind eng_network_kind;

/* A network as its settings describe it: a kind with its own options, and what every kind takes. */
typedef struct eng_network {
    int activation;                /* index into eng_activation_names */
    int norm;                      /* 0 = auto, else 1 + eng_norm */
    double dropout, input_dropout; /* 0 <= rate < 1 */
    int init;                      /* 0 = chosen for the activation, else 1 + index into eng_init_names */
    /* resolved by eng_network_read */
    const eng_network_kind *kind;
    const void *own; /* of kind->size bytes */
} eng_network;

struct eng_network_kind {
    const char *name, *summary; /* as `model:` and --list show them */
    /* Its own options, may be an empty table. An option that several kinds have is of one type in all of them, and is
     * optional or has one default. Help needs no name of the kind: the table of all kinds adds it. */
    const base_option *options;
    size_t size; /* of the struct that they are read into */
    /* What a table cannot read, and defaults that depend on other settings; may be NULL. own: the options as they were
     * read. settings: the map that holds them and all others. BASE_INVALID with position. */
    base_status (*resolve)(void *own, const base_yaml_node *settings, base_arena *arena, base_err *err);
    /* Everything behind the input, as net->config has it. Most kinds end with eng_net_end, which adds the output layer
     * and the loss; one that has a head of its own, or a second loss that helps in training, fills *ports itself. */
    base_status (*build)(eng_net *net, const eng_network *network, eng_ports *ports);
    eng_norm norm;       /* what `norm: auto` is here */
    bool flat;           /* reads an image as a row of numbers */
    bool hidden_dropout; /* build puts network->dropout behind hidden layers; else it comes before the output layer */
    /* Rates of drop-path grow linearly, from 0 in the first epoch, over those that the schedule is laid out for. */
    bool grows_drop_path;
    size_t evaluate; /* samples of a batch to evaluate with, at least; 0 = as many as it trains with */
};

extern const eng_network_kind *const eng_networks[]; /* mlp, resnet, separable, unet; NULL-terminated */
extern const eng_network_kind eng_network_mlp, eng_network_resnet, eng_network_separable, eng_network_unet;

/* The kind that the setting `network`, a list of layers, stands for: `model` does not name it. */
extern const eng_network_kind eng_network_list;
typedef struct eng_network_list_own {
    const base_yaml_node *network;
    eng_layers layers;
} eng_network_list_own;

/* Every line of a network's settings: `model` with the names of the kinds (NULL-terminated, outlives the arena), the
 * options of each kind under the names of those that have it, `network`, and what all kinds take. Names, bounds and
 * help are for checks and for people; the fields are read by eng_network_read alone. */
const base_option *eng_network_table(const eng_network_kind *const *kinds, base_arena *arena);
/* settings: a map (may be NULL) whose keys are known; others than these may stand in it. BASE_INVALID with position. */
BASE_CHECK base_status eng_network_read(const base_yaml_node *settings, const eng_network_kind *const *kinds,
                                        base_arena *arena, eng_network *out, base_err *err);
/* The settings that count, as text: equal for networks that are equal. */
void eng_network_print(const eng_network *network, base_buf *out);

/* Completes `around`, which holds input, task, outputs and label_smoothing, by the settings, and builds the network in
 * it. The graph is the caller's. BASE_INVALID names what does not fit. */
BASE_CHECK base_status eng_network_graph(const eng_network *network, const eng_net_config *around, eng_graph **out,
                                         eng_ports *ports, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
