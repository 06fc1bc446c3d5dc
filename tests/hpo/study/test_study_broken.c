/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place of every mistake in a study file, and the remedy that its sentence names. */
#include "tests/support/toy_objective.h"

#include "tests/support/check.h"

#define SPACE  "parameters: {x: {min: 0.0, max: 1.0}}\n"
#define BUDGET "budget: {trials: 10}\n"
#define TOY    "objective: toy\n"

/* A file, and two parts that its sentence must have: the position and the remedy. */
static const struct {
    const char *text, *position, *remedy;
} broken[] = {
    {"", "toy.yaml", "empty"},
    {"- a\n", "toy.yaml:1:1", "map of keys"},
    {"a: [\n", "toy.yaml", ""},
    {SPACE BUDGET, "toy.yaml", "objective"},
    {TOY SPACE BUDGET "bugdet: {trials: 3}\n", "toy.yaml:4:1", "did you mean 'budget'"},
    {TOY SPACE BUDGET "replicates: 5\n", "toy.yaml:4:13", "replicates: {seeds: 5}"},
    {TOY SPACE BUDGET "replicates: {seeds: 1}\n", "toy.yaml:4:21", "between 2 and 1000"},
    {TOY SPACE BUDGET "replicates: {race: true}\n", "toy.yaml:4:13", "'seeds' is missing"},
    {TOY SPACE BUDGET "replicates: {seeds: 3}\nfidelity: {e: {min: 1, max: 9}}\n", "toy.yaml:4:13",
     "makes the number of seeds the fidelity, and this study has another one, 'e'"},
    {TOY SPACE BUDGET "replicates: {seeds: 3, race: true}\nmetrics: [loss, size]\n", "toy.yaml:4:30",
     "best value of one metric, and this study has 2"},
    {TOY SPACE BUDGET "replicates: {seeds: 3}\nmethod: hyperband\n", "toy.yaml:5:9",
     "hyperband and replicates both say how much to spend"},
    {TOY SPACE BUDGET "method: replicates\n", "toy.yaml:4:9", "comes with the key `replicates`"},
    {TOY SPACE "budget: {trails: 3}\n", "toy.yaml:3:10", "did you mean 'trials'"},
    {TOY SPACE "budget: {trials: 0}\n", "toy.yaml:3:18", "at least 1"},
    {TOY SPACE "budget: {trials: 1.5}\n", "toy.yaml:3:18", "integer"},
    {TOY SPACE "budget: {time: soon}\n", "toy.yaml:3:16", "10m"},
    {TOY SPACE "budget: {cost: 0}\n", "toy.yaml:3:16", "greater than 0"},
    {TOY SPACE "budget: {target: low}\n", "toy.yaml:3:18", "number"},
    {TOY SPACE "budget: 100\n", "toy.yaml:3:9", "map"},
    {TOY SPACE "budget: {metric: size}\n", "toy.yaml:3:18", "metric: {name: seconds, max: 3600}"},
    {TOY SPACE "budget: {metric: {name: size}}\n", "toy.yaml:3:18", "max"},
    {TOY SPACE "budget: {metric: {name: size, max: 0}}\n", "toy.yaml:3:36", "greater than 0"},
    {TOY SPACE "budget: {metric: {name: sise, max: 1}}\n", "toy.yaml:3:25", "did you mean 'size'"},
    {TOY SPACE, "toy.yaml:1:1", "budget: {trials: 100}"},
    {TOY SPACE "budget: {}\n", "toy.yaml", "budget: {trials: 100}"},
    {"objective: tot\n" SPACE BUDGET, "toy.yaml:1:12", "did you mean 'toy'"},
    {"objective: {zebra: {}}\n" SPACE BUDGET, "toy.yaml:1:13", "toy_restart"},
    {"objective: {toy: {}, toy_restart: {}}\n" SPACE BUDGET, "toy.yaml:1:12", "exactly one"},
    {"objective: {toy: 3}\n" SPACE BUDGET, "toy.yaml:1:18", "must be a map"},
    {"objective: []\n" SPACE BUDGET, "toy.yaml:1:12", "exactly one"},
    {TOY BUDGET, "toy.yaml:1:1", "parameters: {learning_rate"},
    {TOY BUDGET "parameters: {}\n", "toy.yaml:3", ""},
    {TOY BUDGET "parameters: {x: {min: 2, max: 1}}\n", "toy.yaml:3", ""},
    {TOY BUDGET SPACE "metric: los\n", "toy.yaml:4:9", "did you mean 'loss'"},
    {TOY BUDGET SPACE "metric: {name: loss, goal: minimise}\n", "toy.yaml:4:28", "did you mean 'minimize'"},
    {TOY BUDGET SPACE "metric: {goal: minimize}\n", "toy.yaml:4:9", "name"},
    {TOY BUDGET SPACE "metric: [loss]\n", "toy.yaml:4:9", "map"},
    {TOY BUDGET SPACE "method: hyperbnad\n", "toy.yaml:4:9", "did you mean 'hyperband'"},
    {TOY BUDGET SPACE "method: [random]\n", "toy.yaml:4:9", "a name"},
    {TOY BUDGET SPACE "method: {eta: 3}\n", "toy.yaml:4:9", "needs a name"},
    {TOY BUDGET SPACE "method: {name: random, sampler: grid}\n", "toy.yaml:4:9", "both are given"},
    {TOY BUDGET SPACE "method: {sampler: sobl}\n", "toy.yaml:4:19", "did you mean 'sobol'"},
    {TOY BUDGET SPACE "method: {scheduler: hyperban}\n", "toy.yaml:4:21", "did you mean 'hyperband'"},
    {TOY BUDGET SPACE "method: hyperband\n", "toy.yaml:4:9", "fidelity: {epochs: {min: 1, max: 27}}"},
    {TOY BUDGET SPACE "method: {name: sobol, scrambel: true}\n", "toy.yaml:4:23", "did you mean 'scramble'"},
    {TOY BUDGET SPACE "method: {name: random, eta: 3}\n", "toy.yaml:4:24", "neither the sampler random nor"},
    {TOY BUDGET SPACE "method: {name: grid, points: 0}\n", "toy.yaml:4:30", "between 1 and"},
    {TOY BUDGET SPACE "method: {name: random, prior: true}\n", "toy.yaml:4:9", "prior: 1e-2"},
    {TOY BUDGET SPACE "fidelity: {e: {min: 1, max: 9}}\nmethod: {name: hyperband, eta: 1}\n", "toy.yaml:5:32",
     "between 2 and 1000"},
    {TOY BUDGET SPACE "fidelity: {e: {min: 1, max: 1000000000000}}\nmethod: hyperband\n", "toy.yaml:5:9", "raise eta"},
    {TOY BUDGET SPACE "fidelity: 27\n", "toy.yaml:4:11", "must be a map"},
    {TOY BUDGET SPACE "fidelity: {a: {min: 1, max: 2}, b: {min: 1, max: 2}}\n", "toy.yaml:4:11", "exactly one"},
    {TOY BUDGET SPACE "fidelity: {a: 3}\n", "toy.yaml:4:15", "must be a map"},
    {TOY BUDGET SPACE "fidelity: {a: {min: 0, max: 3}}\n", "toy.yaml:4:21", "greater than 0"},
    {TOY BUDGET SPACE "fidelity: {a: {min: 4, max: 3}}\n", "toy.yaml:4:29", "not be less than"},
    {TOY BUDGET SPACE "fidelity: {a: {max: 3}}\n", "toy.yaml:4:15", "min"},
    {TOY BUDGET SPACE "fidelity: {x: {min: 1, max: 3}}\n", "toy.yaml:3", "fidelity"},
    {TOY BUDGET SPACE "deterministic: true\n", "toy.yaml:4:1", "workers: 4"},
    {TOY BUDGET SPACE "deterministic: yes\n", "toy.yaml:4:16", "true or false"},
    {TOY BUDGET SPACE "workers: 0\n", "toy.yaml:4:10", "between 1 and"},
    {TOY BUDGET SPACE "seed: -1\n", "toy.yaml:4:7", "from 0 to"},
    {TOY BUDGET SPACE "seed: 18446744073709551616\n", "toy.yaml:4:7", "18446744073709551615"},
    {TOY BUDGET SPACE "seed: 1.5\n", "toy.yaml:4:7", "an integer"},
    {TOY BUDGET SPACE "seed: \"7\"\n", "toy.yaml:4:7", "an integer"},
    {TOY BUDGET SPACE "seed: [7]\n", "toy.yaml:4:7", "an integer"},
    {TOY BUDGET SPACE "study: 3\n", "toy.yaml:4:8", "quotes"},
    {TOY BUDGET SPACE "incumbent: mean\n", "toy.yaml:4:12", "value, posterior"},
    {TOY BUDGET SPACE "recommend: posterior\n", "toy.yaml:4:1", "incumbent"},
    {TOY BUDGET SPACE "metrics: [loss, size]\nincumbent: posterior\n", "toy.yaml:5:12",
     "one metric, and this study has 2"},
    {TOY BUDGET SPACE "durability: always\n", "toy.yaml:4:13", "group, each"},
    {TOY BUDGET SPACE "trial: {memory: lots}\n", "toy.yaml:4:17", "2GiB"},
    {TOY BUDGET SPACE "trial: {threads: 0}\n", "toy.yaml:4:18", "between 1 and"},
    {TOY BUDGET SPACE "failure: {retries: {oops: 1}}\n", "toy.yaml:4:21", "oom"},
    {TOY BUDGET SPACE "failure: {retries: 3}\n", "toy.yaml:4:20", "map"},
    {TOY BUDGET SPACE "failure: {heartbeat: 5s, lost_after: 3s}\n", "toy.yaml:4:38", "longer than heartbeat"},
    {TOY BUDGET SPACE "failure: {first: -1}\n", "toy.yaml:4:18", "first must be"},
    {TOY BUDGET SPACE "trial: {exit_grace: soon}\n", "toy.yaml:4:21", "exit_grace must be"},
    {TOY BUDGET SPACE "trial: {devices: 0}\n", "toy.yaml:4:18", "devices must be a list such as [0, 1]"},
    {TOY BUDGET SPACE "trial: {devices: []}\n", "toy.yaml:4:18", "but is empty"},
    {TOY BUDGET SPACE "trial: {devices: [\"0,1\"]}\n", "toy.yaml:4:19", "without comma"},
    {TOY BUDGET SPACE "trial: {keep: some}\n", "toy.yaml:4:15", "keep must be"},
    {TOY BUDGET SPACE "forbid: {x: 1}\n", "toy.yaml:4", "list"},
    {"objective: toy_declared\n" BUDGET "parameters: {y: {value: 1}, n: {min: 1, max: 3}}\n", "toy.yaml:3:29",
     "of the objective toy_declared already (toy.yaml:1:12)"},
    {"objective: {toy_declared: {}}\n" BUDGET "parameters: {x: {min: 0.0, max: 3.0}}\n", "toy.yaml:3:14",
     "(toy.yaml:1:27)"},
    {"objective: toy_declared\n" BUDGET "parameters: []\n", "toy.yaml:3:13", "must be a map"},
    {"objective: toy_declared\nfidelity: {n: {min: 1, max: 3}}\n" BUDGET, "toy.yaml:2:11", "both the fidelity and"},
    {"objective: toy_strict\nmetric: loss\n" BUDGET "parameters: {widht: {min: 1, max: 8}}\n", "toy.yaml:4:14",
     "did you mean 'width'"},
    {"objective: {toy_strict: {width: 4}}\nmetric: loss\n" BUDGET "parameters: {width: {min: 1, max: 8}}\n",
     "toy.yaml:4:14", "remove one of the two"},
    {"objective: toy_strict\nmetric: loss\n" BUDGET "parameters: {width: {min: 1, max: 2000}}\n", "toy.yaml:4:35",
     "between 1 and 1024"},
    {"objective: toy_strict\nmetric: loss\n" BUDGET "parameters: {width: {values: [3, big]}}\n", "toy.yaml:4:34",
     "integer"},
    {"objective: {toy_strict: {widht: 4}}\nmetric: loss\n" BUDGET "parameters: {learning_rate: {min: 0.1, max: 1.0}}\n",
     "toy.yaml:1:26", "did you mean 'width'"},
    {"objective: toy_strict\n" BUDGET "parameters: {width: {min: 1, max: 8}}\n", "toy.yaml:1:1", "metric"},
};

static void every_mistake_has_a_position_and_a_remedy(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(broken); i++) {
        base_err err = {0};
        hpo_study_spec *spec;
        const char *text = broken[i].text;
        const base_status status =
            hpo_study_read(toy_catalog(), "toy.yaml", text, strlen(text), NULL, 0, NULL, &spec, &err);
        const bool told = strncmp(err.text, broken[i].position, strlen(broken[i].position)) == 0 &&
                          strstr(err.text, broken[i].remedy);
        if (status != BASE_INVALID || !told) fail_msg("%s\n-> %s", text, status == BASE_OK ? "accepted" : err.text);
        assert_null(spec);
    }
}

/* A parameter that the settings refer to needs no option of its name; what it becomes is checked like a written value.
 */
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_has_a_position_and_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
