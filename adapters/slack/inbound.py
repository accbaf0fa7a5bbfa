"""Slack's events and commands -> what is asked, where the answer goes, and the key that every delivery of it shares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.installs import name_tenant
from bot.model import Via

# `message` events that people write; edits, joins, topics and the like carry other subtypes.
_WRITTEN = (None, "file_share", "thread_broadcast")


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that is to be answered."""

    text: str
    via: Via
    channel: str
    thread: str | None  # the thread the answer goes to; None: the conversation itself
    key: str  # one per message, however often and under whatever event it is delivered
    private: bool  # nobody but the asker reads the answer
    tenant: str  # the workspace, as the store names it


def read_mention(body: Mapping[str, Any], bot_user: str) -> Asked | None:
    """What an app_mention asks, without the mention; None where a bot wrote it."""
    event = body["event"]
    if not _written_by_a_person(event, bot_user):
        return None
    text = re.sub(rf"<@{re.escape(bot_user)}(?:\|[^<>]{{0,80}})?>[:,]?", " ", event.get("text") or "").strip()
    direct = _is_direct(event)
    thread = event.get("thread_ts") or (None if direct else event["ts"])
    return Asked(text, "mention", event["channel"], thread, _key(body), direct, tenant_of(body))


def read_direct(body: Mapping[str, Any], bot_user: str) -> Asked | None:
    """What a direct message asks; None for channel messages, edits, deletions and bots."""
    event = body["event"]
    if not _is_direct(event) or event.get("subtype") not in _WRITTEN or not _written_by_a_person(event, bot_user):
        return None
    return read_mention(body, bot_user)


def read_command(command: Mapping[str, Any]) -> str:
    """What `/smtp` asks."""
    return str(command.get("text") or "").strip()


def tenant_of(body: Mapping[str, Any]) -> str:
    """The store's key of the workspace that a command or an event comes from."""
    return name_tenant(body.get("enterprise_id"), body.get("team_id"))


def _is_direct(event: Mapping[str, Any]) -> bool:
    return event.get("channel_type") == "im" or str(event.get("channel", "")).startswith("D")


def _written_by_a_person(event: Mapping[str, Any], bot_user: str) -> bool:
    return bool(event.get("user")) and not event.get("bot_id") and event["user"] not in (bot_user, "USLACKBOT")


def _key(body: Mapping[str, Any]) -> str:
    event = body["event"]
    enterprise, team = body.get("enterprise_id") or "-", body.get("team_id") or event.get("team") or "-"
    return f"slack/{enterprise}/{team}/{event['channel']}/{event['ts']}"
