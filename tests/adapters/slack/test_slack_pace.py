"""How fast one person may ask, with the real Slack-compatible server: whoever asks too much is told, and others go on."""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.pace import BURST, SLOW_DOWN
from tests.adapters.slack.conftest import LAUNCHER
from tests.adapters.slack.house import APPS, CHANNEL, PERSON, House, end, wait_for

APP = APPS["crash"]
OTHER = "U0000000002"


@pytest.fixture(scope="module")
def paced(house: House) -> Iterator[House]:
    """The house with a bot that counts how fast people ask, as the product does."""
    process = house.start(sys.executable, LAUNCHER, TEST_PACED="yes", **APP.settings)
    try:
        wait_for(lambda: house.request(APP.port, "GET", "/readyz")[0] == 200, 30)
        yield house
    finally:
        assert end(process) == 0


def spend(house: House, user: str) -> None:
    """Ask until it is too much."""
    for _ in range(10 * BURST):
        if house.command(APP, "451", user_id=user)[1]["text"] == SLOW_DOWN:
            return
    raise AssertionError("never too much")


def mention(user: str, ts: str) -> dict[str, Any]:
    return {"type": "app_mention", "channel": CHANNEL, "user": user, "ts": ts, "text": f"<@{APP.bot_user}> 451"}


def test_command_beyond_the_pace_is_told_and_others_are_answered(paced: House) -> None:
    """Each command has its acknowledgement, so each is told."""
    spend(paced, "U1")
    assert paced.command(APP, "550", user_id="U1")[1]["text"] == SLOW_DOWN
    assert "550" in paced.command(APP, "550", user_id="U2")[1]["text"]
    wait_for(lambda: "550" in paced.command(APP, "550", user_id="U1")[1]["text"])


def test_mentions_beyond_the_pace_are_told_once_in_their_thread(paced: House) -> None:
    """Slack is told each time that the event is taken; others are answered as ever."""
    first = f"{time.time():.0f}"
    stamps = [f"{first}.{number:06}" for number in range(BURST + 4)]
    assert [paced.deliver(APP, mention("U3", ts), f"Ev{ts}") for ts in stamps] == [200] * len(stamps)
    said = [answer["text"] for ts in stamps for answer in paced.answers_to(ts, APP)]
    assert said.count(SLOW_DOWN) == 1 and said.index(SLOW_DOWN) >= BURST
    assert paced.deliver(APP, mention("U4", f"{first}.5"), "Ev5") == 200
    assert "451" in wait_for(lambda: paced.answers_to(f"{first}.5", APP))[0]["text"]


def test_form_beyond_the_pace_keeps_what_was_pasted(paced: House) -> None:
    """It stays open with the sentence beside the text."""
    spend(paced, "U5")
    state = {"values": {"text": {"text": {"type": "plain_text_input", "value": "550 5.1.1 User unknown"}}}}
    view = {"id": "V1", "callback_id": "smtp_form", "type": "modal", "state": state}
    status, answer = paced.interact(APP, type="view_submission", user={"id": "U5"}, view=view)
    assert status == 200 and answer == {"response_action": "errors", "errors": {"text": SLOW_DOWN}}


def test_button_and_shortcut_beyond_the_pace_are_told(paced: House) -> None:
    """For the presser's eyes alone."""
    fresh = paced.fresh(APP)
    spend(paced, OTHER)

    def told() -> int:
        return sum(m["text"] == SLOW_DOWN for m in paced.messages() if m["user"] == APP.bot_user)

    before = told()
    who = {"user": {"id": OTHER}, "channel": {"id": CHANNEL}, **fresh}
    pressed = {"type": "button", "action_id": "smtp_detail", "block_id": "b", "value": json.dumps({"r": ["q:451"]})}
    container = {"type": "message", "channel_id": CHANNEL, "message_ts": "9.1", "is_ephemeral": True}
    assert paced.interact(APP, type="block_actions", container=container, actions=[pressed], **who)[0] == 200
    wait_for(lambda: told() == before + 1)
    spend(paced, OTHER)
    message = {"type": "message", "user": PERSON, "text": "550 5.1.1 User unknown", "ts": "9.2"}
    picked = {"type": "message_action", "callback_id": "explain_bounce", "message": message}
    assert paced.interact(APP, **picked, **who)[0] == 200
    wait_for(lambda: told() == before + 2)


def test_overheard_talk_costs_nothing_and_marks_beyond_the_pace_may_be_set_again(paced: House) -> None:
    """A mark that came too fast is told; once the pace allows it, the same message is answered."""
    said = paced.control("message", channel=CHANNEL, user=PERSON, text="550 5.1.1 User unknown")["message"]
    mark = {
        "type": "reaction_added", "user": "U6", "reaction": "mag", "item_user": PERSON,
        "item": {"type": "message", "channel": CHANNEL, "ts": said["ts"]},
    }  # fmt: skip
    spend(paced, "U6")
    assert paced.deliver(APP, mark, "Ev6") == 200

    def answered() -> bool:
        assert paced.deliver(APP, mark, "Ev7") == 200
        return any("550" in answer["text"] for answer in paced.answers_to(said["ts"], APP))

    wait_for(answered)
