/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The space of problems on a cube. */
#include "benchmarks/problems/problem.h"

base_status bench_box_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const bench_problem *problem = instance->problem;
    for (int64_t i = 0; i < instance->settings.dimensions; i++) {
        const hpo_param param = {.name = base_arena_printf(hpo_space_arena(space), "x%d", (int)i + 1),
                                 .kind = HPO_FLOAT,
                                 .min = problem->box.min,
                                 .max = problem->box.max};
        BASE_TRY(hpo_space_add(space, &param, err));
    }
    return BASE_OK;
}
