/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which method a study gets that does not name one: the first rule below that holds.
 *
 * Every threshold comes from runs of suites (docs/algorithms/auto.md has the figures), and
 * scripts/check_auto.py tells when the rules are not among the best any more. What nobody knows before the first trial
 * is left out: whether low fidelities mislead, how noisy results are. */
#include "hpo/study/choose.h"

#include <math.h>
#include <stdlib.h>

/* ---- the rules ---- */

enum {
    SMALL_GRID = 1000,     /* configurations that are tried one by one without asking why */
    MANY_RESULTS = 3000,   /* where the time of suggestions counts, not their regret */
    MANY_PARAMETERS = 200, /* the same */
    MANY_WORKERS = 200,    /* the same: one process proposes for all, and its model holds what runs, too */
    ENOUGH = 30,           /* full evaluations, with which a model needs no cheap ones; */
    ENOUGH_ASIDE = 60,     /* where several are on their way when the next is proposed, */
    ENOUGH_EACH = 5,       /* and so many of every worker: fewer are proposed all but blindly; */
    MANY_GOALS = 4,        /* where weights for each trial find as much as the gain of hypervolume, and sooner, */
    ENOUGH_WEIGHTS = 60,   /* with so many evaluations */
    ENOUGH_MORE = 2,       /* times as many where constraints are to be learned, too */
};
static const double LADDER = 2.999; /* a range with two rungs at least, eta being 3 */

static bool has_ladder(const hpo_situation *s) {
    return s->range >= LADDER;
}
/* False when nobody knows. */
static bool budget_at_least(const hpo_situation *s, double full) {
    return s->budget >= full;
}

static bool searches_nothing(const hpo_situation *s) {
    return s->searched == 0;
}
static bool can_try_all(const hpo_situation *s) {
    return s->configurations <= SMALL_GRID && budget_at_least(s, s->configurations);
}
static bool is_too_much(const hpo_situation *s) {
    return s->searched > MANY_PARAMETERS || s->workers > MANY_WORKERS || budget_at_least(s, MANY_RESULTS);
}
static bool is_too_much_on_rungs(const hpo_situation *s) {
    return has_ladder(s) && is_too_much(s);
}
static bool is_too_much_of_many_goals(const hpo_situation *s) {
    return s->goals > 1 && is_too_much(s);
}
static bool is_too_much_of_many_goals_on_rungs(const hpo_situation *s) {
    return s->goals > 1 && is_too_much_on_rungs(s);
}
static bool has_ladder_and_priors(const hpo_situation *s) {
    return has_ladder(s) && s->priors;
}
/* Of one metric: with several, cheap evaluations pay off at every budget that was measured. */
static bool has_ladder_and_enough(const hpo_situation *s) {
    const double aside = fmax(ENOUGH_ASIDE, ENOUGH_EACH * (double)s->workers);
    const double enough = s->workers > 1 ? aside : ENOUGH;
    return has_ladder(s) && s->goals < 2 && budget_at_least(s, s->constraints > 0 ? ENOUGH_MORE * enough : enough);
}
static bool has_priors(const hpo_situation *s) {
    return s->priors;
}
static bool has_few_and_priors(const hpo_situation *s) {
    return s->priors && s->budget < 20;
}
static bool has_ladder_and_many_goals(const hpo_situation *s) {
    return has_ladder(s) && s->goals >= MANY_GOALS;
}
static bool has_many_goals(const hpo_situation *s) {
    return s->goals >= MANY_GOALS && !(s->budget < ENOUGH_WEIGHTS);
}
static bool always(const hpo_situation *s) {
    (void)s;
    return true;
}

#define DENSITIES "densities are quick with so many parameters, workers or results"
#define WEIGHTS   "of so many metrics a loss with weights drawn for each trial is modelled as well, and sooner"
#define GENETIC   "a genetic algorithm is quick with so many, and follows the whole front"

static const hpo_rule rules[] = {
    {searches_nothing, "nothing is searched", "random", "trials differ by their seeds alone"},
    {can_try_all, "at most 1,000 configurations, and evaluations for all of them", "{sampler: grid, points: 1000}",
     "the budget is enough for every configuration"},
    {is_too_much_of_many_goals_on_rungs,
     "several metrics, a fidelity, and more than 200 parameters, 200 workers or 3,000 full evaluations",
     "{sampler: nsga2, scheduler: asha}", GENETIC},
    {is_too_much_of_many_goals, "several metrics, and more than 200 parameters, 200 workers or 3,000 evaluations",
     "nsga2", GENETIC},
    {is_too_much_on_rungs, "a fidelity, and more than 200 parameters, 200 workers or 3,000 full evaluations",
     "{sampler: tpe, scheduler: asha}", DENSITIES},
    {has_ladder_and_priors, "a fidelity and priors", "priorband-bo",
     "priors pay off at once, and a Gaussian process takes over from them"},
    {has_ladder_and_enough,
     "one metric, a fidelity, and 30 full evaluations (with several workers 60, and 5 for each; with constraints "
     "twice as many)",
     "gp", "with so many full evaluations a Gaussian process needs no cheap ones"},
    {has_ladder_and_many_goals, "a fidelity, and four metrics or more",
     "{sampler: gp, scheduler: asha, data: joint, several: parego}", WEIGHTS},
    {has_ladder, "a fidelity", "{sampler: gp, scheduler: asha, data: joint}",
     "a Gaussian process learns from cheap evaluations, too, and nobody waits"},
    {is_too_much, "more than 200 parameters, 200 workers or 3,000 evaluations", "tpe", DENSITIES},
    {has_few_and_priors, "priors, and fewer than 20 evaluations", "{sampler: priorband}",
     "so few are best spent around the priors and the best result"},
    {has_priors, "priors", "{name: gp, prior: true}",
     "a Gaussian process gets the most out of an evaluation, and trusts the priors until it knows better"},
    {has_many_goals, "four metrics or more, and not fewer than 60 evaluations", "{name: gp, several: parego}", WEIGHTS},
    {always, "anything else", "gp", "a Gaussian process gets the most out of an evaluation"},
};
enum { RULES = sizeof rules / sizeof *rules };

const hpo_rule *hpo_rules(size_t *count) {
    *count = RULES;
    return rules;
}

const hpo_rule *hpo_rule_for(const hpo_situation *situation) {
    const hpo_rule *rule = rules;
    while (!rule->holds(situation)) rule++;
    return rule;
}

/* ---- the situation ---- */

/* What an evaluation in full costs: in the middle of the space, where it depends on the configuration. */
static double full_cost(const hpo_study_spec *spec) {
    const double max = hpo_study_fidelity(spec).max, times = spec->fidelity.max / max; /* as many seeds */
    if (!spec->objective->cost) return spec->fidelity.max;
    const size_t count = hpo_space_count(spec->space), dims = hpo_space_dims(spec->space);
    double *config = base_calloc(count + 1, sizeof *config), *unit = base_calloc(dims + 1, sizeof *unit);
    for (size_t d = 0; d < dims; d++) unit[d] = 0.5;
    hpo_space_from_unit(spec->space, unit, config);
    const hpo_objective_env env = hpo_study_objective_env(spec);
    const double cost = times * spec->objective->cost(&env, config, 0, max, true);
    free(config);
    free(unit);
    return cost;
}

/* The limits of cost and trials, whichever comes first; INFINITY: none, a space is searched to its end. Nobody knows
 * what a time, a target or patience will be worth, nor what trials are that may end on any rung. */
static double full_evaluations(const hpo_study_spec *spec, double range) {
    const hpo_budget *budget = &spec->budget;
    double full = INFINITY;
    if (hpo_budget_is_open(budget)) return full;
    if (budget->trials > 0 && range == 1) full = (double)budget->trials;
    if (budget->cost > 0) full = fmin(full, budget->cost / full_cost(spec));
    return isfinite(full) && budget->time == 0 && !budget->metric ? full : NAN;
}

hpo_situation hpo_situation_of(const hpo_study_spec *spec, uint64_t workers) {
    const hpo_space *space = spec->space;
    hpo_situation s = {.searched = hpo_space_dims(space),
                       .configurations = spec->repeats ? INFINITY : hpo_space_cardinality(space),
                       .range = hpo_study_fidelity(spec).max / hpo_study_fidelity(spec).min,
                       .priors = hpo_space_has_prior(space),
                       .goals = spec->n_goals,
                       .constraints = spec->constraints.count,
                       .workers = workers > 0 ? workers : 1};
    for (size_t d = 0; d < s.searched; d++) {
        const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, d));
        s.choices += param->kind == HPO_CATEGORICAL;
        s.conditional += param->when != NULL;
    }
    if (spec->deterministic || (spec->workers > 0 && spec->workers < s.workers)) s.workers = spec->workers;
    s.budget = full_evaluations(spec, s.range);
    return s;
}

static void put_count(uint64_t count, const char *one, const char *many, base_buf *out) {
    if (count > 0)
        base_buf_printf(out, "%s%llu %s", out->length > 0 ? ", " : "", (unsigned long long)count,
                        count > 1 ? many : one);
}

void hpo_situation_print(const hpo_situation *situation, base_buf *out) {
    base_buf text = {0};
    if (situation->searched == 0) base_buf_puts(&text, "nothing to search");
    put_count(situation->searched - situation->choices, "number", "numbers", &text);
    put_count(situation->choices, "choice", "choices", &text);
    put_count(situation->conditional, "of them conditional", "of them conditional", &text);
    if (situation->priors) base_buf_puts(&text, ", priors");
    if (situation->goals > 1) base_buf_printf(&text, ", %zu metrics", situation->goals);
    put_count(situation->constraints, "constraint", "constraints", &text);
    if (situation->range > 1) base_buf_printf(&text, ", fidelities 1:%.3g", situation->range);
    if (isfinite(situation->budget)) base_buf_printf(&text, ", %.3g full evaluations", situation->budget);
    put_count(situation->workers, "worker", "workers", &text);
    base_buf_puts(out, base_buf_text(&text));
    base_buf_fini(&text);
}
