/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of text forms, one line each, and what is the same for all of them. */
#include <ctype.h>
#include <string.h>

#include "nas/genotype.h"

/* One line each. */
#define NAS_GENOTYPE_FORM_LIST(X)                                                                                      \
    X(json)                                                                                                            \
    X(darts)                                                                                                           \
    X(pt_darts)                                                                                                        \
    X(nasbench201)                                                                                                     \
    X(nasbench_macro)

#define DECLARE(name) extern const nas_genotype_form nas_genotype_form_##name;
NAS_GENOTYPE_FORM_LIST(DECLARE)

#define ADDRESS(name) &nas_genotype_form_##name,
static const nas_genotype_form *const forms[] = {NAS_GENOTYPE_FORM_LIST(ADDRESS)};
enum { COUNT = sizeof forms / sizeof *forms };

const nas_genotype_form *const *nas_genotype_forms(size_t *count) {
    *count = COUNT;
    return forms;
}

const nas_genotype_form *nas_genotype_form_find(const char *name) {
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(forms[i]->name, name) == 0) return forms[i];
    return NULL;
}

static const nas_genotype_form *recognize(const char *text) {
    while (isspace((unsigned char)*text)) text++;
    for (size_t i = 0; i < COUNT; i++)
        if (forms[i]->recognizes(text)) return forms[i];
    return NULL;
}

static base_status fail_unknown(const char *file, base_err *err) {
    base_buf all = {0};
    for (size_t i = 0; i < COUNT; i++)
        base_buf_printf(&all, "%s%s (%s)", i > 0 ? "; " : "", forms[i]->name, forms[i]->summary);
    base_status status =
        BASE_FAIL(err, BASE_INVALID, "%s:1:1: this is no genotype; one is written as %s", file, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

base_status nas_genotype_read(const nas_space *space, const char *file, const char *text, base_arena *arena,
                              nas_genotype **out, base_err *err) {
    const nas_genotype_form *form = recognize(text);
    *out = NULL;
    if (form == NULL) return fail_unknown(file, err);
    nas_genotype *genotype = nas_genotype_create(space, arena);
    BASE_TRY(form->read(file, text, arena, genotype, err));
    base_status status = nas_genotype_check(genotype, err);
    if (status != BASE_OK) base_err_prefix(err, "%s:1:1", file); /* of the whole text */
    BASE_TRY(status);
    *out = genotype;
    return BASE_OK;
}

void nas_genotype_write(const nas_genotype *genotype, base_buf *out) {
    forms[0]->write(genotype, out);
    base_buf_putc(out, '\n');
}

/* JSON is written on several lines; no text in it holds a line break. */
static void write_on_one_line(const nas_genotype *genotype, base_buf *out) {
    base_buf text = {0};
    forms[0]->write(genotype, &text);
    for (const char *c = base_buf_text(&text); *c != 0; c++) {
        if (*c == '\n')
            while (c[1] == ' ' || c[1] == '\n') c++;
        else
            base_buf_putc(out, *c);
    }
    base_buf_fini(&text);
}

void nas_genotype_write_short(const nas_genotype *genotype, base_buf *out) {
    for (size_t i = 1; i < COUNT; i++)
        if (forms[i]->holds(genotype->space)) {
            forms[i]->write(genotype, out);
            return;
        }
    write_on_one_line(genotype, out);
}

/* The space that a text without one means. */
static base_status guess_space(const char *file, const char *text, base_arena *arena, const nas_space **out,
                               base_err *err) {
    const nas_genotype_form *form = recognize(text);
    if (form == NULL) return fail_unknown(file, err);
    if (form->preset != NULL) return nas_space_find(form->preset, arena, out, err);
    base_yaml_node *root;
    BASE_TRY(base_yaml_parse(arena, file, text, strlen(text), &root, err));
    const base_yaml_node *name = base_yaml_get(root, "space");
    if (name == NULL || name->kind != BASE_YAML_STRING)
        return base_yaml_fail(root, err, "the genotype names no space: give it beside the genotype");
    return nas_space_read(name, arena, out, err);
}

static base_status fail_missing(const char *name, base_err *err) {
    base_buf all = {0};
    size_t count;
    const nas_known_cell *cells = nas_known_cells(&count);
    for (size_t i = 0; i < count; i++) base_buf_printf(&all, "%s%s", i > 0 ? ", " : "", cells[i].name);
    base_status status =
        BASE_FAIL(err, BASE_NOTFOUND, "%s is neither a file nor a known cell; those are %s", name, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

/* No file is called so. */
static bool is_text(const char *name) {
    return name[0] == '|' || name[0] == '{' || strstr(name, "Genotype(") != NULL ||
           (name[0] != 0 && name[strspn(name, "0123456789")] == 0);
}

/* *file: what the text is called in messages. */
static base_status find_text(const char *name, const char *base_dir, base_arena *arena, const char **file,
                             base_buf *text, base_err *err) {
    const nas_known_cell *known = nas_known_cell_find(name);
    *file = name;
    if (known != NULL || is_text(name)) {
        base_buf_puts(text, known != NULL ? known->text : name);
        if (known == NULL) *file = "genotype";
        return BASE_OK;
    }
    if (base_dir != NULL && name[0] != '/') *file = base_arena_printf(arena, "%s/%s", base_dir, name);
    base_status status = base_read_file(*file, text, err);
    return status == BASE_NOTFOUND ? fail_missing(*file, err) : status;
}

base_status nas_genotype_load(const nas_space *space, const char *name, const char *base_dir, base_arena *arena,
                              nas_genotype **out, base_err *err) {
    const nas_known_cell *known = nas_known_cell_find(name);
    const char *file;
    base_buf text = {0};
    *out = NULL;
    base_status status = find_text(name, base_dir, arena, &file, &text, err);
    if (status == BASE_OK && space == NULL)
        status = known != NULL ? nas_space_find(known->space, arena, &space, err)
                               : guess_space(file, base_buf_text(&text), arena, &space, err);
    if (status == BASE_OK) status = nas_genotype_read(space, file, base_buf_text(&text), arena, out, err);
    base_buf_fini(&text);
    return status;
}
