"""The HTTP load of scripts/load.py: signed Slack requests, and those of the web page and its API, as many as are answered."""

import asyncio
import hmac
import itertools
import json
import math
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import httptools

from tests.scale.slack import SECRET, TEAM, Event

ROOT = Path(__file__).parent.parent
MAIL = (ROOT / "tests/mails/exchange-online-recipient-not-found.eml").read_bytes()
LINES = (
    "550 5.1.1 <kim@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    "452 4.2.2 The email account that you tried to reach is over quota",
    "421 4.7.0 Try again later, closing connection. (EHLO)",
    "550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy",
    "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked",
)
CODES = ("451", "554", "5.7.26", "4.7.1", "550")
_numbers = itertools.count(1)

Make = Callable[[], bytes]


def _request(path: str, body: bytes = b"", kind: str = "", method: str = "GET", **headers: str) -> bytes:
    client = next(_numbers) % 65_536  # each from another address, as behind a proxy
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"X-Forwarded-For: 198.18.{client >> 8}.{client & 255}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def _signed(body: bytes, kind: str) -> bytes:
    stamp = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    signed = {"X_Slack_Request_Timestamp": stamp, "X_Slack_Signature": f"v0={signature}"}
    return _request("/slack/events", body, kind, "POST", **signed)


def _command(text: str) -> bytes:
    fields = {
        "command": "/smtp", "text": text, "team_id": TEAM, "channel_id": "C1", "user_id": f"U{next(_numbers)}", "trigger_id": "1.2.3",
        "response_url": "http://127.0.0.1:9/never",
    }  # fmt: skip
    return _signed(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def _ask(text: str) -> bytes:
    return _request("/api/explain", json.dumps({"text": text}).encode(), "application/json", "POST")


def _pick(*choices: tuple[int, Make]) -> Make:
    """The choices in turn, each as often in a hundred as its number says, well mixed."""
    spread = [((number + 0.5) / share, make) for share, make in choices for number in range(share)]
    turn = itertools.cycle([make for _, make in sorted(spread, key=lambda one: one[0])])

    def make() -> bytes:
        return next(turn)()

    return make


def _any(texts: tuple[str, ...]) -> str:
    return texts[next(_numbers) % len(texts)]


MIXES: dict[str, Make] = {
    "slack": _pick(
        (40, lambda: _command(_any(CODES))),
        (20, lambda: _command(_any(LINES))),
        (10, lambda: _command(MAIL.decode()[:4_000])),
        (30, lambda: _signed(Event().body(), "application/json")),
    ),
    "web": _pick(
        (30, lambda: _request("/")),
        (20, lambda: _request(f"/?q={quote_plus(_any(CODES))}")),
        (20, lambda: _request(f"/api/codes/{_any(CODES)}")),
        (20, lambda: _ask(_any(LINES))),
        (10, lambda: _ask(MAIL.decode())),
    ),
}
# What the mixes are made of, in words.
TOLD = {
    "slack": "40 % `/smtp` with a code, 20 % with a pasted reply, 10 % with 4 kB of a bounce, 30 % mentions, each claimed in the database and posted to Slack's API",
    "web": "30 % the page, 20 % a question on it, 20 % `/api/codes`, 20 % `/api/explain` with a pasted reply, 10 % with a bounce",
}


class RequestFailed(Exception):
    """A request was not answered, or not with 200."""


class _Asking(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, make: Make, times: list[float], goes_on: Callable[[], bool]) -> None:
        self._make, self._times, self._goes_on = make, times, goes_on
        self._parser = httptools.HttpResponseParser(self)
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._raw = self._make()
        self._begun = time.perf_counter()
        self._transport.write(self._raw)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._times.append(time.perf_counter() - self._begun)
        status = self._parser.get_status_code()
        if status != 200:
            self._fail(f"status {status}")
        elif self._goes_on():
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._goes_on():
            self._fail("the connection was closed")
        elif not self.closed.done():
            self.closed.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_exception(RequestFailed(f"{self._raw.splitlines()[0].decode()}: {reason}"))


async def drive(
    ports: list[int], make: Make, connections: int, requests: float = math.inf, seconds: float = math.inf
) -> list[float]:
    """The seconds of each request, until so many are answered or so much time is over; the connections are spread over the ports."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    def goes_on() -> bool:
        return len(times) < requests and time.perf_counter() < until

    loop = asyncio.get_running_loop()
    closed = []
    for number in range(connections):
        _, protocol = await loop.create_connection(
            lambda: _Asking(make, times, goes_on), "127.0.0.1", ports[number % len(ports)]
        )
        closed.append(protocol.closed)
    await asyncio.gather(*closed)
    return times
