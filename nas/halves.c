/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The authors of DARTS cut the training images in the middle of the file; here the samples of each class take turns, so
 * that small sets come out balanced, too. */
#include "nas/halves.h"

#include <stdlib.h>

#include "base/arena.h"

/* The half that takes the first sample of each class, then they take turns: odd classes begin in either in turn, so
 * that the halves are equal, too. */
static void first_halves(const eng_dataset *set, eng_part part, size_t classes, size_t *next) {
    size_t odd = 0;
    for (size_t i = 0; i < part.count; i++) next[set->labels ? (size_t)set->labels[part.index[i]] : 0]++;
    for (size_t c = 0; c < classes; c++) next[c] = next[c] % 2 == 1 ? odd++ % 2 : 0;
}

base_status nas_halves(const eng_dataset *set, eng_part part, eng_part half[2], uint32_t **memory, base_err *err) {
    *memory = NULL;
    if (part.count < 2) return BASE_FAIL(err, BASE_INVALID, "a search needs at least two samples to train with");
    const size_t classes = set->labels ? set->classes : 1, room = part.count / 2 + 1;
    uint32_t *index = base_malloc(2 * room * sizeof *index), *to[2] = {index, index + room};
    size_t *next = base_calloc(classes, sizeof *next), count[2] = {0, 0};
    first_halves(set, part, classes, next);
    for (size_t i = 0; i < part.count; i++) {
        const size_t h = next[set->labels ? (size_t)set->labels[part.index[i]] : 0]++ % 2;
        to[h][count[h]++] = part.index[i];
    }
    free(next);
    for (size_t h = 0; h < 2; h++) half[h] = (eng_part){.index = to[h], .count = count[h]};
    *memory = index;
    return BASE_OK;
}
