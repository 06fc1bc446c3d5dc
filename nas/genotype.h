/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A finished architecture: for each type of cell the edges that it has and what stands on them. */
#ifndef NAS_GENOTYPE_H
#define NAS_GENOTYPE_H

#include "nas/space.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_gene {
    size_t edge;                    /* index into the edges of the cell's type */
    const nas_operation *operation; /* one of that edge */
} nas_gene;

typedef struct nas_genotype_cell {
    nas_gene *genes; /* by node; within a node in the order in which they were chosen or written */
    size_t count;
} nas_genotype_cell;

/* Belongs to a space. Everything lives in an arena. */
typedef struct nas_genotype {
    const nas_space *space;
    nas_genotype_cell *cells; /* one for each type of the space */
} nas_genotype;

/* An empty one with room for every edge. */
nas_genotype *nas_genotype_create(const nas_space *space, base_arena *arena);
/* Adds an edge behind those of the same node. BASE_INVALID: the cell has no such edge, or has it already, or the
 * operation does not exist or stands not there; without a position. */
BASE_CHECK base_status nas_genotype_add(nas_genotype *genotype, size_t cell, size_t to, int64_t from,
                                        const char *operation, base_err *err);
/* How many edges a finished cell has at a node, at most; exactly where all are kept. */
size_t nas_genotype_expected(const nas_space_cell *cell, size_t node);
/* Has each node an edge, and no more than the space keeps or, where that is all, all of them, with operations that may
 * be chosen? BASE_INVALID with cell, node and remedy. */
BASE_CHECK base_status nas_genotype_check(const nas_genotype *genotype, base_err *err);
/* Has each node as many edges as the space keeps? */
bool nas_genotype_is_full(const nas_genotype *genotype);
/* The same edges with the same operations, whatever their order within a node? */
bool nas_genotype_equal(const nas_genotype *a, const nas_genotype *b);
/* One of the space, every one equally likely but for the order of edges within a node, which is rising. */
nas_genotype *nas_genotype_random(const nas_space *space, base_rng *rng, base_arena *arena);
/* How many edges of a cell carry an operation that has one of the flags. */
size_t nas_genotype_count(const nas_genotype *genotype, size_t cell, unsigned flags);

/* ---- text ---- */

/* A way to write genotypes. One file in nas/genotypes, one line in its registry. */
typedef struct nas_genotype_form {
    const char *name, *summary;
    const char *preset; /* the space that is meant when none is given; NULL = the text names it */
    /* Is the text written this way, as far as its first characters tell? Blanks before it are gone. */
    bool (*recognizes)(const char *text);
    /* Can cells of this space be written so? */
    bool (*holds)(const nas_space *space);
    /* Reads into an empty genotype. text ends with 0. BASE_INVALID "file:line:column: ...". */
    base_status (*read)(const char *file, const char *text, base_arena *arena, nas_genotype *genotype, base_err *err);
    void (*write)(const nas_genotype *genotype, base_buf *out); /* no newline at the end */
} nas_genotype_form;

const nas_genotype_form *const *nas_genotype_forms(size_t *count);
const nas_genotype_form *nas_genotype_form_find(const char *name); /* or NULL */

/* A genotype of space in any of the forms. file names the text in messages. BASE_INVALID: a text that none of them
 * reads, or a genotype of another space. */
BASE_CHECK base_status nas_genotype_read(const nas_space *space, const char *file, const char *text, base_arena *arena,
                                         nas_genotype **out, base_err *err);
/* The JSON form, which every space has; ends with a newline. */
void nas_genotype_write(const nas_genotype *genotype, base_buf *out);
/* Short: the first form besides JSON that holds the space's cells, else JSON; on one line. */
void nas_genotype_write_short(const nas_genotype *genotype, base_buf *out);

/* ---- published cells ---- */

typedef struct nas_known_cell {
    const char *name, *space, *source; /* "DARTS_V2", "darts", where it was published */
    const char *text;                  /* in one of the forms */
} nas_known_cell;

const nas_known_cell *nas_known_cells(size_t *count);
const nas_known_cell *nas_known_cell_find(const char *name); /* or NULL; case does not matter */
/* A known cell by name, or a genotype that is written out, else the file of that name (relative to base_dir when that
 * is not NULL). space NULL: that of the known cell, or the one that the text names or its form means. BASE_NOTFOUND
 * when there is none. */
BASE_CHECK base_status nas_genotype_load(const nas_space *space, const char *name, const char *base_dir,
                                         base_arena *arena, nas_genotype **out, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
