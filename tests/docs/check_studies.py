# SPDX-License-Identifier: GPL-3.0-or-later
"""Every study file of the documents can be run: check_studies.py HPO_SEARCH.

A study file is a block of YAML with the keys `objective` and `parameters` or `budget`. What an example leaves out for
brevity is added: a metric, a budget, one parameter, the program that it runs.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGES = [SOURCE / "README.md", *sorted(SOURCE.glob("docs/**/*.md")), *sorted(SOURCE.glob("experiments/*/README.md"))]
ADDED = {"budget": "budget: {trials: 3}", "metric": "metric: {name: loss, goal: minimize}",
         "parameters": "parameters: {learning_rate: {min: 0.001, max: 0.1, log: true}}"}
EXAMPLES = "parameters: {learning_rate: {min: 0.001, max: 0.1}, beta2: {min: 0.9, max: 0.99}}"  # of run's arguments
INTERPRETERS = ("Rscript", "julia")  # which need not be installed here


def blocks(page):
    """(line, text) of the blocks that are studies."""
    text = page.read_text()
    for block in re.finditer(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        if re.search(r"^objective:", block[1], flags=re.MULTILINE):
            yield text.count("\n", 0, block.start()) + 1, block[1]


def complete(text):
    own_space = "command:" not in text and "train:" not in text  # `function` brings parameters and a metric
    for key, line in ADDED.items():
        if not re.search(rf"^{key}:", text, flags=re.MULTILINE) and not (own_space and key != "budget"):
            line = EXAMPLES if "{beta2}" in text and key == "parameters" else line
            text += ("metric: valid_error" if key == "metric" and "train:" in text else line) + "\n"
    if "{epochs}" in text and not re.search(r"^fidelity:", text, flags=re.MULTILINE):
        text += "fidelity: {epochs: {min: 1, max: 3}}\n"
    return text


def main():
    wrong, count = [], 0
    for page in PAGES:
        for line, text in blocks(page):
            with tempfile.TemporaryDirectory() as folder:
                study = pathlib.Path(folder) / "study.yaml"
                study.write_text(complete(text))
                (pathlib.Path(folder) / "train.py").touch()
                for name in INTERPRETERS:
                    (pathlib.Path(folder) / name).touch(0o755)
                ended = subprocess.run([sys.argv[1], "--check", "study.yaml"], cwd=folder, capture_output=True, text=True,
                                       env=dict(os.environ, PATH=f"{os.environ['PATH']}:{folder}"))
            count += 1
            if ended.returncode:
                wrong.append(f"{page.relative_to(SOURCE)}:{line}: {ended.stderr.strip()}")
    print("\n".join(wrong) if wrong else f"{count} study files of the documents are sound")
    return 1 if wrong or count < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
