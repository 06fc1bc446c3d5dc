# SPDX-License-Identifier: GPL-3.0-or-later
"""Every architecture search has a page, with the parts and the options that --help shows.

    check_searches.py HPO_SEARCH

The page of a name is the one under docs/searches whose first line has it in backquotes; there is exactly one. It shows
the parts as they can be written into a study, and documents every option of parts that the page of `darts` has not
(the options of stages once for all), with its default. The index has a link and a row for every name.
"""
import pathlib
import re
import sys

from programs import built

from check_options import documented, expect, help_of, page_names, same_default, wrong

PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "searches"
INDEX = "README.md"
ELSEWHERE = {"drnas-progressive": "p-darts.md", "tangle-nas": "drnas.md"}  # whose page has the options of a part


def names_of(program):
    listing = help_of(program, "--list").split("\nsearches")[1]
    return re.findall(r"^  (\S+)", listing.split("\n\n")[0], flags=re.MULTILINE)


def read_help(program, name):
    """(what a study would say, {option: default})."""
    text = help_of(program, "--help", f"search:{name}")
    head = re.search(r"= \{(.*?)\}(?: with \{(.*?)\})?$", " ".join(text.split("\n\n")[0].split()))
    if not expect(head, f"--help search:{name} does not show its parts"):
        return "", {}
    options = dict(re.findall(r"^  (\w+)  .*?; default (\S+)$", text, flags=re.MULTILINE))
    return "{" + ", ".join(filter(None, head.groups())) + "}", options


def check(name, spec, options, text, elsewhere, where):
    written = re.search(rf"^`{name}` =\n`(.*)`", text, flags=re.MULTILINE)
    expect(written and written[1] == spec, f"{where}: {name} is {spec}")
    rows = documented(where, text)
    rows.update(elsewhere)
    for option, default in options.items():
        if expect(option in rows, f"{where}: the option {option} is missing"):
            expect(same_default(rows[option], default), f"{where}: the default of {option} is {default}")


def main():
    program = built(sys.argv[1])
    names = names_of(program)
    expect(len(names) > 10, f"--list is not understood: {names}")
    pages = {path.name: path.read_text() for path in PAGES.glob("*.md")}
    index = pages.pop(INDEX)
    known = {name: read_help(program, name) for name in names}
    every = {option for _, options in known.values() for option in options}
    plain = documented("darts.md", pages["darts.md"])
    for name, (spec, options) in known.items():
        own = [page for page, text in pages.items() if name in page_names(text.splitlines()[0])]
        expect(f"| [`{name}`](" in index, f"{INDEX} has no row for {name}")
        if not expect(len(own) == 1, f"{name} has the pages {own}; it must have one"):
            continue
        shared = dict(plain)
        if name in ELSEWHERE:
            shared.update(documented(ELSEWHERE[name], pages[ELSEWHERE[name]]))
        rows = documented(own[0], pages[own[0]])
        check(name, spec, options, pages[own[0]], {k: v for k, v in shared.items() if k not in rows}, own[0])
    for page, text in pages.items():
        expect(f"({page})" in index, f"{INDEX} has no link to {page}")
        expect(set(page_names(text.splitlines()[0])) <= set(names), f"{page}: its first line names what is not there")
        expect(set(documented(page, text)) <= every, f"{page} documents an option that no search has")
    print("\n".join(wrong) if wrong else f"{len(names)} searches have their pages, and the pages their parts and options")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
