/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trials of a study of `darts` search in and what that takes, for --check: the supernet in the middle of the
 * space, its memory, and the time of a step, which is measured on one. A search that trial.memory does not hold is
 * refused before a night is lost, with the largest batch that it does hold. */
#include <math.h>

#include "base/clock.h"
#include "engine/modules/summary.h"
#include "experiments/objectives/darts_state.h"

static const double mib = 1024.0 * 1024.0, ENOUGH = 0.5; /* seconds of steps that are timed */

typedef struct description {
    const hpo_objective_env *env;
    base_arena *arena;
    darts_settings settings;
    eng_dataset *set;
    eng_view *view;
} description;

/* The middle of the space, or a random point where that is forbidden. */
static base_status read_middle(description *d, base_err *err) {
    const hpo_space *space = d->env->space;
    const size_t dims = hpo_space_dims(space);
    double *unit = BASE_NEW_ARRAY(d->arena, dims + 1, double);
    double *config = BASE_NEW_ARRAY(d->arena, hpo_space_count(space) + 1, double);
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 1);
    for (size_t i = 0; i < dims; i++) unit[i] = 0.5;
    hpo_space_from_unit(space, unit, config);
    if (!hpo_space_allowed(space, config)) BASE_TRY(hpo_space_sample(space, &rng, config, err));
    return darts_read(d->env, config, d->arena, &d->settings, err);
}

static base_status load(description *d, base_err *err) {
    const eng_view_settings view = eng_data_view(&d->settings.data);
    BASE_TRY(eng_data_load(&d->settings.data, d->env->base_dir, &d->set, err));
    return eng_view_create(d->set, &view, &d->view, err);
}

/* ---- memory ---- */

static base_status bytes_of(const description *d, int64_t batch, size_t *out, base_err *err) {
    nas_search_settings settings = d->settings.search;
    nas_supernet_size size;
    settings.batch_size = batch;
    BASE_TRY(nas_search_measure(&settings, &d->settings.choices, d->settings.space, d->view, &size, err));
    *out = size.bytes;
    return BASE_OK;
}

/* The largest batch below one that does not fit; 0: not even one sample fits. */
static base_status largest_batch(const description *d, size_t limit, int64_t *out, base_err *err) {
    int64_t fits = 0, fails = d->settings.search.batch_size;
    while (fails - fits > 1) {
        const int64_t middle = fits + (fails - fits) / 2;
        size_t bytes;
        BASE_TRY(bytes_of(d, middle, &bytes, err));
        *(bytes <= limit ? &fits : &fails) = middle;
    }
    *out = fits;
    return BASE_OK;
}

static base_status refuse(const description *d, size_t bytes, size_t limit, base_err *err) {
    int64_t batch;
    BASE_TRY(largest_batch(d, limit, &batch, err));
    if (batch == 0)
        return BASE_FAIL(err, BASE_INVALID,
                         "the search takes %.1f MiB and one sample more than trial.memory (%.1f MiB): take fewer "
                         "channels or cells",
                         (double)bytes / mib, (double)limit / mib);
    return BASE_FAIL(
        err, BASE_INVALID,
        "the search takes %.1f MiB in batches of %lld, but trial.memory is %.1f MiB; the largest batch that "
        "fits is batch_size: %lld",
        (double)bytes / mib, (long long)d->settings.search.batch_size, (double)limit / mib, (long long)batch);
}

/* ---- time ---- */

/* Some steps, timed from the end of the first one on, which finds caches cold. */
typedef struct stopwatch {
    const nas_search *search;
    double began;
    uint64_t before; /* steps by then; 0: not yet */
} stopwatch;

static bool on_step(void *self) {
    stopwatch *watch = self;
    const uint64_t steps = nas_search_steps(watch->search);
    if (watch->before == 0) {
        watch->before = steps;
        watch->began = base_monotonic();
        return false;
    }
    return base_monotonic() - watch->began >= ENOUGH;
}

/* At most an epoch of it. */
static base_status time_step(nas_search *search, double *seconds, base_err *err) {
    stopwatch watch = {.search = search, .began = base_monotonic()};
    const nas_search_watch until = {.self = &watch, .stop = on_step, .pause = 1e-9};
    base_err why = {0};
    const base_status status = nas_search_run(search, 1, &until, &why);
    const uint64_t steps = nas_search_steps(search) - watch.before;
    *seconds = steps > 0 ? (base_monotonic() - watch.began) / (double)steps : (double)NAN;
    if (status == BASE_OK || status == BASE_CANCELLED) return BASE_OK;
    return BASE_FAIL(err, status, "%s", why.text);
}

/* ---- the text ---- */

static void put_times(const description *d, const nas_search *search, double step, base_buf *out) {
    const double steps = (double)nas_search_epoch_steps(search);
    char epoch[32], all[32];
    if (isnan(step)) return;
    base_format_duration(step * steps, epoch);
    base_format_duration(step * steps * (double)d->settings.search.epochs, all);
    base_buf_printf(out, "# a step takes %.3g s on this machine, an epoch of %.0f steps about %s, %lld epochs %s\n",
                    step, steps, epoch, (long long)d->settings.search.epochs, all);
}

static void put_supernet(const description *d, const nas_supernet_size *size, base_buf *out) {
    const bool searched = hpo_space_dims(d->env->space) > 0;
    base_buf_printf(out, "# %s: %zu edge weights, %.15g genotypes%s\n", d->settings.space->name,
                    nas_space_weights(d->settings.space), nas_space_size(d->settings.space),
                    searched ? "; in the middle of the parameters:" : "");
    base_buf_printf(out, "# the supernet has %zu weights; a search takes %.1f MiB in batches of %lld\n", size->numbers,
                    (double)size->bytes / mib, (long long)d->settings.search.batch_size);
}

static base_status put_search(description *d, const hpo_limits *limits, base_buf *out, base_err *err) {
    const darts_settings *s = &d->settings;
    nas_search *search;
    nas_supernet_size size;
    double step;
    d->settings.search.threads = limits->threads;
    BASE_TRY(nas_search_measure(&s->search, &s->choices, s->space, d->view, &size, err));
    put_supernet(d, &size, out);
    if (limits->memory > 0 && size.bytes > limits->memory) return refuse(d, size.bytes, limits->memory, err);
    BASE_TRY(nas_search_create(&s->search, &s->choices, s->space, d->view, NULL, &search, err));
    const base_status status = time_step(search, &step, err);
    if (status == BASE_OK) put_times(d, search, step, out);
    nas_search_destroy(search);
    return status;
}

/* What a run would measure once. */
static base_status measure_latency(description *d, base_err *err) {
    base_buf table = {0};
    if (d->settings.limits.max[NAS_COST_LATENCY] == 0 || d->settings.limits.table) return BASE_OK;
    const base_status status = darts_measure_latency(&d->settings, d->set, &table, err);
    d->settings.limits.table = base_arena_strdup(d->arena, base_buf_text(&table));
    base_buf_fini(&table);
    return status;
}

/* The limits beside what networks of the space cost. */
static base_status put_limits(description *d, base_buf *out, base_err *err) {
    nas_limits limits;
    if (!d->settings.limits.given) return BASE_OK;
    BASE_TRY(measure_latency(d, err));
    BASE_TRY(darts_count_limits(&d->settings, d->set, d->arena, &limits, err));
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        double smallest, largest;
        if (!isfinite(limits.max[kind])) continue;
        nas_costs_range(&limits.costs, (nas_cost)kind, &smallest, &largest);
        base_buf_puts(out, "# at most ");
        nas_cost_print((nas_cost)kind, limits.max[kind], out);
        base_buf_puts(out, "; networks of the space have ");
        nas_cost_print((nas_cost)kind, smallest, out);
        base_buf_puts(out, " to ");
        nas_cost_print((nas_cost)kind, largest, out);
        base_buf_puts(out, limits.costs.exact ? "\n" : " or less: what nothing reads is not built\n");
    }
    return BASE_OK;
}

/* A genotype by lot, as large as any. */
static base_status put_retraining(const description *d, base_buf *out, base_err *err) {
    base_rng rng = base_rng_stream(0, BASE_RNG_PROBLEM, 0, 2);
    eng_recipe recipe;
    eng_graph *graph;
    eng_ports ports;
    if (!d->settings.retrains) return BASE_OK;
    const nas_genotype *genotype = nas_genotype_random(d->settings.space, &rng, d->arena);
    BASE_TRY(darts_recipe(&d->settings, genotype, 0, d->arena, &recipe, err));
    BASE_TRY(eng_recipe_check(&recipe, d->set, err));
    BASE_TRY(eng_recipe_graph(&recipe, d->set, &graph, &ports, err));
    base_buf_printf(out, "# a genotype by lot is retrained for %lld epochs with %zu parameters, %.3g FLOPs\n",
                    (long long)recipe.course.epochs, eng_graph_numbers_behind(graph, ports.output),
                    eng_graph_flops_behind(graph, ports.output));
    eng_graph_destroy(graph);
    return BASE_OK;
}

base_status darts_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out, base_err *err) {
    description d = {.env = env, .arena = base_arena_create()};
    base_err why = {0};
    base_status status = read_middle(&d, err);
    if (status == BASE_OK && load(&d, &why) != BASE_OK) { /* the data may lie where the study will run */
        base_buf_printf(out, "# the supernet is not shown without its data: %s\n", why.text);
    } else if (status == BASE_OK) {
        status = put_search(&d, limits, out, err);
        if (status == BASE_OK) status = put_limits(&d, out, err);
        if (status == BASE_OK) status = put_retraining(&d, out, err);
    }
    eng_view_destroy(d.view);
    eng_dataset_destroy(d.set);
    base_arena_destroy(d.arena);
    return status;
}
