#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes docs/pictures again: runs docs/tutorial.md as it is printed, and takes pictures of its reports in Chromium; and one of
optuna-dashboard while a run goes on.

    scripts/make_pictures.py [FOLDER]
    scripts/make_pictures.py --dashboard    that picture alone, a minute

FOLDER keeps the runs; one that is there already is not run again. Needs the release build, Debian's packages chromium, pngquant,
dataset-fashion-mnist and python3-sklearn, and seven minutes of two cores; for the dashboard, what tests/support/readers.txt
names is installed into build/release/readers-venv. The pages of docs name every picture, and no other lies
there.
"""
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
PICTURES = SOURCE / "docs" / "pictures"
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import venv_folder  # noqa: E402

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

# What optuna-dashboard looks at: learning curves of a rate and a width, a second or so for each of 200 trials.
CURVES = """
study: curves
seed: 1
objective: {command: {run: [/usr/bin/python3, curve.py, "{rate}", "{width}", "{epoch}"]}}
metric: {name: error, goal: minimize}
method: {sampler: tpe, scheduler: hyperband}
fidelity: {epoch: {min: 1, max: 27}}
budget: {trials: 200}
parameters:
  rate: {min: 1e-5, max: 1.0, log: true}
  width: {min: 16, max: 256, log: true}
"""
CURVE = """
import json, math, sys, time
rate, width = float(sys.argv[1]), int(sys.argv[2])
for epoch in range(1, int(sys.argv[3]) + 1):
    time.sleep(0.2)
    off = (math.log10(rate) + 2.5) ** 2 / 10 + abs(width - 96) / 600
    print(json.dumps({"epoch": epoch, "error": 0.05 + off + 0.6 / (epoch + 1)}), flush=True)
"""
DASHBOARD = (WIDTH, 1200)


def chromium(*arguments, wait=3000):
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--virtual-time-budget={wait}",
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
    make_small(picture, told[1])


def make_small(picture, height):
    subprocess.run(["pngquant", "--force", "--strip", "--speed=1", "--output", picture, "64", picture], check=True)
    size = picture.stat().st_size
    print(f"{picture.relative_to(SOURCE)}: {WIDTH} x {height}, {size} bytes")
    if size > LARGEST:
        sys.exit(f"{picture} is too large: leave some of it out")


def take_dashboard():
    """Of a run in its middle."""
    python = venv_folder.readers(SOURCE / "build/release/readers-venv")
    with tempfile.TemporaryDirectory() as text, socket.socket() as probe:
        folder, picture = pathlib.Path(text), PICTURES / "dashboard.png"
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (folder / "study.yaml").write_text(CURVES)
        (folder / "curve.py").write_text(CURVE)
        run = subprocess.Popen([SOURCE / "build/release/bin/hpo_search", "-j", "3", "study.yaml", "--dir", "run"], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(40)
        dashboard = subprocess.Popen([python.parent / "optuna-dashboard", "--host", "127.0.0.1", "--port", str(port),
                                      folder / "run/journal.log"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(8)
            if run.poll() is not None:
                sys.exit("the run for the dashboard has ended already")
            chromium(f"--screenshot={picture}", "--window-size={},{}".format(*DASHBOARD),
                     f"http://127.0.0.1:{port}/dashboard/studies/0", wait=20000)
        finally:
            for process in run, dashboard:
                process.terminate()
                process.wait()
    make_small(picture, DASHBOARD[1])


def main():
    for package in "chromium", "pngquant":
        if not shutil.which(package):
            sys.exit(f"make_pictures.py needs Debian's package {package}")
    if sys.argv[1:] == ["--dashboard"]:
        take_dashboard()
        return
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    for part, name in (1, "first"), (2, "second"):
        if not (folder / name).exists():
            subprocess.run(["/usr/bin/python3", "-B", SOURCE / "tests/docs/check_tutorial.py", str(part),
                            SOURCE / "build/release/bin", "--full", folder], check=True)
    PICTURES.mkdir(exist_ok=True)
    for name, (run, *what) in SHOWN.items():
        take(name, folder / run / "report.html", *what)
    take_dashboard()


if __name__ == "__main__":
    main()
