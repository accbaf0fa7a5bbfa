"""Two processes with a shard each on PostgreSQL, replaced and killed while people write: each message is answered once."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.adapters.discord.double import Double, Guild
from tests.adapters.discord.house import Person, end, process, read_log
from tests.scale.postgres import Postgres
from tests.scale.tools import FULL

EVEN, ODD = Guild(str(600 << 22)), Guild(str(601 << 22))  # on shard 0, on shard 1
KILLS = 10 if FULL else 1
AT_ONCE = 8  # messages that wait for their answer
Process = subprocess.Popen[bytes]


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server of our own."""
    server = Postgres()
    yield server
    server.remove()


@dataclass
class Talk:
    """What people wrote, and what of it was answered."""

    double: Double
    said: list[str] = field(default_factory=list)

    def answers(self) -> Counter[str]:
        """How often each message was answered."""
        bodies = [request.body for request in self.double.sent("POST", "/channels/.*/messages")]
        return Counter(str(body["message_reference"]["message_id"]) for body in bodies if body.get("message_reference"))

    def go_on(self, until: Callable[[], object], *guilds: Guild) -> None:
        """People write in these servers until something has happened, and then all of it is answered."""
        while not until():
            self.said += [Person(self.double, guild).say("what is 451?", mention=True)["id"] for guild in guilds]
            self.double.wait(lambda: len(set(self.said) - set(self.answers())) < AT_ONCE)
        self.double.wait(lambda: set(self.said) <= set(self.answers()))


@pytest.mark.slow
def test_rolling_restart_and_kills_answer_each_message_once(postgres: Postgres, tmp_path: Path) -> None:
    """Discord itself drops what comes for a shard without a process; the other shard does not notice."""
    double = Double(shards=2, guilds=(EVEN, ODD)).start()
    talk = Talk(double)

    def start(ordinal: int) -> Process:
        shards = {"SMTPBOT_DISCORD_SHARDS": "2", "SMTPBOT_DISCORD_PROCESSES": "2"}
        hurry = {} if FULL else {"TEST_WINDOW": "0.5"}
        settings = (
            shards
            | hurry
            | {
                "SMTPBOT_DATABASE_URL": postgres.url,
                "SMTPBOT_DISCORD_ORDINAL": f"smtpbot-discord-{ordinal}",
            }
        )
        return process(double, tmp_path, **settings)

    def sessions(shard: int) -> int:
        return sum(session.shard[0] == shard for session in double.sessions)

    try:
        bots = [start(0), start(1)]
        double.wait(lambda: len(double.sessions) == 2)
        for ordinal in (0, 1):  # a rolling restart: the new one has its session before the old one ends
            new = start(ordinal)
            talk.go_on(lambda ordinal=ordinal: sessions(ordinal) == 2, EVEN, ODD)
            bots[ordinal].send_signal(signal.SIGTERM)
            talk.go_on(lambda ordinal=ordinal: bots[ordinal].poll() is not None, EVEN, ODD)
            assert bots[ordinal].returncode == 0, read_log(bots[ordinal])
            bots[ordinal] = new
        restarted = len(talk.said)
        for _ in range(KILLS):
            assert end(bots[1], signal.SIGKILL) == -signal.SIGKILL
            bots[1] = start(1)
            talk.go_on(lambda: sessions(1) == 0, EVEN)
            talk.go_on(lambda: sessions(1) == 1, EVEN)
            so_far = len(talk.said)
            talk.go_on(lambda so_far=so_far: len(talk.said) >= so_far + 10, EVEN, ODD)
        assert [end(bot) for bot in bots] == [0, 0]
        print(f"{restarted} messages during the rolling restart, {len(talk.said) - restarted} around {KILLS} kills")
        assert talk.answers() == Counter(talk.said)
    finally:
        double.stop()
