"""The message shortcut "Explain this bounce", and the shortcut that opens a modal to paste into."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.pace import SLOW_DOWN
from adapters.slack.app import ANSWER_WITHIN, Handlers
from adapters.slack.inbound import Asked, Upload, place_of, read_quoted
from adapters.slack.modals import EMPTY, TEXT, form, read_form, result
from adapters.slack.render import STILL_READING, Payload, render_line
from adapters.slack.responding import Respond, in_thread, respond_all

EXPLAIN, PASTE = "explain_bounce", "paste_bounce"
BLANK = "That message holds no text and no file that I can read."


async def explain_message(
    handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient, respond: Respond
) -> None:
    """The answer to the message that was picked, for the picker alone; it needs no right to read the channel."""
    respond = in_thread(body, respond)
    if _is_too_fast(handlers, body):
        return await respond_all([render_line(SLOW_DOWN)], respond)
    text, files = read_quoted(body.get("message") or {})
    channel = str((body.get("channel") or {}).get("id") or "")
    work = handlers.start(_answer(handlers, body, channel, text, files, client, sharable=True))
    await asyncio.wait({work}, timeout=ANSWER_WITHIN)
    if work.done():
        await respond_all(work.result(), respond)
        return
    await respond_all([render_line(STILL_READING)], respond)
    handlers.start(_respond_after(work, respond))


async def open_form(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient) -> None:
    """The modal to paste into; without the field for a file where the bot may not read files."""
    try:
        await client.views_open(trigger_id=body["trigger_id"], view=form())
    except SlackApiError as error:
        if error.response.get("error") not in ("missing_scope", "invalid_arguments", "invalid_blocks"):
            raise
        await client.views_open(trigger_id=body["trigger_id"], view=form(with_file=False))


async def answer_form(handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient, ack: Respond) -> None:
    """The answer in place of the form; where a file takes long to read, a line that becomes the answer."""
    text, files = read_form(body["view"])
    if not text and not files:
        await ack(response_action="errors", errors={TEXT: EMPTY})
        return
    if _is_too_fast(handlers, body):  # the form stays open, with what was pasted
        await ack(response_action="errors", errors={TEXT: SLOW_DOWN})
        return
    work = handlers.start(_answer(handlers, body, "", text, files, client, votable=False))
    await asyncio.wait({work}, timeout=ANSWER_WITHIN)
    if work.done():
        await ack(response_action="update", view=_view(work.result()))
        return
    await ack(response_action="update", view=_view([render_line(STILL_READING)]))
    handlers.start(_update_after(work, str(body["view"]["id"]), client))


def _is_too_fast(handlers: Handlers, body: Mapping[str, Any]) -> bool:
    return handlers.take_pace(place_of(body).tenant, str((body.get("user") or {}).get("id") or "")) != "go"


async def _answer(
    handlers: Handlers, body: Mapping[str, Any], channel: str, text: str, files: tuple[Upload, ...], client: AsyncWebClient,
    sharable: bool = False, votable: bool = True,
) -> list[Payload]:  # fmt: skip
    if not text and not files:
        return [render_line(BLANK)]
    asked = Asked(text, "slash", place_of(body, channel), "", "", None, True, files)
    return await handlers.replies.answer_picked(asked, client, sharable, votable)


async def _respond_after(work: "asyncio.Task[list[Payload]]", respond: Respond) -> None:
    await respond_all(await work, respond)


async def _update_after(work: "asyncio.Task[list[Payload]]", view: str, client: AsyncWebClient) -> None:
    await client.views_update(view_id=view, view=_view(await work))


def _view(drawn: Sequence[Payload]) -> Payload:
    return result([block for page in drawn for block in page["blocks"]])
