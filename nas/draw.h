/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of what a search found, without any program: cells, and how the weights of operations went. */
#ifndef NAS_DRAW_H
#define NAS_DRAW_H

#include "nas/figures.h"
#include "nas/genotype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All cells of a genotype as one SVG, one below the other: inputs on the left, every edge with its operation, the
 * output on the right. */
void nas_draw_cells(const nas_genotype *genotype, base_buf *out);
/* The same as text for Graphviz: `dot -Tpdf`. */
void nas_draw_dot(const nas_genotype *genotype, base_buf *out);

/* The weights of operations after each of `epochs` epochs, at least one, as SVG: for each type of cell a row for each
 * edge, with a heat map of the last epoch and the lines of all epochs. weights[e * nas_space_weights(space) + i]: those
 * of the types one after the other, as in nas_space_edge.offset; 0 <= weight <= 1. chosen: the genotype whose
 * operations are marked; may be NULL. */
void nas_draw_weights(const nas_space *space, const double *weights, size_t epochs, const nas_genotype *chosen,
                      base_buf *out);

/* A search as it went. */
typedef struct nas_epochs {
    const nas_space *space;
    const nas_figures *figures;           /* of `count` epochs, at least one */
    const nas_genotype *const *genotypes; /* after each of them; NULL: there are none */
    size_t count;
    size_t genotype;     /* index of the epoch whose genotype is the result: marked; count or more: none */
    const char *caption; /* or NULL */
} nas_epochs;

/* As SVG, with charts of errors, entropy, eigenvalues where some are known, and of how many edges of the genotype carry
 * each operation. */
void nas_draw_epochs(const nas_epochs *what, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif
