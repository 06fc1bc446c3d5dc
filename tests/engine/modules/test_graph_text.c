/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks as text: built again they compute the same bits, and what is no network is refused with its place. */
#include "tests/support/check.h"

#include "engine/modules/graph_text.h"
#include "tests/support/case_nets.h"
#include "tests/support/sample_nets.h"

static base_buf text_of(const eng_model *model) {
    base_buf text = {0};
    eng_graph_write(eng_model_graph(model), eng_model_ports(model), &text);
    return text;
}

/* Its text, built, with the same parameters and written again: the same outputs and the same text. */
static void check_round_trip(eng_model *model, const char *name, const float *x) {
    const size_t n = eng_model_batch(model);
    const eng_model_options options = {.batch = n, .seed = 3}; /* that of case_net_model: noise draws from it */
    base_err err = {0};
    base_buf text = text_of(model), again;
    eng_graph *graph;
    eng_ports ports;
    eng_model *copy;
    CHECK_OK(eng_graph_read(name, text.data, text.length, &graph, &ports, &err));
    CHECK_OK(eng_model_adopt(graph, &ports, &options, &copy, &err));
    eng_params *from = eng_model_params(model), *to = eng_model_params(copy);
    assert_int_equal(eng_params_size(from), eng_params_size(to));
    assert_int_equal(eng_params_count(from), eng_params_count(to));
    for (size_t i = 0; i < eng_params_count(from); i++)
        assert_string_equal(eng_params_at(from, i)->name, eng_params_at(to, i)->name);
    memcpy(eng_params_values(to), eng_params_values(from), eng_params_size(to) * sizeof(float));
    const eng_batch batch = {.n = n, .x = x};
    (void)eng_model_evaluate(model, &batch);
    (void)eng_model_evaluate(copy, &batch);
    assert_memory_equal(eng_model_outputs(model), eng_model_outputs(copy),
                        n * eng_model_output_count(model) * sizeof(float));
    again = text_of(copy);
    assert_string_equal(text.data, again.data);
    base_buf_fini(&text);
    base_buf_fini(&again);
    eng_model_destroy(copy);
    eng_model_destroy(model);
}

static void every_op_is_built_again(void **state) {
    (void)state;
    float x[4096];
    for (size_t i = 0; i < CHECK_COUNT(x); i++) x[i] = sinf((float)(i * i % 101));
    size_t tried = 0;
    for (size_t i = 0; i < op_cases_count; i++) {
        if (!case_net_possible(&op_cases[i])) continue;
        eng_model *model = case_net_model(&op_cases[i], 2);
        assert_true(2 * eng_model_input_count(model) <= CHECK_COUNT(x));
        check_round_trip(model, op_cases[i].name, x);
        tried++;
    }
    assert_true(tried > 40);
}

static void sample_networks_are_built_again(void **state) {
    (void)state;
    for (size_t i = 0; i < sample_nets_count; i++) {
        eng_model *model = sample_net_model(&sample_nets[i], 2, NULL);
        float *x = calloc(2 * eng_model_input_count(model), sizeof *x);
        int32_t labels[2];
        sample_net_batch(&sample_nets[i], 2, 0, x, labels);
        check_round_trip(model, sample_nets[i].name, x);
        free(x);
    }
}

/* Only what stands for an architecture's weights in a search has no text form. */
static void ops_without_fields_are_known(void **state) {
    (void)state;
    for (const eng_op *const *op = eng_ops; *op != NULL; op++) {
        const bool searched = *op == &eng_op_parameter || *op == &eng_op_superpose || *op == &eng_op_mix;
        assert_int_equal((*op)->config_size > 0 && (*op)->fields == NULL, searched);
    }
}

static void tied_nodes_stay_tied(void **state) {
    (void)state;
    base_err err = {0};
    eng_graph *graph = eng_graph_create();
    const eng_dense_config dense = {.width = 4};
    const eng_value x = eng_graph_input(graph, eng_shape_1d(4), ENG_F32);
    eng_value at, out, none;
    CHECK_OK(eng_graph_add(graph, &eng_op_dense, &dense, "one", &x, &at, &err));
    CHECK_OK(eng_graph_add_tied(graph, &eng_op_dense, &dense, "two", "one", &at, 1, &out, &err));
    const eng_value ends[] = {out, eng_graph_input(graph, eng_shape_1d(4), ENG_F32)};
    CHECK_OK(eng_graph_add(graph, &eng_op_mean_squared_error, NULL, NULL, ends, &none, &err));
    const eng_ports ports = {.x = x, .target = ends[1], .output = out, .task = ENG_REGRESSION};
    const eng_model_options options = {.batch = 1, .seed = 5};
    eng_model *model;
    CHECK_OK(eng_model_adopt(graph, &ports, &options, &model, &err));
    assert_int_equal(eng_params_count(eng_model_params(model)), 2);
    base_buf text = text_of(model);
    CHECK_CONTAINS(text.data, "name: \"two\", in: [1], params_of: \"one\"");
    base_buf_fini(&text);
    check_round_trip(model, "tied", (const float[]){1, 2, 3, 4});
}

#define HEAD "task: regression\nx: 0\ntarget: 2\noutput: 1\ngraph:\n- {input: [4]}\n"
#define TAIL "- {input: [2]}\n- {op: mean-squared-error, name: \"l\", in: [1, 2]}\n"

static void what_is_no_network_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "'graph' is missing"},
        {"graph: 3", "t:1:8: the graph is a list"},
        {HEAD "- {op: densee, name: \"d\", in: [0], width: 2}\n" TAIL, "no op 'densee'"},
        {HEAD "- {op: dense, name: \"d\", in: [0], widht: 2}\n" TAIL, "t:7:35: the op dense has no 'widht'"},
        {HEAD "- {op: dense, name: \"d\", in: [0], width: -2}\n" TAIL, "t:7:42: a whole number"},
        {HEAD "- {op: dense, name: \"d\", in: [0], width: 0}\n" TAIL, "width of a dense layer"},
        {HEAD "- {op: dense, name: \"d\", in: [7], width: 2}\n" TAIL, "no value 7 before"},
        {HEAD "- {op: dense, name: \"d\", in: [0, 0], width: 2}\n" TAIL, "reads 1 values, not 2"},
        {HEAD "- {op: dense, name: \"d\", in: [0], width: 2, epilogue: gelu}\n" TAIL, "'gelu' is unknown"},
        {HEAD "- {op: dense, name: 3, in: [0], width: 2}\n" TAIL, "a name belongs here"},
        {HEAD "- {op: mix, name: \"m\", in: [0, 0]}\n" TAIL, "the op mix cannot be built from text"},
        {HEAD "- {op: reshape, name: \"r\", in: [0], ndim: 9, dim: [2, 2, 0, 0, 0]}\n" TAIL, "at most 5 sizes"},
        {"task: regression\nx: 0\ntarget: 0\noutput: 0\ngraph:\n- {input: [4]}\n", "not inputs and an output"},
        {"task: regression\nx: 0\ntarget: 0\noutput: 9\ngraph:\n- {input: [4]}\n", "there is no value 9"},
        {"graph:\n- {input: [2000000, 2000000]}\n", "too many"},
        {"graph:\n- {input: [4]}\n", "'task' is missing"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_err err = {0};
        eng_graph *graph;
        eng_ports ports;
        CHECK_FAILS(eng_graph_read("t", cases[i].text, strlen(cases[i].text), &graph, &ports, &err), BASE_INVALID,
                    cases[i].part);
        assert_null(graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_is_built_again),       cmocka_unit_test(sample_networks_are_built_again),
        cmocka_unit_test(ops_without_fields_are_known),  cmocka_unit_test(tied_nodes_stay_tied),
        cmocka_unit_test(what_is_no_network_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
