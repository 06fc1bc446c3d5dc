/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropout behind skip connections at a rate that changes between passes: P-DARTS weakens the skips of a search at
 * first, so that its weights learn without the shortcut (X. Chen et al., "Progressive Differentiable Architecture
 * Search", ICCV 2019, section 3.3). */
#ifndef NAS_SKIP_DROPOUT_H
#define NAS_SKIP_DROPOUT_H

#include "engine/modules/net.h"

/* Puts it behind net->at. *rate is read in every pass in training, 0 <= rate < 1; it must outlive the graph. */
BASE_CHECK base_status nas_skip_dropout_build(eng_net *net, const double *rate);

#endif
