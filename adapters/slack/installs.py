"""The workspaces that installed the bot: their tokens, encrypted in the store, and who the bot is in each of them."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext

from adapters.vault import Vault
from bot.errors import StoreError
from bot.storage import Store

PLATFORM = "slack"
FRESH = 15.0  # seconds an install is used unasked; as long, another process may not know that it is gone
MAX_KNOWN = 10_000  # installs kept in memory


@dataclass(frozen=True, slots=True)
class Install:
    """What one installation brought. `team` is None where a whole organization installed the bot."""

    enterprise: str | None
    team: str | None
    token: str = field(repr=False)
    bot_user: str
    bot_id: str | None = None
    installed: float = 0.0  # seconds since 1970


def name_tenant(enterprise: str | None, team: str | None) -> str:
    """The store's key: `E1/T1`, `/T1` outside an organization, `E1/` for all of one."""
    return f"{enterprise or ''}/{team or ''}"


class Installs:
    """Finds, keeps and forgets installs."""

    def __init__(self, store: Store, vault: Vault, clock: Callable[[], float] = time.time) -> None:
        self._store, self._vault, self._clock = store, vault, clock
        self._known: dict[str, tuple[float, Install | None]] = {}

    async def save(self, install: Install) -> None:
        """Keep it in place of an older one; StoreError where it cannot be kept."""
        tenant = name_tenant(install.enterprise, install.team)
        await self._store.save_install(PLATFORM, tenant, self._vault.seal(json.dumps(asdict(install)).encode()))
        self._remember(tenant, install)

    async def find(self, enterprise: str | None, team: str | None) -> Install | None:
        """The install of a workspace, else the one of its whole organization, or None."""
        install = await self._find(name_tenant(enterprise, team))
        if install is None and enterprise and team:
            return await self._find(name_tenant(enterprise, None))
        return install

    async def forget(self, enterprise: str | None, team: str | None, at: float) -> None:
        """The bot was uninstalled at that time: install and settings go, unless it was installed again since."""
        tenant = name_tenant(enterprise, team)
        self._known.pop(tenant, None)
        install = await self._find(tenant)
        if install is None or install.installed <= at:
            await self._store.forget_tenant(PLATFORM, tenant)
            self._known.pop(tenant, None)

    async def _find(self, tenant: str) -> Install | None:
        until, install = self._known.get(tenant, (0.0, None))
        if self._clock() < until:
            return install
        try:
            sealed = await self._store.find_install(PLATFORM, tenant)
        except StoreError:
            if install is None:
                raise
            return install
        install = Install(**json.loads(self._vault.open(sealed))) if sealed else None
        if install:  # what is not there is asked for each time, so that a fresh install works at once in every process
            self._remember(tenant, install)
        else:
            self._known.pop(tenant, None)
        return install

    def _remember(self, tenant: str, install: Install) -> None:
        self._known.pop(tenant, None)
        self._known[tenant] = (self._clock() + FRESH, install)
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]


class ManyWorkspaces(AsyncAuthorize):
    """Who the bot is in the workspace a request comes from, without a call to Slack."""

    def __init__(self, installs: Installs) -> None:
        self._installs = installs

    async def __call__(
        self, *, context: AsyncBoltContext, enterprise_id: str | None, team_id: str | None, user_id: str | None, **_: Any
    ) -> AuthorizeResult | None:  # fmt: skip
        """None where the bot is not installed."""
        install = await self._installs.find(enterprise_id, None if context.is_enterprise_install else team_id)
        if install is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, user_id=user_id,
            bot_user_id=install.bot_user, bot_id=install.bot_id, bot_token=install.token,
        )  # fmt: skip


async def note_uninstalled(installs: Installs, body: dict[str, Any]) -> None:
    """`app_uninstalled`, and `tokens_revoked` where it names the bot's token."""
    event = body["event"]
    if event["type"] == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
        return
    whole = any(one.get("is_enterprise_install") for one in body.get("authorizations") or ())
    team = None if whole or body.get("is_enterprise_install") else body.get("team_id")
    await installs.forget(body.get("enterprise_id"), team, float(body.get("event_time") or time.time()))
