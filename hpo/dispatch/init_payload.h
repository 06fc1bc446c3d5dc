/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What INIT carries from a rank to its fork server: a study, as length-prefixed texts. */
#ifndef HPO_DISPATCH_INIT_PAYLOAD_H
#define HPO_DISPATCH_INIT_PAYLOAD_H

#include "hpo/dispatch/forkserver.h"

#ifdef __cplusplus
extern "C" {
#endif

void hpo_init_payload_encode(const hpo_forkserver_study *study, base_buf *out);
/* Texts and arrays live in arena. BASE_CORRUPT: not such a payload. */
BASE_CHECK base_status hpo_init_payload_decode(const void *bytes, size_t length, base_arena *arena,
                                               hpo_forkserver_study *study, base_err *err);

#ifdef __cplusplus
}
#endif
#endif
