/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of latencies is made in two walks over the graph that has every operation on every edge: the first lists the
 * shapes, the second adds the entries up over the places of a cell type. */
#include "nas/latency.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "engine/tensor/plan.h"
#include "engine/tensor/subnormal.h"
#include "nas/network.h"
#include "nas/selection.h"
#include "nas/supernet.h"

static const double SAMPLE = 2e-4; /* seconds that a timed group of passes takes at least */
enum { SAMPLES = 25 };

static const char REST[] = "rest", HEADER[] = "operation,height,width,channels_in,channels_out,stride,nanoseconds";

/* ---- rows ---- */

static bool is_row(const nas_latency_row *a, const nas_latency_row *b) {
    return a->operation == b->operation && a->height == b->height && a->width == b->width &&
           a->channels_in == b->channels_in && a->channels_out == b->channels_out && a->stride == b->stride;
}

static nas_latency_row *find(const nas_latency *latency, const nas_latency_row *key) {
    for (size_t i = 0; i < latency->count; i++)
        if (is_row(&latency->rows[i], key)) return &latency->rows[i];
    return NULL;
}

static void add(nas_latency *latency, const nas_latency_row *row) {
    if (find(latency, row)) return;
    BASE_GROW(latency->rows, latency->capacity, latency->count + 1);
    latency->rows[latency->count++] = *row;
}

static nas_latency_row row_of(const nas_operation *operation, const eng_net *net, const nas_edge *edge) {
    const eng_shape *in = &eng_graph_value(net->graph, edge->input)->shape;
    return (nas_latency_row){.operation = operation,
                             .height = in->dim[0],
                             .width = in->dim[1],
                             .channels_in = in->dim[2],
                             .channels_out = edge->channels,
                             .stride = edge->stride};
}

static nas_latency_row rest_of(const nas_space *space, const nas_settings *settings, const eng_net_config *around) {
    return (nas_latency_row){.height = around->input.dim[0],
                             .width = around->input.dim[1],
                             .channels_in = around->input.dim[2],
                             .channels_out = settings->channels > 0 ? settings->channels : space->channels,
                             .stride = nas_skeleton_count(space, settings)};
}

/* ---- walks ---- */

typedef struct walk {
    nas_latency *list;      /* where shapes are added */
    const nas_latency *add; /* or the table whose entries are added to costs */
    const nas_space *space;
    nas_costs *costs;
} walk;

static base_status fail_missing(const eng_net *net, const nas_latency_row *row) {
    return BASE_FAIL(
        net->err, BASE_INVALID,
        "the table of latencies has no entry for %s of %zu x %zu x %zu to %zu channels with stride %zu: it "
        "was measured for networks of another size",
        row->operation->name, row->height, row->width, row->channels_in, row->channels_out, row->stride);
}

static base_status visit(void *self, eng_net *net, const nas_edge *edge, eng_value *out) {
    const walk *w = self;
    const nas_space_edge *what = &w->space->cells[edge->type].edges[edge->index];
    for (size_t k = 0; k < what->n_operations; k++) {
        const nas_latency_row key = row_of(what->operations[k], net, edge);
        const nas_latency_row *row = w->add ? find(w->add, &key) : &key;
        if (!row) return fail_missing(net, &key);
        if (w->list) add(w->list, row);
        if (w->costs) w->costs->each[NAS_COST_LATENCY][edge->type][what->offset + k] += row->nanoseconds;
    }
    return nas_operation_build(what->operations[0], net, edge, out);
}

static base_status take_walk(walk *w, const nas_settings *settings, const eng_net_config *around, base_err *err) {
    const nas_builder builder = {.self = w, .edge = visit};
    nas_settings plain = {.channels = settings->channels, .cells = settings->cells};
    eng_net net;
    eng_ports ports;
    base_status status = eng_net_begin(&net, around, err);
    if (status == BASE_OK) status = nas_skeleton_build(w->space, &plain, &builder, &net, &ports);
    eng_graph_destroy(net.graph);
    return status;
}

/* ---- timing ---- */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Seconds that this thread has computed: other processes, such as ranks that wait for the first trial, do not count. */
static double computed(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds of `passes` passes, by one. */
static double time_passes(eng_plan *plan, size_t passes) {
    const double began = computed();
    for (size_t i = 0; i < passes; i++) (void)eng_plan_run(plan, &(eng_pass){.n = 1});
    return (computed() - began) / (double)passes;
}

/* As a training does it: a network that was never trained would get lost in subnormal numbers. The median, of groups
 * that are long enough for the clock; the first passes find caches cold and are not counted. */
static double time_plan(eng_plan *plan) {
    double times[SAMPLES];
    size_t passes = 1;
    const uint64_t before = eng_subnormals_flush();
    (void)time_passes(plan, 2);
    while (time_passes(plan, passes) * (double)passes < SAMPLE) passes *= 2;
    for (size_t i = 0; i < SAMPLES; i++) times[i] = time_passes(plan, passes);
    eng_subnormals_restore(before);
    qsort(times, SAMPLES, sizeof *times, by_value);
    return round(times[SAMPLES / 2] * 1e9);
}

/* Of the value `output`; the graph's loss has no target and is not computed. */
static base_status time_graph(eng_graph *graph, const eng_ports *ports, double *out, base_err *err) {
    const size_t count = eng_shape_count(&eng_graph_value(graph, ports->x)->shape);
    float *sample = base_calloc(count, sizeof *sample);
    base_rng rng = base_rng_stream(0, BASE_RNG_ARCHITECTURE, 0, 3);
    eng_params *params = NULL;
    eng_plan *plan = NULL;
    for (size_t i = 0; i < count; i++) sample[i] = (float)base_rng_normal(&rng);
    eng_graph_keep(graph, ports->output);
    base_status status = eng_graph_params(graph, 1, &params, err);
    if (status == BASE_OK) status = eng_plan_create(graph, params, 1, eng_kernels_find(NULL), &plan, err);
    if (status == BASE_OK) {
        eng_plan_bind(plan, ports->x, sample);
        eng_plan_bind(plan, ports->target, NULL);
        *out = time_plan(plan);
    }
    eng_plan_destroy(plan);
    eng_params_destroy(params);
    free(sample);
    return status;
}

/* An operation by itself, with a loss that wants a number for each of its own; an identity takes no time. */
static base_status time_row(nas_latency_row *row, base_err *err) {
    const eng_net_config alone = {
        .input = eng_shape_3d(row->height, row->width, row->channels_in), .task = ENG_REGRESSION, .outputs = 1};
    eng_net net;
    eng_value relu = ENG_NO_VALUE, in[2], none;
    BASE_TRY(eng_net_begin(&net, &alone, err));
    eng_ports ports = {.x = net.x, .output = net.x, .task = ENG_REGRESSION};
    const nas_edge edge = {.input = net.x,
                           .relu = &relu,
                           .channels = row->channels_out,
                           .stride = row->stride,
                           .affine = true,
                           .name = "operation"};
    base_status status = nas_operation_build(row->operation, &net, &edge, &ports.output);
    if (status == BASE_OK && ports.output != net.x) {
        in[0] = ports.output;
        in[1] = ports.target = eng_graph_input(net.graph, *eng_net_shape(&net), ENG_F32);
        status = eng_graph_add(net.graph, &eng_op_mean_squared_error, NULL, NULL, in, &none, err);
        if (status == BASE_OK) status = time_graph(net.graph, &ports, &row->nanoseconds, err);
    }
    eng_graph_destroy(net.graph);
    return status;
}

/* What a network takes beyond its entries: one with the smallest sum of them. */
static base_status time_rest(const nas_costs *costs, const nas_settings *settings, const eng_net_config *around,
                             nas_latency_row *row, base_err *err) {
    base_arena *arena = base_arena_create();
    double **weights = nas_operation_blocks(costs->space, arena), whole = 0.0;
    nas_genotype *genotype = nas_genotype_create(costs->space, arena);
    const nas_settings plain = {.channels = settings->channels, .cells = settings->cells};
    eng_net net;
    eng_ports ports;
    for (size_t t = 0; t < costs->space->n_cells; t++)
        for (size_t i = 0; i < costs->space->cells[t].weights; i++)
            weights[t][i] = -costs->each[NAS_COST_LATENCY][t][i];
    nas_choose_strongest(costs->space, (const double *const *)weights, -(double)INFINITY, genotype);
    base_status status = eng_net_begin(&net, around, err);
    if (status == BASE_OK) status = nas_network_build(genotype, &plain, &net, &ports);
    if (status == BASE_OK) status = time_graph(net.graph, &ports, &whole, err);
    if (status == BASE_OK) row->nanoseconds = fmax(whole - nas_costs_of(costs, NAS_COST_LATENCY, genotype), 0.0);
    eng_graph_destroy(net.graph);
    base_arena_destroy(arena);
    return status;
}

static base_status measure(nas_latency *latency, const nas_space *space, const nas_settings *settings,
                           const eng_net_config *around, base_arena *arena, base_err *err) {
    nas_latency_row rest = rest_of(space, settings, around);
    nas_costs costs;
    walk list = {.list = latency, .space = space}, sum = {.add = latency, .space = space, .costs = &costs};
    BASE_TRY(nas_costs_count(space, settings, around, arena, &costs, err));
    BASE_TRY(take_walk(&list, settings, around, err));
    for (size_t i = 0; i < latency->count; i++) BASE_TRY(time_row(&latency->rows[i], err));
    BASE_TRY(take_walk(&sum, settings, around, err));
    BASE_TRY(time_rest(&costs, settings, around, &rest, err));
    add(latency, &rest);
    return BASE_OK;
}

base_status nas_latency_measure(const nas_space *space, const nas_settings *settings, const eng_net_config *around,
                                base_arena *arena, nas_latency *out, base_err *err) {
    base_buf machine = {0};
    base_cpu_model(&machine);
    *out = (nas_latency){.machine = base_arena_strdup(arena, base_buf_text(&machine))};
    base_buf_fini(&machine);
    const base_status status = measure(out, space, settings, around, arena, err);
    if (status != BASE_OK) nas_latency_fini(out);
    return status;
}

void nas_latency_fini(nas_latency *latency) {
    free(latency->rows);
    *latency = (nas_latency){0};
}

base_status nas_latency_apply(const nas_latency *latency, const nas_settings *settings, const eng_net_config *around,
                              nas_costs *costs, base_err *err) {
    walk sum = {.add = latency, .space = costs->space, .costs = costs};
    const nas_latency_row key = rest_of(costs->space, settings, around), *rest = find(latency, &key);
    if (!rest)
        return BASE_FAIL(
            err, BASE_INVALID,
            "the table of latencies has no entry for networks of %zu channels and %zu cells on %zu x %zu x "
            "%zu: it was measured for another size",
            key.channels_out, key.stride, key.height, key.width, key.channels_in);
    for (size_t t = 0; t < costs->space->n_cells; t++)
        memset(costs->each[NAS_COST_LATENCY][t], 0, costs->space->cells[t].weights * sizeof(double));
    BASE_TRY(take_walk(&sum, settings, around, err));
    costs->fixed[NAS_COST_LATENCY] = rest->nanoseconds;
    return BASE_OK;
}

/* ---- text ---- */

void nas_latency_write(const nas_latency *latency, base_buf *out) {
    base_buf_printf(out, "machine,%s\n%s\n", latency->machine, HEADER);
    for (size_t i = 0; i < latency->count; i++) {
        const nas_latency_row *row = &latency->rows[i];
        base_buf_printf(out, "%s,%zu,%zu,%zu,%zu,%zu,%.0f\n", row->operation ? row->operation->name : REST, row->height,
                        row->width, row->channels_in, row->channels_out, row->stride, row->nanoseconds);
    }
}

static bool read_row(const char *line, nas_latency_row *row) {
    char name[64];
    int end = 0;
    if (sscanf(line, "%63[^,],%zu,%zu,%zu,%zu,%zu,%lf%n", name, &row->height, &row->width, &row->channels_in,
               &row->channels_out, &row->stride, &row->nanoseconds, &end) != 7)
        return false;
    row->operation = NULL;
    if (strcmp(name, REST) != 0 && nas_operation_find(name, &row->operation, NULL) != BASE_OK) return false;
    return line[end] == '\0' && row->nanoseconds >= 0.0 && row->nanoseconds == round(row->nanoseconds) &&
           row->nanoseconds < 1e15;
}

base_status nas_latency_read(const char *file, const char *text, base_arena *arena, nas_latency *out, base_err *err) {
    static const char machine[] = "machine,";
    *out = (nas_latency){.machine = NULL};
    size_t number = 0;
    for (const char *line = text; *line; number++) {
        const size_t length = strcspn(line, "\n");
        const char *copy = base_arena_strndup(arena, line, length);
        nas_latency_row row;
        bool good = number != 0 || strncmp(copy, machine, sizeof machine - 1) == 0;
        if (good && number == 0) out->machine = copy + sizeof machine - 1;
        if (number == 1) good = strcmp(copy, HEADER) == 0;
        if (number > 1) good = read_row(copy, &row);
        if (!good) {
            nas_latency_fini(out);
            return BASE_FAIL(err, BASE_INVALID, "%s:%zu: this is no line of a table of latencies: %.80s", file,
                             number + 1, copy);
        }
        if (number > 1) add(out, &row);
        line += length + (line[length] == '\n');
    }
    if (number >= 2) return BASE_OK;
    nas_latency_fini(out);
    return BASE_FAIL(err, BASE_INVALID, "%s: this is no table of latencies", file);
}
