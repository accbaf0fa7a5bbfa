"""Measures the bot against its budgets and prints one table.

    python scripts/bench.py [--write] [--strict] [--quick]

--write puts the table into docs/benchmarks.md and the figures into docs/benchmarks.json; --strict ends with 1 where a budget is not kept; --quick leaves out the
log file and Slack, which take a minute. Short times are the best of several rounds, so that what else the machine does
stays out of them. The lines are all different, and nothing the bot reads is kept for the next time.
"""

import argparse
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date
from itertools import cycle
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import bench_mails

from bot import load
from bot.deciding import decide
from bot.reading import read_text
from bot.rendering import plain_text

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = PAGE.with_suffix(".json")
COMMAND = "python scripts/bench.py --write"
RUNS, ROUNDS, LINES = 5, 7, 600
MEGABYTE = 1_000_000

REPLIES = [
    "550 5.1.1 <{user}@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "452 4.2.2 The email account {user}@example.com that you tried to reach is over quota",
    "451 4.7.1 <{user}@example.org>: Recipient address rejected: Greylisted, try again in {number} seconds",
    "550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy {number}",
    "554 5.7.1 Service unavailable; Client host [192.0.2.{octet}] blocked, reference {number}",
    "421 4.4.2 mx{number}.example.net Error: timeout exceeded",
    "552 5.3.4 Message size {number} exceeds fixed limit",
    "550 5.7.1 <{user}@example.org>: Relay access denied",
    "450 4.1.8 <{user}@example.net>: Sender address rejected: Domain not found",
    "535 5.7.8 Error: authentication failed: {number}",
    "550 No such user here <{user}@example.org>",
    "554 5.4.6 Hop count exceeded - possible mail loop {number}",
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


class Row(NamedTuple):
    """One measurement; without a figure it could not be made here."""

    what: str
    figure: float | None
    unit: str
    budget: float | None = None
    least: bool = False  # the budget is the least that is wanted, not the most

    @property
    def kept(self) -> str:
        """`yes`, `no`, or empty where there is nothing to compare."""
        if self.figure is None or self.budget is None:
            return ""
        return "yes" if (self.figure >= self.budget if self.least else self.figure <= self.budget) else "no"

    def cells(self) -> tuple[str, str, str, str]:
        """What, figure, budget, kept, as they are printed."""
        figure = "not installed here" if self.figure is None else f"{_number(self.figure)} {self.unit}"
        sign = "at least" if self.least else "at most"
        budget = "" if self.budget is None else f"{sign} {_number(self.budget)} {self.unit}"
        return self.what, figure, budget, self.kept


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def make_lines(start: int) -> list[str]:
    """Lines that no other call makes, from the templates in turn."""
    numbers = range(start, start + LINES)
    return [
        reply.format(user=f"user{number}", number=number, octet=number % 255)
        for number, reply in zip(numbers, cycle(REPLIES), strict=False)
    ]


def installed() -> dict[str, str]:
    """The environment of a program as it is installed: Python keeps what it has compiled."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def time_import() -> float:
    """Milliseconds that `import bot` takes in a new process."""
    code = "import time; began = time.perf_counter(); import bot; print(time.perf_counter() - began)"
    return float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=installed())) * 1e3


def run_command(*words: str) -> tuple[float, float]:
    """Milliseconds and peak megabytes of a whole `smtpbot` process."""
    began = time.perf_counter()
    command = [str(Path(sys.executable).with_name("smtpbot")), *words]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=installed())
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise SystemExit(f"smtpbot {' '.join(words)} ended with {child.returncode}")
    return took * 1e3, usage.ru_maxrss / (1_048_576 if sys.platform == "darwin" else 1_024)


def time_each(work: Callable[..., object], given: list[object]) -> float:
    """Microseconds of the median one; each one's time is its best of several rounds over all."""
    clock, best = time.perf_counter, [9.0] * len(given)
    for _ in range(ROUNDS):
        for place, one in enumerate(given):
            began = clock()
            work(one)
            best[place] = min(best[place], clock() - began)
    return median(best) * 1e6


def time_file(text: str) -> float:
    """Milliseconds that a file with this text takes, the start of the program included."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return min(run_command("explain", file.name)[0] for _ in range(RUNS))


def large_mail() -> bytes:
    """A bounce of 200 kB: a reply in words, the status fields, and an attachment."""
    noise = b64encode(Random(1).randbytes(146_000))
    lines = b"\n".join(noise[at : at + 76] for at in range(0, len(noise), 76))
    return (
        b"From: MAILER-DAEMON@mx.example.net\nTo: <kim@example.org>\nSubject: Undelivered Mail Returned to Sender\n"
        b'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\n\n<lee@example.com>: 550 5.1.1 User unknown\n\n"
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        b"Final-Recipient: rfc822; lee@example.com\nAction: failed\nStatus: 5.1.1\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 User unknown\n\n"
        b"--b\nContent-Type: message/rfc822\n\nFrom: kim@example.org\nSubject: Photos\nMIME-Version: 1.0\n"
        b"Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n" + lines + b"\n\n--b--\n"
    )


def _start() -> Iterator[Row]:
    yield Row("`import bot`", min(time_import() for _ in range(RUNS)), "ms", 60)
    asked = [run_command("ask", "451") for _ in range(RUNS)]
    yield Row("`smtpbot ask 451`, whole process", min(took for took, _ in asked), "ms", 120)
    yield Row("`smtpbot ask 451`, memory", max(size for _, size in asked), "MB", 40)


def _lines() -> Iterator[Row]:
    bot = load()
    for line in make_lines(0):
        plain_text(bot.answer(line).message)
    yield Row(
        "one line, text to answer with its text",
        time_each(lambda line: plain_text(bot.answer(line).message), [*make_lines(LINES)]),
        "us",
        60,
    )
    read = [bounce.failures[0] for line in make_lines(2 * LINES) if (bounce := read_text(line)) and bounce.failures]
    yield Row("one line, diagnosis alone", time_each(lambda failure: decide(failure, bot.knowledge), [*read]), "us", 25)


def _mails() -> Iterator[Row]:
    found = bench_mails.measure(runs=RUNS)
    yield Row("one mail of tests/mails, p50", found.p50, "ms", 1)
    yield Row("mails a second", found.rate, "mails/s")
    yield _ratio("mails a second, to flufl.bounce", found.to_flufl, 1.3)
    yield _ratio("mails a second, to p5-sisimai", found.to_sisimai, 2)
    answer, raw = load().answer_mail, large_mail()
    yield Row(f"a mail of {len(raw) // 1_000} kB", time_each(answer, [raw]) / 1e3, "ms", 20)


def _ratio(what: str, figure: float | None, budget: float) -> Row:
    return Row(what, figure, "x", budget, least=True)


def _hostile() -> Iterator[Row]:
    empty = time_file("")
    worst, growth = (0.0, ""), (0.0, "")
    for name, text in HOSTILE.items():
        whole, quarter = time_file(text), time_file(text[: len(text) // 4])
        worst = max(worst, (whole, name))
        growth = max(growth, (max(whole - empty, 10) / max(quarter - empty, 10), name))
    yield Row(f"1 MB of the worst text as a file ({worst[1]})", worst[0], "ms", 1_000)
    yield Row(f"growth of the time for 4 times the text ({growth[1]})", growth[0], "x", 8)


def _run_script(name: str) -> str:
    """What another script prints; its exit status is about its own budgets."""
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / name)], capture_output=True, text=True, cwd=ROOT)
    return done.stdout


def _figure(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text, re.M)
    return float(found[1].replace(",", "")) if found else None


def _others() -> Iterator[Row]:
    printed = _run_script("bench_logfile.py")
    yield Row("lines of a Postfix log a second", _figure(r"^smtpbot .* s +([\d,]+) lines", printed), "lines/s")
    theirs = _figure(r"^ratio +([\d.]+)", printed) if shutil.which("pflogsumm") else None
    yield _ratio("lines of a log a second, to pflogsumm", theirs, 1.5)
    installed = all(importlib.util.find_spec(name) for name in ("slack_bolt", "uvicorn", "uvloop"))
    printed = _run_script("bench_slack.py") if installed and (ROOT / "adapters" / "slack").is_dir() else ""
    yield _ratio("Slack `/smtp 554` a second, to a bare Bolt app", _figure(r"^rate to bare +([\d.]+)", printed), 0.8)
    p99 = _figure(r"^p99 to bare +([\d.]+)", printed)
    yield Row("Slack p99, to a bare Bolt app", p99, "x", 2)
    everything = installed and all(importlib.util.find_spec(name) for name in ("discord", "starlette", "psutil"))
    printed = _run_script("bench_memory.py") if everything else ""
    used = _figure(r"^after 1,000 answers +([\d.]+)", printed)
    yield Row("memory of `smtpbot serve` with everything on, after 1,000 answers", used, "MB", 150)
    yield Row("the same after three reloads", _figure(r"^after three reloads +([\d.]+)", printed), "MB", 150)


def measure(quick: bool) -> Iterator[Row]:
    """Every row, in the order of the table."""
    for part in (_start, _lines, _mails, _hostile) if quick else (_start, _lines, _mails, _hostile, _others):
        yield from part()


def find_circumstances() -> dict[str, str]:
    """By which command, when, of which commit and on what machine the figures were taken."""
    asked = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return {"command": COMMAND, "date": date.today().isoformat(), "commit": commit, "machine": machine}


def figures(rows: list[Row], circumstances: dict[str, str]) -> str:
    """The rows as docs/benchmarks.json."""
    told = [row._asdict() | {"kept": row.kept or None} for row in rows]
    return json.dumps(circumstances | {"rows": told}, ensure_ascii=False, indent=1) + "\n"


def page(rows: list[Row], circumstances: dict[str, str]) -> str:
    """The table as docs/benchmarks.md."""
    made = "\n".join(f"| {' | '.join(row.cells())} |" for row in rows)
    told = circumstances
    return f"""# Benchmarks

Written by `{told["command"]}` on {told["date"]} at commit {told["commit"]}; {told["machine"]}.
`make bench` prints the same table; [benchmarks.json](benchmarks.json) has the figures for programs.

| what | figure | budget | kept |
|---|---|---|---|
{made}

- One line: the median of {LINES} different lines that `scripts/bench.py` makes, each its best of {ROUNDS} rounds, in a warm process.
  Nothing the bot reads is kept for the next time.
- Mails: `scripts/bench_mails.py`. A mail counts for a comparison only where the other program finds a failure in it too.
  flufl.bounce and Sisimai find addresses and reasons; smtpbot also writes the answer.
- A log: `scripts/bench_logfile.py` makes one of 400,000 lines without real addresses, and both programs read the same file.
- Slack: `scripts/bench_slack.py` sends signed requests to one process on one core, and to a Bolt app that answers a constant.
- Memory of `smtpbot serve`: `scripts/bench_memory.py`, resident, with Slack, Discord, the web page and SQLite on.
- Whole processes and files: the best of {RUNS} runs, the start of Python included; memory: the largest of them.
"""


def main() -> int:
    """Print the table row by row; 1 with --strict where a budget is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--write", "--strict", "--quick"):
        parser.add_argument(name, action="store_true")
    chosen = parser.parse_args()
    rows = []
    for row in measure(chosen.quick):
        rows.append(row)
        what, figure, budget, kept = row.cells()
        print(f"{what:52}{figure:>20}  {budget:22}{kept}".rstrip(), flush=True)
    if chosen.write:
        circumstances = find_circumstances()
        PAGE.write_text(page(rows, circumstances), encoding="utf-8")
        FIGURES.write_text(figures(rows, circumstances), encoding="utf-8")
    return 1 if chosen.strict and any(row.kept == "no" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
