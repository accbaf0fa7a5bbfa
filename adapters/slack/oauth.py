"""OAuth v2: /slack/install sends to Slack, /slack/oauth_redirect keeps what Slack grants. Pages are plain text.

A state is valid for ten minutes, in the browser that began, once. Any process can check it: it is sealed with the
operator's key, and the store's lease of its name is taken once.
"""

import logging
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urljoin

from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import OAuthStateUtils
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.installs import Install, Installs
from adapters.vault import Vault
from bot.errors import SettingsError, StoreError
from bot.settings import SLACK_API
from bot.storage import Store
from bot.telemetry import describe

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
# The manifest's; a test holds them together. People may leave out the optional ones, and go without what they are for.
NEEDED = ("app_mentions:read", "chat:write", "commands", "im:history")
OPTIONAL = {
    "channels:history": "watched public channels",
    "files:read": "uploaded files",
    "files:write": "picture of the numbers",
    "groups:history": "watched private channels",
    "reactions:read": ":mag: on a message",
}
SCOPES = (*NEEDED, *OPTIONAL)
VALID = 600  # seconds from /slack/install to the way back
MAX_QUERY = 4_096  # characters; Slack sends a few hundred
SKEW = 60  # seconds by which the clocks of two processes may differ
Answer = tuple[int, dict[str, list[str]], str]
_AGAIN = "Please begin again at /slack/install."
_log = logging.getLogger("smtpbot.slack")


class OAuth:
    """The two pages of an installation."""

    def __init__(
        self, client: AsyncWebClient, credentials: tuple[str, str], store: Store, vault: Vault, installs: Installs,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._client, (self._id, self._secret) = client, credentials
        self._store, self._vault, self._installs, self._clock = store, vault, installs, clock
        self._cookies = OAuthStateUtils(expiration_seconds=VALID)

    async def answer(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        """The page at INSTALL or REDIRECT."""
        if path == INSTALL:
            return self._begin()
        fields = {name: values[0] for name, values in parse_qs(query[:MAX_QUERY]).items()}
        status, told = await self._finish(fields, headers)
        return status, _page(self._cookies.build_set_cookie_for_deletion() + "; SameSite=Lax"), told + "\n"

    def _begin(self) -> Answer:
        nonce = secrets.token_urlsafe(24)
        # Without the padding, which a cookie and a query write differently.
        state = self._vault.seal(f"{int(self._clock())} {nonce}".encode()).decode().rstrip("=")
        asked = urlencode({"client_id": self._id, "scope": ",".join(SCOPES), "user_scope": "", "state": state})
        base = "https://slack.com/" if self._client.base_url == SLACK_API else urljoin(self._client.base_url, "/")
        headers = _page(self._cookies.build_set_cookie_for_new_state(state) + "; SameSite=Lax")
        return 302, headers | {"location": [f"{base}oauth/v2/authorize?{asked}"]}, ""

    async def _finish(self, fields: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, str]:
        state, code = fields.get("state", ""), fields.get("code", "")
        if not self._cookies.is_valid_browser(state, dict(headers)):
            return 400, f"This browser did not begin the installation. {_AGAIN}"
        try:
            if not await self._redeem(state):
                return 401, f"This link was used already, or is too old. {_AGAIN}"
            if fields.get("error") or not code:
                return 200, "Nothing was installed: Slack did not give its consent."
            return await self._exchange(code)
        except SlackApiError as error:
            _log.warning("an installation failed: %s", describe(error))
            return 502, f"Slack refused the installation. {_AGAIN}"
        except (StoreError, OSError, TimeoutError) as error:
            _log.error("an installation failed: %s", describe(error))
            return 503, f"The installation cannot be kept right now. {_AGAIN}"

    async def _redeem(self, state: str) -> bool:
        try:
            begun = float(self._vault.open(state.encode() + b"=" * (-len(state) % 4)).split()[0])
        except (SettingsError, ValueError, IndexError):
            return False
        if not -SKEW <= self._clock() - begun <= VALID:
            return False
        name = urlsafe_b64encode(sha256(state.encode()).digest()).decode()
        return await self._store.take_lease(f"slack/state/{name}", 2 * VALID)

    async def _exchange(self, code: str) -> tuple[int, str]:
        granted = await self._client.api_call(
            "oauth.v2.access", data={"code": code, "client_id": self._id, "client_secret": self._secret}
        )
        missing = sorted({*NEEDED} - {*str(granted.get("scope") or "").split(",")})
        if missing:
            return 403, f"Nothing was installed: the bot also needs {', '.join(missing)}. {_AGAIN}"
        token = str(granted["access_token"])
        told = await self._client.api_call("auth.test", headers={"Authorization": f"Bearer {token}"})
        whole = bool(granted.get("is_enterprise_install"))
        install = Install(
            enterprise=(granted.get("enterprise") or {}).get("id"),
            team=None if whole else (granted.get("team") or {}).get("id"),
            token=token, bot_user=str(granted.get("bot_user_id") or told["user_id"]), bot_id=told.get("bot_id"),
            installed=self._clock(),
        )  # fmt: skip
        await self._installs.save(install)
        return 200, "smtpbot is installed. In Slack, try: /smtp 451"


def _page(cookie: str) -> dict[str, list[str]]:
    return {
        "content-type": ["text/plain;charset=utf-8"], "cache-control": ["no-store"], "referrer-policy": ["no-referrer"],
        "x-content-type-options": ["nosniff"], "set-cookie": [cookie],
    }  # fmt: skip
