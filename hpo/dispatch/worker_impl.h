/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the worker and the local transport share. */
#ifndef HPO_DISPATCH_WORKER_IMPL_H
#define HPO_DISPATCH_WORKER_IMPL_H

#include "hpo/dispatch/worker.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_worker_name {
    char host[256];
} hpo_worker_name;

/* The HELLO of this process; its host points into *name. spec may be NULL. */
hpo_message hpo_worker_hello(const hpo_study_spec *spec, const hpo_catalog *catalog, hpo_worker_name *name);

/* The BEAT of this moment. */
hpo_message hpo_worker_beat(const hpo_worker *worker);

/* Kills what runs. When this returns it is gone, its results with it, or `patience` seconds have passed. */
void hpo_worker_kill_running(hpo_worker *worker, double patience);

#ifdef __cplusplus
}
#endif
#endif
