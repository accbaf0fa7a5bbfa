"""The App Home: what the bot does, examples that answer at once, the settings of channels, what it keeps."""

from collections.abc import Iterable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.app import Handlers
from adapters.slack.inbound import place_of
from adapters.slack.modals import MAX_BLOCKS, result
from adapters.slack.render import Payload, render, render_line
from adapters.slack.watch import offer
from bot.errors import StoreError
from bot.model import Message, Reply

EXAMPLE, CHOOSE, OPEN = "smtp_example_", "smtp_choose", "smtp_open"
EXAMPLES = ("451", "550 5.7.26", "450 vs 550", "gmail 4.7.28", "mailbox full", "S3150")
MAX_SHOWN = 50  # watched channels that are named
ASKING = (
    "• `/smtp` with a code, a question or a pasted error: only you see the answer\n"
    "• *More actions › Explain this bounce* on a message: only you see the answer\n"
    "• `@smtpbot` in a channel or a thread: everybody there sees it, with addresses masked\n"
    "• a direct message, also with the bounce as a file\n"
    "• `:mag:` on a message, where I may read it"
)
TRY = "Or try one of these:"
WATCHING = (
    "In channels you choose I answer mail errors unasked, in their threads, and say nothing to anything else. "
    "Pick a channel you are in; its setting is shown to you there."
)
PRIVACY = (
    "Nothing you send is stored or passed on: neither text nor addresses. Kept are which messages were answered, the "
    "channels' settings, and how often which cause was asked about. Where others read along, addresses are masked."
)


async def show_home(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient) -> None:
    """Draw the Home tab anew whenever it is opened; the same event tells of the Messages tab."""
    event = body["event"]
    if event.get("tab") != "home":
        return
    try:
        watched = await handlers.watched.channels(place_of(body).tenant)
    except StoreError:
        watched = frozenset()
    await client.views_publish(user_id=event["user"], view=home(handlers.bot.answer("help"), watched))


async def show_example(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient) -> None:
    """The answer to an example, in a modal."""
    asked = str(body["actions"][0].get("value") or "")
    drawn = (
        handlers.replies.answer_text(asked, "slash", place_of(body).tenant, votable=False) if asked in EXAMPLES else []
    )
    blocks = [block for page in drawn for block in page["blocks"]]
    await client.views_open(trigger_id=body["trigger_id"], view=result(blocks))


async def choose_channel(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient) -> None:
    """Show the setting of the chosen channel there; in a modal what has to be done first."""
    channel = str(body["actions"][0].get("selected_conversation") or "")
    told = await offer(handlers, place_of(body, channel), str(body["user"]["id"]), client) if channel else None
    if told:
        await client.views_open(trigger_id=body["trigger_id"], view=result(render_line(told)["blocks"]))


def home(help_reply: Reply, watched: Iterable[str]) -> Payload:
    """The view. Slack names a private channel only to those who are in it."""
    names = " ".join(f"<#{channel}>" for channel in sorted(watched)[:MAX_SHOWN])
    examples = [
        {"type": "button", "action_id": f"{EXAMPLE}{number}", "text": _plain(asked), "value": asked}
        for number, asked in enumerate(EXAMPLES)
    ]
    ask = {"type": "button", "action_id": OPEN, "style": "primary", "text": _plain("Paste an error message")}
    menu = {
        "type": "conversations_select", "action_id": CHOOSE, "placeholder": _plain("Choose a channel"),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }  # fmt: skip
    said = tuple(part for part in help_reply.message.parts if part.kind in ("heading", "text"))
    opening = help_reply._replace(message=Message(said))  # its examples are buttons here
    blocks = [
        *(block for page in render(opening) for block in page["blocks"]),
        *render_line(ASKING)["blocks"],
        {"type": "actions", "elements": [ask]},
        *render_line(TRY)["blocks"],
        {"type": "actions", "elements": examples},
        {"type": "divider"},
        {"type": "header", "text": _plain("Watched channels")},
        *render_line(WATCHING)["blocks"],
        *render_line(f"Watched now: {names}" if names else "No channel is watched now.")["blocks"],
        {"type": "actions", "elements": [menu]},
        {"type": "divider"},
        {"type": "header", "text": _plain("What I keep")},
        *render_line(PRIVACY)["blocks"],
    ]
    return {"type": "home", "blocks": blocks[:MAX_BLOCKS]}


def _plain(text: str) -> Payload:
    return {"type": "plain_text", "text": text, "emoji": False}
