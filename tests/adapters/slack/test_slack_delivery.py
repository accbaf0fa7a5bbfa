"""Slack refuses, slows down or fails while an answer is on its way; Bolt, the SDK and the connection are real."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from adapters.slack import http, sending
from adapters.slack.app import Handlers
from adapters.slack.history import part_of_answer
from adapters.slack.listeners import Identity, build_app
from adapters.slack.run import make_client
from bot.app import Bot
from bot.errors import StoreError
from bot.storage import Claim, MemoryStore
from bot.telemetry import Telemetry

Answer = tuple[int, dict[str, str], dict[str, Any]]
OK: Answer = (200, {}, {"ok": True, "ts": "1.9", "channel": "C1"})
BROKEN: Answer = (500, {}, {"ok": False, "error": "internal_error"})
SLOW: Answer = (429, {"retry-after": "1"}, {"ok": False, "error": "ratelimited"})
GONE: Answer = (200, {}, {"ok": False, "error": "channel_not_found"})


@dataclass
class Slack:
    """Slack's methods on loopback: each call takes the next scripted answer, then OK; all calls are kept."""

    script: list[Answer] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)
    url: str = ""

    @property
    def sent(self) -> list[str]:
        """The first line of every message that was taken."""
        return [fields["text"].split("\n")[0] for method, fields, status in self.calls if status == 200 and "text" in fields]  # fmt: skip


@pytest.fixture
def slack() -> Iterator[Slack]:
    """The double, on a port of its own."""
    double, lock = Slack(), threading.Lock()

    class Serving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            fields = json.loads(raw) if raw.startswith("{") else {k: v[0] for k, v in parse_qs(raw).items()}
            with lock:
                status, headers, told = double.script.pop(0) if double.script else OK
                taken = 200 if status == 200 and told["ok"] else status + (status == 200)
                double.calls.append((self.path.rsplit("/", 1)[1], fields, taken))
            body = json.dumps(told).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():  # fmt: skip
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serving)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    double.url = f"http://127.0.0.1:{server.server_port}/api/"
    yield double
    server.shutdown()
    server.server_close()


class GoneStore(MemoryStore):
    """A store that is out of reach."""

    async def claim(self, key: str) -> Claim:
        raise StoreError("gone")

    async def mark_answered(self, key: str) -> None:
        raise StoreError("gone")

    async def find_places(self, *_: Any) -> Any:
        raise StoreError("gone")


class SlowBot(Bot):
    """Takes its time over long texts."""

    def answer(self, text, via="slash", drafts=False):  # type: ignore[no-untyped-def]
        if len(text) > 8_000:
            time.sleep(2.7)
        return super().answer(text, via, drafts)


def converse(slack: Slack, bot: Bot, talk: Callable[[AsyncApp, Handlers], Awaitable[Any]], store: MemoryStore | None = None) -> Any:  # fmt: skip
    """Run one conversation, and wait until nothing is on its way anymore."""

    async def run() -> Any:
        async with aiohttp.ClientSession() as session:
            handlers = Handlers(bot, store or MemoryStore(), Telemetry())
            app = build_app(handlers, make_client("xoxb-1", slack.url, session), Identity("T1", "U9"))
            told = await talk(app, handlers)
            while handlers._running:
                await asyncio.wait(set(handlers._running))
            return told

    return asyncio.run(run())


async def deliver(app: AsyncApp, text: str = "<@U9> 451", ts: str = "1.5") -> int:
    """One mention; the status it is acknowledged with."""
    event = {"type": "app_mention", "channel": "C1", "user": f"U{ts}", "ts": ts, "text": text}
    body = {"type": "event_callback", "team_id": "T1", "event": event}
    return int((await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))).status)


def test_answer_waits_as_long_as_slack_asks(slack: Slack, bot: Bot) -> None:
    """429 with Retry-After: one answer, not before that, and the event is acknowledged in time."""
    slack.script = [SLOW]
    begun = time.monotonic()
    assert converse(slack, bot, lambda app, _: deliver(app)) == 200
    assert time.monotonic() - begun >= 1 and len(slack.sent) == 1


def test_long_wait_is_acknowledged_and_its_twin_not_answered(slack: Slack, bot: Bot) -> None:
    """Slack waits three seconds; the second delivery of the message finds it answered."""
    slack.script = [(429, {"retry-after": "3"}, {"ok": False, "error": "ratelimited"})]

    async def talk(app: AsyncApp, _: Handlers) -> list[int]:
        begun = time.monotonic()
        statuses = [await deliver(app)]
        assert time.monotonic() - begun < 3
        return [*statuses, await deliver(app)]

    assert converse(slack, bot, talk) == [200, 200]
    assert len(slack.sent) == 1


def test_answer_that_fails_at_once_is_left_to_slacks_retry(slack: Slack, bot: Bot) -> None:
    """503, and the retry is answered once."""
    slack.script = [BROKEN]

    async def talk(app: AsyncApp, _: Handlers) -> list[int]:
        return [await deliver(app) for _ in range(3)]

    assert converse(slack, bot, talk) == [503, 200, 200]
    assert len(slack.sent) == 1


@pytest.mark.parametrize(("age", "said", "sent"), [(60, 1, 0), (60, 0, 1), (0, 1, 1)])
def test_what_a_killed_process_had_sent_is_found_and_not_said_again(
    slack: Slack, bot: Bot, age: int, said: int, sent: int
) -> None:
    """In the history, by what the message says of itself; a new message is not looked for."""
    ts = f"{time.time() - age:.6f}"
    ours = {"ts": "9.9", "metadata": part_of_answer(ts, 0)}
    others = [{"ts": ts, "text": "451"}, {"ts": "9.8", "metadata": part_of_answer("1.5", 0)}]
    slack.script = [(200, {}, {"ok": True, "messages": [*others, ours][: 2 + said]})] if age else []
    assert converse(slack, bot, lambda app, _: deliver(app, ts=ts)) == 200
    asked = [fields for method, fields, _ in slack.calls if method == "conversations.replies"]
    assert [(one["ts"], one["include_all_metadata"]) for one in asked] == [(ts, "true")] * bool(age)
    posted = [fields for method, fields, _ in slack.calls if method == "chat.postMessage"]
    assert [one["metadata"] for one in posted] == [part_of_answer(ts, 0)] * sent


def test_history_that_may_not_be_read_is_no_reason_for_silence(slack: Slack, bot: Bot) -> None:
    """A workspace whose installation lacks the scope."""
    slack.script = [(200, {}, {"ok": False, "error": "missing_scope"})]
    assert converse(slack, bot, lambda app, _: deliver(app, ts=f"{time.time() - 60:.6f}")) == 200
    assert len(slack.sent) == 1


def test_answer_that_fails_late_is_tried_again(slack: Slack, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack was told that the event is taken and delivers no more: the answer replaces the line that announced it."""
    monkeypatch.setattr(sending, "RETRIES", (0.05, 0.1))
    slack.script = [OK, BROKEN, BROKEN]
    slow = SlowBot(bot.knowledge)
    long = "<@U9> 550 5.1.1 User unknown\n" + "Received: from mx.example.net\n" * 400
    assert converse(slack, slow, lambda app, _: deliver(app, long)) == 200
    assert [method for method, _, _ in slack.calls] == ["chat.postMessage"] + ["chat.update"] * 3
    assert "550 5.1.1" in slack.sent[-1]


def test_asker_is_told_where_slack_takes_no_answer(slack: Slack, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last try one short line goes out."""
    monkeypatch.setattr(sending, "RETRIES", (0.05,))
    slack.script = [OK, BROKEN, BROKEN]
    slow = SlowBot(bot.knowledge)
    long = "<@U9> 550 5.1.1 User unknown\n" + "Received: from mx.example.net\n" * 400
    assert converse(slack, slow, lambda app, _: deliver(app, long)) == 200
    assert slack.sent[-1] == sending.UNSENT


def test_what_no_second_try_mends_is_done_with(slack: Slack, bot: Bot) -> None:
    """A channel that is gone: acknowledged, and tried once."""
    slack.script = [GONE]
    assert converse(slack, bot, lambda app, _: deliver(app)) == 200
    assert len(slack.calls) == 1


def test_bot_answers_while_the_store_is_gone(slack: Slack, bot: Bot) -> None:
    """Silence is worse than a second answer; a watched channel is silent meanwhile."""

    async def talk(app: AsyncApp, _: Handlers) -> list[int]:
        event = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": "2.5", "text": "550 5.1.1 User unknown"}  # fmt: skip
        body = {"type": "event_callback", "team_id": "T1", "event": event}
        overheard = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        return [await deliver(app), int(overheard.status)]

    assert converse(slack, bot, talk, GoneStore()) == [200, 200]
    assert len(slack.sent) == 1 and slack.sent[0].startswith("451")


def test_body_that_never_ends_is_let_go(slack: Slack, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stays half open: 408, and the memory of the request is free."""
    monkeypatch.setattr(http, "READ_WITHIN", 0.1)
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not told:
            told.append("begun")
            return {"type": "http.request", "body": b"command=", "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        told.append(message)

    async def talk(app: AsyncApp, handlers: Handlers) -> None:
        scope = {"type": "http", "method": "POST", "path": http.PATH, "query_string": b"", "headers": []}
        await http.SlackHttp(app, handlers, "s" * 32)(scope, receive, send)

    converse(slack, bot, talk)
    assert told[1]["status"] == 408


def test_ten_thousand_at_once_are_all_answered(slack: Slack, bot: Bot) -> None:
    """Commands and mentions together; each gets its own answer."""
    codes = ["451", "550 5.1.1", "421 4.7.0", "5.7.26"]
    answers: list[str] = []

    async def ask(handlers: Handlers, number: int) -> None:
        async def ack(answer: dict[str, Any]) -> None:
            answers.append(codes[number % 4] if codes[number % 4].split()[-1] in answer["text"] else "wrong")

        await handlers.answer_command({"text": codes[number % 4], "team_id": "T1"}, ack, ack)

    async def talk(app: AsyncApp, handlers: Handlers) -> list[int]:
        mentions = [deliver(app, f"<@U9> {codes[number % 4]}", f"9.{number:04}") for number in range(100)]
        done = await asyncio.gather(*mentions, *(ask(handlers, number) for number in range(9_900)))
        return [status for status in done if status is not None]

    statuses = converse(slack, bot, talk)
    assert Counter(answers) == dict.fromkeys(codes, 2475)
    assert set(statuses) == {200} and len(statuses) == len(slack.sent) == 100
