"""What the buttons do: share, more detail, drafts, votes, and the setting of a channel.

All they know stands in the button; only drafts look for the text itself, in the thread where it stands.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.pace import SLOW_DOWN
from adapters.slack.actions import DETAIL, DRAFTS, RIGHT, SHARE, VOTE, Pressed, buttons, read_pressed
from adapters.slack.app import Handlers
from adapters.slack.history import find_thread
from adapters.slack.inbound import place_of, read_quoted
from adapters.slack.installs import PLATFORM
from adapters.slack.modals import result
from adapters.slack.render import Payload, render, render_drafts, render_line
from adapters.slack.responding import Respond, in_thread, respond_all
from adapters.slack.watch import OFF, ON, switch
from bot.errors import StoreError
from bot.model import Reply
from bot.recalling import references_of

FORGOTTEN = "I no longer have what this answer was made of. Please ask again."
SHARED_ALREADY = "This answer has been shared already."
NOT_SHARED = "I could not share it here. Please try again."
NO_MORE = "There is no more to say about it."
NOTED = "Noted, thank you."
NOT_KEPT = "I can answer, but not now keep a vote. Please try again in a few minutes."
SHARED = "Shared by <@{user}>"
UNQUOTED = "I keep no text, so the drafts hold only what the answer names. Add the whole error text where it helps."
_MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^<>]{0,80})?>[:,]?")


async def press(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient, respond: Respond) -> None:
    """Do what a button beneath an answer says."""
    action = str((body.get("actions") or [{}])[0].get("action_id") or "")
    respond = in_thread(body, respond)
    try:
        if _is_too_fast(handlers, body):
            drawn = [render_line(SLOW_DOWN)]
        else:
            drawn = await _PRESSED[action](handlers, body, read_pressed(body), client, respond)
    except Exception as error:
        drawn = [handlers.replies.failed(error)]
    await _show(drawn, body, client, respond)


async def press_setting(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient, respond: Respond) -> None:
    """Switch watching on or off where the button stands."""
    if _is_too_fast(handlers, body):
        return await respond_all([render_line(SLOW_DOWN)], respond)
    channel = str((body.get("channel") or {}).get("id") or "")
    on = str((body.get("actions") or [{}])[0].get("action_id")) == ON
    drawn = await switch(handlers, place_of(body, channel), str(body["user"]["id"]), on, client)
    await respond(response_type="ephemeral", replace_original=True, **drawn)


def _is_too_fast(handlers: Handlers, body: Mapping[str, Any]) -> bool:
    return handlers.take_pace(place_of(body).tenant, str(body["user"]["id"])) != "go"


async def _show(drawn: Sequence[Payload], body: Mapping[str, Any], client: AsyncWebClient, respond: Respond) -> None:
    """To the presser alone: beneath the message, or over the modal that the button stands in."""
    if not drawn:
        return
    if body.get("view"):
        blocks = [block for page in drawn for block in page["blocks"]]
        await client.views_push(trigger_id=body["trigger_id"], view=result(blocks))
    else:
        await respond_all(list(drawn), respond)


async def _share(
    handlers: Handlers, body: Mapping[str, Any], pressed: Pressed, client: AsyncWebClient, respond: Respond
) -> list[Payload]:
    """The answer for all in the channel, brought again without any word or address of the paste."""
    reply = _recall(handlers, pressed)
    if reply is None:
        return [render_line(FORGOTTEN)]
    key = f"{_message_key(body)}/shared"
    if await handlers.claims.claim(key) != "taken":
        return [render_line(SHARED_ALREADY)]
    lead = {"type": "mrkdwn", "text": SHARED.replace("{user}", str(body["user"]["id"])), "verbatim": True}
    above = [{"type": "context", "elements": [lead]}]
    for page in render(reply, True, buttons(reply, handlers.bot.knowledge), above):
        sent = await respond(response_type="in_channel", replace_original=False, **page)
        if getattr(sent, "status_code", 200) != 200:
            await handlers.claims.release(key)
            return [render_line(NOT_SHARED)]
    await handlers.claims.mark(key)
    await respond(delete_original=True, thread_ts=None)
    return []


async def _detail(
    handlers: Handlers, body: Mapping[str, Any], pressed: Pressed, client: AsyncWebClient, respond: Respond
) -> list[Payload]:
    """Every cause in full where several were told, and what the codes mean by themselves."""
    told: list[Reply] = []
    codes: list[str] = []
    for reference in pressed.references:
        reply = handlers.bot.recall((reference,), pressed.values)
        if reply is None or not reply.answers:
            continue
        if len(pressed.references) > 1:
            told.append(reply)
        failure = reply.answers[0].failure
        asked = reply.question.codes if reply.question and reply.question.codes else ()
        pairs = asked or ((failure.reply_code, failure.enhanced_code),)
        codes += [code for pair in pairs for code in pair if code]
    if not told and not codes:
        return [render_line(FORGOTTEN if not pressed.references else NO_MORE)]
    told += [handlers.bot.answer(code) for code in dict.fromkeys(codes)]
    return [page for answer in told if answer.answered for page in render(answer)] or [render_line(NO_MORE)]


async def _drafts(
    handlers: Handlers, body: Mapping[str, Any], pressed: Pressed, client: AsyncWebClient, respond: Respond
) -> list[Payload]:
    """Two mails ready to send, with the words of the error where they can be read again."""
    reply = await _read_again(handlers, body, pressed, client)
    if reply:
        return [render_drafts(reply.drafts)]
    reply = handlers.bot.recall(pressed.references[:1], pressed.values, drafts=True) if pressed.references else None
    return [render_drafts(reply.drafts, UNQUOTED)] if reply and reply.drafts else [render_line(FORGOTTEN)]


async def _read_again(
    handlers: Handlers, body: Mapping[str, Any], pressed: Pressed, client: AsyncWebClient
) -> Reply | None:
    """The answer made anew of the text it was about, with drafts; None where that is in no message of the thread, or not to be read."""
    answer = {**(body.get("container") or {}), **(body.get("message") or {})}
    thread, ts = answer.get("thread_ts"), str(answer.get("ts") or answer.get("message_ts") or "")
    channel = str((body.get("channel") or {}).get("id") or "")
    if not thread or not pressed.references:
        return None
    for message in reversed(await find_thread(client, channel, str(thread), ts)):
        if message.get("user") == answer.get("user"):
            continue
        text = _MENTION.sub(" ", read_quoted(message)[0]).strip()
        reply = await asyncio.to_thread(handlers.bot.answer, text, "mention", True)
        if references_of(reply) == pressed.references and reply.drafts:
            return reply
    return None


async def _vote(
    handlers: Handlers, body: Mapping[str, Any], pressed: Pressed, client: AsyncWebClient, respond: Respond
) -> list[Payload]:
    """One vote for each person and message; pressing again changes it."""
    key = f"{_message_key(body)}/{body['user']['id']}"
    today = datetime.now(UTC).date()
    try:
        await handlers.store.vote(key, place_of(body), today, pressed.value == RIGHT)
    except StoreError:
        return [render_line(NOT_KEPT)]
    handlers.telemetry.note_vote(PLATFORM, pressed.value == RIGHT)
    return [render_line(NOTED)]


def _recall(handlers: Handlers, pressed: Pressed) -> Reply | None:
    return handlers.bot.recall(pressed.references, pressed.values) if pressed.references else None


def _message_key(body: Mapping[str, Any]) -> str:
    container = body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id") or "-"
    return f"slack/{place_of(body).tenant}/{channel}/{container.get('message_ts') or '-'}"


_Do = Callable[[Handlers, Mapping[str, Any], Pressed, AsyncWebClient, Respond], Awaitable[list[Payload]]]
_PRESSED: Mapping[str, _Do] = {
    SHARE: _share,
    DETAIL: _detail,
    DRAFTS: _drafts,
    VOTE: _vote,
}
SETTINGS = (ON, OFF)
ANSWERS = tuple(_PRESSED)
