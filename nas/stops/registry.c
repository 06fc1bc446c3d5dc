/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of stopping rules, and what is the same for all of them: options, the last epoch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "nas/stop.h"

/* One line each. */
#define NAS_STOP_LIST(X)                                                                                               \
    X(epochs)                                                                                                          \
    X(eigenvalue)                                                                                                      \
    X(eigenvalue_restart)                                                                                              \
    X(skips)

#define DECLARE(name) extern const nas_stop_type nas_stop_##name;
NAS_STOP_LIST(DECLARE)

#define ADDRESS(name) &nas_stop_##name,
static const nas_stop_type *const stops[] = {NAS_STOP_LIST(ADDRESS)};

struct nas_stop {
    const nas_stop_type *type;
    void *state;
    base_arena *arena; /* what option values point to */
};

const nas_stop_type *const *nas_stops(size_t *count) {
    *count = sizeof stops / sizeof *stops;
    return stops;
}

const nas_stop_type *nas_stop_find(const char *name) {
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        if (strcmp(stops[i]->name, name) == 0) return stops[i];
    return NULL;
}

base_status nas_stop_create(const nas_stop_type *type, const base_yaml_node *options, nas_stop **out, base_err *err) {
    nas_stop *stop = base_calloc(1, sizeof *stop);
    *stop = (nas_stop){.type = type, .arena = base_arena_create()};
    stop->state = base_calloc(1, type->state_size > 0 ? type->state_size : 1);
    const base_status status =
        type->options ? base_options_read(type->options, options, stop->state, stop->arena, err) : BASE_OK;
    if (status != BASE_OK) {
        nas_stop_destroy(stop);
        stop = NULL;
    }
    *out = stop;
    return status;
}

void nas_stop_destroy(nas_stop *stop) {
    if (!stop) return;
    free(stop->state);
    base_arena_destroy(stop->arena);
    free(stop);
}

size_t nas_stop_states(const nas_stop *stop) {
    return stop->type->states ? stop->type->states(stop->state) : 0;
}

bool nas_stop_wants_state(const nas_stop *stop, size_t epoch) {
    return stop->type->wants_state && stop->type->wants_state(stop->state, epoch);
}

bool nas_stop_wants_eigenvalue(const nas_stop *stop, size_t epoch) {
    return stop->type->wants_eigenvalue && stop->type->wants_eigenvalue(stop->state, epoch);
}

nas_verdict nas_stop_judge(const nas_stop *stop, const nas_figures *history, size_t count, size_t total) {
    nas_verdict verdict = {.genotype = count - 1};
    if (count < total) {
        verdict.stop = stop->type->judge && stop->type->judge(stop->state, history, count, &verdict);
        verdict.early = verdict.stop;
    } else {
        verdict.stop = true;
        snprintf(verdict.reason, sizeof verdict.reason, "all %zu epochs are over", total);
    }
    return verdict;
}
