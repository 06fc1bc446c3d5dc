/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The digits of NAS-Bench-Macro: 22212202, the number of the operation of each layer (X. Su et al., CVPR 2021). */
#include <ctype.h>

#include "nas/genotype.h"
#include "nas/genotypes/scanner.h"

static bool recognizes(const char *text) {
    return isdigit((unsigned char)text[0]) != 0;
}

/* Cells of one edge with at most ten operations. */
static bool holds(const nas_space *space) {
    for (size_t i = 0; i < space->n_cells; i++)
        if (space->cells[i].n_edges != 1 || space->cells[i].edges[0].n_operations > 10) return false;
    return space->n_cells > 1;
}

static base_status read(const char *file, const char *text, base_arena *arena, nas_genotype *genotype, base_err *err) {
    (void)arena;
    nas_scanner in = nas_scanner_begin(file, text, err);
    const nas_space *space = genotype->space;
    if (!holds(space))
        return nas_scanner_fail(&in,
                                "space %s is not made of layers like NAS-Bench-Macro: name the space that the "
                                "genotype is from",
                                space->name);
    nas_scanner_blanks(&in);
    for (size_t i = 0; i < space->n_cells; i++) {
        const nas_space_edge *edge = &space->cells[i].edges[0];
        if (*in.at < '0' || (size_t)(*in.at - '0') >= edge->n_operations)
            return nas_scanner_fail(&in, "there should be %zu digits from 0 to %zu, one for each layer of space %s",
                                    space->n_cells, edge->n_operations - 1, space->name);
        genotype->cells[i].genes[0] = (nas_gene){.edge = 0, .operation = edge->operations[*in.at - '0']};
        genotype->cells[i].count = 1;
        in.at++;
        in.column++;
    }
    return nas_scanner_end(&in);
}

static void write(const nas_genotype *genotype, base_buf *out) {
    for (size_t i = 0; i < genotype->space->n_cells; i++)
        base_buf_put_u64(
            out, nas_space_operation_find(&genotype->space->cells[i].edges[0], genotype->cells[i].genes[0].operation));
}

const nas_genotype_form nas_genotype_form_nasbench_macro = {
    .name = "nasbench_macro",
    .summary = "22212202",
    .preset = "nasbench-macro",
    .recognizes = recognizes,
    .holds = holds,
    .read = read,
    .write = write,
};
