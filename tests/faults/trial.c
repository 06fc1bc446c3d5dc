/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trial X MILLISECONDS [STEPS]: what the studies of the schedules evaluate. It leaves evidence that does not depend on
 * the run that started it, in the file HPO_TEST_SIDE, a line in a write:
 *
 *   begin TRIAL FIDELITY FROM PID SEED X      it begins
 *   end TRIAL FIDELITY PID VALUE              it says its value now
 *   unwritten TRIAL FIDELITY PID              it was started, and the journal does not know
 *   twice TRIAL FIDELITY PID                  another process evaluates this trial now
 *
 * The loss is a function of x, the fidelity and the seed. What has been done is kept in the checkpoint, and a parent's
 * is gone on from (pbt); one that means nothing is passed over. STEPS: no reports of a fidelity, so many naps. Some
 * values of x end it in another way. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static void tell(const char *line) {
    const int fd = open(variable("HPO_TEST_SIDE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, line, strlen(line)) < 0) _exit(99);
    close(fd);
}

/* The lock ends with the process, however it ends. */
static bool is_alone(void) {
    char path[512];
    snprintf(path, sizeof path, "%s.lock-%s", variable("HPO_TEST_SIDE"), variable("HPO_TRIAL"));
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* Whether the journal says that this trial runs to this fidelity. */
static bool is_written(double fidelity) {
    char path[512], start[96], promote[96];
    snprintf(path, sizeof path, "%s/../../../journal.log", variable("HPO_CHECKPOINT"));
    snprintf(start, sizeof start, "\"hpo:start\":{\"trial\":%s,", variable("HPO_TRIAL"));
    snprintf(promote, sizeof promote, "\"trial_id\":%s,\"user_attr\":{\"hpo:promote\":", variable("HPO_TRIAL"));
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (file && !found && getline(&line, &room, file) > 0) {
        if (!strstr(line, start) && !strstr(line, promote)) continue;
        const char *to = strstr(line, "\"fidelity\":");
        found = fidelity == 0 || (to && strtod(to + strlen("\"fidelity\":"), NULL) == fidelity);
    }
    free(line);
    if (file) fclose(file);
    return found;
}

static void nap(double milliseconds) {
    const struct timespec time = {.tv_sec = (time_t)(milliseconds / 1000),
                                  .tv_nsec = (long)(fmod(milliseconds, 1000) * 1e6)};
    nanosleep(&time, NULL);
}

static double loss(double x, double fidelity, unsigned long seed) {
    return (x - 0.3) * (x - 0.3) + 1 / (1 + fidelity + 3 * x) + (double)(seed % 1000) * 1e-6;
}

static double read_number(const char *folder, double fallback) {
    char path[512];
    double value = fallback;
    snprintf(path, sizeof path, "%s/done", folder);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%lf", &value) != 1) value = fallback;
    if (file) fclose(file);
    return value;
}

/* False: there was no room for it. */
static bool keep(double done) {
    char part[512], path[512], text[64];
    snprintf(part, sizeof part, "%s/done.part", variable("HPO_CHECKPOINT"));
    snprintf(path, sizeof path, "%s/done", variable("HPO_CHECKPOINT"));
    const int length = snprintf(text, sizeof text, "%.17g\n", done);
    const int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    ssize_t written = 0, n = 1;
    while (fd >= 0 && n > 0 && written < length) written += n = write(fd, text + written, (size_t)(length - written));
    bool ok = fd >= 0 && written == length;
    if (fd >= 0 && close(fd) != 0) ok = false;
    return ok && rename(part, path) == 0;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const double x = strtod(argv[1], NULL), milliseconds = strtod(argv[2], NULL);
    const int naps = argc > 3 ? atoi(argv[3]) : 0;
    const double to = naps ? 0 : strtod(variable("HPO_FIDELITY"), NULL);
    const double from = naps ? 0 : strtod(variable("HPO_FIDELITY_FROM"), NULL);
    const unsigned long seed = strtoul(variable("HPO_SEED"), NULL, 10);
    const char *trial = variable("HPO_TRIAL");
    char line[512];
    if (!is_alone()) {
        snprintf(line, sizeof line, "twice %s %g %d\n", trial, to, (int)getpid());
        tell(line);
    }
    snprintf(line, sizeof line, "begin %s %.17g %.17g %d %lu %.17g\n", trial, to, from, (int)getpid(), seed, x);
    tell(line);
    if (!is_written(to)) {
        snprintf(line, sizeof line, "unwritten %s %.17g %d\n", trial, to, (int)getpid());
        tell(line);
    }
    const int ending = (int)fmod(x * 1e6, 10);
    const bool misbehaves = *variable("HPO_TEST_MISBEHAVE") != '\0';
    if (misbehaves && ending == 3) return 3;
    if (misbehaves && ending == 7) raise(SIGSEGV);
    const double parent = read_number(variable("HPO_PARENT_CHECKPOINT"), 0);
    double done = fmin(fmax(read_number(variable("HPO_CHECKPOINT"), parent), from), to);
    if (!(done >= 0)) done = from; /* damaged */
    for (int i = 0; i < naps; i++) nap(milliseconds);
    for (double step = floor(from) + 1; step < to; step++) {
        if (step > done) nap(milliseconds);
        printf("{\"epochs\": %g, \"loss\": %.17g}\n", step, loss(x, step, seed));
        fflush(stdout);
        if (step > done && !keep(step)) return 5;
    }
    if (!naps) nap(milliseconds);
    const double value = loss(x, to, seed);
    if (!naps && !keep(to)) return 5;
    snprintf(line, sizeof line, "end %s %.17g %d %.17g\n", trial, to, (int)getpid(), value);
    tell(line);
    if (naps)
        printf("{\"loss\": %.17g}\n", value);
    else
        printf("{\"epochs\": %.17g, \"loss\": %.17g}\n", to, value);
    return 0;
}
