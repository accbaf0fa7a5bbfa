"""Starting, registering commands, inviting: what Discord is asked, and what the operator reads when it refuses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.suggest import MAX_CHOICES, MAX_NAME, Suggestions
from adapters.discord.words import load_words
from bot.app import Bot
from tests.adapters.discord.double import APPLICATION, Double, Guild, Reply
from tests.adapters.discord.house import end, process, read_log
from tests.timing import WITHIN

TOKEN_REFUSED = "smtpbot: Discord refuses DISCORD_TOKEN"
NAME = re.compile(r"[-_'\w]{1,32}")


@pytest.fixture
def double() -> Iterator[Double]:
    """A Discord of one's own."""
    started = Double(guilds=(Guild("1300000000000000000"),)).start()
    yield started
    started.stop()


def status_of(double: Double, folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """How a process ended, and what it wrote."""
    started = process(double, folder, *arguments, **environment)
    return started.wait(WITHIN), read_log(started)


def test_wrong_token_is_told_in_one_sentence(double: Double, tmp_path: Path) -> None:
    """Status 3, no traceback, and not the token."""
    wrong = "MTAwMDAw.GabcdE.wrong-wrong-wrong-wrong-wrong"
    status, log = status_of(double, tmp_path, DISCORD_TOKEN=wrong)
    assert status == 3
    assert log.splitlines()[-1].startswith(TOKEN_REFUSED) and "Traceback" not in log and wrong not in log


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4014, "message content intent"),
        (4004, "DISCORD_TOKEN"),
        (4011, "more shards"),
        (4010, "SMTPBOT_DISCORD_SHARDS"),
    ],
)
def test_refused_connection_is_told_in_one_sentence(double: Double, tmp_path: Path, code: int, words: str) -> None:
    """Status 3, after one IDENTIFY, which Discord counts."""
    double.close_with = code
    status, log = status_of(double, tmp_path, SMTPBOT_DISCORD_MESSAGE_CONTENT="on")
    assert status == 3
    last = log.splitlines()[-1]
    assert last.startswith("smtpbot: Discord ") and words in last and "Traceback" not in log
    assert [told["intents"] for _, told in double.identifies] == [37_377]


def test_bot_that_may_not_start_again_today_does_not_try(double: Double, tmp_path: Path) -> None:
    """Discord takes the token from a bot that identifies too often."""
    double.remaining = 0
    status, log = status_of(double, tmp_path)
    assert status == 3 and double.identifies == []
    assert "0 more shards in the next 2.0 hours" in log.splitlines()[-1]


def test_start_asks_for_the_smallest_intents_and_registers_nothing(double: Double, tmp_path: Path) -> None:
    """Without the setting no message content; commands are registered by `sync` alone; SIGTERM ends with 0."""
    double.script("GET", "/users/@me", Reply(503, {"message": "try later"}))
    started = process(double, tmp_path)
    double.wait(lambda: double.sessions)
    assert end(started) == 0
    assert [told["intents"] for _, told in double.identifies] == [4_609]
    assert double.sent("PUT", ".*") == []
    log = read_log(started)
    assert "trying again in 1 s" in log and "discord: connected, shard 0 of 1" in log and "PyNaCl" not in log


def test_sync_registers_all_commands_in_all_languages(double: Double, tmp_path: Path) -> None:
    """One bulk overwrite, within Discord's limits, for servers, direct messages and accounts."""
    status, log = status_of(double, tmp_path, "discord", "sync")
    assert status == 0 and log.splitlines()[-1].startswith("registered in all servers and direct messages: smtp,")
    (request,) = double.sent("PUT", ".*")
    assert request.path == f"/applications/{APPLICATION}/commands"
    commands = {command["name"]: command for command in request.body}
    assert set(commands) == {"smtp", "smtp-stats", "smtp-settings", "Explain this bounce"}
    for name in ("smtp", "Explain this bounce"):
        assert sorted(commands[name]["integration_types"]) == [0, 1] and sorted(commands[name]["contexts"]) == [0, 1, 2]
    settings = commands["smtp-settings"]
    assert settings["default_member_permissions"] == 1 << 5
    assert settings["contexts"] == [0] and settings["integration_types"] == [0]
    option, file = commands["smtp"]["options"]
    assert (option["autocomplete"], option["max_length"], option["required"], file["type"]) == (True, 6_000, False, 11)
    for thing in (*commands.values(), option, file):
        check_words(thing)


def check_words(thing: dict[str, Any]) -> None:
    languages = {"de", "fr", "es-ES", "es-419", "pt-BR", "ja"}
    if thing.get("type") != 3 or thing.get("description"):
        assert set(thing["description_localizations"]) == languages
        assert all(
            0 < len(text) <= 100 for text in (thing["description"], *thing["description_localizations"].values())
        )
        names = (thing["name"], *(thing.get("name_localizations") or {}).values())
        assert all(NAME.fullmatch(name) and name == name.lower() for name in names)
    else:
        assert set(thing["name_localizations"]) == languages
        assert all(0 < len(name) <= 32 for name in thing["name_localizations"].values())


def test_words_have_every_language() -> None:
    """Sentences are there in all six, names at least where they differ."""
    for text, told in load_words().items():
        assert " " not in text or set(told) == {"de", "fr", "es-ES", "es-419", "pt-BR", "ja"}, text


def test_sync_to_one_server_and_removal(double: Double, tmp_path: Path) -> None:
    """For development: there at once, and gone again."""
    status, log = status_of(double, tmp_path, "discord", "sync", "--guild", "1300000000000000000")
    assert status == 0 and "in the server 1300000000000000000" in log
    assert len(double.commands) == 4
    status, log = status_of(double, tmp_path, "discord", "sync", "--guild", "1300000000000000000", "--remove")
    assert status == 0 and "removed all commands in the server" in log
    assert [r.path for r in double.sent("PUT", ".*")] == [
        f"/applications/{APPLICATION}/guilds/1300000000000000000/commands"
    ] * 2
    assert double.commands == []


def test_sync_that_discord_refuses(double: Double, tmp_path: Path) -> None:
    """Status 3 and Discord's own words."""
    double.script("PUT", ".*", Reply(403, {"code": 50_001, "message": "Missing Access"}))
    status, log = status_of(double, tmp_path, "discord", "sync", "--guild", "5")
    assert status == 3 and log.splitlines()[-1] == "smtpbot: Discord refuses it: 403 Missing Access"


def test_invite_prints_both_links(double: Double, tmp_path: Path) -> None:
    """With the permissions the bot needs, and no other."""
    status, log = status_of(double, tmp_path, "discord", "invite")
    assert status == 0
    assert f"client_id={APPLICATION}&scope=bot+applications.commands&permissions=274878024704&integration_type=0" in log
    assert f"client_id={APPLICATION}&scope=applications.commands&integration_type=1" in log


def test_token_is_needed(double: Double, tmp_path: Path) -> None:
    """And named."""
    started = process(double, tmp_path, "discord", "sync", DISCORD_TOKEN="nonsense")
    assert started.wait(WITHIN) == 3 and "is no bot token" in read_log(started)


def test_suggestions_are_codes_with_titles(bot: Bot) -> None:
    """Whatever is typed, within the limits, and each value is answered."""
    suggestions = Suggestions(bot.knowledge)
    for typed in ("", "4", "5.7", "550 5.", "greylist", "quota", "zzz", "550", "5.7.26"):
        found = suggestions.suggest(typed)
        assert len(found) <= MAX_CHOICES
        assert all(len(name) <= MAX_NAME and len(value) <= MAX_NAME for name, value in found)
        assert all(bot.answer(value).answered for _, value in found)
    assert suggestions.suggest("550")[0][1] == "550" and suggestions.suggest("5.7.26")[0][1] == "5.7.26"
    assert suggestions.suggest("zzz") == [] and len(suggestions.suggest("")) == MAX_CHOICES
