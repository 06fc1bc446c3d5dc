/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A data set as one training sees it: split, and normalized by its training part. Trainings with the same settings
 * share one view. */
#ifndef ENG_DATA_VIEW_H
#define ENG_DATA_VIEW_H

#include "engine/data/normalizer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_view_settings {
    eng_split_settings split;
    eng_normalize normalize;
} eng_view_settings;

typedef struct eng_view {
    const eng_dataset *set; /* not owned */
    eng_view_settings settings;
    eng_split split;
    eng_normalizer normalizer;
} eng_view;

/* set must outlive the view. Failures as in eng_split_make and eng_normalizer_fit. */
BASE_CHECK base_status eng_view_create(const eng_dataset *set, const eng_view_settings *settings, eng_view **out,
                                       base_err *err);
void eng_view_destroy(eng_view *view);
bool eng_view_settings_equal(const eng_view_settings *a, const eng_view_settings *b);

#ifdef __cplusplus
}
#endif
#endif
