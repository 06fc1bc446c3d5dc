# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in help pages and documents is true.

    check_pages.py HPO_SEARCH

Every name of --list has a help page, and no page is wider than 80 columns. Every study file under experiments/ and every
YAML block of the documents passes --check, whose output does so again. Every option of hpo_search that a document
mentions exists, and so does every file that it links to.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WIDTH = 80
# What a block that shows only a part is completed with, by key.
REST = {
    "objective": "objective: {function: {problem: branin}}",
    "metric": "metric: valid_error",
    "fidelity": "fidelity: {epochs: {min: 1, max: 27}}",
    "budget": "budget: {trials: 1}",
}
NOT_PARAMETERS = {"epochs", "trial", "seed", "checkpoint", "fidelity", "from"}  # what "{name}" may be besides
wrong = []


def expect(condition, what):
    if not condition:
        wrong.append(what)


def search(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def check_page(program, *arguments):
    ended = search(program, *arguments)
    name = " ".join(arguments)
    expect(ended.returncode == 0 and not ended.stderr, f"{name}: exit code {ended.returncode}: {ended.stderr.strip()}")
    for line in ended.stdout.splitlines():
        expect(len(line) <= WIDTH, f"{name}: wider than {WIDTH} columns: {line}")
        expect(line == line.rstrip(), f"{name}: ends in blanks: {line}")
    return ended.stdout


def check_named(program, kind, name):
    """The page of a name of this kind: a name with several meanings lists them, and each has a page of its own."""
    ended = search(program, "--help", name)
    meanings = re.findall(r"[a-z_]+:" + re.escape(name) + r"\b", ended.stderr)
    if ended.returncode == 2 and meanings:
        expect(f"{kind}:{name}" in meanings, f"--help {name} does not offer {kind}:{name}: {ended.stderr.strip()}")
        for meaning in meanings:
            expect(f" {name}:" in check_page(program, "--help", meaning), f"--help {meaning} does not begin with its name")
        return
    expect(f" {name}:" in check_page(program, "--help", name), f"--help {name} does not begin with its name")


def check_help(program):
    listing = check_page(program, "--list")
    kinds = re.split(r"^(?=\S)", listing, flags=re.MULTILINE)
    named = [kind for kind in kinds if re.match(r"methods|samplers|schedulers|objectives", kind)]
    names = {name for kind in named for name in re.findall(r"^  (\S+)", kind, flags=re.MULTILINE)}
    expect(len(named) == 4 and {"hyperband", "random", "full", "train"} <= names, f"--list is not understood: {names}")
    for kind in named:
        for name in re.findall(r"^  (\S+)", kind, flags=re.MULTILINE):
            check_named(program, re.match(r"[a-z]+(?=s\b)", kind).group(), name)
    for kind in kinds:  # spaces, operations, searches and their parts
        title = re.match(r"(spaces|searches|operations|\w+(?= of a search))", kind)
        singular = title and {"spaces": "space", "searches": "search", "operations": "operation"}.get(title[0], title[0])
        for name in re.findall(r"^  (\S+)", kind, flags=re.MULTILINE) if title else []:
            expect(f"{singular} {name}:" in check_page(program, "--help", f"{singular}:{name}"), f"{title[0]}: {name}")
    study = check_page(program, "--help", "study")
    keys = set(re.findall(r"^  ([a-z_]+) {2,}\S", study.partition("\nmethod: one of")[0], flags=re.MULTILINE))
    expect({"budget", "trials", "heartbeat", "crash"} <= keys, f"--help study is not understood: {keys}")
    for key in sorted(keys):
        expect(f"  {key} " in check_page(program, "--help", f"key:{key}"), f"--help key:{key} does not tell of it")
    return check_page(program, "--help")


def unmeasured(text):
    """What --check prints without the lines that hold times of this machine, or say why a method was chosen, which a
    page that names it does not need."""
    text = re.sub(r"^# method: auto takes [^)]*\)\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^# .* on this machine, .*$", "# measured", text, flags=re.MULTILINE)


def check_study(program, path, name):
    first = search(program, "--check", path)
    expect(first.returncode == 0, f"{name}: {first.stderr.strip()}")
    if first.returncode != 0:
        return
    again = path.with_suffix(".again.yaml")  # beside it: what it refers to is found from its folder
    try:
        again.write_text(first.stdout)
        second = search(program, "--check", again)
        same = unmeasured(second.stdout) == unmeasured(first.stdout)
        expect(same, f"{name}: what --check prints is another study: {second.stderr.strip()}")
    finally:
        again.unlink()


def check_experiments(program, folder):
    for path in sorted(SOURCE.glob("experiments/*/*.yaml")):
        copy = folder / path.parent.name
        shutil.copytree(path.parent, copy, dirs_exist_ok=True)
        check_study(program, copy / path.name, path.relative_to(SOURCE))


def check_block(program, text, name, folder):
    given = set(re.findall(r"^([a-z]+):", text, flags=re.MULTILINE))
    if "command:" not in text:  # the other objectives know their metrics, and need no fidelity
        given |= {"metric", "fidelity"}
    if "metrics" in given:
        given.add("metric")
    missing = [line for key, line in REST.items() if key not in given]
    if "function:" not in text and "parameters" not in given:  # a function declares its own
        names = set(re.findall(r"\{(\w+)\}", text)) - NOT_PARAMETERS or {"learning_rate"}
        missing += ["parameters:", *(f"  {name}: {{min: 0.1, max: 1.0}}" for name in sorted(names))]
    path = folder / "block.yaml"
    path.write_text("\n".join([text, *missing]) + "\n")
    (folder / "results.csv").write_text("width,epochs,error,seconds\n1,1,2,1\n1,10,1,9\n2,1,3,1\n2,10,1,9\n")  # a table that an example may name
    check_study(program, path, name)


def check_document(program, path, usage, folder):
    text, name = path.read_text(), path.relative_to(SOURCE)
    for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL), 1):
        if re.search(r"^suite:", block, flags=re.MULTILINE):  # which tests/docs/check_studies.py reads
            continue
        if not block.startswith("# study.yaml\n"):  # a recipe, which tests/docs/check_recipes.py runs
            check_block(program, block, f"{name}, YAML block {number}", folder)
    known = set(re.findall(r"^  (-\S+)", usage, flags=re.MULTILINE)) | {"--help"}
    for line in re.findall(r"hpo_search[^\n`]*", text):
        for option in re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", line.split("#")[0]):
            expect(option in known, f"{name}: hpo_search has no option {option}: {line}")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        expect((path.parent / link).exists(), f"{name}: a link to nothing: {link}")


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    usage = check_help(program)
    documents = [path for pattern in ("*.md", "docs/**/*.md", "experiments/*/*.md") for path in SOURCE.glob(pattern)]
    with tempfile.TemporaryDirectory() as name:
        check_experiments(program, pathlib.Path(name))
        for path in sorted(documents):
            check_document(program, path, usage, pathlib.Path(name))
    print("\n".join(wrong) if wrong else f"the help pages and {len(documents)} documents are right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
