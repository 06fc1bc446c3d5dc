# SPDX-License-Identifier: GPL-3.0-or-later
"""Every study file and every suite of the documents can be run: check_studies.py HPO_SEARCH HPO_BENCH.

A study file is a block of YAML with the keys `objective` and `parameters` or `budget`. What an example leaves out for
brevity is added: a metric, a budget, one parameter, the program that it runs, and the page's table (a block of CSV) as
results.csv. A suite is a block with the key `suite`;
those of benchmarks/suites are read, too.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from programs import built

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGES = [SOURCE / "README.md", *sorted(SOURCE.glob("docs/**/*.md")), *sorted(SOURCE.glob("experiments/*/README.md"))]
ADDED = {"budget": "budget: {trials: 3}", "metric": "metric: {name: loss, goal: minimize}",
         "parameters": "parameters: {learning_rate: {min: 0.001, max: 0.1, log: true}}"}
EXAMPLES = "parameters: {learning_rate: {min: 0.001, max: 0.1}, beta2: {min: 0.9, max: 0.99}}"  # of run's arguments
INTERPRETERS = ("Rscript", "julia")  # which need not be installed here


def blocks(page, key="objective"):
    """(line, text) of the blocks that have this key: studies, or suites."""
    text = page.read_text()
    for block in re.finditer(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        if re.search(rf"^{key}:", block[1], flags=re.MULTILINE):
            yield text.count("\n", 0, block.start()) + 1, block[1]


def complete(text):
    own_space = "command:" not in text and "train:" not in text  # `function` brings parameters and a metric
    for key, line in ADDED.items():
        if not re.search(rf"^{key}s?:", text, flags=re.MULTILINE) and not (own_space and key != "budget"):
            line = EXAMPLES if "{beta2}" in text and key == "parameters" else line
            text += ("metric: valid_error" if key == "metric" and "train:" in text else line) + "\n"
    if "{epochs}" in text and not re.search(r"^fidelity:", text, flags=re.MULTILINE):
        text += "fidelity: {epochs: {min: 1, max: 3}}\n"
    return text


def check_suites(program):
    """(what is wrong, how many there are)."""
    wrong, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        written = pathlib.Path(folder) / "suite.yaml"
        suites = [(f"{page.relative_to(SOURCE)}:{line}", text) for page in PAGES for line, text in blocks(page, "suite")]
        suites += [(path.name, path.read_text()) for path in sorted(SOURCE.glob("benchmarks/suites/*.yaml"))]
        for where, text in suites:
            written.write_text(text)
            ended = subprocess.run([program, "check", written], capture_output=True, text=True)
            count += 1
            if ended.returncode:
                wrong.append(f"{where}: {ended.stderr.strip()}")
    return wrong, count


def main():
    search, bench = map(built, sys.argv[1:3])
    wrong, count = [], 0
    for page in PAGES:
        for line, text in blocks(page):
            with tempfile.TemporaryDirectory() as folder:
                study = pathlib.Path(folder) / "study.yaml"
                study.write_text(complete(text))
                (pathlib.Path(folder) / "train.py").touch()
                for table in re.findall(r"^```csv\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL):
                    (pathlib.Path(folder) / "results.csv").write_text(table)
                for name in INTERPRETERS:
                    (pathlib.Path(folder) / name).touch(0o755)
                ended = subprocess.run([search, "--check", "study.yaml"], cwd=folder, capture_output=True, text=True,
                                       env=dict(os.environ, PATH=f"{os.environ['PATH']}:{folder}"))
            count += 1
            if ended.returncode:
                wrong.append(f"{page.relative_to(SOURCE)}:{line}: {ended.stderr.strip()}")
    bad_suites, suites = check_suites(bench)
    wrong += bad_suites
    print("\n".join(wrong) if wrong else f"{count} study files and {suites} suites are sound")
    return 1 if wrong or count < 5 or suites < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
