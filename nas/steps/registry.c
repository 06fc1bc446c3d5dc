/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of steps, and what is the same for all of them: options, memory. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "nas/step.h"

/* One line each. */
#define NAS_STEP_LIST(X)                                                                                               \
    X(first_order)                                                                                                     \
    X(second_order)                                                                                                    \
    X(perturb_random)                                                                                                  \
    X(perturb_adversarial)                                                                                             \
    X(weights_only)

#define DECLARE(name) extern const nas_step_type nas_step_##name;
NAS_STEP_LIST(DECLARE)

#define ADDRESS(name) &nas_step_##name,
static const nas_step_type *const steps[] = {NAS_STEP_LIST(ADDRESS)};

struct nas_step {
    const nas_step_type *type;
    const nas_bilevel *problem;
    void *state;
    base_arena *arena; /* what option values point to */
};

const nas_step_type *const *nas_steps(size_t *count) {
    *count = sizeof steps / sizeof *steps;
    return steps;
}

const nas_step_type *nas_step_find(const char *name) {
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i]->name, name) == 0) return steps[i];
    return NULL;
}

static base_status init(const nas_step *step, const base_yaml_node *options, base_err *err) {
    const nas_step_type *type = step->type;
    if (type->options) BASE_TRY(base_options_read(type->options, options, step->state, step->arena, err));
    return type->init ? type->init(step->state, step->problem, err) : BASE_OK;
}

base_status nas_step_create(const nas_step_type *type, const base_yaml_node *options, const nas_bilevel *problem,
                            nas_step **out, base_err *err) {
    nas_step *step = base_calloc(1, sizeof *step);
    *step = (nas_step){.type = type, .problem = problem, .arena = base_arena_create()};
    step->state = base_calloc(1, type->state_size > 0 ? type->state_size : 1);
    base_status status = init(step, options, err);
    if (status != BASE_OK) {
        nas_step_destroy(step);
        step = NULL;
    }
    *out = step;
    return status;
}

void nas_step_destroy(nas_step *step) {
    if (!step) return;
    if (step->type->fini) step->type->fini(step->state, step->problem);
    free(step->state);
    base_arena_destroy(step->arena);
    free(step);
}

base_status nas_step_take(nas_step *step, nas_step_losses *losses, base_err *err) {
    return step->type->take(step->state, step->problem, losses, err);
}
