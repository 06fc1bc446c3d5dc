/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the page: its figures and its data for the script. */
#ifndef HPO_REPORT_PAGE_IMPL_H
#define HPO_REPORT_PAGE_IMPL_H

#include "base/chart.h"
#include "hpo/report/page.h"
#include "hpo/report/tables.h"

/* page.css and page.js, embedded by the build. */
extern const char hpo_page_style[], hpo_page_script[];

/* ---- figures.c: pictures as SVG; nothing where there is nothing to show ---- */
typedef enum hpo_over { HPO_OVER_TRIALS, HPO_OVER_COST, HPO_OVER_TIME } hpo_over;
/* Incumbents of all accounts, which are alike, a line each; of a single one also the values of its trials. */
void hpo_figure_incumbents(const hpo_account *const *accounts, size_t count, hpo_over over, base_buf *out);
/* The accounts that are alike with accounts[at], in group, which has room for all. 0: an earlier one is, so they were
 * had before. */
size_t hpo_figure_group(const hpo_account *const *accounts, size_t count, size_t at, const hpo_account **group);
/* From the best to what nine in ten are no worse than; values are sorted. */
base_scale hpo_figure_scale(double *values, size_t n, bool maximize);
/* What trials showed at each fidelity; stopped ones apart. */
void hpo_figure_curves(const hpo_account *account, base_buf *out);
void hpo_figure_timeline(const hpo_account *account, base_buf *out);

/* ---- figures_front.c ---- */
/* The front of several metrics: metric `goal` over the first, with what other trials showed. */
void hpo_figure_front(const hpo_account *account, size_t goal, base_buf *out);

/* ---- figures_model.c ---- */
/* A parameter's name, at most so many characters; its value at a unit coordinate, short. */
const char *hpo_figure_name(const hpo_account *account, size_t dim, size_t most, base_arena *arena);
const char *hpo_figure_value(const hpo_account *account, size_t dim, double unit, base_arena *arena);
/* The metric's name at the top. */
void hpo_figure_metric(base_svg *svg, const hpo_account *account, double right, base_arena *arena);
/* 0: a number, or one of too many choices to be shown one by one. */
size_t hpo_figure_choices(const hpo_account *account, size_t dim);
/* Below an axis over the unit interval: the ends and the middle, or choices. */
void hpo_figure_units(base_svg *svg, const hpo_account *account, size_t dim, double left, double width, double y,
                      base_arena *arena);
void hpo_figure_importance(const hpo_account *account, const hpo_importance *importance, base_buf *out);
/* Partial dependence of parameter dim; shared by all, for they are seen beside each other: values of the y axis. */
base_scale hpo_figure_dependence_scale(const hpo_importance *importance, const hpo_ranked *ranks, size_t count);
void hpo_figure_dependence(const hpo_account *account, const hpo_importance *importance, size_t dim, base_scale y,
                           base_buf *out);

/* ---- figures_pairs.c ---- */
/* The contours of two parameters i < j, by the forest, with trials as dots. */
void hpo_figure_pair(const hpo_account *account, const hpo_importance *importance, size_t i, size_t j, base_buf *out);

/* ---- page_data.c ---- */
/* JSON for page.js in a script element that no text can end. importance: NULL where there is none. */
void hpo_page_data(const hpo_account *account, const hpo_importance *importance, base_buf *out);

#endif
