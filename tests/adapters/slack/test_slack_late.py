"""Slack limits, fails and refuses, before and after an event is acknowledged: a proxy stands before the Slack server."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.sending import UNSENT
from tests.adapters.slack.conftest import LAUNCHER
from tests.adapters.slack.house import APPS, SLACK_PORT, House, end, wait_for
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
    wait_for(lambda: house.request(PORT, "GET", "/plan")[0] == 200, 20)
    settings = APP.settings | {"SLACK_API_URL": f"http://127.0.0.1:{PORT}/api/"}
    bot = house.start(sys.executable, LAUNCHER, TEST_HURRY="1", TEST_SLOW="0.6", **settings)
    try:
        wait_for(lambda: house.request(APP.port, "GET", "/readyz")[0] == 200, 30)
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
