/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Split and normalization bundled: what a helper process prepares once and every trial forked from it uses. */
#include "engine/data/view.h"

#include <stdlib.h>

base_status eng_view_create(const eng_dataset *set, const eng_view_settings *settings, eng_view **out, base_err *err) {
    eng_view *view = base_calloc(1, sizeof *view);
    view->set = set;
    view->settings = *settings;
    *out = NULL;
    base_status status = eng_split_make(set, &settings->split, &view->split, err);
    if (status == BASE_OK)
        status = eng_normalizer_fit(settings->normalize, set, view->split.train, &view->normalizer, err);
    if (status != BASE_OK) {
        eng_view_destroy(view);
        return status;
    }
    *out = view;
    return BASE_OK;
}

void eng_view_destroy(eng_view *view) {
    if (!view) return;
    eng_normalizer_fini(&view->normalizer);
    eng_split_fini(&view->split);
    free(view);
}

bool eng_view_settings_equal(const eng_view_settings *a, const eng_view_settings *b) {
    const eng_split_settings *x = &a->split, *y = &b->split;
    return a->normalize == b->normalize && x->seed == y->seed && x->test_fraction == y->test_fraction &&
           x->valid_fraction == y->valid_fraction && x->folds == y->folds && x->fold == y->fold &&
           x->fraction == y->fraction;
}
