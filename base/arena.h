/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bump arena: many small allocations that live and die together, and growing arrays for bookkeeping.
 *
 * Bookkeeping memory never returns NULL: when the system has none, the out-of-memory hook is called (default: print a
 * sentence and abort; the journal makes that survivable). Sizes that come from a user's configuration (tensors, data
 * sets) do not belong here: they return BASE_NOMEM. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct base_arena base_arena;

/* Never returns NULL. Freed whole by base_arena_destroy (accepts NULL). */
base_arena *base_arena_create(void);
void base_arena_destroy(base_arena *arena);
/* Forgets every allocation but keeps the memory for the next ones. */
void base_arena_reset(base_arena *arena);

/* size bytes, zeroed, aligned to 16; size 0 gives a valid unique pointer. */
void *base_arena_alloc(base_arena *arena, size_t size);
/* count * size with an overflow check, zeroed. */
void *base_arena_array(base_arena *arena, size_t count, size_t size);
char *base_arena_strdup(base_arena *arena, const char *text);
char *base_arena_strndup(base_arena *arena, const char *text, size_t length);
char *base_arena_printf(base_arena *arena, const char *fmt, ...) BASE_PRINTF(2, 3);

#define BASE_NEW(arena, type)              ((type *)base_arena_alloc((arena), sizeof(type)))
#define BASE_NEW_ARRAY(arena, count, type) ((type *)base_arena_array((arena), (count), sizeof(type)))

/* Makes room for `need` elements of `size` bytes in a malloc'ed vector: grows *data by doubling and updates *capacity.
 * *data may be NULL. New elements are not initialized. Never fails (see above). Free with free(). */
void base_grow_bytes(void **data, size_t *capacity, size_t need, size_t size);
#define BASE_GROW(data, capacity, need)                                                                                \
    do {                                                                                                               \
        void *base_grow_ptr = (data);                                                                                  \
        base_grow_bytes(&base_grow_ptr, &(capacity), (need), sizeof *(data));                                          \
        (data) = base_grow_ptr;                                                                                        \
    } while (0)

/* malloc/calloc/realloc of bookkeeping memory: never return NULL. Free with free(). */
void *base_malloc(size_t size);
void *base_calloc(size_t count, size_t size);
char *base_strdup(const char *text);

/* Replaces what happens when memory runs out (NULL restores the default). Returns the previous hook. */
typedef void (*base_oom_hook)(size_t wanted);
base_oom_hook base_set_oom_hook(base_oom_hook hook);

#ifdef __cplusplus
}
#endif
#endif
