/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parameters that nodes ask for, by id and by name: owned by all graphs that share them. Private to engine/tensor.
 */
#ifndef ENG_PARAM_TABLE_H
#define ENG_PARAM_TABLE_H

#include "engine/tensor/param.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_param_table eng_param_table;

eng_param_table *eng_param_table_create(void);
/* One more owner, and the number that this owner has among them: 0 for the first. */
eng_param_table *eng_param_table_share(eng_param_table *table, uint32_t *number);
void eng_param_table_release(eng_param_table *table); /* the last one destroys it */

size_t eng_param_table_count(const eng_param_table *table);
const eng_param_spec *eng_param_table_at(const eng_param_table *table, eng_param_id id);
/* All of them, in the order of their ids. */
const eng_param_spec *eng_param_table_specs(const eng_param_table *table);
eng_param_id eng_param_table_find(const eng_param_table *table, const char *name); /* or ENG_NO_PARAM */
/* spec, with a copy of its name; nobody has that name yet. */
eng_param_id eng_param_table_add(eng_param_table *table, const eng_param_spec *spec);
size_t eng_param_table_bytes(const eng_param_table *table); /* that it takes, about */

#ifdef __cplusplus
}
#endif
#endif
