/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings that libraries read when they are loaded. */
#include "benchmarks/micro/alone.h"

#include <stdlib.h>
#include <unistd.h>

#include "hpo/models/blas.h"

static const char MARK[] = "HPO_MICRO_ALONE";

void micro_alone(char **argv) {
    if (getenv(MARK) != NULL) return;
    setenv(MARK, "1", 1);
    setenv("OMP_NUM_THREADS", "1", 0);
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    const char *core = hpo_blas_better_core();
    if (core != NULL) setenv("OPENBLAS_CORETYPE", core, 0);
    execv("/proc/self/exe", argv);
}
