/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer's weights as values. */
#include "engine/ops/layer_weights.h"

static base_status differ(const eng_node *node, size_t param, base_err *err) {
    base_buf text = {0};
    eng_shape_text(&node->param[param].shape, &text);
    base_buf_puts(&text, node->in_single[param + 1] ? " and not " : " for the whole batch and not one of each sample ");
    eng_shape_text(&node->in_shape[param + 1], &text);
    const base_status status =
        BASE_FAIL(err, BASE_INVALID, "the %s must be a value %s", node->param[param].name, base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

base_status eng_layer_weights_given(eng_node *node, base_err *err) {
    if (node->inputs != 1 + node->params)
        return BASE_FAIL(err, BASE_INVALID, "such a layer reads %zu values beside its input, not %zu", node->params,
                         node->inputs - 1);
    for (size_t i = 0; i < node->params; i++)
        if (!node->in_single[i + 1] || !eng_shape_equal(&node->in_shape[i + 1], &node->param[i].shape))
            return differ(node, i, err);
    node->params = 0;
    return BASE_OK;
}
