/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TPE, the tree-structured Parzen estimator: two densities, l over the best results and g over all others; of several
 * draws from l the one with the largest l/g is proposed (J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, "Algorithms for
 * Hyper-Parameter Optimization", NeurIPS 2011, section 4; expected improvement grows with l/g, their equation 8 and
 * what follows).
 *
 * Rules and defaults are those of Optuna 5: one joint density for the parameters without conditions and one for each
 * other parameter; min(ceil(n/10), 25) best results; 24 draws; running trials count among the others ("constant liar"),
 * so that parallel workers keep apart; failures are last and never among the best. parzen.c has the rules of the
 * densities. Results of several fidelities: those of the highest one with enough, as in BOHB, and as many proposals are
 * random as that fidelity is not to be trusted (trust.h). Optuna's rule is an option: every trial counts once, higher
 * fidelities before lower ones, losses within one; then whoever was promoted is among the best, however it did there.
 *
 * Of the others only the last 1,000 to 2,000 are kernels of g, which bounds the time of a suggestion. Old ones count
 * less anyway (parzen.c), and g is asked only where l draws.
 *
 * A draw that is forbidden, or (when the study asks again) has been tried, gives way to the next best.
 *
 * With priors (option prior) it begins with draws from them, and l/g is the acquisition that piBO weighs (C. Hvarfner,
 * D. Stoll, A. Souza, M. Lindauer, F. Hutter, L. Nardi, ICLR 2022, equation 6), in logarithms and block by block:
 *   score(x) = log l(x) - log g(x) + gamma_n log pi(x),   gamma_n = prior_weight / n after n results.
 * A density of the good times a belief, one growing against the other, is also what BOPrO compares (A. Souza, L. Nardi,
 * L. B. Oliveira, K. Olukotun, M. Lindauer, F. Hutter, ECML PKDD 2021). Weighing is not enough where only draws from l
 * are compared: what the belief favours must be among them. So of the draws, l and pi provide shares of 1 to gamma_n,
 * their exponents in the score; a draw from pi is one from l whose coordinates with a prior are drawn anew from theirs.
 * As n grows, both the weight and the share fade to plain TPE. The weight is 3 by default, not 10 as with gp: on
 * MF-Hartmann and counting ones that forgets a wrong prior much sooner and loses little of a good one.
 *
 * With constraints it is c-TPE (S. Watanabe, F. Hutter, "c-TPE: Tree-structured Parzen Estimator with Inequality
 * Constraints for Expensive Hyperparameter Optimization", IJCAI 2023): improvement times the probabilities that each
 * constraint is met, every factor a relative density ratio of two densities of its own,
 *   score(x) = sum_i -log(gamma_i + (1 - gamma_i) g_i(x)/l_i(x)),
 * gamma_0 the fraction of the results in l of the objective, gamma_i that of those that meet constraint i, so that one
 * that all meet says nothing. l_i holds the results that meet it, and at least as many of the nearest as would be among
 * the best without constraints, as in the authors' program. l of the objective: results by their loss alone, from the
 * best on, until as many of them are feasible as would be among the best without constraints; all, as long as there are
 * fewer, so that feasibility alone counts until something is feasible. Draws come in equal shares from all l of which
 * the share is below 1. Of a constraint, too, only the last results are in the densities, those of the trials that g of
 * the objective remembers.
 *
 * With several goals it is MO-TPE: the best are whole non-dominated ranks, and of the rank that is cut those that cover
 * most (hpo/models/best_goals.h). In l, but not with constraints, each counts by what it alone adds to their
 * hypervolume. */
#include "hpo/samplers/trust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/models/best_goals.h"
#include "hpo/models/parzen.h"

enum { MAX_RANDOM_ATTEMPT = 32, REMEMBERED = 1000 };

typedef enum tpe_mode { MODE_MULTIVARIATE, MODE_UNIVARIATE, MODE_GROUP } tpe_mode;
static const char *const mode_words[] = {"multivariate", "univariate", "group", NULL};
static const char *const data_words[] = {"highest", "last", NULL};

/* Coordinates with one density. */
typedef struct block {
    size_t first, count; /* in tpe_state.order */
} block;

typedef struct draw {
    double score;
    size_t index;
} draw;

/* A constraint's factor of the score. */
typedef struct factor {
    double gamma;                 /* share of the results in l */
    unsigned char *meets, *fails; /* by trial: in l, and in g */
    size_t meets_capacity, fails_capacity;
} factor;

typedef struct tpe_state {
    int64_t n_startup, candidates, most;
    double gamma, prior_weight;
    int mode, data;
    bool constant_liar, prior;
    const hpo_space *space;
    uint64_t seed;
    double max_fidelity;
    size_t dims;
    hpo_observations *observations;
    hpo_parzen *below, *above; /* above holds the points of all trials from `first` on, by id */
    hpo_view view;
    size_t first;
    size_t *order; /* coordinates, block by block */
    block *blocks;
    size_t n_blocks;
    uint64_t *signature; /* by coordinate */
    unsigned char *member;
    size_t member_capacity;
    hpo_ranked *ranked;
    double *weights; /* of the best, with several goals */
    size_t ranked_capacity, weights_capacity;
    size_t n_goals;
    bool constrained;
    double gamma_objective;                  /* share of the results in l */
    factor constraints[HPO_MAX_CONSTRAINTS]; /* those that not all results meet */
    size_t n_constraints;
    double *points; /* candidates x dims */
    double *unit;
    double *l, *g;
    draw *draws; /* blocks x candidates, best first */
} tpe_state;

static const base_option tpe_options[] = {
    {.name = "n_startup",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(tpe_state, n_startup),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .help = "random trials before the first that follows the model (successful results)"},
    {.name = "candidates",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(tpe_state, candidates),
     .fallback = "24",
     .min = 1,
     .max = 1e4,
     .help = "draws from the density of the best, of which the most promising is tried"},
    {.name = "gamma",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(tpe_state, gamma),
     .fallback = "0.1",
     .min = 0,
     .max = 1,
     .open_min = true,
     .help = "share of the results that count as the best"},
    {.name = "max_best",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(tpe_state, most),
     .fallback = "25",
     .min = 1,
     .max = 1e6,
     .help = "at most this many results count as the best"},
    {.name = "density",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(tpe_state, mode),
     .fallback = "multivariate",
     .choices = mode_words,
     .help = "one density for all unconditional parameters, for each parameter, or for each group active together"},
    {.name = "constant_liar",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(tpe_state, constant_liar),
     .fallback = "true",
     .help = "running trials count among the worse ones, which keeps workers apart"},
    {.name = "data",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(tpe_state, data),
     .fallback = "highest",
     .choices = data_words,
     .help = "results of the highest fidelity with n_startup of them, or the last result of every trial"},
    {.name = "prior",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(tpe_state, prior),
     .fallback = "false",
     .help = "begin with draws from the priors, and weigh the ratio of the densities by them (piBO)"},
    {.name = "prior_weight",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(tpe_state, prior_weight),
     .fallback = "3",
     .max = 1e6,
     .help = "after n results the priors count to the power of prior_weight/n"},
    BASE_OPTIONS_END,
};

/* ---- blocks of coordinates ---- */

static void add_block(tpe_state *s, size_t first, size_t end) {
    if (end > first) s->blocks[s->n_blocks++] = (block){first, end - first};
}

static const hpo_param *param_of(const tpe_state *s, size_t dim) {
    return hpo_space_param(s->space, hpo_space_dim_param(s->space, dim));
}

static bool is_conditional(const tpe_state *s, size_t dim) {
    return param_of(s, dim)->when != NULL;
}

static void make_fixed_blocks(tpe_state *s) {
    size_t n = 0;
    s->n_blocks = 0;
    for (size_t d = 0; s->mode == MODE_MULTIVARIATE && d < s->dims; d++) {
        if (!is_conditional(s, d)) s->order[n++] = d;
    }
    add_block(s, 0, n);
    for (size_t d = 0; d < s->dims; d++) {
        if (s->mode == MODE_MULTIVARIATE && !is_conditional(s, d)) continue;
        s->order[n++] = d;
        add_block(s, n - 1, n);
    }
}

/* Coordinates that were active in exactly the same trials belong together: they have the same signature, a polynomial
 * hash of that row of bits. */
static void make_grouped_blocks(tpe_state *s, const hpo_dataset *data) {
    for (size_t d = 0; d < s->dims; d++) {
        uint64_t hash = 1;
        for (size_t t = 0; is_conditional(s, d) && t < data->n_trials; t++) {
            hash = hash * UINT64_C(0x9E3779B97F4A7C15) + (isnan(data->trial_unit[t * s->dims + d]) ? 1 : 2);
        }
        s->signature[d] = hash;
    }
    size_t n = 0;
    s->n_blocks = 0;
    for (size_t d = 0; d < s->dims; d++) {
        bool seen = false;
        for (size_t e = 0; e < d && !seen; e++) seen = s->signature[e] == s->signature[d];
        if (seen) continue;
        const size_t first = n;
        for (size_t e = d; e < s->dims; e++) {
            if (s->signature[e] == s->signature[d]) s->order[n++] = e;
        }
        add_block(s, first, n);
    }
}

/* ---- the two sets ---- */

static int by_trial(const void *a, const void *b) {
    const hpo_ranked *x = a, *y = b;
    return x->trial < y->trial ? -1 : x->trial > y->trial;
}

/* The best results come first in s->ranked; how many there are. */
static size_t rank_best(tpe_state *s, const hpo_dataset *data) {
    const size_t worked = data->n - data->n_failed;
    size_t best = hpo_best_count(data->n, s->gamma, (size_t)s->most);
    if (s->n_goals > 1) {
        best = hpo_ranked_first_of_goals(s->ranked, data, s->n_goals, best);
        s->gamma_objective = (double)best / (double)worked;
        return best;
    }
    hpo_ranked_fill(s->ranked, data);
    if (!s->constrained) {
        if (best > worked) best = worked;
        hpo_ranked_first(s->ranked, data->n, best);
        return best;
    }
    for (size_t i = 0; i < data->n; i++) s->ranked[i].violation = 0; /* by loss alone */
    hpo_ranked_sort(s->ranked, data->n);
    size_t count = 0;
    for (size_t feasible = 0; count < worked && feasible < best; count++)
        feasible += hpo_dataset_member(data, s->ranked[count].row).violation == 0;
    s->gamma_objective = (double)count / (double)worked;
    return count;
}

static void split(tpe_state *s, const hpo_dataset *data) {
    BASE_GROW(s->member, s->member_capacity, data->n_trials + 1);
    BASE_GROW(s->ranked, s->ranked_capacity, data->n + 1);
    memset(s->member, 0, data->n_trials);
    const size_t best = rank_best(s, data);
    if (best > 1) qsort(s->ranked, best, sizeof *s->ranked, by_trial); /* weights go by age */
    for (size_t i = best; i < data->n; i++) s->member[s->ranked[i].trial] = 1;
    for (size_t i = 0; s->constant_liar && i < data->n_pending; i++) {
        if (!data->pending_known[i]) s->member[data->pending_trial[i]] = 1;
    }
    hpo_parzen_clear(s->below);
    for (size_t i = 0; i < best; i++) {
        hpo_parzen_add(s->below, data->trial_unit + s->ranked[i].trial * s->dims, 1);
    }
    if (s->n_goals == 1 || s->constrained) return; /* infeasible ones among the best are on no front */
    BASE_GROW(s->weights, s->weights_capacity, best + 1);
    hpo_ranked_weights(s->ranked, best, data, s->n_goals, s->weights);
    hpo_parzen_weigh(s->below, s->weights);
}

/* One constraint's two sets, successes whose excess is known; false: all meet it, or nothing is known. */
static bool split_constraint(tpe_state *s, factor *f, const hpo_dataset *data, size_t constraint) {
    size_t known = 0, met = 0;
    BASE_GROW(f->meets, f->meets_capacity, data->n_trials + 1);
    BASE_GROW(f->fails, f->fails_capacity, data->n_trials + 1);
    memset(f->meets, 0, data->n_trials + 1);
    memset(f->fails, 0, data->n_trials + 1);
    for (size_t i = 0; i < data->n; i++) {
        if (!isfinite(data->loss[i]) || !data->excess[i]) continue;
        const double excess = data->excess[i][1 + constraint];
        s->ranked[known++] = (hpo_ranked){.loss = excess, .trial = data->trial[i]};
        met += excess <= 0;
    }
    const size_t least = hpo_best_count(known, s->gamma, (size_t)s->most), count = met > least ? met : least;
    if (met == known || count == known) return false;
    hpo_ranked_first(s->ranked, known, count);
    for (size_t i = 0; i < known; i++) (i < count ? f->meets : f->fails)[s->ranked[i].trial] = 1;
    f->gamma = (double)met / (double)known;
    return true;
}

static void split_constraints(tpe_state *s, hpo_view view, const hpo_dataset *data) {
    const size_t count = hpo_view_constraints(view).count;
    s->n_constraints = 0;
    for (size_t c = 0; c < count; c++)
        s->n_constraints += split_constraint(s, &s->constraints[s->n_constraints], data, c);
}

/* The first trial that `above` holds: of those that come after it at least REMEMBERED count among the others, and it is
 * a multiple of that number, so that it moves seldom. */
static size_t first_remembered(const tpe_state *s, size_t n_trials) {
    size_t first = n_trials;
    for (size_t left = REMEMBERED; first > 0 && left > 0;) left -= s->member[--first];
    return first - first % REMEMBERED;
}

static void pad(unsigned char **member, size_t *capacity, size_t from, size_t to) {
    BASE_GROW(*member, *capacity, to + 1);
    memset(*member + from, 0, to - from);
}

/* The points of these trials: those of a view that is shorter than an earlier one are simply no members. */
static void follow(tpe_state *s, hpo_view view, const hpo_dataset *data) {
    const size_t first = first_remembered(s, data->n_trials);
    if (s->view.history != view.history || s->first != first) hpo_parzen_clear(s->above);
    s->view = view;
    s->first = first;
    const size_t known = first + hpo_parzen_points(s->above);
    if (data->n_trials > known) {
        hpo_parzen_add(s->above, data->trial_unit + known * s->dims, data->n_trials - known);
    } else if (known > data->n_trials) {
        pad(&s->member, &s->member_capacity, data->n_trials, known);
        for (size_t i = 0; i < s->n_constraints; i++) {
            factor *f = &s->constraints[i];
            pad(&f->meets, &f->meets_capacity, data->n_trials, known);
            pad(&f->fails, &f->fails_capacity, data->n_trials, known);
        }
    }
}

/* ---- proposing ---- */

static int by_score(const void *a, const void *b) {
    const draw *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* The belief's share of the draws: 1 to gamma_n. */
static size_t prior_draws(const tpe_state *s, double exponent) {
    return (size_t)rint((double)s->candidates * exponent / (1 + exponent));
}

/* Coordinates with a prior are drawn anew from theirs. */
static void redraw_from_prior(const tpe_state *s, block of, base_rng *rng, double *point) {
    for (size_t i = 0; i < of.count; i++) {
        const size_t dim = s->order[of.first + i];
        const hpo_param *param = param_of(s, dim);
        if (param->prior.given) point[dim] = hpo_param_to_unit(param, hpo_param_draw_prior(param, rng));
    }
}

static double log_prior(const tpe_state *s, block of, const double *point) {
    double sum = 0;
    for (size_t i = 0; i < of.count; i++) {
        const size_t dim = s->order[of.first + i];
        const hpo_param *param = param_of(s, dim);
        if (param->prior.given) sum += hpo_param_log_prior(param, hpo_param_from_unit(param, point[dim]));
    }
    return sum;
}

/* Minus log(gamma + (1 - gamma) g/l). */
static double log_relative_ratio(double gamma, double log_l, double log_g) {
    const double a = gamma > 0 ? log(gamma) : -(double)INFINITY, b = log1p(-gamma) + log_g - log_l, top = fmax(a, b);
    return -(top + log(exp(a - top) + exp(b - top)));
}

/* From l of the objective, and of each constraint in equal shares; below is fitted. */
static void draw_points(tpe_state *s, const size_t *dims, size_t n_dims, base_rng *rng) {
    const size_t count = (size_t)s->candidates;
    const bool objective = s->n_constraints == 0 || s->gamma_objective < 1;
    const size_t sources = s->n_constraints + objective;
    size_t done = objective ? count - count / sources * s->n_constraints : 0;
    hpo_parzen_draw(s->below, rng, done, s->points);
    for (size_t i = 0; i < s->n_constraints; i++) {
        const size_t part = (count - done) / (s->n_constraints - i);
        hpo_parzen_fit(s->above, dims, n_dims, s->constraints[i].meets + s->first);
        hpo_parzen_draw(s->above, rng, part, s->points + done * s->dims);
        done += part;
    }
}

/* exponent: gamma_n; 0 = no priors. */
static void draw_block(tpe_state *s, size_t b, double exponent, base_rng *rng) {
    const block of = s->blocks[b];
    const size_t *dims = s->order + of.first, count = (size_t)s->candidates;
    hpo_parzen_fit(s->below, dims, of.count, NULL);
    draw_points(s, dims, of.count, rng);
    hpo_parzen_fit(s->above, dims, of.count, s->member + s->first);
    for (size_t c = count - prior_draws(s, exponent); c < count; c++) {
        redraw_from_prior(s, of, rng, s->points + c * s->dims);
    }
    hpo_parzen_log_density(s->below, s->points, count, s->l);
    hpo_parzen_log_density(s->above, s->points, count, s->g);
    draw *draws = s->draws + b * count;
    for (size_t c = 0; c < count; c++) {
        const double belief = exponent > 0 ? exponent * log_prior(s, of, s->points + c * s->dims) : 0;
        const double gain =
            s->constrained ? log_relative_ratio(s->gamma_objective, s->l[c], s->g[c]) : s->l[c] - s->g[c];
        draws[c] = (draw){gain + belief, c};
    }
    for (size_t i = 0; i < s->n_constraints; i++) {
        const factor *f = &s->constraints[i];
        hpo_parzen_fit(s->above, dims, of.count, f->meets + s->first);
        hpo_parzen_log_density(s->above, s->points, count, s->l);
        hpo_parzen_fit(s->above, dims, of.count, f->fails + s->first);
        hpo_parzen_log_density(s->above, s->points, count, s->g);
        for (size_t c = 0; c < count; c++) draws[c].score += log_relative_ratio(f->gamma, s->l[c], s->g[c]);
    }
    for (size_t c = 1; c < count; c++) { /* the best one first; the others are sorted when they are needed */
        if (by_score(&draws[c], &draws[0]) < 0) {
            const draw old = draws[0];
            draws[0] = draws[c];
            draws[c] = old;
        }
    }
}

static void sort_draws(tpe_state *s) {
    const size_t count = (size_t)s->candidates;
    for (size_t b = 0; b < s->n_blocks; b++) qsort(s->draws + b * count, count, sizeof *s->draws, by_score);
}

/* The configuration made of the draws of that rank of every block; whether it may be proposed. */
static bool compose(tpe_state *s, size_t rank, hpo_view view, bool new_only, double *config) {
    for (size_t b = 0; b < s->n_blocks; b++) {
        const double *point = s->points + s->draws[b * (size_t)s->candidates + rank].index * s->dims;
        for (size_t i = 0; i < s->blocks[b].count; i++) {
            const size_t dim = s->order[s->blocks[b].first + i];
            s->unit[dim] = point[dim];
        }
    }
    hpo_space_from_unit(s->space, s->unit, config);
    return hpo_space_allowed(s->space, config) && !(new_only && hpo_view_has_config(view, config));
}

static base_status draw_outright(const tpe_state *s, base_rng *rng, double *config, const char **origin,
                                 base_err *err) {
    *origin = s->prior ? "prior" : "random";
    return s->prior ? hpo_space_sample_prior(s->space, rng, config, err) : hpo_space_sample(s->space, rng, config, err);
}

static base_status tpe_ask(void *self, hpo_view view, const hpo_request *request, double *config, const char **origin,
                           base_err *err) {
    tpe_state *s = self;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    const hpo_dataset data = hpo_observations_collect(s->observations, view,
                                                      &(hpo_data_query){
                                                          .policy = s->data == 0 ? HPO_DATA_HIGHEST : HPO_DATA_LAST,
                                                          .needed = (size_t)s->n_startup,
                                                          .only_successes = true,
                                                      });
    if (data.n - data.n_failed < (size_t)s->n_startup || request->attempt > MAX_RANDOM_ATTEMPT ||
        !hpo_trust_follows(hpo_trust(s->observations, view, data.level, s->max_fidelity), 0, s->seed, request)) {
        return draw_outright(s, &rng, config, origin, err);
    }
    s->constrained = hpo_view_constraints(view).count > 0;
    s->n_goals = hpo_view_n_goals(view);
    split(s, &data);
    if (s->constrained) split_constraints(s, view, &data);
    follow(s, view, &data);
    if (s->mode == MODE_GROUP) make_grouped_blocks(s, &data);
    const double exponent = s->prior ? s->prior_weight / (double)data.n : 0;
    for (size_t b = 0; b < s->n_blocks; b++) draw_block(s, b, exponent, &rng);
    for (size_t rank = 0; rank < (size_t)s->candidates; rank++) {
        if (rank == 1) sort_draws(s);
        if (!compose(s, rank, view, request->attempt > 0, config)) continue;
        *origin = "model";
        return BASE_OK;
    }
    return draw_outright(s, &rng, config, origin, err);
}

static base_status tpe_init(void *self, const hpo_sampler_env *env, base_err *err) {
    tpe_state *s = self;
    if (s->prior) BASE_TRY(hpo_sampler_check_prior(env, err));
    const size_t dims = hpo_space_dims(env->space), count = (size_t)s->candidates;
    s->space = env->space;
    s->seed = env->seed;
    s->max_fidelity = env->max_fidelity;
    s->dims = dims;
    s->observations = hpo_observations_create(env->space);
    s->below = hpo_parzen_create(env->space);
    s->above = hpo_parzen_create(env->space);
    s->order = base_calloc(dims + 1, sizeof *s->order);
    s->blocks = base_calloc(dims + 1, sizeof *s->blocks);
    s->signature = base_calloc(dims + 1, sizeof *s->signature);
    s->points = base_calloc(count * dims + 1, sizeof *s->points);
    s->unit = base_calloc(dims + 1, sizeof *s->unit);
    s->l = base_calloc(count, sizeof *s->l);
    s->g = base_calloc(count, sizeof *s->g);
    s->draws = base_calloc((dims + 1) * count, sizeof *s->draws);
    if (s->mode != MODE_GROUP) make_fixed_blocks(s);
    return BASE_OK;
}

static void tpe_fini(void *self) {
    tpe_state *s = self;
    hpo_observations_destroy(s->observations);
    hpo_parzen_destroy(s->below);
    hpo_parzen_destroy(s->above);
    free(s->order);
    free(s->blocks);
    free(s->signature);
    free(s->member);
    free(s->ranked);
    free(s->weights);
    for (size_t c = 0; c < HPO_MAX_CONSTRAINTS; c++) {
        free(s->constraints[c].meets);
        free(s->constraints[c].fails);
    }
    free(s->points);
    free(s->unit);
    free(s->l);
    free(s->g);
    free(s->draws);
}

const hpo_sampler_type hpo_sampler_tpe = {
    .name = "tpe",
    .summary = "tree-structured Parzen estimator: where good results are dense and others are not",
    .options = tpe_options,
    .flags = HPO_SAMPLER_SLOW | HPO_SAMPLER_MANY_GOALS,
    .state_size = sizeof(tpe_state),
    .init = tpe_init,
    .ask = tpe_ask,
    .fini = tpe_fini,
};
