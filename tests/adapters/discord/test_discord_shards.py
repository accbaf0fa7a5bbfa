"""Several processes: each has its shards, all identify in one queue, and whatever two of them hear is answered once."""

import asyncio
import contextlib
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.discord import run as discord_run
from adapters.discord.shards import IdentifyQueue, own_shards
from adapters.service import Service
from bot.app import Bot
from bot.errors import SettingsError, StoreError
from bot.settings import Settings, read_settings
from bot.storage import MemoryStore
from tests.adapters.discord.double import BOT, TOKEN, Double, Guild, Reply
from tests.adapters.discord.house import Person, end, process, read_log
from tests.adapters.slack.house import wait_for
from tests.timing import WITHIN

EVEN, ODD = Guild(str(600 << 22)), Guild(str(601 << 22))
BOUNCE = "550 5.1.1 <robin.lee@example.org>: Recipient address rejected: User unknown"


@pytest.fixture
def double() -> Iterator[Double]:
    """A Discord of one's own, with a server on each of two shards."""
    started = Double(shards=2, guilds=(EVEN, ODD)).start()
    yield started
    started.stop()


def answers(double: Double) -> Counter[str]:
    """How often each message was answered."""
    bodies = [r.body for r in double.sent("POST", "/channels/.*/messages")]
    return Counter(str(b["message_reference"]["message_id"]) for b in bodies if b.get("message_reference"))


def test_two_processes_with_a_shard_each_answer_each_server_once(double: Double, tmp_path: Path) -> None:
    """The ordinal comes from the pod's name; direct messages go to shard 0; buttons work in whichever process hears them."""
    shared = {"SMTPBOT_DISCORD_SHARDS": "2", "SMTPBOT_DISCORD_PROCESSES": "2", "TEST_STORE": str(tmp_path / "store")}
    bots = [process(double, tmp_path, SMTPBOT_DISCORD_ORDINAL=f"smtpbot-discord-{n}", **shared) for n in (0, 1)]
    double.wait(lambda: len(double.sessions) == 2)
    assert sorted(told["shard"] for _, told in double.identifies) == [[0, 2], [1, 2]]
    said = []
    for guild in (EVEN, ODD, None):
        person = Person(double, guild)
        said.append(person.say(BOUNCE, mention=guild is not None))
        person.answers_to(said[-1])
        assert person.slash("451").answer()
        assert len(person.slash("451").callbacks()) <= 1
    assert answers(double) == Counter({message["id"]: 1 for message in said})
    assert [end(bot) for bot in bots] == [0, 0]
    assert "connected, shard 1 of 2" in read_log(bots[1])


@pytest.mark.slow
def test_rolling_restart_loses_nothing_and_answers_nothing_twice(double: Double, tmp_path: Path) -> None:
    """The new process has its session before the old one is told to end; both wait for their turn to identify."""
    double.shards = 1
    shared = {"TEST_STORE": str(tmp_path / "store"), "TEST_SLOW": "0.02"}
    old = process(double, tmp_path, **shared)
    double.wait(lambda: double.sessions)
    shown = Person(double, EVEN).slash(BOUNCE).shown()
    new = process(double, tmp_path, **shared)
    said = []

    def ask(number: int) -> None:
        for guild in (EVEN, ODD):
            for text in ("what is 550?", "slowly, what is 451?")[: 1 + number % 2]:
                said.append(Person(double, guild).say(text, mention=True))

    while len(double.sessions) < 2:
        ask(0)
        double.wait(lambda: all(message["id"] in answers(double) for message in said))
    ask(1)
    pressed = Person(double, EVEN).press(shown, "drafts")
    ask(1)
    old.send_signal(signal.SIGTERM)
    for number in range(8):
        ask(number)
    assert old.wait(WITHIN) == 0
    ask(1)
    double.wait(lambda: all(message["id"] in answers(double) for message in said))
    assert len(pressed.answer()["embeds"]) == 1 and len(pressed.callbacks()) == 1  # no postmaster could help here
    again = Person(double, ODD).press(shown, "share")
    assert "Shared by" in again.answer()["content"]
    assert end(new) == 0
    assert set(answers(double).values()) == {1}
    first, second = (at for at, _ in double.identifies)
    assert second - first >= 5.0
    assert [told["shard"] for _, told in double.identifies] == [[0, 1], [0, 1]]


def test_running_answers_are_finished_at_the_end(double: Double, tmp_path: Path) -> None:
    """SIGTERM while Discord makes the bot wait: the answer still goes out, and the status is 0."""
    refused = Reply(429, {"retry_after": 0.6, "global": False, "message": "slow"})
    double.script("POST", f"/channels/{EVEN.text}/messages", refused)
    bot = process(double, tmp_path)
    double.wait(lambda: len(double.sessions) == 2)
    said = Person(double, EVEN).say("what is 451?", mention=True)
    double.wait(lambda: double.sent("POST", "/channels/.*"))
    assert end(bot) == 0
    assert answers(double)[said["id"]] == 2  # the refused request and the one that went through
    assert "not finished" not in read_log(bot)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "sent"), [("slowly, what is 451?", 0), ("what is 451?", 1)])
def test_what_a_killed_process_had_begun_is_answered_by_the_other_once(
    double: Double, tmp_path: Path, text: str, sent: int
) -> None:
    """Once its claim has run out; also where it died between sending and marking, since Discord knows the nonce."""
    double.shards, double.slow = 1, 0.5 * sent
    shared = {"TEST_STORE": str(tmp_path / "store"), "TEST_SLOW": "1.0", "TEST_LEASE": "3", "TEST_WINDOW": "0.5"}
    bots = []
    for number in (1, 2):
        bots.append(process(double, tmp_path, **shared))
        double.wait(lambda number=number: len(double.sessions) == number)
    said = Person(double, EVEN).write(text, mention=True)
    for bot, session in zip(bots, list(double.sessions), strict=True):
        told = {"op": 0, "t": "MESSAGE_CREATE", "s": session.sequence + 1, "d": said}
        double.send_raw(session, told)
        if bot is bots[0]:
            wait_for(lambda: _holds_claim(tmp_path / "store") and answers(double)[said["id"]] == sent)
            bot.kill()
            bot.wait(WITHIN)
    double.wait(lambda: answers(double)[said["id"]] == 1 + sent)
    assert end(bots[1]) == 0
    assert len([one for one in double.messages.values() if one["author"]["id"] == BOT]) == 1


def _holds_claim(store: Path) -> bool:
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return bool(connection.execute("SELECT 1 FROM claims WHERE NOT answered").fetchall())


def test_identify_queue_lets_one_shard_of_a_bucket_pass_at_a_time() -> None:
    """Two processes, three shards, two buckets."""
    store, window = MemoryStore(), 0.2

    async def identify(shard: int) -> float:
        await IdentifyQueue(store, "1", 2, window).wait(shard)
        return time.monotonic()

    async def all_three() -> list[float]:
        return list(await asyncio.gather(identify(0), identify(1), identify(2)))

    zero, one, two = asyncio.run(all_three())
    assert abs(one - zero) < window / 2
    assert two - zero >= window


def test_identify_queue_goes_on_without_the_store() -> None:
    """After the time that Discord asks for."""

    class Broken(MemoryStore):
        async def take_lease(self, name: str, seconds: float) -> bool:
            raise StoreError("out of reach")

    begun = time.monotonic()
    asyncio.run(IdentifyQueue(Broken(), "1", 1, 0.05).wait(0))
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize(
    ("total", "processes", "ordinal", "own"),
    [("", "", "", (None, None)), ("3", "", "", (3, [0, 1, 2])), ("5", "2", "0", (5, [0, 1])), ("5", "2", "bot-1", (5, [2, 3, 4])),
     ("16", "4", "smtpbot-discord-3", (16, [12, 13, 14, 15]))],
)  # fmt: skip
def test_shards_of_each_process(total: str, processes: str, ordinal: str, own: object) -> None:
    """A contiguous range each, none twice, none left out."""
    assert own_shards(read(total, processes, ordinal)) == own


@pytest.mark.parametrize(
    ("total", "processes", "ordinal", "words"),
    [("1", "2", "0", "SHARDS must be at least 2"), ("", "2", "0", "SHARDS must be"), ("4", "2", "", "ORDINAL must be 0 to 1"), ("4", "2", "2", "ORDINAL")],
)  # fmt: skip
def test_settings_that_do_not_go_together(total: str, processes: str, ordinal: str, words: str) -> None:
    """Are told before anything runs."""
    with pytest.raises(SettingsError, match=words):
        own_shards(read(total, processes, ordinal))


def read(total: str, processes: str, ordinal: str) -> Settings:
    names = ("SMTPBOT_DISCORD_SHARDS", "SMTPBOT_DISCORD_PROCESSES", "SMTPBOT_DISCORD_ORDINAL")
    return read_settings({name: value for name, value in zip(names, (total, processes, ordinal), strict=True) if value})


def test_health_shows_each_shard(double: Double, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready while it has its session, not ready after it was lost, and not while the bot ends."""
    import yarl
    from discord import gateway, http

    monkeypatch.setattr(http.Route, "BASE", f"{double.url}/api/v10")
    monkeypatch.setattr(gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(f"ws://127.0.0.1:{double.port}/gateway"))

    async def watch() -> list[dict[str, bool]]:
        service = Service(Settings(discord_token=TOKEN, discord_shards=2), bot, MemoryStore())
        running = asyncio.create_task(discord_run.run(service))
        seen = []

        async def until(wanted: dict[str, bool]) -> None:
            async with asyncio.timeout(WITHIN):
                while "discord" not in service.health or service.health["discord"]() != wanted:
                    await asyncio.sleep(0.01)
            seen.append(wanted)

        await until({"shard 0": True, "shard 1": True})
        double.close_with = 4000
        lost = next(session for session in double.sessions if session.shard == (1, 2))
        await asyncio.to_thread(double.close_session, lost, 4000)
        await until({"shard 0": True, "shard 1": False})
        service.stop.set()
        await running
        await until({"shard 0": False, "shard 1": False})
        return seen

    assert len(asyncio.run(watch())) == 3
