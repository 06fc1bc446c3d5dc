/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small network around each case of op_cases.h, for those who write networks down: the op reads the input, as often
 * as it has inputs, and what it makes goes through a dense layer to a loss of numbers. */
#ifndef TESTS_SUPPORT_CASE_NETS_H
#define TESTS_SUPPORT_CASE_NETS_H

#include "engine/modules/model.h"
#include "tests/support/op_cases.h"

/* A case that can be part of such a network: neither a loss nor an op that reads values of parameters. */
bool case_net_possible(const op_case *what);
/* Every parameter has other values than it begins with, running statistics, too; batches of up to `batch`. Aborts when
 * it cannot be built. */
eng_model *case_net_model(const op_case *what, size_t batch);

#endif
