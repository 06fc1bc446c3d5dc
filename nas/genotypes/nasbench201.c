/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The string of NAS-Bench-201: |nor_conv_3x3~0|+|nor_conv_3x3~0|skip_connect~1|+..., a group for each node, an edge and
 * its source between bars (X. Dong, Y. Yang, ICLR 2020, and the authors' code). */
#include "nas/genotype.h"
#include "nas/genotypes/scanner.h"

static bool recognizes(const char *text) {
    return text[0] == '|';
}

static bool holds(const nas_space *space) {
    return space->n_cells == 1 && space->cells[0].inputs == 1 && space->cells[0].n_outputs == 1;
}

static base_status read_node(nas_scanner *in, nas_genotype *genotype, size_t node) {
    BASE_TRY(nas_scanner_expect(in, '|', "before the edges of a node"));
    do {
        char operation[64];
        int64_t from;
        nas_scanner_blanks(in);
        const nas_scanner here = *in;
        nas_scanner_word(in, operation);
        BASE_TRY(nas_scanner_expect(in, '~', "between an operation and its source"));
        BASE_TRY(nas_scanner_number(in, &from));
        BASE_TRY(nas_scanner_expect(in, '|', "behind an edge"));
        base_err why;
        if (nas_genotype_add(genotype, 0, node, from, operation, &why) != BASE_OK)
            return nas_scanner_fail(&here, "%s", why.text);
    } while (!nas_scanner_sees(in, '+') && !nas_scanner_sees(in, 0));
    return BASE_OK;
}

static base_status read(const char *file, const char *text, base_arena *arena, nas_genotype *genotype, base_err *err) {
    (void)arena;
    nas_scanner in = nas_scanner_begin(file, text, err);
    if (!holds(genotype->space))
        return nas_scanner_fail(&in,
                                "space %s has other cells than NAS-Bench-201: name the space that the genotype is "
                                "from",
                                genotype->space->name);
    size_t node = genotype->space->cells[0].inputs;
    do {
        nas_scanner_blanks(&in);
        if (node > genotype->space->cells[0].nodes)
            return nas_scanner_fail(&in, "the cell of space %s has only %zu nodes", genotype->space->name,
                                    genotype->space->cells[0].nodes);
        BASE_TRY(read_node(&in, genotype, node++));
    } while (nas_scanner_take(&in, '+'));
    return nas_scanner_end(&in);
}

static void write(const nas_genotype *genotype, base_buf *out) {
    const nas_space_cell *type = &genotype->space->cells[0];
    const nas_genotype_cell *cell = &genotype->cells[0];
    for (size_t i = 0; i < cell->count; i++) {
        const nas_space_edge *edge = &type->edges[cell->genes[i].edge];
        const bool first = i == 0 || type->edges[cell->genes[i - 1].edge].to != edge->to;
        base_buf_printf(out, "%s%s~%zu|",
                        !first   ? ""
                        : i == 0 ? "|"
                                 : "+|",
                        cell->genes[i].operation->name, edge->from);
    }
}

const nas_genotype_form nas_genotype_form_nasbench201 = {
    .name = "nasbench201",
    .summary = "|nor_conv_3x3~0|+|nor_conv_3x3~0|skip_connect~1|+...",
    .preset = "nasbench201",
    .recognizes = recognizes,
    .holds = holds,
    .read = read,
    .write = write,
};
