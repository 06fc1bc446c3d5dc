/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks of all kinds on made-up data: one table for those who ask whether threads change a bit (test_threads_step)
 * and what they save (bench_threads). */
#ifndef TESTS_SUPPORT_SAMPLE_NETS_H
#define TESTS_SUPPORT_SAMPLE_NETS_H

#include "engine/modules/net.h"

typedef struct sample_net {
    const char *name;
    eng_shape input;
    double dropout; /* on the inputs and before the output layer */
    base_status (*build)(eng_net *net);
} sample_net;

extern const sample_net sample_nets[];
extern const size_t sample_nets_count;
const sample_net *sample_net_find(const char *name); /* or NULL */

/* Aborts when it cannot be built. */
eng_model *sample_net_model(const sample_net *net, size_t batch, const eng_kernels *kernels);
/* n samples and their labels of ten classes, batch number `number`. */
void sample_net_batch(const sample_net *net, size_t n, uint32_t number, float *x, int32_t *labels);

#endif
