/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of schedulers, and what is the same for all of them: reading options, creating, asking, printing. */
#include <stdlib.h>
#include <string.h>

#include "hpo/schedulers/scheduler.h"

/* One line each. */
#define HPO_SCHEDULER_LIST(X)                                                                                          \
    X(full)                                                                                                            \
    X(successive_halving)                                                                                              \
    X(hyperband)                                                                                                       \
    X(dehb)                                                                                                            \
    X(asha)                                                                                                            \
    X(async_hyperband)                                                                                                 \
    X(median_stop)                                                                                                     \
    X(percentile_stop)                                                                                                 \
    X(curve_stop)                                                                                                      \
    X(patience)                                                                                                        \
    X(pbt)                                                                                                             \
    X(replicates)

#define DECLARE(name) extern const hpo_scheduler_type hpo_scheduler_##name;
HPO_SCHEDULER_LIST(DECLARE)

#define ADDRESS(name) &hpo_scheduler_##name,
static const hpo_scheduler_type *const schedulers[] = {HPO_SCHEDULER_LIST(ADDRESS)};

struct hpo_scheduler {
    const hpo_scheduler_type *type;
    void *state;
    base_arena *arena; /* what option values point to */
};

const hpo_scheduler_type *const *hpo_schedulers(size_t *count) {
    *count = sizeof schedulers / sizeof *schedulers;
    return schedulers;
}

const hpo_scheduler_type *hpo_scheduler_find(const char *name) {
    for (size_t i = 0; i < sizeof schedulers / sizeof *schedulers; i++) {
        if (strcmp(schedulers[i]->name, name) == 0) return schedulers[i];
    }
    return NULL;
}

static base_status init_state(const hpo_scheduler *scheduler, const base_yaml_node *options,
                              const hpo_scheduler_env *env, base_err *err) {
    const hpo_scheduler_type *type = scheduler->type;
    if (type->options) BASE_TRY(base_options_read(type->options, options, scheduler->state, scheduler->arena, err));
    if (!type->init) return BASE_OK;
    base_status status = type->init(scheduler->state, env, err);
    if (status == BASE_INVALID && options && options->line > 0) {
        base_err_prefix(err, "%s:%d:%d", options->file, options->line, options->column);
    }
    return status;
}

base_status hpo_scheduler_create(const hpo_scheduler_type *type, const base_yaml_node *options,
                                 const hpo_scheduler_env *env, hpo_scheduler **out, base_err *err) {
    hpo_scheduler *scheduler = base_calloc(1, sizeof *scheduler);
    *scheduler = (hpo_scheduler){.type = type, .state = base_calloc(1, type->state_size), .arena = base_arena_create()};
    base_status status = init_state(scheduler, options, env, err);
    if (status != BASE_OK) {
        hpo_scheduler_destroy(scheduler);
        scheduler = NULL;
    }
    *out = scheduler;
    return status;
}

void hpo_scheduler_destroy(hpo_scheduler *scheduler) {
    if (!scheduler) return;
    if (scheduler->type->fini) scheduler->type->fini(scheduler->state);
    free(scheduler->state);
    base_arena_destroy(scheduler->arena);
    free(scheduler);
}

base_status hpo_scheduler_next(hpo_scheduler *scheduler, hpo_view view, bool may_start, hpo_decision *out,
                               base_err *err) {
    return scheduler->type->next(scheduler->state, view, may_start, out, err);
}

bool hpo_scheduler_should_stop(hpo_scheduler *scheduler, hpo_view view, uint64_t trial) {
    return scheduler->type->should_stop && scheduler->type->should_stop(scheduler->state, view, trial);
}

bool hpo_scheduler_stops(const hpo_scheduler *scheduler) {
    const hpo_scheduler_type *type = scheduler->type;
    return type->stops ? type->stops(scheduler->state) : type->should_stop != NULL;
}

bool hpo_scheduler_ends(const hpo_scheduler *scheduler) {
    return scheduler->type->ends && scheduler->type->ends(scheduler->state);
}

uint64_t hpo_scheduler_founders(const hpo_scheduler *scheduler) {
    return scheduler->type->founders ? scheduler->type->founders(scheduler->state) : UINT64_MAX;
}

void hpo_scheduler_print(const hpo_scheduler *scheduler, base_buf *out) {
    if (scheduler->type->options) {
        base_options_print(scheduler->type->options, scheduler->state, out);
    } else {
        base_buf_puts(out, "{}");
    }
}

void hpo_scheduler_describe(const hpo_scheduler *scheduler, base_buf *out) {
    if (scheduler->type->describe) scheduler->type->describe(scheduler->state, out);
}
