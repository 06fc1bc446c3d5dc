/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The strongest genotype within limits against the best of all networks of the toy space and of small spaces, with one,
 * two and three limits; ties and order as without limits; what is impossible; random genotypes; the price of large
 * spaces. */
#include "tests/nas/nets.h"

#include "base/clock.h"
#include "nas/edge_weights.h"
#include "nas/limits.h"
#include "nas/narrow.h"
#include "nas/supernet.h"

static const eng_net_config images = {.input = {3, {28, 28, 1}}, .task = ENG_MULTICLASS, .outputs = 10};

static nas_limits limits_of(const nas_space *space, nas_settings settings, base_arena *arena) {
    base_err err;
    nas_costs costs;
    CHECK_OK(nas_costs_count(space, &settings, &images, arena, &costs, &err));
    return nas_limits_none(&costs);
}

/* Latencies that have little to do with the other costs. */
static void make_latencies(nas_limits *limits, base_rng *rng) {
    limits->costs.fixed[NAS_COST_LATENCY] = 100000.0;
    for (size_t t = 0; t < limits->costs.space->n_cells; t++)
        for (size_t i = 0; i < limits->costs.space->cells[t].weights; i++)
            limits->costs.each[NAS_COST_LATENCY][t][i] = (double)base_rng_below(rng, 200000);
}

/* One row in ten is all ties. */
static double **random_weights(const nas_space *space, base_rng *rng, base_arena *arena) {
    double **weights = nas_operation_blocks(space, arena);
    const bool coarse = base_rng_below(rng, 10) == 0;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++)
            weights[t][i] = coarse ? (double)base_rng_below(rng, 3) / 4.0 : base_rng_uniform(rng);
    return weights;
}

static double strength_of(const nas_genotype *genotype, const double *const *weights) {
    double sum = 0.0;
    for (size_t t = 0; t < genotype->space->n_cells; t++)
        for (size_t i = 0; i < genotype->cells[t].count; i++) {
            const nas_gene *gene = &genotype->cells[t].genes[i];
            const nas_space_edge *edge = &genotype->space->cells[t].edges[gene->edge];
            sum += weights[t][edge->offset + nas_space_operation_find(edge, gene->operation)];
        }
    return sum;
}

/* ---- all genotypes of a space ---- */

typedef struct visit {
    nas_genotype *genotype;
    const nas_limits *limits;
    const double *const *weights;
    size_t seen;
    double best, smallest[NAS_COSTS]; /* of all genotypes */
} visit;

static void note(visit *v) {
    v->seen++;
    for (int kind = 0; kind < NAS_COSTS; kind++)
        v->smallest[kind] = fmin(v->smallest[kind], nas_costs_of(&v->limits->costs, (nas_cost)kind, v->genotype));
    if (nas_limits_meet(v->limits, v->genotype)) v->best = fmax(v->best, strength_of(v->genotype, v->weights));
}

/* Edge by edge: without it, or with any of its operations. */
static void visit_from(visit *v, size_t t, size_t e) {
    const nas_space *space = v->genotype->space;
    if (t == space->n_cells) {
        base_err err;
        if (nas_genotype_is_full(v->genotype) && nas_genotype_check(v->genotype, &err) == BASE_OK) note(v);
        return;
    }
    if (e == space->cells[t].n_edges) {
        visit_from(v, t + 1, 0);
        return;
    }
    nas_genotype_cell *cell = &v->genotype->cells[t];
    const nas_space_edge *edge = &space->cells[t].edges[e];
    if (space->cells[t].keep > 0) visit_from(v, t, e + 1);
    for (size_t k = 0; k < edge->n_operations; k++) {
        cell->genes[cell->count++] = (nas_gene){e, edge->operations[k]};
        visit_from(v, t, e + 1);
        cell->count--;
    }
}

static visit visit_all(const nas_limits *limits, const double *const *weights, base_arena *arena) {
    visit v = {.genotype = nas_genotype_create(limits->costs.space, arena),
               .limits = limits,
               .weights = weights,
               .best = -(double)INFINITY};
    for (int kind = 0; kind < NAS_COSTS; kind++) v.smallest[kind] = (double)INFINITY;
    visit_from(&v, 0, 0);
    return v;
}

/* ---- the best ---- */

/* Some kinds get a limit somewhere between the smallest and the largest, now and then below. */
static void draw_limits(nas_limits *limits, base_rng *rng) {
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        double smallest, largest;
        nas_costs_range(&limits->costs, (nas_cost)kind, &smallest, &largest);
        const double share = 1.2 * base_rng_uniform(rng) - 0.1;
        limits->max[kind] =
            base_rng_below(rng, 3) > 0 ? floor(smallest + share * (largest - smallest)) : (double)INFINITY;
    }
}

static void check_best(nas_limits *limits, base_rng *rng, size_t genotypes, base_arena *arena) {
    base_err err;
    base_buf why = {0};
    nas_cost which;
    nas_genotype *found;
    double **drawn = random_weights(limits->costs.space, rng, arena);
    const double *const *weights = (const double *const *)drawn;
    make_latencies(limits, rng);
    draw_limits(limits, rng);
    const visit all = visit_all(limits, weights, arena);
    assert_int_equal(all.seen, genotypes);
    const bool possible = isfinite(all.best);
    assert_int_equal(nas_limits_possible(limits, &which, &why), possible);
    const nas_selection *magnitude = nas_selection_find("magnitude");
    const base_status status =
        nas_limits_choose(limits, magnitude, NULL, limits->costs.space, weights, arena, &found, &err);
    assert_int_equal(status, possible ? BASE_OK : BASE_INVALID);
    base_buf_fini(&why);
    if (!possible) return;
    CHECK_OK(nas_genotype_check(found, &err));
    assert_true(nas_limits_meet(limits, found));
    CHECK_NEAR(strength_of(found, weights), all.best, 1e-12);
    assert_true(nas_limits_meet(limits, nas_limits_random(limits, limits->costs.space, rng, arena)));
}

static const nas_space *read_space(const char *text, base_arena *arena) {
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    return space;
}

/* Few edges kept of more; all kept, with `none`; both; edges with candidates of their own. */
static const char *const small[] = {
    "operations: [none, skip_connect, sep_conv_3x3, max_pool_3x3]\n"
    "cells: {a: {inputs: 2, nodes: 2, keep: 2}}\n"
    "skeleton: {channels: 8, stack: [{cell: a, times: 3}]}\n",
    "operations: [sep_conv_3x3, none, dil_conv_5x5, skip_connect]\n"
    "cells: {a: {inputs: 1, nodes: 3, keep: all}}\n"
    "skeleton: {channels: 8, stack: [{cell: a, times: 2}]}\n",
    "operations: [dil_conv_3x3, skip_connect]\n"
    "cells:\n"
    "  a: {inputs: 2, nodes: 2, keep: 1}\n"
    "  b: {inputs: 2, nodes: 2, keep: all, stride: 2, edges: [{to: 2, from: [0, 1]}, {to: 3, from: 2}, {to: 3, from: "
    "1, operations: [max_pool_3x3, none, sep_conv_5x5]}]}\n"
    "skeleton: {channels: 8, stack: [{cell: a}, {cell: b, width: 2}, {cell: a, width: 2}]}\n",
};

static void small_spaces_give_the_best_of_all(void **state) {
    (void)state;
    enum { TIMES = 150 };
    for (size_t i = 0; i < CHECK_COUNT(small); i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = read_space(small[i], arena);
        nas_limits limits = limits_of(space, (nas_settings){0}, arena);
        for (uint32_t k = 0; k < TIMES; k++) {
            base_rng rng = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)i, k);
            check_best(&limits, &rng, (size_t)nas_space_size(space), arena);
        }
        base_arena_destroy(arena);
    }
}

static void the_toy_space_gives_the_best_of_all_networks(void **state) {
    (void)state;
    enum { TIMES = 40 };
    base_arena *arena = base_arena_create();
    nas_limits limits = limits_of(space_of("toy", arena), (nas_settings){0}, arena);
    for (uint32_t k = 0; k < TIMES; k++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 9, k);
        check_best(&limits, &rng, 4096, arena);
    }
    base_arena_destroy(arena);
}

/* ---- as without limits ---- */

static bool same_order(const nas_genotype *a, const nas_genotype *b) {
    for (size_t t = 0; t < a->space->n_cells; t++)
        for (size_t i = 0; i < a->cells[t].count; i++)
            if (a->cells[t].genes[i].edge != b->cells[t].genes[i].edge ||
                a->cells[t].genes[i].operation != b->cells[t].genes[i].operation)
                return false;
    return true;
}

/* A limit that does not bind changes nothing, with equal weights either; and the knapsack by itself finds a genotype
 * that is as strong. */
static void what_does_not_bind_changes_nothing(void **state) {
    (void)state;
    static const char *const names[] = {"toy", "darts", "s1", "s4", "nasbench201", "nasbench-macro"};
    const nas_selection *magnitude = nas_selection_find("magnitude");
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(names[i], arena);
        nas_limits limits = limits_of(space, (nas_settings){0}, arena);
        for (uint32_t k = 0; k < 20; k++) {
            base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 20 + (uint32_t)i, k);
            double **drawn = random_weights(space, &rng, arena);
            const double *const *weights = (const double *const *)drawn;
            nas_genotype *plain, *limited, *best = nas_genotype_create(space, arena);
            base_err err;
            CHECK_OK(nas_selection_choose(magnitude, NULL, space, weights, arena, &plain, &err));
            limits.max[NAS_COST_PARAMETERS] = nas_costs_of(&limits.costs, NAS_COST_PARAMETERS, plain);
            limits.max[NAS_COST_FLOPS] = nas_costs_of(&limits.costs, NAS_COST_FLOPS, plain);
            CHECK_OK(nas_limits_choose(&limits, magnitude, NULL, space, weights, arena, &limited, &err));
            assert_true(same_order(plain, limited));
            assert_true(nas_limits_best(&limits, weights, best, NULL));
            CHECK_NEAR(strength_of(best, weights), strength_of(plain, weights), 1e-12);
            limits.max[NAS_COST_PARAMETERS] -= 1.0;
            CHECK_OK(nas_genotype_check(best, &err));
            if (nas_limits_choose(&limits, magnitude, NULL, space, weights, arena, &limited, &err) != BASE_OK) continue;
            assert_true(nas_limits_meet(&limits, limited));
            assert_false(nas_genotype_equal(plain, limited));
        }
        base_arena_destroy(arena);
    }
}

/* What is chosen within limits stands in the order of its strength, as without them. */
static void genes_stand_in_the_order_of_strength(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    nas_limits limits = limits_of(space, (nas_settings){.channels = 8, .cells = 5}, arena);
    limits.max[NAS_COST_PARAMETERS] = 30000;
    for (uint32_t k = 0; k < 20; k++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 30, k);
        double **weights = random_weights(space, &rng, arena);
        nas_genotype *found = nas_genotype_create(space, arena);
        assert_true(nas_limits_best(&limits, (const double *const *)weights, found, NULL));
        for (size_t t = 0; t < 2; t++)
            for (size_t i = 0; i < 8; i += 2) {
                double strength[2];
                for (size_t g = 0; g < 2; g++) {
                    const nas_gene *gene = &found->cells[t].genes[i + g];
                    const nas_space_edge *edge = &space->cells[t].edges[gene->edge];
                    assert_int_equal(edge->to, 2 + i / 2);
                    strength[g] = weights[t][edge->offset + nas_space_operation_find(edge, gene->operation)];
                }
                assert_true(strength[0] >= strength[1]);
            }
    }
    base_arena_destroy(arena);
}

/* ---- on average ---- */

/* By the definition, with equal weights in the toy space. */
static void the_mean_of_equal_weights_is_that_of_all_networks(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("toy", arena);
    nas_limits limits = limits_of(space, (nas_settings){0}, arena);
    double **weights = nas_operation_blocks(space, arena), **slopes = nas_operation_blocks(space, arena), sum = 0.0;
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < 12; i++) {
            weights[t][i] = 0.25;
            sum += 0.25 * limits.costs.each[NAS_COST_PARAMETERS][t][i];
        }
    const double mean = limits.costs.fixed[NAS_COST_PARAMETERS] + sum;
    CHECK_NEAR(nas_limits_penalty(&limits, 1.0, (const double *const *)weights, slopes), 0.0, 0.0);
    limits.max[NAS_COST_PARAMETERS] = mean + 1.0;
    CHECK_NEAR(nas_limits_penalty(&limits, 1.0, (const double *const *)weights, slopes), 0.0, 0.0);
    for (size_t i = 0; i < 12; i++) CHECK_NEAR(slopes[0][i], 0.0, 0.0);
    limits.max[NAS_COST_PARAMETERS] = mean / 1.5;
    CHECK_CLOSE(nas_limits_penalty(&limits, 1.0, (const double *const *)weights, slopes), 0.5, 1e-12);
    base_arena_destroy(arena);
}

/* Against central differences, in spaces where edges are left out and where `none` does not count; weights that do not
 * add up to 1, too. */
static void slopes_are_those_of_the_penalty(void **state) {
    (void)state;
    static const char *const names[] = {"toy", "darts", "nasbench201", "s3"};
    for (size_t n = 0; n < CHECK_COUNT(names); n++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(names[n], arena);
        nas_limits limits = limits_of(space, (nas_settings){0}, arena);
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 60, (uint32_t)n);
        double **weights = nas_operation_blocks(space, arena), **slopes = nas_operation_blocks(space, arena);
        double **unused = nas_operation_blocks(space, arena);
        const double *const *read = (const double *const *)weights;
        make_latencies(&limits, &rng);
        for (int kind = 0; kind < NAS_COSTS; kind++) {
            double largest;
            nas_costs_range(&limits.costs, (nas_cost)kind, &limits.max[kind], &largest);
        }
        for (size_t t = 0; t < space->n_cells; t++)
            for (size_t i = 0; i < space->cells[t].weights; i++) weights[t][i] = 0.05 + base_rng_uniform(&rng);
        assert_true(nas_limits_penalty(&limits, 0.7, read, slopes) > 0.0);
        for (size_t t = 0; t < space->n_cells; t++)
            for (size_t i = 0; i < space->cells[t].weights; i++) {
                const double at = weights[t][i], h = 1e-5;
                weights[t][i] = at + h;
                const double above = nas_limits_penalty(&limits, 0.7, read, unused);
                weights[t][i] = at - h;
                const double below = nas_limits_penalty(&limits, 0.7, read, unused);
                weights[t][i] = at;
                CHECK_NEAR(slopes[t][i], 0.7 * (above - below) / (2.0 * h), 1e-8);
            }
        base_arena_destroy(arena);
    }
}

/* The nearest genotype shares as many operations as any that is within. */
static void the_nearest_changes_as_little_as_can_be(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("toy", arena);
    nas_limits limits = limits_of(space, (nas_settings){0}, arena);
    limits.max[NAS_COST_PARAMETERS] = 190000;
    for (uint32_t k = 0; k < 20; k++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 70, k);
        nas_genotype *far = nas_genotype_random(space, &rng, arena);
        double **weights = random_weights(space, &rng, arena);
        const nas_genotype *near = nas_limits_nearest(&limits, far, (const double *const *)weights, arena);
        nas_genotype_weights(far, weights);
        const visit all = visit_all(&limits, (const double *const *)weights, arena);
        assert_true(nas_limits_meet(&limits, near));
        CHECK_NEAR(strength_of(near, (const double *const *)weights), all.best, 0.0);
        if (nas_limits_meet(&limits, far)) assert_ptr_equal(near, far);
    }
    base_arena_destroy(arena);
}

/* A selection that leaves edges out does so within limits, too. */
static void a_selection_may_leave_edges_out(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    const nas_selection *selection = nas_selection_find("threshold");
    const struct { double threshold; } options = {0.85};
    nas_limits limits = limits_of(space, (nas_settings){.channels = 8, .cells = 5}, arena);
    limits.max[NAS_COST_PARAMETERS] = 30000;
    size_t sparse = 0;
    for (uint32_t k = 0; k < 20; k++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 90, k);
        double **weights = random_weights(space, &rng, arena);
        nas_genotype *found;
        base_err err;
        CHECK_OK(nas_limits_choose(&limits, selection, &options, space, (const double *const *)weights, arena, &found,
                                   &err));
        CHECK_OK(nas_genotype_check(found, &err));
        assert_true(nas_limits_meet(&limits, found));
        sparse += !nas_genotype_is_full(found);
    }
    assert_true(sparse > 0);
    base_arena_destroy(arena);
}

/* A rule that wants other operations comes after the limits: of all skips there is nothing but more to be had. */
static void limits_come_before_other_rules(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("s2", arena); /* a skip or a separable convolution on every edge */
    const nas_selection *selection = nas_selection_find("few-skips");
    nas_limits limits = limits_of(space, (nas_settings){.channels = 8, .cells = 5}, arena);
    double largest;
    nas_costs_range(&limits.costs, NAS_COST_PARAMETERS, &limits.max[NAS_COST_PARAMETERS], &largest);
    for (uint32_t k = 0; k < 5; k++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 95, k);
        double **weights = random_weights(space, &rng, arena);
        nas_genotype *found;
        base_err err;
        CHECK_OK(
            nas_limits_choose(&limits, selection, NULL, space, (const double *const *)weights, arena, &found, &err));
        assert_true(nas_limits_meet(&limits, found));
        assert_int_equal(nas_genotype_count(found, space->normal, NAS_OPERATION_SKIP), 8);
    }
    base_arena_destroy(arena);
}

/* With fewer operations on the edges a genotype costs what it did. */
static void limits_of_a_narrow_space_are_the_same(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    nas_limits limits = limits_of(space, (nas_settings){.channels = 8, .cells = 5}, arena);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 96, 0);
    double **weights = random_weights(space, &rng, arena);
    size_t **keep = BASE_NEW_ARRAY(arena, space->n_cells, size_t *);
    limits.max[NAS_COST_FLOPS] = 1e6;
    make_latencies(&limits, &rng);
    for (size_t t = 0; t < space->n_cells; t++) {
        keep[t] = BASE_NEW_ARRAY(arena, space->cells[t].n_edges, size_t);
        for (size_t e = 0; e < space->cells[t].n_edges; e++) keep[t][e] = 1 + e % 4;
    }
    const nas_space *narrow =
        nas_space_narrow(space, (const double *const *)weights, (const size_t *const *)keep, arena);
    const nas_limits *same = nas_limits_narrow(&limits, narrow, arena);
    CHECK_NEAR(same->max[NAS_COST_FLOPS], 1e6, 0.0);
    for (size_t k = 0; k < 20; k++) {
        nas_genotype *genotype = nas_genotype_random(narrow, &rng, arena);
        for (int kind = 0; kind < NAS_COSTS; kind++)
            CHECK_NEAR(nas_costs_of(&same->costs, (nas_cost)kind, genotype),
                       nas_costs_of(&limits.costs, (nas_cost)kind, genotype), 0.0);
    }
    base_arena_destroy(arena);
}

/* ---- what is impossible ---- */

static void what_is_impossible_is_said(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_buf why = {0};
    nas_cost which;
    nas_limits limits = limits_of(space_of("toy", arena), (nas_settings){0}, arena);
    assert_true(nas_limits_possible(&limits, &which, &why));
    limits.max[NAS_COST_PARAMETERS] = 177962;
    assert_true(nas_limits_possible(&limits, &which, &why));
    limits.max[NAS_COST_PARAMETERS] = 177961;
    assert_false(nas_limits_possible(&limits, &which, &why));
    assert_int_equal(which, NAS_COST_PARAMETERS);
    assert_string_equal(base_buf_text(&why), "no network of the space is so small: the smallest has 177962 parameters");
    base_arena_destroy(arena);
    base_buf_fini(&why);
}

/* Small ones are slow here: each limit can be met, both cannot. */
static void what_is_impossible_together_is_said(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_buf why = {0};
    nas_cost which;
    const nas_space *space = space_of("toy", arena);
    nas_limits limits = limits_of(space, (nas_settings){0}, arena);
    double **parameters = limits.costs.each[NAS_COST_PARAMETERS];
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++)
            limits.costs.each[NAS_COST_LATENCY][t][i] = 100000.0 - parameters[t][i];
    limits.max[NAS_COST_PARAMETERS] = 177962;
    limits.max[NAS_COST_LATENCY] = 600000.0 - (177962.0 - limits.costs.fixed[NAS_COST_PARAMETERS]);
    assert_true(nas_limits_possible(&limits, &which, &why));
    limits.max[NAS_COST_LATENCY] -= 1.0;
    assert_false(nas_limits_possible(&limits, &which, &why));
    assert_int_equal(which, NAS_COST_LATENCY);
    CHECK_CONTAINS(base_buf_text(&why), "within the others the smallest has 0.577344 ms");
    base_arena_destroy(arena);
    base_buf_fini(&why);
}

/* ---- at random ---- */

/* A limit that a twentieth of the networks meets leaves these equally likely; one that a single network meets finds
 * it. */
static void random_genotypes_are_within(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("toy", arena);
    nas_limits limits = limits_of(space, (nas_settings){0}, arena);
    size_t different = 0;
    const nas_genotype *before = NULL;
    for (uint32_t k = 0; k < 200; k++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 40, k), again = rng;
        limits.max[NAS_COST_PARAMETERS] = k < 100 ? 185000 : 177962;
        const nas_genotype *drawn = nas_limits_random(&limits, space, &rng, arena);
        assert_true(nas_limits_meet(&limits, drawn));
        assert_true(nas_genotype_equal(drawn, nas_limits_random(&limits, space, &again, arena)));
        if (k < 100 && before) different += !nas_genotype_equal(drawn, before);
        before = drawn;
    }
    assert_true(different > 90);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 41, 0), same = rng;
    assert_true(
        nas_genotype_equal(nas_limits_random(NULL, space, &rng, arena), nas_genotype_random(space, &same, arena)));
    base_arena_destroy(arena);
}

/* ---- the price ---- */

/* Of the space of DARTS with every set of limits. */
static void large_spaces_take_few_states(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    nas_limits limits = limits_of(space, (nas_settings){.channels = 16, .cells = 8}, arena);
    for (unsigned set = 1; set < 8; set++) {
        size_t most = 0;
        const double began = base_monotonic();
        for (uint32_t k = 0; k < 20; k++) {
            base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 50, k);
            double **weights = random_weights(space, &rng, arena);
            nas_genotype *found = nas_genotype_create(space, arena);
            size_t states;
            make_latencies(&limits, &rng);
            for (int kind = 0; kind < NAS_COSTS; kind++) {
                double smallest, largest;
                nas_costs_range(&limits.costs, (nas_cost)kind, &smallest, &largest);
                limits.max[kind] =
                    (set >> kind & 1) != 0 ? floor(smallest + 0.3 * (largest - smallest)) : (double)INFINITY;
            }
            assert_true(nas_limits_best(&limits, (const double *const *)weights, found, &states));
            assert_true(nas_limits_meet(&limits, found));
            if (states > most) most = states;
        }
        print_message("limits %u: at most %zu states, %.3g ms\n", set, most, (base_monotonic() - began) * 1e3 / 20);
        assert_true(most < 60000);
    }
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_spaces_give_the_best_of_all),
        cmocka_unit_test(the_toy_space_gives_the_best_of_all_networks),
        cmocka_unit_test(what_does_not_bind_changes_nothing),
        cmocka_unit_test(genes_stand_in_the_order_of_strength),
        cmocka_unit_test(the_mean_of_equal_weights_is_that_of_all_networks),
        cmocka_unit_test(slopes_are_those_of_the_penalty),
        cmocka_unit_test(the_nearest_changes_as_little_as_can_be),
        cmocka_unit_test(a_selection_may_leave_edges_out),
        cmocka_unit_test(limits_come_before_other_rules),
        cmocka_unit_test(limits_of_a_narrow_space_are_the_same),
        cmocka_unit_test(what_is_impossible_is_said),
        cmocka_unit_test(what_is_impossible_together_is_said),
        cmocka_unit_test(random_genotypes_are_within),
        cmocka_unit_test(large_spaces_take_few_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
