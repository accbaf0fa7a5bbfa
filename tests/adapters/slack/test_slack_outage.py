"""Slack while PostgreSQL is stopped, silent and back: every question is answered, and once."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.adapters.database.own_postgres import OwnPostgres, own_postgres
from tests.adapters.slack.house import APPS, CHANNEL, House, end, wait_for

APP = APPS["crash"]
SLACK_WAITS = 3.0  # seconds until a request has to be acknowledged


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL that may be stopped."""
    with own_postgres() as cluster:
        yield cluster


def test_answers_go_on_while_the_database_is_stopped_or_silent(house: House, postgres: OwnPostgres) -> None:
    """In time for Slack; what was answered before or meanwhile is known afterwards; readiness tells the truth."""
    bot = house.start(
        sys.executable, "-m", "bot", "serve", "slack", **APP.settings, SMTPBOT_DATABASE_URL=postgres.url,
        SMTPBOT_STATE_DIR=str(house.folder / "outage"),
    )  # fmt: skip
    log = house.logs[-1]
    numbers = iter(range(100))

    def is_ready() -> bool:
        assert house.request(APP.port, "GET", "/healthz")[0] == 200
        return house.request(APP.port, "GET", "/readyz")[0] == 200

    def mention() -> dict[str, Any]:
        ts = f"17950{next(numbers):05}.000100"
        return {"type": "app_mention", "channel": CHANNEL, "user": f"U{ts}", "ts": ts, "text": f"<@{APP.bot_user}> 451"}

    def ask() -> dict[str, Any]:
        """A command and a mention, both answered in time."""
        begun = time.monotonic()
        assert "451" in str(house.command(APP, "451", user_id=f"U{next(numbers)}")[1])
        assert time.monotonic() - begun < SLACK_WAITS
        asked, begun = mention(), time.monotonic()
        assert house.deliver(APP, asked, f"Ev{asked['ts']}") == 200
        assert time.monotonic() - begun < SLACK_WAITS
        wait_for(lambda: house.answers_to(asked["ts"], APP))
        return asked

    try:
        wait_for(is_ready)
        asked = [ask()]
        for begin, finish in ((postgres.stop, postgres.start), (postgres.freeze, postgres.thaw)):
            begin()
            asked += [ask(), ask()]
            wait_for(lambda: not is_ready())
            finish()
            wait_for(is_ready)
            asked.append(ask())
        for event in asked:  # Slack delivers again what it believes was not acknowledged
            assert house.deliver(APP, event, f"Ev{event['ts']}", retry=1) == 200
        assert [len(house.answers_to(event["ts"], APP)) for event in asked] == [1] * len(asked)
    finally:
        status = end(bot)
    told = log.read_text("utf-8")
    assert status == 0 and "Traceback" not in told
    assert told.count("answering without it") == told.count("the database is back") == 2
