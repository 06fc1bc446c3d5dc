/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of a trial that will never go on, when its user does not want to keep it. */
#ifndef HPO_DISPATCH_LEFTOVERS_H
#define HPO_DISPATCH_LEFTOVERS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Deletes everything in a trial's folder but its log; links are deleted, never followed. Returns how many files. */
size_t hpo_leftovers_delete(const char *folder);

#ifdef __cplusplus
}
#endif
#endif
