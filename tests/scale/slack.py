"""Slack on both sides of the bot: it delivers events and commands as Slack does, and records what the bot posts."""

import asyncio
import itertools
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

SECRET, TEAM, BOT = "0f" * 16, "T0000000001", "U0000000091"
TEXTS = (
    "what is 451?",
    "550 5.1.1 <kim@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    "421 4.7.0 Try again later, closing connection. (EHLO)",
    "difference between 450 and 550",
    "452 4.2.2 The email account that you tried to reach is over quota",
    "mailbox full",
)
_numbers = itertools.count(1)


class SlackApi:
    """The Web API on loopback: who the bot is, what it posts, counted by threads, and what stands in a thread."""

    def __init__(self) -> None:
        self.replies: Counter[str] = Counter()  # thread -> messages in it
        self._metadata: defaultdict[str, list[Any]] = defaultdict(list)  # theirs, as long as a test needs it
        app = web.Application()
        app.router.add_post("/api/auth.test", self._identify)
        app.router.add_post("/api/chat.postMessage", self._post)
        app.router.add_post("/api/conversations.replies", self._find)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def start(self) -> str:
        """Listen; what SLACK_API_URL is set to."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"

    async def stop(self) -> None:
        """Close everything."""
        await self._runner.cleanup()

    async def _identify(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True, "team_id": TEAM, "user_id": BOT, "bot_id": "B1"})

    async def _post(self, request: web.Request) -> web.Response:
        posted = await request.json()
        self.replies[posted["thread_ts"]] += 1
        self._metadata[posted["thread_ts"]].append(posted["metadata"])
        return web.json_response({"ok": True, "channel": posted["channel"], "ts": f"{next(_numbers)}.0"})

    async def _find(self, request: web.Request) -> web.Response:
        asked = await request.post()
        assert asked["include_all_metadata"] in ("1", "true")
        messages = [{"ts": str(asked["ts"])}, *({"metadata": one} for one in self._metadata[str(asked["ts"])])]
        return web.json_response({"ok": True, "messages": messages})


@dataclass
class Event:
    """A mention in a channel, and the statuses of its deliveries; 0 is no answer within three seconds."""

    ts: str = field(default_factory=lambda: f"{time.time():.0f}.{next(_numbers):06}")
    statuses: list[int] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What the bot claims it by."""
        return f"slack//{TEAM}/C1/{self.ts}"

    def body(self) -> bytes:
        """As Slack sends it."""
        text = f"<@{BOT}> {TEXTS[int(self.ts[-3:]) % len(TEXTS)]}"
        event = {
            "type": "app_mention",
            "user": f"U{self.ts}",
            "text": text,
            "ts": self.ts,
            "channel": "C1",
            "event_ts": self.ts,
        }
        return json.dumps({
            "type": "event_callback", "team_id": TEAM, "api_app_id": "A1", "event": event, "event_id": f"Ev{self.ts}",
            "event_time": 1, "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        }).encode()  # fmt: skip


class Slack:
    """Delivers to one address until told to stop; `events` and `commands` hold all that was sent."""

    def __init__(self, session: aiohttp.ClientSession, address: str, waits: tuple[float, ...]) -> None:
        self._session, self._address, self._waits = session, address, waits
        self._verifier = SignatureVerifier(SECRET)
        self.stop = asyncio.Event()
        self.events: list[Event] = []
        self.commands: list[tuple[int, float]] = []  # (status, seconds); 0 for what was no answer
        self._again: set[asyncio.Task[None]] = set()

    async def run(self, writers: int, pause: float) -> None:
        """People write at the same time, two thirds of them mentions, until told to stop; every event is followed to its end."""
        async with asyncio.TaskGroup() as group:
            for number in range(writers):
                group.create_task(self._write(self._mention if number % 3 else self._command, pause))
        await asyncio.gather(*self._again)

    async def _write(self, what: Any, pause: float) -> None:
        while not self.stop.is_set():
            await what()
            await asyncio.sleep(pause)

    async def _mention(self) -> None:
        event = Event()
        self.events.append(event)
        if not await self._deliver(event):
            task = asyncio.create_task(self._deliver_again(event))
            self._again.add(task)
            task.add_done_callback(self._again.discard)

    async def _deliver_again(self, event: Event) -> None:
        for wait in self._waits:
            await asyncio.sleep(wait)
            if await self._deliver(event):
                return

    async def _deliver(self, event: Event) -> bool:
        headers = {"content-type": "application/json"}
        if event.statuses:
            headers |= {"x-slack-retry-num": str(len(event.statuses)), "x-slack-retry-reason": "http_error"}
        status, _ = await self._post(event.body(), headers, 3.0)
        event.statuses.append(status)
        return status == 200

    async def _command(self) -> None:
        fields = {
            "command": "/smtp", "text": TEXTS[(number := next(_numbers)) % len(TEXTS)], "team_id": TEAM, "channel_id": "C1", "user_id": f"U{number}",
            "response_url": "http://127.0.0.1:9/never", "trigger_id": "1.2.3",
        }  # fmt: skip
        begun = time.monotonic()
        status, body = await self._post(
            urlencode(fields).encode(), {"content-type": "application/x-www-form-urlencoded"}, 10.0
        )
        answered = status == 200 and json.loads(body).get("response_type") == "ephemeral"
        self.commands.append((200 if answered else status, time.monotonic() - begun))

    async def _post(self, body: bytes, headers: dict[str, str], within: float) -> tuple[int, bytes]:
        stamp = str(int(time.time()))
        signature = str(self._verifier.generate_signature(timestamp=stamp, body=body))
        headers |= {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
        timeout = aiohttp.ClientTimeout(total=within)
        try:
            async with self._session.post(
                self._address, data=body, headers=headers, timeout=timeout, ssl=False
            ) as told:
                return told.status, await told.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""
