#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes docs/pictures again: runs docs/tutorial.md as it is printed, and takes pictures of its reports in Chromium.

    scripts/make_pictures.py [FOLDER]

FOLDER keeps the runs; one that is there already is not run again. Needs the release build, Debian's packages chromium, pngquant,
dataset-fashion-mnist and python3-sklearn, and six minutes of two cores. The tutorial names every picture, and no other lies
there.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
PICTURES = SOURCE / "docs" / "pictures"
WIDTH = 830  # of a page at GitHub
LARGEST = 120 * 1024
# name: the report in FOLDER, the heading of what is shown, the smaller heading before which it ends, further CSS
SHOWN = {
    "cnn-best": ("first/runs/cnn", "The best so far", "", ".row > :nth-child(n+3){display:none}"),
    "cnn-importance": ("first/runs/cnn", "What mattered", "Contours",
                       ".row > div{display:none} h3 + figure{max-height:206px;overflow:hidden}"),
    "cnn-parallel": ("first/runs/cnn", "Every trial", "", ".pc ~ *{display:none}"),
    "boost-curves": ("second/runs/boost", "Learning curves", "", ""),
}
# Hides all but the part of the page under one heading, and says in the title how high that is.
SCRIPT = """
<style>%(css)s body{margin:0 auto!important;padding:0 8px!important} h1{display:none} h2{margin-top:.3em!important}</style>
<script>
addEventListener("load", () => {
  const heading = [...document.querySelectorAll("h2")].find(h => h.textContent === "%(heading)s");
  let inside = false;
  for (const part of [...heading.parentNode.children]) {
    if (part.tagName === "H2") inside = part === heading;
    if (part.tagName === "H3" && part.textContent.startsWith("%(until)s")) inside = false;
    if (!inside && !["SCRIPT", "STYLE"].includes(part.tagName)) part.style.display = "none";
  }
  dispatchEvent(new Event("resize"));
  setTimeout(() => document.title = "height " + Math.ceil(document.body.getBoundingClientRect().bottom + 8), 500);
});
</script>
"""


def chromium(*arguments):
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=3000",
               "--blink-settings=preferredColorScheme=1", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def take(name, report, heading, until, css):
    with tempfile.TemporaryDirectory() as folder:
        page, picture = pathlib.Path(folder) / "page.html", PICTURES / f"{name}.png"
        added = SCRIPT % {"heading": heading, "until": until or "(none)", "css": css}
        page.write_text(report.read_text() + added)
        told = re.search(r"<title>height (\d+)</title>", chromium("--dump-dom", f"--window-size={WIDTH},900", f"file://{page}"))
        if not told:
            sys.exit(f"{report} has no part '{heading}'")
        chromium(f"--screenshot={picture}", f"--window-size={WIDTH},{told[1]}", f"file://{page}")
    subprocess.run(["pngquant", "--force", "--strip", "--speed=1", "--output", picture, "64", picture], check=True)
    size = picture.stat().st_size
    print(f"{picture.relative_to(SOURCE)}: {WIDTH} x {told[1]}, {size} bytes")
    if size > LARGEST:
        sys.exit(f"{picture} is too large: leave some of it out")


def main():
    for package in "chromium", "pngquant":
        if not shutil.which(package):
            sys.exit(f"make_pictures.py needs Debian's package {package}")
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    for part, name in (1, "first"), (2, "second"):
        if not (folder / name).exists():
            subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/docs/check_tutorial.py", str(part),
                            SOURCE / "build/release/bin", "--full", folder], check=True)
    PICTURES.mkdir(exist_ok=True)
    for name, (run, *what) in SHOWN.items():
        take(name, folder / run / "report.html", *what)


if __name__ == "__main__":
    main()
