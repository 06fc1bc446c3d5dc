/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts what the process asks of malloc: a program that includes this in one file brings its own malloc family, which
 * every library in the process then uses. */
#ifndef TESTS_SUPPORT_COUNT_MALLOC_H
#define TESTS_SUPPORT_COUNT_MALLOC_H

#include <errno.h>
#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTING 0 /* a sanitizer brings its own malloc */
#else
#define COUNTING 1
#endif

static volatile size_t allocations;         /* calls */
static volatile size_t in_use, most_in_use; /* bytes */

#if COUNTING
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static void *count_given(void *memory) {
    allocations++;
    if (memory != NULL) in_use += malloc_usable_size(memory);
    if (in_use > most_in_use) most_in_use = in_use;
    return memory;
}

static void count_back(void *memory) {
    if (memory != NULL) in_use -= malloc_usable_size(memory);
}

void *malloc(size_t size) {
    return count_given(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return count_given(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    count_back(memory);
    return count_given(__libc_realloc(memory, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return count_given(__libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    *out = count_given(__libc_memalign(alignment, size));
    return *out == NULL ? ENOMEM : 0;
}

void free(void *memory) {
    count_back(memory);
    __libc_free(memory);
}
#endif

#endif
