/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trials of a study will train and take, for --check: the layers of the network in the middle of the space,
 * and the range of sizes over random configurations. Nothing is trained; the data are loaded for their shape. */
#include <math.h>
#include <stdlib.h>

#include "engine/modules/summary.h"
#include "engine/train/footprint.h"
#include "experiments/objectives/train_state.h"
#include "nas/cells.h"

enum { POINTS = 64 };
static const double mib = 1024.0 * 1024.0;

typedef struct description {
    const hpo_objective_env *env;
    train_fidelity kind;
    eng_dataset *set;
    double *config;
    base_arena *arena;
    size_t threads; /* of a trial */
} description;

typedef struct range {
    double least, most;
} range;

static void include(range *r, double value) {
    r->least = fmin(r->least, value);
    r->most = fmax(r->most, value);
}

/* number: that of a trial whose seed might draw it. */
static base_status recipe_here(const description *d, uint32_t number, eng_recipe *out, base_err *err) {
    const train_point at = {d->config, d->env->fidelity.max, number};
    BASE_TRY(train_recipe(d->env, d->kind, &at, d->arena, out, err));
    return eng_recipe_check(out, d->set, err);
}

static base_status choose(const description *d, uint32_t number, base_err *err) {
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, number, 1);
    return hpo_space_sample(d->env->space, &rng, d->config, err);
}

/* The middle of the space, or a random point where that is forbidden. */
static base_status go_to_middle(const description *d, base_err *err) {
    const size_t dims = hpo_space_dims(d->env->space);
    double *unit = BASE_NEW_ARRAY(d->arena, dims + 1, double);
    for (size_t i = 0; i < dims; i++) unit[i] = 0.5;
    hpo_space_from_unit(d->env->space, unit, d->config);
    return hpo_space_allowed(d->env->space, d->config) ? BASE_OK : choose(d, 0, err);
}

static base_status put_network(const description *d, base_buf *out, base_err *err) {
    eng_recipe recipe;
    eng_footprint f;
    eng_graph *graph;
    eng_ports ports;
    BASE_TRY(go_to_middle(d, err));
    BASE_TRY(recipe_here(d, 0, &recipe, err));
    BASE_TRY(eng_footprint_of(&recipe, d->set, d->threads, &f, err));
    BASE_TRY(eng_recipe_graph(&recipe, d->set, &graph, &ports, err));
    const bool searched = hpo_space_dims(d->env->space) > 0, drawn = nas_cells_by_lot(d->env->settings);
    base_buf_printf(out, "# %s network%s\n", drawn ? "a" : "the",
                    drawn      ? " by lot"
                    : searched ? " in the middle of the space"
                               : "");
    eng_graph_table(graph, "#   ", out);
    eng_graph_destroy(graph);
    base_buf_printf(out,
                    "# its training takes %.1f MiB: parameters and gradients %.1f, optimizer %.1f,\n"
                    "#   activations %.1f (batches of %zu), batches and their order %.1f,\n"
                    "#   the network's description %.1f\n",
                    (double)eng_footprint_bytes(&f, false) / mib, (double)f.parameters / mib, (double)f.optimizer / mib,
                    (double)f.arena / mib, eng_recipe_batch(&recipe), (double)f.batches / mib, (double)f.network / mib);
    return BASE_OK;
}

/* Sizes over random configurations, and whether they may be. */
static base_status put_range(const description *d, uint64_t limit, base_buf *out, base_err *err) {
    range bytes = {INFINITY, 0}, numbers = bytes, flops = bytes;
    size_t over = 0;
    for (uint32_t i = 0; i < POINTS; i++) {
        eng_recipe recipe;
        eng_footprint f;
        BASE_TRY(choose(d, i, err));
        BASE_TRY(recipe_here(d, i, &recipe, err));
        BASE_TRY(eng_footprint_of(&recipe, d->set, d->threads, &f, err));
        const double total = (double)eng_footprint_bytes(&f, false);
        include(&bytes, total / mib);
        include(&numbers, (double)f.numbers);
        include(&flops, f.flops);
        over += limit > 0 && total > (double)limit;
    }
    const double most = (double)limit / mib;
    if (over == POINTS && bytes.least == bytes.most)
        return BASE_FAIL(err, BASE_INVALID, "every trial takes %.1f MiB, but trial.memory is %.1f MiB", bytes.least,
                         most);
    if (over == POINTS)
        return BASE_FAIL(err, BASE_INVALID, "a trial takes %.1f to %.1f MiB, but trial.memory is %.1f MiB", bytes.least,
                         bytes.most, most);
    if (bytes.least < bytes.most || numbers.least < numbers.most)
        base_buf_printf(out,
                        "# over %d random configurations: %.0f to %.0f parameters,\n"
                        "#   %.3g to %.3g FLOPs, %.1f to %.1f MiB\n",
                        POINTS, numbers.least, numbers.most, flops.least, flops.most, bytes.least, bytes.most);
    if (over > 0)
        base_buf_printf(out, "# %zu of these %d need more than trial.memory (%.1f MiB) and would be refused\n", over,
                        POINTS, most);
    return BASE_OK;
}

static base_status load(description *d, base_err *err) {
    const train_point at = {d->config, d->env->fidelity.max, 0};
    eng_recipe recipe;
    BASE_TRY(choose(d, 0, err));
    BASE_TRY(train_recipe(d->env, d->kind, &at, d->arena, &recipe, err));
    return eng_data_load(&recipe.data, d->env->base_dir, &d->set, err);
}

base_status train_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out, base_err *err) {
    description d = {.env = env, .arena = base_arena_create(), .threads = (size_t)limits->threads};
    base_err why = {0};
    d.config = BASE_NEW_ARRAY(d.arena, hpo_space_count(env->space) + 1, double);
    base_status status = train_fidelity_find(env, &d.kind, err);
    if (status == BASE_OK && load(&d, &why) != BASE_OK) { /* the data may lie where the study will run */
        base_buf_printf(out, "# the network is not shown without its data: %s\n", why.text);
    } else if (status == BASE_OK) {
        status = put_network(&d, out, err);
        if (status == BASE_OK) status = put_range(&d, limits->memory, out, err);
    }
    eng_dataset_destroy(d.set);
    base_arena_destroy(d.arena);
    return status;
}
