/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Genotypes in all their forms. One that is read and written is read back as the same. */
#include <string.h>

#include "nas/genotype.h"
#include "tests/fuzz/fuzz.h"

static void check_written(const nas_genotype *genotype, void (*write)(const nas_genotype *genotype, base_buf *out),
                          base_arena *arena) {
    base_buf text = {0};
    base_err err = {0};
    nas_genotype *again;
    write(genotype, &text);
    BASE_ASSERT(nas_genotype_read(genotype->space, "written", base_buf_text(&text), arena, &again, &err) == BASE_OK);
    BASE_ASSERT(nas_genotype_equal(genotype, again));
    base_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    base_arena *arena = base_arena_create();
    const char *path = fuzz_file("genotype", data, size);
    const nas_space *space = NULL;
    nas_genotype *genotype;
    base_err err = {0};
    size_t count;
    const nas_space_preset *const *presets = nas_space_presets(&count);
    if (choice % (count + 1) < count)
        BASE_ASSERT(nas_space_find(presets[choice % (count + 1)]->name, arena, &space, &err) == BASE_OK);
    if (nas_genotype_load(space, path, NULL, arena, &genotype, &err) == BASE_OK) {
        check_written(genotype, nas_genotype_write, arena);
        check_written(genotype, nas_genotype_write_short, arena);
        if (nas_genotype_check(genotype, &err) != BASE_OK) BASE_ASSERT(err.text[0] != '\0');
    } else {
        BASE_ASSERT(err.text[0] != '\0');
    }
    base_arena_destroy(arena);
    return 0;
}
