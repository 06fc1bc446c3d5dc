/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of a trial of `darts`: checkpoints of its search and its retraining, what a rung came to, and the files
 * that people read. The latter are written when a result is certain; they stay when the others go. */
#include "base/yaml.h"
#include "experiments/objectives/darts_state.h"
#include "experiments/objectives/trial_folder.h"
#include "nas/draw.h"

const char *const darts_files[] = {"genotype.json", "cells.svg",  "alphas.csv", "alphas.svg",
                                   "epochs.csv",    "epochs.svg", NULL};

/* ---- names ---- */

const char *darts_path(const darts_job *d, const char *kind, double fidelity, const char *ending) {
    return base_arena_printf(d->arena, "%s/%s-%lld.%s", d->job->folder, kind, (long long)fidelity, ending);
}

size_t darts_forget(const char *folder, double fidelity) {
    static const char *const kinds[] = {"search", "retrain", "retrained", NULL};
    return trial_forget(folder, kinds, fidelity);
}

/* ---- what a rung came to ---- */

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    {"valid_error", offsetof(darts_retrained, valid_error)}, {"test_error", offsetof(darts_retrained, test_error)},
    {"parameters", offsetof(darts_retrained, parameters)},   {"flops", offsetof(darts_retrained, flops)},
    {"epochs", offsetof(darts_retrained, epochs)},           {"cost", offsetof(darts_retrained, cost)},
};

static double *number_at(darts_retrained *result, size_t index) {
    return (double *)(void *)((char *)result + numbers[index].offset);
}

static bool read_result(const base_yaml_node *map, darts_retrained *out) {
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const base_yaml_node *node = base_yaml_get(map, numbers[i].name);
        if (!node || (node->kind != BASE_YAML_FLOAT && node->kind != BASE_YAML_INT)) return false;
        *number_at(out, i) = node->number;
    }
    return true;
}

static bool has_genotype(const darts_job *d, const base_yaml_node *map, const nas_genotype *genotype) {
    const base_yaml_node *node = base_yaml_get(map, "genotype");
    base_err ignored;
    nas_genotype *found;
    if (!node || node->kind != BASE_YAML_STRING) return false;
    if (nas_genotype_read(genotype->space, "", node->text, d->arena, &found, &ignored) != BASE_OK) return false;
    return nas_genotype_equal(found, genotype);
}

bool darts_recall(const darts_job *d, double fidelity, const nas_genotype *genotype, darts_retrained *out) {
    const char *path = darts_path(d, "retrained", fidelity, "json");
    base_buf text = {0};
    base_err ignored;
    base_yaml_node *map = NULL;
    const bool found = base_read_file(path, &text, &ignored) == BASE_OK &&
                       base_yaml_parse(d->arena, path, base_buf_text(&text), text.length, &map, &ignored) == BASE_OK &&
                       map->kind == BASE_YAML_MAP && has_genotype(d, map, genotype) && read_result(map, out);
    base_buf_fini(&text);
    return found;
}

void darts_remember(const darts_job *d, const nas_genotype *genotype, const darts_retrained *result) {
    base_buf text = {0}, cells = {0};
    darts_retrained copy = *result;
    nas_genotype_write(genotype, &cells);
    base_buf_puts(&text, "{\"genotype\": ");
    base_buf_put_json(&text, base_buf_text(&cells));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        base_buf_printf(&text, ", \"%s\": ", numbers[i].name);
        base_buf_put_double(&text, *number_at(&copy, i));
    }
    base_buf_puts(&text, "}\n");
    trial_write(darts_path(d, "retrained", d->job->fidelity, "json"), &text);
    base_buf_fini(&text);
    base_buf_fini(&cells);
}

/* ---- for people ---- */

/* Mean edge weights after each epoch: what the alphas mean. */
static void draw_weights(const darts_job *d, const nas_genotype *genotype, base_buf *out) {
    const nas_space *space = d->settings.space;
    const size_t epochs = nas_search_epochs(d->search), width = nas_space_weights(space);
    double *weights = BASE_NEW_ARRAY(d->arena, epochs * width, double);
    double **block = BASE_NEW_ARRAY(d->arena, space->n_cells, double *);
    for (size_t e = 0; e < epochs; e++) {
        double *at = weights + e * width;
        for (size_t t = 0; t < space->n_cells; at += space->cells[t++].weights) block[t] = at;
        nas_search_weights(d->search, e, block);
    }
    nas_draw_weights(space, weights, epochs, genotype, out);
}

/* The genotype after each epoch; NULL where the alphas say none. */
static const nas_genotype *const *genotypes_of(const darts_job *d) {
    const size_t epochs = nas_search_epochs(d->search);
    const nas_genotype **all = BASE_NEW_ARRAY(d->arena, epochs, const nas_genotype *);
    for (size_t e = 0; e < epochs; e++) {
        nas_genotype *genotype;
        base_err ignored;
        if (nas_search_genotype_after(d->search, e, d->arena, &genotype, &ignored) != BASE_OK || !genotype) return NULL;
        all[e] = genotype;
    }
    return all;
}

static void draw_epochs(const darts_job *d, base_buf *out) {
    const size_t epochs = nas_search_epochs(d->search);
    const nas_verdict *verdict = nas_search_verdict(d->search);
    nas_figures *figures = BASE_NEW_ARRAY(d->arena, epochs, nas_figures);
    for (size_t e = 0; e < epochs; e++) figures[e] = *nas_search_figures(d->search, e);
    const nas_epochs what = {
        .space = d->settings.space,
        .figures = figures,
        .genotypes = genotypes_of(d),
        .count = epochs,
        .genotype = verdict->early ? verdict->genotype : epochs,
        .caption = verdict->early
                       ? base_arena_printf(d->arena, "ended early: %s; dashed: the genotype's epoch", verdict->reason)
                       : NULL,
    };
    nas_draw_epochs(&what, out);
}

void darts_make_files(darts_job *d, const nas_genotype *genotype) {
    nas_genotype_write(genotype, &d->made[0]);
    nas_draw_cells(genotype, &d->made[1]);
    nas_search_write_alphas(d->search, &d->made[2]);
    draw_weights(d, genotype, &d->made[3]);
    nas_search_write_epochs(d->search, &d->made[4]);
    draw_epochs(d, &d->made[5]);
}

void darts_write_files(darts_job *d) {
    for (size_t i = 0; i < DARTS_FILES; i++)
        trial_write(base_arena_printf(d->arena, "%s/%s", d->job->folder, darts_files[i]), &d->made[i]);
}
