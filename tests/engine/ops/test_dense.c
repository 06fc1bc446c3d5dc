/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dense layer in shapes that fill and overhang its tiles, with every epilogue on every instance of the kernels:
 * forward against double, gradients against differences of that, no NaN hidden, the same bits in every batch. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/tensor/graph.h"
#include "engine/ops/ops.h"

typedef struct layer {
    size_t n, in, width;
    eng_epilogue epilogue;
    double *x, *w, *b, *weight; /* weight: of each output in the scalar that is differentiated */
    float *fx, *fw, *fb, *y, *dy, *dx, *dw, *db, *workspace;
    eng_graph *graph;
    const eng_node *node;
} layer;

static double *random_doubles(uint32_t who, double scale, size_t count) {
    double *x = base_calloc(count, sizeof *x);
    gradcheck_fill(who, 0.0, count, x);
    for (size_t i = 0; i < count; i++) x[i] = (double)(float)(scale * x[i]);
    return x;
}

static float *as_floats(size_t count, const double *from) {
    float *to = base_calloc(count, sizeof *to);
    gradcheck_to_float(count, from, to);
    return to;
}

static layer *layer_create(size_t n, size_t in, size_t width, eng_epilogue epilogue) {
    layer *l = base_calloc(1, sizeof *l);
    base_err err;
    *l = (layer){.n = n, .in = in, .width = width, .epilogue = epilogue, .graph = eng_graph_create()};
    const eng_value from = eng_graph_input(l->graph, eng_shape_1d(in), ENG_F32);
    const eng_dense_config config = {.width = width, .epilogue = epilogue};
    eng_value to;
    CHECK_OK(eng_graph_add(l->graph, &eng_op_dense, &config, NULL, &from, &to, &err));
    l->node = eng_graph_node(l->graph, 0);
    l->x = random_doubles(1, 1.0, n * in), l->fx = as_floats(n * in, l->x);
    l->w = random_doubles(2, 1.0 / sqrt((double)in), in * width), l->fw = as_floats(in * width, l->w);
    l->b = random_doubles(3, 0.3, width), l->fb = as_floats(width, l->b);
    l->weight = random_doubles(4, 1.0, n * width);
    l->y = base_calloc(n * width, sizeof *l->y);
    l->dy = base_calloc(n * width, sizeof *l->dy);
    l->dx = base_calloc(n * in, sizeof *l->dx);
    l->dw = base_calloc(in * width, sizeof *l->dw);
    l->db = base_calloc(width, sizeof *l->db);
    l->workspace = base_calloc(1, eng_op_dense.workspace(l->node, n) + 1);
    return l;
}

static void layer_destroy(layer *l) {
    void *all[] = {l->x, l->w, l->b, l->weight, l->fx, l->fw, l->fb, l->y, l->dy, l->dx, l->dw, l->db, l->workspace};
    for (size_t i = 0; i < CHECK_COUNT(all); i++) free(all[i]);
    eng_graph_destroy(l->graph);
    free(l);
}

/* Forward and backward; what is to be overwritten holds NaN before. */
static void run(layer *l, const eng_kernels *kernels) {
    for (size_t i = 0; i < l->n * l->width; i++) l->y[i] = NAN;
    for (size_t i = 0; i < l->n * l->in; i++) l->dx[i] = NAN;
    for (size_t i = 0; i < l->in * l->width; i++) l->dw[i] = NAN;
    for (size_t i = 0; i < l->width; i++) l->db[i] = NAN;
    gradcheck_to_float(l->n * l->width, l->weight, l->dy);
    eng_call call = {.node = l->node,
                     .in_count = {l->in},
                     .out_count = l->width,
                     .x = {l->fx},
                     .y = l->y,
                     .dy = l->dy,
                     .dx = {l->dx},
                     .w = {l->fw, l->fb},
                     .dw = {l->dw, l->db},
                     .workspace = l->workspace};
    eng_run pass = {.n = l->n, .training = true, .k = kernels};
    eng_op_dense.forward(&call, &pass);
    eng_op_dense.backward(&call, &pass);
}

static double output(const layer *l, size_t r, size_t c) {
    double z = l->b[c];
    for (size_t k = 0; k < l->in; k++) z += l->x[r * l->in + k] * l->w[k * l->width + c];
    switch (l->epilogue) {
    case ENG_EPILOGUE_RELU: return fmax(z, 0.0);
    case ENG_EPILOGUE_SIGMOID: return 1.0 / (1.0 + exp(-z));
    case ENG_EPILOGUE_TANH: return tanh(z);
    default: return z;
    }
}

/* The part of the scalar that one sample, or one unit, has in it. */
typedef struct part {
    const layer *l;
    size_t at;
} part;

static double of_sample(void *self) {
    const part *p = self;
    double sum = 0.0;
    for (size_t c = 0; c < p->l->width; c++) sum += p->l->weight[p->at * p->l->width + c] * output(p->l, p->at, c);
    return sum;
}

static double of_unit(void *self) {
    const part *p = self;
    double sum = 0.0;
    for (size_t r = 0; r < p->l->n; r++) sum += p->l->weight[r * p->l->width + p->at] * output(p->l, r, p->at);
    return sum;
}

/* A derivative whose difference crosses the kink of a ReLU says nothing: it is left out, and that is rare. */
static bool is_smooth(double (*f)(void *), part *p, double *x, double *derivative) {
    *derivative = gradcheck_derivative(f, p, x, 1e-5);
    return fabs(*derivative - gradcheck_derivative(f, p, x, 2e-5)) < 1e-6 * (1.0 + fabs(*derivative));
}

static void check_near_derivative(const layer *l, const eng_kernels *k, const char *what, double (*f)(void *),
                                  size_t at, double *x, float got, size_t terms) {
    part p = {.l = l, .at = at};
    double want;
    if (!is_smooth(f, &p, x, &want)) return;
    const double tolerance = 2e-6 * (2.0 + sqrt((double)terms)) * (1.0 + fabs(want));
    if (!(fabs((double)got - want) <= tolerance))
        print_error("%s of %zu x %zu -> %zu, epilogue %d, %s\n", what, l->n, l->in, l->width, (int)l->epilogue,
                    k->name);
    CHECK_NEAR((double)got, want, tolerance);
}

static void check_gradients(layer *l, const eng_kernels *k) {
    const size_t dx = l->n * l->in, dw = l->in * l->width;
    for (size_t i = 0; i < dx; i += dx / 23 + 1)
        check_near_derivative(l, k, "dx", of_sample, i / l->in, &l->x[i], l->dx[i], l->width);
    for (size_t i = 0; i < dw; i += dw / 23 + 1)
        check_near_derivative(l, k, "dw", of_unit, i % l->width, &l->w[i], l->dw[i], l->n);
    for (size_t i = 0; i < l->width; i += l->width / 5 + 1)
        check_near_derivative(l, k, "db", of_unit, i, &l->b[i], l->db[i], l->n);
    for (size_t i = 0; i < dx; i++) assert_true(l->dx[i] == l->dx[i]);
    for (size_t i = 0; i < dw; i++) assert_true(l->dw[i] == l->dw[i]);
}

static void check_forward(const layer *l) {
    const size_t count = l->n * l->width;
    for (size_t i = 0; i < count; i += count / 400 + 1)
        CHECK_NEAR((double)l->y[i], output(l, i / l->width, i % l->width), 2e-6 * (2.0 + sqrt((double)l->in)));
}

typedef void layer_check(layer *l, const eng_kernels *k);

static void on_every_instance(size_t n, size_t in, size_t width, eng_epilogue epilogue, layer_check *check) {
    layer *l = layer_create(n, in, width, epilogue);
    for (const char *const *name = eng_kernels_names; *name != NULL; name++)
        if (eng_kernels_find(*name) != NULL) check(l, eng_kernels_find(*name));
    layer_destroy(l);
}

static void check_passes(layer *l, const eng_kernels *k) {
    run(l, k);
    check_forward(l);
    check_gradients(l, k);
}

static void passes_match_differences(void **state) {
    (void)state;
    static const size_t batches[] = {1, 5, 14, 15, 33, 64}, inputs[] = {1, 2, 7, 16, 31, 100, 800},
                        widths[] = {1, 3, 10, 17, 33, 100};
    size_t turn = 0;
    for (size_t b = 0; b < CHECK_COUNT(batches); b++)
        for (size_t i = 0; i < CHECK_COUNT(inputs); i++)
            for (size_t w = 0; w < CHECK_COUNT(widths); w++, turn++)
                on_every_instance(batches[b], inputs[i], widths[w],
                                  (eng_epilogue)(ENG_EPILOGUE_LINEAR + turn * 7 % (ENG_EPILOGUES - 1)), check_passes);
    for (int e = ENG_EPILOGUE_LINEAR; e < ENG_EPILOGUES; e++) {
        on_every_instance(29, 784, 48, (eng_epilogue)e, check_passes);
        on_every_instance(40, 37, 1024, (eng_epilogue)e, check_passes);
        on_every_instance(3, 1024, 5, (eng_epilogue)e, check_passes);
    }
}

/* Sample r of a batch: y and dx have the bits that they have when the batch ends with it. */
static void check_samples(layer *l, const eng_kernels *k) {
    const size_t n = l->n;
    float *y = base_calloc(n * l->width, sizeof *y), *dx = base_calloc(n * l->in, sizeof *dx);
    run(l, k);
    memcpy(y, l->y, n * l->width * sizeof *y);
    memcpy(dx, l->dx, n * l->in * sizeof *dx);
    for (l->n = 1; l->n < n; l->n += 3) {
        run(l, k);
        assert_memory_equal(l->y, y, l->n * l->width * sizeof *y);
        assert_memory_equal(l->dx, dx, l->n * l->in * sizeof *dx);
    }
    l->n = n;
    free(y);
    free(dx);
}

static void samples_do_not_depend_on_their_batch(void **state) {
    (void)state;
    for (int e = ENG_EPILOGUE_LINEAR; e < ENG_EPILOGUES; e++) {
        on_every_instance(40, 50, 37, (eng_epilogue)e, check_samples);
        on_every_instance(31, 9, 1024, (eng_epilogue)e, check_samples);
    }
}

/* Where the weights or the inputs are zero a NaN or an infinity counts all the same. */
static void check_bad_numbers(layer *l, const eng_kernels *k) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    const size_t sample = l->n / 2, input = l->in - 1, unit = l->width - 1;
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        float *at[] = {&l->fx[sample * l->in + input], &l->fw[input * l->width + unit]};
        float *zero[] = {l->fw, l->fx};
        const size_t zeros[] = {l->in * l->width, l->n * l->in};
        for (size_t which = 0; which < 2; which++) {
            float *kept = base_calloc(zeros[which], sizeof *kept);
            memcpy(kept, zero[which], zeros[which] * sizeof *kept);
            memset(zero[which], 0, zeros[which] * sizeof *kept);
            const float before = *at[which];
            *at[which] = bad[i];
            run(l, k);
            for (size_t j = 0; j < l->n * l->width; j++) {
                const bool hit = which == 0 ? j / l->width == sample : j % l->width == unit;
                assert_int_equal(isnan(l->y[j]) != 0, hit);
            }
            *at[which] = before;
            memcpy(zero[which], kept, zeros[which] * sizeof *kept);
            free(kept);
        }
    }
}

/* A NaN in dy reaches all of its sample's dx and its unit's dw. */
static void check_bad_gradients(layer *l, const eng_kernels *k) {
    const size_t sample = l->n - 1, unit = l->width / 2;
    double *weight = &l->weight[sample * l->width + unit];
    const double before = *weight;
    *weight = NAN;
    run(l, k);
    for (size_t j = 0; j < l->n * l->in; j++) assert_int_equal(isnan(l->dx[j]) != 0, j / l->in == sample);
    for (size_t j = 0; j < l->in * l->width; j++) assert_int_equal(isnan(l->dw[j]) != 0, j % l->width == unit);
    *weight = before;
}

static void bad_numbers_show(void **state) {
    (void)state;
    for (int e = ENG_EPILOGUE_LINEAR; e <= ENG_EPILOGUE_RELU; e++) {
        on_every_instance(17, 21, 35, (eng_epilogue)e, check_bad_numbers);
        on_every_instance(30, 5, 1024, (eng_epilogue)e, check_bad_numbers);
        on_every_instance(17, 35, 21, (eng_epilogue)e, check_bad_gradients);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_match_differences),
        cmocka_unit_test(samples_do_not_depend_on_their_batch),
        cmocka_unit_test(bad_numbers_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
