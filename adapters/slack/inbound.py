"""Slack's events and commands -> what is asked, where the answer goes, and the key that every delivery of it shares."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from adapters.attachments import READABLE
from adapters.slack.emails import Email, read_email, records
from adapters.slack.installs import PLATFORM, name_tenant
from bot.model import Via
from bot.storage import Place

# `message` events that people write; edits, joins, topics and the like carry other subtypes.
_WRITTEN = (None, "file_share", "thread_broadcast")
MAX_DEPTH = 8  # of the blocks inside blocks that are read
MAX_PIECES = 20  # attachments of a message whose text is read
STATS = "stats"
SETTINGS = frozenset(("watch on", "watch off", "watch status", "watch", "settings", STATS))


# Why a file cannot be had, as far as its description tells.
State = Literal["", "external", "deleted", "hidden", "denied"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that stands at an address of Slack's, or an e-mail that was sent to the channel's address."""

    name: str
    size: int
    url: str
    state: State = ""
    email: Email | None = None
    unseen: str | None = None  # the id of a file of another organization, which has to be asked for first


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that is to be answered."""

    text: str
    via: Via
    place: Place
    user: str
    ts: str
    thread: str | None  # the thread the answer goes to; None: the conversation itself
    private: bool  # nobody but the asker reads the answer
    uploads: tuple[Upload, ...] = ()
    parent: str | None = None  # of a mention in a thread: the message the thread began with
    marked: bool = False  # by :mag:; the message is to be read first
    quiet: bool = False  # nobody asked in words: only an answer is said, never that there is none

    @property
    def channel(self) -> str:
        """Where it was written."""
        return self.place.channel

    @property
    def key(self) -> str:
        """One per message, however often and under whatever event it is delivered."""
        return f"slack/{self.place.tenant}/{self.channel}/{self.ts}"


def read_mention(body: Mapping[str, Any], bot_user: str) -> Asked | None:
    """What an app_mention asks, without the mention; None where a bot wrote it."""
    event = body["event"]
    if not _written_by_a_person(event, bot_user):
        return None
    text = _mention_of(bot_user).sub(" ", str(event.get("text") or "")).strip()
    direct = _is_direct(event)
    thread = event.get("thread_ts") or (None if direct else event["ts"])
    parent = event["thread_ts"] if event.get("thread_ts") not in (None, event["ts"]) else None
    return _asked(body, text, "mention", thread, direct, parent)


def read_direct(body: Mapping[str, Any], bot_user: str) -> Asked | None:
    """What a direct message asks; None for channel messages, edits, deletions and bots."""
    event = body["event"]
    if not _is_direct(event) or event.get("subtype") not in _WRITTEN or not _written_by_a_person(event, bot_user):
        return None
    return read_mention(body, bot_user)


def read_overheard(body: Mapping[str, Any], bot_user: str) -> Asked | None:
    """A message in a channel that nobody addressed to the bot; None for edits, deletions and bots.

    An e-mail that Slack itself posts to a channel's address is no bot's message, if all it holds is that e-mail.
    """
    event = body["event"]
    if _is_direct(event) or event.get("subtype") not in _WRITTEN:
        return None
    if not (_written_by_a_person(event, bot_user) or _is_email(event)):
        return None
    text = str(event.get("text") or "")
    if _mention_of(bot_user).search(text):
        return None  # comes as a mention, too
    return _asked(body, text.strip(), "channel", event.get("thread_ts") or event["ts"], False)


def read_quoted(message: Mapping[str, Any]) -> tuple[str, tuple[Upload, ...]]:
    """All text of a message that somebody points at, what it shares and what bots attach included, and its files."""
    texts = [str(message.get("text") or "")]
    if not texts[0].strip():
        texts += _texts_of(message.get("blocks"))
    files = records(message.get("files"))
    for piece in records(message.get("attachments"))[:MAX_PIECES]:
        texts += [str(piece.get(name) or "") for name in ("pretext", "title", "text")]
        texts += [f"{field.get('title') or ''}: {field.get('value') or ''}" for field in records(piece.get("fields"))]
        texts += [] if piece.get("text") else _texts_of(piece.get("blocks") or piece.get("message_blocks"))
        files += records(piece.get("files"))
    return "\n".join(filter(None, texts)).strip(), uploads(files)


def uploads(files: Any) -> tuple[Upload, ...]:
    """The files of a message as they can be fetched."""
    return tuple(read_upload(file) for file in records(files))


def read_upload(file: Mapping[str, Any]) -> Upload:
    """One file object of Slack's."""
    if file.get("file_access") == "check_file_info":
        return Upload("file", 0, "", unseen=str(file.get("id") or ""))
    mode = str(file.get("mode") or "")
    url = str(file.get("url_private_download") or file.get("url_private") or "")
    name, size = str(file.get("name") or file.get("title") or "file"), file.get("size")
    if mode == "snippet" and PurePath(name).suffix.lower() not in READABLE:
        name += ".txt"  # a long paste that Slack made into a file
    email = read_email(file) if mode == "email" else None
    return Upload(name, size if isinstance(size, int) else 0, url, _state(file, mode), email)


def read_command(command: Mapping[str, Any]) -> str:
    """What `/smtp` asks."""
    return str(command.get("text") or "").strip()


def read_setting(text: str) -> str | None:
    """What a command asks about the bot itself or changes, one of SETTINGS; None where it asks something else.

    Watching in any other word shows the setting, with the button that changes it.
    """
    words = text.lower().split()
    found = " ".join(words)
    if found in SETTINGS:
        return found
    return "watch" if len(words) == 2 and words[0] == "watch" else None


def place_of(body: Mapping[str, Any], channel: str = "") -> Place:
    """Where something happened, by the workspace's key; `channel` names it where the body has none."""
    enterprise = body.get("enterprise_id") or (body.get("enterprise") or {}).get("id")
    team = body.get("team_id") or (body.get("team") or {}).get("id") or (body.get("event") or {}).get("team")
    return Place(PLATFORM, name_tenant(enterprise, team), channel)


def _asked(
    body: Mapping[str, Any], text: str, via: Via, thread: str | None, private: bool, parent: str | None = None
) -> Asked:
    event = body["event"]
    files = uploads(event.get("files"))
    place = place_of(body, event["channel"])
    user = str(event.get("user") or "")
    return Asked(text, via, place, user, event["ts"], thread, private, files, parent, quiet=via == "channel")


def _state(file: Mapping[str, Any], mode: str) -> State:
    access = file.get("file_access")
    if mode == "tombstone" or access == "file_not_found":
        return "deleted"
    if mode == "hidden_by_limit":
        return "hidden"
    if mode == "external" or file.get("is_external"):
        return "external"
    return "denied" if access == "access_denied" else ""


def _mention_of(bot_user: str) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(bot_user)}(?:\|[^<>]{{0,80}})?>[:,]?")


def _is_direct(event: Mapping[str, Any]) -> bool:
    return event.get("channel_type") == "im" or str(event.get("channel", "")).startswith("D")


def _is_email(event: Mapping[str, Any]) -> bool:
    files = records(event.get("files"))
    return event.get("user") == "USLACKBOT" and bool(files) and all(file.get("mode") == "email" for file in files)


def _written_by_a_person(event: Mapping[str, Any], bot_user: str) -> bool:
    return bool(event.get("user")) and not event.get("bot_id") and event["user"] not in (bot_user, "USLACKBOT")


def _texts_of(blocks: Any, depth: int = 0) -> Iterable[str]:
    """The texts in blocks, whatever the kinds of blocks are."""
    if depth > MAX_DEPTH:
        return
    if isinstance(blocks, list):
        for block in blocks:
            yield from _texts_of(block, depth + 1)
    elif isinstance(blocks, Mapping):
        if isinstance(blocks.get("text"), str):
            yield blocks["text"]
        for name in ("text", "fields", "elements", "message", "blocks"):
            if not isinstance(blocks.get(name), str):
                yield from _texts_of(blocks.get(name), depth + 1)
