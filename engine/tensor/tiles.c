/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the callers of the register-tile kernels must know beforehand: sizes, and how to cut rows into groups. */
#include "engine/tensor/tiles.h"

/* Panels are whole vectors of at most 16 floats. */
size_t eng_tiles_packed(size_t depth, size_t n) {
    return depth * ((n + 15) / 16 * 16);
}

size_t eng_tiles_panel(size_t left, size_t vector) {
    return left > vector ? 2 * vector : vector;
}

size_t eng_tiles_rows(size_t count, size_t most) {
    size_t best = 1, best_work = SIZE_MAX;
    for (size_t rows = 1; rows <= most && rows <= count; rows++) {
        /* A group costs its rows and about one more: loads of B that its rows share. Of equals the one with more rows,
         * unless the other cuts count into whole tiles of four groups. */
        size_t work = (count + rows - 1) / rows * (rows + 1);
        if (work < best_work || (work == best_work && count % (4 * best) != 0)) {
            best = rows;
            best_work = work;
        }
    }
    return best;
}
