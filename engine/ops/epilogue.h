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
/* The name for what f reads, which then is to be written: call->y itself where there is no f; and call->y from it. */
const char *eng_epilogue_onnx_before(eng_epilogue epilogue, const eng_onnx_call *call);
void eng_epilogue_onnx(eng_epilogue epilogue, const char *before, const eng_onnx_call *call);

#ifdef __cplusplus
}
#endif
#endif
