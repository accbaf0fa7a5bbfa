"""`/smtp stats`: a workspace's own numbers, with a picture where the bot may upload one."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, web
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import numbers
from adapters.slack.app import Handlers
from adapters.slack.render import STILL_READING
from adapters.summary import GONE
from bot.app import Bot
from bot.errors import StoreError
from bot.storage import MemoryStore, Total
from bot.telemetry import Telemetry
from tests.adapters.slack.house import CHANNEL, PERSON, SLACK_PORT, TEAM, House, Installed, wait_for

BOUNCE = "550 5.1.1 <robin@example.org>: Recipient address rejected: User unknown"
STATS = {"command": "/smtp", "text": "stats", "team_id": TEAM, "channel_id": CHANNEL, "user_id": PERSON}


def test_numbers_come_with_their_picture(house: House, app: Installed) -> None:
    """For the asker alone, on both transports; the picture is uploaded, and shown beneath the words."""
    house.control("command", channel=CHANNEL, user=PERSON, command="/smtp", text=BOUNCE, appId=app.app_id)
    before = len(house.messages())
    house.control("command", channel=CHANNEL, user=PERSON, command="/smtp", text="stats", appId=app.app_id)

    def shown() -> list[dict[str, Any]]:
        return [m for m in house.messages()[before:] if "slack_file" in json.dumps(m.get("blocks") or [])]

    (message,) = wait_for(shown)
    assert (message["user"], message["ephemeral_to"]) == (app.bot_user, PERSON)
    assert "Last 7 days" in message["text"] and "Address does not exist" in message["text"]
    image = message["blocks"][-1]
    assert image["type"] == "image" and "Address does not exist" in image["alt_text"]
    asked = urlencode({"file": image["slack_file"]["id"], "token": app.bot_token}).encode()
    form = {"content-type": "application/x-www-form-urlencoded"}
    file = json.loads(house.request(SLACK_PORT, "POST", "/api/files.info", asked, form)[1])["file"]
    assert (file["name"], file["mimetype"], file["user"]) == ("numbers.png", "image/png", app.bot_user)


class Gone(MemoryStore):
    """A store that is out of reach."""

    async def find_totals(self, since: Any, platform: str, tenant: str) -> list[Total]:
        raise StoreError("gone")


class Slow(MemoryStore):
    """A store that answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()

    async def find_totals(self, since: Any, platform: str, tenant: str) -> list[Total]:
        await self.let.wait()
        return await super().find_totals(since, platform, tenant)


class Server:
    """Slack's Web API and response URLs, each answering as told; what they were asked."""

    def __init__(self) -> None:
        self.upload: dict[str, Any] = {"ok": True}
        self.statuses: list[int] = []
        self.shown: list[dict[str, Any]] = []
        self.called: list[str] = []
        self.url = ""

    async def call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.called.append(method)
        if method == "files.getUploadURLExternal":
            return web.json_response(self.upload | {"upload_url": f"{self.url}/upload", "file_id": "F1"})
        return web.json_response({"ok": True, "files": [{"id": "F1"}]})

    async def respond(self, request: web.Request) -> web.Response:
        if request.path == "/respond":
            self.shown.append(await request.json())
            return web.Response(status=self.statuses.pop(0) if self.statuses else 200, text="ok")
        return web.Response(text="OK")

    async def ask(self, handlers: Handlers) -> list[dict[str, Any]]:
        """What `/smtp stats` is acknowledged with; returns when all is done."""
        app = web.Application()
        app.router.add_post("/api/{method}", self.call)
        app.router.add_post("/{path}", self.respond)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        acknowledged: list[dict[str, Any]] = []

        async def ack(answer: dict[str, Any]) -> None:
            acknowledged.append(answer)
            if isinstance(handlers.store, Slow):
                handlers.store.let.set()

        try:
            async with ClientSession() as session:
                client = AsyncWebClient(token="xoxb-1", base_url=f"{self.url}/api/", session=session)
                respond = AsyncRespond(response_url=f"{self.url}/respond")
                await handlers.answer_command(STATS, ack, respond, client)
                await handlers.drain(30)
        finally:
            await runner.cleanup()
        return acknowledged


def handlers_with(bot: Bot, store: MemoryStore, tenant: str = f"/{TEAM}") -> Handlers:
    telemetry = Telemetry()
    telemetry.note_reply("slack", tenant, bot.answer(BOUNCE), 0.001)
    return Handlers(bot, store, telemetry)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that takes everything; no waiting between tries."""
    monkeypatch.setattr(numbers, "WAITS", (0.0, 0.0, 0.0))
    yield Server()


def test_without_the_scope_the_words_stand_alone(bot: Bot, server: Server) -> None:
    """Nothing is said of it, and nothing is sent after them."""
    server.upload = {"ok": False, "error": "missing_scope"}
    (told,) = asyncio.run(server.ask(handlers_with(bot, MemoryStore())))
    assert told["response_type"] == "ephemeral" and "1 mail error explained" in told["text"]
    assert server.called == ["files.getUploadURLExternal"] and server.shown == []


@contextmanager
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No address and no token in the log."""
    yield
    assert "robin" not in caplog.text and "xoxb" not in caplog.text


@pytest.mark.parametrize(("statuses", "tries"), [([], 1), ([404], 2), ([404] * 3, 3)])
def test_picture_is_shown_as_soon_as_slack_takes_it(
    bot: Bot, server: Server, statuses: list[int], tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Slack knows an upload only after a moment; after a few tries the words stand alone."""
    server.statuses = list(statuses)
    with quiet(caplog):
        asyncio.run(server.ask(handlers_with(bot, MemoryStore())))
    assert len(server.shown) == tries
    assert all(one["blocks"][-1]["slack_file"] == {"id": "F1"} and one["replace_original"] for one in server.shown)
    assert ("did not take it (404)" in caplog.text) is (len(statuses) == tries)


def test_fault_of_slacks_leaves_the_words(bot: Bot, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged."""
    server.upload = {"ok": False, "error": "internal_error"}
    with quiet(caplog):
        (told,) = asyncio.run(server.ask(handlers_with(bot, MemoryStore())))
    assert "1 mail error explained" in told["text"] and "without a picture: SlackApiError" in caplog.text


def test_other_workspaces_see_nothing_of_it(bot: Bot, server: Server) -> None:
    """Nor does one of another organization with the same workspace's id."""
    for tenant in ("/T2", f"E1/{TEAM}", "E1/"):
        (told,) = asyncio.run(server.ask(handlers_with(bot, MemoryStore(), tenant)))
        assert "no mail error was explained" in told["text"]
    assert server.called == []


def test_store_out_of_reach_is_told(bot: Bot, server: Server) -> None:
    """In one sentence."""
    (told,) = asyncio.run(server.ask(handlers_with(bot, Gone())))
    assert told["text"] == GONE and server.called == server.shown == []


def test_slow_store_is_announced(bot: Bot, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers follow, then the picture."""
    monkeypatch.setattr(numbers, "FIND_WITHIN", 0.01)

    async def run() -> list[dict[str, Any]]:
        return await server.ask(handlers_with(bot, Slow()))

    (told,) = asyncio.run(run())
    assert told["text"] == STILL_READING
    words, picture = server.shown
    assert "1 mail error explained" in words["text"] and "slack_file" not in json.dumps(words)
    assert picture["blocks"][:-1] == words["blocks"] and picture["blocks"][-1]["type"] == "image"
