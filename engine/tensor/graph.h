/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model's description: values (edges) and nodes (ops) in the order of computation. Built once, then compiled by a
 * plan. A node names the values it reads: skips, branches and several inputs need nothing more. */
#ifndef ENG_GRAPH_H
#define ENG_GRAPH_H

#include "engine/tensor/op.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_graph eng_graph;

eng_graph *eng_graph_create(void);
/* A graph over the parameters of another: where a node asks for one whose full name is there, it is that one (of the
 * same shape, or BASE_INVALID); others join them. Any of the graphs may be destroyed first. */
eng_graph *eng_graph_create_sharing(eng_graph *owner);
void eng_graph_destroy(eng_graph *graph);
/* The group of the parameters that nodes added from now on ask for; 0 at first. */
void eng_graph_set_group(eng_graph *graph, uint32_t group);

/* A value that the caller supplies; shape of one sample. */
eng_value eng_graph_input(eng_graph *graph, eng_shape sample, eng_dtype type);
/* The same for a single value, one for the whole batch. */
eng_value eng_graph_input_single(eng_graph *graph, eng_shape shape, eng_dtype type);
/* Applies op to in[0..op->inputs). config is copied; NULL = all zero. name must be unique among nodes with parameters;
 * NULL = the op's name and the node's number. A value may have any number of readers.
 * *out is the new value (ENG_NO_VALUE for a loss). BASE_INVALID when op refuses the shapes or the configuration. */
BASE_CHECK base_status eng_graph_add(eng_graph *graph, const eng_op *op, const void *config, const char *name,
                                     const eng_value *in, eng_value *out, base_err *err);
/* The same for an op that takes any number of inputs (ENG_VARIADIC): count of them, op->inputs .. ENG_OP_MAX_INPUTS. */
BASE_CHECK base_status eng_graph_add_many(eng_graph *graph, const eng_op *op, const void *config, const char *name,
                                          const eng_value *in, size_t count, eng_value *out, base_err *err);
/* The same for a node with the parameters of an earlier one, by its name (params_of; NULL = its own): their gradients
 * are the sums of those of all nodes that have them. BASE_INVALID when the shapes differ. */
BASE_CHECK base_status eng_graph_add_tied(eng_graph *graph, const eng_op *op, const void *config, const char *name,
                                          const char *params_of, const eng_value *in, size_t count, eng_value *out,
                                          base_err *err);
/* Marks a value that stays readable until the next pass (the network's output). */
void eng_graph_keep(eng_graph *graph, eng_value value);

/* The producer's index in a value, or ENG_GRAPH_INPUT. */
#define ENG_GRAPH_INPUT UINT32_MAX
typedef struct eng_value_info {
    eng_shape shape; /* of one sample */
    eng_dtype type;
    uint32_t producer; /* node, or ENG_GRAPH_INPUT */
    uint32_t readers;
    unsigned groups; /* bit g: a parameter of group g lies behind it, so that it needs a gradient */
    bool single;     /* one for the whole batch */
    bool kept;
} eng_value_info;

size_t eng_graph_values(const eng_graph *graph);
const eng_value_info *eng_graph_value(const eng_graph *graph, eng_value value);
size_t eng_graph_nodes(const eng_graph *graph);
const eng_node *eng_graph_node(const eng_graph *graph, size_t index);
/* Bytes that the description takes, and its parameter list without their values, about. */
size_t eng_graph_bytes(const eng_graph *graph);
/* The parameters, by id: those of this graph and of all that share them. */
size_t eng_graph_param_count(const eng_graph *graph);
const eng_param_spec *eng_graph_param(const eng_graph *graph, eng_param_id id);
bool eng_graph_has_param(const eng_graph *graph, eng_param_id id); /* a node of this graph has it */
/* All of them by id, laid out and initialized from seed: for plans of this graph and of those that share them. To be
 * called when all graphs are complete. */
BASE_CHECK base_status eng_graph_params(const eng_graph *graph, uint64_t seed, eng_params **out, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
