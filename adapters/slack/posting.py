"""Posting to Slack: the messages of one answer, each once, and what the errors of Slack mean for another try."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.history import part_of_answer
from adapters.slack.render import Payload

LONGEST_PAUSE = 60.0  # seconds; where Slack wants a longer one, the answer is given up
QUIET: Payload = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
# Errors of Slack that no second try mends.
_FINAL = frozenset(
    "channel_not_found not_in_channel is_archived restricted_action no_permission thread_not_found "
    "cannot_reply_to_message message_not_found restricted_action_thread_locked restricted_action_read_only_channel "
    "ekm_access_denied account_inactive invalid_auth not_authed token_expired token_revoked missing_scope "
    "not_allowed_token_type team_access_not_granted".split()
)
# Slack does not show this answer, and may show another.
_UNSHOWN = frozenset("msg_too_long msg_blocks_too_long invalid_blocks invalid_blocks_format no_text".split())
_NOTICE_LOST = frozenset("message_not_found cant_update_message edit_window_closed".split())


def code_of(error: Exception) -> str:
    """Slack's name for an error; empty where it gave none."""
    found = _part(error, "data")
    return str(found.get("error") or "") if isinstance(found, dict) else ""


def is_unshown(error: Exception) -> bool:
    """Whether Slack refuses the answer itself, not its place or the sender."""
    return code_of(error) in _UNSHOWN


def is_final(error: Exception) -> bool:
    """Whether nothing can be sent there."""
    return code_of(error) in _FINAL


def is_limited(error: Exception) -> bool:
    """Whether Slack asked to wait (429)."""
    return bool(_part(error, "status_code") == 429)


def find_pause(error: Exception) -> float | None:
    """Seconds that Slack asked to wait; None where it did not, or asked for too many."""
    return read_pause(_part(error, "headers") or {}) if is_limited(error) else None


def read_pause(headers: Mapping[str, Any]) -> float | None:
    """What Retry-After says, in seconds; one second where it is missing or strange, None where it is too long."""
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    told = str(told[0] if isinstance(told, list) and told else told)
    pause = float(told) if told.isascii() and told.isdigit() and len(told) < 7 else 1.0
    return pause if pause <= LONGEST_PAUSE else None


class Poster:
    """Sends the messages of one answer into one conversation; `to` is the message that is answered."""

    def __init__(self, client: AsyncWebClient, channel: str, thread: str | None, to: str) -> None:
        # Without the SDK's own waiting for 429, which has no bound and would outlive the claim.
        self._client = AsyncWebClient(
            token=client.token, base_url=client.base_url, timeout=client.timeout, session=client.session,
            logger=client.logger, retry_handlers=[],
        )  # fmt: skip
        self._channel, self.thread, self._to = channel, thread, to
        self._notice: str | None = None
        self._busy = asyncio.Lock()
        self.sent = 0  # messages of the answer

    async def send(self, drawn: list[Payload]) -> None:
        """Send what an earlier try has not sent; the first message takes the place of the notice."""
        async with self._busy:
            for payload in drawn[self.sent :]:
                payload = {**payload, "metadata": part_of_answer(self._to, self.sent)}
                if self._notice is None or not await self._replace(payload):
                    await self._post(payload)
                self._notice = None
                self.sent += 1

    async def announce(self, payload: Payload, is_due: Callable[[], bool]) -> None:
        """Send a notice that the answer will replace, if it is still due."""
        async with self._busy:
            if is_due():
                self._notice = str((await self._post(payload))["ts"])

    async def _replace(self, payload: Payload) -> bool:
        try:
            await self._client.chat_update(
                channel=self._channel, ts=self._notice or "", parse="none", link_names=False, **payload
            )
        except SlackApiError as error:
            if code_of(error) in _NOTICE_LOST:
                return False
            raise
        return True

    async def _post(self, payload: Payload) -> Any:
        return await self._client.chat_postMessage(channel=self._channel, thread_ts=self.thread, **payload, **QUIET)


def _part(error: Exception, name: str) -> Any:
    """A part of Slack's response, which the SDK gives as an object, or as a dictionary where the body was no JSON."""
    response = error.response if isinstance(error, SlackApiError) else {}
    return response.get(name) if isinstance(response, dict) else getattr(response, name, None)
