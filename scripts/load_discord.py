"""The Discord load of scripts/load.py: people in two servers ask through the gateway double, a few at a time."""

import time
from pathlib import Path
from typing import Any

from tests.adapters.discord.double import Double, Guild
from tests.adapters.discord.house import Person, process

GUILDS = (Guild(str(600 << 22)), Guild(str(601 << 22)))  # on shard 0 and on shard 1 of two
LINE = "550 5.1.1 <kim@example.org>: Recipient address rejected: User unknown in virtual mailbox table"
AT_ONCE = 16
TOLD = "60 % `/smtp` with a code, 20 % with a pasted reply, 20 % mentions, each claimed in the database"


def start(double: Double, folder: Path, processes: int, database: dict[str, str]) -> list[Any]:
    """The processes, connected, each with its share of two shards."""
    double.shards = 2
    shards = {"SMTPBOT_DISCORD_SHARDS": "2", "SMTPBOT_DISCORD_PROCESSES": str(processes), "SMTPBOT_LOG_LEVEL": "info"}
    started = [
        process(double, folder, **shards, **database, SMTPBOT_DISCORD_ORDINAL=str(ordinal))
        for ordinal in range(processes)
    ]
    double.wait(lambda: len(double.sessions) == 2, 40)
    return started


def drive(double: Double, seconds: float) -> list[float]:
    """The seconds from each question to its answer; as many at once as are asked together."""
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        since = len(double.requests)
        asked: dict[str, float] = {}
        for number in range(AT_ONCE):
            person = Person(double, GUILDS[number % 2])
            begun = time.monotonic()
            if number % 5 == 4:
                asked[person.say("what is 451?", mention=True)["id"]] = begun
            else:
                asked[person.slash("554" if number % 4 else LINE).id] = begun

        def answered(since: int = since) -> dict[str, float]:
            return {_asked(request): request.at for request in double.requests[since:]}

        double.wait(lambda asked=asked, answered=answered: asked.keys() <= answered().keys())
        at = answered()
        times += [at[identifier] - begun for identifier, begun in asked.items()]
        double.requests.clear()
        double.messages.clear()
    return times


def _asked(request: Any) -> str:
    """The id of what a request of the bot's answers."""
    if request.path.startswith("/interactions/"):
        return str(request.path.split("/")[2])
    return str((request.body or {}).get("message_reference", {}).get("message_id", ""))
