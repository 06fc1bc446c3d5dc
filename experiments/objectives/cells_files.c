/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The genotype of a trial as artefact, as JSON and as a drawing. */
#include "experiments/objectives/cells_files.h"

#include "experiments/objectives/trial_folder.h"
#include "nas/draw.h"

const char *const cells_files[] = {"genotype.json", "cells.svg", NULL};

void cells_put_artefact(const nas_genotype *genotype, hpo_result *out) {
    base_buf text = {0};
    nas_genotype_write_short(genotype, &text);
    if (!hpo_result_set_artefact(out, base_buf_text(&text))) (void)hpo_result_set_artefact(out, cells_files[0]);
    base_buf_fini(&text);
}

static void write_file(const char *folder, const char *name, const base_buf *text) {
    base_buf path = {0};
    base_buf_printf(&path, "%s/%s", folder, name);
    trial_write(base_buf_text(&path), text);
    base_buf_fini(&path);
}

void cells_write_files(const nas_genotype *genotype, const char *folder) {
    base_buf json = {0}, drawing = {0};
    nas_genotype_write(genotype, &json);
    nas_draw_cells(genotype, &drawing);
    write_file(folder, cells_files[0], &json);
    write_file(folder, cells_files[1], &drawing);
    base_buf_fini(&json);
    base_buf_fini(&drawing);
}
