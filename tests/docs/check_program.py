# SPDX-License-Identifier: GPL-3.0-or-later
"""The program in Python of docs/benchmarks.md searches a suite, and its tables are compared: check_program.py HPO_BENCH.

The library of problems is the one that HPO_PROBLEMS names. Fewer evaluations than in the document. The program lies in
the root of a tree, and is started from elsewhere.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

from programs import built

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHORTER = ("range(1, 6), 100", "range(1, 4), 20")


def main():
    bench = built(sys.argv[1])
    text = (SOURCE / "docs/benchmarks.md").read_text()
    program, = re.findall(r"^```python\n(# the suite `tabular`.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert SHORTER[0] in program, "seeds and budget are written in another way"
    with tempfile.TemporaryDirectory() as folder:
        file, mine, ours = (pathlib.Path(folder) / name for name in ("mine.py", "mine", "ours"))
        file.write_text(program.replace(*SHORTER))
        (file.parent / "benchmarks").symlink_to(SOURCE / "benchmarks")
        subprocess.run([sys.executable, "-B", file, mine], check=True, cwd="/")
        subprocess.run([bench, "run", "tabular", "--out", ours, "--set", "seeds=3", "--set", "budget={full: 20}",
                        "--set", "methods=[random, tpe]", "--set", "at=[5, 20]"], check=True, capture_output=True)
        table = subprocess.run([bench, "compare", ours, mine, "--against", "mine"], check=True,
                               capture_output=True, text=True).stdout
    for words in (r"^tpe +\d\.\d\d \(\d\.\d\d\)", r"^mine +\d\.\d\d \(\d\.\d\d\)", "6 of 6 problems", "against mine"):
        if not re.search(words, table, flags=re.MULTILINE):
            sys.exit(f"not in the tables: {words}\n{table}")
    median = re.search(r"^normalized regret.*?^mine +(\d\.\d+)", table, flags=re.MULTILINE | re.DOTALL)
    if not median or not float(median[1]) < 1:
        sys.exit(f"five random evaluations are no better than one\n{table}")


if __name__ == "__main__":
    main()
