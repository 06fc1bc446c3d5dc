/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The key `search:`: names that people know for combinations of six choices, and their options. */
#include "nas/choices.h"
#include "base/hint.h"

#include <string.h>

const char *const nas_choice_keys[NAS_CHOICES + 1] = {"edge_weights", "mixed",  "step", "stop",
                                                      "selection",    "course", NULL};

static const nas_search_name names[] = {
    {"darts",
     {"softmax", "plain", "second", "epochs", "magnitude", "constant"},
     "second-order DARTS (Liu et al., ICLR 2019)",
     NULL},
    {"darts-first",
     {"softmax", "plain", "first", "epochs", "magnitude", "constant"},
     "first-order DARTS: half the cost (Liu et al., ICLR 2019)",
     NULL},
    {"r-darts",
     {"softmax", "plain", "first", "eigenvalue", "magnitude", "constant"},
     "first-order DARTS that ends when the curvature rises: DARTS-ES (Zela et al., ICLR 2020)",
     NULL},
    {"pc-darts",
     {"softmax", "partial", "first", "epochs", "magnitude", "constant"},
     "a quarter of the channels goes through the operations, edges are weighed (Xu et al., ICLR 2020)",
     "{warm_up: 0.3}"},
    {"r-darts-ada",
     {"softmax", "plain", "first", "eigenvalue-restart", "magnitude", "constant"},
     "goes back when the curvature rises, with ten times the weight decay (Zela et al., ICLR 2020)",
     NULL},
    {"darts-minus",
     {"softmax", "auxiliary-skip", "first", "epochs", "magnitude", "constant"},
     "first-order DARTS with a skip besides the weighed ones, which fades: DARTS- (Chu et al., ICLR 2021)",
     NULL},
    {"darts-pt",
     {"softmax", "plain", "first", "epochs", "perturbation", "constant"},
     "first-order DARTS, operations by what the supernet loses without them (Wang et al., ICLR 2021)",
     NULL},
    {"p-darts",
     {"softmax", "plain", "first", "epochs", "few-skips", "stages"},
     "stages of growing depth with ever fewer operations, at most two skips (Chen et al., ICCV 2019)",
     NULL},
    {"drnas-progressive",
     {"dirichlet", "plain", "first", "epochs", "magnitude", "stages"},
     "drnas in two stages, the second with half of the operations and their weights (Chen et al., ICLR 2021)",
     "{stages: 2, keep: 0.5, more_cells: 0, skip_dropout: 0, more_skip_dropout: 0, weights: kept}"},
    {"oles",
     {"softmax", "plain", "first", "epochs", "magnitude", "oles"},
     "operations that begin to learn by heart are frozen (Jiang et al., NeurIPS 2023)",
     NULL},
    {"snas",
     {"gumbel", "plain", "first", "epochs", "magnitude", "constant"},
     "all operations, weighed by draws that get ever colder (Xie et al., ICLR 2019)",
     NULL},
    {"gdas",
     {"gdas", "plain", "first", "epochs", "magnitude", "constant"},
     "one drawn operation of every edge, nothing else is computed (Dong and Yang, CVPR 2019)",
     NULL},
    {"drnas",
     {"dirichlet", "plain", "first", "epochs", "magnitude", "constant"},
     "all operations, weighed by draws of a learned Dirichlet distribution (Chen et al., ICLR 2021)",
     "{warm_up: 0.4}"},
    {"tangle-nas",
     {"dirichlet", "entangled", "first", "epochs", "magnitude", "constant"},
     "drnas with one operation for those of several sizes (Sukthanker et al., AutoML 2024)",
     "{warm_up: 0.4}"},
    {"fair-darts",
     {"sigmoid", "plain", "first", "epochs", "threshold", "constant"},
     "operations do not compete: a sigmoid for each (Chu et al., ECCV 2020)",
     NULL},
    {"sdarts-rs",
     {"softmax", "plain", "perturb-random", "epochs", "magnitude", "constant"},
     "weights that learn at randomly shifted edge weights (Chen and Hsieh, ICML 2020)",
     NULL},
    {"sdarts-adv",
     {"softmax", "plain", "perturb-adversarial", "epochs", "magnitude", "constant"},
     "weights that learn at the edge weights nearby that hurt most (Chen and Hsieh, ICML 2020)",
     NULL},
    {"random-sharing",
     {"uniform", "plain", "weights", "epochs", "best-of-random", "constant"},
     "random search with weight sharing (Li and Talwalkar, UAI 2019)",
     NULL},
};
enum { NAMES = sizeof names / sizeof *names };

const nas_search_name *nas_search_names(size_t *count) {
    *count = NAMES;
    return names;
}

const nas_search_name *nas_search_name_find(const char *name) {
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i].name, name) == 0) return &names[i];
    return NULL;
}

size_t nas_choice_count(nas_choice choice) {
    size_t count = 0;
    switch (choice) {
    case NAS_CHOICE_EDGE_WEIGHTS: (void)nas_edge_weights_list(&count); break;
    case NAS_CHOICE_MIXED: (void)nas_mixed_list(&count); break;
    case NAS_CHOICE_STEP: (void)nas_steps(&count); break;
    case NAS_CHOICE_STOP: (void)nas_stops(&count); break;
    case NAS_CHOICE_SELECTION: (void)nas_selections(&count); break;
    case NAS_CHOICE_COURSE: (void)nas_courses(&count); break;
    case NAS_CHOICES: break;
    }
    return count;
}

#define INFO(type) ((nas_choice_info){(type)->name, (type)->summary, (type)->options, (type)->state_size})

nas_choice_info nas_choice_at(nas_choice choice, size_t index) {
    size_t count;
    switch (choice) {
    case NAS_CHOICE_EDGE_WEIGHTS: return INFO(nas_edge_weights_list(&count)[index]);
    case NAS_CHOICE_MIXED: return INFO(nas_mixed_list(&count)[index]);
    case NAS_CHOICE_STEP: return INFO(nas_steps(&count)[index]);
    case NAS_CHOICE_STOP: return INFO(nas_stops(&count)[index]);
    case NAS_CHOICE_SELECTION: return INFO(nas_selections(&count)[index]);
    case NAS_CHOICE_COURSE: return INFO(nas_courses(&count)[index]);
    case NAS_CHOICES: break;
    }
    base_assert_failed("a choice", __FILE__, __LINE__);
}

/* What has been chosen, as indices into the registries. */
typedef struct chosen {
    size_t at[NAS_CHOICES];
    const char *options; /* of the name */
} chosen;

static nas_choice_info info_of(const chosen *c, int choice) {
    return nas_choice_at((nas_choice)choice, c->at[choice]);
}

static size_t find(nas_choice choice, const char *name) {
    const size_t count = nas_choice_count(choice);
    size_t i = 0;
    while (i < count && strcmp(nas_choice_at(choice, i).name, name) != 0) i++;
    return i;
}

static chosen of_name(const nas_search_name *name) {
    chosen c = {.options = name->options};
    for (int i = 0; i < NAS_CHOICES; i++) {
        c.at[i] = find((nas_choice)i, name->parts[i]);
        BASE_ASSERT(c.at[i] < nas_choice_count((nas_choice)i));
    }
    return c;
}

static base_status need_text(const base_yaml_node *node, const char *what, base_err *err) {
    if (node->kind == BASE_YAML_STRING) return BASE_OK;
    return base_yaml_fail(node, err, "%s must be a name, but is %s", what, base_yaml_kind_text(node->kind));
}

static base_status take_name(const base_yaml_node *node, base_arena *arena, chosen *c, base_err *err) {
    const char *known[NAMES];
    BASE_TRY(need_text(node, "a search", err));
    const nas_search_name *name = nas_search_name_find(node->text);
    for (size_t i = 0; i < NAMES; i++) known[i] = names[i].name;
    if (!name)
        return base_yaml_fail(node, err, "there is no search '%s'%s", node->text,
                              base_hint(arena, node->text, known, NAMES));
    *c = of_name(name);
    return BASE_OK;
}

static base_status take_part(const base_yaml_node *node, int choice, base_arena *arena, chosen *c, base_err *err) {
    const size_t count = nas_choice_count((nas_choice)choice);
    const char **known = BASE_NEW_ARRAY(arena, count, const char *);
    BASE_TRY(need_text(node, nas_choice_keys[choice], err));
    c->at[choice] = find((nas_choice)choice, node->text);
    if (c->at[choice] < count) return BASE_OK;
    for (size_t i = 0; i < count; i++) known[i] = nas_choice_at((nas_choice)choice, i).name;
    return base_yaml_fail(node, err, "%s has no '%s'%s", nas_choice_keys[choice], node->text,
                          base_hint(arena, node->text, known, count));
}

static bool is_choice(const char *key) {
    for (int i = 0; i < NAS_CHOICES; i++)
        if (strcmp(nas_choice_keys[i], key) == 0) return true;
    return strcmp(key, "name") == 0;
}

static base_status unknown_option(const chosen *c, const base_yaml_node *key, base_arena *arena, base_err *err) {
    const char *known[64] = {"name"};
    size_t count = 1;
    for (int i = 0; i < NAS_CHOICES; i++) {
        known[count++] = nas_choice_keys[i];
        for (const base_option *o = info_of(c, i).options; o && o->name && count < 60; o++) known[count++] = o->name;
    }
    return base_yaml_fail(key, err, "no part of this search has an option '%s'%s", key->text,
                          base_hint(arena, key->text, known, count));
}

/* Gives every key that is no choice to the parts that have such an option. */
static base_status split_options(const base_yaml_node *map, const chosen *c, base_arena *arena, nas_choices *out,
                                 base_err *err) {
    base_yaml_node *maps[NAS_CHOICES];
    for (int i = 0; i < NAS_CHOICES; i++) out->options[i] = maps[i] = base_yaml_new_map(arena, map);
    for (size_t k = 0; k < map->count; k++) {
        bool taken = is_choice(map->keys[k]->text);
        for (int i = 0; i < NAS_CHOICES && !is_choice(map->keys[k]->text); i++) {
            const base_option *table = info_of(c, i).options;
            if (!table || !base_options_find(table, map->keys[k]->text)) continue;
            base_yaml_put(arena, maps[i], map->keys[k]->text, map->items[k]);
            taken = true;
        }
        if (!taken) return unknown_option(c, map->keys[k], arena, err);
    }
    return BASE_OK;
}

static base_status read_parts(const base_yaml_node *map, base_arena *arena, chosen *c, nas_choices *out,
                              base_err *err) {
    const base_yaml_node *name = base_yaml_get(map, "name");
    if (name) BASE_TRY(take_name(name, arena, c, err));
    out->name = name ? name->text : NULL;
    for (int i = 0; i < NAS_CHOICES; i++) {
        const base_yaml_node *part = base_yaml_get(map, nas_choice_keys[i]);
        if (!part) continue;
        BASE_TRY(take_part(part, i, arena, c, err));
        out->name = NULL;
    }
    return split_options(map, c, arena, out, err);
}

/* Adds the options of the name to those parts that have them, unless the user gave them. */
static void add_options(const chosen *c, const base_yaml_node *given, base_arena *arena, nas_choices *out) {
    base_yaml_node *map;
    base_err err;
    if (!c->options) return;
    const base_status status = base_yaml_parse(arena, "search", c->options, strlen(c->options), &map, &err);
    BASE_ASSERT(status == BASE_OK);
    for (int i = 0; i < NAS_CHOICES; i++) {
        const base_option *table = info_of(c, i).options;
        base_yaml_node *own = base_yaml_new_map(arena, given);
        for (size_t k = 0; out->options[i] && k < out->options[i]->count; k++)
            base_yaml_put(arena, own, out->options[i]->keys[k]->text, out->options[i]->items[k]);
        for (size_t k = 0; table && k < map->count; k++)
            if (base_options_find(table, map->keys[k]->text) && !base_yaml_get(own, map->keys[k]->text))
                base_yaml_put(arena, own, map->keys[k]->text, map->items[k]);
        out->options[i] = own;
    }
}

/* The parts by name: the named combination with exactly these and no options of its own, else a list. */
static const char *name_of(const chosen *c, base_arena *arena) {
    const char *text = "";
    for (size_t n = 0; n < NAMES; n++) {
        const chosen known = of_name(&names[n]);
        if (!names[n].options && memcmp(known.at, c->at, sizeof known.at) == 0) return names[n].name;
    }
    for (int i = 0; i < NAS_CHOICES; i++)
        text = base_arena_printf(arena, "%s%s%s", text, i > 0 ? " + " : "", info_of(c, i).name);
    return text;
}

static void resolve(const chosen *c, base_arena *arena, nas_choices *out) {
    size_t count;
    if (!out->name) out->name = name_of(c, arena);
    out->edge_weights = nas_edge_weights_list(&count)[c->at[NAS_CHOICE_EDGE_WEIGHTS]];
    out->mixed = nas_mixed_list(&count)[c->at[NAS_CHOICE_MIXED]];
    out->step = nas_steps(&count)[c->at[NAS_CHOICE_STEP]];
    out->stop = nas_stops(&count)[c->at[NAS_CHOICE_STOP]];
    out->selection = nas_selections(&count)[c->at[NAS_CHOICE_SELECTION]];
    out->course = nas_courses(&count)[c->at[NAS_CHOICE_COURSE]];
}

static base_status refuse(const base_yaml_node *node, base_err *err, const char *text) {
    return node ? base_yaml_fail(node, err, "%s", text) : BASE_FAIL(err, BASE_INVALID, "%s", text);
}

/* What a selection asks of the other parts. */
static base_status check_selection(const nas_choices *c, const base_yaml_node *node, base_arena *arena, base_err *err) {
    const char *name = c->selection->name, *weights = c->edge_weights->name, *text = NULL;
    if (c->selection->independent && !c->edge_weights->independent)
        text = base_arena_printf(arena,
                                 "selection: %s wants edge weights that stand for themselves, but those of "
                                 "edge_weights: %s share a sum of 1; take selection: magnitude",
                                 name, weights);
    else if (c->selection->independent && c->mixed->weighs_edges)
        text = base_arena_printf(arena,
                                 "selection: %s wants weights that stand for themselves, but mixed: %s gives an edge a "
                                 "share of its node; take selection: magnitude",
                                 name, c->mixed->name);
    else if (c->selection->mixture && c->edge_weights->single_path)
        text = base_arena_printf(arena,
                                 "selection: %s takes operations out of their sum, but edge_weights: %s trains one at "
                                 "a time; take selection: best-of-random",
                                 name, weights);
    else if (c->selection->explore && c->stop->reads_alphas)
        text = base_arena_printf(arena,
                                 "selection: %s tries the supernet as it is at the end, but stop: %s may want the "
                                 "genotype of an earlier epoch; take stop: epochs",
                                 name, c->stop->name);
    return text ? refuse(node, err, text) : BASE_OK;
}

/* Choices that contradict each other. */
static base_status check(const nas_choices *c, const base_yaml_node *node, base_arena *arena, base_err *err) {
    const bool learned = c->edge_weights->learned;
    if (learned && !c->step->moves_alphas)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "edge_weights: %s learns alphas, but step: %s does not move them; step: "
                                        "first or second does",
                                        c->edge_weights->name, c->step->name));
    if (!learned && c->step->moves_alphas)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "step: %s moves alphas, but edge_weights: %s have none; take step: weights",
                                        c->step->name, c->edge_weights->name));
    if (c->step->perturbs && c->edge_weights->single_path)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "step: %s shifts the weights of all operations, but edge_weights: %s computes "
                                        "one of an edge; take step: first",
                                        c->step->name, c->edge_weights->name));
    if (!learned && c->stop->reads_alphas)
        return refuse(
            node, err,
            base_arena_printf(arena, "stop: %s reads learned alphas, but edge_weights: %s have none; take stop: epochs",
                              c->stop->name, c->edge_weights->name));
    if (!learned && c->course->reads_alphas)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "course: %s reads learned alphas, but edge_weights: %s have none; take course: "
                                        "constant",
                                        c->course->name, c->edge_weights->name));
    if (c->course->freezing && c->step->unrolls)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "course: %s compares gradients at the present weights, but step: %s moves them "
                                        "first; take step: first",
                                        c->course->name, c->step->name));
    if (c->course->freezing && c->stop->states)
        return refuse(
            node, err,
            base_arena_printf(arena,
                              "stop: %s goes back to earlier epochs, but what course: %s has frozen stays so; "
                              "take stop: epochs",
                              c->stop->name, c->course->name));
    if (c->course->stages && c->selection->explore)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "selection: %s tries networks of the whole space, but course: %s drops "
                                        "operations from it; take selection: magnitude",
                                        c->selection->name, c->course->name));
    if (c->course->stages && c->stop->states)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "stop: %s goes back to earlier epochs, but course: %s has a network of its own "
                                        "in each stage; take stop: epochs",
                                        c->stop->name, c->course->name));
    if (!learned && c->selection->choose)
        return refuse(node, err,
                      base_arena_printf(arena,
                                        "selection: %s reads learned alphas, but edge_weights: %s have none; take "
                                        "selection: best-of-random",
                                        c->selection->name, c->edge_weights->name));
    return check_selection(c, node, arena, err);
}

static base_status check_options(const nas_choices *choices, const chosen *c, base_arena *arena, base_err *err) {
    for (int i = 0; i < NAS_CHOICES; i++) {
        const nas_choice_info info = info_of(c, i);
        if (!info.options) continue;
        BASE_TRY(
            base_options_read(info.options, choices->options[i], base_arena_alloc(arena, info.state_size), arena, err));
    }
    return BASE_OK;
}

base_status nas_choices_read(const base_yaml_node *node, base_arena *arena, nas_choices *out, base_err *err) {
    chosen c = of_name(&names[0]);
    *out = (nas_choices){.name = NULL};
    if (node && node->kind == BASE_YAML_MAP) {
        BASE_TRY(read_parts(node, arena, &c, out, err));
    } else if (node) {
        BASE_TRY(take_name(node, arena, &c, err));
        out->name = node->text;
    }
    add_options(&c, node, arena, out);
    resolve(&c, arena, out);
    BASE_TRY(check(out, node, arena, err));
    return check_options(out, &c, arena, err);
}

static chosen chosen_of(const nas_choices *choices) {
    return (chosen){.at = {
                        find(NAS_CHOICE_EDGE_WEIGHTS, choices->edge_weights->name),
                        find(NAS_CHOICE_MIXED, choices->mixed->name),
                        find(NAS_CHOICE_STEP, choices->step->name),
                        find(NAS_CHOICE_STOP, choices->stop->name),
                        find(NAS_CHOICE_SELECTION, choices->selection->name),
                        find(NAS_CHOICE_COURSE, choices->course->name),
                    }};
}

void *nas_choices_state(const nas_choices *choices, nas_choice choice, base_arena *arena) {
    const chosen c = chosen_of(choices);
    const nas_choice_info info = info_of(&c, (int)choice);
    void *state = base_arena_alloc(arena, info.state_size);
    base_err err;
    const base_status status =
        info.options ? base_options_read(info.options, choices->options[choice], state, arena, &err) : BASE_OK;
    BASE_ASSERT(status == BASE_OK);
    return state;
}

void nas_choices_print(const nas_choices *choices, base_buf *out) {
    const chosen c = chosen_of(choices);
    base_arena *arena = base_arena_create();
    for (int i = 0; i < NAS_CHOICES; i++) {
        const nas_choice_info info = info_of(&c, i);
        base_buf_printf(out, "%s%s: %s", i > 0 ? ", " : "{", nas_choice_keys[i], info.name);
        if (!info.options) continue;
        base_buf options = {0};
        base_options_print(info.options, nas_choices_state(choices, (nas_choice)i, arena), &options);
        if (options.length > 2) base_buf_printf(out, ", %.*s", (int)options.length - 2, options.data + 1);
        base_buf_fini(&options);
    }
    base_buf_puts(out, "}");
    base_arena_destroy(arena);
}
