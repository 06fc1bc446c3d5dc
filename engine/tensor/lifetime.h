/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory for things that live from one time to another: those that never meet share. */
#ifndef ENG_LIFETIME_H
#define ENG_LIFETIME_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_extent {
    size_t bytes;    /* a multiple of ENG_ALIGN; 0 takes no room */
    size_t from, to; /* first and last time of life, both included */
    size_t offset;   /* result */
} eng_extent;

/* Gives every extent an offset such that two that live at a common time do not overlap. Returns the size of the whole.
 */
size_t eng_lifetime_place(eng_extent *extents, size_t count);

#ifdef __cplusplus
}
#endif
#endif
