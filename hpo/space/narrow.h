/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing from a space of which `forbid` leaves little: its clauses are propagated to the domains of the parameters. */
#ifndef HPO_SPACE_NARROW_H
#define HPO_SPACE_NARROW_H

#include "hpo/space/space_impl.h"

/* For a space whose tests are compiled, in its arena. */
hpo_narrow *hpo_narrow_create(hpo_space *space);
/* An allowed point whose values are those of given (NaN: any; NULL: all of them), all of which are active. prior: from
 * the user's belief. rejections: how many whole points are drawn before parameters are drawn in turn. False: none was
 * found. */
bool hpo_narrow_draw(const hpo_space *space, const double *given, bool prior, int rejections, base_rng *rng,
                     double *config);

#endif
