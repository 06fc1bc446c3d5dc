/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hpo_model predict: a trained network's answers as a table. */
#ifndef EXPERIMENTS_MODEL_PREDICT_H
#define EXPERIMENTS_MODEL_PREDICT_H

#include "engine/train/predictor.h"

/* Answers for the samples of `data` (engine/data/samples.h), as CSV: the sample's file or number, from 1; then the
 * likeliest class and a column of probabilities for each, or a column of numbers. Text that a spreadsheet would take
 * for a formula is preceded by an apostrophe. */
BASE_CHECK base_status model_predict(eng_predictor *predictor, const char *data, base_buf *out, base_err *err);

#endif
