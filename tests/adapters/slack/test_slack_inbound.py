"""Slack's events become what is asked, with one key for all deliveries of a message."""

from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any

import pytest

from adapters.slack.emails import write_email
from adapters.slack.inbound import read_direct, read_mention, read_overheard, read_quoted

BOT = "U0000000091"


def body(**event: Any) -> dict[str, Any]:
    return {"team_id": "T1", "event": {"channel": "C1", "user": "U1", "ts": "1.5", "text": "451"} | event}


@pytest.mark.parametrize("text", [f"<@{BOT}> 451", f"<@{BOT}|smtpbot>: 451", f"451 <@{BOT}>", f"<@{BOT}>, 451"])
def test_mention_is_taken_out(text: str) -> None:
    """Wherever it stands; the rest is the question."""
    asked = read_mention(body(text=text), BOT)
    assert asked and asked.text == "451"


def test_other_mentions_stay_in_the_text() -> None:
    """The core undoes them."""
    asked = read_mention(body(text=f"<@{BOT}> <@U2> says 451"), BOT)
    assert asked and asked.text == "<@U2> says 451"


def test_message_and_mention_share_a_key_and_workspaces_do_not() -> None:
    """Two events, one message; the same ids in another team or organization are another."""
    direct = body(channel="D1", channel_type="im")
    one, other = read_direct(direct, BOT), read_mention(body(channel="D1"), BOT)
    assert one and other and one.key == other.key and one.private and one.thread is None
    keys = {read_mention(body() | more, BOT).key for more in ({}, {"team_id": "T2"}, {"enterprise_id": "E1"})}  # type: ignore[union-attr]
    assert len(keys) == 3


def test_answer_goes_to_the_thread() -> None:
    """A thread of its own under a channel message, the same thread otherwise."""
    threads = [read_mention(body(**more), BOT) for more in ({}, {"thread_ts": "1.1"})]
    assert [asked.thread for asked in threads if asked] == ["1.5", "1.1"]
    in_direct = read_direct(body(channel="D1", thread_ts="1.1"), BOT)
    assert in_direct and in_direct.thread == "1.1"


ODD = (None, "", 0, 1.5, True, "x", [], {}, ["x"], [None], [{}], {"text": "y"}, [{"text": {"text": "q"}}])
RICH: dict[str, Any] = {
    "type": "message", "channel": "C1", "channel_type": "channel", "ts": "1.2", "user": "U1", "text": "hi", "thread_ts": "1.1",
    "subtype": None, "blocks": [{"type": "rich_text", "elements": [{"elements": [{"text": "v"}]}]}],
    "files": [
        {
            "id": "F1", "mode": "email", "name": "n", "size": 4, "url_private": "https://files.slack.com/x", "headers": {"date": "d"},
            "file_access": "visible", "plain_text": "p", "subject": "s", "simplified_html": "<p>", "from": [{"original": "o"}],
            "to": [], "attachments": [{"url": "u", "mimetype": "message/rfc822"}],
        }
    ],
    "attachments": [{"text": "a", "fields": [{"title": "x", "value": "y"}], "files": [{}], "blocks": [{"text": "z"}]}],
}  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        yield (*path, key)
        yield from paths(inner, (*path, key))


@pytest.mark.parametrize("path", list(paths(RICH)), ids=str)
def test_odd_values_in_messages_of_other_programs_are_passed_over(path: tuple[Any, ...]) -> None:
    """Whatever stands where something else is expected, reading goes on."""
    for odd in ODD:
        event = deepcopy(RICH)
        reduce(getitem, path[:-1], event)[path[-1]] = odd
        told = {"team_id": "T1", "event": event}
        for read in (read_mention, read_direct, read_overheard):
            read(told, BOT)
        _, files = read_quoted(event)
        assert all(isinstance(write_email(file.email, b"", []), bytes) for file in files if file.email)
