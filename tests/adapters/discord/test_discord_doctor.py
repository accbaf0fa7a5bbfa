"""What `smtpbot doctor` says of Discord, asked over its REST routes."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from discord.http import Route

from adapters.checks import Check
from adapters.discord import doctor
from adapters.discord.commands import COMMANDS
from bot.settings import read_settings
from tests.adapters.discord.double import TOKEN, Double, Reply, application
from tests.adapters.discord.house import process, read_log
from tests.timing import WITHIN

REGISTERED = [{"name": command.name} for command in COMMANDS]
APPLICATION_ROUTE = "/oauth2/applications/@me"


@pytest.fixture
def double() -> Iterator[Double]:
    """A Discord where the commands are registered."""
    started = Double().start()
    started.commands = REGISTERED
    yield started
    started.stop()


Examine = Callable[..., dict[str, Check]]


@pytest.fixture
def examine(double: Double, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """The checks by name, with the settings of the environment."""
    monkeypatch.setattr(Route, "BASE", f"{double.url}/api/v10")

    def run(**environment: str) -> dict[str, Check]:
        settings = read_settings({"DISCORD_TOKEN": TOKEN, **environment})
        checks = asyncio.run(doctor.examine(settings))
        assert settings.discord_token and settings.discord_token not in repr(checks)
        return {check.name: check for check in checks}

    return run


def test_all_is_well(double: Double, tmp_path: Path) -> None:
    """As a program: nothing is changed, and no session is started, of which there are few a day."""
    started = process(double, tmp_path, "doctor", "--json")
    assert started.wait(WITHIN) == 0, read_log(started)
    log = read_log(started)
    found = {check["name"]: check for check in json.loads(log)["checks"] if check["name"].startswith("discord")}
    assert TOKEN not in log and {check["state"] for check in found.values()} == {"ok"}, found
    assert set(found) == {f"discord {what}" for what in ("clock", "token", "intents", "shards", "commands")}
    assert found["discord token"]["told"] == "the bot smtpbot"
    assert {request.method for request in double.requests} == {"GET"} and double.identifies == []


def test_refused_token(examine: Examine) -> None:
    """One problem, and where to copy it from."""
    found = examine(DISCORD_TOKEN="MTAwMDAw.GabcdE.wrong-wrong-wrong-wrong-wrong")
    assert set(found) == {"discord token"}
    assert found["discord token"].mend.startswith("copy it anew from the Developer Portal")


@pytest.mark.parametrize(
    ("flags", "wanted", "state", "told"),
    [
        (0, "off", "ok", "not allowed, and not needed"),
        (1 << 18, "on", "ok", "allowed, and used"),
        (1 << 19, "on", "ok", "allowed, and used"),
        (1 << 19, "off", "ok", "allowed, and not used"),
        (1 << 15, "on", "problem", "Discord refuses the message content intent"),
    ],
)
def test_intents(double: Double, examine: Examine, flags: int, wanted: str, state: str, told: str) -> None:
    """What the settings want against what the application may."""
    double.script("GET", APPLICATION_ROUTE, Reply(200, application() | {"flags": flags}))
    found = examine(SMTPBOT_DISCORD_MESSAGE_CONTENT=wanted)
    assert found["discord intents"].state == state and told in found["discord intents"].told


def test_application_that_sends_interactions_elsewhere_or_refuses_its_link(double: Double, examine: Examine) -> None:
    """Then commands never reach the bot, or the bot no server."""
    odd = {"interactions_endpoint_url": "https://example.com/", "bot_require_code_grant": True}
    double.script("GET", APPLICATION_ROUTE, Reply(200, application() | odd))
    found = examine()
    assert {name for name, check in found.items() if check.state == "problem"} == {
        "discord interactions", "discord invitation",
    }  # fmt: skip


def test_starts_that_are_used_up_and_shards_that_do_not_fit(double: Double, examine: Examine) -> None:
    """Before the gateway is asked for a session."""
    double.shards, double.remaining = 4, 3
    found = examine()
    assert found["discord shards"].mend.startswith("wait 2.0 hours")
    found = examine(SMTPBOT_DISCORD_SHARDS="2")
    assert found["discord shards"].mend == "set SMTPBOT_DISCORD_SHARDS to 4"
    found = examine(SMTPBOT_DISCORD_SHARDS="2", SMTPBOT_DISCORD_PROCESSES="3")
    assert "SMTPBOT_DISCORD_SHARDS must be at least 3" in found["discord shards"].told


def test_commands_that_were_never_registered(double: Double, examine: Examine) -> None:
    """`smtpbot discord sync` is easily forgotten."""
    double.commands = REGISTERED[1:]
    found = examine()
    check = found["discord commands"]
    assert (check.state, check.mend) == ("warning", "run: smtpbot discord sync")
    assert re.search(r": smtp$", check.told)


@pytest.mark.parametrize("path", ["/users/@me", "/gateway/bot"])
def test_discord_in_trouble(double: Double, examine: Examine, path: str) -> None:
    """Later it may answer."""
    double.script("GET", path, Reply(503, {"message": "later"}))
    found = examine()
    assert found["discord"].told == "Discord answers 503"


def test_discord_out_of_reach(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Network, name server or proxy."""
    monkeypatch.setattr(Route, "BASE", "http://127.0.0.1:1/api/v10")
    found = examine()
    assert "cannot be reached" in found["discord"].told and "HTTPS_PROXY" in found["discord"].mend
