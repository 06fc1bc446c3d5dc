/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of one supernet for another of the same space, by name: what an operation has learned outlives the network. */
#ifndef NAS_INHERIT_H
#define NAS_INHERIT_H

#include "nas/supernet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_legacy nas_legacy;

/* A copy of all values of the weights and their running statistics. NULL when memory is out. */
nas_legacy *nas_legacy_create(const nas_supernet *net);
void nas_legacy_destroy(nas_legacy *legacy); /* accepts NULL */
/* What has the same name and shape there; returns how many parameters that are. */
size_t nas_legacy_give(const nas_legacy *legacy, nas_supernet *net);

#ifdef __cplusplus
}
#endif
#endif
