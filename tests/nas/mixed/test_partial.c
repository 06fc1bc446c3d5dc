/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Partial channels: what goes through the operations, what passes by, and how edges are weighed. */
#include "tests/nas/mixed/edge_support.h"
#include "tests/nas/supernet_support.h"

static const char *const skip[] = {"none", "skip_connect", NULL}, *const pool[] = {"max_pool_3x3", NULL};

/* Of 8 channels in 4 groups the first 2 are weighed; out come 0 2 4 6 1 3 5 7. */
static void channels_pass_by_and_are_shuffled(void **state) {
    (void)state;
    static const size_t order[] = {0, 2, 4, 6, 1, 3, 5, 7};
    edge_bench *b = base_malloc(sizeof *b);
    base_err err = {0};
    CHECK_OK(edge_build(b, "partial", "{}", eng_shape_3d(4, 5, 8), 1, 8, skip, &err));
    edge_compile(b);
    b->w[1] = .25f;
    const float *y = edge_run(b);
    for (size_t p = 0; p < SAMPLES * 20; p++)
        for (size_t c = 0; c < 8; c++) {
            const float x = b->x[p * 8 + order[c]];
            assert_true(y[p * 8 + c] == (order[c] < 2 ? .25f * x : x));
        }
    edge_destroy(b);
    free(b);
}

/* The largest of `size` x `size` pixels that begin at (row, col), those outside left out. */
static float largest(const float *image, size_t height, size_t width, long row, long col, long size, size_t c) {
    float most = -INFINITY;
    for (long i = row; i < row + size; i++)
        for (long j = col; j < col + size; j++)
            if (i >= 0 && j >= 0 && i < (long)height && j < (long)width)
                most = fmaxf(most, image[((size_t)i * width + (size_t)j) * 4 + c]);
    return most;
}

/* Sizes that are odd have ceil(size / 2) windows, the first of which begins a pixel before the image. */
static void what_passes_by_is_pooled_at_stride_2(void **state) {
    (void)state;
    for (size_t height = 4; height < 8; height++)
        for (size_t width = 4; width < 8; width++) {
            edge_bench *b = base_malloc(sizeof *b);
            base_err err = {0};
            CHECK_OK(edge_build(b, "partial", "{share: 2}", eng_shape_3d(height, width, 4), 2, 4, pool, &err));
            edge_compile(b);
            b->w[0] = 2;
            const float *y = edge_run(b);
            const size_t rows = (height + 1) / 2, cols = (width + 1) / 2;
            for (size_t p = 0; p < rows * cols; p++) {
                const long i = 2 * (long)(p / cols), j = 2 * (long)(p % cols);
                for (size_t c = 0; c < 4; c++) {
                    const size_t from = c % 2 * 2 + c / 2; /* 0 2 1 3 */
                    const float want =
                        from < 2 ? 2 * largest(b->x, height, width, i - 1, j - 1, 3, from)
                                 : largest(b->x, height, width, i - (long)(height % 2), j - (long)(width % 2), 2, from);
                    assert_true(y[p * 4 + c] == want);
                }
            }
            edge_destroy(b);
            free(b);
        }
}

static void one_share_is_all_channels(void **state) {
    (void)state;
    edge_bench *b = base_malloc(sizeof *b);
    base_err err = {0};
    CHECK_OK(edge_build(b, "partial", "{share: 1}", eng_shape_3d(3, 3, 5), 1, 5, skip, &err));
    edge_compile(b);
    b->w[1] = .5f;
    const float *y = edge_run(b);
    for (size_t i = 0; i < SAMPLES * 45; i++) assert_true(y[i] == .5f * b->x[i]);
    edge_destroy(b);
    free(b);
}

static void channels_must_fit(void **state) {
    (void)state;
    static const struct {
        size_t in, out;
        const char *part;
    } cases[] = {
        {6, 6, "mixed: partial with share 4 needs numbers of channels that are multiples of 4, not 6"},
        {8, 16, "needs edges that keep the number of channels, and this one makes 16 of 8"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        edge_bench *b = base_malloc(sizeof *b);
        base_err err = {0};
        CHECK_FAILS(edge_build(b, "partial", "{}", eng_shape_3d(4, 4, cases[i].in), 1, cases[i].out, skip, &err),
                    BASE_INVALID, cases[i].part);
        edge_destroy(b);
        free(b);
    }
}

/* All edges from one place read the same slices. */
static void edges_share_their_slices(void **state) {
    (void)state;
    bench b = bench_create("darts", "{name: pc-darts}", 8, 3, 8, 2);
    const eng_graph *graph = nas_supernet_graph(b.net);
    size_t slices = 0, pools = 0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const eng_node *node = eng_graph_node(graph, i);
        slices += node->op == &eng_op_slice;
        pools += node->op == &eng_op_max_pool && ((const eng_pool_config *)node->config)->window[0] == 2;
    }
    assert_int_equal(slices, 3 * (2 + 3) * 2); /* cells; inputs and inner nodes; both kinds */
    assert_int_equal(pools, 2 * 2);            /* reductions, inputs */
    bench_destroy(&b);
}

/* ---- edges ---- */

static float *betas_of(const bench *b, const char *name) {
    const eng_params *params = nas_supernet_params(b->net);
    return eng_params_values(params) + eng_params_find(params, name)->offset;
}

/* 14 edges of each type have a beta: 252 numbers. Of a node with betas .1, .2, -.1 the shares are known. */
static void edges_have_shares_at_their_node(void **state) {
    (void)state;
    bench b = bench_create("darts", "pc-darts", 8, 3, 8, 2);
    double **edges = nas_edge_blocks(b.space, b.arena);
    float *betas = betas_of(&b, "betas.normal.value");
    assert_int_equal(nas_supernet_alpha_count(b.net), 252);
    assert_true(nas_relaxation_weighs_edges(nas_supernet_relaxation(b.net)));
    betas[2] = .1f, betas[3] = .2f, betas[4] = -.1f;
    nas_relaxation_edges(nas_supernet_relaxation(b.net), edges);
    CHECK_NEAR(edges[0][2], .34200877, 1e-7);
    CHECK_NEAR(edges[0][3], .37797814, 1e-7);
    CHECK_NEAR(edges[0][4], .28001309, 1e-7);
    for (size_t node = 2, e = 0; node < 6; e += node++) {
        double sum = 0;
        for (size_t i = 0; i < node; i++) sum += edges[1][e + i];
        CHECK_NEAR(sum, 1, 1e-12);
    }
    bench_destroy(&b);
}

/* The whole edge is weighed, with the channels that pass by: so the mean by hand has the outputs of the mean. */
static void shares_weigh_all_of_an_edge(void **state) {
    (void)state;
    bench b = bench_create("darts", "pc-darts", 8, 3, 8, 2);
    nas_relaxation *r = nas_supernet_relaxation(b.net);
    double **alphas = nas_operation_blocks(b.space, b.arena), **weights = nas_operation_blocks(b.space, b.arena);
    double **edges = nas_edge_blocks(b.space, b.arena);
    for (size_t e = 0; e < 14; e++) {
        betas_of(&b, "betas.normal.value")[e] = (float)cos((double)e);
        betas_of(&b, "betas.reduce.value")[e] = (float)sin((double)e);
    }
    const double mean = nas_supernet_evaluate(b.net, &b.batch[0]);
    nas_relaxation_alphas(r, alphas);
    nas_relaxation_edges(r, edges);
    nas_relaxation_mean(r, (const double *const *)alphas, NULL, weights);
    nas_relaxation_use(r, (const double *const *)weights, (const double *const *)edges);
    CHECK_NEAR(nas_supernet_evaluate(b.net, &b.batch[0]), mean, 1e-6);
    nas_relaxation_use(r, (const double *const *)weights, NULL);
    assert_true(fabs(nas_supernet_evaluate(b.net, &b.batch[0]) - mean) > 1e-3);
    bench_destroy(&b);
}

/* Nobody trains betas for networks that are drawn: an edge that the network has counts in full, another not. */
static void drawn_networks_have_no_betas(void **state) {
    (void)state;
    bench b = bench_create("darts", "{name: random-sharing, mixed: partial}", 8, 3, 8, 2);
    nas_relaxation *r = nas_supernet_relaxation(b.net);
    double **weights = nas_operation_blocks(b.space, b.arena), **edges = nas_edge_blocks(b.space, b.arena);
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    nas_genotype_weights(nas_genotype_random(b.space, &rng, b.arena), weights);
    assert_int_equal(nas_supernet_alpha_count(b.net), 0);
    nas_relaxation_use(r, (const double *const *)weights, NULL);
    const double implied = nas_supernet_evaluate(b.net, &b.batch[0]);
    for (size_t t = 0; t < 2; t++)
        for (size_t e = 0; e < 14; e++)
            for (size_t k = 8 * e; k < 8 * e + 8; k++) edges[t][e] += weights[t][k];
    nas_relaxation_use(r, (const double *const *)weights, (const double *const *)edges);
    CHECK_SAME_DOUBLE(nas_supernet_evaluate(b.net, &b.batch[0]), implied);
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_pass_by_and_are_shuffled), cmocka_unit_test(what_passes_by_is_pooled_at_stride_2),
        cmocka_unit_test(one_share_is_all_channels),         cmocka_unit_test(channels_must_fit),
        cmocka_unit_test(edges_share_their_slices),          cmocka_unit_test(edges_have_shares_at_their_node),
        cmocka_unit_test(shares_weigh_all_of_an_edge),       cmocka_unit_test(drawn_networks_have_no_betas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
