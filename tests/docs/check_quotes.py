# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page shows of a file of the tree is what stands there: check_quotes.py.

A block of code behind a line `<!-- path -->` stands in that file, paragraph by paragraph and but for white space. The files that a guide says to touch are in the tree, but
for the one that it adds.
"""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUOTE = re.compile(r"^<!-- (\S+) -->\n```\w*\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
TOUCHED = re.compile(r"^\| (`[^|]*) \|", flags=re.MULTILINE)


def plain(code):
    return " ".join(code.replace("\\\n", "\n").split())


def main():
    wrong, quotes = [], 0
    for page in sorted((SOURCE / "docs").rglob("*.md")):
        text = page.read_text()
        for path, block in QUOTE.findall(text):
            quotes += 1
            file = SOURCE / path
            if not file.exists():
                wrong.append(f"{page.name} quotes {path}, which is not there")
                continue
            there = plain(file.read_text())
            wrong += [f"{page.name} quotes of {path} what does not stand there:\n{part}"
                      for part in block.split("\n\n") if plain(part) not in there]
        if not page.name.startswith("adding-"):
            continue
        for path in re.findall(r"`([a-z]+/[\w/.-]+\.\w+)`", " ".join(TOUCHED.findall(text))):
            made = re.search(rf"`X\({(SOURCE / path).stem}\)`|&eng_{(SOURCE / path).stem}\b", text)
            if not (SOURCE / path).exists() and not made:
                wrong.append(f"{page.name} names {path}, which is not there")
    if quotes < 10:
        wrong.append(f"only {quotes} quotes were found")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{quotes} quotes are as the tree is")


if __name__ == "__main__":
    main()
