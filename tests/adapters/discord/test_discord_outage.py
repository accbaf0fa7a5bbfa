"""Discord and the web page while PostgreSQL is stopped, silent and back: every question is answered."""

import json
import re
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.adapters.database.own_postgres import OwnPostgres, own_postgres
from tests.adapters.discord.double import BOT, Double, Guild, message, user
from tests.adapters.discord.house import ALL_PERMISSIONS, Person, end, process, read_log
from tests.adapters.slack.house import wait_for
from tests.timing import WITHIN

GUILD = Guild("1200000000000000000")
MANAGE_GUILD = 1 << 5
DISCORD_WAITS = 3.0  # seconds from an interaction to its answer; after them it is nobody's anymore


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL that may be stopped."""
    with own_postgres() as cluster:
        yield cluster


class Bot:
    """The bot with Discord and the page, on that database."""

    def __init__(self, double: Double, folder: Path, postgres: OwnPostgres) -> None:
        self._postgres = postgres
        settings = {"SMTPBOT_DATABASE_URL": postgres.url, "SMTPBOT_DISCORD_MESSAGE_CONTENT": "on"}
        self.process = process(double, folder, "serve", "discord", "web", **settings)
        self._double = double
        double.wait(lambda: double.sessions or self.process.poll() is not None)
        self.url = wait_for(lambda: re.search("web: open (http://.*)", read_log(self.process)))[1]

    @property
    def kim(self) -> Person:
        """Somebody who may manage the server, a new one each time, since nobody may ask too often."""
        return Person(self._double, GUILD, permissions=str(int(ALL_PERMISSIONS) | MANAGE_GUILD))

    def ask_page(self) -> bool:
        """Whether the page's API answers."""
        body = json.dumps({"text": "550 5.1.1 <kim@example.org>: User unknown"}).encode()
        request = urllib.request.Request(f"{self.url}/api/explain", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=WITHIN) as response:
            return bool(json.load(response)["answered"])

    def ask_slash(self) -> float:
        """Seconds until `/smtp 451` is answered."""
        begun = time.monotonic()
        assert "451" in json.dumps(self.kim.slash("451").answer())
        return time.monotonic() - begun

    def not_ready(self) -> list[str]:
        """What /readyz says is missing; always alive."""
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=WITHIN) as response:
            assert response.status == 200
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=WITHIN) as response:
                return list(json.load(response)["not_ready"])
        except urllib.error.HTTPError as error:
            with error:
                assert error.status == 503
                return list(json.load(error)["not_ready"])

    def counted(self) -> dict[str, int]:
        """The answers that are counted in the database, by platform."""
        with psycopg.connect(self._postgres.url) as connection:
            return dict(
                connection.execute("SELECT platform, sum(number)::int FROM counts GROUP BY platform").fetchall()
            )


@pytest.fixture
def double() -> Iterator[Double]:
    """A Discord of one's own."""
    started = Double(guilds=(GUILD,)).start()
    yield started
    started.stop()


def watch(kim: Person, channel: str) -> dict[str, Any]:
    """Choose a channel to watch; the answer."""
    menu = kim.interact(2, {"id": "3", "name": "smtp-settings", "type": 1, "options": []}).answer()
    shown = message("", user(BOT, "smtpbot", bot=True), GUILD.text) | {"components": menu["components"]}
    found = {channel: {"id": channel, "name": "mail-help", "type": 0, "permissions": "0"}}
    data = {"custom_id": "smtp:watch", "component_type": 8, "values": [channel], "resolved": {"channels": found}}
    return kim.interact(3, data, message=shown).answer()


def test_answers_go_on_while_the_database_is_stopped_or_silent(
    double: Double, tmp_path: Path, postgres: OwnPostgres
) -> None:
    """In time for Discord; watched channels stay; readiness tells the truth; what was counted is kept in the end."""
    bot = Bot(double, tmp_path, postgres)
    kim, said = bot.kim, "550 5.1.1 <kim@example.org>: User unknown"
    assert "Watched now" in json.dumps(watch(bot.kim, GUILD.text))
    assert kim.answers_to(kim.say(said)) and bot.ask_page() and bot.ask_slash() and bot.not_ready() == []
    counts = Counter(discord=2, web=1)
    wait_for(lambda: bot.counted() == counts)

    for begin, finish in ((postgres.stop, postgres.start), (postgres.freeze, postgres.thaw)):
        begin()
        assert bot.ask_slash() < DISCORD_WAITS
        wait_for(lambda: bot.not_ready() == ["store"])
        assert kim.answers_to(kim.say(said)) and bot.kim.answers_to(bot.kim.say("what is 5.7.26?", mention=True))
        assert bot.ask_page() and bot.ask_slash() < DISCORD_WAITS
        assert "not now" in json.dumps(watch(bot.kim, GUILD.other))
        finish()
        wait_for(lambda: bot.not_ready() == [])
        assert kim.answers_to(kim.say(said)) and bot.ask_page() and bot.ask_slash()
        counts.update(discord=6, web=2)
        wait_for(lambda: bot.counted() == counts)

    log = read_log(bot.process)
    assert log.count("answering without it") == log.count("the database is back") == 2
    assert end(bot.process) == 0, log
    assert "Traceback" not in log


def test_bot_that_starts_without_its_database_gets_it_later(
    double: Double, tmp_path: Path, postgres: OwnPostgres
) -> None:
    """Tables and all; until then with settings at their defaults."""
    postgres.stop()
    bot = Bot(double, tmp_path, postgres)
    assert bot.ask_slash() < DISCORD_WAITS and bot.ask_page() and bot.not_ready() == ["store"]
    postgres.start()
    wait_for(lambda: bot.not_ready() == [])
    assert bot.ask_slash()
    wait_for(lambda: bot.counted() == {"discord": 2, "web": 1})
    assert end(bot.process) == 0
    assert read_log(bot.process).count("starting without it") == 1
