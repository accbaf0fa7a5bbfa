"""The app manifests and what is registered with Bolt say the same."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_bolt import BoltResponse
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.app import Handlers
from adapters.slack.home import CHOOSE, EXAMPLE, EXAMPLES, OPEN
from adapters.slack.http import PATH
from adapters.slack.listeners import COMMANDS, EVENTS, SHORTCUTS, Identity, build_app
from adapters.slack.modals import FORM
from adapters.slack.oauth import SCOPES as OAUTH_SCOPES
from adapters.slack.pressed import ANSWERS, SETTINGS
from bot.app import Bot
from bot.storage import MemoryStore
from bot.telemetry import Telemetry

FOLDER = Path(__file__).parents[3] / "deploy" / "slack"
NAMES = ["manifest.yaml", "manifest-socket.yaml"]
# What each thing the bot hears or does needs (docs.slack.dev, scopes).
SCOPES = {"/smtp": "commands", "app_mention": "app_mentions:read", "message.im": "im:history", "answers": "chat:write"}
OPTIONAL = {
    "message.channels": "channels:history", "message.groups": "groups:history", "reaction_added": "reactions:read",
    "files": "files:read", "pictures": "files:write",
}  # fmt: skip
FREE = {"app_home_opened"}
HEARD = {kind for kinds in EVENTS.values() for kind in kinds}


def read(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text("utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_manifest_names_what_has_a_handler_and_nothing_else(name: str) -> None:
    """Both ways: commands, events, shortcuts; buttons and forms need interactivity."""
    manifest = read(name)
    assert {command["command"] for command in manifest["features"]["slash_commands"]} == set(COMMANDS)
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == HEARD
    assert {one["callback_id"]: one["type"] for one in manifest["features"]["shortcuts"]} == SHORTCUTS
    assert manifest["settings"]["interactivity"]["is_enabled"] and manifest["features"]["app_home"]["home_tab_enabled"]


@pytest.mark.parametrize("name", NAMES)
def test_scopes_are_the_least(name: str) -> None:
    """No scope without something that needs it, none missing; what works without is optional."""
    scopes = read(name)["oauth_config"]["scopes"]
    assert scopes == {"bot": sorted(SCOPES.values()), "bot_optional": sorted(OPTIONAL.values())}
    assert [*scopes["bot"], *scopes["bot_optional"]] == list(OAUTH_SCOPES)
    assert {*SCOPES, *OPTIONAL} - {"answers", "files", "pictures"} == {*COMMANDS, *HEARD} - FREE


def test_registered_with_bolt_is_what_the_tables_say(bot: Bot) -> None:
    """Each event, command and shortcut of the manifest finds a listener, and so does each button that is ever drawn."""
    app = build_app(
        Handlers(bot, MemoryStore(), Telemetry()), AsyncWebClient(token="xoxb-1"), Identity("T1", "U1"), "s" * 32
    )
    told = {"team_id": "T1", "user": {"id": "U1"}}
    asked: list[dict[str, Any]] = [{"command": name} for name in COMMANDS]
    asked += [{"type": "event_callback", "event": {"type": name}} for name in EVENTS]
    kinds = {"message": "message_action", "global": "shortcut"}
    asked += [told | {"type": kinds[kind], "callback_id": name} for name, kind in SHORTCUTS.items()]
    asked.append(told | {"type": "view_submission", "view": {"type": "modal", "callback_id": FORM}})
    names = [*ANSWERS, *SETTINGS, CHOOSE, OPEN, *(f"{EXAMPLE}{number}" for number in range(len(EXAMPLES)))]
    asked += [
        told | {"type": "block_actions", "actions": [{"type": "button", "action_id": name, "block_id": "b"}]}
        for name in names
    ]
    assert [count_listeners(app, body) for body in asked] == [1] * len(asked)
    assert len(app._async_listeners) == len(COMMANDS) + len(EVENTS) + len(SHORTCUTS) + 1 + 5  # form, kinds of buttons


def count_listeners(app: AsyncApp, body: dict[str, Any]) -> int:
    """How many listeners a request finds."""

    async def count() -> int:
        request, response = AsyncBoltRequest(body=body, mode="socket_mode"), BoltResponse(status=404)
        return sum([await one.async_matches(req=request, resp=response) for one in app._async_listeners])

    return asyncio.run(count())


def test_variants_differ_only_in_addresses_and_transport() -> None:
    """Socket Mode has no address; HTTP has ours, by HTTPS, at the path that is served."""
    http, socket = map(read, NAMES)
    addresses = [command.pop("url") for command in http["features"]["slash_commands"]]
    addresses.append(http["settings"]["event_subscriptions"].pop("request_url"))
    addresses.append(http["settings"]["interactivity"].pop("request_url"))
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
    for shortcut in manifest["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24 and len(shortcut["description"]) <= 150
