/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches of a few steps whose network may not exceed a limit, with every kind of selection: what is chosen is built
 * and counted. The first argument is the number of seeds. */
#include "tests/nas/nets.h"
#include "tests/nas/search_support.h"

#include "engine/modules/summary.h"

static int64_t seeds = 2;

typedef struct bounded {
    const char *space;
    nas_settings network; /* that is retrained, of images of 28 x 28 pixels */
    int64_t cells;        /* of the supernet, which sees digits */
    double parameters;    /* its limit */
} bounded;

static nas_limits limits_of(const bounded *b, const nas_space *space, base_arena *arena) {
    const eng_net_config images = {.input = {3, {28, 28, 1}}, .task = ENG_MULTICLASS, .outputs = 10};
    base_err err;
    nas_costs costs;
    CHECK_OK(nas_costs_count(space, &b->network, &images, arena, &costs, &err));
    nas_limits limits = nas_limits_none(&costs);
    limits.max[NAS_COST_PARAMETERS] = b->parameters;
    return limits;
}

/* Large rates and many random genotypes: without a limit most searches would end above it. */
static double parameters_of(const bounded *b, const char *choices, int64_t seed, bool limited, const data *d) {
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of(b->space, arena);
    const nas_limits limits = limits_of(b, space, arena);
    nas_search_settings settings = settings_of(arena, 2, seed);
    base_err err = {0};
    nas_search *s;
    nas_genotype *genotype;
    eng_ports ports;
    settings.channels = 4;
    settings.cells = b->cells;
    settings.alpha_learning_rate = .3;
    settings.limits = limited ? &limits : NULL;
    settings.limit_penalty = 1;
    CHECK_OK(nas_search_create(&settings, read_choices(arena, choices), space, d->view, NULL, &s, &err));
    CHECK_OK(nas_search_run(s, 2, NULL, &err));
    CHECK_OK(nas_search_genotype(s, arena, &genotype, &err));
    CHECK_OK(nas_genotype_check(genotype, &err));
    eng_graph *graph = network_of(genotype, &b->network, 28, 1, &ports);
    const double parameters = (double)eng_graph_numbers_behind(graph, ports.output);
    eng_graph_destroy(graph);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    return parameters;
}

static void check_bounded(const bounded *b) {
    static const char *const choices[] = {"darts-first",
                                          "{name: random-sharing, candidates: 6, batches: 1, finalists: 2}"};
    data d = load_data(.1);
    size_t above = 0;
    for (size_t i = 0; i < CHECK_COUNT(choices); i++)
        for (int64_t seed = 0; seed < seeds; seed++) {
            assert_true(parameters_of(b, choices[i], seed, true, &d) <= b->parameters);
            above += parameters_of(b, choices[i], seed, false, &d) > b->parameters;
        }
    print_message("%s: %zu of %zu searches would have been above the limit\n", b->space, above,
                  CHECK_COUNT(choices) * (size_t)seeds);
    assert_true(above > 0);
    unload_data(&d);
}

static void the_toy_space_keeps_190000(void **state) {
    (void)state;
    check_bounded(&(bounded){.space = "toy", .parameters = 190000});
}

static void the_space_of_darts_keeps_40000(void **state) {
    (void)state;
    check_bounded(
        &(bounded){.space = "darts", .network = {.channels = 8, .cells = 5}, .cells = 3, .parameters = 40000});
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_toy_space_keeps_190000),
        cmocka_unit_test(the_space_of_darts_keeps_40000),
    };
    if (argc > 1) seeds = strtol(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
