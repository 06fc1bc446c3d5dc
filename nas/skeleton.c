/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network around the edges: H. Liu et al., "DARTS", ICLR 2019, section 3.1 and appendix A, as in the authors' code.
 *
 * A place of the stack reads the outputs of the places before it, or the stem where there are none. What no output
 * reads is not built: a plan would refuse it. So the stack is walked twice, from the end to see what is read, and from
 * the beginning to build it. */
#include "nas/skeleton.h"

#include <math.h>

#include "nas/auxiliary.h"
#include "nas/parts.h"

enum { MAX_ENDS = NAS_MAX_INPUTS + NAS_MAX_NODES };

/* The output of a place, with its rectified form and what else its edges share once somebody asked for it. */
typedef struct output {
    eng_value value, relu, shared[NAS_SHARED];
} output;

typedef struct skeleton {
    const nas_space *space;
    const nas_settings *settings;
    const nas_builder *builder;
    eng_net *net;
    base_arena *arena;
    size_t count;
    output *outputs; /* of the stem, then of the places */
    bool *read;      /* likewise */
} skeleton;

static output output_of(eng_value value) {
    output o = {.value = value, .relu = ENG_NO_VALUE};
    for (size_t i = 0; i < NAS_SHARED; i++) o.shared[i] = ENG_NO_VALUE;
    return o;
}

/* ---- places ---- */

static bool is_thirds(const nas_space *space) {
    return space->blocks == NULL;
}

size_t nas_skeleton_count(const nas_space *space, const nas_settings *settings) {
    return is_thirds(space) && settings->cells > 0 ? settings->cells : space->n_blocks;
}

nas_space_block nas_skeleton_block(const nas_space *space, const nas_settings *settings, size_t index) {
    if (!is_thirds(space)) return space->blocks[index];
    const size_t count = nas_skeleton_count(space, settings), first = count / 3, second = 2 * count / 3;
    nas_space_block block = {.type = space->normal, .width = 1.0};
    if (index == first || index == second) block.type = space->reduction;
    if (index >= first) block.width *= 2.0;
    if (index >= second && second != first) block.width *= 2.0;
    return block;
}

static base_status channels_of(const skeleton *s, double width, size_t *out) {
    const size_t base = s->settings->channels > 0 ? s->settings->channels : s->space->channels;
    const double channels = width * (double)base;
    *out = (size_t)lround(channels);
    if (channels >= 1.0 && channels == (double)*out) return BASE_OK;
    return BASE_FAIL(s->net->err, BASE_INVALID, "%g times %zu channels are no whole number of channels", width, base);
}

static base_status check(const skeleton *s) {
    const nas_settings *settings = s->settings;
    base_err *err = s->net->err;
    if (!(settings->drop_path >= 0.0 && settings->drop_path < 1.0))
        return BASE_FAIL(err, BASE_INVALID, "drop_path must be at least 0 and below 1, not %g", settings->drop_path);
    if (settings->cells > NAS_MAX_BLOCKS)
        return BASE_FAIL(err, BASE_INVALID, "a stack has at most %d cells, not %zu", NAS_MAX_BLOCKS, settings->cells);
    if (settings->cells > 0 && settings->cells != s->count)
        return BASE_FAIL(err, BASE_INVALID, "space %s has a stack of %zu places, so cells cannot be %zu: leave it out",
                         s->space->name, s->count, settings->cells);
    if (eng_net_shape(s->net)->ndim != 3)
        return BASE_FAIL(err, BASE_INVALID,
                         "cells read images [height, width, channels], and these data are rows of "
                         "numbers");
    return BASE_OK;
}

/* ---- what is read ---- */

static bool has(const skeleton *s, size_t type, size_t edge) {
    return s->builder->has == NULL || s->builder->has(s->builder->self, type, edge);
}

/* Which inputs and nodes of a cell its output reads. */
static void mark_ends(const skeleton *s, size_t type, bool read[MAX_ENDS]) {
    const nas_space_cell *cell = &s->space->cells[type];
    for (size_t i = 0; i < cell->n_outputs; i++) read[cell->outputs[i]] = true;
    for (size_t e = cell->n_edges; e-- > 0;)
        if (read[cell->edges[e].to] && has(s, type, e)) read[cell->edges[e].from] = true;
}

/* Number in `outputs` of input i of a cell at a place: the last input is the output of the place before. */
static size_t source_of(const nas_space_cell *cell, size_t place, size_t input) {
    const size_t back = cell->inputs - 1 - input;
    return place > back ? place - back : 0;
}

static void mark_places(skeleton *s) {
    s->read[s->count] = true;
    if (s->settings->auxiliary > 0.0) s->read[nas_auxiliary_place(s->count) + 1] = true;
    for (size_t place = s->count; place-- > 0;) {
        const size_t type = nas_skeleton_block(s->space, s->settings, place).type;
        if (!s->read[place + 1]) continue;
        if (type == NAS_RESIDUAL) {
            s->read[place] = true;
            continue;
        }
        bool read[MAX_ENDS] = {false};
        mark_ends(s, type, read);
        for (size_t i = 0; i < s->space->cells[type].inputs; i++)
            if (read[i]) s->read[source_of(&s->space->cells[type], place, i)] = true;
    }
}

/* ---- parts ---- */

/* Unnamed nodes that come now are called after this part. */
static const char *begin_part(const skeleton *s, const char *name) {
    s->net->prefix = name;
    s->net->named = 0;
    return name;
}

static base_status build_stem(const skeleton *s) {
    eng_net *net = s->net;
    if (s->space->stem_width == 0.0) return BASE_OK;
    nas_edge edge = {.affine = true, .name = begin_part(s, "stem")};
    BASE_TRY(channels_of(s, s->space->stem_width, &edge.channels));
    BASE_TRY(nas_part_conv(net, &edge, "conv", edge.channels, s->space->stem_kernel, 1));
    return nas_part_norm(net, &edge, "norm", s->space->stem_relu);
}

base_status nas_sum_build(eng_net *net, const eng_value *terms, size_t count, eng_value *out) {
    eng_value part[ENG_OP_MAX_INPUTS];
    BASE_ASSERT(count > 0);
    *out = terms[0];
    for (size_t done = 1; done < count;) {
        size_t used = 1;
        part[0] = *out;
        while (used < ENG_OP_MAX_INPUTS && done < count) part[used++] = terms[done++];
        BASE_TRY(eng_net_add(net, part, used, &eng_op_linear));
        *out = net->at;
    }
    net->at = *out;
    return BASE_OK;
}

static base_status concat(eng_net *net, const eng_value *values, size_t count) {
    eng_value part[ENG_OP_MAX_INPUTS];
    net->at = values[0];
    for (size_t done = 1; done < count;) {
        size_t used = 1;
        part[0] = net->at;
        while (used < ENG_OP_MAX_INPUTS && done < count) part[used++] = values[done++];
        BASE_TRY(eng_net_concat(net, part, used));
    }
    return BASE_OK;
}

/* ReLU, 3 x 3 (stride 2), normalization, and again with stride 1; plus the means of 2 x 2 pixels through a 1 x 1
 * convolution (NAS-Bench-201, section 2.1). */
static base_status build_residual(const skeleton *s, size_t place, size_t channels) {
    eng_net *net = s->net;
    output *in = &s->outputs[place];
    static const eng_pool_config half = {.window = {2}, .stride = {2}};
    nas_edge edge = {.input = in->value, .relu = &in->relu, .channels = channels, .stride = 2, .affine = true};
    eng_value terms[2];
    edge.name = begin_part(s, base_arena_printf(s->arena, "cell%zu.residual1", place));
    net->at = in->value;
    BASE_TRY(nas_part_relu_conv_norm(net, &edge, 3));
    edge.name = begin_part(s, base_arena_printf(s->arena, "cell%zu.residual2", place));
    edge.stride = 1;
    BASE_TRY(nas_part_relu_conv_norm(net, &edge, 3));
    terms[0] = net->at;
    edge.name = begin_part(s, base_arena_printf(s->arena, "cell%zu.shortcut", place));
    net->at = in->value;
    BASE_TRY(eng_net_apply(net, &eng_op_mean_pool, &half, NULL));
    BASE_TRY(nas_part_conv(net, &edge, "conv", channels, 1, 1));
    terms[1] = net->at;
    return eng_net_add(net, terms, 2, &eng_op_linear);
}

/* ---- cells ---- */

typedef struct cell_build {
    const skeleton *s;
    const nas_space_cell *cell;
    size_t place, type, channels;
    output ends[MAX_ENDS]; /* inputs, then nodes */
    bool read[MAX_ENDS];
} cell_build;

static nas_edge edge_of(const cell_build *c, output *from, const char *name) {
    const skeleton *s = c->s;
    return (nas_edge){.cell = c->place,
                      .type = c->type,
                      .input = from->value,
                      .relu = &from->relu,
                      .shared = from->shared,
                      .channels = c->channels,
                      .stride = 1,
                      .affine = !s->settings->search,
                      .pool_norm = s->settings->search && s->space->pool_norm,
                      .drop_path = s->settings->drop_path,
                      .name = name};
}

/* An input gets the channels of the cell and the size of its latest input, which an older one may have twice. */
static base_status build_input(cell_build *c, size_t input) {
    const skeleton *s = c->s;
    eng_net *net = s->net;
    output *from = &s->outputs[source_of(c->cell, c->place, input)];
    const eng_shape *latest = &eng_graph_value(net->graph, s->outputs[c->place].value)->shape;
    const eng_shape *own = &eng_graph_value(net->graph, from->value)->shape;
    const bool equal = own->dim[0] == latest->dim[0] && own->dim[1] == latest->dim[1];
    const bool twice = (own->dim[0] + 1) / 2 == latest->dim[0] && (own->dim[1] + 1) / 2 == latest->dim[1];
    net->at = from->value;
    if (equal && !c->cell->preprocess) {
        c->ends[input] = *from;
        return BASE_OK;
    }
    if (!equal && !(twice && c->cell->preprocess))
        return BASE_FAIL(net->err, BASE_INVALID, "its input %zu is %zu x %zu pixels large, its latest %zu x %zu: %s",
                         input, own->dim[0], own->dim[1], latest->dim[0], latest->dim[1],
                         twice ? "preprocess: true reduces it" : "no reduction makes them equal; take fewer inputs");
    const nas_edge edge =
        edge_of(c, from, begin_part(s, base_arena_printf(s->arena, "cell%zu.in%zu", c->place, input)));
    BASE_TRY(equal ? nas_part_relu_conv_norm(net, &edge, 1) : nas_part_factorized_reduce(net, &edge));
    c->ends[input] = output_of(net->at);
    return BASE_OK;
}

static base_status build_edge(cell_build *c, size_t index, eng_value *out) {
    const nas_space_edge *what = &c->cell->edges[index];
    const char *name = begin_part(c->s, base_arena_printf(c->s->arena, "cell%zu.e%zu", c->place, index));
    nas_edge edge = edge_of(c, &c->ends[what->from], name);
    edge.index = index;
    edge.to = what->to;
    edge.from = what->from;
    edge.stride = what->stride;
    *out = ENG_NO_VALUE;
    c->s->net->at = edge.input;
    return c->s->builder->edge(c->s->builder->self, c->s->net, &edge, out);
}

static base_status build_node(cell_build *c, size_t node) {
    const nas_builder *builder = c->s->builder;
    size_t edges[MAX_ENDS], count = 0;
    eng_value terms[MAX_ENDS], sum;
    for (size_t e = 0; e < c->cell->n_edges; e++) {
        if (c->cell->edges[e].to != node || !has(c->s, c->type, e)) continue;
        edges[count] = e;
        BASE_TRY(build_edge(c, e, &terms[count]));
        count += terms[count] != ENG_NO_VALUE;
    }
    if (count == 0) return BASE_FAIL(c->s->net->err, BASE_INVALID, "no edge leads to its node %zu", node);
    const char *name = begin_part(c->s, base_arena_printf(c->s->arena, "cell%zu.n%zu", c->place, node));
    const nas_sum what = {
        .cell = c->place, .type = c->type, .node = node, .name = name, .edges = edges, .terms = terms, .count = count};
    BASE_TRY(builder->sum != NULL ? builder->sum(builder->self, c->s->net, &what, &sum)
                                  : nas_sum_build(c->s->net, terms, count, &sum));
    c->ends[node] = output_of(sum);
    return BASE_OK;
}

static base_status build_cell(const skeleton *s, size_t place, size_t type, size_t channels) {
    const nas_space_cell *cell = &s->space->cells[type];
    cell_build c = {.s = s, .cell = cell, .place = place, .type = type, .channels = channels};
    mark_ends(s, type, c.read);
    for (size_t i = 0; i < cell->inputs; i++)
        if (c.read[i]) BASE_TRY(build_input(&c, i));
    for (size_t i = cell->inputs; i < cell->inputs + cell->nodes; i++)
        if (c.read[i]) BASE_TRY(build_node(&c, i));
    eng_value outputs[NAS_MAX_NODES];
    for (size_t i = 0; i < cell->n_outputs; i++) outputs[i] = c.ends[cell->outputs[i]].value;
    BASE_TRY(concat(s->net, outputs, cell->n_outputs));
    return s->builder->cell != NULL ? s->builder->cell(s->builder->self, s->net, place, type) : BASE_OK;
}

/* ---- the whole ---- */

static base_status build_block(const skeleton *s, size_t place) {
    const nas_space_block block = nas_skeleton_block(s->space, s->settings, place);
    size_t channels;
    BASE_TRY(channels_of(s, block.width, &channels));
    BASE_TRY(block.type == NAS_RESIDUAL ? build_residual(s, place, channels)
                                        : build_cell(s, place, block.type, channels));
    begin_part(s, base_arena_printf(s->arena, "cell%zu", place));
    return eng_net_dropout(s->net, block.dropout);
}

/* Says which place failed, and where it is described. */
static base_status name_place(const skeleton *s, size_t place, base_status status) {
    if (status == BASE_OK || s->net->err == NULL) return status;
    const base_err why = *s->net->err;
    const size_t type = nas_skeleton_block(s->space, s->settings, place).type;
    if (type == NAS_RESIDUAL) return BASE_FAIL(s->net->err, status, "cell %zu (residual): %s", place, why.text);
    (void)base_yaml_fail(s->space->cells[type].where, s->net->err, "cell %zu (%s): %s", place,
                         s->space->cells[type].name, why.text);
    s->net->err->code = status;
    return status;
}

static base_status build(skeleton *s, eng_ports *ports) {
    eng_net *net = s->net;
    const size_t auxiliary = nas_auxiliary_place(s->count);
    eng_value tower = ENG_NO_VALUE;
    BASE_TRY(check(s));
    mark_places(s);
    BASE_TRY(build_stem(s));
    s->outputs[0] = output_of(net->at);
    for (size_t place = 0; place < s->count; place++) {
        if (!s->read[place + 1]) continue;
        BASE_TRY(name_place(s, place, build_block(s, place)));
        s->outputs[place + 1] = output_of(net->at);
        if (place != auxiliary || s->settings->auxiliary == 0.0) continue;
        begin_part(s, "auxiliary");
        BASE_TRY(nas_auxiliary_build(net, &tower));
    }
    net->at = s->outputs[s->count].value;
    begin_part(s, "head");
    BASE_TRY(eng_layers_build(&s->space->head, net));
    net->prefix = NULL;
    BASE_TRY(eng_net_end(net, ports));
    return tower == ENG_NO_VALUE ? BASE_OK : nas_auxiliary_end(net, tower, ports, s->settings->auxiliary);
}

base_status nas_skeleton_build(const nas_space *space, const nas_settings *settings, const nas_builder *builder,
                               eng_net *net, eng_ports *ports) {
    skeleton s = {.space = space, .settings = settings, .builder = builder, .net = net};
    s.count = nas_skeleton_count(space, settings);
    s.arena = base_arena_create();
    s.outputs = BASE_NEW_ARRAY(s.arena, s.count + 1, output);
    s.read = BASE_NEW_ARRAY(s.arena, s.count + 1, bool);
    base_status status = build(&s, ports);
    net->prefix = NULL;
    base_arena_destroy(s.arena);
    return status;
}
