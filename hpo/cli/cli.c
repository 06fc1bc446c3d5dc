/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the command line, and what is done for each form of it. */
#include "hpo/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"

static const char *const known_options[] = {
    "-j",         "--jobs",  "--dir",  "--set",     "--seed", "--check",        "--replay",        "--list",  "--help",
    "--progress", "--quiet", "--json", "--version", "--more", "--retry-failed", "--accept-change", "--repair"};

/* The value of an option that takes one: --name=VALUE, -jVALUE, or the next argument. */
static base_status take_value(int argc, char **argv, int *i, const char *name, const char **value, base_err *err) {
    const char *argument = argv[*i];
    size_t length = strlen(name);
    if (strncmp(argument, "--", 2) == 0 && argument[length] == '=') {
        *value = argument + length + 1;
    } else if (strncmp(argument, "--", 2) != 0 && argument[length] != '\0') {
        *value = argument + length;
    } else if (*i + 1 < argc) {
        *value = argv[++*i];
    } else {
        return BASE_FAIL(err, BASE_INVALID, "%s needs a value; see hpo_search --help", name);
    }
    return BASE_OK;
}

static bool is_option(const char *argument, const char *name) {
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0) return false;
    if (argument[length] == '\0' || argument[length] == '=') return true;
    return strncmp(name, "--", 2) != 0 && strcmp(name, "-j") == 0;
}

static base_status read_jobs(const char *text, hpo_cli_args *args, base_err *err) {
    int64_t n = 0;
    if (!base_parse_i64(text, &n) || n < 1 || n > 100000) {
        return BASE_FAIL(err, BASE_INVALID, "-j needs a number of workers of at least 1, but got '%s'", text);
    }
#ifndef HPO_HAVE_MPI
    return BASE_FAIL(err, BASE_INVALID, "-j needs MPI, but this program was built without it; run it without -j");
#endif
    args->jobs = (size_t)n;
    return BASE_OK;
}

static base_status read_seed(const char *text, hpo_cli_args *args, base_err *err) {
    errno = 0;
    const unsigned long long seed = strtoull(text, NULL, 10);
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0) {
        return BASE_FAIL(err, BASE_INVALID, "--seed needs an integer from 0 to 2^64 - 1, but got '%s'", text);
    }
    args->seed = seed;
    args->has_seed = true;
    return BASE_OK;
}

/* A number adds to trials or cost, a time with its unit to the time; each may be given once. */
static base_status read_more(const char *text, hpo_cli_args *args, base_err *err) {
    double number = 0;
    const bool is_number = base_parse_double(text, &number);
    double *into = is_number ? &args->more_count : &args->more_time;
    if (!is_number && !base_parse_duration(text, &number)) number = 0;
    if (!(number > 0 && number < 1e15)) {
        return BASE_FAIL(err, BASE_INVALID,
                         "--more needs a number of trials (or of units of cost), e.g. --more 10, or a time with its "
                         "unit, e.g. --more 5m, but got '%s'",
                         text);
    }
    if (*into > 0) return BASE_FAIL(err, BASE_INVALID, "--more was given twice; give the sum");
    *into = number;
    return BASE_OK;
}

/* One of the three, and no other before it. */
static base_status choose_display(hpo_display display, hpo_cli_args *args, base_err *err) {
    if (args->display != HPO_DISPLAY_AUTO && args->display != display) {
        return BASE_FAIL(err, BASE_INVALID, "--progress, --quiet and --json exclude each other; give one of them");
    }
    args->display = display;
    return BASE_OK;
}

static base_status unknown_option(const char *argument, base_err *err) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    const size_t count = sizeof known_options / sizeof known_options[0];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, known_options[i]) != 0) continue;
        return BASE_FAIL(err, BASE_INVALID, "%s takes no value, but got '%s'", name, argument);
    }
    static const char *const workers[] = {"-n", "-np", "-w", "--workers", "--num-workers", "--n-jobs", "--parallel"};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        if (strcmp(name, workers[i]) != 0) continue;
        return BASE_FAIL(err, BASE_INVALID, "unknown option '%s'; for several workers write -j N", name);
    }
    const char *near = strlen(name) > 2 ? base_nearest(name, known_options, count) : NULL;
    return near ? BASE_FAIL(err, BASE_INVALID, "unknown option '%s'; did you mean '%s'?", name, near)
                : BASE_FAIL(err, BASE_INVALID, "unknown option '%s'; see hpo_search --help", name);
}

static base_status read_option(int argc, char **argv, int *i, hpo_cli_args *args, base_err *err) {
    const char *a = argv[*i], *value = NULL;
    if (is_option(a, "-j") || is_option(a, "--jobs")) {
        args->for_launcher[*i] = true;
        BASE_TRY(take_value(argc, argv, i, a[1] == '-' ? "--jobs" : "-j", &value, err));
        args->for_launcher[*i] = true;
        return read_jobs(value, args, err);
    }
    if (is_option(a, "--dir")) {
        BASE_TRY(take_value(argc, argv, i, "--dir", &args->dir, err));
        return args->dir[0] ? BASE_OK : BASE_FAIL(err, BASE_INVALID, "--dir needs the name of a folder");
    }
    if (is_option(a, "--repair")) {
        BASE_TRY(take_value(argc, argv, i, "--repair", &args->repair, err));
        return args->repair[0] ? BASE_OK : BASE_FAIL(err, BASE_INVALID, "--repair needs the name of a run's folder");
    }
    if (is_option(a, "--seed")) {
        BASE_TRY(take_value(argc, argv, i, "--seed", &value, err));
        return read_seed(value, args, err);
    }
    if (is_option(a, "--set")) {
        BASE_TRY(take_value(argc, argv, i, "--set", &value, err));
        if (!strchr(value, '=')) {
            return BASE_FAIL(err, BASE_INVALID, "--set needs KEY=VALUE, e.g. budget.trials=50, but got '%s'", value);
        }
        args->sets[args->n_sets++] = value;
        return BASE_OK;
    }
    if (is_option(a, "--more")) {
        args->once[*i] = true;
        BASE_TRY(take_value(argc, argv, i, "--more", &value, err));
        args->once[*i] = true;
        return read_more(value, args, err);
    }
    if (strcmp(a, "--check") == 0) {
        args->check = true;
    } else if (strcmp(a, "--replay") == 0) {
        args->replay = true;
    } else if (strcmp(a, "--accept-change") == 0) {
        args->accept_change = true;
    } else if (strcmp(a, "--retry-failed") == 0) {
        args->retry_failed = args->once[*i] = true;
    } else if (strcmp(a, "--list") == 0) {
        args->list = true;
    } else if (strcmp(a, "--version") == 0) {
        args->version = true;
    } else if (strcmp(a, "--progress") == 0) {
        return choose_display(HPO_DISPLAY_PROGRESS, args, err);
    } else if (strcmp(a, "--quiet") == 0) {
        return choose_display(HPO_DISPLAY_QUIET, args, err);
    } else if (strcmp(a, "--json") == 0) {
        return choose_display(HPO_DISPLAY_JSON, args, err);
    } else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
        args->help = true;
        if (*i + 1 < argc && argv[*i + 1][0] != '-') args->topic = argv[++*i];
    } else {
        return unknown_option(a, err);
    }
    return BASE_OK;
}

static base_status read_arguments(int argc, char **argv, hpo_cli_args *args, base_err *err) {
    bool options = true; /* until "--" */
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            BASE_TRY(read_option(argc, argv, &i, args, err));
        } else if (args->file) {
            return BASE_FAIL(err, BASE_INVALID, "one study file at a time: '%s' and '%s' were given", args->file,
                             argv[i]);
        } else {
            args->file = argv[i];
        }
    }
    if (args->check && args->replay) {
        return BASE_FAIL(err, BASE_INVALID, "--check reads a study file, --replay a journal; give one of them");
    }
    const bool orders = args->accept_change || args->retry_failed || args->more_count > 0 || args->more_time > 0;
    if (orders && (args->check || args->replay)) {
        return BASE_FAIL(err, BASE_INVALID,
                         "--more, --retry-failed and --accept-change go on with a run; %s runs nothing",
                         args->check ? "--check" : "--replay");
    }
    bool informs = args->help || args->list || args->version;
    if (args->repair && (args->check || args->replay || args->jobs > 0)) {
        return BASE_FAIL(err, BASE_INVALID, "--repair runs nothing; give it without --check, --replay and -j");
    }
    if (!args->file && !informs && !args->repair) {
        return BASE_FAIL(err, BASE_INVALID, "a study file is missing: hpo_search STUDY.yaml; see hpo_search --help");
    }
    return BASE_OK;
}

static base_status inform(const hpo_catalog *catalog, const hpo_cli_args *args, base_buf *out, base_err *err) {
    if (args->version) {
        base_buf_printf(out, "%s\n", catalog->version);
    } else if (args->list) {
        cli_print_list(catalog, out);
    } else if (args->topic) {
        return cli_print_topic(catalog, args->topic, out, err);
    } else {
        cli_print_usage(out);
    }
    return BASE_OK;
}

/* Whatever keeps it from being read is for the user to mend: bad input, not a failure of storage. */
static bool is_program(const char *path) {
    static const char *const endings[] = {".py", ".sh", ".R", ".jl", ".ipynb", ".c"};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(ending, endings[i]) == 0) return true;
    return false;
}

const char *const *cli_sets(const hpo_catalog *catalog, const hpo_cli_args *args, size_t *count) {
    *count = catalog->front ? 0 : args->n_sets;
    return args->sets;
}

base_status cli_read_study_file(const char *path, base_buf *text, base_err *err) {
    if (is_program(path)) {
        return BASE_FAIL(err, BASE_INVALID,
                         "'%s' is a program; hpo_search needs a study file that says how to run it: see --help study",
                         path);
    }
    const base_status status = base_read_file(path, text, err);
    return status == BASE_IO ? BASE_INVALID : status;
}

base_status cli_read_study(const hpo_catalog *catalog, const hpo_cli_args *args, base_buf *text, base_err *err) {
    const hpo_front *front = catalog->front;
    return front ? front->study(front->self, args->file, args->sets, args->n_sets, text, err)
                 : cli_read_study_file(args->file, text, err);
}

/* Comments of the resolved study, broken before column 80: what was chosen for it, and what may be a mistake. */
static void put_advice(const hpo_study_spec *spec, base_arena *arena, base_buf *out) {
    base_buf text = {0}, broken = {0};
    if (spec->chosen) base_put_text(base_arena_printf(arena, "method: auto takes %s", spec->chosen), 2, &broken);
    hpo_study_advise(spec, &text);
    for (const char *line = base_buf_text(&text); *line; line += strcspn(line, "\n") + 1)
        base_put_text(base_arena_printf(arena, "warning: %.*s", (int)strcspn(line, "\n"), line), 2, &broken);
    for (const char *line = base_buf_text(&broken); *line; line += strcspn(line, "\n") + 1)
        base_buf_printf(out, "# %.*s\n", (int)strcspn(line, "\n") - 2, line + 2);
    base_buf_fini(&text);
    base_buf_fini(&broken);
}

static int check(const hpo_catalog *catalog, const hpo_cli_args *args, base_buf *out, base_err *err) {
    base_buf text = {0};
    hpo_study_spec *spec = NULL;
    base_status status = cli_read_study(catalog, args, &text, err);
    size_t n_sets;
    const char *const *sets = cli_sets(catalog, args, &n_sets);
    if (status == BASE_OK) {
        status = hpo_study_read(catalog, args->file, base_buf_text(&text), text.length, sets, n_sets,
                                args->has_seed ? &args->seed : NULL, &spec, err);
    }
    base_buf first = {0};
    if (status == BASE_OK) status = cli_read_try_first(spec, NULL, &first, err);
    base_buf_fini(&first);
    if (status == BASE_OK && spec->chosen && args->jobs > 0) status = hpo_study_choose(spec, (uint64_t)args->jobs, err);
    if (status == BASE_OK) hpo_study_spec_print(spec, out);
    if (status == BASE_OK) status = hpo_study_describe(spec, out, err);
    if (status == BASE_OK) put_advice(spec, spec->arena, out);
    hpo_study_spec_destroy(spec);
    base_buf_fini(&text);
    return status == BASE_OK ? HPO_EXIT_DONE : HPO_EXIT_BAD_INPUT;
}

static int launch(const hpo_cli_args *args, const cli_started *started, int argc, char **argv, base_err *err) {
    if (started->size < 2) return cli_launch(args, argc, argv);
    (void)BASE_FAIL(
        err, BASE_INVALID,
        "-j starts the workers by itself, but %d processes have been started already: leave out one of the two",
        started->size);
    return HPO_EXIT_BAD_INPUT;
}

int hpo_cli_main(const hpo_catalog *catalog, int argc, char **argv) {
    cli_pin_blas_threads(argv);
    hpo_cli_args args = {.sets = base_calloc((size_t)argc, sizeof *args.sets),
                         .for_launcher = base_calloc((size_t)argc, sizeof *args.for_launcher),
                         .once = base_calloc((size_t)argc, sizeof *args.once)};
    base_err err = {0};
    base_buf out = {0};
    int code = HPO_EXIT_DONE;
    const cli_started started = cli_started_here();
    const bool speaks = started.rank == 0; /* below mpirun one rank speaks for all */
    if (read_arguments(argc, argv, &args, &err) != BASE_OK) {
        code = HPO_EXIT_BAD_INPUT;
    } else if (args.help || args.list || args.version) {
        if (inform(catalog, &args, &out, &err) != BASE_OK) code = HPO_EXIT_BAD_INPUT;
    } else if (args.repair) {
        code = speaks ? cli_repair(catalog, &args, &out, &err) : HPO_EXIT_DONE;
    } else if (args.check) {
        code = check(catalog, &args, &out, &err);
    } else if (args.jobs > 0 && !args.replay) { /* a replay evaluates nothing */
        code = launch(&args, &started, argc, argv, &err);
    } else {
        code = cli_run(catalog, &args, &started, argc, argv);
    }
    if (speaks && out.length > 0) fputs(base_buf_text(&out), stdout);
    if (speaks && err.text[0]) fprintf(stderr, "%s\n", err.text);
    base_buf_fini(&out);
    free(args.sets);
    free(args.for_launcher);
    free(args.once);
    return code;
}
