"""Slack limits, fails and refuses, before and after an event is acknowledged: a proxy stands before the Slack server.

It also sees what is sent to response URLs, of which the Slack server leaves the thread unread.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.sending import UNSENT
from tests.adapters.slack.conftest import LAUNCHER
from tests.adapters.slack.house import APPS, CHANNEL, SLACK_PORT, House, end, wait_for
from tests.adapters.slack.test_slack_wire import mention

APP, PORT = APPS["late"], 4300
LONG = "550 5.1.1 User unknown\n" + "Received: from mx.example.net\n" * 400
POST, UPDATE = "/api/chat.postMessage", "/api/chat.update"


def limited(path: str, seconds: int, body: str = '{"ok":false,"error":"ratelimited"}') -> list[Any]:
    return [path, 429, {"Retry-After": str(seconds)}, body]


def refused(path: str, error: str) -> list[Any]:
    return [path, 200, {}, json.dumps({"ok": False, "error": error})]


class Slack:
    """The bot behind the proxy, and what the proxy is to do."""

    def __init__(self, house: House) -> None:
        self.house = house

    def plan(self, *steps: list[Any]) -> None:
        """What the next requests get."""
        self.house.request(PORT, "POST", "/plan", json.dumps(steps).encode())

    @property
    def left(self) -> list[Any]:
        """What no request got yet."""
        return list(json.loads(self.house.request(PORT, "GET", "/plan")[1]))

    @property
    def taken(self) -> list[dict[str, Any]]:
        """What the bot sent in the requests that were planned."""
        return [json.loads(body) for body in json.loads(self.house.request(PORT, "GET", "/taken")[1])]

    def deliver(self, event: dict[str, Any], retry: int = 0) -> int:
        """The status an event is acknowledged with."""
        return self.house.deliver(APP, event, f"Ev{event['ts']}", retry)

    def answers(self, event: dict[str, Any]) -> list[str]:
        """What the bot wrote to it."""
        return [answer["text"] for answer in self.house.answers_to(event["ts"], APP)]


@pytest.fixture(scope="module")
def slack(house: House) -> Iterator[Slack]:
    """A bot in a hurry, whose Slack fails on demand."""
    proxy = house.start(sys.executable, Path(__file__).with_name("proxy.py"), str(PORT), str(SLACK_PORT))
    wait_for(lambda: house.request(PORT, "GET", "/plan")[0] == 200)
    settings = APP.settings | {"SLACK_API_URL": f"http://127.0.0.1:{PORT}/api/"}
    bot = house.start(sys.executable, LAUNCHER, TEST_HURRY="1", TEST_SLOW="0.6", **settings)
    try:
        wait_for(lambda: house.request(APP.port, "GET", "/readyz")[0] == 200)
        yield Slack(house)
    finally:
        status = end(bot)
        end(proxy)
    assert status == 0


def test_one_answer_comes_when_the_wait_is_over(slack: Slack) -> None:
    """A wait that Slack asks for, longer than it waits for us: acknowledged, and no other delivery answers beside it."""
    event = mention(APP, 301)
    slack.plan(limited(POST, 1))
    assert [slack.deliver(event, retry) for retry in range(3)] == [200] * 3
    wait_for(lambda: slack.answers(event))
    assert len(slack.answers(event)) == 1 and not slack.left


def test_event_is_given_back_where_slack_wants_a_long_wait(slack: Slack) -> None:
    """Slack delivers again when the wait is over."""
    event = mention(APP, 302)
    slack.plan(limited(POST, 600, "<html>no JSON</html>"))
    assert slack.deliver(event) == 503
    assert slack.answers(event) == []
    assert slack.deliver(event, retry=1) == 200
    assert len(slack.answers(event)) == 1


def test_failure_before_the_acknowledgement_is_slacks_to_retry(slack: Slack) -> None:
    """The claim is free at once."""
    event = mention(APP, 303)
    slack.plan([POST, 502, {"content-type": "text/plain"}, "down"])
    assert [slack.deliver(event), slack.deliver(event, retry=1)] == [503, 200]
    assert len(slack.answers(event)) == 1


def test_failure_after_the_acknowledgement_is_tried_again(slack: Slack) -> None:
    """Slack would not deliver it again, so the bot goes on until the answer stands where the notice stood."""
    event = mention(APP, 304, LONG)
    down = [UPDATE, 503, {"content-type": "text/html"}, "<html>down</html>"]
    slack.plan(down, limited(UPDATE, 1), down)
    assert slack.deliver(event) == 200
    wait_for(lambda: slack.answers(event) and "550 5.1.1" in slack.answers(event)[0])
    assert len(slack.answers(event)) == 1 and not slack.left


def test_refused_answer_is_told(slack: Slack) -> None:
    """The asker reads a line instead of nothing, where the notice stood."""
    event = mention(APP, 305, LONG)
    slack.plan(refused(UPDATE, "invalid_blocks"))
    assert slack.deliver(event) == 200
    wait_for(lambda: slack.answers(event) == [UNSENT])
    event = mention(APP, 315)
    slack.plan(refused(POST, "msg_too_long"))
    assert slack.deliver(event) == 200
    assert slack.answers(event) == [UNSENT]


def test_lost_notice_does_not_lose_the_answer(slack: Slack) -> None:
    """Somebody deleted the line that was to become the answer."""
    event = mention(APP, 306, LONG)
    slack.plan(refused(UPDATE, "message_not_found"))
    assert slack.deliver(event) == 200
    wait_for(lambda: any("550 5.1.1" in text for text in slack.answers(event)))


def test_closed_channel_ends_the_event(slack: Slack) -> None:
    """Nothing can be said there; no retry changes that."""
    event = mention(APP, 308)
    slack.plan(refused(POST, "is_archived"))
    assert [slack.deliver(event), slack.deliver(event, retry=1)] == [200, 200]
    assert slack.answers(event) == []


def test_late_answer_to_a_command_is_tried_again(slack: Slack) -> None:
    """Its response_url fails twice and is then served."""
    path = "/commands/T1/7/secretpath"
    slack.plan([path, 500, {}, "down"], limited(path, 0), [path, 200, {}, "ok"])
    _, answer = slack.house.command(APP, LONG, response_url=f"http://127.0.0.1:{PORT}{path}")
    assert answer["text"].startswith("Still reading")
    wait_for(lambda: not slack.left)


RESPONDING = "/actions/T1/8/secretpath"
SHORT = "550 5.1.1 <robin@example.org>: User unknown"


@pytest.mark.parametrize(("thread", "shown"), [("1.5", "1.5"), ("2.5", None), (None, None)])
def test_shortcut_in_a_thread_is_answered_there(slack: Slack, thread: str | None, shown: str | None) -> None:
    """The response URL alone would lead out of it; the message that a thread began with stands in the channel."""
    slack.plan([RESPONDING, 200, {}, "ok"])
    message = {"type": "message", "ts": "2.5", "text": SHORT, "thread_ts": thread}
    status, _ = slack.house.interact(
        APP, type="message_action", callback_id="explain_bounce", trigger_id="1.2.3", channel={"id": CHANNEL},
        response_url=f"http://127.0.0.1:{PORT}{RESPONDING}", message=message,
    )  # fmt: skip
    assert status == 200
    (answer,) = wait_for(lambda: slack.taken)
    assert "550 5.1.1" in answer["text"] and answer.get("thread_ts") == shown


def test_buttons_in_a_thread_answer_there(slack: Slack) -> None:
    """Drafts for the presser, and the answer for all; a private message has nothing but its container to tell the thread."""
    value = json.dumps({"r": ["q:550 vs 5.1.1"]})
    for action, more in (("smtp_detail", 2), ("smtp_share", 2)):
        slack.plan(*[[RESPONDING, 200, {}, "ok"]] * more)
        container = {"type": "message", "message_ts": f"3.{len(action)}", "channel_id": CHANNEL, "thread_ts": "1.5"}
        pressed = {"type": "button", "action_id": action, "block_id": "b", "value": value}
        slack.house.interact(
            APP, type="block_actions", trigger_id="1.2.3", channel={"id": CHANNEL}, container=container, actions=[pressed],
            response_url=f"http://127.0.0.1:{PORT}{RESPONDING}",
        )  # fmt: skip
        wait_for(lambda: not slack.left)
        sent = [answer for answer in slack.taken if not answer.get("delete_original")]
        assert sent and all(answer["thread_ts"] == "1.5" for answer in sent)
        assert all(
            answer["response_type"] == ("ephemeral" if action == "smtp_detail" else "in_channel") for answer in sent
        )
