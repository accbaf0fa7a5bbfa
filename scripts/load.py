"""Measures what one process and two answer: Slack over HTTP, Discord, the web page.

    make load [LOAD="--seconds 20 --write"]

Every request must be answered, or it ends with 1. Claims go to a PostgreSQL server of its own, or to SQLite where there
is none. --write puts the figures into docs/sizing.md. The load and the doubles of Slack and Discord share the machine
with the bot.
"""

import argparse
import asyncio
import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import load_discord
import load_http
import psutil

from tests.adapters.discord.double import Double
from tests.scale.postgres import Postgres, find_programs
from tests.scale.slack import SECRET, SlackApi
from tests.scale.tools import free_port

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "sizing.md"
CONNECTIONS = 16
MEGA = 1_000_000


class Row(NamedTuple):
    """What was measured of one platform with so many processes."""

    name: str
    processes: int
    rate: float  # requests a second
    p50: float  # milliseconds
    p99: float
    cpu: float  # milliseconds of all processes for each request
    memory: float  # megabytes, of the largest process


class Watch:
    """The CPU time and the memory of processes while something runs."""

    def __init__(self, pids: list[int]) -> None:
        self._processes = [psutil.Process(pid) for pid in pids]
        self._begun, self._at = self._cpu(), time.perf_counter()
        self.memory = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def row(self, name: str, times: list[float]) -> Row:
        """The figures, once it is over."""
        took, cpu = time.perf_counter() - self._at, self._cpu() - self._begun
        self._over.set()
        self._thread.join()
        times.sort()
        count = len(times)
        p50, p99 = times[count // 2] * 1e3, times[int(count * 0.99)] * 1e3
        return Row(name, len(self._processes), count / took, p50, p99, cpu / count * 1e3, self.memory)

    def _cpu(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self._processes)

    def _look(self) -> None:
        while not self._over.wait(0.25):
            self.memory = max(self.memory, *(process.memory_info().rss / MEGA for process in self._processes))


@contextlib.contextmanager
def database() -> Iterator[dict[str, str]]:
    """The setting that names a fresh database; empty where it is SQLite in the state folder."""
    if find_programs() is None:
        yield {}
        return
    server = Postgres(durable=True)
    try:
        yield {"SMTPBOT_DATABASE_URL": server.url}
    finally:
        server.remove()


@contextlib.contextmanager
def serving(api: str, processes: int, store: dict[str, str]) -> Iterator[tuple[list[int], list[int]]]:
    """(ports, process ids) of `smtpbot serve slack web`."""
    folder = Path(tempfile.mkdtemp(prefix="smtpbot-load-"))
    started, ports = [], [free_port() for _ in range(processes)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    settings = {
        "PYTHONPATH": str(ROOT), "SLACK_BOT_TOKEN": "xoxb-1-2-example", "SLACK_SIGNING_SECRET": SECRET, "SLACK_API_URL": api,
        "SMTPBOT_TRUSTED_PROXIES": "127.0.0.1", "SMTPBOT_STATE_DIR": str(folder), **store,
    }  # fmt: skip
    log = folder / "serve.log"
    try:
        for port in ports:
            with log.open("ab") as out:
                command = [sys.executable, "-m", "bot", "serve", "slack", "web"]
                environment = kept | settings | {"SMTPBOT_LISTEN": f"127.0.0.1:{port}"}
                started.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out))
        yield ports, [process.pid for process in started]
    except load_http.RequestFailed as error:
        raise SystemExit(f"{error}\n{log.read_text('utf-8')}") from None
    finally:
        for process in started:
            process.terminate()
        statuses, told = [process.wait(30) for process in started], log.read_text("utf-8")
        shutil.rmtree(folder)
    if any(statuses):
        raise SystemExit(f"a process ended with {statuses}:\n{told}")


async def wait_until_ready(ports: list[int]) -> None:
    """Return when every port says so."""
    for port in ports:
        for _ in range(600):
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                told = await reader.read()
                writer.close()
                if told.startswith(b"HTTP/1.1 200"):
                    break
            await asyncio.sleep(0.05)
        else:
            raise SystemExit(f"nothing is ready at port {port}")


async def measure_http(seconds: float) -> list[Row]:
    """Slack and the web page, by one process and by two."""
    rows = []
    api = SlackApi()
    address = await api.start()
    for processes in (1, 2):
        with database() as store, serving(address, processes, store) as (ports, pids):
            await wait_until_ready(ports)
            for name, make in load_http.MIXES.items():
                await load_http.drive(ports, make, CONNECTIONS, requests=500)
                watch = Watch(pids)
                rows.append(watch.row(name, await load_http.drive(ports, make, CONNECTIONS, seconds=seconds)))
    await api.stop()
    return rows


def measure_discord(seconds: float) -> list[Row]:
    """Discord, by one process and by two."""
    rows = []
    for processes in (1, 2):
        with tempfile.TemporaryDirectory() as folder, database() as store:
            double = Double(guilds=load_discord.GUILDS).start()
            try:
                started = load_discord.start(double, Path(folder), processes, store)
                load_discord.drive(double, 1.0)
                watch = Watch([process.pid for process in started])
                rows.append(watch.row("discord", load_discord.drive(double, seconds)))
            finally:
                double.stop()
    return rows


def table(rows: list[Row]) -> str:
    """The figures as Markdown."""
    names = {"slack": "Slack over HTTP", "web": "web page and API", "discord": "Discord"}
    lines = ["| platform | processes | requests/s | p50 | p99 | CPU for each | memory of a process |", "|---|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for row in sorted(rows, key=lambda row: list(names).index(row.name)):
        lines.append(
            f"| {names[row.name]} | {row.processes} | {row.rate:,.0f} | {row.p50:.0f} ms | {row.p99:.0f} ms | {row.cpu:.2f} ms | {row.memory:.0f} MB |"
        )
    return "\n".join(lines)


def page(rows: list[Row], before: float) -> str:
    """docs/sizing.md."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()  # fmt: skip
    store = "PostgreSQL" if find_programs() else "SQLite"
    rate = {(row.name, row.processes): row.rate for row in rows}
    grown = ", ".join(f"{name} {rate[name, 2] / rate[name, 1]:.1f} times" for name in ("slack", "web", "discord"))
    return f"""# How much one process answers

Written by `make load LOAD=--write` on {date.today().isoformat()} at commit {commit}; {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {store}, load average before {before:.1f} (0 is a machine that does nothing else). `make load` prints the same table in two minutes.

{table(rows)}

Two processes against one, on a machine whose {os.cpu_count()} cores also carry the load, {store} and the doubles of Slack and Discord: {grown}.
The column to plan with is the CPU time: one core answers a second divided by it.

Memory stays flat: [soak.md](soak.md).

What was sent, {CONNECTIONS} requests at a time, the next as soon as one is answered:

- Slack: {load_http.TOLD["slack"]}.
- Web: {load_http.TOLD["web"]}.
- Discord: {load_discord.TOLD}.

## What follows

- One process on one core is enough for any one company: people ask a bot some times a minute, not hundreds of times a second.
  Run two for the sake of restarts, not for speed.
- Plan 192 MB for a process, 512 MB as its limit: a large file takes memory while it is read.
- A process uses one core. For more, add replicas (HTTP) or shards (Discord); nothing is shared but the database.
- PostgreSQL sees two or three short statements for each mention or Discord question, none for `/smtp` in Slack or the page, and the counts together, every few seconds.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each measurement")
    parser.add_argument("--write", action="store_true", help="write docs/sizing.md")
    chosen = parser.parse_args()
    before = os.getloadavg()[0]
    rows = run(measure_http(chosen.seconds)) + measure_discord(chosen.seconds)
    print(table(rows))
    if chosen.write:
        PAGE.write_text(page(rows, before), encoding="utf-8")
    return 0


def run(work):  # type: ignore[no-untyped-def]
    """What a coroutine returns, on the loop the bot runs on."""
    import uvloop

    return uvloop.run(work)


if __name__ == "__main__":
    sys.exit(main())
