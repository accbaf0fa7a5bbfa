"""Measures the memory of `smtpbot serve` with everything on: Slack, Discord, the web page and SQLite.

    python scripts/bench_memory.py [ANSWERS]

The program is the one that is installed; it talks to the Discord double and the answers to auth.test of tests/. It is
measured when all are connected and after 1,000 answers, a third on each platform, every one to another text, the lists
of the page and its charts among them; then once more after the knowledge was read anew. Ends with 1 over budget.
"""

import asyncio
import json
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple
from urllib.parse import urlencode

import psutil
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.adapters.discord.double import Double, Guild
from tests.adapters.discord.house import Person, end, process, read_log

ANSWERS = 1_000
MAX_MEMORY = 150  # MB
WITHIN = 60.0
SECRET = "0123456789abcdef" * 2
ME = {"ok": True, "team": "Example", "team_id": "T1", "user": "smtpbot", "user_id": "U1", "bot_id": "B1"}
LINE = (
    "550 5.1.1 <user{number}@example.com>: Recipient address rejected: User {number} unknown in virtual mailbox table"
)


class Memory(NamedTuple):
    """Megabytes of resident memory."""

    started: float
    answered: float
    reloaded: float


def open_slack_api() -> str:
    """Where a Web API is that knows who the bot is, and nothing else; it ends with this process."""
    listening: SimpleQueue[int] = SimpleQueue()

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(ME)

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/api/{method}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        listening.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    return f"http://127.0.0.1:{listening.get(timeout=WITHIN)}/api/"


def ask_slack(url: str, number: int) -> None:
    """`/smtp` with a line of its own, as Slack signs it."""
    fields = {
        "command": "/smtp", "text": LINE.format(number=number), "team_id": "T1", "channel_id": "C1", "user_id": f"U{number}",
        "response_url": "https://hooks.example/x", "trigger_id": f"1.2.{number}",
    }  # fmt: skip
    body, stamp = urlencode(fields), str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}
    assert b"ephemeral" in fetch(f"{url}/slack/events", body.encode(), **headers)


def ask_page(url: str, number: int) -> None:
    """A line of its own in the box of the page."""
    body = urlencode({"text": LINE.format(number=number)}).encode()
    client = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}
    assert b"unknown" in fetch(url, body, **client)
    if number % 100 == 2:
        for path in ("/codes", "/codes/451", "/providers", "/providers/google", "/?q=451", "/stats"):
            fetch(url + path, None, **client)
        wait_for(lambda: draw(url, **client))


def draw(url: str, **headers: str) -> bytes | None:
    """The chart; None where the machine was too busy to draw it in time."""
    try:
        return fetch(f"{url}/stats.svg", None, **headers)
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return None


def fetch(url: str, body: bytes | None, **headers: str) -> bytes:
    """What the program answers."""
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=WITHIN) as response:
        return bytes(response.read())


def wait_for(what: Callable[[], Any]) -> Any:
    """The first true value."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise SystemExit("waited in vain")


def measure(answers: int) -> Memory:
    """Run the program and ask it."""
    guild = Guild("1200000000000000000")
    double = Double(guilds=(guild,)).start()
    with tempfile.TemporaryDirectory() as folder:
        program = process(
            double, Path(folder), "serve", "slack", "discord", "web", SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET=SECRET,
            SLACK_API_URL=open_slack_api(), SMTPBOT_TRUSTED_PROXIES="127.0.0.1", SMTPBOT_LOG_LEVEL="info",
        )  # fmt: skip
        try:

            def find_url() -> str | None:
                told = [line for line in read_log(program).splitlines() if line.startswith("web: open ")]
                return told[0].removeprefix("web: open ") if told else None

            url = wait_for(find_url)
            wait_for(lambda: double.sessions)
            wait_for(lambda: json.loads(fetch(f"{url}/readyz", None))["ready"])
            running = psutil.Process(program.pid)

            def used() -> float:
                return running.memory_info().rss / 1e6

            started = used()
            for number in range(answers):
                if number % 3 == 0:
                    ask_slack(url, number)
                elif number % 3 == 1:
                    Person(double, guild).slash(LINE.format(number=number)).answer()
                else:
                    ask_page(url, number)
            answered = used()
            for number in range(1, 4):
                program.send_signal(signal.SIGHUP)
                wait_for(lambda number=number: read_log(program).count("the knowledge was read anew") == number)
            ask_slack(url, answers)
            return Memory(started, answered, used())
        finally:
            end(program)
            double.stop()


def main() -> int:
    """Print the figures; 1 over budget."""
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS
    memory = measure(answers)
    for what, figure in zip(
        ("when connected", f"after {answers:,} answers", "after three reloads"), memory, strict=True
    ):
        print(f"{what:24}{figure:8.1f} MB")
    return 1 if max(memory) > MAX_MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
