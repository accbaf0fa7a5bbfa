"""The handlers: read, ask, draw, send. An event is claimed, answered, marked, and only then acknowledged."""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.inbound import Asked, read_command, read_direct, read_mention, tenant_of
from adapters.slack.installs import Installs, ManyWorkspaces, note_uninstalled
from adapters.slack.render import STILL_READING, Payload, render, render_line
from bot.app import Bot
from bot.model import Reply, Via
from bot.storage import Store
from bot.telemetry import Telemetry, describe

ANSWER_WITHIN = 2.5  # seconds; Slack waits three
POLL = 0.05
LONG_TEXT = 8_000  # characters from which a text is read in a thread, so that other answers go on
FAILED = "Something went wrong here. If it happens again, tell whoever runs this bot the number {id}."
# Errors of Slack that no second try mends; the event is done with.
_FINAL = frozenset(
    "channel_not_found not_in_channel is_archived restricted_action msg_too_long invalid_blocks no_permission "
    "thread_not_found cannot_reply_to_message message_not_found restricted_action_thread_locked ekm_access_denied "
    "restricted_action_read_only_channel".split()
)
_QUIET: Payload = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
_DONE, _LATER = BoltResponse(status=200, body=""), BoltResponse(status=503, body="")
Respond = Callable[..., Awaitable[Any]]
_log = logging.getLogger("smtpbot.slack")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in a workspace, as auth.test says."""

    team_id: str
    bot_user: str
    bot_id: str | None = None
    enterprise_id: str | None = None


class Handlers:
    """Everything Slack can ask of the bot, and the answers still on their way."""

    def __init__(self, bot: Bot, store: Store, telemetry: Telemetry) -> None:
        self._bot, self._store, self._telemetry = bot, store, telemetry
        self._running: set[asyncio.Task[Any]] = set()

    async def answer_command(self, command: dict[str, Any], ack: Respond, respond: Respond) -> None:
        """`/smtp`: the answer is the acknowledgement, for the asker's eyes only."""
        text, tenant = read_command(command), tenant_of(command)
        if len(text) <= LONG_TEXT:
            await ack({"response_type": "ephemeral", **self._ask_safely(text, "slash", False, tenant)})
            return
        reading = self._start(asyncio.to_thread(self._ask_safely, text, "slash", False, tenant))
        await asyncio.wait({reading}, timeout=ANSWER_WITHIN)
        if reading.done():
            await ack({"response_type": "ephemeral", **reading.result()})
            return
        await ack({"response_type": "ephemeral", **render_line(STILL_READING)})
        self._start(_respond_later(reading, respond))

    async def answer_mention(
        self, body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient
    ) -> BoltResponse:
        """`@smtpbot …`: the answer goes to the thread, addresses masked."""
        return await self._answer_once(read_mention(body, context["bot_user_id"]), client)

    async def answer_direct(
        self, body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient
    ) -> BoltResponse:
        """A direct message; the channel messages that come by the same event are passed over."""
        return await self._answer_once(read_direct(body, context["bot_user_id"]), client)

    async def drain(self, seconds: float) -> None:
        """Wait for the answers still on their way."""
        while self._running and seconds > 0:
            begun = time.monotonic()
            await asyncio.wait(self._running, timeout=seconds)
            seconds -= time.monotonic() - begun

    async def _answer_once(self, asked: Asked | None, client: AsyncWebClient) -> BoltResponse:
        """200 once the event is answered or will be; 503 where the platform should deliver it again."""
        if asked is None:
            return _DONE
        until = time.monotonic() + ANSWER_WITHIN
        claim = await self._store.claim(asked.key)
        while claim == "busy" and time.monotonic() < until:
            await asyncio.sleep(POLL)
            claim = await self._store.claim(asked.key)
        self._telemetry.count(f"slack.event.{claim}")
        if claim != "taken":
            return _DONE if claim == "answered" else _LATER
        answering = _Answering(self, asked, client)
        task = self._start(answering.run())
        await asyncio.wait({task}, timeout=max(0.0, until - time.monotonic()))
        if task.done():
            return _DONE if task.result() else _LATER
        self._start(answering.announce())
        return _DONE

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _ask_safely(self, text: str, via: Via, public: bool, tenant: str) -> Payload:
        """What the bot says; a line with an id where it fails, and the same id in the log."""
        begun = time.perf_counter()
        try:
            reply: Reply = self._bot.answer(text, via)
            drawn = render(reply, public)
        except Exception as error:  # the one place where a fault of ours is caught
            identifier = secrets.token_hex(4)
            _log.error("no answer, id %s: %s", identifier, describe(error))
            self._telemetry.count("slack.failed")
            return render_line(FAILED.replace("{id}", identifier))
        seconds = time.perf_counter() - begun
        self._telemetry.count(f"slack.{via}.{reply.kind}", seconds)
        self._telemetry.note_reply("slack", tenant, reply, seconds)
        return drawn


class _Answering:
    """One event on its way to its answer."""

    def __init__(self, handlers: Handlers, asked: Asked, client: AsyncWebClient) -> None:
        self._handlers, self._asked, self._client = handlers, asked, client
        self._drawn = False
        self._notice: str | None = None
        self._notifying = asyncio.Lock()

    async def run(self) -> bool:
        """Ask, draw, send, mark; false where a later try may do better."""
        asked, handlers = self._asked, self._handlers
        try:
            told = (asked.text, asked.via, not asked.private, asked.tenant)
            if len(asked.text) > LONG_TEXT:
                drawn = await asyncio.to_thread(handlers._ask_safely, *told)
            else:
                drawn = handlers._ask_safely(*told)
            self._drawn = True
            if drawn:
                await self._send(drawn)
        except Exception as error:
            code = error.response.get("error", "") if isinstance(error, SlackApiError) else ""
            _log.warning("answer not sent: %s %s", describe(error), code)
            handlers._telemetry.count("slack.unsent")
            if code not in _FINAL:
                await handlers._store.release(asked.key)
                return False
        await handlers._store.mark_answered(asked.key)
        return True

    async def announce(self) -> None:
        """Say that the answer takes longer, unless it is already being sent."""
        if self._drawn:
            return
        async with self._notifying:
            try:
                sent = await self._post(render_line(STILL_READING))
                self._notice = str(sent["ts"])
            except Exception as error:
                _log.warning("notice not sent: %s", describe(error))

    async def _send(self, drawn: Payload) -> None:
        async with self._notifying:
            if self._notice is None:
                await self._post(drawn)
            else:
                await self._client.chat_update(
                    channel=self._asked.channel, ts=self._notice, parse="none", link_names=False, **drawn
                )

    async def _post(self, drawn: Payload) -> Any:
        return await self._client.chat_postMessage(
            channel=self._asked.channel, thread_ts=self._asked.thread, **drawn, **_QUIET
        )


async def _respond_later(reading: asyncio.Task[Payload], respond: Respond) -> None:
    await respond(response_type="ephemeral", replace_original=True, **await reading)


# What is registered with Bolt, by the names the app manifest uses; a test holds the two together.
COMMANDS: Mapping[str, str] = {"/smtp": "answer_command"}
EVENTS: Mapping[str, str] = {"app_mention": "answer_mention", "message.im": "answer_direct"}
UNINSTALLING = ("app_uninstalled", "tokens_revoked")  # heard where many workspaces install the bot


def build_app(
    handlers: Handlers, client: AsyncWebClient, workspaces: Identity | Installs, signing_secret: str = ""
) -> AsyncApp:
    """The Bolt app with all handlers, for one workspace or all that installed it.

    Without a signing secret it serves Socket Mode only.
    """
    authorize: Callable[..., Awaitable[Any]] = (
        ManyWorkspaces(workspaces) if isinstance(workspaces, Installs) else _OneWorkspace(workspaces, client.token)
    )
    with _hidden_environment():
        app = AsyncApp(
            name="smtpbot", logger=_bolt_logger(), client=_without_token(client), signing_secret=signing_secret,
            authorize=authorize,
            process_before_response=True, raise_error_for_unhandled_request=True,
            attaching_function_token_enabled=False, attaching_conversation_kwargs_enabled=False,
        )  # fmt: skip
    for name, handler in COMMANDS.items():
        app.command(name)(getattr(handlers, handler))
    for name, handler in EVENTS.items():
        app.event(name.partition(".")[0])(getattr(handlers, handler))
    if isinstance(workspaces, Installs):
        _hear_uninstalling(app, workspaces)
    app.error(_note_fault)
    return app


def _hear_uninstalling(app: AsyncApp, installs: Installs) -> None:
    async def note(body: dict[str, Any]) -> None:
        await note_uninstalled(installs, body)

    for name in UNINSTALLING:
        app.event(name)(note)


class _OneWorkspace(AsyncAuthorize):
    """Knows who we are without asking Slack at each request; a plain function would cost Bolt a look at its arguments."""

    def __init__(self, identity: Identity, token: str | None) -> None:
        self._result = AuthorizeResult(
            enterprise_id=identity.enterprise_id, team_id=identity.team_id, bot_user_id=identity.bot_user,
            bot_id=identity.bot_id, bot_token=token,
        )  # fmt: skip

    async def __call__(self, **_: Any) -> AuthorizeResult:
        return self._result


def _without_token(client: AsyncWebClient) -> AsyncWebClient:
    """Bolt gives each request a client of its own, with the token that `authorize` names."""
    return AsyncWebClient(
        base_url=client.base_url, timeout=client.timeout, session=client.session, logger=client.logger, retry_handlers=client.retry_handlers
    )  # fmt: skip


async def _note_fault(error: Exception) -> BoltResponse:
    if isinstance(error, BoltUnhandledRequestError):
        return _DONE  # subscribed by hand, or a button of an older version; Slack switches off apps that refuse much
    _log.error("a handler failed: %s", describe(error))
    return BoltResponse(status=500, body="")


def _bolt_logger() -> logging.Logger:
    """Bolt logs whole requests at INFO and DEBUG, the body of a forged one among them; never below WARNING."""
    logger = logging.getLogger("slack_bolt")
    logger.setLevel(max(logging.WARNING, logger.getEffectiveLevel()))
    return logger


@contextmanager
def _hidden_environment() -> Iterator[None]:
    """Bolt reads SLACK_* itself and would start an OAuth flow of its own; the settings decide here."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("SLACK_")}
    try:
        yield
    finally:
        os.environ.update(hidden)
