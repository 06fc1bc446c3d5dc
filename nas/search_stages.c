/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stages of a search: each has a space of its own, and a network, a problem and steps over it. What stays on an
 * edge is a function of the alphas after the stage before, which the search keeps anyway; so a checkpoint need not say
 * more than the stage that its values belong to.
 *
 * Figures, alphas and genotypes are of the whole space: operations that are gone have alpha and weight 0. */
#include "nas/inherit.h"
#include "nas/search_impl.h"

/* ---- spaces ---- */

size_t nas_search_stages(const nas_search *s) {
    return s->choices->course->stages ? s->choices->course->stages(s->course_state) : 1;
}

static nas_course_stage stage_of(const nas_search *s, size_t index, size_t operations) {
    const nas_course_type *course = s->choices->course;
    return course->stage ? course->stage(s->course_state, index, operations)
                         : (nas_course_stage){.operations = operations};
}

/* So many operations on each edge, of those that the whole space has there. */
static size_t **counts_of(const nas_search *s, size_t index) {
    size_t **counts = BASE_NEW_ARRAY(s->arena, s->space->n_cells, size_t *);
    for (size_t t = 0; t < s->space->n_cells; t++) {
        const nas_space_cell *cell = &s->space->cells[t];
        counts[t] = BASE_NEW_ARRAY(s->arena, cell->n_edges, size_t);
        for (size_t e = 0; e < cell->n_edges; e++)
            counts[t][e] = stage_of(s, index, cell->edges[e].n_operations).operations;
    }
    return counts;
}

static void set_space(nas_search *s, size_t index, const nas_space *space) {
    nas_stage *stage = &s->stages[index];
    stage->space = space;
    stage->reader = nas_relaxation_create(space, s->choices, s->arena);
    stage->block = nas_operation_blocks(space, s->arena);
    stage->limits = s->settings.limits ? nas_limits_narrow(s->settings.limits, space, s->arena) : NULL;
}

void nas_search_begin_stages(nas_search *s) {
    s->stages = BASE_NEW_ARRAY(s->arena, nas_search_stages(s), nas_stage);
    set_space(s, 0, s->space);
}

/* By the mean weights after an epoch, the last one of the stage before. */
static void find_space(nas_search *s, size_t index, size_t epoch) {
    base_arena *scratch = base_arena_create();
    double **weights = nas_operation_blocks(s->stages[index - 1].space, scratch);
    nas_search_stage_weights(s, epoch, false, scratch, weights);
    set_space(s, index,
              nas_space_narrow(s->stages[index - 1].space, (const double *const *)weights,
                               (const size_t *const *)counts_of(s, index), s->arena));
    base_arena_destroy(scratch);
}

/* ---- networks ---- */

nas_supernet_options nas_search_net_options(const nas_search *s, size_t index, const nas_space *space) {
    const size_t a = eng_feed_room(s->feed[0]), b = eng_feed_room(s->feed[1]);
    const nas_course_type *course = s->choices->course;
    const uint64_t seed = (uint64_t)s->settings.seed;
    nas_supernet_options options = {
        .space = space,
        .settings = {.channels = (size_t)s->settings.channels, .cells = (size_t)s->settings.cells},
        .choices = s->choices,
        .net = s->surroundings,
        .batch = a > b ? a : b,
        .seed = index == 0 ? seed : base_rng_derive(seed, BASE_RNG_ARCHITECTURE, (uint32_t)(16 + index)),
        .threads = s->threads,
        .skip_dropout = course->drops_skips && course->drops_skips(s->course_state),
    };
    if (index > 0 && !space->blocks)
        options.settings.cells = nas_skeleton_count(space, &options.settings) + stage_of(s, index, 1).more_cells;
    return options;
}

/* The net, the problem and the steps of a stage whose space is known. */
base_status nas_search_create_net(nas_search *s, size_t index, base_err *err) {
    const nas_problem_options problem = {
        .momentum = s->settings.momentum,
        .weight_decay = s->settings.weight_decay,
        .clip_norm = s->settings.clip_norm,
        .alpha_weight_decay = s->settings.alpha_weight_decay,
    };
    const nas_supernet_options net = nas_search_net_options(s, index, s->stages[index].space);
    const base_yaml_node *options = s->choices->options[NAS_CHOICE_STEP];
    s->stage = index;
    BASE_TRY(nas_supernet_create(&net, &s->net, err));
    BASE_TRY(nas_problem_create(&problem, s->net, &s->problem, err));
    BASE_TRY(nas_step_create(s->choices->step, options, nas_problem_bilevel(s->problem), &s->step, err));
    return nas_step_create(&nas_step_weights_only, NULL, nas_problem_bilevel(s->problem), &s->warm_up, err);
}

void nas_search_destroy_net(nas_search *s) {
    nas_step_destroy(s->step);
    nas_step_destroy(s->warm_up);
    nas_problem_destroy(s->problem);
    nas_supernet_destroy(s->net);
    s->step = s->warm_up = NULL;
    s->problem = NULL;
    s->net = NULL;
}

/* What goes on in the next stage, where that is what the course says. */
static void give_alphas(nas_search *s, size_t index) {
    base_arena *scratch = base_arena_create();
    double **whole = nas_operation_blocks(s->space, scratch);
    nas_search_alphas(s, s->epochs - 1, whole);
    nas_narrow_blocks(s->space, s->stages[index].space, (const double *const *)whole, s->stages[index].block);
    nas_relaxation_set_alphas(nas_supernet_relaxation(s->net), (const double *const *)s->stages[index].block);
    base_arena_destroy(scratch);
}

static base_status replace_net(nas_search *s, size_t index, base_err *err) {
    const uint64_t steps = nas_search_steps(s);
    const bool keeps = stage_of(s, index, 1).keeps_weights;
    nas_legacy *legacy = keeps ? nas_legacy_create(s->net) : NULL;
    if (keeps && !legacy) return BASE_FAIL(err, BASE_NOMEM, "no memory for the weights of the stage before");
    nas_search_destroy_net(s);
    const base_status status = nas_search_create_net(s, index, err);
    if (status == BASE_OK) eng_optimizer_set_steps(nas_problem_optimizer(s->problem, NAS_WEIGHTS), steps);
    if (status == BASE_OK && keeps) {
        (void)nas_legacy_give(legacy, s->net);
        give_alphas(s, index);
    }
    nas_legacy_destroy(legacy);
    return status;
}

base_status nas_search_enter(nas_search *s, size_t index, base_err *err) {
    while (s->stage < index) {
        find_space(s, s->stage + 1, s->epochs - 1);
        BASE_TRY(replace_net(s, s->stage + 1, err));
    }
    return BASE_OK;
}

/* Figures and alphas are those of a file, whose values are those of stage `index`. */
base_status nas_search_reenter(nas_search *s, size_t index, base_err *err) {
    for (size_t e = 1; e <= s->epochs; e++) {
        const size_t before = s->figures[e - 1].stage, after = e < s->epochs ? s->figures[e].stage : index + 1;
        if (after > before) find_space(s, before, e - 1);
    }
    if (index == s->stage) return BASE_OK;
    nas_search_destroy_net(s);
    return nas_search_create_net(s, index, err);
}

/* ---- memory ---- */

/* What a supernet takes that has one operation alone, wherever it may stand: by how much it weighs in memory. */
static base_status weigh_operation(const nas_search *s, const nas_operation *operation, size_t *bytes, base_err *err) {
    double **weights = nas_operation_blocks(s->space, s->arena);
    size_t **one = BASE_NEW_ARRAY(s->arena, s->space->n_cells, size_t *);
    nas_supernet_size size;
    for (size_t t = 0; t < s->space->n_cells; t++) {
        const nas_space_cell *cell = &s->space->cells[t];
        one[t] = BASE_NEW_ARRAY(s->arena, cell->n_edges, size_t);
        for (size_t e = 0; e < cell->n_edges; e++) {
            one[t][e] = 1;
            for (size_t k = 0; k < cell->edges[e].n_operations; k++)
                weights[t][cell->edges[e].offset + k] = cell->edges[e].operations[k] == operation;
        }
    }
    const nas_space *alone =
        nas_space_narrow(s->space, (const double *const *)weights, (const size_t *const *)one, s->arena);
    const nas_supernet_options options = nas_search_net_options(s, 0, alone);
    BASE_TRY(nas_supernet_measure(&options, &size, err));
    *bytes = size.bytes;
    return BASE_OK;
}

/* Those operations of every edge go on that take most: nobody knows yet which it will be. */
static base_status weigh_operations(const nas_search *s, double *const *weights, base_err *err) {
    size_t count;
    const nas_operation *const *all = nas_operations(&count);
    for (size_t i = 0; i < count; i++) {
        bool measured = false;
        size_t bytes = 0;
        for (size_t t = 0; t < s->space->n_cells; t++)
            for (size_t e = 0; e < s->space->cells[t].n_edges; e++) {
                const nas_space_edge *edge = &s->space->cells[t].edges[e];
                const size_t k = nas_space_operation_find(edge, all[i]);
                if (k == edge->n_operations || (all[i]->flags & NAS_OPERATION_NONE)) continue;
                if (!measured) BASE_TRY(weigh_operation(s, all[i], &bytes, err));
                measured = true;
                weights[t][edge->offset + k] = (double)bytes;
            }
    }
    return BASE_OK;
}

base_status nas_search_measure_stages(nas_search *s, nas_supernet_size *out, base_err *err) {
    const size_t count = nas_search_stages(s);
    double **weights = nas_operation_blocks(s->space, s->arena);
    nas_supernet_options options = nas_search_net_options(s, 0, s->space);
    BASE_TRY(nas_supernet_measure(&options, out, err));
    if (count > 1) BASE_TRY(weigh_operations(s, weights, err));
    for (size_t index = 1; index < count; index++) {
        nas_supernet_size size;
        const nas_space *space = nas_space_narrow(s->space, (const double *const *)weights,
                                                  (const size_t *const *)counts_of(s, index), s->arena);
        options = nas_search_net_options(s, index, space);
        BASE_TRY(nas_supernet_measure(&options, &size, err));
        if (stage_of(s, index, 1).keeps_weights) size.bytes += out->block;
        if (size.bytes > out->bytes) *out = size;
    }
    return BASE_OK;
}
