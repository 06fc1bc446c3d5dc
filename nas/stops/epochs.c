/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No early stopping: the genotype of the last epoch, as in the DARTS paper. */
#include "nas/stop.h"

const nas_stop_type nas_stop_epochs = {
    .name = "epochs",
    .summary = "all epochs, the genotype of the last one",
};
