/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of problems. */
#include "benchmarks/problems/problem.h"

#include <string.h>

#define BENCH_PROBLEMS(X)                                                                                              \
    X(branin)                                                                                                          \
    X(gardner1)                                                                                                        \
    X(gardner2)                                                                                                        \
    X(gramacy)                                                                                                         \
    X(currin)                                                                                                          \
    X(borehole)                                                                                                        \
    X(rosenbrock)                                                                                                      \
    X(ackley)                                                                                                          \
    X(levy)                                                                                                            \
    X(rastrigin)                                                                                                       \
    X(griewank)                                                                                                        \
    X(michalewicz)                                                                                                     \
    X(bbob_f1)                                                                                                         \
    X(bbob_f2)                                                                                                         \
    X(bbob_f3)                                                                                                         \
    X(bbob_f4)                                                                                                         \
    X(bbob_f5)                                                                                                         \
    X(bbob_f6)                                                                                                         \
    X(bbob_f7)                                                                                                         \
    X(bbob_f8)                                                                                                         \
    X(bbob_f9)                                                                                                         \
    X(bbob_f10)                                                                                                        \
    X(bbob_f11)                                                                                                        \
    X(bbob_f12)                                                                                                        \
    X(bbob_f13)                                                                                                        \
    X(bbob_f14)                                                                                                        \
    X(bbob_f15)                                                                                                        \
    X(bbob_f16)                                                                                                        \
    X(bbob_f17)                                                                                                        \
    X(bbob_f18)                                                                                                        \
    X(bbob_f19)                                                                                                        \
    X(bbob_f20)                                                                                                        \
    X(bbob_f21)                                                                                                        \
    X(bbob_f22)                                                                                                        \
    X(bbob_f23)                                                                                                        \
    X(bbob_f24)                                                                                                        \
    X(zdt1)                                                                                                            \
    X(zdt2)                                                                                                            \
    X(zdt3)                                                                                                            \
    X(zdt4)                                                                                                            \
    X(zdt6)                                                                                                            \
    X(dtlz2)                                                                                                           \
    X(dtlz2_4)                                                                                                         \
    X(dtlz2_5)                                                                                                         \
    X(dtlz2_6)                                                                                                         \
    X(hartmann3)                                                                                                       \
    X(hartmann6)                                                                                                       \
    X(hartmann6_ball)                                                                                                  \
    X(mf_hartmann3)                                                                                                    \
    X(mf_hartmann3_good)                                                                                               \
    X(mf_hartmann3_moderate)                                                                                           \
    X(mf_hartmann3_bad)                                                                                                \
    X(mf_hartmann3_terrible)                                                                                           \
    X(mf_hartmann6)                                                                                                    \
    X(mf_hartmann6_good)                                                                                               \
    X(mf_hartmann6_moderate)                                                                                           \
    X(mf_hartmann6_bad)                                                                                                \
    X(mf_hartmann6_terrible)                                                                                           \
    X(counting_ones)                                                                                                   \
    X(jenatton)                                                                                                        \
    X(tuning)                                                                                                          \
    X(fcnet_naval)                                                                                                     \
    X(fcnet_parkinsons)                                                                                                \
    X(hpobench_vehicle)                                                                                                \
    X(hpobench_car)                                                                                                    \
    X(hpobench_kc1)                                                                                                    \
    X(hpobench_australian)                                                                                             \
    X(nasbench201_cifar10)                                                                                             \
    X(nasbench201_cifar100)                                                                                            \
    X(nasbench201_imagenet16)                                                                                          \
    X(nasbench_macro)                                                                                                  \
    X(lcbench)

#define DECLARE(problem) extern const bench_problem bench_problem_##problem;
BENCH_PROBLEMS(DECLARE)

#define ADDRESS(problem) &bench_problem_##problem,
static const bench_problem *const problems[] = {BENCH_PROBLEMS(ADDRESS)};
enum { N_PROBLEMS = sizeof problems / sizeof *problems };

const bench_problem *const *bench_problems(size_t *count) {
    *count = N_PROBLEMS;
    return problems;
}

const bench_problem *bench_problem_find(const char *name) {
    for (size_t i = 0; i < N_PROBLEMS; i++) {
        if (strcmp(problems[i]->name, name) == 0) return problems[i];
    }
    return NULL;
}

const char *bench_problem_nearest(const char *name) {
    const char *names[N_PROBLEMS];
    for (size_t i = 0; i < N_PROBLEMS; i++) names[i] = problems[i]->name;
    return base_nearest(name, names, N_PROBLEMS);
}

size_t bench_task_find(const bench_problem *problem, const char *task) {
    for (size_t i = 0; i < problem->n_tasks; i++) {
        if (strcmp(problem->tasks[i].name, task) == 0 || strcmp(problem->tasks[i].id, task) == 0) return i;
    }
    return SIZE_MAX;
}
