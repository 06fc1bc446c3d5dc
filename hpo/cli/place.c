/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a worker stands among those of its host, from what launchers tell every process: a collective call for it would
 * be one more place to hang in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"

const char *cli_host_name(base_arena *arena) {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0 || !*name) return "unknown";
    return base_arena_strdup(arena, name);
}

/* "2(x3),1" of Slurm: how many tasks each node has, in order; 0 = not told. */
static uint32_t slurm_tasks(const char *counts, long node) {
    while (counts && *counts) {
        char *end;
        long tasks = strtol(counts, &end, 10), times = 1;
        if (end == counts) return 0;
        if (*end == '(' && sscanf(end, "(x%ld)", &times) != 1) return 0;
        if (node < times) return tasks > 0 ? (uint32_t)tasks : 0;
        node -= times;
        counts = strchr(end, ',');
        if (counts) counts++;
    }
    return 0;
}

/* The process's number among those of its host, and how many they are (0 = not told). */
static void read_local(uint32_t *local, uint32_t *count) {
    static const char *const names[][2] = {{"OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"},
                                           {"MPI_LOCALRANKID", "MPI_LOCALNRANKS"},
                                           {"PMI_LOCAL_RANK", "PMI_LOCAL_SIZE"},
                                           {"SLURM_LOCALID", NULL}};
    *local = *count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *rank = getenv(names[i][0]), *size = names[i][1] ? getenv(names[i][1]) : NULL;
        if (!rank) continue;
        *local = (uint32_t)strtoul(rank, NULL, 10);
        if (size) *count = (uint32_t)strtoul(size, NULL, 10);
        if (names[i][1]) return;
        const char *node = getenv("SLURM_NODEID");
        *count = node ? slurm_tasks(getenv("SLURM_STEP_TASKS_PER_NODE"), strtol(node, NULL, 10)) : 0;
        return;
    }
}

bool cli_on_one_host(int size) {
    uint32_t local, count;
    read_local(&local, &count);
    return size > 0 && count == (uint32_t)size;
}

/* Rank 0 is no worker, and the first process of its host. */
hpo_place cli_find_place(int rank, int size, const char *host, const char *controller_host) {
    if (size < 2) return (hpo_place){.n_local = 1};
    hpo_place place = {.worker = (uint32_t)rank - 1};
    read_local(&place.local, &place.n_local);
    bool beside_controller = controller_host && strcmp(host, controller_host) == 0;
    if (beside_controller && place.local > 0) place.local--;
    if (beside_controller && place.n_local > 0) place.n_local--;
    return place;
}
