"""`/smtp stats`: what bounced most in this workspace, in words at once, with a picture where the bot may upload one."""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.inbound import place_of
from adapters.slack.installs import PLATFORM
from adapters.slack.render import STILL_READING, Payload, render, render_line
from adapters.slack.responding import Respond
from adapters.summary import GONE, TITLE, Summary, find_summary
from bot.errors import StoreError
from bot.telemetry import describe

if TYPE_CHECKING:
    from adapters.slack.app import Handlers

FIND_WITHIN = 2.0  # seconds; Slack waits three
WAITS = (0.0, 1.0, 2.0, 4.0)  # seconds before each try to show the picture: Slack looks at an upload for a moment first
PICTURE = "numbers.png"
_log = logging.getLogger("smtpbot.slack")


async def answer_stats(
    handlers: "Handlers", command: Mapping[str, Any], client: AsyncWebClient, ack: Respond, respond: Respond
) -> None:
    """For the asker alone, with the numbers of the workspace that the command comes from and no other."""
    finding = handlers.start(_find(handlers, place_of(command).tenant))
    await asyncio.wait({finding}, timeout=FIND_WITHIN)
    drawn = _draw(finding.result()) if finding.done() else render_line(STILL_READING)
    await ack({"response_type": "ephemeral", **drawn})
    handlers.start(_complete(handlers, finding, finding.done(), client, respond))


async def _find(handlers: "Handlers", tenant: str) -> Summary | None:
    try:
        return await find_summary(handlers.store, handlers.telemetry, PLATFORM, tenant, handlers.bot.knowledge)
    except StoreError:
        return None


def _draw(summary: Summary | None) -> Payload:
    return render(summary.reply)[0] if summary else render_line(GONE)


async def _complete(
    handlers: "Handlers", finding: asyncio.Task[Summary | None], told: bool, client: AsyncWebClient, respond: Respond
) -> None:
    """Put the picture beneath the words, which stand alone where there is none to be had."""
    summary = await finding
    drawn = _draw(summary)
    try:
        if not told:
            await respond(response_type="ephemeral", replace_original=True, **drawn)
        picture = await handlers.charts.draw(summary, "png") if summary else None
        file = await _upload(picture, client) if picture else None
        if file and summary:
            image = {"type": "image", "slack_file": {"id": file}, "alt_text": summary.alt}
            await _show({**drawn, "blocks": [*drawn["blocks"], image]}, respond)
    except Exception as error:
        _log.warning("numbers without a picture: %s", describe(error))


async def _upload(picture: bytes, client: AsyncWebClient) -> str | None:
    """The id of the picture in Slack; None where the bot may not write files."""
    try:
        sent = await client.files_upload_v2(content=picture, filename=PICTURE, title=TITLE)
    except SlackApiError as error:
        if error.response.get("error") != "missing_scope":
            raise
        return None
    return str(sent["file"]["id"])


async def _show(drawn: Payload, respond: Respond) -> None:
    for wait in WAITS:
        await asyncio.sleep(wait)
        sent = await respond(response_type="ephemeral", replace_original=True, **drawn)
        if sent.status_code == 200:
            return
    _log.warning("numbers without a picture: Slack did not take it (%s)", sent.status_code)
