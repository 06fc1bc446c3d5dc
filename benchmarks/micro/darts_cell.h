/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cell that DARTS found, as an example of a network whose values have several readers. */
#ifndef BENCH_MICRO_DARTS_CELL_H
#define BENCH_MICRO_DARTS_CELL_H

#include "engine/modules/net.h"

/* The normal cell with `channels` in each of its nodes on the end of net; both of its inputs are that end. */
BASE_CHECK base_status darts_cell_build(eng_net *net, size_t channels);

#endif
