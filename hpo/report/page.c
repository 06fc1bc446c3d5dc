/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order of a page: what was found, how, what mattered, what went wrong, every trial. All of it stands there without
 * JavaScript; where the script runs, it replaces the table of trials and adds what can be brushed. */
#include "hpo/report/page.h"

#include <math.h>
#include <string.h>

#include "base/svg.h"
#include "hpo/report/page_impl.h"

enum { STATIC_TRIALS = 50 };

static void put_text(const char *element, const char *class_name, const char *text, base_buf *out) {
    base_buf_printf(out, "<%s", element);
    if (class_name) base_buf_printf(out, " class=\"%s\"", class_name);
    base_buf_putc(out, '>');
    base_put_xml(text, out);
    base_buf_printf(out, "</%s>\n", element);
}

static void put_table(base_table table, base_buf *out) {
    if (table.rows == 0) return;
    base_buf_puts(out, "<div>\n"); /* with its note */
    base_table_html(&table, out);
    base_buf_puts(out, "</div>\n");
}

static void put_facts(const hpo_facts *facts, base_buf *out) {
    base_buf_puts(out, "<dl class=\"facts\">\n");
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->item[i].name, "again") == 0) continue;
        put_text("dt", NULL, facts->item[i].name, out);
        put_text("dd", NULL, facts->item[i].text, out);
    }
    base_buf_puts(out, "</dl>\n");
}

static void put_figure(const base_buf *picture, const char *caption, base_buf *out) {
    if (picture->length == 0) return;
    base_buf_puts(out, "<figure>\n");
    base_buf_append(out, picture->data, picture->length);
    if (caption) put_text("figcaption", NULL, caption, out);
    base_buf_puts(out, "</figure>\n");
}

/* ---- sections ---- */

static void put_lead(const hpo_account *a, base_arena *arena, base_buf *out) {
    uint64_t trial;
    double value, fidelity;
    if (!hpo_account_best(a, &trial, &value, &fidelity)) {
        put_text("p", "lead", "No trial has worked.", out);
        return;
    }
    const char *at = a->run.fidelity.name ? base_arena_printf(arena, " at %s %.6g",
                                                              hpo_visible_text(arena, a->run.fidelity.name), fidelity)
                                          : "";
    const char *below = fidelity < a->run.fidelity.max ? " (no trial has reached the highest fidelity yet)" : "";
    hpo_incumbent best;
    if (hpo_view_incumbent(a->view, &best) && !hpo_eval_is_feasible(best.eval)) {
        base_buf violated = {0}, visible = {0};
        hpo_view_put_violations(a->view, best.eval, &violated);
        base_buf_put_visible(&visible, base_buf_text(&violated));
        put_text("p", "lead",
                 base_arena_printf(arena, "No trial is feasible. Trial %llu violates least: %s.",
                                   (unsigned long long)trial, base_buf_text(&visible)),
                 out);
        base_buf_fini(&violated);
        base_buf_fini(&visible);
        return;
    }
    put_text("p", "lead",
             base_arena_printf(arena, "%s%s: %s %.6g%s%s, trial %llu of %llu.",
                               isnan(a->recommended.mean) ? "Best" : "Recommended by posterior mean",
                               a->run.n_goals > 1 ? " in the first metric" : "", hpo_visible_text(arena, a->run.metric),
                               value, at, below, (unsigned long long)trial,
                               (unsigned long long)hpo_view_trials(a->view)),
             out);
}

static const char *again_of(const hpo_facts *best) {
    for (size_t i = 0; i < best->count; i++)
        if (strcmp(best->item[i].name, "again") == 0) return best->item[i].text;
    return NULL;
}

static void put_run(const hpo_account *a, base_arena *arena, base_buf *out) {
    const hpo_facts run = hpo_facts_of_run(a, arena), best = hpo_facts_of_best(a, arena);
    base_buf_puts(out, "<div class=\"two\">\n<section>");
    put_text("h2", NULL,
             a->run.n_goals == 1 ? "Best configuration"
                                 : base_arena_printf(arena, "Best in %s", hpo_visible_text(arena, a->run.metric)),
             out);
    put_facts(&best, out);
    base_buf_puts(out, "</section>\n<section>");
    put_text("h2", NULL, "Run", out);
    put_facts(&run, out);
    base_buf_puts(out, "</section>\n</div>\n");
    const char *again = again_of(&best);
    if (!again) return;
    put_text("h3", NULL, "Evaluate it again, from scratch at the highest fidelity", out);
    put_text("pre", NULL, again, out);
}

/* Of several metrics. */
static void put_front(const hpo_account *a, base_arena *arena, base_buf *out) {
    enum { MOST = 50 };
    if (a->run.n_goals == 1) return;
    put_text("h2", NULL, "The front", out);
    base_buf_puts(out, "<div class=\"row\">\n");
    for (size_t k = 1; k < a->run.n_goals; k++) {
        base_buf picture = {0};
        hpo_figure_front(a, k, &picture);
        put_figure(&picture,
                   "Orange: trials of the front, which none beats in every metric. Others in grey; what is worse "
                   "than nine in ten stands at the edge.",
                   out);
        base_buf_fini(&picture);
    }
    put_table(hpo_table_of_front(a, MOST, arena), out);
    base_buf_puts(out, "</div>\n");
    put_text("p", "note",
             base_arena_printf(arena,
                               "What follows of incumbents, curves, importance and fidelities, and in the charts of "
                               "every trial, is of %s, "
                               "the first metric.",
                               hpo_visible_text(arena, a->run.metric)),
             out);
}

static void put_overs(const hpo_account *const *accounts, size_t count, base_buf *out) {
    static const hpo_over overs[] = {HPO_OVER_TRIALS, HPO_OVER_COST, HPO_OVER_TIME};
    base_buf_puts(out, "<div class=\"row\">\n");
    for (size_t i = 0; i < 3; i++) {
        base_buf picture = {0};
        hpo_figure_incumbents(accounts, count, overs[i], &picture);
        put_figure(&picture, NULL, out);
        base_buf_fini(&picture);
    }
    base_buf_puts(out, "</div>\n");
}

/* Values of different metrics have no common axis. */
static void put_incumbents(const hpo_account *const *accounts, size_t count, base_buf *out) {
    base_arena *arena = base_arena_create();
    const hpo_account **group = BASE_NEW_ARRAY(arena, count, const hpo_account *);
    put_text("h2", NULL, "The best so far", out);
    for (size_t at = 0; at < count; at++) {
        const hpo_account *a = accounts[at];
        const size_t n = hpo_figure_group(accounts, count, at, group);
        if (n == 0) continue;
        const char *metric = hpo_visible_text(arena, a->run.metric), *goal = a->run.maximize ? "maximize" : "minimize";
        const char *alone =
            n > 1 ? "" : base_arena_printf(arena, ": %s", hpo_visible_text(arena, hpo_account_label(a)));
        if (n < count) put_text("h3", NULL, base_arena_printf(arena, "%s, %s%s", metric, goal, alone), out);
        put_overs(group, n, out);
    }
    base_arena_destroy(arena);
    put_text("p", "note",
             count == 1
                 ? "Dots are evaluations at the highest fidelity. The scale ends where nine in ten are better; what is "
                   "worse stands at its edge."
                 : "Incumbents: evaluations at the highest fidelity alone count.",
             out);
}

static void put_curves(const hpo_account *a, base_buf *out) {
    base_buf picture = {0};
    hpo_figure_curves(a, &picture);
    if (picture.length > 0) {
        put_text("h2", NULL, "Learning curves", out);
        put_figure(&picture, "What trials showed at each fidelity. Stopped: or not promoted. Of many trials, a sample.",
                   out);
    }
    base_buf_fini(&picture);
}

static void put_live(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    put_text("h2", NULL, "Every trial", out);
    base_buf_puts(out, "<div class=\"live\"></div>\n<div class=\"dead\">\n");
    base_arena *arena = base_arena_create();
    put_table(hpo_table_of_trials(a, STATIC_TRIALS, arena), out);
    base_arena_destroy(arena);
    base_buf_puts(out,
                  "</div>\n<noscript><p class=\"note\">With JavaScript, all trials can be brushed and sorted here; "
                  "hpo_report --format csv has them, too.</p></noscript>\n");
    hpo_page_data(a, m, out);
}

static void put_dependence(const hpo_account *a, const hpo_importance *m, base_arena *arena, base_buf *out) {
    enum { MOST = 8 };
    const hpo_ranked *ranks = hpo_importance_ranks(m, arena);
    const size_t n = m->dims < MOST ? m->dims : MOST;
    const base_scale scale = hpo_figure_dependence_scale(m, ranks, n);
    base_buf pictures = {0};
    for (size_t k = 0; k < n; k++) hpo_figure_dependence(a, m, ranks[k].i, scale, &pictures);
    put_text("h3", NULL, "Partial dependence", out);
    put_figure(&pictures,
               "The mean over the whole space when one parameter is held; the band is one standard deviation over the "
               "trees of the forest.",
               out);
    base_buf_fini(&pictures);
}

static void put_contours(const hpo_account *a, const hpo_importance *m, base_arena *arena, base_buf *out) {
    enum { MOST = 4 };
    size_t n;
    const hpo_ranked *pairs = hpo_importance_pairs(m, true, &n, arena);
    base_buf pictures = {0};
    for (size_t k = 0; k < n && k < MOST; k++) hpo_figure_pair(a, m, pairs[k].i, pairs[k].j, &pictures);
    if (n > 0) put_text("h3", NULL, "Contours of the strongest pairs", out);
    put_figure(
        &pictures,
        "The mean over all other parameters, as the forest sees it: the stronger the colour, the better. Dots are "
        "trials, orange is the best. Any two can be chosen under Every trial.",
        out);
    base_buf_fini(&pictures);
}

static void put_importance(const hpo_account *a, const hpo_importance *m, base_arena *arena, base_buf *out) {
    if (!m) return;
    base_buf bars = {0};
    hpo_figure_importance(a, m, &bars);
    put_text("h2", NULL, "What mattered", out);
    base_buf_puts(out, "<div class=\"row\">\n");
    put_figure(&bars, NULL, out);
    put_table(hpo_table_of_importance(a, m, arena), out);
    put_table(hpo_table_of_pairs(a, m, arena), out);
    base_buf_puts(out, "</div>\n");
    if (m->fanova.variance > 0) {
        put_dependence(a, m, arena, out);
        put_contours(a, m, arena, out);
    }
    put_table(hpo_table_of_path(a, m, arena), out);
    base_buf_fini(&bars);
}

static void put_fidelities(const hpo_account *a, base_arena *arena, base_buf *out) {
    if (!a->run.fidelity.name) return;
    put_text("h2", NULL, "Fidelities", out);
    base_buf_puts(out, "<div class=\"row\">\n");
    put_table(hpo_table_of_rungs(a, arena), out);
    put_table(hpo_table_of_trusts(a, arena), out);
    base_buf_puts(out, "</div>\n");
}

static void put_mishaps(const hpo_account *a, base_arena *arena, base_buf *out) {
    if (a->n_mishaps == 0) return;
    put_text("h2", NULL, "Failures", out);
    base_buf_puts(out, "<div class=\"reasons\">\n");
    put_table(hpo_table_of_mishaps(a, arena), out);
    base_buf_puts(out, "</div>\n");
}

static void put_workers(const hpo_account *a, base_arena *arena, base_buf *out) {
    base_buf picture = {0};
    hpo_figure_timeline(a, &picture);
    put_text("h2", NULL, "Workers", out);
    base_buf_puts(out, "<div class=\"scroll\">\n");
    put_figure(&picture, NULL, out);
    base_buf_puts(out, "</div>\n");
    put_table(hpo_table_of_workers(a, arena), out);
    base_buf_fini(&picture);
}

/* ---- pictures of architectures ---- */

static void put_base64(const base_buf *bytes, base_buf *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes->length; i += 3) {
        const size_t left = bytes->length - i;
        const unsigned char *b = (const unsigned char *)bytes->data + i;
        const unsigned n = (unsigned)b[0] << 16 | (left > 1 ? (unsigned)b[1] << 8 : 0) | (left > 2 ? b[2] : 0u);
        base_buf_putc(out, digits[n >> 18]);
        base_buf_putc(out, digits[n >> 12 & 63]);
        base_buf_putc(out, left > 1 ? digits[n >> 6 & 63] : '=');
        base_buf_putc(out, left > 2 ? digits[n & 63] : '=');
    }
}

/* As an image, in which no script runs, whoever wrote the file. */
static void put_pictures(const hpo_account *a, base_arena *arena, base_buf *out) {
    static const struct {
        const char *name, *caption;
    } files[] = {{"cells.svg", "The cells that were found."},
                 {"alphas.svg", "The weights of operations, edge by edge; framed: what was chosen."},
                 {"epochs.svg", "The search, epoch by epoch."}};
    enum { LARGEST = 1 << 20 };
    bool any = false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        base_buf bytes = {0};
        base_err ignored;
        const char *path = base_arena_printf(arena, "%s/%s", a->dir, files[i].name);
        if (base_read_file(path, &bytes, &ignored) == BASE_OK && bytes.length > 0 && bytes.length <= LARGEST) {
            if (!any) put_text("h2", NULL, "Architecture of the best trial", out);
            any = true;
            base_buf_printf(out, "<figure><div class=\"scroll\"><img alt=\"%s\" src=\"data:image/svg+xml;base64,",
                            files[i].name);
            put_base64(&bytes, out);
            base_buf_printf(out, "\"></div><figcaption>%s</figcaption></figure>\n", files[i].caption);
        }
        base_buf_fini(&bytes);
    }
}

/* ---- the page ---- */

static void put_account(const hpo_account *a, base_buf *out) {
    base_arena *arena = base_arena_create();
    const hpo_importance *m = hpo_importance_of(a, arena);
    base_buf_puts(out, "<article>\n");
    put_lead(a, arena, out);
    put_run(a, arena, out);
    put_front(a, arena, out);
    put_incumbents(&a, 1, out);
    put_table(hpo_table_of_tries(a, STATIC_TRIALS, arena), out);
    put_curves(a, out);
    put_importance(a, m, arena, out);
    put_pictures(a, arena, out);
    put_fidelities(a, arena, out);
    put_mishaps(a, arena, out);
    put_workers(a, arena, out);
    put_live(a, m, out);
    base_buf_puts(out, "</article>\n");
    base_arena_destroy(arena);
}

static void put_comparison(const hpo_account *const *accounts, size_t count, base_buf *out) {
    static const char *const names[] = {"run",  "method",   "metric", "trials", "failed",
                                        "best", "fidelity", "cost",   "seconds"};
    base_arena *arena = base_arena_create();
    base_table t = base_table_begin(arena, "Runs", 3, 9, names);
    for (size_t i = 0; i < count; i++) {
        const hpo_account *a = accounts[i];
        uint64_t trial;
        double value, fidelity;
        const bool found = hpo_account_best(a, &trial, &value, &fidelity);
        const char **row = base_table_row(&t);
        row[0] = hpo_visible_text(arena, hpo_account_label(a));
        row[1] = hpo_visible_text(arena, base_arena_printf(arena, "%s; %s", a->run.sampler ? a->run.sampler : "",
                                                           a->run.scheduler ? a->run.scheduler : ""));
        row[2] = base_arena_printf(arena, "%s, %s", hpo_visible_text(arena, a->run.metric),
                                   a->run.maximize ? "maximize" : "minimize");
        row[3] = base_arena_printf(arena, "%llu", (unsigned long long)hpo_view_trials(a->view));
        row[4] = base_arena_printf(arena, "%llu", (unsigned long long)hpo_view_count(a->view, HPO_TRIAL_FAILED));
        if (found) row[5] = hpo_plain_number(arena, value), row[6] = hpo_plain_number(arena, fidelity);
        row[7] = hpo_plain_number(arena, a->cost);
        row[8] = base_arena_printf(arena, "%.1f", a->seconds);
    }
    base_buf_puts(out, "<div class=\"scroll\">\n");
    base_table_html(&t, out);
    base_buf_puts(out, "</div>\n");
    put_incumbents(accounts, count, out);
    base_arena_destroy(arena);
}

/* reload: seconds until the browser shows what has been written meanwhile; 0: never. */
static void put_head(const char *title, unsigned reload, base_buf *out) {
    base_buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                       "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width\">\n");
    if (reload > 0) base_buf_printf(out, "<meta http-equiv=\"refresh\" content=\"%u\">\n", reload);
    base_buf_puts(out, "<title>");
    base_put_xml(title, out);
    base_buf_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", hpo_page_style);
}

void hpo_report_page(const hpo_account *const *accounts, size_t count, base_buf *out) {
    base_arena *arena = base_arena_create();
    const char *title = count == 1 ? hpo_visible_text(arena, accounts[0]->run.head.study) : "A comparison of runs";
    unsigned reload = 0;
    for (size_t i = 0; i < count; i++)
        if (accounts[i]->reload > reload) reload = accounts[i]->reload;
    put_head(title, reload, out);
    put_text("h1", NULL, title, out);
    if (count > 1) put_comparison(accounts, count, out);
    for (size_t i = 0; i < count; i++) {
        if (count > 1) put_text("h1", NULL, hpo_visible_text(arena, hpo_account_label(accounts[i])), out);
        put_account(accounts[i], out);
    }
    base_buf_printf(out, "<div id=\"tip\"></div>\n<script>\n%s</script>\n</body>\n</html>\n", hpo_page_script);
    base_arena_destroy(arena);
}
