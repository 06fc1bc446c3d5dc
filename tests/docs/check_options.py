# SPDX-License-Identifier: GPL-3.0-or-later
"""Every method, sampler and scheduler has a page, and the page's options are those of --help.

    check_options.py HPO_SEARCH

The page of a name is the one under docs/algorithms whose first line has it in backquotes; there is exactly one. Its
table of options (the one whose first column is headed "option") names every option of its samplers and schedulers with
the default that --help prints, and no other option. The help of a method shows which pair it is and the options of
both.
"""
import pathlib
import re
import subprocess
import sys

from programs import built

PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "algorithms"
INDEX = "README.md"
wrong = []


def expect(condition, what):
    if not condition:
        wrong.append(what)
    return condition


def help_of(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def listed(program):
    """The names of each kind that --list prints."""
    found = {}
    for block in re.split(r"^(?=\S)", help_of(program, "--list"), flags=re.MULTILINE):
        kind = re.match(r"(methods|samplers|schedulers)\b", block)
        if kind:
            found[kind[1]] = re.findall(r"^  (\S+)", block, flags=re.MULTILINE)
    return found


def sections(text):
    """{(kind, name): {option: default}} of a help page."""
    found = {}
    for block in re.split(r"^(?=(?:method|sampler|scheduler) \S+:)", text, flags=re.MULTILINE):
        head = re.match(r"(method|sampler|scheduler) (\S+):", block)
        if not head:
            continue
        rows = re.split(r"^  (?=[a-z]\w*  )", block, flags=re.MULTILINE)[1:]
        options = {}
        for row in rows:
            flat = " ".join(row.split())
            default = re.search(r"; default (\S+)", flat)
            options[flat.split()[0]] = default[1] if default else None
        plain = "(no options)" in block or head[1] == "method"
        expect(plain != bool(options), f"--help: {head[1]} {head[2]} has options that are not understood")
        found[head[1], head[2]] = options
    return found


def check_pairs(index, pairs):
    """The index names the pair of every method that is more than its sampler in full or its scheduler at random."""
    rows = {m[1]: (m[2], m[3]) for m in re.finditer(r"^\| `(\S+)` \| `(\S+)` with `(\S+)`", index, flags=re.MULTILINE)}
    for name, (sampler, scheduler) in pairs.items():
        plain = (sampler, scheduler) in ((name, "full"), ("random", name))
        expect(plain or rows.get(name) == (sampler, scheduler), f"{INDEX}: {name} is {sampler} with {scheduler}")
    for name in rows:
        expect(name in pairs, f"{INDEX}: there is no method {name}")


def page_names(title):
    """What a first line names: not the pair behind a '='."""
    return re.findall(r"`([^`]+)`", re.sub(r"= *`[^`]+` *\+ *`[^`]+`", "", title))


def documented(page, text):
    """{option: default} of the page's tables of options."""
    found = {}
    for table in re.findall(r"^\| option \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text, flags=re.MULTILINE):
        for row in table.splitlines():
            first, second = row.strip("|").split("|")[:2]
            names = re.findall(r"`([^`]+)`", first)
            defaults = second.split(",") if len(names) > 1 else [second.split(";")[0]]
            if not expect(names and len(names) == len(defaults), f"{page}: a row without a default for each: {row}"):
                continue
            for name, default in zip(names, defaults):
                expect(name not in found, f"{page}: {name} is there twice")
                found[name] = default.strip().strip("`")
    return found


def number(text):
    parts = text.split("/")
    try:
        return float(parts[0]) / float(parts[1]) if len(parts) == 2 else float(text)
    except ValueError:
        return None


def same_default(a, b):
    if a == b:
        return True
    return number(a) is not None and number(b) is not None and abs(number(a) - number(b)) < 1e-9


def check_page(page, names, alone, of_method):
    text = page.read_text()
    rows = documented(page.name, text)
    own, partner = {}, {}
    for name in names:
        for kind in "sampler", "scheduler":
            own.update(alone.get((kind, name), {}))
        for options in of_method.get(name, {}).values():
            partner.update(options)
    for option, default in own.items():
        if expect(option in rows, f"{page.name}: the option {option} is missing"):
            same = same_default(rows[option], default)
            expect(same, f"{page.name}: the default of {option} is {default}, not {rows[option]}")
    for option in rows:
        expect(option in own or option in partner, f"{page.name}: there is no option {option}")


def main():
    program = built(sys.argv[1])
    kinds = listed(program)
    expect(set(kinds) == {"methods", "samplers", "schedulers"}, f"--list is not understood: {kinds}")
    names = sorted({name for kind in kinds.values() for name in kind})
    pages = {page: page_names(page.read_text().splitlines()[0]) for page in PAGES.glob("*.md") if page.name != INDEX}
    alone, of_method = {}, {}
    for name in names:
        found = sections(help_of(program, "--help", name))
        expect(found, f"--help {name} is not understood")
        alone.update({key: options for key, options in found.items() if key[1] == name and key[0] != "method"})
        if name in kinds["methods"]:
            of_method[name] = found
        own_pages = [page.name for page, titled in pages.items() if name in titled]
        expect(len(own_pages) == 1, f"{name} has the pages {own_pages}; it must have one")
    pairs = {}
    for name in kinds["methods"]:
        text = help_of(program, "--help", name)
        pair = re.search(r"^  = \{sampler: (\S+), scheduler: (\S+)\}$", text, flags=re.MULTILINE)
        if name == "auto":  # takes a pair for a study
            continue
        if not expect(pair, f"--help {name} does not show the pair"):
            continue
        pairs[name] = pair.groups()
        for key in ("sampler", pair[1]), ("scheduler", pair[2]):
            same = sections(text).get(key) == alone[key]
            expect(same, f"--help {name}: {key[0]} {key[1]} has other options than in its own help")
    index = (PAGES / INDEX).read_text()
    check_pairs(index, pairs)
    for page, titled in pages.items():
        expect(titled, f"{page.name}: its first line names nothing")
        expect(all(name in names for name in titled), f"{page.name}: its first line names what is not there: {titled}")
        expect(f"({page.name})" in index, f"{INDEX} has no link to {page.name}")
        check_page(page, titled, alone, of_method)
    for name in names:
        expect(f"`{name}`" in index, f"{INDEX} does not mention {name}")
    print("\n".join(wrong) if wrong else f"{len(names)} names have their pages, and the pages their options")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
