/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every mistake that a user can make in `when:` and `forbid:`, with the exact sentence and its place. */
#include "tests/hpo/space/space_text.h"

/* clang-format off */
static const broken_space BROKEN[] = {
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {@optt: sgd}}\n",
     "there is no parameter \"optt\": did you mean \"opt\"?"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {@optimizer: sgd}}\n",
     "there is no parameter \"optimizer\": there are opt, momentum"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: @sdg}}\n",
     "opt cannot be \"sdg\": did you mean \"sgd\"?"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: [adam, @3]}}\n",
     "opt cannot be 3: there are sgd, adam"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: @sgd}\n",
     "a condition must be a map such as {optimizer: sgd}, not a string"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: @[{opt: sgd}]}\n",
     "a condition is a map, not a list: write {any: [...]} or {all: [...]}"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: @{}}\n",
     "the condition is empty: write {name: value} or leave it out"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: @{}}}\n",
     "the test of opt is empty: write {lt: 3} for instance"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: {in: @sgd}}}\n",
     "in must be a list of values, not a string"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: {in: @[]}}}\n",
     "in is empty: list at least one value"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: {eq: @[sgd]}}}\n",
     "eq takes one value: write in or not_in for a list"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: {@equals: sgd}}}\n",
     "unknown test \"equals\": there are eq, ne, lt, le, gt, ge, in, not_in"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: {lt: @sgd}}}\n",
     "opt has no order: test it with a list of values, or declare ordered: true"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {opt: {not_in: @[sgd, adam]}}}\n",
     "no value of opt passes this test: it can never hold"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {any: @{opt: sgd}}}\n",
     "any must be a list of conditions, not a map"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam]}\n"
     "  momentum: {min: 0.0, max: 0.9, when: {all: @[]}}\n",
     "all is empty: list at least one condition"},
    {"parameters:\n"
     "  layers: {min: 1, max: 4}\n"
     "  x: {min: 0.0, max: 0.9, when: {layers: @5}}\n",
     "layers cannot be 5: its bounds are 1 and 4"},
    {"parameters:\n"
     "  layers: {min: 1, max: 4}\n"
     "  x: {min: 0.0, max: 0.9, when: {layers: @2.5}}\n",
     "layers cannot be 2.5: the nearest is 3"},
    {"parameters:\n"
     "  layers: {min: 1, max: 4}\n"
     "  x: {min: 0.0, max: 0.9, when: {layers: @two}}\n",
     "layers is a number between 1 and 4: it cannot be compared with \"two\""},
    {"parameters:\n"
     "  layers: {min: 1, max: 4}\n"
     "  x: {min: 0.0, max: 0.9, when: {layers: {gt: @4}}}\n",
     "layers is never above 4: its bounds are 1 and 4"},
    {"parameters:\n"
     "  layers: {min: 1, max: 4}\n"
     "  x: {min: 0.0, max: 0.9, when: {layers: {lt: @1}}}\n",
     "layers is never below 1: its bounds are 1 and 4"},
    {"parameters:\n"
     "  layers: {min: 1, max: 4}\n"
     "  x: {min: 0.0, max: 0.9, when: {layers: @{gt: 2, lt: 3}}}\n",
     "no value of layers passes all of these tests: they can never hold together"},
    {"parameters:\n"
     "  y: {min: 0.0, max: 1.0}\n"
     "  x: {min: 0.0, max: 0.9, when: {y: @{gt: 0.5, le: 0.25}}}\n",
     "no value of y passes all of these tests: they can never hold together"},
    {"parameters:\n"
     "  size: {values: [32, 64, 128], ordered: true}\n"
     "  x: {min: 0.0, max: 0.9, when: {size: {gt: @128}}}\n",
     "no value of size passes this test: it can never hold"},
    {"parameters:\n"
     "  size: {values: [32, 64, 128], ordered: true}\n"
     "  x: {min: 0.0, max: 0.9, when: {size: @65}}\n",
     "size cannot be 65: the nearest is 64"},
    {"parameters:\n"
     "  size: {values: [small, large], ordered: true}\n"
     "  x: {min: 0.0, max: 0.9, when: {size: {lt: @big}}}\n",
     "size cannot be \"big\": there are small, large"},
    {"parameters:\n"
     "  a: {values: [1, 2], when: @{c: 1}}\n"
     "  b: {values: [1, 2], when: {a: 1}}\n"
     "  c: {values: [1, 2], when: {b: 1}}\n",
     "conditions go round in a circle: a -> c -> b -> a: each waits for the next"},
    {"parameters:\n"
     "  a: {values: [1, 2], when: @{a: 1}}\n",
     "conditions go round in a circle: a -> a: each waits for the next"},
    {"parameters:\n"
     "  d: {values: [1, 2], when: {b: 1}}\n"
     "  a: {values: [1, 2]}\n"
     "  b: {values: [1, 2], when: @{c: 1}}\n"
     "  c: {values: [1, 2], when: {a: 1, b: 1}}\n",
     "conditions go round in a circle: b -> c -> b: each waits for the next"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "  b: {min: 1, max: 4, when: {a: {lt: {parameter: @bb}}}}\n",
     "there is no parameter \"bb\": did you mean \"b\"?"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "  b: {min: 1, max: 4, when: {a: {@parameter: b}}}\n",
     "a comparison is missing: write {eq: {parameter: name}}, or ne, lt, le, gt, ge"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "  b: {values: [x, y]}\n"
     "forbid:\n"
     "  - {a: {lt: @{parameter: b}}}\n",
     "a and b cannot be compared: only one of them is always a number"},
    {"parameters:\n"
     "  a: {values: [x, z]}\n"
     "  b: {values: [x, y]}\n"
     "forbid:\n"
     "  - {a: {lt: @{parameter: b}}}\n",
     "a and b have no common order: both need the same values and ordered: true"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "forbid:\n"
     "  - {a: {lt: @{parameter: a}}}\n",
     "a is compared with itself: name another parameter"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "  b: {min: 1, max: 4}\n"
     "forbid:\n"
     "  - {a: {in: @{parameter: b}}}\n",
     "in must be a list of values, not a map"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "  b: {min: 1, max: 4}\n"
     "forbid:\n"
     "  - {a: {lt: @{param: b}}}\n",
     "compare with a value, or with {parameter: name}"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "forbid: @{a: 3}\n",
     "forbid must be a list of combinations, one {name: value, ...} per line, not a map"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "forbid:\n"
     "  - @a\n",
     "a condition must be a map such as {optimizer: sgd}, not a string"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "forbid:\n"
     "  - {@b: 3}\n",
     "there is no parameter \"b\": did you mean \"a\"?"},
    {"parameters:\n"
     "  a: {min: 1, max: 4}\n"
     "forbid:\n"
     "  - {a: 3}\n"
     "  - @{a: {ge: 1}}\n",
     "forbid leaves nothing to try: none of 10000 sampled configurations is allowed, and {a: {ge: 1}} alone forbids 100 % of them"},
    {"parameters:\n"
     "  a: {values: [1, 2]}\n"
     "forbid:\n"
     "  - {a: 1}\n"
     "  - @{a: 2}\n",
     "forbid leaves nothing to try: none of 10000 sampled configurations is allowed, and {a: {eq: 2}} alone forbids 50.23 % of them"},
};
/* clang-format on */

static void test_every_mistake_is_named_with_its_place(void **state) {
    (void)state;
    check_broken(BROKEN, CHECK_COUNT(BROKEN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_named_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
