/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a command says on its standard output: JSON objects on lines of their own are reports and the result. */
#ifndef EXPERIMENTS_OBJECTIVES_COMMAND_OUTPUT_H
#define EXPERIMENTS_OBJECTIVES_COMMAND_OUTPUT_H

#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct command_output {
    const char *metric;           /* the study's */
    const char *fidelity;         /* its name; NULL = none */
    double from, to;              /* of the job: only steps between them are reports */
    const hpo_reporter *reporter; /* gets the reports */
    bool found;                   /* an object with numbers came; the newest: */
    double step;                  /* its fidelity, or NaN */
    hpo_metrics metrics;
    char last_line[128]; /* newest line that was not such an object */
    base_buf line;       /* not ended yet */
    bool overlong;       /* the beginning of this line has been given out already */
    double reported;
} command_output;

/* The fields above `found` are set by the caller, the rest is zero. */
void command_output_begin(command_output *output);
/* Takes bytes as they come; appends to echo what belongs into the log. */
void command_output_feed(command_output *output, const char *bytes, size_t length, base_buf *echo);
/* A last line without its newline counts, too. Frees. */
void command_output_end(command_output *output, base_buf *echo);

/* The numbers of a line that is a JSON object, the study's metric first; step: the member named fidelity, else NaN.
 * NaN, Infinity and -Infinity are numbers, as Python writes them, and so are texts like "nan". False: no numbers. */
bool command_output_parse(const char *line, size_t length, const char *metric, const char *fidelity, double *step,
                          hpo_metrics *metrics);

#ifdef __cplusplus
}
#endif
#endif
