/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation of the objective `darts`: a search up to the fidelity that is asked for, and the retraining of what it
 * has found by then.
 *
 * Whatever an earlier attempt left behind is used, and a file that is missing or damaged costs time, never the result:
 * the search, its genotype and the retraining are functions of settings, configuration and seed. On a higher rung the
 * genotype is often that of the rung before; it is then not trained again. */
#include <math.h>

#include "base/clock.h"
#include "base/log.h"
#include "experiments/objectives/cells_files.h"
#include "experiments/objectives/darts_state.h"

static const double SAVE_EVERY = 20; /* seconds that a killed process may lose */

/* ---- reports ---- */

static void heed(darts_job *d, hpo_verdict verdict) {
    if (verdict > d->verdict) d->verdict = verdict;
}

bool darts_must_stop(darts_job *d) {
    const hpo_reporter *r = d->reporter;
    if (r && r->verdict) heed(d, r->verdict(r->self));
    return d->verdict != HPO_CONTINUE;
}

bool darts_should_save(darts_job *d) {
    const double now = base_monotonic();
    if (now - d->saved < SAVE_EVERY) return false;
    d->saved = now;
    return true;
}

static void put(hpo_metrics *metrics, const char *name, double value) {
    if (isfinite(value)) hpo_metrics_set(metrics, name, value);
}

static void report_epoch(darts_job *d, const nas_search *search, size_t epoch) {
    const nas_figures *f = nas_search_figures(search, epoch);
    hpo_metrics metrics = {0};
    put(&metrics, "supernet_error", f->valid_error);
    put(&metrics, "supernet_loss", f->valid_loss);
    put(&metrics, "train_error", f->train_error);
    put(&metrics, "train_loss", f->train_loss);
    put(&metrics, "entropy", f->entropy);
    put(&metrics, "eigenvalue", f->eigenvalue);
    put(&metrics, "skips", f->skips);
    put(&metrics, "pools", f->pools);
    const double step = ((double)epoch + 1) * d->job->fidelity / (double)d->epochs;
    if (d->reporter && step > d->job->from) heed(d, d->reporter->report(d->reporter->self, step, &metrics));
}

/* ---- the search ---- */

static void save_search(const darts_job *d) {
    base_err err = {0};
    const char *path = darts_path(d, "search", d->job->fidelity, "ckpt");
    if (nas_search_save(d->search, path, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
}

static bool on_epoch(void *self, const nas_search *search) {
    darts_job *d = self;
    const size_t epoch = nas_search_epochs(search) - 1;
    base_buf figures = {0}, warning = {0};
    nas_search_write_figures(search, epoch, &figures);
    base_log(BASE_LOG_INFO, "search: %s", base_buf_text(&figures));
    if (nas_search_warning(search, epoch, &warning))
        base_log(BASE_LOG_WARN, "search epoch %zu: %s", epoch + 1, base_buf_text(&warning));
    base_buf_fini(&figures);
    base_buf_fini(&warning);
    report_epoch(d, search, epoch);
    if (darts_should_save(d)) save_search(d);
    return d->verdict != HPO_CONTINUE;
}

static bool on_stop(void *self) {
    return darts_must_stop(self);
}

static void on_explored(void *self, size_t done, size_t of) {
    (void)self;
    base_log(BASE_LOG_INFO, "selection: %zu of %zu", done, of);
}

/* The most advanced sound file of this search. */
static void load_search(darts_job *d) {
    const double fidelities[] = {d->job->fidelity, d->job->from};
    for (size_t i = 0; i < (d->job->from > 0 ? 2 : 1); i++) {
        base_err err = {0};
        const base_status status = nas_search_load(d->search, darts_path(d, "search", fidelities[i], "ckpt"), &err);
        if (status == BASE_OK) return;
        if (status != BASE_NOTFOUND) base_log(BASE_LOG_WARN, "%s; doing without it", err.text);
    }
}

bool darts_fits(const darts_job *d, const char *what, size_t bytes, hpo_result *out) {
    const double mib = 1024.0 * 1024.0;
    const uint64_t limit = d->job->limits.memory;
    if (limit == 0 || bytes <= limit) return true;
    out->failure = HPO_FAILURE_OOM;
    snprintf(out->reason, sizeof out->reason, "the %s takes %.1f MiB, but trial.memory is %.1f MiB", what,
             (double)bytes / mib, (double)limit / mib);
    return false;
}

static base_status create_search(darts_job *d, hpo_result *out, base_err *err) {
    const darts_settings *s = &d->settings;
    const eng_augment augment = eng_data_augment(&s->data);
    nas_supernet_size size;
    BASE_TRY(nas_search_measure(&s->search, &s->choices, s->space, d->state->view, &size, err));
    if (!darts_fits(d, "search", size.bytes, out)) return BASE_OK;
    return nas_search_create(&s->search, &s->choices, s->space, d->state->view, &augment, &d->search, err);
}

/* The epochs that were loaded are reported again, as far as this evaluation has to tell of them. */
static base_status run_search(darts_job *d, base_err *err) {
    const nas_search_watch watch = {.self = d, .epoch = on_epoch, .stop = on_stop};
    load_search(d);
    const size_t loaded = nas_search_epochs(d->search);
    d->from = (double)loaded < d->job->from ? 0 : d->job->from;
    for (size_t e = (size_t)d->from; e < loaded && d->verdict == HPO_CONTINUE; e++) report_epoch(d, d->search, e);
    base_status status = BASE_OK;
    if (d->verdict != HPO_CONTINUE)
        status = BASE_FAIL(err, BASE_CANCELLED, "the search was told to stop");
    else
        status = nas_search_run(d->search, d->epochs, &watch, err);
    const bool moved = nas_search_epochs(d->search) > loaded || status == BASE_CANCELLED;
    if (moved && d->verdict != HPO_ABANDON && status != BASE_NUMERIC) save_search(d);
    return status;
}

/* ---- the result ---- */

/* What was done here: epochs of the search, its selection, and a retraining unless another rung has paid for it. */
static double cost_of(const darts_job *d, double retrained) {
    return darts_search_cost(&d->settings, d->from, d->reached) + darts_selection_cost(&d->settings) + retrained;
}

static base_status retrain(darts_job *d, const nas_genotype *genotype, darts_retrained *result, hpo_result *out,
                           base_err *err) {
    if (darts_recall(d, d->job->fidelity, genotype, result)) return BASE_OK; /* an earlier attempt came so far */
    const bool same = d->from > 0 && darts_recall(d, d->from, genotype, result);
    if (same) base_log(BASE_LOG_INFO, "the genotype is that of %g epochs: its retraining counts again", d->from);
    if (!same) BASE_TRY(darts_retrain(d, genotype, result, out, err));
    if (out->failure != HPO_FAILURE_NONE) return BASE_OK;
    result->cost = cost_of(d, same ? 0 : result->epochs);
    darts_remember(d, genotype, result);
    return BASE_OK;
}

/* What is limited and not known from the retraining. */
static void put_costs(const darts_job *d, const nas_genotype *genotype, hpo_metrics *metrics) {
    if (!d->settings.limits.given) return;
    if (d->settings.limits.max[NAS_COST_LATENCY] > 0)
        put(metrics, "latency", 1e-9 * nas_costs_of(&d->limits.costs, NAS_COST_LATENCY, genotype));
    if (d->settings.retrains) return;
    put(metrics, "parameters", nas_costs_of(&d->limits.costs, NAS_COST_PARAMETERS, genotype));
    put(metrics, "flops", nas_costs_of(&d->limits.costs, NAS_COST_FLOPS, genotype));
}

static void put_search(const darts_job *d, hpo_metrics *metrics) {
    const size_t epochs = nas_search_epochs(d->search);
    double seconds = 0;
    for (size_t e = 0; e < epochs; e++) seconds += nas_search_figures(d->search, e)->seconds;
    put(metrics, "supernet_error", nas_search_figures(d->search, epochs - 1)->valid_error);
    put(metrics, "search_seconds", seconds);
}

/* A search that ends in a cell of skips is worth a word of its own. */
static void put_warning(const darts_job *d, hpo_result *out) {
    base_buf text = {0};
    if (nas_search_warning(d->search, nas_search_epochs(d->search) - 1, &text)) {
        out->notices |= HPO_NOTICE_BIT(WARNED);
        snprintf(out->note, sizeof out->note, "ended with a warning: %s", base_buf_text(&text));
    }
    base_buf_fini(&text);
}

/* What is known of the search; it is gone from memory when the network is retrained. */
static base_status end_search(darts_job *d, hpo_result *out, nas_genotype **genotype, base_err *err) {
    const nas_search_watch watch = {.self = d, .stop = on_stop, .explored = on_explored};
    BASE_TRY(nas_search_select(d->search, &watch, d->arena, genotype, err));
    d->reached = (double)nas_search_epochs(d->search);
    put_search(d, &out->metrics);
    put_costs(d, *genotype, &out->metrics);
    cells_put_artefact(*genotype, out);
    put_warning(d, out);
    darts_make_files(d, *genotype);
    nas_search_destroy(d->search);
    d->search = NULL;
    return BASE_OK;
}

static base_status finish(darts_job *d, hpo_result *out, base_err *err) {
    nas_genotype *genotype;
    darts_retrained result = {0};
    hpo_metrics of_search = {0};
    BASE_TRY(end_search(d, out, &genotype, err));
    out->cost = cost_of(d, 0);
    if (d->settings.retrains) {
        BASE_TRY(retrain(d, genotype, &result, out, err));
        if (out->failure != HPO_FAILURE_NONE) return BASE_OK;
        of_search = out->metrics;
        out->metrics.count = 0;
        put(&out->metrics, "valid_error", result.valid_error);
        put(&out->metrics, "test_error", result.test_error);
        put(&out->metrics, "parameters", result.parameters);
        put(&out->metrics, "flops", result.flops);
        out->cost = result.cost;
    }
    for (size_t i = 0; i < of_search.count; i++) put(&out->metrics, of_search.item[i].name, of_search.item[i].value);
    if (d->from < d->job->from) out->notices |= HPO_NOTICE_BIT(STARTED_AGAIN);
    darts_write_files(d);
    return BASE_OK;
}

static base_status count_limits(darts_job *d, base_err *err) {
    if (!d->settings.limits.given) return BASE_OK;
    BASE_TRY(darts_count_limits(&d->settings, d->state->set, d->arena, &d->limits, err));
    d->settings.search.limits = &d->limits;
    d->settings.search.limit_penalty = d->settings.limits.penalty;
    return BASE_OK;
}

static base_status run(darts_job *d, hpo_result *out, base_err *err) {
    const darts_state *state = d->state;
    BASE_TRY(darts_read(&state->known, d->job->config, d->arena, &d->settings, err));
    d->settings.search.seed = darts_seed(d->job->seed);
    d->settings.search.threads = d->job->limits.threads;
    BASE_TRY(count_limits(d, err));
    d->epochs = state->known.fidelity.name ? (uint64_t)d->job->fidelity : (uint64_t)d->settings.search.epochs;
    BASE_TRY(create_search(d, out, err));
    if (out->failure != HPO_FAILURE_NONE) return BASE_OK;
    BASE_TRY(run_search(d, err));
    return finish(d, out, err);
}

base_status darts_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                           base_err *err) {
    if (job->parent != UINT64_MAX)
        return BASE_FAIL(err, BASE_UNSUPPORTED, "the objective darts cannot inherit from another trial");
    darts_job d = {.state = self, .job = job, .reporter = reporter, .arena = base_arena_create()};
    d.saved = base_monotonic();
    const base_status status = run(&d, out, err);
    if (status == BASE_CANCELLED && d.verdict == HPO_ABANDON) darts_forget(job->folder, INFINITY);
    for (size_t i = 0; i < DARTS_FILES; i++) base_buf_fini(&d.made[i]);
    nas_search_destroy(d.search);
    base_arena_destroy(d.arena);
    return status;
}
