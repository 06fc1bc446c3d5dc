/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of operations, one line each, and what is the same for all of them. */
#include <string.h>

#include "base/options.h"
#include "nas/operation.h"
#include "nas/skip_dropout.h"
#include "base/hint.h"

/* One line each. */
#define NAS_OPERATION_LIST(X)                                                                                          \
    X(none)                                                                                                            \
    X(max_pool_3x3)                                                                                                    \
    X(avg_pool_3x3)                                                                                                    \
    X(skip_connect)                                                                                                    \
    X(sep_conv_3x3)                                                                                                    \
    X(sep_conv_5x5)                                                                                                    \
    X(dil_conv_3x3)                                                                                                    \
    X(dil_conv_5x5)                                                                                                    \
    X(noise)                                                                                                           \
    X(nor_conv_1x1)                                                                                                    \
    X(nor_conv_3x3)                                                                                                    \
    X(macro_identity)                                                                                                  \
    X(mbconv_3x3_e3)                                                                                                   \
    X(mbconv_5x5_e6)

#define DECLARE(name) extern const nas_operation nas_operation_##name;
NAS_OPERATION_LIST(DECLARE)

#define ADDRESS(name) &nas_operation_##name,
static const nas_operation *const operations[] = {NAS_OPERATION_LIST(ADDRESS)};
enum { COUNT = sizeof operations / sizeof *operations };

const nas_operation *const *nas_operations(size_t *count) {
    *count = COUNT;
    return operations;
}

static bool is_called(const nas_operation *operation, const char *name) {
    if (strcmp(operation->name, name) == 0) return true;
    for (const char *const *alias = operation->aliases; alias != NULL && *alias != NULL; alias++)
        if (strcmp(*alias, name) == 0) return true;
    return false;
}

base_status nas_operation_find(const char *name, const nas_operation **out, base_err *err) {
    const char *names[COUNT];
    base_buf all = {0};
    for (size_t i = 0; i < COUNT; i++) {
        if (is_called(operations[i], name)) {
            base_buf_fini(&all);
            *out = operations[i];
            return BASE_OK;
        }
        names[i] = operations[i]->name;
        base_buf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    *out = NULL;
    const char *near = base_nearest(name, names, COUNT);
    base_status status = BASE_FAIL(err, BASE_NOTFOUND, "there is no operation '%.40s'%s; known are %s", name,
                                   base_did_you_mean_aside(near).text, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

static base_status check_shape(const nas_operation *operation, const eng_net *net, const nas_edge *edge) {
    const eng_shape *in = &eng_graph_value(net->graph, edge->input)->shape, *out = eng_net_shape(net);
    const size_t height = (in->dim[0] + edge->stride - 1) / edge->stride;
    const size_t width = (in->dim[1] + edge->stride - 1) / edge->stride;
    if (out->ndim == 3 && out->dim[0] == height && out->dim[1] == width && out->dim[2] == edge->channels)
        return BASE_OK;
    base_buf text = {0};
    eng_shape_text(in, &text);
    base_buf_puts(&text, " into ");
    eng_shape_text(out, &text);
    base_status status =
        BASE_FAIL(net->err, BASE_INVALID, "%s: with stride %zu %s turns %s where [%zu, %zu, %zu] must come out",
                  edge->name, edge->stride, operation->name, base_buf_text(&text), height, width, edge->channels);
    base_buf_fini(&text);
    return status;
}

static base_status build_named(const nas_operation *operation, eng_net *net, const nas_edge *edge) {
    if (eng_net_shape(net)->ndim != 3)
        return BASE_FAIL(net->err, BASE_INVALID, "%s reads images [height, width, channels]", edge->name);
    BASE_TRY(operation->build(net, edge));
    BASE_TRY(check_shape(operation, net, edge));
    if (edge->skip_dropout && net->at == edge->input) return nas_skip_dropout_build(net, edge->skip_dropout);
    if (edge->drop_path == 0.0 || net->at == edge->input) return BASE_OK;
    return eng_net_apply(net, &eng_op_drop_path, &(eng_drop_path_config){.rate = edge->drop_path}, NULL);
}

base_status nas_operation_build(const nas_operation *operation, eng_net *net, const nas_edge *edge, eng_value *out) {
    base_buf name = {0};
    base_buf_printf(&name, "%s.%s", edge->name, operation->name);
    nas_edge named = *edge;
    const char *prefix = net->prefix;
    const size_t count = net->named;
    named.name = net->prefix = base_buf_text(&name);
    net->named = 0;
    net->at = edge->input;
    base_status status = build_named(operation, net, &named);
    net->prefix = prefix;
    net->named = count;
    base_buf_fini(&name);
    *out = net->at;
    return status;
}
