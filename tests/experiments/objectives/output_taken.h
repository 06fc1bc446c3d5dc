/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a program printed, taken in as a whole. */
#ifndef TESTS_EXPERIMENTS_OBJECTIVES_OUTPUT_TAKEN_H
#define TESTS_EXPERIMENTS_OBJECTIVES_OUTPUT_TAKEN_H

#include "experiments/objectives/command_output.h"
#include "tests/support/check.h"

static inline void take(command_output *output, const char *text) {
    command_output_begin(output);
    command_output_feed(output, text, strlen(text));
    command_output_end(output);
}

static inline double metric(const command_output *output, const char *name) {
    const double *value = hpo_metrics_get(&output->metrics, name);
    return value ? *value : -12345;
}

#endif
