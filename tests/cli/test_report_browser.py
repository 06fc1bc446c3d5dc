# SPDX-License-Identifier: GPL-3.0-or-later
"""A person before report.html: hovers, brushes, sorts and chooses contours with a mouse in Chromium, in light and dark, on a
wide and on a narrow screen, and what the page tells is compared with the journal, which is read here.
test_report_browser.py HPO_REPORT HPO_SEARCH
Needs Debian's chromium, chromium-driver and python3-selenium, else it is skipped."""
import base64
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select
except ImportError:
    print("SKIPPED: python3-selenium is not installed")
    sys.exit(77)

MIXED = ("study: mixed\nseed: 5\nmethod: random\nbudget: {trials: 400}\n"
         "objective: {function: {problem: ackley, dimensions: 5, choices: 1, logs: 1, levels: 4}}\n")
# What is not the same when the two are exchanged.
PAIR = ("study: pair\nseed: 2\nmethod: random\nbudget: {trials: 300}\nobjective: {function: {problem: branin}}\n")
CURVES = ("study: curves\nseed: 3\nobjective: {function: {problem: mf-hartmann3}}\nmethod: hyperband\n"
          "fidelity: {z: {min: 1, max: 27}}\nbudget: {trials: 120}\n")
MANY = ("study: many\nseed: 1\nobjective: {function: {problem: ackley, dimensions: 20}}\nmethod: random\n"
        "budget: {trials: 10000}\n")
FAILING = ("study: failing\nseed: 1\nobjective: {command: {run: [sh, program.sh, '{kind}', '{x}'], env: {TOKEN: s3cret}}}\n"
           "metric: loss\nmethod: random\nbudget: {trials: 24}\ntrial: {time: 1s}\n"
           "failure: {first: 0, retries: {crash: 1}}\n"
           "parameters: {x: {min: 0.0, max: 1.0}, kind: {values: [good, good too, exits, crashes, diverges, hangs]}}\n")
PROGRAM = ('case $1 in good*) echo "{\\"loss\\": $2}" ;; exits) echo "no data at step $2" >&2; exit 3 ;;\n'
           'crashes) kill -SEGV $$ ;; diverges) echo "{\\"loss\\": NaN}" ;; hangs) sleep 9 ;; esac\n')
SCREENS = [(width, mode) for width in (1400, 390) for mode in ("light", "dark")]
PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}
TOP, LENGTH = 34, 300  # of an axis of the parallel coordinates, in pixels


def call(*args, cwd=None):
    ended = subprocess.run([str(a) for a in args], capture_output=True, text=True, cwd=cwd, check=False)
    assert ended.returncode == 0, f"{args}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def run(search, folder, study, name):
    (folder / f"{name}.yaml").write_text(study)
    call(search, f"{name}.yaml", "--dir", name, cwd=folder)
    return folder / name


def read_journal(folder):
    """Trials as the journal has them: parameters, and what the last result said."""
    trials = []
    for line in (folder / "journal.log").read_text().splitlines():
        record = json.loads(line)
        if record["op_code"] == 4:
            params = {}
            for name, value in record["params"].items():
                choices = json.loads(record["distributions"][name])["attributes"].get("choices")
                params[name] = choices[int(value)] if choices else value
            trials.append({"params": params, "value": None, "fidelity": None, "failure": None})
        elif record["op_code"] == 8 and "hpo:result" in record["user_attr"]:
            result = record["user_attr"]["hpo:result"]
            trial = trials[record["trial_id"]]
            trial["fidelity"], trial["failure"] = result["fidelity"], result.get("failure")
            value = float(result["values"][0])
            trial["value"] = value if math.isfinite(value) else None
    return trials


def same(told, value):
    """What the page tells, with five digits, or with three where it is very small or large."""
    if value is None or isinstance(value, str):
        return told == (value or "")
    digits = 3 if "e" in told else 5
    return abs(float(told) - value) <= 0.501 * 10.0 ** (1 - digits) * abs(value)


class Screen:
    """A window of a given width and mode, with a mouse."""

    def __init__(self):
        options = Options()
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(flag)
        options.binary_location = shutil.which("chromium")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def show(self, page, width, mode):
        self.width = width
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                    {"features": [{"name": "prefers-color-scheme", "value": mode}]})
        self.driver.get(page.as_uri())
        self.settle()

    def ask(self, script, *args):
        return self.driver.execute_script(script, *args)

    def settle(self):
        """Until what was put off to the next picture is drawn."""
        self.driver.execute_async_script("const end = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => end()))")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def box(self, element):
        self.ask("arguments[0].scrollIntoView({block: 'center'})", element)
        box = self.ask("const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.width, b.height]", element)
        return box

    def mouse(self, *steps):
        """steps: (x, y) of the window, or 'down' or 'up'."""
        chain = ActionChains(self.driver, duration=20)
        for step in steps:
            if step == "down":
                chain.w3c_actions.pointer_action.pointer_down()
            elif step == "up":
                chain.w3c_actions.pointer_action.pointer_up()
            else:
                chain.w3c_actions.pointer_action.move_to_location(round(step[0]), round(step[1]))
        chain.perform()
        self.settle()

    def tip(self):
        return self.ask("const t = document.getElementById('tip'); return t.style.display === 'none' ? '' : t.textContent")

    def counted(self):
        return int(self.find(".counted").text.split()[0])

    def fits(self):
        wide = self.ask("return document.documentElement.scrollWidth")
        assert wide <= self.width, f"the page is {wide} wide in a window of {self.width}"

    def complaints(self):
        """Of the console, but for hints on speed, which the measuring above brings about."""
        return [entry for entry in self.driver.get_log("browser") if entry["source"] != "rendering"]


def axes_of(trials, names):
    """Lows and highs of what was seen."""
    return {name: (min(t["params"][name] for t in trials), max(t["params"][name] for t in trials)) for name in names}


def tip_is_true(tip, trials, metric):
    lines = tip.split("\n")
    number = int(re.match(r"trial (\d+), ", lines[0]).group(1))
    told = dict(line.split(": ", 1) for line in lines[1:])
    assert same(told.pop(metric), trials[number]["value"]), (tip, trials[number])
    told.pop("z", None)
    assert told and all(same(told[name], trials[number]["params"][name]) for name in told), (tip, trials[number])
    return number


def hovers(screen, trials, names, metric):
    """Above a line between the first two axes is the trial whose values say so."""
    left, top, _, _ = screen.box(screen.ask("return document.querySelectorAll('.pc canvas')[2]"))
    x = screen.axes
    low, high = axes_of(trials, names[:2])[names[0]]
    y = [TOP + LENGTH * (1 - (t["params"][names[0]] - low) / (high - low)) for t in trials]
    lonely = max(range(len(trials)), key=lambda i: min(abs(y[i] - other) for k, other in enumerate(y) if k != i))
    screen.mouse((left + x[0] + 1, top + y[lonely]))
    assert tip_is_true(screen.tip(), trials, metric) == lonely, (screen.tip(), lonely)
    screen.mouse((left + x[0] + (x[1] - x[0]) / 2, top + TOP + LENGTH / 2))
    if screen.tip():
        tip_is_true(screen.tip(), trials, metric)


def brushes(screen, trials, name, at, value_of=lambda v: v):
    """Dragging along an axis keeps what lies there: at least what is surely inside, at most what may be."""
    left, top, _, _ = screen.box(screen.ask("return document.querySelectorAll('.pc canvas')[2]"))
    values = [value_of(t["params"][name]) for t in trials]
    low, high = min(values), max(values)
    y = [TOP + LENGTH * (1 - (v - low) / (high - low)) for v in values]
    x, begin, end = left + screen.axes[at], 70, 190
    screen.mouse((x, top + begin), "down", (x, top + 120), (x, top + end), "up")
    count = screen.counted()
    least, most = sum(begin + 1.5 < v < end - 1.5 for v in y), sum(begin - 1.5 < v < end + 1.5 for v in y)
    assert 0 < least <= count <= most < len(trials), (name, least, count, most)
    rows = screen.ask("return [...document.querySelectorAll('table.trials tbody tr td:first-child')].map(d => +d.textContent)")
    assert rows and all(begin - 1.5 < y[i] < end + 1.5 for i in rows), (name, rows)
    screen.find(".tools button").click()
    screen.settle()
    assert screen.counted() == len(trials)


def brushes_a_choice(screen, trials, name, at):
    """Lines of a choice are spread, but it is chosen as one."""
    left, top, _, _ = screen.box(screen.ask("return document.querySelectorAll('.pc canvas')[2]"))
    choices = screen.ask("return JSON.parse(document.querySelector('script.data').textContent).params[arguments[0]].choices", at)
    y = top + TOP + LENGTH * (1 - 1.5 / len(choices))  # of the second
    x = left + screen.axes[at]
    screen.mouse((x, y - 4), "down", (x, y), (x, y + 5), "up")
    assert screen.counted() == sum(t["params"][name] == choices[1] for t in trials), screen.counted()
    screen.find(".tools button").click()
    screen.settle()


def sorts(screen, trials, name):
    """A column's button: ascending, then descending; all cells of the first rows are those of the journal."""
    heads = screen.ask("return [...document.querySelectorAll('table.trials th')].map(t => t.textContent)")
    column = heads.index(name)
    for way, order in (("ascending", 1), ("descending", -1)):
        screen.ask("return document.querySelectorAll('table.trials th button')[arguments[0]]", column).click()
        screen.settle()
        assert screen.ask("return document.querySelectorAll('table.trials th')[arguments[0]].ariaSort", column) == way
        rows = screen.ask("return [...document.querySelectorAll('table.trials tbody tr')].map(r => [...r.children].map(d => d.textContent))")
        expected = sorted((t["params"][name] for t in trials if name in t["params"]), reverse=order < 0)[:len(rows)]
        assert len(rows) == min(25, len(trials)) and all(same(r[column], v) for r, v in zip(rows, expected)), (way, rows[0])
        for row in rows[:5]:
            trial = trials[int(row[0])]
            assert same(row[2], trial["value"]) and same(row[3], trial["fidelity"]), row
            assert all(same(row[k], trial["params"][heads[k]]) for k in range(5, len(row))), (row, trial)


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    cross = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return cross / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


def contours(screen, trials, across, up, unit, least):
    """The forest says of a place about what trials near it showed; at the best trial it is the trial that is told."""
    boxes = screen.ask("return [...document.querySelectorAll('.charts > div')]")
    selects = boxes[1].find_elements(By.TAG_NAME, "select")
    Select(selects[0]).select_by_visible_text(across)
    Select(selects[1]).select_by_visible_text(up)
    screen.settle()
    left, top, width, height = screen.box(boxes[1].find_element(By.TAG_NAME, "canvas"))
    frame = (left + 58, top + 20, width - 58 - 62, height - 60)  # left, top, width, height
    points = [(unit(across, t["params"][across]), unit(up, t["params"][up]), t["value"]) for t in trials]
    told, seen = [], []
    for u in (0.1, 0.37, 0.63, 0.9):
        for v in (0.1, 0.37, 0.63, 0.9):
            screen.mouse((frame[0] + u * frame[2], frame[1] + (1 - v) * frame[3]))
            if screen.tip().startswith("forest: "):
                told.append(float(screen.tip().split("\n")[0].split(": ")[1]))
                near = [value for a, b, value in points if abs(a - u) < 0.15 and abs(b - v) < 0.15]
                seen.append(sum(near) / len(near))
            else:
                tip_is_true(screen.tip(), trials, "value")
    assert len(told) > 6 and correlation(told, seen) > least, (correlation(told, seen), told, seen)
    best = min(range(len(trials)), key=lambda i: trials[i]["value"])
    screen.mouse((frame[0] + points[best][0] * frame[2], frame[1] + (1 - points[best][1]) * frame[3]))
    assert tip_is_true(screen.tip(), trials, "value") == best, screen.tip()


def measure(screen, canvas):
    """Milliseconds of a step of a brush, until it is drawn."""
    return screen.ask("""
        const canvas = arguments[0], pixels = document.querySelectorAll('.pc canvas')[1].getContext('2d');
        const box = canvas.getBoundingClientRect();
        const send = (kind, y) => canvas.dispatchEvent(new PointerEvent(kind, {clientX: box.left + 45, clientY: box.top + y, pointerId: 1}));
        canvas.setPointerCapture = () => {};
        send('pointerdown', 34);
        const took = [250, 220, 190, 170, 150].map(y => {
          const start = performance.now();
          send('pointermove', 34 + y);
          pixels.getImageData(0, 0, 1, 1);
          return performance.now() - start;
        });
        send('pointerup', 184);
        return Math.min(...took);""", canvas)


def prints(screen):
    pdf = base64.b64decode(screen.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    pages = max(int(n) for n in re.findall(rb"/Count (\d+)", pdf))
    assert pdf.startswith(b"%PDF") and pages >= 2, pages
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    shown = screen.ask("return ['.live', '.dead'].map(s => getComputedStyle(document.querySelector(s)).display)")
    screen.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert shown == ["none", "block"], shown


def look(screen, page, width, mode):
    screen.show(page, width, mode)
    assert screen.ask("return getComputedStyle(document.body).backgroundColor") == PAPER[mode], mode
    screen.fits()
    canvas = screen.ask("return document.querySelectorAll('.pc canvas')[2]")
    heads = screen.ask("return [...document.querySelectorAll('table.trials th')].map(t => t.textContent)")
    gap = (screen.ask("return arguments[0].clientWidth", canvas) - 90) / (len(heads) - 5)
    screen.axes = [45 + k * gap for k in range(len(heads) - 4)]
    return canvas, heads[5:]


def a_mixed_space(screen, report, search, folder):
    made = run(search, folder, MIXED, "mixed")
    trials, page = read_journal(made), made / "report.html"
    lows = {name: axes_of(trials, [name])[name] for name in trials[0]["params"] if name != "x1"}
    logs = [name for name, (low, high) in lows.items() if low > 0 and high / low > 1e3]
    choices = [n for n in trials[0]["params"] if n not in lows or len({t["params"][n] for t in trials}) < 9]
    assert len(logs) == 1 and len(choices) == 1, (logs, choices)
    space = dict(re.findall(r'"name":"(\w+)","log":\w+,"scale":"\w+","from":([^,]+,"to":[^,]+),', page.read_text()))

    def unit(name, value):
        low, high = (float(v) for v in space[name].split(',"to":'))
        return math.log(value / low) / math.log(high / low) if name in logs else (value - low) / (high - low)

    for width, mode in SCREENS:
        _, names = look(screen, page, width, mode)
        best = min(range(len(trials)), key=lambda i: trials[i]["value"])
        told = re.match(r"Best: value (\S+), trial (\d+) of 400", screen.find(".lead").text)
        assert int(told.group(2)) == best and same(told.group(1), trials[best]["value"]), told.group(0)
        numbers = [name for name in names if name not in choices and name not in logs]
        at = {name: names.index(name) for name in names}
        brushes(screen, trials, numbers[0], at[numbers[0]])
        brushes(screen, trials, logs[0], at[logs[0]], math.log)
        brushes_a_choice(screen, trials, choices[0], at[choices[0]])
        sorts(screen, trials, numbers[-1])
        sorts(screen, trials, logs[0])
        contours(screen, trials, logs[0], numbers[0], unit, 0.6)
        screen.ask("arguments[0].click()", screen.find(".live input[type=checkbox]"))  # straight axes instead
        screen.settle()
        brushes(screen, trials, logs[0], at[logs[0]])
        screen.fits()
    prints(screen)


def a_pair(screen, report, search, folder):
    made = run(search, folder, PAIR, "pair")
    ranges = {"x1": (-5, 10), "x2": (0, 15)}

    def unit(name, value):
        return (value - ranges[name][0]) / (ranges[name][1] - ranges[name][0])

    for width, mode in SCREENS[1:3]:
        look(screen, made / "report.html", width, mode)
        contours(screen, read_journal(made), "x1", "x2", unit, 0.9)
        contours(screen, read_journal(made), "x2", "x1", unit, 0.9)


def curves_of_a_fidelity(screen, report, search, folder):
    made = run(search, folder, CURVES, "curves")
    other = run(search, folder, CURVES.replace("seed: 3", "seed: 4"), "other")
    trials = read_journal(made)
    for width, mode in SCREENS:
        _, names = look(screen, made / "report.html", width, mode)
        full = [t["value"] for t in trials if t["fidelity"] == 27 and t["value"] is not None]
        assert same(screen.find(".lead").text.split()[2], min(full)), (screen.find(".lead").text, min(full))
        hovers(screen, trials, names, "value")
        screen.ask("const top = document.querySelector('input[type=range]'); top.value = 10; top.oninput()")
        assert screen.counted() == 12, screen.counted()  # a tenth of 120
        assert screen.find(".charts > div:nth-child(3) canvas").is_displayed()
        prints(screen)
    call(report, "--format", "html", "--out", folder / "both.html", made, other)
    for width, mode in SCREENS:
        screen.show(folder / "both.html", width, mode)
        screen.fits()
        assert screen.ask("return document.querySelectorAll('.pc').length") == 2
        told = screen.ask("return [...document.querySelectorAll('table')][0].innerText").split("\n")
        for name, folder_of in (("curves", made), ("other", other)):
            best = min(t["value"] for t in read_journal(folder_of) if t["fidelity"] == 27)
            row = next(line for line in told if line.startswith(name)).split("\t")
            assert row[3] == "120" and same(row[5], best), (row, best)


def failures(screen, report, search, folder):
    (folder / "program.sh").write_text(PROGRAM)
    made = run(search, folder, FAILING, "failing")
    trials = read_journal(made)
    counts = {}
    for trial in trials:
        if trial["failure"]:
            counts[trial["failure"]] = counts.get(trial["failure"], 0) + 1
    assert len(counts) >= 3, counts
    assert "s3cret" not in (made / "report.html").read_text()
    for width, mode in SCREENS:
        look(screen, made / "report.html", width, mode)
        rows = screen.ask("return [...document.querySelectorAll('.reasons tr')].slice(1).map(r => [...r.children].map(d => d.textContent))")
        assert len(rows) == len(counts) and {r[0]: int(r[2]) for r in rows} == counts, (rows, counts)
        kept = screen.counted()
        screen.ask("const top = document.querySelector('input[type=range]'); top.value = 99; top.oninput()")
        assert kept == 24 and screen.counted() <= 24 - sum(counts.values()), (kept, screen.counted(), counts)


def a_comparison(screen, report, search, folder):
    """Of runs with long names and methods and different metrics: what does not fit scrolls by itself, not the page."""
    made = [run(search, folder, PAIR, "a_name_that_is_longer_than_most_names_of_folders_are"), run(search, folder, CURVES, "curves")]
    (folder / "program.sh").write_text(PROGRAM)
    made.append(run(search, folder, FAILING, "failing"))
    call(report, "--format", "html", "--out", folder / "all.html", *made)
    for width, mode in SCREENS:
        screen.show(folder / "all.html", width, mode)
        screen.fits()
        best = screen.ask("return [...document.querySelector('table').rows].slice(1).map(r => r.cells[5].textContent)")
        whole = [json.loads(call(report, "--format", "json", folder)) for folder in made]
        assert [float(b) for b in best] == [float(f"{w['best']['value']:.6g}") for w in whole], best


def ten_thousand(screen, report, search, folder):
    made = run(search, folder, MANY, "many")
    trials = read_journal(made)
    for width, mode in ((1400, "light"), (390, "dark")):
        canvas, names = look(screen, made / "report.html", width, mode)
        assert screen.counted() == 10000
        brushes(screen, trials, names[0], 0)
        sorts(screen, trials, names[1])
        took = measure(screen, canvas)
        assert took < 100, f"a brush took {took:.0f} ms"
        print(f"a step of a brush over 10,000 trials of 20 parameters, {width} wide: {took:.0f} ms")


def main():
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            print(f"SKIPPED: there is no {program}")
            return 77
    screen = Screen()
    try:
        for case in (a_mixed_space, a_pair, curves_of_a_fidelity, failures, a_comparison, ten_thousand):
            start = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                case(screen, sys.argv[1], sys.argv[2], pathlib.Path(folder))
            complaints = screen.complaints()
            assert not complaints, complaints
            print(f"{case.__name__}: {time.monotonic() - start:.0f} s")
    finally:
        screen.driver.quit()
    print("reports can be used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
