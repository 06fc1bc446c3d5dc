/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of the page as pictures of their own. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/formats.h"
#include "hpo/report/page_impl.h"

enum { DEPENDENCES = 8, CONTOURS = 4 }; /* as the page has them */

typedef struct giver {
    hpo_file_taker *take;
    void *self;
    base_arena *arena;
    const char **names;
    size_t count, capacity;
    base_buf picture;
} giver;

/* What any file system takes, for a parameter may be named as it likes. */
static const char *plain(giver *g, const char *text) {
    char *out = base_arena_strdup(g->arena, text);
    for (char *c = out; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.') *c = '_';
    return out;
}

static bool is_taken(const giver *g, const char *name) {
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->names[i], name) == 0) return true;
    return false;
}

/* Hands over the picture that was drawn, if there was anything to draw. */
static void give(giver *g, const char *name) {
    if (g->picture.length > 0) {
        const char *unique = name;
        for (size_t k = 2; is_taken(g, unique); k++) unique = base_arena_printf(g->arena, "%s-%zu", name, k);
        BASE_GROW(g->names, g->capacity, g->count + 1);
        g->names[g->count++] = unique;
        g->take(g->self, base_arena_printf(g->arena, "%s.svg", unique), &g->picture);
    }
    base_buf_fini(&g->picture);
}

static const char *name_of(giver *g, const hpo_account *a, size_t dim) {
    return plain(g, hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, dim))->name);
}

/* Runs of different metrics have pictures of their own, named after them. */
static void give_incumbents(giver *g, const hpo_account *const *accounts, size_t count) {
    static const struct {
        hpo_over over;
        const char *name;
    } figures[] = {
        {HPO_OVER_TRIALS, "best-over-trials"}, {HPO_OVER_COST, "best-over-cost"}, {HPO_OVER_TIME, "best-over-time"}};
    const hpo_account **group = BASE_NEW_ARRAY(g->arena, count, const hpo_account *);
    for (size_t at = 0; at < count; at++) {
        const size_t n = hpo_figure_group(accounts, count, at, group);
        const char *metric = plain(g, accounts[at]->run.metric);
        for (size_t i = 0; i < sizeof figures / sizeof *figures && n > 0; i++) {
            hpo_figure_incumbents(group, n, figures[i].over, &g->picture);
            give(g, at == 0 && n == count ? figures[i].name
                                          : base_arena_printf(g->arena, "%s-%s", figures[i].name, metric));
        }
    }
}

static void give_fronts(giver *g, const hpo_account *a) {
    for (size_t k = 1; k < a->run.n_goals; k++) {
        hpo_figure_front(a, k, &g->picture);
        give(g, base_arena_printf(g->arena, "front-%s", plain(g, a->run.goals[k].name)));
    }
}

static void give_model(giver *g, const hpo_account *a, const hpo_importance *m) {
    const hpo_ranked *ranks = hpo_importance_ranks(m, g->arena);
    const size_t shown = m->dims < DEPENDENCES ? m->dims : DEPENDENCES;
    size_t pairs;
    const hpo_ranked *pair = hpo_importance_pairs(m, true, &pairs, g->arena);
    const base_scale scale = hpo_figure_dependence_scale(m, ranks, shown);
    for (size_t k = 0; k < shown; k++) {
        hpo_figure_dependence(a, m, ranks[k].i, scale, &g->picture);
        give(g, base_arena_printf(g->arena, "dependence-%s", name_of(g, a, ranks[k].i)));
    }
    for (size_t k = 0; k < pairs && k < CONTOURS; k++) {
        hpo_figure_pair(a, m, pair[k].i, pair[k].j, &g->picture);
        give(g, base_arena_printf(g->arena, "contours-%s-%s", name_of(g, a, pair[k].i), name_of(g, a, pair[k].j)));
    }
}

void hpo_report_svg(const hpo_account *const *accounts, size_t count, hpo_file_taker *take, void *self) {
    giver g = {.take = take, .self = self, .arena = base_arena_create()};
    const hpo_account *a = accounts[0];
    give_incumbents(&g, accounts, count);
    if (count == 1) {
        const hpo_importance *m = hpo_importance_of(a, g.arena);
        hpo_figure_curves(a, &g.picture);
        give(&g, "learning-curves");
        give_fronts(&g, a);
        hpo_figure_importance(a, m, &g.picture);
        give(&g, "importance");
        if (m && m->fanova.variance > 0) give_model(&g, a, m);
        hpo_figure_timeline(a, &g.picture);
        give(&g, "workers");
    }
    free(g.names);
    base_arena_destroy(g.arena);
}
