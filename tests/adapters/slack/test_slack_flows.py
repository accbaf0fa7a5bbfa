"""Conversations with a real Slack-compatible server: every flow over signed HTTP and over Socket Mode."""

import json
import re
import time
from typing import Any

import pytest

from tests.adapters.slack.house import CHANNEL, PERSON, House, Installed, wait_for

BOUNCE = "550 5.1.1 &lt;<mailto:robin@example.org|robin@example.org>&gt;: Recipient address rejected: User unknown"


def say(house: House, text: str, channel: str = CHANNEL, **more: str) -> dict[str, Any]:
    return dict(house.control("message", channel=channel, user=PERSON, text=text, **more)["message"])


def read_answer(house: House, ts: str, app: Installed, channel: str = CHANNEL) -> dict[str, Any]:
    answer = wait_for(lambda: house.answers_to(ts, app, channel))[0]
    time.sleep(0.3)  # a second one would come by now
    assert len(house.answers_to(ts, app, channel)) == 1
    return dict(answer)


def test_mention_is_answered_once_in_its_thread_with_masked_addresses(house: House, app: Installed) -> None:
    """The server delivers message and app_mention; one answer comes, and no address stands in it."""
    sent = say(house, f"<@{app.bot_user}> {BOUNCE}")
    answer = read_answer(house, sent["ts"], app)
    whole = json.dumps(answer, ensure_ascii=False)
    assert "r•••@example.org" in whole and "robin" not in whole
    assert "550 5.1.1" in answer["text"] and answer["blocks"]


def test_mention_in_a_thread_is_answered_there(house: House, app: Installed) -> None:
    """The answer stays in the thread of the question."""
    parent = say(house, "lunch?")
    say(house, f"<@{app.bot_user}> 451", thread_ts=parent["ts"])
    answer = wait_for(lambda: house.answers_to(parent["ts"], app))[0]
    assert "451" in answer["text"]


def test_bare_mention_gets_help(house: House, app: Installed) -> None:
    """Help says what can be asked."""
    sent = say(house, f"<@{app.bot_user}>")
    assert "explains mail errors" in read_answer(house, sent["ts"], app)["text"]


def test_small_talk_gets_one_line(house: House, app: Installed) -> None:
    """A mention that holds no mail error is answered with what the bot can do."""
    sent = say(house, f"<@{app.bot_user}> are you there?")
    answer = read_answer(house, sent["ts"], app)
    assert len(answer["blocks"]) == 1 and "\n" not in answer["text"]


def test_direct_message_is_answered_in_full(house: House, app: Installed) -> None:
    """Nobody else reads it, so the commands keep their addresses."""
    sent = say(house, BOUNCE, channel=app.bot_user)
    answers = wait_for(lambda: [m for m in house.messages(sent["channel"]) if m["user"] == app.bot_user])
    assert "robin@example.org" in answers[-1]["text"]
    assert "thread_ts" not in answers[-1]


def test_ordinary_message_in_a_channel_is_left_alone(house: House, app: Installed) -> None:
    """Without a mention the bot is silent."""
    sent = say(house, "550 5.1.1 user unknown")
    time.sleep(0.5)
    assert house.answers_to(sent["ts"], app) == []


def test_other_bots_edits_and_deletions_are_left_alone(house: House, http: Installed) -> None:
    """No loops, no second answers."""
    base = {"type": "message", "channel": "D0000000009", "channel_type": "im", "ts": "1790000001.000001"}
    for event in (
        base | {"user": "U0000000077", "bot_id": "B0000000077", "text": "451"},
        base | {"subtype": "bot_message", "text": "451"},
        base | {"user": PERSON, "subtype": "message_changed", "message": {"text": "451", "user": PERSON}},
        base | {"user": PERSON, "subtype": "message_deleted", "deleted_ts": "1790000001.000000"},
        base | {"user": PERSON, "subtype": "channel_join", "text": "451"},
        base | {"user": http.bot_user, "text": "451"},
        base | {"user": "USLACKBOT", "text": "451"},
    ):
        calls = count_posts(house)
        assert house.deliver(http, event) == 200
        assert count_posts(house) == calls, event


def test_command_is_answered_in_its_acknowledgement(house: House, http: Installed) -> None:
    """Ephemeral, in one round trip, with the addresses its commands need."""
    status, answer = house.command(http, BOUNCE)
    assert status == 200
    assert answer["response_type"] == "ephemeral"
    assert "robin@example.org" in answer["text"] and answer["blocks"]


def test_command_from_the_client_is_answered_to_the_asker_alone(house: House, app: Installed) -> None:
    """The same through the server, on both transports."""
    before = house.messages()
    house.control("command", channel=CHANNEL, user=PERSON, command="/smtp", text="5.7.26", appId=app.app_id)
    answer = wait_for(lambda: [m for m in house.messages() if m not in before and "5.7.26" in m["text"]])[0]
    assert (answer["user"], answer["ephemeral_to"]) == (app.bot_user, PERSON)


@pytest.mark.parametrize("text", ["", "help"])
def test_empty_command_gets_help(house: House, http: Installed, text: str) -> None:
    """The help holds examples that can be sent as they are."""
    _, answer = house.command(http, text)
    examples = re.findall(r"• `(.+?)`", json.dumps(answer, ensure_ascii=False))
    assert len(examples) >= 3
    for example in examples:
        assert house.command(http, example)[1]["text"]


def test_paste_cannot_mention_link_or_call_anyone(house: House, app: Installed) -> None:
    """What looks like Slack's own marks in a bounce stays text in blocks and fallback."""
    paste = "550 5.7.1 &lt;!channel&gt; <!here> <@U0000000002> @everyone see <https://evil.example/x|https://evil.example/x> *now*"
    sent = say(house, f"<@{app.bot_user}> {paste}")
    whole = json.dumps(read_answer(house, sent["ts"], app), ensure_ascii=False)
    assert not re.search(r"<!|<@|<#|@everyone|@here|<https://evil|\|https", whole)


def test_long_reading_is_announced_and_then_replaced_by_the_answer(house: House, app: Installed) -> None:
    """Past 2.5 s the event is acknowledged, a line says so, and the line becomes the answer."""
    sent = say(house, f"<@{app.bot_user}> {BOUNCE}\n" + "Received: from mx.example.net\n" * 400)
    first = wait_for(lambda: house.answers_to(sent["ts"], app))[0]
    assert first["text"].startswith("Still reading")
    wait_for(lambda: "550 5.1.1" in house.answers_to(sent["ts"], app)[0]["text"])
    assert len(house.answers_to(sent["ts"], app)) == 1


def test_fault_of_ours_is_told_with_a_number_and_without_content(house: House, http: Installed) -> None:
    """The asker gets an id; the log holds the id and the kind of fault (the log test looks for the rest)."""
    _, answer = house.command(http, "boom kim@example.com")
    identifier = re.search(r"number ([0-9a-f]{8})", answer["text"])
    assert identifier
    assert any(identifier[1] in log.read_text() and "ValueError" in log.read_text() for log in house.logs)


def read_log(house: House) -> list[dict[str, Any]]:
    return list(house.control("log")["log"])


def count_posts(house: House) -> int:
    return sum("chat.postMessage" in json.dumps(entry) for entry in read_log(house))
