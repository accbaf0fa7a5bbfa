"""Measures the bot against its budgets; ends with 1 if one is not kept.

Each figure is the median of five runs. No line is asked twice, so that nothing can be answered from memory.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from statistics import median

from bot import load

RUNS = 5
LINES = 2_000
MEGABYTE = 1_000_000

REPLIES = [
    "550 5.1.1 <{user}@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "452 4.2.2 The email account {user}@example.com that you tried to reach is over quota",
    "451 4.7.1 <{user}@example.org>: Recipient address rejected: Greylisted, try again in {number} seconds",
    "550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy {number}",
    "554 5.7.1 Service unavailable; Client host [192.0.2.{octet}] blocked, reference {number}",
    "421 4.4.2 mx{number}.example.net Error: timeout exceeded",
    "what does 550 5.7.{octet} mean for {user}@example.com",
]
HOSTILE = {
    "one word": "a" * MEGABYTE,
    "spaces": " " * MEGABYTE,
    "digits and dots": "5.1.1." * (MEGABYTE // 6),
    "replies": "550 5.1.1 user unknown " * (MEGABYTE // 23),
    "quotes": ("> " * 500 + "550\n") * (MEGABYTE // 1_004),
    "brackets": "<[(" * (MEGABYTE // 3),
    "headers": "Subject: =?utf-8?q?=35?=\n" * (MEGABYTE // 25),
}


def make_lines(start: int) -> Iterator[str]:
    for number, reply in zip(range(start, start + LINES), cycle(REPLIES), strict=False):
        yield reply.format(user=f"user{number}", number=number, octet=number % 255)


def time_import() -> float:
    """Milliseconds that `import bot` takes in a new process."""
    code = "import time; began = time.perf_counter(); import bot; print(time.perf_counter() - began)"
    return float(subprocess.check_output([sys.executable, "-c", code])) * 1e3


def run_command(*words: str) -> tuple[float, float]:
    """Milliseconds and peak megabytes of a whole `smtpbot` process."""
    began = time.perf_counter()
    child = subprocess.Popen([str(Path(sys.executable).with_name("smtpbot")), *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise SystemExit(f"smtpbot {' '.join(words)} ended with {child.returncode}")
    return took * 1e3, usage.ru_maxrss / (1_048_576 if sys.platform == "darwin" else 1_024)


def time_lines(answer: Callable[[str], object], start: int) -> float:
    """Microseconds per line, the median of many lines."""
    times = []
    for line in make_lines(start):
        began = time.perf_counter()
        answer(line)
        times.append(time.perf_counter() - began)
    return median(times) * 1e6


def time_hostile(text: str) -> float:
    """Milliseconds that a file with this text takes, the start of the program included."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return median(run_command("explain", file.name)[0] for _ in range(RUNS))


def measure() -> Iterator[tuple[str, float, float, str]]:
    """What, figure, budget and unit of each row."""
    yield "import bot", median(time_import() for _ in range(RUNS)), 60, "ms"
    asked = [run_command("ask", "451") for _ in range(RUNS)]
    yield "smtpbot ask 451", median(took for took, _ in asked), 120, "ms"
    yield "smtpbot ask 451", median(size for _, size in asked), 40, "MB"

    answer = load().answer
    time_lines(answer, 0)
    yield "one line", median(time_lines(answer, LINES * run) for run in range(1, RUNS + 1)), 60, "us"

    empty = time_hostile("")
    for name, text in HOSTILE.items():
        whole, quarter = time_hostile(text), time_hostile(text[: len(text) // 4])
        yield f"1 MB of {name}", whole, 1_000, "ms"
        yield "  growth for 4 x", max(whole - empty, 10) / max(quarter - empty, 10), 8, "x"


def main() -> int:
    over = 0
    for what, figure, budget, unit in measure():
        kept = figure <= budget
        over += not kept
        print(f"{what:26}{figure:9.1f} {unit:3} of {budget:5} {'' if kept else 'OVER'}".rstrip(), flush=True)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
