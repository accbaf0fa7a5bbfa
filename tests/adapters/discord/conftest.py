"""The double and one bot process beside it, for all tests that need nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.discord.double import TOKEN, Double, Guild
from tests.adapters.discord.house import Person, end, process, read_log

GUILD = Guild("1200000000000000000")
BARE = Guild("1200000000004194304", permissions=274_878_024_704 & ~(1 << 14))  # without embed_links


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Double, object]]:
    """The bot, connected, with channels to watch allowed; ends with status 0."""
    folder: Path = tmp_path_factory.mktemp("discord")
    double = Double(guilds=(GUILD, BARE)).start()
    bot = process(double, folder, SMTPBOT_DISCORD_MESSAGE_CONTENT="on", TEST_SLOW="0.3")
    try:
        double.wait(lambda: double.sessions or bot.poll() is not None)
        assert bot.poll() is None, read_log(bot)
        yield double, bot
    finally:
        status = end(bot) if bot.poll() is None else bot.returncode
        double.stop()
    assert status == 0, read_log(bot)
    assert_clean(read_log(bot))


def assert_clean(log: str) -> None:
    """With logging at its most talkative: no token, address, or word of a message."""
    assert "discord: connected" in log
    forbidden = (
        TOKEN,
        "token-1",
        "robin",
        "kim@",
        "User unknown",
        "evil.example",
        "192.0.2.",
        "example.org",
        "boom",
        "lunch",
    )
    assert [line for line in log.splitlines() if any(word in line for word in forbidden)] == []


@pytest.fixture
def double(running: tuple[Double, object]) -> Double:
    """Discord."""
    return running[0]


@pytest.fixture
def kim(double: Double) -> Person:
    """Somebody in a server, new in each test."""
    return Person(double, GUILD)


@pytest.fixture
def dm(double: Double) -> Person:
    """Somebody who writes to the bot directly."""
    return Person(double, None)


@pytest.fixture
def bare(double: Double) -> Person:
    """Somebody in a server whose channels allow no embeds."""
    return Person(double, BARE, app_permissions=str(BARE.permissions))
