/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows runs: reads their journals, which may still be written, and needs nothing of what made them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/cli/cli.h"
#include "hpo/report/formats.h"

static const char usage[] = "usage: hpo_report [options] DIR...\n"
                            "\n"
                            "Tells what a run in DIR found, what it cost and what went wrong. The run may go on.\n"
                            "\n"
                            "  --format F     text (default): for people, 80 columns; md: the same as Markdown;\n"
                            "                 csv: a row per trial; json: everything\n"
                            "  --out FILE     default: the standard output\n"
                            "  --anonymous    without machine, paths, command and reasons of failures, which\n"
                            "                 may hold any of these\n";

typedef struct format {
    const char *name;
    void (*put)(const hpo_account *account, base_buf *out);
    bool many; /* several runs can follow each other */
} format;

static const format formats[] = {
    {"text", hpo_report_text, true},
    {"md", hpo_report_markdown, true},
    {"csv", hpo_report_csv, false},
    {"json", hpo_report_json, false},
};
enum { FORMATS = sizeof formats / sizeof *formats };

typedef struct arguments {
    const format *format;
    const char *out;
    bool is_anonymous, wants_help;
    const char **dirs;
    size_t n_dirs;
} arguments;

static const format *format_of(const char *name) {
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

static base_status read_arguments(int argc, char **argv, arguments *a, base_err *err) {
    a->format = &formats[0];
    for (int i = 1; i < argc; i++) {
        const bool takes = strcmp(argv[i], "--format") == 0 || strcmp(argv[i], "--out") == 0;
        if (takes && i + 1 == argc) return BASE_FAIL(err, BASE_INVALID, "%s needs a value", argv[i]);
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            a->wants_help = true;
        } else if (strcmp(argv[i], "--anonymous") == 0) {
            a->is_anonymous = true;
        } else if (strcmp(argv[i], "--out") == 0) {
            a->out = argv[++i];
        } else if (strcmp(argv[i], "--format") == 0) {
            a->format = format_of(argv[++i]);
            if (!a->format) return BASE_FAIL(err, BASE_INVALID, "--format is text, md, csv or json, not %s", argv[i]);
        } else if (argv[i][0] == '-') {
            return BASE_FAIL(err, BASE_INVALID, "unknown option %s; see hpo_report --help", argv[i]);
        } else {
            a->dirs[a->n_dirs++] = argv[i];
        }
    }
    if (a->wants_help) return BASE_OK;
    if (a->n_dirs == 0) return BASE_FAIL(err, BASE_INVALID, "which run? See hpo_report --help");
    if (a->n_dirs > 1 && !a->format->many)
        return BASE_FAIL(err, BASE_INVALID, "--format %s shows one run at a time", a->format->name);
    return BASE_OK;
}

static base_status put_run(const arguments *a, const char *dir, base_buf *out, base_err *err) {
    hpo_account *account;
    BASE_TRY(hpo_account_read(dir, a->is_anonymous, &account, err));
    a->format->put(account, out);
    hpo_account_destroy(account);
    return BASE_OK;
}

static base_status show(const arguments *a, base_err *err) {
    base_buf out = {0};
    base_status status = BASE_OK;
    for (size_t i = 0; i < a->n_dirs && status == BASE_OK; i++) status = put_run(a, a->dirs[i], &out, err);
    if (status == BASE_OK && a->out) status = base_write_file(a->out, base_buf_text(&out), out.length, err);
    if (status == BASE_OK && !a->out &&
        (fwrite(base_buf_text(&out), 1, out.length, stdout) != out.length || fflush(stdout) != 0))
        status = BASE_FAIL(err, BASE_IO, "the standard output cannot be written");
    base_buf_fini(&out);
    return status;
}

int main(int argc, char **argv) {
    arguments a = {.dirs = base_calloc((size_t)argc, sizeof *a.dirs)};
    base_err err = {0};
    base_status status = read_arguments(argc, argv, &a, &err);
    if (status == BASE_OK && a.wants_help)
        fputs(usage, stdout);
    else if (status == BASE_OK)
        status = show(&a, &err);
    if (status != BASE_OK) fprintf(stderr, "hpo_report: %s\n", err.text);
    free(a.dirs);
    return status == BASE_OK ? HPO_EXIT_DONE : status == BASE_IO ? HPO_EXIT_STORAGE : HPO_EXIT_BAD_INPUT;
}
