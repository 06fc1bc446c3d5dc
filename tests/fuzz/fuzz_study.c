/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Study files, with assignments of --set on lines that begin with "#set ". What --check prints of a study is that
 * study. */
#include <stdlib.h>
#include <string.h>

#include "experiments/objectives/registry.h"
#include "hpo/study/study_file.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_SETS = 8 };

/* The assignments that text ends with are cut off it. */
static size_t cut_sets(char *text, char **sets) {
    size_t count = 0;
    char *at = strstr(text, "\n#set ");
    if (at) *at++ = '\0';
    while (at && count < MAX_SETS) {
        sets[count++] = at + 5;
        at = strstr(at, "\n#set ");
        if (at) *at++ = '\0';
    }
    return count;
}

static void check_printed(const hpo_catalog *catalog, const hpo_study_spec *spec) {
    base_buf text = {0};
    base_err err = {0};
    hpo_study_spec *again;
    hpo_study_spec_print(spec, &text);
    const uint64_t seed = spec->seed;
    BASE_ASSERT(hpo_study_read(catalog, "fuzz.yaml", base_buf_text(&text), text.length, NULL, 0, &seed, &again, &err) ==
                BASE_OK);
    hpo_study_spec_destroy(again);
    base_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t count;
    const hpo_objective_type *const *objectives = obj_registry(&count);
    const hpo_catalog catalog = {.objectives = objectives, .n_objectives = count, .version = "hpo fuzz"};
    char *text = base_malloc(size + 1), *sets[MAX_SETS];
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    const size_t n_sets = cut_sets(text, sets);
    base_err err = {0};
    hpo_study_spec *spec;
    const base_status status = hpo_study_read(&catalog, "fuzz.yaml", text, n_sets > 0 ? strlen(text) : size,
                                              (const char *const *)sets, n_sets, NULL, &spec, &err);
    if (status == BASE_OK) check_printed(&catalog, spec);
    if (status != BASE_OK) BASE_ASSERT(err.text[0] != '\0');
    hpo_study_spec_destroy(status == BASE_OK ? spec : NULL);
    free(text);
    return 0;
}
