/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a placed node is run: ops that treat every sample alone (ENG_BY_SAMPLE) are divided by samples here, the others
 * divide themselves. */
#ifndef ENG_CALL_H
#define ENG_CALL_H

#include "engine/tensor/op.h"

#ifdef __cplusplus
extern "C" {
#endif

void eng_call_forward(const eng_call *call, eng_run *run);
void eng_call_backward(const eng_call *call, const eng_run *run);

#ifdef __cplusplus
}
#endif
#endif
