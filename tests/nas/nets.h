/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spaces, genotypes and networks for tests, which fail where they cannot be had. */
#ifndef TESTS_NAS_NETS_H
#define TESTS_NAS_NETS_H

#include "tests/support/check.h"

#include "engine/modules/summary.h"
#include "nas/network.h"

static inline const nas_space *space_of(const char *name, base_arena *arena) {
    base_err err;
    const nas_space *space;
    CHECK_OK(nas_space_find(name, arena, &space, &err));
    return space;
}

static inline nas_genotype *genotype_of(const nas_space *space, const char *text, base_arena *arena) {
    base_err err;
    nas_genotype *genotype;
    CHECK_OK(nas_genotype_read(space, "test", text, arena, &genotype, &err));
    return genotype;
}

static inline nas_genotype *known_genotype(const char *name, base_arena *arena) {
    base_err err;
    nas_genotype *genotype;
    CHECK_OK(nas_genotype_load(NULL, name, NULL, arena, &genotype, &err));
    return genotype;
}

/* Of images of size x size pixels with ten classes; the caller destroys it. */
static inline eng_graph *network_of(const nas_genotype *genotype, const nas_settings *settings, size_t size,
                                    size_t channels, eng_ports *ports) {
    base_err err;
    eng_net net;
    const eng_net_config config = {
        .input = eng_shape_3d(size, size, channels), .task = ENG_MULTICLASS, .outputs = 10, .norm = ENG_NORM_BATCH};
    CHECK_OK(eng_net_begin(&net, &config, &err));
    CHECK_OK(nas_network_build(genotype, settings, &net, ports));
    return net.graph;
}

static inline size_t numbers_of(const nas_genotype *genotype, nas_settings settings, size_t size, size_t channels) {
    eng_ports ports;
    eng_graph *graph = network_of(genotype, &settings, size, channels, &ports);
    const size_t numbers = eng_graph_numbers_behind(graph, ports.output);
    eng_graph_destroy(graph);
    return numbers;
}

#endif
