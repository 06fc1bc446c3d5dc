/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every mistake that a user can make in a parameter of its own, with the exact sentence and its place. */
#include "hpo/space/space_file.h"

#include "tests/hpo/space/space_text.h"

/* clang-format off */
static const broken_space BROKEN[] = {
    {"parameters: @3\n",
     "parameters must be a map from names to ranges, not an integer"},
    {"parameters: @{}\n",
     "parameters is empty: write at least one, such as x: {min: 0.0, max: 1.0}"},
    {"parameters: @[a, b]\n",
     "parameters must be a map from names to ranges, not a list"},
    {"parameters:@\n",
     "parameters must be a map from names to ranges, not null"},
    {"parameters:\n"
     "  lr: {@mim: 0.1, max: 1.0}\n",
     "lr: unknown key \"mim\": did you mean \"min\"?"},
    {"parameters:\n"
     "  lr: {@low: 0.1, high: 1.0}\n",
     "lr: unknown key \"low\": did you mean \"min\"?"},
    {"parameters:\n"
     "  lr: {min: 0.1, max: 1.0, @scale: log}\n",
     "lr: unknown key \"scale\": did you mean \"log: true\"?"},
    {"parameters:\n"
     "  lr: {min: 0.1, max: 0.9, @sampling: logit}\n",
     "lr: unknown key \"sampling\": did you mean \"logit: true\"?"},
    {"parameters:\n"
     "  lr: {min: 0.1, max: 1.0, @scale: 2}\n",
     "lr: unknown key \"scale\": write log: true or logit: true; else the scale is linear"},
    {"parameters:\n"
     "  lr: {min: 0.1, @High: 1.0}\n",
     "lr: unknown key \"High\": did you mean \"max\"?"},
    {"parameters:\n"
     "  opt: {@choices: [sgd, adam]}\n",
     "opt: unknown key \"choices\": did you mean \"values\"?"},
    {"parameters:\n"
     "  lr: {@mu: 0.1, sigma: 1.0}\n",
     "lr: unknown key \"mu\": write min, max and prior: the mean, with confidence: low, medium or high"},
    {"parameters:\n"
     "  x: {mu: 0, sigma: 1, distribution: @normal}\n",
     "x: distribution normal is not supported: write min, max and prior: the mean, with confidence: low, medium or high"},
    {"parameters:\n"
     "  x: {mu: 0, sigma: 1, q: 2, distribution: @q_log_normal}\n",
     "x: distribution q_log_normal is not supported: write integer bounds, log: true and prior: the median, with confidence"},
    {"parameters:\n"
     "  n: {min: 0, max: @9223372036854775808}\n",
     "n: max 9223372036854775808 does not fit in 64 bits: write 9.223372036854776e+18 for a real number"},
    {"parameters:\n"
     "  n: {min: @-99999999999999999999, max: 1.5}\n",
     "n: min -99999999999999999999 does not fit in 64 bits: write -1e+20 for a real number"},
    {"parameters:\n"
     "  id: {values: [1, @18446744073709551616]}\n",
     "id: the integer 18446744073709551616 does not fit in 64 bits: write '18446744073709551616' in quotes for a text, or 1.8446744073709552e+19 for a real number"},
    {"parameters:\n"
     "  id: {value: @0x8000000000000000}\n",
     "id: the integer 0x8000000000000000 does not fit in 64 bits: write '0x8000000000000000' in quotes for a text, or 9.223372036854776e+18 for a real number"},
    {"parameters:\n"
     "  a: {values: [1, 2]}\n"
     "  b: {min: 0.0, max: 1.0, when: {a: @18446744073709551616}}\n",
     "the integer 18446744073709551616 does not fit in 64 bits"},
    {"parameters:\n"
     "  lr: {min: 0.1, max: 1.0, @color: red}\n",
     "lr: unknown key \"color\": there are min, max, log, logit, step, q, values, ordered, probabilities, value, prior, confidence, when, distribution"},
    {"parameters:\n"
     "  lr: @{min: 0.1}\n",
     "lr: min without max: add max"},
    {"parameters:\n"
     "  lr: @{max: 0.1}\n",
     "lr: max without min: add min"},
    {"parameters:\n"
     "  lr: @{}\n",
     "lr: nothing to choose from: write min and max, or values, or value"},
    {"parameters:\n"
     "  lr: @0.1\n",
     "lr: for a constant write {value: 0.1}"},
    {"parameters:\n"
     "  lr: @[0.1, 0.2]\n",
     "lr: a list alone says too little: write {values: [...]}"},
    {"parameters:\n"
     "  lr:@\n",
     "lr: nothing to choose from: write {min: ..., max: ...} or {values: [...]}"},
    {"parameters:\n"
     "  lr: {min: @low, max: 1.0}\n",
     "lr: min must be a number, not the text \"low\""},
    {"parameters:\n"
     "  lr: {min: 0.1, max: @[1]}\n",
     "lr: max must be a number, not a list"},
    {"parameters:\n"
     "  lr: {min: @1.0, max: 0.1}\n",
     "lr: min 1.0 is above max 0.1: exchange them"},
    {"parameters:\n"
     "  layers: {min: 5, max: @5}\n",
     "layers: min and max are both 5: write {value: 5}"},
    {"parameters:\n"
     "  lr: {min: 0.5, max: @0.5}\n",
     "lr: min and max are both 0.5: write {value: 0.5}"},
    {"parameters:\n"
     "  lr: {min: 0.0, max: @.inf}\n",
     "lr: max must be finite"},
    {"parameters:\n"
     "  lr: {min: @.nan, max: 1.0}\n",
     "lr: min must be finite"},
    {"parameters:\n"
     "  lr: {min: -1e308, max: @1e308}\n",
     "lr: the range is wider than a double can hold"},
    {"parameters:\n"
     "  n: {min: 0, max: @9007199254740993}\n",
     "n: max 9007199254740993 is too large for an integer: stay within -2^53 and 2^53"},
    {"parameters:\n"
     "  lr: {min: @0.0, max: 1.0, log: true}\n",
     "lr: on a log scale min must be above 0, not 0.0"},
    {"parameters:\n"
     "  n: {min: @0, max: 10, log: true}\n",
     "n: on a log scale min must be above 0, not 0"},
    {"parameters:\n"
     "  lr: {min: 0.1, max: 1.0, log: @yes}\n",
     "lr: log must be true or false, not a string"},
    {"parameters:\n"
     "  p: {min: @0.0, max: 0.9, logit: true}\n",
     "p: on a logit scale min must be above 0, not 0.0"},
    {"parameters:\n"
     "  p: {min: 0.1, max: @1.0, logit: true}\n",
     "p: on a logit scale max must be below 1, not 1.0"},
    {"parameters:\n"
     "  p: {min: 1, max: 2, logit: @true}\n",
     "p: a logit scale wants real bounds between 0 and 1, such as min: 0.01, max: 0.99"},
    {"parameters:\n"
     "  p: {min: 0.1, max: 0.9, logit: @true, log: true}\n",
     "p: log and logit exclude each other: leave out one"},
    {"parameters:\n"
     "  lr: {min: 0.1, max: 1.0, log: true, step: @0.1}\n",
     "lr: a step and a log scale exclude each other: leave out one"},
    {"parameters:\n"
     "  p: {min: 0.1, max: 0.9, logit: true, step: @0.1}\n",
     "p: a step and a logit scale exclude each other: leave out one"},
    {"parameters:\n"
     "  n: {min: 1, max: 64, log: true, step: @2}\n",
     "n: integers on a log scale have step 1: leave out step or log"},
    {"parameters:\n"
     "  n: {min: 0, max: 1, step: @0.1}\n",
     "n: step 0.1 of an integer range: write min: 0.0 for real numbers"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, step: @0}\n",
     "x: step must be above 0, not 0"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, step: @-0.1}\n",
     "x: step must be above 0, not -0.1"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, step: @2.0}\n",
     "x: step 2.0 is larger than the range from 0.0 to 1.0"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, step: @1e-300}\n",
     "x: step 1e-300 is too small for the range"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, step: 0.1, q: @0.1}\n",
     "x: q is another word for step: leave out one"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: @2.0}\n",
     "x: prior 2.0 lies outside of 0.0 to 1.0"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 0.5, step: 0.1, prior: @0.25}\n",
     "x: prior 0.25 is not a step of the range: the nearest are 0.2 and 0.3"},
    {"parameters:\n"
     "  n: {min: 1, max: 8, prior: @2.5}\n",
     "n: prior 2.5 is not a step of the range: the nearest are 2 and 3"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: @half}\n",
     "x: prior must be a number, not the text \"half\""},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: 0.5, confidence: @hihg}\n",
     "x: unknown confidence \"hihg\": did you mean \"high\"?"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: 0.5, confidence: @3}\n",
     "x: confidence must be low, medium or high, not an integer"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, confidence: @high}\n",
     "x: confidence without a prior: add prior, the value you believe in"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: 0.5, confidence: @{error: high}}\n",
     "x: confidence for each metric wants a prior for each: write prior: {metric: value, ...}"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: {error: 0.5}, confidence: {@errr: high}}\n",
     "x: confidence in \"errr\", of which prior says nothing: did you mean \"error\"?"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: {error: 0.5}, confidence: {error: @hihg}}\n",
     "x: unknown confidence \"hihg\": did you mean \"high\"?"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: {error: 0.5, time: @1.5}}\n",
     "x: prior 1.5 lies outside of 0.0 to 1.0"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: {error: @a}}\n",
     "x: prior must be a number, not the text \"a\""},
    {"parameters:\n"
     "  x: {values: [a, b], prior: {error: a, time: @other}}\n",
     "x: prior \"other\" is not one of the values: there are a, b"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, prior: @{}}\n",
     "x: prior names no metric: write {metric: value, ...}"},
    {"parameters:\n"
     "  opt: {values: @[]}\n",
     "opt: values is empty: list at least one"},
    {"parameters:\n"
     "  opt: {values: @sgd}\n",
     "opt: values must be a list: write values: [sgd], or value for a constant"},
    {"parameters:\n"
     "  opt: {values: @{sgd: 1}}\n",
     "opt: values must be a list, not a map"},
    {"parameters:\n"
     "  opt: {values: [sgd, @[adam]]}\n",
     "opt: a value must be a number, a text, a boolean or null, not a list"},
    {"parameters:\n"
     "  opt:\n"
     "    values:\n"
     "      - sgd\n"
     "      - adam\n"
     "      - @sgd\n",
     "opt: value \"sgd\" is listed twice (items 1 and 3)"},
    {"parameters:\n"
     "  size: {values: [1, 2, @1.0]}\n",
     "size: value 1.0 is listed twice (items 1 and 3)"},
    {"parameters:\n"
     "  size: {values: [1.0, @.nan]}\n",
     "size: a value must be finite, not .nan"},
    {"parameters:\n"
     "  size: {values: [32, 128, @64], ordered: true}\n",
     "size: ordered numbers must increase: 64 follows 128"},
    {"parameters:\n"
     "  size: {values: [32, 64], ordered: @1}\n",
     "size: ordered must be true or false, not an integer"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], @min: 1}\n",
     "opt: \"min\" does not belong here: values takes ordered, probabilities, prior, confidence, when"},
    {"parameters:\n"
     "  opt: {@values: [sgd, adam], value: sgd}\n",
     "opt: \"values\" does not belong here: value takes only when"},
    {"parameters:\n"
     "  x: {min: 0.0, max: 1.0, @ordered: true}\n",
     "x: \"ordered\" does not belong here: min and max take log, logit, step, prior, confidence, when"},
    {"parameters:\n"
     "  width: {value: 64, @prior: 64}\n",
     "width: \"prior\" does not belong here: value takes only when"},
    {"parameters:\n"
     "  width: {value: @[64, 128]}\n",
     "width: value is one constant: write values for a list"},
    {"parameters:\n"
     "  width: {value: @{a: 1}}\n",
     "width: value must be a number, a text or a boolean, not a map"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], probabilities: @[0.5]}\n",
     "opt: 1 probabilities for 2 values: give one for each"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], probabilities: @0.5}\n",
     "opt: probabilities must be a list of numbers, not a float"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], probabilities: @[0.5, 0.6]}\n",
     "opt: probabilities sum to 1.1: they must sum to 1"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], probabilities: [1.5, @-0.5]}\n",
     "opt: a probability lies between 0 and 1, not -0.5"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], probabilities: [0.5, @half]}\n",
     "opt: a probability must be a number, not a string"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], prior: @adm}\n",
     "opt: prior \"adm\" is not one of the values: did you mean \"adam\"?"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], prior: @rmsprop}\n",
     "opt: prior \"rmsprop\" is not one of the values: there are sgd, adam"},
    {"parameters:\n"
     "  size: {values: [32, 64, 128], prior: @60}\n",
     "size: prior 60 is not one of the values: the nearest is 64"},
    {"parameters:\n"
     "  opt: {values: [sgd, adam], prior: @[sgd]}\n",
     "opt: prior must be one of the values, not a list"},
    {"parameters:\n"
     "  @epochs: {min: 1, max: 9}\n",
     "epochs is the fidelity: the scheduler sets it, so it cannot be a parameter too"},
    {"parameters:\n"
     "  @3: {min: 1, max: 9}\n",
     "a parameter's name must be a text, not an integer: write it in quotes"},
    {"parameters:\n"
     "  @\"a b\": {min: 1, max: 9}\n",
     "\"a b\": a parameter's name is made of letters, digits and _ - . / : [ ]"},
    {"parameters:\n"
     "  @any: {min: 1, max: 9}\n",
     "a parameter cannot be named \"any\": the word joins conditions"},
    {"parameters:\n"
     "  @\"\": {min: 1, max: 9}\n",
     "a parameter's name has 1 to 100 characters, this one has 0"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: @unifrom}\n",
     "x: unknown distribution \"unifrom\": did you mean \"uniform\"?"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: @[uniform]}\n",
     "x: distribution must be a name, not a list"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: @log_uniform}\n",
     "x: distribution log_uniform is not supported: its bounds are exponents: write the values themselves with log: true"},
    {"parameters:\n"
     "  x: {distribution: @normal}\n",
     "x: distribution normal is not supported: write min, max and prior: the mean, with confidence: low, medium or high"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: @categorical}\n",
     "x: distribution categorical wants values"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: @int_uniform}\n",
     "x: distribution int_uniform wants integer bounds"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: log_uniform_values, log: @true}\n",
     "x: distribution log_uniform_values says the scale already: leave out one of the two"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: @q_uniform}\n",
     "x: distribution q_uniform wants min, max and q"},
    {"parameters:\n"
     "  x: {min: 1.0, max: 9.0, distribution: uniform, q: @0.5}\n",
     "x: distribution uniform has no step: leave out distribution"},
    {"parameters:\n"
     "  x: {min: @0.25, max: 9.0, distribution: q_uniform, q: 0.5}\n",
     "x: q_uniform takes multiples of q, and min 0.25 is none: leave out distribution to count from min"},
};
/* clang-format on */

static void test_every_mistake_is_named_with_its_place(void **state) {
    (void)state;
    check_broken(BROKEN, CHECK_COUNT(BROKEN));
}

static void test_missing_parameters(void **state) {
    (void)state;
    base_err err = {0};
    hpo_space *space = NULL;
    CHECK_FAILS(hpo_space_read(NULL, NULL, NULL, &space, &err), BASE_INVALID, "parameters is missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_named_with_its_place),
        cmocka_unit_test(test_missing_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
