"""Two processes of one bot on one PostgreSQL, as `smtpbot serve slack` starts them: whatever Slack delivers, to
whichever of them and however often, is answered once."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.adapters.slack.house import APPS, CHANNEL, PERSON, House, Installed, end, wait_for
from tests.adapters.slack.test_slack_features import REPORT, email
from tests.adapters.slack.test_slack_wire import mention

APP = APPS["crash"]
PASTE = "550 5.1.1 <robin@example.org>: Recipient address rejected: User unknown"
TWINS = APP, replace(APP, port=APP.port + 2)


@pytest.fixture(scope="module")
def twins(house: House, postgres: str) -> Iterator[tuple[Installed, Installed]]:
    """Both watch the channel. The database is reached by its socket: the namespace has no other way out."""
    url = f"postgresql://postgres@/{postgres.rpartition('/')[2]}?host=/var/run/postgresql"
    command = (sys.executable, "-m", "bot", "serve", "slack")
    folder = str(house.folder / "twins")
    processes = [
        house.start(*command, **app.settings, SMTPBOT_DATABASE_URL=url, SMTPBOT_STATE_DIR=folder) for app in TWINS
    ]
    try:
        for app in TWINS:
            wait_for(lambda app=app: house.request(app.port, "GET", "/readyz")[0] == 200)
        assert "unasked" in house.command(TWINS[0], "watch on")[1]["text"]
        yield TWINS
        house.command(TWINS[0], "watch off")
    finally:
        assert [end(process) for process in processes] == [0, 0]


def deliver_all(house: House, events: list[dict[str, Any]], **more: str) -> None:
    """Each event twice to each process, all at once; then, as Slack does, until each is acknowledged."""
    with ThreadPoolExecutor(8) as pool:
        sent = [(app, event, retry) for retry in (0, 1) for event in events for app in TWINS]
        statuses = list(pool.map(lambda one: house.deliver(one[0], one[1], "Ev60", one[2], **more), sent))
    assert set(statuses) <= {200, 503}
    for app, event, _ in sent:
        wait_for(lambda app=app, event=event: house.deliver(app, event, "Ev60", 2, **more) == 200)


def message(number: int, **more: Any) -> dict[str, Any]:
    """A message of the watched channel."""
    return mention(APP, number) | {"type": "message", "channel_type": "channel", "text": PASTE} | more


def test_mention_and_message_are_answered_once(house: House, twins: tuple[Installed, Installed]) -> None:
    """The same message under two events."""
    events = [mention(APP, 600 + number) for number in range(4)]
    deliver_all(house, events + [event | {"type": "message", "channel_type": "channel"} for event in events])
    assert [len(house.answers_to(event["ts"], APP)) for event in events] == [1] * 4


def test_direct_message_and_mention_are_answered_once(house: House, twins: tuple[Installed, Installed]) -> None:
    """Where no thread holds the answer."""
    direct = house.control("message", channel=APP.bot_user, user=PERSON, text="help")["message"]["channel"]
    written = [mention(APP, 610 + number, "421") | {"channel": direct, "channel_type": "im"} for number in range(4)]
    deliver_all(house, [event | {"type": kind} for event in written for kind in ("message", "app_mention")])
    posts = [entry["detail"] for entry in house.log("chat.postMessage") if entry["direction"] == "from_bot"]
    assert sum(post.get("channel") == direct and post["text"].startswith("421") for post in posts) == 4


def test_overheard_paste_file_and_email_are_answered_once(house: House, twins: tuple[Installed, Installed]) -> None:
    """A file comes as a message, as file_shared, and as a mention where the bot is named."""
    file = house.upload("bounce.eml", REPORT)["files"][0]
    pasted, shared, mailed = message(620), message(621, text="", subtype="file_share", files=[file]), email(60)
    named = mention(APP, 622, "") | {"files": [file]}
    told = {"type": "file_shared", "channel_id": CHANNEL, "file_id": file["id"], "user_id": PERSON, "event_ts": "1.1"}
    deliver_all(house, [pasted, shared, mailed, named, named | {"type": "message", "subtype": "file_share"}, told])
    answers = [house.answers_to(event["ts"], APP) for event in (pasted, shared, mailed, named)]
    assert [len(one) for one in answers] == [1] * 4
    assert ["552 5.2.2" in answers[number][0]["text"] for number in (1, 3)] == [True, True]


def test_message_that_many_point_at_is_answered_once(house: House, twins: tuple[Installed, Installed]) -> None:
    """Also when it was overheard at the same time."""
    ts = house.control("message", channel=CHANNEL, user=PERSON, text=PASTE)["message"]["ts"]
    item = {"type": "message", "channel": CHANNEL, "ts": ts}
    base = {"type": "reaction_added", "reaction": "mag", "item_user": PERSON, "item": item}
    marks = [base | {"user": f"U000000000{number}", "event_ts": f"1.{number}"} for number in range(3)]
    deliver_all(house, [*marks, message(0, ts=ts)])
    assert len(house.answers_to(ts, APP)) == 1


def test_equal_ids_of_two_organizations_are_two_messages(house: House, twins: tuple[Installed, Installed]) -> None:
    """Enterprise Grid: organization and workspace stand in every key."""
    event = mention(APP, 640)
    for number, more in enumerate(({}, {"enterprise_id": "E1"}, {"enterprise_id": "E2"}, {"team_id": "T9"}), 1):
        deliver_all(house, [event], **more)
        assert len(house.answers_to(event["ts"], APP)) == number
    before = len(house.log("chat.postMessage"))
    deliver_all(house, [message(641)], enterprise_id="E1")  # whose channel of that id nobody watches
    assert len(house.log("chat.postMessage")) == before
