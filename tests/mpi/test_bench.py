# SPDX-License-Identifier: GPL-3.0-or-later
"""A suite gives the same bytes however it is run, killed and continued: test_bench.py HPO_BENCH [--write]

--write: makes benchmarks/golden/smoke.csv anew, which holds what the suite smoke has found. It pins the kernels of BLAS
and of the C library, so that every processor must find the same.
"""
import pathlib
import sys

from harness import BAD_INPUT, DONE, check, check_equal, main, results, wait_until

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "golden" / "smoke.csv"
TABLES = ("results.csv", "cells.csv", "suite.yaml", "summary.csv", "index.html")


def tables(folder):
    files = [folder / name for name in TABLES] + sorted((folder / "figures").iterdir())
    return {str(file.relative_to(folder)): file.read_text() for file in files}


def reference(place, *args):
    folder = place.path("reference" + "".join(args).replace("=", "-"))
    place.alone("run", "smoke", "--out", folder, *args).expect(DONE)
    return tables(folder)


def the_golden_file_and_every_launcher(place):
    want = reference(place)
    check_equal(want["results.csv"], GOLDEN.read_text(), "what smoke finds (test_bench.py --write makes the file anew)")
    for name, start in place.launchers().items():
        folder = place.path(name.replace(" ", ""))
        start("run", "smoke", "--out", folder).expect(DONE).says("60 cells in")
        check_equal(tables(folder), want, f"the tables of {name}")
        check(not (folder / "times.csv").exists(), "times.csv is there, and nobody asked")


def killed_and_continued(place):
    seeds = ("--set", "seeds=20")
    want = reference(place, *seeds)
    for i, (name, start) in enumerate(place.launchers().items()):
        folder = place.path(f"killed-{i}")
        for cells in (40, 200):
            run = start("run", "smoke", "--out", folder, *seeds)
            wait_until(lambda: run.ended() or len(results(folder)) >= cells, f"{cells} cells of {name}")
            check(not run.ended(), f"{name} was over before it could be killed at {cells} of 400 cells")
            run.kill_everything()
            check(not (folder / "results.csv").exists(), "tables of half a run")
        start("run", "smoke", "--out", folder, *seeds).expect(DONE)
        check_equal(tables(folder), want, f"the tables of {name} after two kills")


def more_seeds_go_on(place):
    folder = place.path("grows")
    place.alone("run", "smoke", "--out", folder).expect(DONE)
    before = len(results(folder))
    place.jobs(2, "run", "smoke", "--out", folder, "--set", "seeds=5", "--times").expect(DONE).says("times.csv")
    check_equal((before, len(results(folder))), (60, 100), "cells that were run")
    check_equal(tables(folder), reference(place, "--set", "seeds=5"), "the tables of a suite that has grown")
    check_equal(len((folder / "times.csv").read_text().splitlines()), 101, "lines of times.csv")


def compared_again(place):
    want = reference(place)
    folder, again = place.path("reference"), place.path("again")
    place.alone("compare", folder, "--out", again).expect(DONE).says("branin, 8 workers: regret", "against tpe")
    for name in ("summary.csv", "index.html", "figures/ranks-w8.svg"):
        check_equal((again / name).read_text(), want[name], f"{name} of the same run")
    place.alone("compare", folder, again).expect(BAD_INPUT).says("again/cells.csv")


def write(place):
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(reference(place)["results.csv"])


if __name__ == "__main__":
    tests = (write,) if "--write" in sys.argv else (the_golden_file_and_every_launcher, killed_and_continued,
                                                    more_seeds_go_on, compared_again)
    sys.exit(main(sys.argv[1], *tests))
