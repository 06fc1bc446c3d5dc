/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text form of a network, written from the ops' tables of fields and read back through the checks that every graph
 * goes through when it is built. */
#include "engine/modules/graph_text.h"

#include <string.h>

#include "base/yaml.h"
#include "engine/ops/ops.h"

static const char *const task_names[] = {"regression", "binary", "multiclass"};
static const char *const epilogue_names[ENG_EPILOGUES] = {"none", "linear", "relu", "sigmoid", "tanh"};

/* ---- writing ---- */

static void put_sizes(const size_t *sizes, size_t count, base_buf *out) {
    base_buf_putc(out, '[');
    for (size_t i = 0; i < count; i++) base_buf_printf(out, "%s%zu", i > 0 ? ", " : "", sizes[i]);
    base_buf_putc(out, ']');
}

static const void *place(const void *config, const eng_field *field) {
    return (const char *)config + field->offset;
}

static bool is_default(const eng_field *field, const void *at) {
    bool zero = true;
    if (field->kind == ENG_FIELD_SIZE)
        for (size_t i = 0; i < field->count; i++) zero = zero && ((const size_t *)at)[i] == 0;
    else if (field->kind == ENG_FIELD_REAL)
        zero = *(const double *)at == 0.0;
    else if (field->kind == ENG_FIELD_BOOL)
        zero = !*(const bool *)at;
    else
        zero = *(const eng_epilogue *)at == ENG_EPILOGUE_NONE;
    return zero;
}

static void put_field(const eng_field *field, const void *at, base_buf *out) {
    base_buf_printf(out, ", %s: ", field->name);
    if (field->kind == ENG_FIELD_SIZE && field->count > 1)
        put_sizes(at, field->count, out);
    else if (field->kind == ENG_FIELD_SIZE)
        base_buf_printf(out, "%zu", *(const size_t *)at);
    else if (field->kind == ENG_FIELD_REAL)
        base_buf_put_double(out, *(const double *)at);
    else if (field->kind == ENG_FIELD_BOOL)
        base_buf_puts(out, "true");
    else
        base_buf_puts(out, epilogue_names[*(const eng_epilogue *)at]);
}

/* Of a node with the parameters of another one: that one's name, which stands before the last dot of theirs. */
static void put_owner(const eng_node *node, base_buf *out) {
    if (node->params == 0) return;
    const char *name = node->param[0].name, *dot = strrchr(name, '.');
    const size_t length = (size_t)(dot - name);
    if (strncmp(node->name, name, length) == 0 && node->name[length] == '\0') return;
    base_buf owner = {0};
    base_buf_append(&owner, name, length);
    base_buf_puts(out, ", params_of: ");
    base_buf_put_json(out, base_buf_text(&owner));
    base_buf_fini(&owner);
}

static void put_node(const eng_node *node, base_buf *out) {
    base_buf_printf(out, "- {op: %s, name: ", node->op->name);
    base_buf_put_json(out, node->name);
    base_buf_puts(out, ", in: [");
    for (size_t i = 0; i < node->inputs; i++) base_buf_printf(out, "%s%u", i > 0 ? ", " : "", node->in[i]);
    base_buf_putc(out, ']');
    put_owner(node, out);
    for (const eng_field *field = node->op->fields; field != NULL && field->name != NULL; field++)
        if (!is_default(field, place(node->config, field))) put_field(field, place(node->config, field), out);
    base_buf_puts(out, "}\n");
}

/* Inputs stand where their numbers are, between the nodes. */
void eng_graph_write(const eng_graph *graph, const eng_ports *ports, base_buf *out) {
    base_buf_printf(out, "task: %s\nx: %u\ntarget: %u\noutput: %u\ngraph:\n", task_names[ports->task], ports->x,
                    ports->target, ports->output);
    size_t node = 0;
    for (eng_value v = 0; v < eng_graph_values(graph); v++) {
        const eng_value_info *info = eng_graph_value(graph, v);
        for (; info->producer != ENG_GRAPH_INPUT && node <= info->producer; node++)
            put_node(eng_graph_node(graph, node), out);
        if (info->producer != ENG_GRAPH_INPUT) continue;
        base_buf_puts(out, info->type == ENG_I32 ? "- {labels: " : "- {input: ");
        put_sizes(info->shape.dim, info->shape.ndim, out);
        base_buf_puts(out, "}\n");
    }
    for (; node < eng_graph_nodes(graph); node++) put_node(eng_graph_node(graph, node), out);
}

/* ---- reading ---- */

static base_status read_size(const base_yaml_node *node, size_t *out, base_err *err) {
    if (node->kind != BASE_YAML_INT || node->integer < 0 || node->integer > INT32_MAX)
        return base_yaml_fail(node, err, "a whole number from 0 to %d belongs here, not %s", INT32_MAX,
                              base_yaml_kind_text(node->kind));
    *out = (size_t)node->integer;
    return BASE_OK;
}

/* A list of at most `most` sizes. */
static base_status read_sizes(const base_yaml_node *node, size_t most, size_t *out, size_t *count, base_err *err) {
    if (node->kind != BASE_YAML_LIST || node->count > most)
        return base_yaml_fail(node, err, "a list of at most %zu numbers belongs here", most);
    for (size_t i = 0; i < node->count; i++) BASE_TRY(read_size(node->items[i], &out[i], err));
    *count = node->count;
    return BASE_OK;
}

/* A key that must be there. */
static base_status need(const base_yaml_node *map, const char *key, const base_yaml_node **out, base_err *err) {
    *out = base_yaml_get(map, key);
    return *out != NULL ? BASE_OK : base_yaml_fail(map, err, "'%s' is missing here", key);
}

static base_status read_word(const base_yaml_node *node, const char *const *words, size_t count, size_t *out,
                             base_err *err) {
    for (*out = 0; *out < count; ++*out)
        if (node->text != NULL && strcmp(node->text, words[*out]) == 0) return BASE_OK;
    return base_yaml_fail(node, err, "'%s' is unknown here", node->text != NULL ? node->text : "");
}

static base_status read_field(const eng_field *field, const base_yaml_node *node, void *at, base_err *err) {
    size_t number = 0;
    if (field->kind == ENG_FIELD_SIZE)
        return field->count > 1 ? read_sizes(node, field->count, at, &number, err) : read_size(node, at, err);
    if (field->kind == ENG_FIELD_REAL) {
        if (node->kind != BASE_YAML_INT && node->kind != BASE_YAML_FLOAT)
            return base_yaml_fail(node, err, "%s must be a number", field->name);
        *(double *)at = node->number;
    } else if (field->kind == ENG_FIELD_BOOL) {
        if (node->kind != BASE_YAML_BOOL) return base_yaml_fail(node, err, "%s must be true or false", field->name);
        *(bool *)at = node->boolean;
    } else {
        BASE_TRY(read_word(node, epilogue_names, ENG_EPILOGUES, &number, err));
        *(eng_epilogue *)at = (eng_epilogue)number;
    }
    return BASE_OK;
}

static const eng_field *find_field(const eng_op *op, const char *name) {
    for (const eng_field *field = op->fields; field != NULL && field->name != NULL; field++)
        if (strcmp(field->name, name) == 0) return field;
    return NULL;
}

static bool is_common(const char *key) {
    static const char *const keys[] = {"op", "name", "in", "params_of"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

static base_status read_config(const eng_op *op, const base_yaml_node *map, base_arena *arena, void **out,
                               base_err *err) {
    *out = op->config_size > 0 ? base_arena_alloc(arena, op->config_size) : NULL;
    if (op->config_size > 0 && op->fields == NULL)
        return base_yaml_fail(map, err, "the op %s cannot be built from text", op->name);
    for (size_t i = 0; i < map->count; i++) {
        const base_yaml_node *key = map->keys[i];
        if (is_common(key->text)) continue;
        const eng_field *field = find_field(op, key->text);
        if (field == NULL) return base_yaml_fail(key, err, "the op %s has no '%s'", op->name, key->text);
        BASE_TRY(read_field(field, map->items[i], (char *)*out + field->offset, err));
    }
    return BASE_OK;
}

static base_status read_inputs(const eng_graph *graph, const eng_op *op, const base_yaml_node *node, eng_value *in,
                               size_t *count, base_err *err) {
    size_t numbers[ENG_OP_MAX_INPUTS];
    const bool variadic = (op->traits & ENG_VARIADIC) != 0;
    BASE_TRY(read_sizes(node, ENG_OP_MAX_INPUTS, numbers, count, err));
    if (*count < op->inputs || (*count > op->inputs && !variadic))
        return base_yaml_fail(node, err, "the op %s reads %s%zu values, not %zu", op->name, variadic ? "at least " : "",
                              op->inputs, *count);
    for (size_t i = 0; i < *count; i++) {
        if (numbers[i] >= eng_graph_values(graph))
            return base_yaml_fail(node, err, "there is no value %zu before this node", numbers[i]);
        in[i] = (eng_value)numbers[i];
    }
    return BASE_OK;
}

static base_status read_node(eng_graph *graph, const base_yaml_node *map, base_arena *arena, base_err *err) {
    const base_yaml_node *op_name, *name, *list, *owner = base_yaml_get(map, "params_of");
    eng_value in[ENG_OP_MAX_INPUTS], value;
    size_t count;
    void *config;
    BASE_TRY(need(map, "op", &op_name, err));
    BASE_TRY(need(map, "name", &name, err));
    BASE_TRY(need(map, "in", &list, err));
    const eng_op *op = base_yaml_is_scalar(op_name) ? eng_op_find(op_name->text) : NULL;
    if (op == NULL)
        return base_yaml_fail(op_name, err, "this program has no op '%s'", op_name->text != NULL ? op_name->text : "");
    if (name->kind != BASE_YAML_STRING || (owner != NULL && owner->kind != BASE_YAML_STRING))
        return base_yaml_fail(owner != NULL ? owner : name, err, "a name belongs here");
    BASE_TRY(read_inputs(graph, op, list, in, &count, err));
    BASE_TRY(read_config(op, map, arena, &config, err));
    base_err why = {0};
    const base_status status =
        eng_graph_add_tied(graph, op, config, name->text, owner != NULL ? owner->text : NULL, in, count, &value, &why);
    return status == BASE_OK ? BASE_OK : base_yaml_fail(map, err, "%s", why.text);
}

static base_status read_entry(eng_graph *graph, const base_yaml_node *entry, base_arena *arena, base_err *err) {
    const base_yaml_node *input = base_yaml_get(entry, "input"), *labels = base_yaml_get(entry, "labels");
    if (input == NULL && labels == NULL) return read_node(graph, entry, arena, err);
    eng_shape shape = {0};
    BASE_TRY(read_sizes(input != NULL ? input : labels, ENG_MAX_DIMS, shape.dim, &shape.ndim, err));
    double count = 1.0;
    for (size_t i = 0; i < shape.ndim; i++) count *= (double)shape.dim[i];
    if (!(count >= 1.0 && count <= INT32_MAX))
        return base_yaml_fail(entry, err, "such a sample has no numbers, or too many");
    (void)eng_graph_input(graph, shape, labels != NULL ? ENG_I32 : ENG_F32);
    return BASE_OK;
}

static base_status read_port(const eng_graph *graph, const base_yaml_node *root, const char *key, eng_value *out,
                             base_err *err) {
    const base_yaml_node *node;
    size_t number = 0;
    BASE_TRY(need(root, key, &node, err));
    BASE_TRY(read_size(node, &number, err));
    if (number >= eng_graph_values(graph)) return base_yaml_fail(node, err, "there is no value %zu", number);
    *out = (eng_value)number;
    return BASE_OK;
}

/* What a model binds and reads must be what it takes it for. */
static base_status check_ports(const eng_graph *graph, const eng_ports *ports, const base_yaml_node *root,
                               base_err *err) {
    const eng_value_info *x = eng_graph_value(graph, ports->x), *target = eng_graph_value(graph, ports->target);
    const eng_value_info *output = eng_graph_value(graph, ports->output);
    if (x->producer == ENG_GRAPH_INPUT && x->type == ENG_F32 && target->producer == ENG_GRAPH_INPUT &&
        (target->type == ENG_I32) == (ports->task == ENG_MULTICLASS) && ports->x != ports->target &&
        output->producer != ENG_GRAPH_INPUT && !output->single)
        return BASE_OK;
    return base_yaml_fail(root, err, "x, target and output are not inputs and an output of such a task");
}

static base_status read_graph(const base_yaml_node *root, eng_graph *graph, eng_ports *ports, base_arena *arena,
                              base_err *err) {
    const base_yaml_node *list, *task;
    size_t number = 0;
    BASE_TRY(need(root, "graph", &list, err));
    if (list->kind != BASE_YAML_LIST) return base_yaml_fail(list, err, "the graph is a list of inputs and nodes");
    for (size_t i = 0; i < list->count; i++) BASE_TRY(read_entry(graph, list->items[i], arena, err));
    BASE_TRY(need(root, "task", &task, err));
    BASE_TRY(read_word(task, task_names, sizeof task_names / sizeof *task_names, &number, err));
    ports->task = (eng_task)number;
    BASE_TRY(read_port(graph, root, "x", &ports->x, err));
    BASE_TRY(read_port(graph, root, "target", &ports->target, err));
    BASE_TRY(read_port(graph, root, "output", &ports->output, err));
    return check_ports(graph, ports, root, err);
}

base_status eng_graph_read(const char *file, const char *text, size_t length, eng_graph **out, eng_ports *ports,
                           base_err *err) {
    base_arena *arena = base_arena_create();
    eng_graph *graph = eng_graph_create();
    base_yaml_node *root;
    base_status status = base_yaml_parse(arena, file, text, length, &root, err);
    if (status == BASE_OK) status = read_graph(root, graph, ports, arena, err);
    base_arena_destroy(arena);
    if (status != BASE_OK) eng_graph_destroy(graph);
    *out = status == BASE_OK ? graph : NULL;
    return status;
}
