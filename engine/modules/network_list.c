/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network as a list of layers: the setting `network`, which stands in place of `model`. */
#include "engine/modules/network.h"

static const base_option options[] = {
    {.name = "network",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(eng_network_list_own, network),
     .fallback = "",
     .shape = "list of layers",
     .help = "the hidden layers one by one, in place of model (see docs/networks.md)"},
    BASE_OPTIONS_END,
};

static base_status resolve(void *own, const base_yaml_node *settings, base_arena *arena, base_err *err) {
    eng_network_list_own *o = own;
    (void)settings;
    return eng_layers_read(o->network, arena, &o->layers, err);
}

static base_status build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const eng_network_list_own *o = network->own;
    BASE_TRY(eng_layers_build(&o->layers, net));
    return eng_net_end(net, ports);
}

const eng_network_kind eng_network_list = {
    .name = "network",
    .summary = "the hidden layers one by one",
    .options = options,
    .size = sizeof(eng_network_list_own),
    .norm = ENG_NORM_BATCH,
    .resolve = resolve,
    .build = build,
};
