/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command says on its standard output: JSON objects on its lines, or what patterns find in its text, are reports
 * and the result. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_OUTPUT_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_OUTPUT_H

#include "experiments/objectives/command_hint.h"
#include "experiments/objectives/command_text.h"
#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { COMMAND_LINE_MAX = 1024 * 1024 }; /* bytes; a longer line is not looked at */

/* Numbers that belong together. `own`: bit i is set when item i stood in an object on a line of its own. */
typedef struct command_step {
    double step; /* NaN before the program names one */
    hpo_metrics metrics;
    uint32_t own;
} command_step;

typedef struct command_output {
    const char *metric;    /* the study's; of several the first */
    const hpo_goal *goals; /* all of them; NULL: the metric alone */
    size_t n_goals;
    hpo_constraints constraints;
    const char *fidelity;             /* its name; NULL = none */
    const command_patterns *patterns; /* may be NULL */
    double from, to;                  /* of the job: only steps between them are reports */
    const hpo_reporter *reporter;     /* gets the reports */
    bool found;                       /* numbers for all metrics of the study came; the newest: */
    hpo_metrics metrics;              /* with what belongs to the same step */
    double first, reached; /* lowest and highest step that came with the metric; NaN = the program names none */
    command_hint hint;
    command_step current;
    double reported;
    base_buf line, clean; /* not ended yet; without control sequences */
} command_output;

/* The fields above `found` are set by the caller, the rest is zero. */
void command_output_begin(command_output *output);
/* Takes bytes as they come. */
void command_output_feed(command_output *output, const char *bytes, size_t length);
/* A last line without its newline counts, too. Frees what the stream needed; what was found stays. */
void command_output_end(command_output *output);

/* The job's step came with the metric; without a fidelity: the metric came. What follows cannot change that. */
bool command_output_complete(const command_output *output);
/* After the end, when `found`: metrics, the step that was reached, and what the user should know about the output. */
void command_output_result(const command_output *output, hpo_result *result);

#ifdef __cplusplus
}
#endif
#endif
