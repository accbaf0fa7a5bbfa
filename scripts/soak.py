"""Sends requests to one process for some minutes, one after the other as fast as they are answered; its memory must stay flat.

    make soak [SOAK="--minutes 2 --write"]

Every request must be answered, and the memory of the last quarter may not be above that of the third by more than
GROWTH, or it ends with 1. --write draws docs/soak.svg and writes docs/soak.md.
"""

import argparse
import itertools
import os
import platform
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from statistics import median
from typing import NamedTuple

import load_http
import psutil
from load import CONNECTIONS, MEGA, database, run, serving, wait_until_ready

from tests.scale.slack import SlackApi

ROOT = Path(__file__).parent.parent
PAGE, GRAPH = ROOT / "docs" / "soak.md", ROOT / "docs" / "soak.svg"
MINUTES = 20.0
GROWTH = 0.005  # of the memory from the third quarter to the last, at most: a leak goes on, a cache is full by then
EVERY = 1.0  # seconds between two looks at the memory
TURN = 5.0  # seconds of one platform before the next has its turn


class Seen(NamedTuple):
    """The memory at one moment."""

    at: float  # seconds since the first request
    memory: float  # megabytes


class Watch:
    """Looks at the memory of a process until it is told to end."""

    def __init__(self, pid: int) -> None:
        self._process, self._begun = psutil.Process(pid), time.perf_counter()
        self.seen: list[Seen] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.seen.append(Seen(time.perf_counter() - self._begun, self._process.memory_info().rss / MEGA))
            if self._over.wait(EVERY):
                return


async def soak(minutes: float) -> tuple[int, list[Seen]]:
    """(requests answered, the memory over time) of one process that answers Slack and the web page in turn."""
    api = SlackApi()
    address = await api.start()
    answered, until = 0, time.perf_counter() + 60 * minutes
    with database() as store, serving(address, 1, store) as (ports, (pid,)):
        await wait_until_ready(ports)
        watch = Watch(pid)
        for make in itertools.cycle(load_http.MIXES.values()):
            left = until - time.perf_counter()
            if left <= 0:
                break
            answered += len(await load_http.drive(ports, make, CONNECTIONS, seconds=min(TURN, left)))
        watch.end()
    await api.stop()
    return answered, watch.seen


def quarters(seen: list[Seen]) -> list[float]:
    """The median megabytes of each quarter of the time."""
    count = len(seen)
    return [median(one.memory for one in seen[part * count // 4 : (part + 1) * count // 4]) for part in range(4)]


def draw(seen: list[Seen], target: Path) -> None:
    """The memory over time, as a picture."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "smtpbot", "svg.fonttype": "none"}):
        figure = Figure((7.2, 2.9), facecolor="white", layout="constrained")
        axes = figure.add_subplot(
            xlim=(0, seen[-1].at / 60), ylim=(0, 200), xlabel="minutes", ylabel="memory of the process, MB"
        )
        axes.axhline(150, color="#b3402a", linewidth=1, linestyle="--")
        axes.text(seen[-1].at / 60, 153, "budget 150 MB", color="#b3402a", size=9, ha="right")
        axes.plot([one.at / 60 for one in seen], [one.memory for one in seen], color="#0b6b61", linewidth=1.5)
        axes.spines[["top", "right"]].set_visible(False)
        FigureCanvasSVG(figure).print_figure(
            target, format="svg", metadata={"Date": None, "Creator": None}, facecolor="auto"
        )


def page(answered: int, seen: list[Seen]) -> str:
    """docs/soak.md."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()  # fmt: skip
    middle = quarters(seen)
    told = ", ".join(f"{memory:.1f}" for memory in middle)
    return f"""# Does its memory stay flat?

Written by `make soak SOAK=--write` on {date.today().isoformat()} at commit {commit}; {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}.

![The memory of one process over {seen[-1].at / 60:.0f} minutes: it rises in the first minutes and then stays](soak.svg)

One process with Slack over HTTP and the web page answered {answered:,} requests in {seen[-1].at / 60:.0f} minutes, {CONNECTIONS} at a time, the next as soon as one was answered, {TURN:.0f} seconds of each platform in turn; all were answered.
The medians of the four quarters are {told} MB, the highest was {max(one.memory for one in seen):.1f} MB. From the third quarter to the last it grew by {100 * (middle[3] / middle[2] - 1):.2f} %; over {100 * GROWTH} % the command fails.

- Slack: {load_http.TOLD["slack"]}.
- Web: {load_http.TOLD["web"]}.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--write", action="store_true", help="write docs/soak.md and draw docs/soak.svg")
    chosen = parser.parse_args()
    answered, seen = run(soak(chosen.minutes))
    middle = quarters(seen)
    grown = middle[3] / middle[2] - 1
    print(f"{answered:,} requests in {seen[-1].at / 60:.1f} minutes; medians of the quarters", *(f"{memory:.1f} MB" for memory in middle))  # fmt: skip
    if chosen.write:
        draw(seen, GRAPH)
        PAGE.write_text(page(answered, seen), encoding="utf-8")
    if grown > GROWTH:
        print(f"memory grew by {grown:.2%} from the third quarter to the last; at most {GROWTH:.1%}")
    return int(grown > GROWTH)


if __name__ == "__main__":
    sys.exit(main())
