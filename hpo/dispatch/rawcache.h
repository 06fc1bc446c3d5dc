/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a journal of a deterministic run already knows: physical results by (trial, rung), so that the study can be
 * driven again without computing them, and which records were written, so that they are not written twice. */
#ifndef HPO_DISPATCH_RAWCACHE_H
#define HPO_DISPATCH_RAWCACHE_H

#include "hpo/trials/journal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_rawcache hpo_rawcache;

hpo_rawcache *hpo_rawcache_create(size_t n_config); /* doubles in a configuration */
void hpo_rawcache_destroy(hpo_rawcache *cache);     /* accepts NULL */
/* Keeps a raw entry or notes a record as written. */
void hpo_rawcache_note(hpo_rawcache *cache, const hpo_entry *entry);
/* Gives the reports and the end of the finished evaluation of (trial, rung) in order to add; false when it never ended.
 */
bool hpo_rawcache_take(const hpo_rawcache *cache, uint64_t trial, uint32_t rung,
                       void (*add)(void *self, const hpo_raw *raw), void *self);
typedef enum hpo_written { HPO_WRITTEN_NO, HPO_WRITTEN_SAME, HPO_WRITTEN_DIFFERENT } hpo_written;
/* Whether a record of this place (kind, trial, rung, fidelity) is in the journal, and equal bit for bit. */
hpo_written hpo_rawcache_written(const hpo_rawcache *cache, const hpo_record *record);
size_t hpo_rawcache_records(const hpo_rawcache *cache);

#ifdef __cplusplus
}
#endif
#endif
