"""Mails a second over tests/mails, against flufl.bounce and, where it is installed, Perl's Sisimai, in the same run.

    python scripts/bench_mails.py [--runs 5] [FOLDER]

A mail counts for a comparison only where the other program finds a failure in it too. The programs take turns; the best run counts.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bot import load

MAILS = Path(__file__).parent.parent / "tests" / "mails"
# Warmed with all mails; printed: mails in which a failure was found, then the seconds of the best run over those.
_SISIMAI = """
use Sisimai; use Time::HiRes 'time'; my ($runs, @files) = @ARGV; my @found; my $best = 9e9;
for my $file (@files) { my $made = eval { Sisimai->rise($file) }; push @found, $file if $made && @$made }
print join("\\n", @found), "\\n";
for (1 .. $runs) { my $begun = time; Sisimai->rise($_) for @found; my $took = time - $begun; $best = $took if $took < $best }
print "seconds $best\\n";
"""


class Mails(NamedTuple):
    """Milliseconds of the median mail, mails a second, and how many times as fast we are as the others (None: not installed)."""

    p50: float
    rate: float
    to_flufl: float | None
    to_sisimai: float | None


def best_time(work: Callable[[bytes], object], mails: list[bytes], runs: int) -> float:
    """The seconds of the best run over all mails."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        for raw in mails:
            work(raw)
        times.append(time.perf_counter() - begun)
    return min(times)


def time_flufl(answer: Callable[[bytes], object], mails: list[bytes], runs: int) -> float | None:
    """How many times as fast as flufl.bounce `answer` is over the mails in which it finds an address."""
    try:
        from flufl.bounce import scan_message
    except ImportError:
        return None

    def scan(raw: bytes) -> object:
        return scan_message(message_from_bytes(raw))

    shared = [raw for raw in mails if scan(raw)]
    pairs = [(best_time(scan, shared, 1), best_time(answer, shared, 1)) for _ in range(runs)]
    return min(theirs for theirs, _ in pairs) / min(ours for _, ours in pairs)


def time_sisimai(answer: Callable[[bytes], object], mails: list[bytes], runs: int) -> float | None:
    """How many times as fast as Sisimai `answer` is over the mails in which it finds a failure; both read files."""
    if not shutil.which("perl") or subprocess.run(["perl", "-MSisimai", "-e1"], capture_output=True).returncode:
        return None
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.eml" for number in range(len(mails))]
        for file, raw in zip(files, mails, strict=True):
            file.write_bytes(raw)
        done = subprocess.run(
            ["perl", "-e", _SISIMAI, str(runs), *map(str, files)], capture_output=True, text=True, check=True
        )
        *found, last = done.stdout.split("\n")[:-1]
        shared = [name for name in found if name]
        times = []
        for _ in range(runs):
            begun = time.perf_counter()
            for name in shared:
                answer(Path(name).read_bytes())
            times.append(time.perf_counter() - begun)
    return float(last.split()[1]) / min(times) if shared else None


def measure(folder: Path = MAILS, runs: int = 5) -> Mails:
    """All figures over the mails of one folder."""
    answer = load().answer_mail
    mails = [path.read_bytes() for path in sorted(folder.glob("*.eml"))]
    for raw in mails:
        answer(raw)
    each = median(min(best_time(answer, [raw], 1) for _ in range(runs)) for raw in mails)
    rate = len(mails) / best_time(answer, mails, runs)
    return Mails(each * 1e3, rate, time_flufl(answer, mails, runs), time_sisimai(answer, mails, runs))


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=MAILS)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    found = measure(chosen.folder, chosen.runs)
    print(f"one mail, p50       {found.p50:8.2f} ms")
    print(f"mails a second      {found.rate:8,.0f}")
    for name, ratio in (("flufl.bounce", found.to_flufl), ("Sisimai", found.to_sisimai)):
        print(f"to {name:17}" + (f"{ratio:8.2f} x" if ratio else "not installed"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
