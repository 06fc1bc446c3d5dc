/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the page: its figures and its data for the script. */
#ifndef HPO_REPORT_PAGE_IMPL_H
#define HPO_REPORT_PAGE_IMPL_H

#include "hpo/report/page.h"
#include "hpo/report/tables.h"

/* page.css and page.js, embedded by the build. */
extern const char hpo_page_style[], hpo_page_script[];

/* ---- figures.c: pictures as SVG; nothing where there is nothing to show ---- */
typedef enum hpo_over { HPO_OVER_TRIALS, HPO_OVER_COST, HPO_OVER_TIME } hpo_over;
/* Incumbents of all accounts, a line each; of a single one also the values of its trials. */
void hpo_figure_incumbents(const hpo_account *const *accounts, size_t count, hpo_over over, base_buf *out);
/* What trials showed at each fidelity; stopped ones apart. */
void hpo_figure_curves(const hpo_account *account, base_buf *out);
void hpo_figure_timeline(const hpo_account *account, base_buf *out);

/* ---- figures_model.c ---- */
void hpo_figure_importance(const hpo_account *account, const hpo_importance *importance, base_buf *out);
/* Partial dependence of the most important parameters, and the surfaces of the strongest pairs. */
void hpo_figure_dependence(const hpo_account *account, const hpo_importance *importance, base_buf *out);
void hpo_figure_pairs(const hpo_account *account, const hpo_importance *importance, base_buf *out);

/* ---- page_data.c ---- */
/* JSON for page.js in a script element that no text can end. */
void hpo_page_data(const hpo_account *account, base_buf *out);

#endif
