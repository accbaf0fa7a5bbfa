"""The app manifests and what is registered with Bolt say the same."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.app import COMMANDS, EVENTS, Handlers, Identity, build_app
from adapters.slack.http import PATH
from adapters.slack.oauth import SCOPES as OAUTH_SCOPES
from bot.app import Bot
from bot.storage import MemoryStore
from bot.telemetry import Telemetry

FOLDER = Path(__file__).parents[3] / "deploy" / "slack"
NAMES = ["manifest.yaml", "manifest-socket.yaml"]
# What each thing the bot hears or does needs (docs.slack.dev, scopes).
SCOPES = {"/smtp": "commands", "app_mention": "app_mentions:read", "message.im": "im:history", "answers": "chat:write"}


def read(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text("utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_manifest_names_what_has_a_handler_and_nothing_else(name: str) -> None:
    """Both ways: commands, events, and no shortcut or interactivity while nothing handles them."""
    manifest = read(name)
    assert {command["command"] for command in manifest["features"]["slash_commands"]} == set(COMMANDS)
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)
    assert "shortcuts" not in manifest["features"]
    assert not manifest["settings"]["interactivity"]["is_enabled"]


@pytest.mark.parametrize("name", NAMES)
def test_scopes_are_the_least(name: str) -> None:
    """No scope without something that needs it, none missing."""
    scopes = read(name)["oauth_config"]["scopes"]
    assert scopes == {"bot": sorted(SCOPES.values())} == {"bot": list(OAUTH_SCOPES)}
    assert set(SCOPES) == {*COMMANDS, *EVENTS, "answers"}


def test_registered_with_bolt_is_what_the_tables_say(bot: Bot) -> None:
    """Each name in the tables has its listener, and Bolt has no other."""
    identity = Identity("T1", "U1")
    handlers = Handlers(bot, MemoryStore(), Telemetry())
    app = build_app(handlers, AsyncWebClient(token="xoxb-1"), identity, "s" * 32)
    registered = [listener.ack_function.__name__ for listener in app._async_listeners]
    assert registered == [*COMMANDS.values(), *EVENTS.values()]


def test_variants_differ_only_in_addresses_and_transport() -> None:
    """Socket Mode has no address; HTTP has ours, by HTTPS, at the path that is served."""
    http, socket = map(read, NAMES)
    addresses = [command.pop("url") for command in http["features"]["slash_commands"]]
    addresses.append(http["settings"]["event_subscriptions"].pop("request_url"))
    assert set(addresses) == {f"https://smtpbot.example.com{PATH}"}
    assert (http["settings"].pop("socket_mode_enabled"), socket["settings"].pop("socket_mode_enabled")) == (False, True)
    assert http == socket


@pytest.mark.parametrize("name", NAMES)
def test_texts_fit_their_limits(name: str) -> None:
    """Slack refuses a manifest with longer ones."""
    manifest = read(name)
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35 and len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4_000
    for command in manifest["features"]["slash_commands"]:
        assert len(command["description"]) <= 2_000 and len(command["usage_hint"]) <= 1_000
