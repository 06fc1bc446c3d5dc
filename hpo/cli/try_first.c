/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that `try_first:` names: read at the first start and copied into the run's folder, from which every later
 * start reads it, so that a run goes on as it began when its source has changed or is gone. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/study/try_first.h"

/* Its ending says what the copy is. */
static const char *copy_in(base_arena *arena, const char *path, const char *run_dir) {
    const char *dot = strrchr(path, '.');
    return base_arena_printf(arena, "%s/try_first.%s", run_dir, dot && strcasecmp(dot, ".csv") == 0 ? "csv" : "yaml");
}

/* A source that says something else by now is not what this run uses. */
static void warn_of_change(const hpo_study_spec *spec, const char *path, const char *copy, const base_buf *kept) {
    base_buf source = {0};
    base_err ignored;
    const bool read = base_read_file(path, &source, &ignored) == BASE_OK;
    if (read && (source.length != kept->length || memcmp(source.data, kept->data, kept->length) != 0)) {
        base_log(BASE_LOG_WARN, "%s is not what it was when the run began; the run goes on with its copy %s",
                 spec->try_first->text, copy);
    }
    base_buf_fini(&source);
}

base_status cli_read_try_first(hpo_study_spec *spec, const char *run_dir, base_buf *bytes, base_err *err) {
    const char *path = hpo_try_first_path(spec, spec->arena);
    if (!path) return BASE_OK;
    const char *copy = run_dir ? copy_in(spec->arena, path, run_dir) : NULL;
    const bool kept = copy && access(copy, F_OK) == 0;
    base_err why = {0};
    base_status status = base_read_file(kept ? copy : path, bytes, &why);
    if (status != BASE_OK) {
        return kept ? BASE_FAIL(err, status, "%s", why.text) : base_yaml_fail(spec->try_first, err, "%s", why.text);
    }
    if (kept && bytes->length > 0) warn_of_change(spec, path, copy, bytes);
    base_yaml_node *list = NULL;
    const char *shown = kept ? copy : spec->try_first->text;
    BASE_TRY(hpo_try_first_parse(spec->arena, shown, base_buf_text(bytes), bytes->length, &list, err));
    return hpo_try_first_set(spec, list, err);
}

base_status cli_keep_try_first(const hpo_study_spec *spec, const char *run_dir, const base_buf *bytes, base_err *err) {
    if (!spec->try_first || spec->try_first->kind != BASE_YAML_STRING) return BASE_OK;
    const char *copy = copy_in(spec->arena, spec->try_first->text, run_dir);
    return base_write_file(copy, base_buf_text(bytes), bytes->length, err);
}

const char *cli_try_first_assignment(const hpo_study_spec *spec, base_arena *arena) {
    if (!spec->try_first || spec->try_first->kind != BASE_YAML_STRING) return NULL;
    base_buf text = {0};
    base_buf_puts(&text, "try_first=");
    hpo_try_first_print(spec, &text);
    const char *assignment = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return assignment;
}
