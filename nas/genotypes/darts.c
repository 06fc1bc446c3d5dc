/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The named tuples of DARTS (https://github.com/quark0/darts), and of pt.darts (https://github.com/khanrc/pt.darts),
 * which puts the edges of a node into a list of their own:
 *
 *     Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ...], normal_concat=range(2, 6), reduce=[...], ...)
 *     Genotype(normal=[[('max_pool_3x3', 0), ('dil_conv_5x5', 1)], ...], normal_concat=range(2, 6), ...)
 *
 * Both are read alike, also behind "NAME =" and as Python prints lists instead of tuples. A cell of the space is a
 * field of that name; NAME_concat must be the nodes that the space puts side by side. */
#include <ctype.h>
#include <string.h>

#include "nas/genotype.h"
#include "nas/genotypes/scanner.h"

static bool begins_with_word(const char *text) {
    return isalpha((unsigned char)text[0]) != 0;
}

static bool is_nested(const char *text) {
    const char *list = strchr(text, '[');
    if (list == NULL) return false;
    do list++;
    while (isspace((unsigned char)*list));
    return *list == '[';
}

static bool recognizes_flat(const char *text) {
    return begins_with_word(text) && strncmp(text, "space:", 6) != 0 && !is_nested(text);
}

static bool recognizes_nested(const char *text) {
    return begins_with_word(text) && strncmp(text, "space:", 6) != 0 && is_nested(text);
}

static bool holds(const nas_space *space) {
    for (size_t i = 0; i < space->n_cells; i++)
        if (strcmp(space->cells[i].name, "normal") != 0 && strcmp(space->cells[i].name, "reduce") != 0) return false;
    return true;
}

/* ---- reading ---- */

typedef struct reader {
    nas_scanner in;
    nas_genotype *genotype;
    size_t cell, node; /* that the next edge belongs to; a node of the cell, inputs counted */
    size_t count;      /* edges that the node has */
} reader;

static const nas_space_cell *type_of(const reader *r) {
    return &r->genotype->space->cells[r->cell];
}

/* ('sep_conv_3x3', 0) */
static base_status read_edge(reader *r) {
    char operation[64];
    int64_t from;
    nas_scanner *in = &r->in;
    const bool list = nas_scanner_take(in, '[');
    if (!list) BASE_TRY(nas_scanner_expect(in, '(', "before an edge"));
    const nas_scanner here = *in;
    BASE_TRY(nas_scanner_string(in, operation));
    BASE_TRY(nas_scanner_expect(in, ',', "behind an operation"));
    BASE_TRY(nas_scanner_number(in, &from));
    BASE_TRY(nas_scanner_expect(in, list ? ']' : ')', "behind an edge"));
    const nas_space_cell *type = type_of(r);
    if (r->node >= type->inputs + type->nodes)
        return nas_scanner_fail(&here, "cell %s of space %s has no more edges: is this the genotype of another space?",
                                type->name, r->genotype->space->name);
    base_err why;
    if (nas_genotype_add(r->genotype, r->cell, r->node, from, operation, &why) != BASE_OK)
        return nas_scanner_fail(&here, "%s", why.text);
    r->count++;
    return BASE_OK;
}

static void next_node(reader *r) {
    r->node++;
    r->count = 0;
}

/* What stands between brackets that are open: edges, or a list of them for each node. */
static base_status read_edges(reader *r, bool nested) {
    while (!nas_scanner_take(&r->in, ']')) {
        const bool list = nas_scanner_sees(&r->in, '[');
        nas_scanner inner = r->in;
        bool node = false;
        if (list && !nested) { /* [['op', 0], ...]: a node, or ['op', 0]: an edge? */
            (void)nas_scanner_take(&inner, '[');
            node = nas_scanner_sees(&inner, '(') || nas_scanner_sees(&inner, '[') || nas_scanner_sees(&inner, ']');
        }
        if (node) {
            (void)nas_scanner_take(&r->in, '[');
            BASE_TRY(read_edges(r, true));
            next_node(r);
        } else {
            BASE_TRY(read_edge(r));
            if (!nested && r->count == nas_genotype_expected(type_of(r), r->node)) next_node(r);
        }
        if (!nas_scanner_take(&r->in, ',') && !nas_scanner_sees(&r->in, ']'))
            return nas_scanner_expect(&r->in, ']', "behind the edges");
    }
    return BASE_OK;
}

static base_status fail_concat(const reader *r, const nas_scanner *where) {
    base_buf all = {0};
    for (size_t i = 0; i < type_of(r)->n_outputs; i++)
        base_buf_printf(&all, "%s%zu", i > 0 ? ", " : "", type_of(r)->outputs[i]);
    base_status status = nas_scanner_fail(where,
                                          "in space %s the output of cell %s is node %s: is this the genotype of "
                                          "another space?",
                                          r->genotype->space->name, type_of(r)->name, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

/* range(2, 6) or [2, 3, 4, 5]; also range(2, 6) inside list(). */
static base_status read_concat(reader *r) {
    const nas_space_cell *type = type_of(r);
    const nas_scanner here = r->in;
    char word[64];
    int64_t first = 0, behind = 0;
    nas_scanner_word(&r->in, word);
    const bool wrapped = strcmp(word, "list") == 0;
    if (wrapped) {
        BASE_TRY(nas_scanner_expect(&r->in, '(', "behind list"));
        nas_scanner_word(&r->in, word);
    }
    if (strcmp(word, "range") == 0) {
        BASE_TRY(nas_scanner_expect(&r->in, '(', "behind range"));
        BASE_TRY(nas_scanner_number(&r->in, &first));
        BASE_TRY(nas_scanner_expect(&r->in, ',', "between the ends of the range"));
        BASE_TRY(nas_scanner_number(&r->in, &behind));
        BASE_TRY(nas_scanner_expect(&r->in, ')', "behind the range"));
        if (wrapped) BASE_TRY(nas_scanner_expect(&r->in, ')', "behind the list"));
        bool equal = behind - first == (int64_t)type->n_outputs;
        for (size_t i = 0; equal && i < type->n_outputs; i++) equal = type->outputs[i] == (size_t)first + i;
        return equal ? BASE_OK : fail_concat(r, &here);
    }
    BASE_TRY(nas_scanner_expect(&r->in, '[', "or a range"));
    size_t count = 0;
    while (!nas_scanner_take(&r->in, ']')) {
        BASE_TRY(nas_scanner_number(&r->in, &first));
        if (count >= type->n_outputs || (size_t)first != type->outputs[count++]) return fail_concat(r, &here);
        if (!nas_scanner_take(&r->in, ',') && !nas_scanner_sees(&r->in, ']'))
            return nas_scanner_expect(&r->in, ']', "behind the nodes");
    }
    return count == type->n_outputs ? BASE_OK : fail_concat(r, &here);
}

/* normal=[...] or normal_concat=... */
static base_status read_field(reader *r) {
    static const char suffix[] = "_concat";
    char name[64];
    nas_scanner_blanks(&r->in);
    const nas_scanner here = r->in;
    nas_scanner_word(&r->in, name);
    const size_t length = strlen(name), tail = sizeof suffix - 1;
    const bool concat = length > tail && strcmp(name + length - tail, suffix) == 0;
    if (concat) name[length - tail] = 0;
    r->cell = nas_space_cell_find(r->genotype->space, name);
    if (r->cell == r->genotype->space->n_cells)
        return nas_scanner_fail(&here, "space %s has no cell '%s': is this the genotype of another space?",
                                r->genotype->space->name, name);
    BASE_TRY(nas_scanner_expect(&r->in, '=', "behind the name of a cell"));
    if (concat) return read_concat(r);
    r->node = type_of(r)->inputs;
    r->count = 0;
    BASE_TRY(nas_scanner_expect(&r->in, '[', "before the edges of a cell"));
    return read_edges(r, false);
}

static base_status read(const char *file, const char *text, base_arena *arena, nas_genotype *genotype, base_err *err) {
    (void)arena;
    reader r = {.in = nas_scanner_begin(file, text, err), .genotype = genotype};
    char word[64];
    nas_scanner_word(&r.in, word);
    if (nas_scanner_take(&r.in, '=')) nas_scanner_word(&r.in, word);
    if (strcmp(word, "Genotype") != 0)
        return nas_scanner_fail(&r.in, "there should be Genotype(...), but there is '%s'", word);
    BASE_TRY(nas_scanner_expect(&r.in, '(', "behind Genotype"));
    while (!nas_scanner_take(&r.in, ')')) {
        BASE_TRY(read_field(&r));
        if (!nas_scanner_take(&r.in, ',') && !nas_scanner_sees(&r.in, ')'))
            return nas_scanner_expect(&r.in, ')', "behind the cells");
    }
    return nas_scanner_end(&r.in);
}

/* ---- writing ---- */

static void write_concat(const nas_space_cell *cell, base_buf *out) {
    const size_t count = cell->n_outputs, first = cell->outputs[0];
    if (cell->outputs[count - 1] - first + 1 == count) {
        base_buf_printf(out, "range(%zu, %zu)", first, first + count);
        return;
    }
    for (size_t i = 0; i < count; i++) base_buf_printf(out, "%s%zu", i == 0 ? "[" : ", ", cell->outputs[i]);
    base_buf_putc(out, ']');
}

static void write_cell(const nas_genotype *genotype, size_t index, bool nested, base_buf *out) {
    const nas_space_cell *type = &genotype->space->cells[index];
    const nas_genotype_cell *cell = &genotype->cells[index];
    base_buf_printf(out, "%s=[", type->name);
    for (size_t i = 0; i < cell->count; i++) {
        const nas_space_edge *edge = &type->edges[cell->genes[i].edge];
        const bool first = i == 0 || type->edges[cell->genes[i - 1].edge].to != edge->to;
        const bool last = i + 1 == cell->count || type->edges[cell->genes[i + 1].edge].to != edge->to;
        base_buf_printf(out, "%s%s('%s', %zu)%s", i > 0 ? ", " : "", nested && first ? "[" : "",
                        cell->genes[i].operation->name, edge->from, nested && last ? "]" : "");
    }
    base_buf_printf(out, "], %s_concat=", type->name);
    write_concat(type, out);
}

static void write_cells(const nas_genotype *genotype, bool nested, base_buf *out) {
    base_buf_puts(out, "Genotype(");
    for (size_t i = 0; i < genotype->space->n_cells; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        write_cell(genotype, i, nested, out);
    }
    base_buf_putc(out, ')');
}

/* Without brackets nodes are told apart by the number of edges that they all have. */
static void write_flat(const nas_genotype *genotype, base_buf *out) {
    write_cells(genotype, !nas_genotype_is_full(genotype), out);
}

static void write_nested(const nas_genotype *genotype, base_buf *out) {
    write_cells(genotype, true, out);
}

const nas_genotype_form nas_genotype_form_darts = {
    .name = "darts",
    .summary = "Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), ...)",
    .preset = "darts",
    .recognizes = recognizes_flat,
    .holds = holds,
    .read = read,
    .write = write_flat,
};

const nas_genotype_form nas_genotype_form_pt_darts = {
    .name = "pt_darts",
    .summary = "Genotype(normal=[[('sep_conv_3x3', 0), ...], ...], ...)",
    .preset = "darts",
    .recognizes = recognizes_nested,
    .holds = holds,
    .read = read,
    .write = write_nested,
};
