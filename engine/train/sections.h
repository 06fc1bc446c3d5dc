/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of named sections: what a checkpoint is made of. Whoever has a state writes sections of its own and finds them
 * again by name, so that new kinds of state need no new format of the file.
 *
 *     eng_sections *s;                                   eng_sections *s;
 *     eng_sections_create(path, &s, err);                eng_sections_open(path, &s, err);
 *     eng_sections_put(s, "alphas", 1, bytes, length);   eng_sections_take(s, "alphas", 1, bytes, length, err);
 *     eng_sections_finish(s, err);                       eng_sections_close(s);
 *
 * Written: path is absent, or whole; nothing is seen under that name before finish. Read: a file of which one byte is
 * not as it was written is refused when it is opened, before anything is taken from it. Both take a few kilobytes of
 * memory, whatever the size of a section. Numbers are in the machine's byte order: a file moves between ranks of a run,
 * not between architectures, and one from elsewhere is refused. */
#ifndef ENG_TRAIN_SECTIONS_H
#define ENG_TRAIN_SECTIONS_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENG_SECTION_NAME = 40 }; /* bytes, with the end of the string */

typedef struct eng_sections eng_sections;

/* ---- writing ---- */

/* Begins a file beside path, under a name of its own. *out is NULL on failure. BASE_IO. */
BASE_CHECK base_status eng_sections_create(const char *path, eng_sections **out, base_err *err);
/* A section whole. Names are unique in a file. A failure is told by eng_sections_finish. */
void eng_sections_put(eng_sections *sections, const char *name, uint32_t version, const void *bytes, size_t length);
/* One in pieces: begin, then exactly length bytes. */
void eng_sections_begin(eng_sections *sections, const char *name, uint32_t version, uint64_t length);
void eng_sections_write(eng_sections *sections, const void *bytes, size_t length);
/* Syncs the file and renames it to path; frees sections in any case. BASE_IO. */
BASE_CHECK base_status eng_sections_finish(eng_sections *sections, base_err *err);
/* Instead of finish: leaves nothing behind. Accepts NULL. */
void eng_sections_abandon(eng_sections *sections);

/* ---- reading ---- */

typedef struct eng_section {
    char name[ENG_SECTION_NAME];
    uint32_t version;
    uint64_t length; /* bytes */
    uint64_t offset; /* of the first one in the file */
} eng_section;

/* Reads every byte of path once. BASE_NOTFOUND; BASE_IO; BASE_CORRUPT when it is not as it was written, or no such file
 * at all; BASE_INVALID when it is sound but of another version of the format. */
BASE_CHECK base_status eng_sections_open(const char *path, eng_sections **out, base_err *err);
void eng_sections_close(eng_sections *sections); /* accepts NULL */
/* NULL = the file has none of that name. */
const eng_section *eng_sections_find(const eng_sections *sections, const char *name);
/* Whether there is such a section of this version and length (SIZE_MAX = any). BASE_INVALID says which is not so. */
BASE_CHECK base_status eng_sections_expect(const eng_sections *sections, const char *name, uint32_t version,
                                           size_t length, base_err *err);
/* length bytes of a section that is there, from byte `from` on. BASE_IO. */
BASE_CHECK base_status eng_sections_read(const eng_sections *sections, const eng_section *section, uint64_t from,
                                         void *bytes, size_t length, base_err *err);
/* The whole of one: expect, then read. */
BASE_CHECK base_status eng_sections_take(const eng_sections *sections, const char *name, uint32_t version, void *bytes,
                                         size_t length, base_err *err);
const char *eng_sections_path(const eng_sections *sections); /* as it was given, for sentences */

#ifdef __cplusplus
}
#endif
#endif
