"""Whose install a request uses: workspaces and organizations kept apart, uninstalling heard, caches short."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.upgrading import upgrade
from adapters.slack.app import Handlers
from adapters.slack.installs import FRESH, Install, Installs, note_uninstalled
from adapters.slack.listeners import build_app
from adapters.vault import Vault
from bot.app import Bot
from bot.storage import MemoryStore, Place
from bot.telemetry import Telemetry

SECRET = "5a" * 16


class Clock:
    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def vault() -> Vault:
    return Vault((Fernet.generate_key().decode(),))


def install(enterprise: str | None, team: str | None, at: float = 0.0) -> Install:
    return Install(enterprise, team, f"xoxb-{enterprise}-{team}", "U9", "B9", at)


def test_same_workspace_id_in_two_organizations_is_two_tenants() -> None:
    """And an organization's install serves the workspaces that have none of their own."""

    async def run() -> list[str | None]:
        installs = Installs(MemoryStore(), vault())
        for one in (install("E1", "T1"), install(None, "T1"), install("E2", None)):
            await installs.save(one)
        asked = [("E1", "T1"), (None, "T1"), ("E2", "T1"), ("E2", None), ("E1", "T2"), (None, "T2"), ("E1", None)]
        found = [await installs.find(*ids) for ids in asked]
        return [one and one.token for one in found]

    assert asyncio.run(run()) == ["xoxb-E1-T1", "xoxb-None-T1", "xoxb-E2-None", "xoxb-E2-None", None, None, None]


def test_another_process_forgets_an_install_within_a_short_time() -> None:
    """The store says so when the cached one is no longer fresh; a new install is seen at once."""

    async def run() -> None:
        clock, store, keys = Clock(), MemoryStore(), vault()
        here, there = Installs(store, keys, clock), Installs(store, keys, clock)
        assert await there.find(None, "T1") is None
        await here.save(install(None, "T1"))
        assert await there.find(None, "T1")
        await here.forget(None, "T1", clock.now)
        assert await here.find(None, "T1") is None
        clock.now += FRESH
        assert await there.find(None, "T1") is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("event", "more", "gone"),
    [
        ({"type": "app_uninstalled"}, {}, "E1/T1"),
        ({"type": "tokens_revoked", "tokens": {"bot": ["U9"]}}, {}, "E1/T1"),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, {}, None),
        ({"type": "app_uninstalled"}, {"authorizations": [{"is_enterprise_install": True}]}, "E1/"),
        ({"type": "app_uninstalled"}, {"event_time": 50}, None),
    ],
    ids=["uninstalled", "revoked", "somebody's own token", "whole organization", "before it was installed again"],
)
def test_uninstalling_takes_install_and_settings(event: dict[str, Any], more: dict[str, Any], gone: str | None) -> None:
    """Of that tenant alone; an event from before the newest install takes nothing."""

    async def run() -> None:
        store = MemoryStore()
        installs = Installs(store, vault())
        for one in (install("E1", "T1", 100), install("E1", None, 100), install(None, "T1", 100)):
            await installs.save(one)
        everybody = {"E1/T1", "E1/", "/T1"}
        for tenant in everybody:
            await store.set_setting(Place("slack", tenant, "C1"), "watch", "on")
        body = {"event": event, "enterprise_id": "E1", "team_id": "T1", "event_time": 200} | more
        await note_uninstalled(installs, body)
        assert set(await store.find_installs("slack")) == everybody - {gone}
        kept = [tenant for tenant in everybody if await store.find_settings(Place("slack", tenant, "C1"))]
        assert set(kept) == everybody - {gone}

    asyncio.run(run())


def test_signed_uninstalling_reaches_the_store_though_no_token_is_left(bot: Bot) -> None:
    """As Slack delivers it, through Bolt."""

    async def run() -> None:
        store = MemoryStore()
        installs = Installs(store, vault())
        await installs.save(install("E1", "T1"))
        app = build_app(Handlers(bot, store, Telemetry()), AsyncWebClient(), installs, SECRET)
        event = {"type": "app_uninstalled"}
        body = json.dumps(
            {"type": "event_callback", "enterprise_id": "E1", "team_id": "T1", "event": event, "event_id": "Ev1"}
        )
        stamp = str(int(time.time()))
        signature = str(SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body))
        headers = {
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": signature,
            "content-type": "application/json",
        }
        response = await app.async_dispatch(AsyncBoltRequest(body=body, headers=dict(headers)))
        assert response.status == 200
        assert await store.find_installs("slack") == {}

    asyncio.run(run())


def test_no_token_is_stored_in_the_clear(tmp_path: Path) -> None:
    """Whoever takes the database file has no token, and the log of a fault prints none."""
    url = read_url(f"sqlite:///{tmp_path / 'store'}")
    upgrade(url)

    async def run() -> str | None:
        store = DatabaseStore(url)
        installs = Installs(store, vault())
        await installs.save(install("E1", "T1"))
        found = await installs.find("E1", "T1")
        await store.close()
        return found.token if found else None

    token = asyncio.run(run())
    assert token == "xoxb-E1-T1"
    assert all(b"xoxb" not in file.read_bytes() for file in tmp_path.iterdir())
    assert "xoxb" not in repr(install("E1", "T1"))
