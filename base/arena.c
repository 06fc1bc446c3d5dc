/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bump arena over a list of chunks, and the allocation functions that never return NULL.
 *
 * Chunks double in size up to a bound, so that n small allocations cost O(log n) calls of malloc; an allocation larger
 * than a chunk gets one of its own. Under AddressSanitizer the unused part of a chunk is poisoned and a gap is left
 * after each allocation: an overrun is found although malloc never saw the allocation. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(at, size)   __asan_poison_memory_region((at), (size))
#define UNPOISON(at, size) __asan_unpoison_memory_region((at), (size))
enum { GAP = 16 };
#else
#define POISON(at, size)   ((void)(at), (void)(size))
#define UNPOISON(at, size) ((void)(at), (void)(size))
enum { GAP = 0 };
#endif

enum { ALIGNMENT = 16, FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

typedef struct chunk {
    struct chunk *next;
    size_t size;
    size_t used;
    alignas(ALIGNMENT) unsigned char data[];
} chunk;

struct base_arena {
    chunk *first;
    chunk *current; /* chunks after it are empty: kept by a reset */
};

static _Atomic(base_oom_hook) oom_hook;

base_oom_hook base_set_oom_hook(base_oom_hook hook) {
    return atomic_exchange(&oom_hook, hook);
}

static _Noreturn void out_of_memory(size_t wanted) {
    base_oom_hook hook = atomic_load(&oom_hook);
    if (hook) hook(wanted);
    fprintf(stderr, "error: out of memory: %zu bytes were wanted\n", wanted);
    abort();
}

static size_t checked_product(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) out_of_memory(SIZE_MAX);
    return count * size;
}

void *base_malloc(size_t size) {
    void *memory = size <= PTRDIFF_MAX ? malloc(size ? size : 1) : NULL;
    if (!memory) out_of_memory(size);
    return memory;
}

void *base_calloc(size_t count, size_t size) {
    size_t total = checked_product(count, size);
    void *memory = total <= PTRDIFF_MAX ? calloc(total ? total : 1, 1) : NULL;
    if (!memory) out_of_memory(total);
    return memory;
}

char *base_strdup(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(base_malloc(size), text, size);
}

void base_grow_bytes(void **data, size_t *capacity, size_t need, size_t size) {
    if (need <= *capacity) return;
    size_t wanted = *capacity <= SIZE_MAX / 2 ? *capacity * 2 : need;
    if (wanted < need) wanted = need;
    if (wanted < 8) wanted = 8;
    size_t bytes = checked_product(wanted, size);
    void *grown = bytes <= PTRDIFF_MAX ? realloc(*data, bytes) : NULL;
    if (!grown) out_of_memory(bytes);
    *data = grown;
    *capacity = wanted;
}

static chunk *chunk_create(size_t size) {
    if (size > PTRDIFF_MAX - sizeof(chunk)) out_of_memory(size);
    chunk *made = base_malloc(sizeof(chunk) + size);
    made->next = NULL;
    made->size = size;
    made->used = 0;
    POISON(made->data, size);
    return made;
}

base_arena *base_arena_create(void) {
    base_arena *arena = base_malloc(sizeof *arena);
    arena->first = arena->current = chunk_create(FIRST_CHUNK);
    return arena;
}

void base_arena_destroy(base_arena *arena) {
    if (!arena) return;
    for (chunk *at = arena->first, *next; at; at = next) {
        next = at->next;
        UNPOISON(at->data, at->size);
        free(at);
    }
    free(arena);
}

void base_arena_reset(base_arena *arena) {
    for (chunk *at = arena->first; at; at = at->next) {
        at->used = 0;
        POISON(at->data, at->size);
    }
    arena->current = arena->first;
}

/* Moves to a chunk with room for `need` bytes: the next one when a reset left it, else a new one in front of it. */
static void next_chunk(base_arena *arena, size_t need) {
    chunk *current = arena->current;
    if (!current->next || current->next->size < need) {
        size_t size = current->size < LARGEST_CHUNK / 2 ? current->size * 2 : LARGEST_CHUNK;
        chunk *made = chunk_create(size < need ? need : size);
        made->next = current->next;
        current->next = made;
    }
    arena->current = current->next;
}

void *base_arena_alloc(base_arena *arena, size_t size) {
    if (size > PTRDIFF_MAX) out_of_memory(size);
    size_t need = ((size ? size : 1) + GAP + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (need > arena->current->size - arena->current->used) next_chunk(arena, need);
    chunk *current = arena->current;
    void *memory = current->data + current->used;
    current->used += need;
    UNPOISON(memory, size);
    return memset(memory, 0, size);
}

void *base_arena_array(base_arena *arena, size_t count, size_t size) {
    return base_arena_alloc(arena, checked_product(count, size));
}

char *base_arena_strndup(base_arena *arena, const char *text, size_t length) {
    length = strnlen(text, length);
    return memcpy(base_arena_alloc(arena, length + 1), text, length);
}

char *base_arena_strdup(base_arena *arena, const char *text) {
    return base_arena_strndup(arena, text, strlen(text));
}

char *base_arena_printf(base_arena *arena, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    BASE_ASSERT(length >= 0);
    char *text = base_arena_alloc(arena, (size_t)length + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)length + 1, fmt, args);
    va_end(args);
    return text;
}
