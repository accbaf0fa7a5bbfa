"""Signed HTTP: a small ASGI application in front of Bolt, which checks the size before anything is read into it.

Questions by command are verified with Slack's verifier and given to their handler at once: they need neither token nor
listener search, and Bolt's way to them takes as long as their answer. All else goes through Bolt.
"""

import asyncio
import logging
from typing import Any
from urllib.parse import unquote_plus

import orjson
from slack_bolt import BoltResponse
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from adapters.service import Receive, Scope, Send
from adapters.slack.app import Handlers
from adapters.slack.inbound import read_setting
from adapters.slack.listeners import COMMANDS
from adapters.slack.oauth import INSTALL, REDIRECT, OAuth
from bot.errors import BotError
from bot.telemetry import describe

PREFIX = "/slack/"
PATH = f"{PREFIX}events"
MAX_BODY = 1_048_576  # bytes; Slack's largest requests are a tenth of it
READ_WITHIN = 10.0  # seconds for a whole body to arrive

Answer = tuple[int, dict[str, list[str]], str | bytes]

_OF_COMMAND = ("text", "team_id", "enterprise_id", "user_id")  # fields that the handlers read
_PLAIN = {"content-type": ["text/plain;charset=utf-8"]}
_JSON = {"content-type": ["application/json;charset=utf-8"]}
_log = logging.getLogger("smtpbot.slack")


class SlackHttp:
    """The ASGI application: Slack's requests at /slack/events and an installation's pages."""

    def __init__(self, app: AsyncApp, handlers: Handlers, signing_secret: str, oauth: OAuth | None = None) -> None:
        self._app, self._handlers, self._oauth = app, handlers, oauth
        self._verifier = SignatureVerifier(signing_secret)  # refuses an empty secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not served")
        status, headers, body = await self._answer(scope, receive)
        raw = body.encode() if isinstance(body, str) else body
        lines = [(name.encode(), value.encode("latin-1")) for name, values in headers.items() for value in values]
        lines.append((b"content-length", str(len(raw)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": raw})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if self._oauth and scope["path"] in (INSTALL, REDIRECT) and scope["method"] == "GET":
            query = scope["query_string"].decode("latin-1")
            return await self._oauth.answer(scope["path"], query, _read_headers(scope))
        if scope["path"] != PATH:
            return 404, _PLAIN, "not found"
        if scope["method"] != "POST":
            return 405, {**_PLAIN, "allow": ["POST"]}, "POST only"
        headers = _read_headers(scope)
        try:
            async with asyncio.timeout(READ_WITHIN):
                raw = await _read_body(headers, receive)
        except TimeoutError:
            return 408, _PLAIN, "too slow"
        if raw is None:
            return 413, _PLAIN, "too large"
        stamp = headers.get("x-slack-request-timestamp", "0")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            return 401, _PLAIN, "invalid request"
        try:
            response = await self._dispatch(raw.decode(), scope["query_string"].decode("latin-1"), headers)
        except BotError as error:  # the store is gone, or a key; Slack delivers again
            _log.error("a request could not be served: %s", error)
            return 503, _PLAIN, "later"
        except Exception as error:  # broken JSON or encoding that nobody could have signed
            _log.warning("a request could not be read: %s", describe(error))
            return 400, _PLAIN, "unreadable"
        if isinstance(response, bytes):
            return 200, _JSON, response
        return response.status, {name: list(values) for name, values in response.headers.items()}, response.body

    async def _dispatch(self, body: str, query: str, headers: dict[str, str]) -> BoltResponse | bytes:
        """Bolt's response, or the JSON that answers a command; a command that is not well signed is Bolt's to refuse."""
        stamp, signature = headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature")
        if "command=%2F" in body and self._verifier.is_valid(body, stamp, signature):
            fields = dict(pair.partition("=")[::2] for pair in body.split("&"))
            handler = COMMANDS.get(unquote_plus(fields.get("command", "")))
            asks = handler and "payload" not in fields and "ssl_check" not in fields
            if handler and asks and read_setting(unquote_plus(fields.get("text", ""))) is None:
                return await self._answer_command(handler, fields)
        return await self._app.async_dispatch(AsyncBoltRequest(body=body, query=query, headers=dict(headers)))

    async def _answer_command(self, handler: str, fields: dict[str, str]) -> bytes:
        answered: list[bytes] = []

        async def ack(answer: dict[str, Any]) -> None:
            answered.append(orjson.dumps(answer))

        command = {name: unquote_plus(fields[name]) for name in _OF_COMMAND if name in fields}
        respond = AsyncRespond(response_url=unquote_plus(fields.get("response_url", "")))
        await getattr(self._handlers, handler)(command, ack, respond)
        return answered[0]


def _read_headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def _read_body(headers: dict[str, str], receive: Receive) -> bytes | None:
    """The body, or None where it is larger than MAX_BODY."""
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        return None
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            return None
        more = message.get("more_body", False)
    return b"".join(chunks)
