/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who started this process, by variables as launchers were seen to set them, and when its MPI library is deaf to that.
 */
#include <string.h>

#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"

static const char *variables; /* NAME=VALUE, separated by blanks */

static char *look_up(const char *name) {
    static char values[8][64]; /* as getenv, several may be in use */
    static size_t turn;
    char *value = values[turn++ % 8];
    const size_t length = strlen(name);
    for (const char *at = variables; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, name, length) != 0 || at[length] != '=') continue;
        snprintf(value, sizeof values[0], "%.*s", (int)strcspn(at + length + 1, " "), at + length + 1);
        return value;
    }
    return NULL;
}

static cli_started started(const char *environment) {
    variables = environment;
    return cli_started_by(look_up);
}

#define OPEN_MPI  "OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=5 PMIX_RANK=2"
#define BATCH     " SLURM_PROCID=0 SLURM_NTASKS=3 SLURM_LOCALID=0" /* of a batch script's own process */
#define HYDRA     "PMI_RANK=1 PMI_SIZE=4 PMI_FD=8"
#define STEP      " SLURM_PROCID=2 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=3 SLURM_NTASKS=3"
#define STEP_PMIX "PMIX_RANK=2" STEP
#define STEP_PMI2 "PMI_RANK=2 PMI_SIZE=3 PMI_FD=11" STEP

static void launchers_are_recognized(void **state) {
    (void)state;
    static const struct {
        const char *environment;
        cli_launcher_kind by;
        int rank, size;
        bool step, pmix, several;
    } cases[] = {
        {"HOME=/root", CLI_BY_NOBODY, 0, 0, false, false, false},
        {"A=1" BATCH, CLI_BY_NOBODY, 0, 0, false, false, false},
        {"SLURM_STEP_ID=4294967290 SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0", CLI_BY_NOBODY, 0, 0, false, false, false},
        {OPEN_MPI, CLI_BY_OPEN_MPI, 2, 5, false, true, true},
        {OPEN_MPI BATCH, CLI_BY_OPEN_MPI, 2, 5, false, true, true},
        {OPEN_MPI STEP, CLI_BY_OPEN_MPI, 2, 5, true, true, true}, /* a daemon that srun started */
        {"PMIX_RANK=3", CLI_BY_OPEN_MPI, 3, 0, false, true, true},
        {HYDRA, CLI_BY_PMI, 1, 4, false, false, true},
        {HYDRA " SLURM_PROCID=0 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=1", CLI_BY_PMI, 1, 4, true, false, true},
        {"MV2_COMM_WORLD_RANK=1 MV2_COMM_WORLD_SIZE=2", CLI_BY_PMI, 1, 2, false, false, true},
        {"A=1" STEP, CLI_BY_SRUN, 2, 3, true, false, true},
        {STEP_PMIX, CLI_BY_SRUN, 2, 3, true, true, true},
        {STEP_PMI2, CLI_BY_SRUN, 2, 3, true, false, true},
        {"SLURM_PROCID=0 SLURM_STEP_ID=4 SLURM_STEP_NUM_TASKS=1", CLI_BY_SRUN, 0, 1, true, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cli_started got = started(cases[i].environment);
        if (got.by != cases[i].by || got.rank != cases[i].rank || got.size != cases[i].size)
            fail_msg("%s: by %d, rank %d of %d", cases[i].environment, (int)got.by, got.rank, got.size);
        assert_int_equal(got.step, cases[i].step);
        assert_int_equal(got.pmix, cases[i].pmix);
        assert_int_equal(cli_is_one_of_several(&got), cases[i].several);
    }
}

static void a_library_that_found_the_others_is_right(void **state) {
    (void)state;
    char text[512];
    const char *const right[] = {OPEN_MPI, HYDRA, STEP_PMIX, STEP_PMI2, "PMIX_RANK=3"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        const cli_started got = started(right[i]);
        assert_false(cli_is_mismatch(&got, "Open MPI", got.size > 0 ? got.size : 4, text, sizeof text));
    }
}

static void one_that_is_alone_by_right_is_no_mismatch(void **state) {
    (void)state;
    char text[512];
    const char *const alone[] = {"HOME=/root", ("A=1" BATCH), "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1",
                                 "PMI_RANK=0 PMI_SIZE=1 SLURM_PROCID=0 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=1"};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        const cli_started got = started(alone[i]);
        assert_false(cli_is_mismatch(&got, "Open MPI", 1, text, sizeof text));
        assert_false(cli_is_mismatch(&got, NULL, 1, text, sizeof text));
    }
}

static void a_mismatch_says_what_would_be_right(void **state) {
    (void)state;
    static const struct {
        const char *environment, *mpi, *who, *remedy;
    } cases[] = {
        {HYDRA, "Open MPI", "an mpirun that speaks PMI, as MPICH's does, started 4 processes", "mpirun.openmpi"},
        {OPEN_MPI, "MPICH", "Open MPI's mpirun started 5 processes", "mpirun.mpich"},
        {"A=1" STEP, "Open MPI", "srun started 3 processes", "srun --mpi=pmix"},
        {STEP_PMI2, "Open MPI", "srun started 3 processes", "srun --mpi=pmix"},
        {STEP_PMIX, "MPICH", "srun started 3 processes", "srun --mpi=pmi2"},
        {"A=1" STEP, NULL, "srun started 3 processes", "built without MPI"},
        {OPEN_MPI, NULL, "started 5 processes", "built without MPI"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512] = "";
        const cli_started got = started(cases[i].environment);
        assert_true(cli_is_mismatch(&got, cases[i].mpi, 1, text, sizeof text));
        CHECK_CONTAINS(text, cases[i].who);
        CHECK_CONTAINS(text, cases[i].remedy);
    }
}

static void launchers_are_known_by_name(void **state) {
    (void)state;
    const char *const yes[] = {"mpirun", "mpirun.openmpi", "mpiexec", "mpiexec.hydra", "orterun", "prterun"};
    const char *const no[] = {"orted", "mpirun-watcher", "bash", "srun", "hydra_pmi_proxy", ""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) assert_true(cli_is_launcher(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) assert_false(cli_is_launcher(no[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launchers_are_recognized),
        cmocka_unit_test(a_library_that_found_the_others_is_right),
        cmocka_unit_test(one_that_is_alone_by_right_is_no_mismatch),
        cmocka_unit_test(a_mismatch_says_what_would_be_right),
        cmocka_unit_test(launchers_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
