/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of searches with each other: each combination is a search, or is refused with a remedy that leads to one; and
 * every pair of parts that goes together does so in a search that runs. */
#include "tests/support/suite.h"
#include "tests/nas/search_support.h"

#include <ctype.h>

/* Indices into the registries. */
typedef struct parts {
    size_t at[NAS_CHOICES];
} parts;

static const char *name_of(const parts *p, int choice) {
    return nas_choice_at((nas_choice)choice, p->at[choice]).name;
}

/* Whether one of its parts is to be tested. */
static bool is_wanted(const parts *p) {
    bool wanted = false;
    for (int i = 0; i < NAS_CHOICES; i++) wanted |= suite_wants(name_of(p, i));
    return wanted;
}

/* Sets *p to the next combination; false behind the last. */
static bool next(parts *p) {
    for (int i = 0; i < NAS_CHOICES; i++) {
        if (++p->at[i] < nas_choice_count((nas_choice)i)) return true;
        p->at[i] = 0;
    }
    return false;
}

static const char *text_of(const parts *p, base_arena *arena) {
    const char *text = "{";
    for (int i = 0; i < NAS_CHOICES; i++)
        text = base_arena_printf(arena, "%s%s%s: %s", text, i > 0 ? ", " : "", nas_choice_keys[i], name_of(p, i));
    if (strcmp(name_of(p, NAS_CHOICE_SELECTION), "perturbation") == 0)
        text = base_arena_printf(arena, "%s, tune: 1", text); /* 5 take long */
    return base_arena_printf(arena, "%s}", text);
}

static base_status read_parts(const parts *p, base_arena *arena, nas_choices *out, base_err *err) {
    const char *text = text_of(p, arena);
    base_yaml_node *node;
    BASE_TRY(base_yaml_parse(arena, "s.yaml", text, strlen(text), &node, err));
    return nas_choices_read(node, arena, out, err);
}

/* ---- refusals ---- */

static size_t named(const char *sentence, const parts *p, base_arena *arena) {
    size_t count = 0;
    for (int i = 0; i < NAS_CHOICES; i++)
        count += strstr(sentence, base_arena_printf(arena, "%s: %s", nas_choice_keys[i], name_of(p, i))) != NULL;
    return count;
}

/* The part that stands behind the last semicolon: "; take stop: epochs", "; step: first or second does". */
static bool take_remedy(const char *sentence, parts *p) {
    const char *remedy = strrchr(sentence, ';');
    if (!remedy) return false;
    remedy += strncmp(remedy, "; take ", 7) == 0 ? 7 : 2;
    for (int i = 0; i < NAS_CHOICES; i++) {
        const size_t length = strlen(nas_choice_keys[i]);
        if (strncmp(remedy, nas_choice_keys[i], length) != 0 || remedy[length] != ':') continue;
        for (size_t k = 0; k < nas_choice_count((nas_choice)i); k++) {
            const char *name = nas_choice_at((nas_choice)i, k).name, *value = remedy + length + 2;
            const char behind = value[strlen(name) < strlen(value) ? strlen(name) : strlen(value)];
            if (strncmp(value, name, strlen(name)) != 0 || isalnum((unsigned char)behind) || behind == '-') continue;
            p->at[i] = k;
            return true;
        }
    }
    return false;
}

/* Whether it is accepted; if not, its remedies, one after the other, make a search of it. */
static bool check(parts p) {
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_choices choices;
    size_t steps = 0;
    while (read_parts(&p, arena, &choices, &err) != BASE_OK) {
        const parts before = p;
        if (named(err.text, &p, arena) < 2 || !take_remedy(err.text, &p) || steps++ == NAS_CHOICES ||
            memcmp(&before, &p, sizeof p) == 0)
            fail_msg("%s: %s", text_of(&before, arena), err.text);
    }
    base_arena_destroy(arena);
    return steps == 0;
}

static void every_combination_is_a_search_or_says_why_not(void **state) {
    (void)state;
    parts p = {{0}};
    size_t accepted = 0, refused = 0;
    do {
        if (is_wanted(&p)) *(check(p) ? &accepted : &refused) += 1;
    } while (next(&p));
    print_message("%zu combinations are searches, %zu are not\n", accepted, refused);
    if (suite_wants_all()) assert_true(accepted > 50 && refused > 50);
}

/* ---- pairs ---- */

static void run(const parts *p, const data *d) {
    base_arena *arena = base_arena_create();
    base_err err = {0};
    const char *text = text_of(p, arena);
    suite_at("search", "%s", text);
    nas_search_settings settings = settings_of(arena, 3, 1);
    nas_search *search;
    nas_genotype *genotype;
    settings.channels = 8; /* a multiple of 4, twice, which partial channels ask for */
    base_status status = nas_search_create(&settings, read_choices(arena, text), read_space(arena, space_text), d->view,
                                           NULL, &search, &err);
    if (status == BASE_OK) status = nas_search_run(search, 3, NULL, &err);
    if (status == BASE_OK) status = nas_search_genotype(search, arena, &genotype, &err);
    if (status == BASE_OK) status = nas_genotype_check(genotype, &err);
    if (status != BASE_OK) fail_msg("%s: %s", text, err.text);
    nas_search_destroy(search);
    base_arena_destroy(arena);
}

enum { MOST = 64 }; /* parts of a choice */

/* covered[i][a][j][b]: part a of choice i has been in a search with part b of choice j. */
static bool covered[NAS_CHOICES][MOST][NAS_CHOICES][MOST];

/* Marks the pairs of a combination; how many were new. */
static size_t cover(const parts *p) {
    size_t new = 0;
    for (int i = 0; i < NAS_CHOICES; i++)
        for (int j = i + 1; j < NAS_CHOICES; j++) {
            bool *mark = &covered[i][p->at[i]][j][p->at[j]];
            new += !*mark;
            *mark = true;
        }
    return new;
}

/* The first combination that has a pair is run for it. */
static void every_pair_that_goes_together_runs(void **state) {
    (void)state;
    data d = load_data(.1);
    parts p = {{0}};
    size_t runs = 0;
    do {
        base_arena *arena = base_arena_create();
        base_err err = {0};
        nas_choices choices;
        for (int i = 0; i < NAS_CHOICES; i++) assert_true(nas_choice_count((nas_choice)i) <= MOST);
        if (is_wanted(&p) && read_parts(&p, arena, &choices, &err) == BASE_OK && cover(&p) > 0) {
            run(&p, &d);
            runs++;
        }
        base_arena_destroy(arena);
    } while (next(&p));
    print_message("%zu searches\n", runs);
    unload_data(&d);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_is_a_search_or_says_why_not),
        cmocka_unit_test(every_pair_that_goes_together_runs),
    };
    return SUITE_MAIN(tests);
}
