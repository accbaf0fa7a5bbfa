"""Measures signed `/smtp 554` requests against a bare Bolt app that answers a constant; ends with 1 over budget.

Both servers run on one core and the load comes from another. They take turns; figures are medians of five turns.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

SECRET = "0123456789abcdef0123456789abcdef"
BARE_PORT, OUR_PORT = 8461, 8462
TURNS, SECONDS, CONNECTIONS, REQUESTS = 5, 3.0, 32, 400
MIN_RATE, MAX_P99 = 0.8, 2.0


def serve(which: str) -> None:
    """Run one of the two servers."""
    import uvicorn
    from slack_bolt.app.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult
    from slack_sdk.web.async_client import AsyncWebClient

    async def authorize(**_: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_token="xoxb-1")

    async def answer(ack: object) -> None:
        await ack({"response_type": "ephemeral", "text": "The transaction failed."})  # type: ignore[operator]

    if which == "bare":
        from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler

        bare = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)
        bare.command("/smtp")(answer)
        application: object = AsyncSlackRequestHandler(bare)
    else:
        from adapters.listener import build_app as build_listener
        from adapters.service import Service
        from adapters.slack.app import Handlers
        from adapters.slack.http import PREFIX, SlackHttp
        from adapters.slack.listeners import Identity, build_app
        from bot import load
        from bot.settings import Settings
        from bot.storage import MemoryStore

        identity = Identity("T1", "U1")
        service = Service(Settings(), load(), MemoryStore())
        handlers = Handlers(service.bot, service.store, service.telemetry)
        app = build_app(handlers, AsyncWebClient(token="xoxb-1"), identity, SECRET)
        service.mounts[PREFIX] = SlackHttp(app, handlers, SECRET)
        application = build_listener(service)
    port = BARE_PORT if which == "bare" else OUR_PORT
    uvicorn.run(
        application,
        port=port,
        access_log=False,
        log_level="error",
        lifespan="off",
        proxy_headers=which == "bare",
        ws="auto" if which == "bare" else "none",
    )  # type: ignore[arg-type]


def make_requests(port: int) -> Iterator[bytes]:
    """Signed requests, each of another person."""
    from slack_sdk.signature import SignatureVerifier

    verifier, stamp = SignatureVerifier(SECRET), str(int(time.time()))
    for number in range(REQUESTS):
        body = urlencode(
            {
                "command": "/smtp", "text": "554", "team_id": "T1", "channel_id": "C1", "user_id": f"U{number}",
                "response_url": f"https://hooks.example/{number}", "trigger_id": f"1.2.{number}",
            }
        )  # fmt: skip
        signature = verifier.generate_signature(timestamp=stamp, body=body)
        yield (
            f"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Asking(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, requests: list[bytes], first: int, times: list[float], until: float) -> None:
        self._requests, self._next, self._times, self._until = requests, first, times, until
        self._received = b""
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._begun = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])  # type: ignore[attr-defined]
        self._next += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        assert head.startswith(b"HTTP/1.1 200") and b"ephemeral" in body, self._received[:200]
        self._received = b""
        now = time.perf_counter()
        self._times.append(now - self._begun)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(error)


async def load_server(port: int, seconds: float) -> tuple[float, float, float]:
    """Requests a second, and the median and 99th percentile of their milliseconds."""
    requests, times, begun = list(make_requests(port)), list[float](), time.perf_counter()
    loop = asyncio.get_running_loop()
    asking = []
    for number in range(CONNECTIONS):
        first = number * REQUESTS // CONNECTIONS
        _, protocol = await loop.create_connection(
            lambda first=first: Asking(requests, first, times, begun + seconds), "127.0.0.1", port
        )
        asking.append(protocol.closed)
    failed = [error for error in await asyncio.gather(*asking) if error]
    if failed:
        raise SystemExit(f"connections broke: {failed[0]}")
    took = time.perf_counter() - begun
    times.sort()
    return len(times) / took, times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3


async def wait_for_server(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit(f"nothing listens at port {port}")


async def measure() -> int:
    figures: dict[int, list[tuple[float, float, float]]] = {BARE_PORT: [], OUR_PORT: []}
    for port in figures:
        await wait_for_server(port)
        await load_server(port, 1.0)
    for _ in range(TURNS):
        for port, turns in figures.items():
            turns.append(await load_server(port, SECONDS))
    for port, name in ((BARE_PORT, "bare Bolt app"), (OUR_PORT, "smtpbot")):
        rate, p50, p99 = (median(turn[column] for turn in figures[port]) for column in range(3))
        print(f"{name:26}{rate:9.0f} requests/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    pairs = list(zip(figures[OUR_PORT], figures[BARE_PORT], strict=True))
    rate = median(ours[0] / bare[0] for ours, bare in pairs)
    p99 = median(ours[2] / bare[2] for ours, bare in pairs)
    kept = (rate >= MIN_RATE, p99 <= MAX_P99)
    print(f"{'rate to bare':26}{rate:9.2f} x   at least {MIN_RATE} {'' if kept[0] else 'OVER'}".rstrip())
    print(f"{'p99 to bare':26}{p99:9.2f} x   at most {MAX_P99} {'' if kept[1] else 'OVER'}".rstrip())
    return 0 if all(kept) else 1


def main() -> int:
    if len(sys.argv) > 1:
        serve(sys.argv[1])
        return 0
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[0]})  # the servers inherit it
    servers = [subprocess.Popen([sys.executable, __file__, which], env=environment) for which in ("bare", "ours")]
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[1]})
    try:
        import uvloop

        return int(uvloop.run(measure()))
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
