"""What is registered with Bolt, by the names that the app manifest uses; a test holds the two together."""

import logging
import os
import re
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
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import home, pressed, reactions, shortcuts
from adapters.slack.app import Handlers
from adapters.slack.installs import Installs, ManyWorkspaces, note_uninstalled
from adapters.slack.modals import FORM
from adapters.slack.responding import Respond
from bot.telemetry import describe

COMMANDS: Mapping[str, str] = {"/smtp": "answer_command"}
# One handler hears the messages of all kinds of conversations.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "app_mention": ("app_mention",),
    "message": ("message.im", "message.channels", "message.groups"),
    "app_home_opened": ("app_home_opened",),
    "reaction_added": ("reaction_added",),
}
SHORTCUTS: Mapping[str, str] = {shortcuts.EXPLAIN: "message", shortcuts.PASTE: "global"}
UNINSTALLING = ("app_uninstalled", "tokens_revoked")  # heard where many workspaces install the bot
_DONE = BoltResponse(status=200, body="")
_log = logging.getLogger("smtpbot.slack")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in a workspace, as auth.test says."""

    team_id: str
    bot_user: str
    bot_id: str | None = None
    enterprise_id: str | None = None


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
    app.event("app_mention")(handlers.answer_mention)
    app.event("message")(handlers.hear_message)
    _listen(app, handlers)
    if isinstance(workspaces, Installs):
        _hear_uninstalling(app, workspaces)
    app.error(_note_fault)
    return app


def _listen(app: AsyncApp, handlers: Handlers) -> None:
    """Everything but commands and messages. Each is acknowledged first, and done before the acknowledgement leaves."""

    @app.event("app_home_opened")
    async def open_home(body: dict[str, Any], client: AsyncWebClient) -> None:
        await home.show_home(handlers, body, client)

    @app.event("reaction_added")
    async def react(body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext) -> BoltResponse:
        return await reactions.answer_reaction(handlers, body, client, str(context["bot_user_id"]))

    @app.shortcut({"type": "message_action", "callback_id": shortcuts.EXPLAIN})
    async def explain(body: dict[str, Any], client: AsyncWebClient, ack: Respond, respond: Respond) -> None:
        await ack()
        await shortcuts.explain_message(handlers, body, client, respond)

    @app.shortcut({"type": "shortcut", "callback_id": shortcuts.PASTE})
    async def paste(body: dict[str, Any], client: AsyncWebClient, ack: Respond) -> None:
        await ack()
        await shortcuts.open_form(handlers, body, client)

    @app.view(FORM)
    async def submit(body: dict[str, Any], client: AsyncWebClient, ack: Respond) -> None:
        await shortcuts.answer_form(handlers, body, client, ack)

    @app.action(re.compile("|".join(pressed.ANSWERS)))
    async def press(body: dict[str, Any], client: AsyncWebClient, ack: Respond, respond: Respond) -> None:
        await ack()
        await pressed.press(handlers, body, client, respond)

    @app.action(re.compile("|".join(pressed.SETTINGS)))
    async def set_watch(body: dict[str, Any], client: AsyncWebClient, ack: Respond, respond: Respond) -> None:
        await ack()
        await pressed.press_setting(handlers, body, client, respond)

    @app.action(re.compile(rf"{home.EXAMPLE}\d"))
    async def example(body: dict[str, Any], client: AsyncWebClient, ack: Respond) -> None:
        await ack()
        await home.show_example(handlers, body, client)

    @app.action(home.OPEN)
    async def open_form(body: dict[str, Any], client: AsyncWebClient, ack: Respond) -> None:
        await ack()
        await shortcuts.open_form(handlers, body, client)

    @app.action(home.CHOOSE)
    async def choose(body: dict[str, Any], client: AsyncWebClient, ack: Respond) -> None:
        await ack()
        await home.choose_channel(handlers, body, client)


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
