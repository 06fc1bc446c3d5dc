/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who started this process as one of several, and whether the MPI library has heard of it.
 *
 * A launcher tells each of its processes its number in variables of its own, and an MPI library looks for those that it
 * knows. Where it finds none it takes the process for the only one: so do Open MPI's below MPICH's mpirun and below
 * srun without --mpi=pmix, and the other way round. Then every process would run the whole study. A batch script's own
 * process has SLURM_NTASKS and SLURM_PROCID as well: only a job step sets SLURM_STEP_ID. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/cli/cli_impl.h"

/* Above these are not steps of processes that belong together: a batch script, an interactive shell, ... */
static const unsigned long long LAST_STEP = 4294967280;

static const char *const launchers[] = {[CLI_BY_NOBODY] = "nobody",
                                        [CLI_BY_OPEN_MPI] = "Open MPI's mpirun",
                                        [CLI_BY_PMI] = "an mpirun that speaks PMI, as MPICH's does,",
                                        [CLI_BY_SRUN] = "srun"};

static bool is_step(cli_getenv *get) {
    const char *step = get("SLURM_STEP_ID");
    return step && strtoull(step, NULL, 10) < LAST_STEP;
}

static int number(const char *text) {
    return text ? atoi(text) : 0;
}

cli_started cli_started_by(cli_getenv *get) {
    static const struct {
        cli_launcher_kind by;
        const char *rank, *size;
    } known[] = {{CLI_BY_OPEN_MPI, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                 {CLI_BY_PMI, "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
                 {CLI_BY_PMI, "PMI_RANK", "PMI_SIZE"}};
    const bool step = is_step(get);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *rank = get(known[i].rank);
        if (!rank) continue;
        /* srun --mpi=pmi2; MPICH's mpirun in an allocation has srun start its proxies, each of which is one task. */
        const bool srun =
            known[i].by == CLI_BY_PMI && step && number(get("SLURM_STEP_NUM_TASKS")) == number(get(known[i].size));
        return (cli_started){.by = srun ? CLI_BY_SRUN : known[i].by,
                             .rank = number(rank),
                             .size = number(get(known[i].size)),
                             .step = step,
                             .pmix = known[i].by == CLI_BY_OPEN_MPI};
    }
    const char *pmix = get("PMIX_RANK"), *task = get("SLURM_PROCID");
    if (step && task)
        return (cli_started){.by = CLI_BY_SRUN,
                             .rank = number(task),
                             .size = number(get("SLURM_STEP_NUM_TASKS")),
                             .step = true,
                             .pmix = pmix != NULL};
    if (pmix) return (cli_started){.by = CLI_BY_OPEN_MPI, .rank = number(pmix), .pmix = true};
    return (cli_started){0};
}

bool cli_is_one_of_several(const cli_started *started) {
    return started->by != CLI_BY_NOBODY && !(started->by == CLI_BY_SRUN && started->size == 1);
}

/* What would be right. */
static void put_remedy(const cli_started *started, const char *library, char *out, size_t size) {
    const bool open_mpi = strcmp(library, "Open MPI") == 0, mpich = strcmp(library, "MPICH") == 0;
    if (started->by == CLI_BY_SRUN && open_mpi)
        snprintf(out, size, "use srun --mpi=pmix, or mpirun within sbatch");
    else if (started->by == CLI_BY_SRUN && mpich)
        snprintf(out, size, "use srun --mpi=pmi2, or MPICH's mpirun within sbatch");
    else
        snprintf(out, size, "use the mpirun of that library (on Debian mpirun.%s)", mpich ? "mpich" : "openmpi");
}

bool cli_is_mismatch(const cli_started *started, const char *library, int found, char *out, size_t size) {
    if (!cli_is_one_of_several(started) || started->size < 2 || found != 1) return false;
    char remedy[128];
    const char *by = launchers[started->by];
    if (!library) {
        snprintf(out, size, "%s started %d processes, but this program was built without MPI: start it once", by,
                 started->size);
        return true;
    }
    put_remedy(started, library, remedy, sizeof remedy);
    snprintf(
        out, size,
        "%s started %d processes, but the library of this program, %s, found none of the others, and each would run "
        "the whole study; %s",
        by, started->size, library, remedy);
    return true;
}
