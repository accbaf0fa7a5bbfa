"""Discord on loopback: the REST routes and the gateway that discord.py uses, in a thread. It records what it is sent.

What it does not know it answers with 404, as Discord does, and a test that looks at `requests` sees it. Facts of Discord's
that the client relies on: the content type is exactly application/json, a 429 carries `Via`, roles have `colors`, members
have `flags`, and the answer to an interaction names the message it made.
"""

import asyncio
import contextlib
import itertools
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.timing import WITHIN

APPLICATION, BOT, TOKEN = (
    "1000000000000000001",
    "1000000000000000001",
    "MTAwMDAw.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789",
)

_ids = itertools.count(1_400_000_000_000_000_000)


def new_id() -> str:
    """A snowflake nobody else has."""
    return str(next(_ids))


@dataclass
class Request:
    """One request of the bot's."""

    method: str
    path: str
    body: Any
    at: float
    query: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


@dataclass
class Session:
    """One connection of a shard."""

    socket: web.WebSocketResponse
    identify: dict[str, Any]
    id: str
    sequence: int = 0
    ready: bool = True

    @property
    def shard(self) -> tuple[int, int]:
        """(shard, shards in all)."""
        shard, count = self.identify.get("shard", [0, 1])
        return shard, count


@dataclass
class Reply:
    """A scripted answer to a request."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Double:
    """One Discord, with its guilds, for any number of bot processes."""

    def __init__(self, *, shards: int = 1, concurrency: int = 16, guilds: tuple["Guild", ...] = ()) -> None:
        self.shards, self.concurrency, self.remaining = shards, concurrency, 1000
        self.guilds = {guild.id: guild for guild in guilds}
        self.requests: list[Request] = []
        self.identifies: list[tuple[float, dict[str, Any]]] = []
        self.resumes: list[dict[str, Any]] = []
        self.sessions: list[Session] = []
        self.files: dict[str, tuple[int, bytes]] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.commands: list[dict[str, Any]] = []
        self.close_with: int | None = None  # instead of READY or RESUMED
        self.slow = 0.0  # seconds between the posting of a message and the answer that says so
        self._nonces: dict[tuple[str, str], dict[str, Any]] = {}
        self._scripts: list[tuple[str, re.Pattern[str], Reply]] = []
        self._lost: dict[str, Session] = {}
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self.port = 0
        self.processes: list[subprocess.Popen[bytes]] = []

    # What a test does.

    def start(self) -> "Double":
        """Listen."""
        self._thread.start()
        assert self._started.wait(WITHIN)
        return self

    def stop(self) -> None:
        """Close everything, and end what a failed test has left running."""
        for left in self.processes:
            if left.poll() is None:
                left.kill()
                left.wait(WITHIN)
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(WITHIN)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN)
        self._loop.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def script(self, method: str, path: str, *replies: Reply) -> None:
        """The next requests to a path are answered so."""
        self._scripts += [(method, re.compile(path), reply) for reply in replies]

    def wait(self, what: Callable[[], Any], seconds: float = WITHIN) -> Any:
        """The first true value of `what`, looked at whenever something happens here."""
        with self._changed:
            found = self._changed.wait_for(what, seconds)
        assert found, f"waited in vain; last requests: {[(r.method, r.path) for r in self.requests[-8:]]}"
        return found

    def sent(self, method: str, path: str, since: int = 0) -> list[Request]:
        """The requests to a path, from the `since`-th request of all on."""
        pattern = re.compile(path)
        return [r for r in self.requests[since:] if r.method == method and pattern.fullmatch(r.path)]

    def dispatch(self, event: str, data: dict[str, Any], guild: str | None = None) -> int:
        """An event to every session whose shard the guild belongs to; how many there were."""
        return self.dispatch_all(event, [data], guild)

    def dispatch_all(self, event: str, several: list[dict[str, Any]], guild: str | None = None) -> int:
        """The same with several events at once."""
        reached = [s for s in list(self.sessions) if s.ready and _is_for(s, guild)]

        async def send() -> None:
            for data in several:
                for session in reached:
                    await self._send_event(session, event, data)

        asyncio.run_coroutine_threadsafe(send(), self._loop).result(WITHIN)
        return len(reached)

    def send_raw(self, session: Session, payload: dict[str, Any]) -> None:
        """Any frame to one session."""
        asyncio.run_coroutine_threadsafe(session.socket.send_str(json.dumps(payload)), self._loop).result(WITHIN)

    def close_session(self, session: Session, code: int) -> None:
        """End one connection from this side."""
        asyncio.run_coroutine_threadsafe(session.socket.close(code=code), self._loop).result(WITHIN)

    # What the bot sees.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._started.set()
        self._loop.run_forever()

    async def _open(self) -> None:
        app = web.Application(client_max_size=64_000_000)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_route("*", "/api/v10/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        for session in self.sessions:
            await session.socket.close(code=1001)
        await self._runner.cleanup()

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def _file(self, request: web.Request) -> web.Response:
        status, body = self.files.get(request.match_info["name"], (404, b""))
        self.requests.append(Request("GET", request.path, None, time.monotonic()))
        self._note()
        return web.Response(status=status, body=body, content_type="application/octet-stream")

    async def _rest(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        body, files = None, dict[str, tuple[str, bytes]]()
        if request.can_read_body:
            if request.content_type == "application/json":
                body = await request.json()
            else:
                form = await request.post()
                body = json.loads(str(form["payload_json"]))
                for name, part in form.items():
                    if isinstance(part, web.FileField):
                        files[name] = (part.filename, part.file.read())
        if request.headers.get("Authorization") not in (None, f"Bot {TOKEN}"):
            return _json(401, {"message": "401: Unauthorized", "code": 0})
        for number, (method, pattern, reply) in enumerate(self._scripts):
            if method == request.method and pattern.fullmatch(path):
                del self._scripts[number]
                status, answer, headers = reply.status, reply.body, reply.headers
                break
        else:
            status, answer = self._answer(request.method, path, body)
            headers = {}
        self.requests.append(Request(request.method, path, body, time.monotonic(), dict(request.query), files))
        self._note()
        if request.method == "POST" and path.endswith("/messages"):
            await asyncio.sleep(self.slow)
        return _json(status, answer, headers)

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        words = path.strip("/").split("/")
        match (method, *words):
            case ("GET", "users", "@me"):
                return 200, user(BOT, "smtpbot", bot=True)
            case ("GET", "oauth2", "applications", "@me"):
                return 200, application()
            case ("GET", "gateway", "bot"):
                limit = {
                    "total": 1000,
                    "remaining": self.remaining,
                    "reset_after": 7_200_000,
                    "max_concurrency": self.concurrency,
                }
                return 200, {
                    "url": f"ws://127.0.0.1:{self.port}/gateway",
                    "shards": self.shards,
                    "session_start_limit": limit,
                }
            case ("POST", "channels", channel, "messages"):
                return 200, self._post(body, channel)
            case ("GET", "channels", _, "messages", identifier):
                found = self.messages.get(identifier)
                return (200, found) if found else (404, {"message": "Unknown Message", "code": 10008})
            case ("POST", "interactions", identifier, _, "callback"):
                return 200, self._callback(identifier, body)
            case ("POST", "webhooks", _, _) | ("PATCH", "webhooks", _, _, "messages", "@original"):
                return 200, self._keep(body, "0")
            case ("GET", "applications", _, "commands"):
                return 200, [_registered(command) for command in self.commands]
            case ("PUT", "applications", _, "commands"):
                self.commands = body
                return 200, [_registered(command) for command in body]
            case ("PUT", "applications", _, "guilds", guild, "commands"):
                self.commands = body
                return 200, [_registered(command, guild) for command in body]
        return 404, {"message": "404: Not Found", "code": 0}

    def _post(self, body: dict[str, Any], channel: str) -> dict[str, Any]:
        """Once for each nonce that is to be enforced; its first message comes back for every other."""
        if not body.get("enforce_nonce"):
            return self._keep(body, channel)
        key = (channel, str(body["nonce"]))
        if key not in self._nonces:
            self._nonces[key] = self._keep(body, channel)
        return self._nonces[key]

    def _keep(self, body: dict[str, Any], channel: str) -> dict[str, Any]:
        made = message(body.get("content") or "", user(BOT, "smtpbot", bot=True), channel)
        made |= {
            "embeds": body.get("embeds") or [],
            "components": _numbered(body.get("components") or []),
            "flags": body.get("flags") or 0,
        }
        self.messages[made["id"]] = made
        return made

    def _callback(self, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {"interaction": {"id": identifier, "type": 2}}
        if body["type"] in (4, 5, 7):
            made = self._keep(body.get("data") or {}, "0")
            told["resource"] = {"type": body["type"], "message": made}
            told["interaction"]["response_message_id"] = made["id"]
        return told

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, timeout=0.5)
        await socket.prepare(request)
        await socket.send_str(json.dumps({"op": 10, "d": {"heartbeat_interval": 45_000}, "t": None, "s": None}))
        session: Session | None = None
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            told = json.loads(frame.data)
            if told["op"] == 1:
                await socket.send_str(json.dumps({"op": 11, "d": None, "t": None, "s": None}))
            elif told["op"] == 2:
                session = await self._identify(socket, told["d"])
            elif told["op"] == 6:
                session = await self._resume(socket, told["d"])
            self._note()
        if session in self.sessions:
            self.sessions.remove(session)
            self._lost[session.id] = session
        self._note()
        return socket

    async def _identify(self, socket: web.WebSocketResponse, told: dict[str, Any]) -> Session | None:
        self.identifies.append((time.monotonic(), told))
        if told["token"] != TOKEN or self.close_with:
            await socket.close(code=self.close_with or 4004)
            return None
        session = Session(socket, told, new_id())
        own = [guild for guild in self.guilds.values() if _is_for(session, guild.id)]
        await self._send_event(session, "READY", {
            "v": 10, "user": user(BOT, "smtpbot", bot=True), "guilds": [{"id": guild.id, "unavailable": True} for guild in own],
            "session_id": session.id, "resume_gateway_url": f"ws://127.0.0.1:{self.port}/gateway",
            "shard": list(session.shard), "application": {"id": APPLICATION, "flags": 0},
        })  # fmt: skip
        for guild in own:
            await self._send_event(session, "GUILD_CREATE", guild.payload())
        self.sessions.append(session)
        return session

    async def _resume(self, socket: web.WebSocketResponse, told: dict[str, Any]) -> Session | None:
        self.resumes.append(told)
        if self.close_with:
            await socket.close(code=self.close_with)
            return None
        lost = self._lost.pop(told["session_id"], None)
        if lost is None:
            await socket.send_str(json.dumps({"op": 9, "d": False, "t": None, "s": None}))
            return None
        session = Session(socket, lost.identify, lost.id, lost.sequence)
        await self._send_event(session, "RESUMED", {})
        self.sessions.append(session)
        return session

    async def _send_event(self, session: Session, event: str, data: dict[str, Any]) -> None:
        session.sequence += 1
        with contextlib.suppress(ConnectionError):  # a bot that is just hanging up hears it no more
            await session.socket.send_str(json.dumps({"op": 0, "t": event, "s": session.sequence, "d": data}))


# What Discord's objects look like.


@dataclass
class Guild:
    """A server with a text channel, a forum, a thread in the channel and one in the forum."""

    id: str
    permissions: int = 274_878_024_704  # of everyone, the bot among them
    text: str = field(default_factory=new_id)
    other: str = field(default_factory=new_id)
    forum: str = field(default_factory=new_id)
    thread: str = field(default_factory=new_id)
    post: str = field(default_factory=new_id)

    def payload(self) -> dict[str, Any]:
        """As GUILD_CREATE brings it."""
        everyone = {
            "id": self.id, "name": "@everyone", "permissions": str(self.permissions), "color": 0, "hoist": False, "position": 0,
            "managed": False, "mentionable": False, "flags": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }  # fmt: skip
        channels = [
            self.channel(self.text, 0, "mail-help"),
            self.channel(self.other, 0, "lounge"),
            self.channel(self.forum, 15, "questions"),
        ]
        return {
            "id": self.id, "name": "Example", "owner_id": "1", "roles": [everyone], "emojis": [], "stickers": [], "features": [],
            "channels": channels, "threads": [self.thread_payload(self.thread, self.text), self.thread_payload(self.post, self.forum)],
            "members": [member(BOT)], "member_count": 3, "unavailable": False, "large": False, "voice_states": [], "presences": [],
            "preferred_locale": "de",
        }  # fmt: skip

    def channel(self, identifier: str, kind: int, name: str) -> dict[str, Any]:
        """A channel of the server."""
        return {"id": identifier, "type": kind, "name": name, "position": 0, "permission_overwrites": [], "nsfw": False, "parent_id": None,
                "guild_id": self.id, "topic": None, "available_tags": [], "default_forum_layout": 0}  # fmt: skip

    def thread_payload(self, identifier: str, parent: str) -> dict[str, Any]:
        """A thread of the server."""
        return {
            "id": identifier, "type": 11, "name": "thread", "parent_id": parent, "guild_id": self.id, "owner_id": "1", "message_count": 1,
            "member_count": 1, "rate_limit_per_user": 0, "flags": 0,
            "thread_metadata": {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2026-11-23T00:00:00+00:00", "locked": False},
        }  # fmt: skip


def user(identifier: str, name: str = "kim", bot: bool = False) -> dict[str, Any]:
    """A user."""
    return {
        "id": identifier,
        "username": name,
        "discriminator": "0",
        "global_name": name.title(),
        "avatar": None,
        "bot": bot,
    }


def member(identifier: str, permissions: str | None = None) -> dict[str, Any]:
    """A user as member of a server."""
    made: dict[str, Any] = {
        "user": user(identifier, "smtpbot" if identifier == BOT else "kim", identifier == BOT), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False, "mute": False, "flags": 0, "nick": None, "avatar": None,
    }  # fmt: skip
    return made | ({"permissions": permissions} if permissions else {})


def message(
    content: str, author: dict[str, Any], channel: str, guild: str | None = None, **more: Any
) -> dict[str, Any]:
    """A message, as the gateway brings it."""
    made = {
        "id": new_id(), "channel_id": channel, "author": author, "content": content, "timestamp": "2026-11-23T10:00:00+00:00",
        "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [],
        "embeds": [], "pinned": False, "type": 0, "flags": 0, "components": [],
    }  # fmt: skip
    return made | ({"guild_id": guild} if guild else {}) | more


def _numbered(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Discord gives each component an id."""
    number = itertools.count(1)
    return [
        row | {"id": next(number), "components": [child | {"id": next(number)} for child in row["components"]]}
        for row in components
    ]


def _registered(command: dict[str, Any], guild: str | None = None) -> dict[str, Any]:
    more = {"id": new_id(), "application_id": APPLICATION, "version": new_id(), "dm_permission": True}
    return (
        {"description": "", "type": 1, "default_member_permissions": None}
        | command
        | more
        | ({"guild_id": guild} if guild else {})
    )


def application() -> dict[str, Any]:
    return {
        "id": APPLICATION, "name": "smtpbot", "icon": None, "description": "", "bot_public": True, "bot_require_code_grant": False,
        "owner": user("1", "owner"), "verify_key": "0", "flags": 0, "summary": "", "team": None,
    }  # fmt: skip


def _is_for(session: Session, guild: str | None) -> bool:
    shard, count = session.shard
    return ((int(guild) >> 22) % count if guild else 0) == shard


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """Content-Type without a charset; with one, discord.py takes the body for text."""
    raw = b"" if status == 204 else json.dumps(body).encode()
    return web.Response(
        status=status, body=raw, headers={"Content-Type": "application/json", "Via": "1.1 double", **(headers or {})}
    )
