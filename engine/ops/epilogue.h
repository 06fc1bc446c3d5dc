/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The activation that a layer computes on the fly, for those who write the layer down. Private to engine/ops. */
#ifndef ENG_OPS_EPILOGUE_H
#define ENG_OPS_EPILOGUE_H

#include "engine/export/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y becomes f(y); nothing for ENG_EPILOGUE_NONE and LINEAR. */
void eng_epilogue_c(eng_epilogue epilogue, const eng_node *node, const eng_c_call *call);

#ifdef __cplusplus
}
#endif
#endif
