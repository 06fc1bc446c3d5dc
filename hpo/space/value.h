/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One value as a user writes it: a choice of a categorical parameter, a constant, the value of a parameter in a
 * configuration. */
#ifndef HPO_SPACE_VALUE_H
#define HPO_SPACE_VALUE_H

#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_value_kind {
    HPO_VALUE_NULL,
    HPO_VALUE_BOOL,
    HPO_VALUE_INT,
    HPO_VALUE_REAL,
    HPO_VALUE_TEXT
} hpo_value_kind;

typedef struct hpo_value {
    hpo_value_kind kind;
    bool boolean;
    int64_t integer;
    double real;      /* REAL, and INT converted */
    const char *text; /* TEXT: borrowed */
} hpo_value;

hpo_value hpo_value_of_node(const base_yaml_node *scalar); /* text borrowed from the node */
hpo_value hpo_value_int(int64_t value);
hpo_value hpo_value_real(double value);
hpo_value hpo_value_text(const char *text);
/* 1 equals 1.0; text equals text; nothing else across kinds. */
bool hpo_value_equal(const hpo_value *a, const hpo_value *b);
/* A hash that agrees with it. */
uint64_t hpo_value_hash(const hpo_value *value);
/* As written in a study file ("text" without quotes, true, 3, 0.1): what {name} becomes in a command. */
void hpo_value_print(const hpo_value *value, base_buf *out);
/* As JSON: text quoted; non-finite reals as strings. */
void hpo_value_print_json(const hpo_value *value, base_buf *out);
/* As a YAML scalar node (quoted where it must be). */
base_yaml_node *hpo_value_node(base_arena *arena, const hpo_value *value);

#ifdef __cplusplus
}
#endif
#endif
