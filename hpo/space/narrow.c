/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing from a space of which `forbid` leaves little.
 *
 * Every parameter has a domain, the values that it can have where it is active. A clause must not hold: when all of its
 * tests but one are sure to hold, that one must fail, which takes values away from the domains of its parameters; this
 * is repeated until nothing changes (bounds propagation: F. Rossi, P. van Beek, T. Walsh, "Handbook of Constraint
 * Programming", 2006, chapter 3; tests between two parameters narrow their bounds only).
 *
 * A point is first sought by drawing every parameter from its narrowed domain until no clause holds, which draws from
 * exactly the measure that rejection from the whole space would. When that does not succeed, parameters are drawn one
 * after the other, parents first, each from what the values before it have left over, going back where nothing is left;
 * such points come from all that is allowed, but not with the fractions of the base measure. */
#include "hpo/space/narrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/space/domain.h"

enum { RESTARTS = 12, CONTINUUM_DRAWS = 4, STEPS = 4000 };

/* A test with what passes it. */
typedef struct node {
    const hpo_test *test;
    hpo_domain pass, fail; /* leaves against values */
    struct node *children;
} node;

struct hpo_narrow {
    node *clauses;
    node **when;               /* by parameter, or NULL */
    size_t *first, *touching;  /* clauses that test parameter i: touching[first[i]] to touching[first[i + 1] - 1] */
    size_t *order;             /* of space->order, what clauses depend on before everything else */
    const hpo_domain *domains; /* full ones, narrowed as far as the clauses alone do */
    bool impossible;           /* they leave nothing */
};

/* ---- building ---- */

static void build(base_arena *arena, const hpo_space *space, const hpo_test *test, node *out) {
    *out = (node){.test = test};
    if (test->op == HPO_COND_ALL || test->op == HPO_COND_ANY) {
        out->children = BASE_NEW_ARRAY(arena, test->n_children, node);
        for (size_t i = 0; i < test->n_children; i++) build(arena, space, &test->children[i], &out->children[i]);
    } else if (!test->against_param) {
        const hpo_param *param = &space->params[test->param];
        out->pass = hpo_domain_of_test(arena, param, test);
        out->fail = hpo_domain_invert(arena, param, out->pass);
    }
}

typedef void visit_function(void *self, size_t param);

static void each_param(const hpo_test *test, visit_function *visit, void *self) {
    if (test->op == HPO_COND_ALL || test->op == HPO_COND_ANY) {
        for (size_t i = 0; i < test->n_children; i++) each_param(&test->children[i], visit, self);
        return;
    }
    visit(self, test->param);
    if (test->against_param) visit(self, test->other);
}

static void count_one(void *self, size_t param) {
    ((size_t *)self)[param + 1]++;
}

typedef struct filling {
    size_t *next, *touching, clause;
} filling;

static void put_one(void *self, size_t param) {
    filling *f = self;
    f->touching[f->next[param]++] = f->clause;
}

static void index_clauses(hpo_narrow *narrow, const hpo_space *space) {
    const size_t n = space->count;
    narrow->first = BASE_NEW_ARRAY(space->arena, n + 1, size_t);
    for (size_t c = 0; c < space->n_clauses; c++) each_param(space->clauses[c].test, count_one, narrow->first);
    for (size_t i = 0; i < n; i++) narrow->first[i + 1] += narrow->first[i];
    filling f = {.next = BASE_NEW_ARRAY(space->arena, n + 1, size_t)};
    memcpy(f.next, narrow->first, (n + 1) * sizeof *f.next);
    f.touching = narrow->touching = BASE_NEW_ARRAY(space->arena, narrow->first[n], size_t);
    for (f.clause = 0; f.clause < space->n_clauses; f.clause++) each_param(space->clauses[f.clause].test, put_one, &f);
}

static void mark_one(void *self, size_t param) {
    ((bool *)self)[param] = true;
}

/* What no clause depends on never makes a point forbidden: drawn last, it is never drawn again. */
static void order_params(hpo_narrow *narrow, const hpo_space *space) {
    bool *matters = BASE_NEW_ARRAY(space->arena, space->count, bool);
    narrow->order = BASE_NEW_ARRAY(space->arena, space->count, size_t);
    for (size_t c = 0; c < space->n_clauses; c++) each_param(space->clauses[c].test, mark_one, matters);
    for (size_t k = space->count; k-- > 0;) {
        const size_t i = space->order[k];
        if (matters[i] && space->tests[i]) each_param(space->tests[i], mark_one, matters);
    }
    size_t n = 0;
    for (int pass = 1; pass >= 0; pass--)
        for (size_t k = 0; k < space->count; k++)
            if (matters[space->order[k]] == (bool)pass) narrow->order[n++] = space->order[k];
}

/* ---- a search ---- */

typedef enum truth { SURELY_NOT, PERHAPS, SURELY } truth;

typedef struct change { /* what a parameter was before */
    size_t param;
    hpo_domain domain;
    truth active;
} change;

typedef struct search {
    const hpo_space *space;
    const hpo_narrow *narrow;
    const double *given;
    base_arena *arena;
    base_rng *rng;
    bool prior;
    hpo_domain *domain; /* by parameter */
    truth *active;
    change *trail;
    size_t changes, room;
    size_t *queue, waiting; /* clauses to look at */
    bool *queued;
    int steps;    /* left */
    bool skipped; /* values of a continuum that were not tried */
} search;

static search search_open(const hpo_space *space, const hpo_narrow *narrow) {
    base_arena *arena = base_arena_create();
    return (search){.space = space,
                    .narrow = narrow,
                    .arena = arena,
                    .domain = BASE_NEW_ARRAY(arena, space->count, hpo_domain),
                    .active = BASE_NEW_ARRAY(arena, space->count, truth),
                    .queue = BASE_NEW_ARRAY(arena, space->n_clauses, size_t),
                    .queued = BASE_NEW_ARRAY(arena, space->n_clauses, bool)};
}

static void search_close(search *s) {
    free(s->trail);
    base_arena_destroy(s->arena);
}

static void enqueue(search *s, size_t clause) {
    if (s->queued[clause]) return;
    s->queued[clause] = true;
    s->queue[s->waiting++] = clause;
}

/* False: an active parameter has nothing left. */
static bool set(search *s, size_t param, hpo_domain domain, truth active) {
    BASE_GROW(s->trail, s->room, s->changes + 1);
    s->trail[s->changes++] = (change){param, s->domain[param], s->active[param]};
    s->domain[param] = domain;
    s->active[param] = active;
    for (size_t t = s->narrow->first[param]; t < s->narrow->first[param + 1]; t++) enqueue(s, s->narrow->touching[t]);
    return active != SURELY || domain.count > 0;
}

static void undo(search *s, size_t changes) {
    while (s->changes > changes) {
        const change *old = &s->trail[--s->changes];
        s->domain[old->param] = old->domain;
        s->active[old->param] = old->active;
    }
    while (s->waiting > 0) s->queued[s->queue[--s->waiting]] = false;
}

/* ---- what is known of a test ---- */

static truth compare_ranges(hpo_cond_op op, double a_low, double a_high, double b_low, double b_high) {
    switch (op) {
    case HPO_COND_LT: return a_high < b_low ? SURELY : a_low >= b_high ? SURELY_NOT : PERHAPS;
    case HPO_COND_LE: return a_high <= b_low ? SURELY : a_low > b_high ? SURELY_NOT : PERHAPS;
    case HPO_COND_GT: return a_low > b_high ? SURELY : a_high <= b_low ? SURELY_NOT : PERHAPS;
    case HPO_COND_GE: return a_low >= b_high ? SURELY : a_high < b_low ? SURELY_NOT : PERHAPS;
    default: break;
    }
    const bool apart = a_high < b_low || b_high < a_low, same = a_low == a_high && b_low == b_high && a_low == b_low;
    const truth equal = apart ? SURELY_NOT : same ? SURELY : PERHAPS;
    return op == HPO_COND_NE ? (truth)(SURELY - equal) : equal;
}

static truth least(truth a, truth b) {
    return a < b ? a : b;
}

static truth know_leaf(const search *s, const node *leaf) {
    const hpo_test *test = leaf->test;
    const hpo_domain *a = &s->domain[test->param];
    if (s->active[test->param] == SURELY_NOT || a->count == 0) return SURELY_NOT;
    if (!test->against_param) {
        const hpo_overlap overlap = hpo_domain_overlap(*a, leaf->pass);
        if (overlap != HPO_INSIDE) return overlap == HPO_APART ? SURELY_NOT : PERHAPS;
        return s->active[test->param];
    }
    const hpo_domain *b = &s->domain[test->other];
    if (s->active[test->other] == SURELY_NOT || b->count == 0) return SURELY_NOT;
    double a_low, a_high, b_low, b_high;
    hpo_domain_range(&s->space->params[test->param], test->left, *a, &a_low, &a_high);
    hpo_domain_range(&s->space->params[test->other], test->right, *b, &b_low, &b_high);
    const truth known = compare_ranges(test->op, a_low, a_high, b_low, b_high);
    return known == SURELY ? least(s->active[test->param], s->active[test->other]) : known;
}

static truth know(const search *s, const node *n) {
    if (n->test->op != HPO_COND_ALL && n->test->op != HPO_COND_ANY) return know_leaf(s, n);
    const bool all = n->test->op == HPO_COND_ALL;
    truth known = all ? SURELY : SURELY_NOT;
    for (size_t i = 0; i < n->test->n_children; i++) {
        const truth child = know(s, &n->children[i]);
        if (all ? child < known : child > known) known = child;
    }
    return known;
}

/* ---- propagation: a clause must fail ---- */

static bool meet_domain(search *s, size_t param, hpo_domain with) {
    if (hpo_domain_overlap(s->domain[param], with) == HPO_INSIDE) return true;
    return set(s, param, hpo_domain_meet(s->arena, s->domain[param], with), s->active[param]);
}

/* Narrows a to the values for which `op` holds against some number from low to high. */
static bool bound(search *s, size_t param, const double *numbers, hpo_cond_op op, double low, double high) {
    const hpo_param *p = &s->space->params[param];
    switch (op) {
    case HPO_COND_LT:
    case HPO_COND_LE: return meet_domain(s, param, hpo_domain_compare(s->arena, p, numbers, op, high));
    case HPO_COND_GT:
    case HPO_COND_GE: return meet_domain(s, param, hpo_domain_compare(s->arena, p, numbers, op, low));
    case HPO_COND_NE:
        return low < high || meet_domain(s, param, hpo_domain_compare(s->arena, p, numbers, HPO_COND_NE, low));
    default:
        return meet_domain(s, param, hpo_domain_compare(s->arena, p, numbers, HPO_COND_GE, low)) &&
               meet_domain(s, param, hpo_domain_compare(s->arena, p, numbers, HPO_COND_LE, high));
    }
}

static hpo_cond_op opposite(hpo_cond_op op) {
    switch (op) {
    case HPO_COND_LT: return HPO_COND_GE;
    case HPO_COND_LE: return HPO_COND_GT;
    case HPO_COND_GT: return HPO_COND_LE;
    case HPO_COND_GE: return HPO_COND_LT;
    case HPO_COND_NE: return HPO_COND_EQ;
    default: return HPO_COND_NE;
    }
}

/* a op b is b mirrored(op) a. */
static hpo_cond_op mirrored(hpo_cond_op op) {
    switch (op) {
    case HPO_COND_LT: return HPO_COND_GT;
    case HPO_COND_LE: return HPO_COND_GE;
    case HPO_COND_GT: return HPO_COND_LT;
    case HPO_COND_GE: return HPO_COND_LE;
    default: return op;
    }
}

/* A test of a parameter that may be inactive fails with it, too, and then says nothing about the other one. */
static bool fail_leaf(search *s, const node *leaf) {
    const hpo_test *test = leaf->test;
    if (!test->against_param) return meet_domain(s, test->param, leaf->fail);
    const size_t a = test->param, b = test->other;
    const hpo_cond_op op = opposite(test->op);
    double low, high;
    if (s->active[b] == SURELY && s->domain[b].count > 0) {
        hpo_domain_range(&s->space->params[b], test->right, s->domain[b], &low, &high);
        if (!bound(s, a, test->left, op, low, high)) return false;
    }
    if (s->active[a] == SURELY && s->domain[a].count > 0) {
        hpo_domain_range(&s->space->params[a], test->left, s->domain[a], &low, &high);
        if (!bound(s, b, test->right, mirrored(op), low, high)) return false;
    }
    return true;
}

/* False: it is sure to hold. */
static bool fail(search *s, const node *n) {
    const truth known = know(s, n);
    if (known != PERHAPS) return known == SURELY_NOT;
    if (n->test->op == HPO_COND_ANY) {
        for (size_t i = 0; i < n->test->n_children; i++)
            if (!fail(s, &n->children[i])) return false;
        return true;
    }
    if (n->test->op != HPO_COND_ALL) return fail_leaf(s, n);
    const node *open = NULL;
    for (size_t i = 0; i < n->test->n_children; i++) {
        if (know(s, &n->children[i]) == SURELY) continue;
        if (open) return true; /* either of two may be the one that fails */
        open = &n->children[i];
    }
    return fail(s, open);
}

static bool propagate(search *s) {
    while (s->waiting > 0) {
        const size_t clause = s->queue[--s->waiting];
        s->queued[clause] = false;
        if (!fail(s, &s->narrow->clauses[clause])) return false;
    }
    return true;
}

/* ---- drawing ---- */

/* The domains that the clauses leave, and those of given values. False: nothing is left. */
static bool begin(search *s, const double *given) {
    s->given = given;
    for (size_t i = 0; i < s->space->count; i++) {
        const hpo_param *param = &s->space->params[i];
        s->domain[i] = s->narrow->domains ? s->narrow->domains[i] : hpo_domain_full(s->arena, param);
        s->active[i] = s->space->tests[i] ? PERHAPS : SURELY;
    }
    bool possible = true;
    for (size_t i = 0; given && i < s->space->count && possible; i++) {
        if (isnan(given[i])) continue;
        const hpo_domain point = hpo_domain_point(s->arena, hpo_param_coordinate(&s->space->params[i], given[i]));
        possible = hpo_domain_overlap(point, s->domain[i]) == HPO_INSIDE && set(s, i, point, s->active[i]);
    }
    if (!s->narrow->domains)
        for (size_t c = 0; c < s->space->n_clauses; c++) enqueue(s, c);
    return possible && propagate(s);
}

static bool is_given(const search *s, size_t i) {
    return s->given && !isnan(s->given[i]);
}

static double draw(search *s, size_t i) {
    return hpo_domain_draw(&s->space->params[i], s->domain[i], s->prior, s->rng);
}

static bool draw_whole(search *s, double *config) {
    for (size_t i = 0; i < s->space->count; i++) {
        config[i] = s->domain[i].count > 0 ? hpo_param_at(&s->space->params[i], draw(s, i)) : (double)NAN;
    }
    hpo_space_activate(s->space, config);
    for (size_t i = 0; i < s->space->count; i++) {
        if (is_given(s, i) && isnan(config[i])) return false;
        if (s->domain[i].count > 0 || !s->space->tests[i]) continue;
        if (hpo_test_holds(s->space->tests[i], config)) return false; /* active, and there is no value for it */
    }
    return hpo_space_allowed(s->space, config);
}

/* Places order[k] and all behind it. */
static bool place(search *s, size_t k) {
    if (k == s->space->count) return true;
    const size_t i = s->narrow->order[k], before = s->changes;
    const hpo_param *param = &s->space->params[i];
    if (s->narrow->when[i]) { /* its parents are placed, so this is known */
        const bool active = know(s, s->narrow->when[i]) == SURELY;
        if (!active && is_given(s, i)) return false;
        if (!set(s, i, s->domain[i], active ? SURELY : SURELY_NOT) || !propagate(s)) goto back;
        if (!active) {
            if (place(s, k + 1)) return true;
            goto back;
        }
    }
    for (int tries = 0; s->domain[i].count > 0 && s->steps-- > 0; tries++) {
        const size_t here = s->changes;
        const double at = draw(s, i);
        const hpo_domain point = hpo_domain_point(s->arena, at);
        if (set(s, i, point, SURELY) && propagate(s) && place(s, k + 1)) return true;
        undo(s, here);
        if (!hpo_param_is_discrete(param)) {
            s->skipped = true;
            if (tries + 1 == CONTINUUM_DRAWS) break;
            continue;
        }
        const hpo_domain others = hpo_domain_meet(s->arena, s->domain[i], hpo_domain_invert(s->arena, param, point));
        if (!set(s, i, others, SURELY) || !propagate(s)) break;
    }
back:
    undo(s, before);
    return false;
}

static bool draw_in_turn(search *s, double *config) {
    const size_t before = s->changes;
    for (int restart = 0; restart < RESTARTS; restart++) {
        s->steps = STEPS + 4 * (int)s->space->count;
        if (place(s, 0)) {
            for (size_t i = 0; i < s->space->count; i++) {
                const bool active = s->active[i] == SURELY;
                config[i] = active ? hpo_param_at(&s->space->params[i], s->domain[i].spans[0].low) : (double)NAN;
            }
            return true;
        }
        undo(s, before);
        if (s->steps > 0 && !s->skipped) return false; /* everything was tried */
    }
    return false;
}

hpo_narrow *hpo_narrow_create(hpo_space *space) {
    hpo_narrow *narrow = BASE_NEW(space->arena, hpo_narrow);
    narrow->clauses = BASE_NEW_ARRAY(space->arena, space->n_clauses, node);
    narrow->when = BASE_NEW_ARRAY(space->arena, space->count, node *);
    for (size_t c = 0; c < space->n_clauses; c++)
        build(space->arena, space, space->clauses[c].test, &narrow->clauses[c]);
    for (size_t i = 0; i < space->count; i++) {
        if (!space->tests[i]) continue;
        narrow->when[i] = BASE_NEW(space->arena, node);
        build(space->arena, space, space->tests[i], narrow->when[i]);
    }
    index_clauses(narrow, space);
    order_params(narrow, space);
    search s = search_open(space, narrow);
    narrow->impossible = !begin(&s, NULL);
    hpo_domain *domains = BASE_NEW_ARRAY(space->arena, space->count, hpo_domain);
    for (size_t i = 0; i < space->count; i++)
        domains[i] = hpo_domain_meet(space->arena, s.domain[i], s.domain[i]); /* a copy */
    narrow->domains = domains;
    search_close(&s);
    return narrow;
}

bool hpo_narrow_draw(const hpo_space *space, const double *given, bool prior, int rejections, base_rng *rng,
                     double *config) {
    if (space->narrow->impossible) return false;
    search s = search_open(space, space->narrow);
    s.prior = prior;
    s.rng = rng;
    bool found = false;
    if (begin(&s, given)) {
        for (int n = 0; n < rejections && !found; n++) found = draw_whole(&s, config);
        if (!found) found = draw_in_turn(&s, config);
    }
    search_close(&s);
    return found;
}
