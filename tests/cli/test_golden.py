# SPDX-License-Identifier: GPL-3.0-or-later
"""experiments/digits finds what it found before: every configuration, and on processors with AVX-512 every record.

    test_golden.py HPO_SEARCH [--write]      --write: makes tests/cli/golden/digits.txt anew

What a training computes depends on the instructions of the processor in the last bits, and so does which trials are
promoted. Configurations do not depend on it, but for what the C library's exponential function rounds.
"""
import hashlib
import math
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import journal_dump  # noqa: E402

GOLDEN = HERE / "golden" / "digits.txt"
STUDY = HERE.parents[1] / "experiments" / "digits" / "study.yaml"
LEVEL = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}  # what base/cpu.h asks of AVX-512
ROUNDING = 4 * sys.float_info.epsilon


def has_avx512():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return LEVEL <= set(flags.split())


def run_digits(program):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "--quiet", STUDY, "--dir", folder], check=True, stdout=subprocess.DEVNULL)
        return journal_dump.records(pathlib.Path(folder) / "journal.log")


def golden_lines(records):
    """The sum of all records, then the configurations in the order of their trials."""
    starts = sorted((line for line in records if line.startswith("start")), key=lambda line: int(line.split()[1]))
    everything = hashlib.md5("".join(line + "\n" for line in records).encode()).hexdigest()
    return [f"all {len(records)} records with AVX-512: {everything}"] + starts


def same_word(got, want):
    (name, _, a), (wanted_name, _, b) = got.partition("="), want.partition("=")
    if name != wanted_name or not (a and b):
        return got == want
    return math.isclose(float.fromhex(a), float.fromhex(b), rel_tol=ROUNDING)


def same(got, want):
    words, wanted = got.split(), want.split()
    return len(words) == len(wanted) and all(map(same_word, words, wanted))


def main():
    lines = golden_lines(run_digits(sys.argv[1]))
    if "--write" in sys.argv:
        GOLDEN.write_text("\n".join(lines) + "\n")
        return 0
    wanted = GOLDEN.read_text().splitlines()
    first = 0 if has_avx512() else 1
    wrong = [(got, want) for got, want in zip(lines[first:], wanted[first:]) if not same(got, want)]
    for got, want in wrong[:3]:
        print(f"got      {got}\nexpected {want}")
    if len(lines) != len(wanted):
        print(f"{len(lines) - 1} configurations instead of {len(wanted) - 1}")
    print(f"{len(lines) - 1} configurations" + (" and all records" if first == 0 else ""), "were compared")
    return 1 if wrong or len(lines) != len(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
