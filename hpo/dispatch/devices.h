/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which accelerators the trials of a worker see. */
#ifndef HPO_DISPATCH_DEVICES_H
#define HPO_DISPATCH_DEVICES_H

#include "base/buf.h"
#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A worker among the others, each counted from 0. */
typedef struct hpo_place {
    uint32_t worker;
    uint32_t local;   /* among the workers of its host */
    uint32_t n_local; /* workers of its host; 0 = not known */
} hpo_place;

/* The list that the run itself was given, as it stands in the environment; NULL = none. */
const char *hpo_devices_inherited(void);
/* Appends the devices of a worker to *visible, with commas between; nothing: its trials see what the run sees.
 * BASE_INVALID: its host has fewer devices than its workers are promised. */
BASE_CHECK base_status hpo_devices_choose(const hpo_devices *devices, const char *inherited, const hpo_place *place,
                                          base_buf *visible, base_err *err);
/* The variables that drivers read; of AMD's two layers one. */
void hpo_devices_set(const char *visible);

#ifdef __cplusplus
}
#endif
#endif
