/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads that share the work of a pass.
 *
 * Work is cut into parts that write different numbers, each computed as one thread would, so the bits of a result do
 * not depend on how many threads there are or on which of them took a part. A part never holds a piece of a sum. */
#ifndef ENG_THREADS_H
#define ENG_THREADS_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_THREADS_MOST 1024

typedef struct eng_threads eng_threads;

/* n = 1 .. ENG_THREADS_MOST threads: the caller and n - 1 others, which live until destroy. No fork may follow: a child
 * has the caller alone. BASE_INTERNAL when the system starts no more threads. */
BASE_CHECK base_status eng_threads_create(size_t n, eng_threads **out, base_err *err);
void eng_threads_destroy(eng_threads *threads);
/* In all of these NULL is the caller alone. */
size_t eng_threads_count(const eng_threads *threads);

/* `thread` is the number of the one that calls, 0 .. n - 1: the caller of run is 0. It chooses a workspace and must not
 * choose a result. */
typedef void eng_part_fn(const void *self, size_t thread, size_t part);
typedef void eng_range_fn(const void *self, size_t thread, size_t begin, size_t end);

/* Calls fn once for each part 0 .. parts - 1, at most 65535, and returns when all are done. Not from within a part, and
 * by one caller at a time. Allocates nothing. */
void eng_threads_run(eng_threads *threads, size_t parts, eng_part_fn *fn, const void *self);
/* Cuts 0 .. count - 1 into ranges of whole units, of which the last may be short. A unit is what is worth waking
 * somebody for, some ten microseconds: less than two of them, or one thread, is one call with everything. */
void eng_threads_ranges(eng_threads *threads, size_t count, size_t unit, eng_range_fn *fn, const void *self);

#ifdef __cplusplus
}
#endif
#endif
