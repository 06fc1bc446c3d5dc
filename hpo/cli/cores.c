/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the cores are enough for trials of several threads. */
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "hpo/cli/cli_impl.h"

bool cli_cores_advice(int threads, uint32_t workers, size_t allowed, size_t cores, char *out, size_t size) {
    if (threads <= 1) return false;
    const size_t wanted = (size_t)threads * (workers > 0 ? workers : 1);
    if ((size_t)threads > allowed && allowed < cores)
        snprintf(out, size,
                 "trial.threads is %d, but a worker may use %zu of the %zu cores: start mpirun with --bind-to none, as "
                 "-j does, or with --map-by slot:PE=%d",
                 threads, allowed, cores, threads);
    else if (wanted > cores)
        snprintf(out, size,
                 "%u worker%s with trial.threads: %d want %zu cores, and there are %zu: trials wait for each other; "
                 "fewer workers or fewer threads are faster",
                 workers > 0 ? workers : 1, workers > 1 ? "s" : "", threads, wanted, cores);
    else
        return false;
    return true;
}

void cli_check_cores(int threads, const hpo_place *place) {
    cpu_set_t set;
    char text[256];
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t cores = online > 0 ? (size_t)online : 1;
    const size_t allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : cores;
    if (place->local == 0 && cli_cores_advice(threads, place->n_local, allowed, cores, text, sizeof text))
        base_log(BASE_LOG_WARN, "%s", text);
}
