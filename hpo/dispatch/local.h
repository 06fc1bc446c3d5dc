/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transport without MPI: the controller and one worker in one process. */
#ifndef HPO_DISPATCH_LOCAL_H
#define HPO_DISPATCH_LOCAL_H

#include "hpo/dispatch/worker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `slots` peers, all served by `worker` (which must outlive the transport): that many trials may run at once. HELLO of
 * each peer is the first thing received. */
hpo_transport hpo_local_open(hpo_worker *worker, size_t slots, const hpo_study_spec *spec, const hpo_catalog *catalog);

#ifdef __cplusplus
}
#endif
#endif
