/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option tables: defaults, every kind, bounds with their sentences, unknown keys, help, print and read back. */
#include "tests/support/check.h"

#include "base/options.h"
#include "base/rng.h"

typedef struct train {
    bool shuffle;
    int64_t epochs;
    double learning_rate, momentum, target, fraction;
    const char *dataset, *path;
    int activation;
    double time;
    uint64_t memory;
    const base_yaml_node *layers;
} train;

static const char *const activations[] = {"relu", "tanh", "none", "true", NULL};

static const base_option table[] = {
    {"shuffle", BASE_OPTION_BOOL, offsetof(train, shuffle), "true", .help = "another order in every epoch"},
    {"epochs", BASE_OPTION_INT, offsetof(train, epochs), "10", .min = 1, .help = "passes over the training data",
     .alias = "num_epochs n_iter"},
    {"learning_rate", BASE_OPTION_REAL, offsetof(train, learning_rate), "1e-3", .max = 1, .open_min = true,
     .help = "step size"},
    {"momentum", BASE_OPTION_REAL, offsetof(train, momentum), "0.9", .max = 1, .help = "share of the last step"},
    {"target", BASE_OPTION_REAL, offsetof(train, target), "-.inf", .help = "stop at this loss"},
    {"fraction", BASE_OPTION_REAL, offsetof(train, fraction), "1", .min = 0, .max = 1, .open_min = true,
     .open_max = false, .help = "of the training data"},
    {"path", BASE_OPTION_STRING, offsetof(train, path), "", .help = "where the files are"},
    {"activation", BASE_OPTION_CHOICE, offsetof(train, activation), "tanh", .choices = activations,
     .help = "after every layer but the last"},
    {"time", BASE_OPTION_DURATION, offsetof(train, time), "10m", .open_min = true, .help = "limit of one trial"},
    {"memory", BASE_OPTION_BYTES, offsetof(train, memory), "", .min = 1024, .help = "limit of one trial"},
    {"layers", BASE_OPTION_NODE, offsetof(train, layers), "[64, 32]", .help = "widths"},
    {"dataset", BASE_OPTION_STRING, offsetof(train, dataset), BASE_REQUIRED, .help = "the name of a data set"},
    BASE_OPTIONS_END,
};

static base_arena *arena;
static base_err err;

static int setup(void **state) {
    (void)state;
    arena = base_arena_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    base_arena_destroy(arena);
    return 0;
}

static base_yaml_node *parse(const char *text) {
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    return root;
}

static void test_defaults(void **state) {
    (void)state;
    train t;
    memset(&t, 0xA5, sizeof t);
    CHECK_OK(base_options_read(table, parse("dataset: digits"), &t, arena, &err));
    assert_string_equal(t.dataset, "digits");
    assert_true(t.shuffle);
    assert_int_equal(t.epochs, 10);
    assert_true(t.learning_rate == 1e-3);
    assert_true(isinf(t.target) && t.target < 0);
    assert_null(t.path);
    assert_int_equal(t.activation, 1);
    assert_true(t.time == 600.0);
    assert_int_equal(t.memory, 0);
    assert_int_equal(t.layers->count, 2);
    CHECK_FAILS(base_options_read(table, NULL, &t, arena, &err), BASE_INVALID, "the key 'dataset' is missing");
    CHECK_FAILS(base_options_read(table, parse("\n  shuffle: true"), &t, arena, &err), BASE_INVALID,
                "s.yaml:2:3: the key 'dataset' is missing here: the name of a data set");
    const base_option one[] = {table[1], BASE_OPTIONS_END};
    const base_yaml_node *const absent[] = {NULL, parse("")};
    for (size_t i = 0; i < CHECK_COUNT(absent); i++) {
        t.epochs = 0;
        CHECK_OK(base_options_read(one, absent[i], &t, arena, &err));
        assert_int_equal(t.epochs, 10);
    }
    CHECK_FAILS(base_options_read(table, parse("- 1"), &t, arena, &err), BASE_INVALID,
                "s.yaml:1:1: a map of options is expected here (name: value), but this is a list");
}

static void test_values(void **state) {
    (void)state;
    train t = {0};
    CHECK_OK(base_options_read(table,
                               parse("{dataset: 'x y', shuffle: false, epochs: 0x10, learning_rate: 1, target: 0.5,"
                                     " path: null, activation: none, time: 1h30m, memory: 1.5KiB, layers: {a: [b]}}"),
                               &t, arena, &err));
    assert_string_equal(t.dataset, "x y");
    assert_false(t.shuffle);
    assert_int_equal(t.epochs, 16);
    assert_true(t.learning_rate == 1.0);
    assert_true(t.target == 0.5);
    assert_null(t.path);
    assert_int_equal(t.activation, 2);
    assert_true(t.time == 5400.0);
    assert_int_equal(t.memory, 1536);
    assert_int_equal(t.layers->kind, BASE_YAML_MAP);
    CHECK_OK(base_options_read(table, parse("{dataset: x, activation: true, time: 2.5, memory: 1GB, target: .inf}"), &t,
                               arena, &err));
    assert_int_equal(t.activation, 3);
    assert_true(t.time == 2.5);
    assert_int_equal(t.memory, 1000000000);
    CHECK_OK(base_options_read(table, parse("{dataset: x, memory: 18446744073709551615B}"), &t, arena, &err));
    assert_true(t.memory == UINT64_MAX);
}

static void test_sentences(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"dataset: x\nepochs: abc", "s.yaml:2:9: epochs must be an integer of at least 1, but is \"abc\" (a string)"},
        {"epochs: 3.0", "s.yaml:1:9: epochs must be an integer of at least 1, but is 3.0 (a float); write 3"},
        {"epochs: 1e3", "s.yaml:1:9: epochs must be an integer of at least 1, but is 1e3 (a float); write 1000"},
        {"epochs: 9223372036854775808", "s.yaml:1:9: epochs must be an integer of at least 1, but is"
                                        " 9223372036854775808 (an integer beyond 64 bits)"},
        {"epochs: '3'",
         "s.yaml:1:9: epochs must be an integer of at least 1, but is \"3\" (a string); remove the quotes"},
        {"epochs: 0", "s.yaml:1:9: epochs must be an integer of at least 1, but is 0"},
        {"epochs:", "s.yaml:1:8: epochs must be an integer of at least 1, but is empty (null)"},
        {"epochs: [1]", "s.yaml:1:9: epochs must be an integer of at least 1, but is a list"},
        {"learning_rate: 0", "s.yaml:1:16: learning_rate must be a number greater than 0 and at most 1, but is 0"},
        {"learning_rate: 1.5", "s.yaml:1:16: learning_rate must be a number greater than 0 and at most 1, but is 1.5"},
        {"learning_rate: .nan", "s.yaml:1:16: learning_rate must be a finite number, but is .nan"},
        {"learning_rate: .inf", "s.yaml:1:16: learning_rate must be a finite number, but is .inf"},
        {"target: .nan", "s.yaml:1:9: target must be a finite number, but is .nan"},
        {"momentum: -0.5", "s.yaml:1:11: momentum must be a number between 0 and 1, but is -0.5"},
        {"shuffle: yes", "s.yaml:1:10: shuffle must be true or false, but is \"yes\" (a string)"},
        {"dataset: 12", "s.yaml:1:10: dataset must be a string, but is 12 (an integer); put it in quotes"},
        {"activation: rleu",
         "s.yaml:1:13: activation must be one of relu, tanh, none, true, but is \"rleu\" (a string);"
         " did you mean 'relu'?"},
        {"activation: {}", "s.yaml:1:13: activation must be one of relu, tanh, none, true, but is a map"},
        {"time: 10x", "s.yaml:1:7: time must be a duration (90s, 10m, 1.5h, 2d) greater than 0s, but is \"10x\""
                      " (a string)"},
        {"time: -1",
         "s.yaml:1:7: time must be a duration (90s, 10m, 1.5h, 2d) greater than 0s, but is -1 (an integer)"},
        {"time: 0s", "s.yaml:1:7: time must be a duration (90s, 10m, 1.5h, 2d) greater than 0s, but is \"0s\""},
        {"time: 30min", "s.yaml:1:7: time must be a duration (90s, 10m, 1.5h, 2d) greater than 0s, but is \"30min\""
                        " (a string); write 30m"},
        {"time: 2 Hours", "s.yaml:1:7: time must be a duration (90s, 10m, 1.5h, 2d) greater than 0s, but is"
                          " \"2 Hours\" (a string); write 2h"},
        {"memory: 2 gigs", "s.yaml:1:9: memory must be a size with a unit (100MiB, 2GiB, 2G, 1MB) of at least 1024,"
                           " but is \"2 gigs\" (a string)"},
        {"memory: 100", "s.yaml:1:9: memory must be a size with a unit (100MiB, 2GiB, 2G, 1MB) of at least 1024, but"
                        " is 100 (an integer); write 100MiB or 100GiB"},
        {"memory: 2147483648", "s.yaml:1:9: memory must be a size with a unit (100MiB, 2GiB, 2G, 1MB) of at least"
                               " 1024, but is 2147483648 (an integer); for bytes write 2GiB"},
        {"memory: 100B", "s.yaml:1:9: memory must be a size with a unit (100MiB, 2GiB, 2G, 1MB) of at least 1024, but"
                         " is \"100B\""},
        {"memory: 1e30", "s.yaml:1:9: memory must be a size with a unit (100MiB, 2GiB, 2G, 1MB) of at least 1024, but"
                         " is 1e30 (a float)"},
        {"learning-rate: 1", "s.yaml:1:1: unknown key 'learning-rate'; did you mean 'learning_rate'?"},
        {"{epochs: 1, epohcs: 2}", "s.yaml:1:13: unknown key 'epohcs'; did you mean 'epochs'?"},
        {"n_iter: 1", "s.yaml:1:1: unknown key 'n_iter'; here it is 'epochs': passes over the training data"},
        {"num_epochs: 1", "s.yaml:1:1: unknown key 'num_epochs'; here it is 'epochs': passes over the training data"},
        {"iter: 1",
         "s.yaml:1:1: unknown key 'iter'; the keys here are shuffle, epochs, learning_rate, momentum, target, "
         "fraction, path, activation, time, memory, layers, dataset"}, /* only whole words are meant */
        {"widgets: 2", "s.yaml:1:1: unknown key 'widgets'; the keys here are shuffle, epochs, learning_rate,"
                       " momentum, target, fraction, path, activation, time, memory, layers, dataset"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        train t = {0};
        CHECK_STATUS(base_options_read(table, parse(cases[i].text), &t, arena, &err), BASE_INVALID);
        assert_string_equal(err.text, cases[i].sentence);
    }
}

static void test_bounds(void **state) {
    (void)state;
    static const struct {
        base_option option;
        const char *good, *bad, *rule;
    } cases[] = {
        {{"x", BASE_OPTION_REAL, .min = -1, .max = 1, .open_max = true}, "-1", "1", "of at least -1 and less than 1"},
        {{"x", BASE_OPTION_REAL, .max = 1, .open_min = true, .open_max = true},
         "0.5",
         "0",
         "greater than 0 and less than 1"},
        {{"x", BASE_OPTION_REAL, .open_min = true}, "1e-300", "0", "a number greater than 0,"},
        {{"x", BASE_OPTION_REAL, .open_max = true}, "-1e300", "0", "a number less than 0,"},
        {{"x", BASE_OPTION_REAL, .min = 0, .max = (double)INFINITY}, "0", "-1", "a number of at least 0,"},
        {{"x", BASE_OPTION_INT, .min = -(double)INFINITY, .max = -1}, "-7", "0", "an integer of at most -1,"},
        {{"x", BASE_OPTION_INT, .min = 2}, "9223372036854775807", "1", "an integer of at least 2,"},
        {{"x", BASE_OPTION_INT, .min = 2, .max = 2}, "2", "3", "an integer between 2 and 2,"},
        {{"x", BASE_OPTION_REAL, .min = 1e-9, .max = 0.25}, "0.25", "0.26", "between 1e-09 and 0.25"},
        {{.name = "x", .kind = BASE_OPTION_INT}, "-5", "-5.5", "must be an integer,"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const base_option *option = &cases[i].option;
        CHECK_OK(base_option_check(option, base_yaml_scalar(arena, NULL, cases[i].good, false), &err));
        CHECK_FAILS(base_option_check(option, base_yaml_scalar(arena, NULL, cases[i].bad, false), &err), BASE_INVALID,
                    cases[i].rule);
    }
    assert_ptr_equal(base_options_find(table, "epochs"), &table[1]);
    assert_null(base_options_find(table, "epoch"));
}

static void test_durations_and_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } durations[] = {
        {"90", 90}, {"90s", 90},     {"10m", 600},     {"1.5h", 5400},          {"2d", 172800},
        {"0s", 0},  {"1h30m", 5400}, {"1h 02m", 3720}, {"1d2h3m4.5s", 93784.5}, {"0.25", 0.25},
    };
    for (size_t i = 0; i < CHECK_COUNT(durations); i++) {
        double seconds = -1;
        if (!base_parse_duration(durations[i].text, &seconds)) fail_msg("%s is refused", durations[i].text);
        CHECK_SAME_DOUBLE(seconds, durations[i].seconds);
    }
    static const char *const no_durations[] = {"",     "s",   "-1s", "1x",  "1h30", "30m1h", "1m1m",   "1 m",
                                               "1e3s", " 1s", "1s ", ".5h", "1.h",  "10ms",  "1h  2m", "nan"};
    for (size_t i = 0; i < CHECK_COUNT(no_durations); i++) {
        double seconds = 0;
        if (base_parse_duration(no_durations[i], &seconds)) fail_msg("'%s' is taken", no_durations[i]);
    }
    static const struct {
        const char *text;
        uint64_t bytes;
    } sizes[] = {
        {"512B", 512},
        {"64KiB", 65536},
        {"2GiB", UINT64_C(2147483648)},
        {"1MB", 1000000},
        {"1.5GiB", UINT64_C(1610612736)},
        {"10 kB", 10000},
        {"1gib", UINT64_C(1073741824)},
        {"7B", 7},
        {"0B", 0},
        {"2G", UINT64_C(2147483648)},
        {"2GB", UINT64_C(2000000000)},
        {"3m", UINT64_C(3145728)},
        {"1.5Ki", 1536},
        {"1TiB", UINT64_C(1099511627776)},
        {"0.1KiB", 102},
        {"18446744073709551615B", UINT64_MAX},
    };
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        uint64_t bytes = 0;
        if (!base_parse_bytes(sizes[i].text, &bytes)) fail_msg("%s is refused", sizes[i].text);
        assert_true(bytes == sizes[i].bytes);
    }
    static const char *const no_sizes[] = {
        "",     "-1",    "512",   "1.5",   "1.5B", "KiB",         "1e9",  "18446744073709551616B",
        "2g i", "1 KB ", "1KiBs", "1.KiB", " 1",   "16777216TiB", "1  kB"};
    for (size_t i = 0; i < CHECK_COUNT(no_sizes); i++) {
        uint64_t bytes = 0;
        if (base_parse_bytes(no_sizes[i], &bytes)) fail_msg("'%s' is taken", no_sizes[i]);
    }
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const names[] = {"learning_rate", "momentum", "epochs", "batch_size", "epoch_size", "lr"};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"learning_rte", "learning_rate"},
        {"Learning-Rate", "learning_rate"},
        {"learningrate", "learning_rate"},
        {"learning_rate", "learning_rate"},
        {"lerning_raet", "learning_rate"},
        {"momentun", "momentum"},
        {"epohcs", "epochs"},
        {"epoch", "epochs"},
        {"batchsize", "batch_size"},
        {"size", NULL},
        {"rate", NULL},
        {"", NULL},
        {"rl", "lr"},
        {"xyz", NULL},
        {"mmnt", NULL},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const char *nearest = base_nearest(cases[i].word, names, CHECK_COUNT(names));
        if (cases[i].nearest == NULL ? nearest != NULL : nearest == NULL || strcmp(nearest, cases[i].nearest) != 0) {
            fail_msg("'%s': got %s", cases[i].word, nearest != NULL ? nearest : "nothing");
        }
    }
    static const char *const ties[] = {"ab", "ac", "ad"};
    assert_string_equal(base_nearest("ax", ties, 3), "ab");
    char word[200];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    assert_null(base_nearest(word, names, CHECK_COUNT(names)));
    const char *const long_name[] = {word};
    assert_null(base_nearest("aaa", long_name, 1));
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* The optimal string alignment by its recursive definition. */
static int recursive_distance(const char *a, int n, const char *b, int m) {
    if (n == 0 || m == 0) return n + m;
    int best = smaller(recursive_distance(a, n - 1, b, m), recursive_distance(a, n, b, m - 1)) + 1;
    best = smaller(best, recursive_distance(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]));
    if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
        best = smaller(best, recursive_distance(a, n - 2, b, m - 2) + 1);
    }
    return best;
}

static void test_distance_by_definition(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    int near = 0;
    for (int i = 0; i < 3000; i++) {
        char a[8] = "", b[8] = "";
        const int n = 1 + (int)base_rng_below(&rng, 6), m = (int)base_rng_below(&rng, 7);
        for (int j = 0; j < n; j++) a[j] = (char)('a' + base_rng_below(&rng, 3));
        for (int j = 0; j < m; j++) b[j] = (char)('a' + base_rng_below(&rng, 3));
        const char *const names[] = {b};
        const bool expected = recursive_distance(a, n, b, m) <= (n / 3 > 1 ? n / 3 : 1);
        assert_int_equal(base_nearest(a, names, 1) != NULL, expected);
        near += expected;
    }
    assert_true(near > 100 && near < 2900);
}

/* A name of older files is read, alone; what is printed and said is the name. */
static void test_former_names(void **state) {
    (void)state;
    static const base_option part[] = {
        {"normalize", BASE_OPTION_STRING, 0, "", .formerly = "normalise"},
        BASE_OPTIONS_END,
    };
    const base_option *joined = base_options_join(arena, &(base_options_part){part, 0, "data"}, 1);
    const char *value = NULL;
    CHECK_OK(base_options_read(part, parse("normalise: a"), &value, arena, &err));
    assert_string_equal(value, "a");
    CHECK_OK(base_options_read(part, parse("normalize: b"), &value, arena, &err));
    assert_string_equal(value, "b");
    CHECK_OK(base_options_read(joined, parse("data.normalise: c"), &value, arena, &err));
    assert_string_equal(value, "c");
    assert_ptr_equal(base_options_find(part, "normalise"), part);
    base_buf printed = {0};
    base_options_print(part, &value, &printed);
    CHECK_CONTAINS(base_buf_text(&printed), "normalize: c");
    base_buf_fini(&printed);
    assert_int_equal(base_options_read(part, parse("{normalise: a, normalize: a}"), &value, arena, &err), BASE_INVALID);
    CHECK_CONTAINS(err.text, "normalise is what 'normalize' was called before");
}

/* What people know by another name, and hyphens for underscores; what is printed is the name. */
static void choices_have_synonyms(void **state) {
    (void)state;
    static const char *const names[] = {"leaky_relu", "swish", "he-normal", NULL};
    static const base_option option[] = {
        {"f", BASE_OPTION_CHOICE, 0, "swish", .choices = names,
         .synonyms = "silu=swish he=he-normal lrelu=leaky_relu x=y"},
        BASE_OPTIONS_END,
    };
    static const struct {
        const char *word;
        int choice; /* -1: refused */
    } words[] = {{"leaky_relu", 0}, {"leaky-relu", 0}, {"swish", 1}, {"silu", 1},   {"he_normal", 2},
                 {"he-normal", 2},  {"he", 2},         {"lrelu", 0}, {"leaky", -1}, {"silu=swish", -1},
                 {"sil", -1},       {"siluu", -1},     {"SILU", -1}, {"x", -1},     {"leaky_relu_", -1}};
    for (size_t i = 0; i < CHECK_COUNT(words); i++) {
        char text[64];
        int choice = -1;
        snprintf(text, sizeof text, "{f: %s}", words[i].word);
        const base_status status = base_options_read(option, parse(text), &choice, arena, &err);
        assert_int_equal(status, words[i].choice < 0 ? BASE_INVALID : BASE_OK);
        if (words[i].choice < 0) continue;
        assert_int_equal(choice, words[i].choice);
        base_buf printed = {0};
        base_options_print(option, &choice, &printed);
        CHECK_CONTAINS(base_buf_text(&printed), names[choice]);
        base_buf_fini(&printed);
    }
}

static void test_help(void **state) {
    (void)state;
    static const base_option some[] = {
        {"epochs", BASE_OPTION_INT, 0, "10", .min = 1, .help = "passes over the training data",
         .alias = "num_epochs n_iter"},
        {"a_name_that_is_longer_than_the_column", BASE_OPTION_STRING, 0, BASE_REQUIRED,
         .help = "a long text about an option that does not fit into one line of eighty columns, so it goes on"},
        {"activation", BASE_OPTION_CHOICE, 0, "", .choices = activations},
        BASE_OPTIONS_END,
    };
    base_buf out = {0};
    base_options_help(some, &out);
    assert_string_equal(base_buf_text(&out),
                        "  epochs                    integer of at least 1; default 10\n"
                        "                            passes over the training data\n"
                        "  a_name_that_is_longer_than_the_column\n"
                        "                            string; required\n"
                        "                            a long text about an option that does not fit into\n"
                        "                            one line of eighty columns, so it goes on\n"
                        "  activation                one of relu, tanh, none, true; optional\n");
    base_buf_clear(&out);
    base_options_help(table, &out);
    for (const char *line = base_buf_text(&out); *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_true(strcspn(line, "\n") <= 80);
    }
    for (const base_option *option = table; option->name != NULL; option++) {
        CHECK_CONTAINS(base_buf_text(&out), option->name);
        CHECK_CONTAINS(base_buf_text(&out), option->help);
    }
    base_buf_fini(&out);
}

static void test_print(void **state) {
    (void)state;
    /* Two ways to write the same settings give the same text. */
    static const char *const same[] = {
        "{dataset: '010', learning_rate: 1e-2, time: 90m, memory: 1MiB, layers: [1.50, 0x10, {a: ~}], epochs: 010}",
        "{epochs: 10, layers: [1.5, 16, {a: null}], memory: 1024 kib, time: 1h30m, learning_rate: 0.01, dataset: "
        "\"010\"}",
    };
    const char *canonical = "{shuffle: true, epochs: 10, learning_rate: 0.01, momentum: 0.9,"
                            " target: -.inf, fraction: 1.0, path: null, activation: tanh, time: 5400.0,"
                            " memory: 1MiB, layers: [1.5, 16, {a: null}], dataset: \"010\"}";
    base_buf out = {0};
    for (size_t i = 0; i < CHECK_COUNT(same); i++) {
        train t = {0};
        CHECK_OK(base_options_read(table, parse(same[i]), &t, arena, &err));
        base_buf_clear(&out);
        base_options_print(table, &t, &out);
        assert_string_equal(base_buf_text(&out), canonical);
    }
    /* What is printed reads back to the same, also from the defaults and from odd values. */
    static const char *const texts[] = {
        "dataset: x", "{dataset: 'null', path: '', activation: 'true', target: 1e300}",
        "{dataset: \"a\\nb: c\", layers: {\"k\": ['1', 2.0, .nan, -.inf]}, memory: 18446744073709551615B, time: 1e-9}"};
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        train t = {0}, again = {0};
        base_buf second = {0};
        CHECK_OK(base_options_read(table, parse(texts[i]), &t, arena, &err));
        base_buf_clear(&out);
        base_options_print(table, &t, &out);
        CHECK_OK(base_options_read(table, parse(base_buf_text(&out)), &again, arena, &err));
        base_options_print(table, &again, &second);
        assert_string_equal(base_buf_text(&out), base_buf_text(&second));
        assert_string_equal(t.dataset, again.dataset);
        assert_int_equal(t.activation, again.activation);
        assert_true(t.memory == again.memory && t.time == again.time && t.target == again.target);
        assert_true(base_yaml_equal(t.layers, again.layers));
        base_buf_fini(&second);
    }
    base_buf_fini(&out);
}

/* Two structs in one, and a table under a prefix: every line keeps its meaning at its new place. */
static void test_join(void **state) {
    (void)state;
    typedef struct inner {
        int64_t width;
        double rate;
    } inner;
    typedef struct outer {
        bool flag;
        inner in, other;
    } outer;
    static const base_option flags[] = {{"flag", BASE_OPTION_BOOL, offsetof(outer, flag), "false", .help = ""},
                                        BASE_OPTIONS_END};
    static const base_option inner_options[] = {
        {"width", BASE_OPTION_INT, offsetof(inner, width), "3", .min = 1, .help = ""},
        {"rate", BASE_OPTION_REAL, offsetof(inner, rate), "0.5", .min = 0, .max = 1, .help = ""},
        BASE_OPTIONS_END,
    };
    const base_options_part parts[] = {
        {.table = flags},
        {.table = inner_options, .offset = offsetof(outer, in)},
        {.table = inner_options, .offset = offsetof(outer, other), .prefix = "retrain"},
    };
    const base_option *joined = base_options_join(arena, parts, CHECK_COUNT(parts));
    outer o = {0};
    assert_int_equal(base_options_count(joined), 5);
    CHECK_OK(base_options_read(joined, parse("{rate: 0.25, retrain.width: 7, flag: true}"), &o, arena, &err));
    assert_true(o.flag && o.in.width == 3 && o.in.rate == 0.25 && o.other.width == 7 && o.other.rate == 0.5);
    CHECK_FAILS(base_options_read(joined, parse("{retrain.rate: 2}"), &o, arena, &err), BASE_INVALID,
                "retrain.rate must be a number between 0 and 1");
    CHECK_FAILS(base_options_read(joined, parse("{retrain.widht: 2}"), &o, arena, &err), BASE_INVALID,
                "did you mean 'retrain.width'?");
    assert_int_equal(base_options_count(base_options_join(arena, NULL, 0)), 0);
}

/* One table of a map that holds the keys of others too. */
static void test_known_and_fill(void **state) {
    (void)state;
    static const base_option own[] = {{"epochs", BASE_OPTION_INT, 0, "10", .min = 1, .help = ""}, BASE_OPTIONS_END};
    const base_yaml_node *map = parse("{epochs: 4, dataset: x, momentum: null}");
    int64_t epochs = 0;
    CHECK_OK(base_options_known(table, map, &err));
    CHECK_FAILS(base_options_known(own, map, &err), BASE_INVALID, "s.yaml:1:13: unknown key 'dataset'");
    CHECK_OK(base_options_fill(own, map, &epochs, arena, &err));
    assert_int_equal(epochs, 4);
    CHECK_FAILS(base_options_fill(own, parse("{dataset: x, epochs: 0}"), &epochs, arena, &err), BASE_INVALID,
                "epochs must be an integer of at least 1");
    assert_true(base_options_given(map, "epochs") && !base_options_given(map, "momentum"));
    assert_true(!base_options_given(map, "path") && !base_options_given(NULL, "path"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_join, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_and_fill, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sentences, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test(test_durations_and_sizes),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_distance_by_definition),
        cmocka_unit_test_setup_teardown(test_former_names, setup, teardown),
        cmocka_unit_test_setup_teardown(choices_have_synonyms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_print, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
