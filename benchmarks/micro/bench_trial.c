/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What isolation costs: the processor time of a trial of a `command` study, over that of a bare posix_spawn and wait of
 * the same program. bench_trial HPO_SEARCH [TRIALS] [ROUNDS]
 *
 * A trial is charged everything that the program spends on it: suggestion, journal, worker, fork server, its folder and
 * files, the program itself. What a run costs once is taken out by the difference of a long and a short run. Both sides
 * alternate, so that a busy machine disturbs them alike. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "benchmarks/micro/median.h"

static const char study[] = "objective: {command: {run: [/bin/echo, '{{\"loss\": {x}}}']}}\n"
                            "metric: {name: loss, goal: minimize}\nmethod: random\n"
                            "parameters: {x: {min: 0.0, max: 1.0}}\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double seconds_of(const struct rusage *usage) {
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
}

static double processor_time(void) {
    struct rusage own, children;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return seconds_of(&own) + seconds_of(&children);
}

static void run(const char *file, char *const argv[]) {
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid, file, &actions, NULL, argv, environ) != 0) fail(file);
    posix_spawn_file_actions_destroy(&actions);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "%s failed\n", file);
        exit(1);
    }
}

/* Microseconds of a bare start, and of its own life. */
static double measure_bare(long trials) {
    char *argv[] = {"/bin/echo", "{\"loss\": 0.5}", NULL};
    double before = processor_time();
    for (long i = 0; i < trials; i++) run(argv[0], argv);
    return (processor_time() - before) / (double)trials * 1e6;
}

static double search(const char *program, const char *folder, long trials) {
    static int runs;
    char file[256], dir[256], set[64];
    snprintf(file, sizeof file, "%s/study.yaml", folder);
    snprintf(dir, sizeof dir, "%s/run%d", folder, runs++); /* a folder is never made where one was just removed */
    snprintf(set, sizeof set, "budget.trials=%ld", trials);
    char *argv[] = {(char *)program, file, "--quiet", "--seed", "1", "--dir", dir, "--set", set, NULL};
    double before = processor_time();
    run(program, argv);
    return processor_time() - before;
}

static double measure_isolated(const char *program, const char *folder, long trials) {
    long few = trials / 10;
    double short_run = search(program, folder, few), long_run = search(program, folder, trials + few);
    return (long_run - short_run) / (double)trials * 1e6;
}

int main(int argc, char **argv) {
    long trials = argc > 2 ? strtol(argv[2], NULL, 10) : 500;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 7;
    char folder[] = "/tmp/bench_trial.XXXXXX", file[64];
    base_err err;
    if (argc < 2 || trials < 10 || rounds < 1) {
        fprintf(stderr, "bench_trial HPO_SEARCH [TRIALS] [ROUNDS]\n");
        return 2;
    }
    if (!mkdtemp(folder)) fail(folder);
    snprintf(file, sizeof file, "%s/study.yaml", folder);
    if (base_write_file(file, study, sizeof study - 1, &err) != BASE_OK) fail(err.text);
    double *bare = base_calloc(rounds, sizeof *bare), *isolated = base_calloc(rounds, sizeof *isolated);
    double *ratio = base_calloc(rounds, sizeof *ratio);
    for (size_t i = 0; i < rounds; i++) {
        bare[i] = measure_bare(trials);
        isolated[i] = measure_isolated(argv[1], folder, trials);
        ratio[i] = isolated[i] / bare[i];
        printf("round %zu: bare %.0f us, trial %.0f us, ratio %.2f\n", i, bare[i], isolated[i], ratio[i]);
    }
    printf("processor time, medians of %zu rounds: bare %.0f us, trial %.0f us, ratio %.2f\n", rounds,
           micro_median(bare, rounds), micro_median(isolated, rounds), micro_median(ratio, rounds));
    char *const remove[] = {"/bin/rm", "-r", folder, NULL};
    run(remove[0], remove);
    free(bare);
    free(isolated);
    free(ratio);
    return 0;
}
