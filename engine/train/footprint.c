/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network is built as a graph and its arena planned as for training, but nothing is allocated: but for the few
 * bytes of the network's description, what is told is what a training takes, not an estimate. */
#include "engine/train/footprint.h"

#include "engine/modules/summary.h"

base_status eng_footprint_of(const eng_recipe *recipe, const eng_dataset *set, size_t threads, eng_footprint *out,
                             base_err *err) {
    eng_graph *graph;
    eng_ports ports;
    *out = (eng_footprint){0};
    BASE_TRY(eng_recipe_graph(recipe, set, &graph, &ports, err));
    eng_graph_keep(graph, ports.output);
    const size_t batch = eng_recipe_batch(recipe), block = eng_graph_param_size(graph) * sizeof(float);
    const eng_view_settings view = eng_data_view(&recipe->data);
    out->numbers = eng_graph_numbers_behind(graph, ports.output);
    out->flops = eng_graph_flops_behind(graph, ports.output);
    out->parameters = 2 * block;
    out->optimizer =
        (eng_optimizer_rule(&recipe->optimizer)->slots + (recipe->course.accumulate > 1) + (recipe->course.ema > 0)) *
        block;
    out->batches =
        batch * (set->features + 2) * sizeof(float) + 2 * eng_split_train_count(set, &view.split) * sizeof(uint32_t);
    out->view = set->count * sizeof(uint32_t) + 2 * set->features * sizeof(float);
    out->network = eng_graph_bytes(graph) + eng_plan_calls_bytes(graph);
    out->threads = eng_plan_threads_bytes(graph, batch, threads);
    base_status status = eng_plan_measure(graph, batch, &out->arena, err);
    eng_graph_destroy(graph);
    return status;
}

size_t eng_footprint_bytes(const eng_footprint *footprint, bool own_view) {
    const eng_footprint *f = footprint;
    return f->parameters + f->optimizer + f->arena + f->threads + f->batches + f->network + (own_view ? f->view : 0);
}
