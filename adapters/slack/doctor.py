"""What `smtpbot doctor` asks Slack: whether it takes the tokens, which scopes they have, and what time it is."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.checks import Check, Clock, check_clock
from adapters.slack.oauth import NEEDED, OPTIONAL, SCOPES
from adapters.slack.run import make_client
from bot.settings import SLACK_API, Settings

PAGE = "api.slack.com/apps"
NO_CODE = "invalid_code"  # what Slack says to a code that is none, once it has accepted who asks
_SCOPES = f"{PAGE} > OAuth & Permissions > Bot Token Scopes"
_CREDENTIALS = f"{PAGE} > Basic Information > App Credentials"
_BOT_TOKEN = f"copy the Bot User OAuth Token anew: {PAGE} > OAuth & Permissions"
_APP_TOKEN = (
    f"{PAGE} > Basic Information > App-Level Tokens: make one with connections:write; and Socket Mode has to be on"
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What Slack answers: `error` is empty where all is well; `reached` is false where no answer came."""

    error: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    reached: bool = True


async def examine(settings: Settings, clock: Clock = time.time) -> list[Check]:
    """The checks for one workspace, or for many."""
    checks = []
    if settings.slack_api_url != SLACK_API:
        told = "SLACK_API_URL is set: the tokens go to another server than Slack's"
        checks.append(Check("slack", "warning", told, "take it out, unless this is a test"))
    async with aiohttp.ClientSession(trust_env=True) as session:
        client = make_client(settings.slack_bot_token, settings.slack_api_url, session)
        if settings.slack_client_id:
            checks += await _examine_many(client, settings, clock)
        else:
            checks += await _examine_one(client, settings, clock)
    if settings.slack_signing_secret and not settings.slack_app_token:
        checks.append(_examine_secret(settings.slack_signing_secret))
    return checks


async def _examine_one(client: AsyncWebClient, settings: Settings, clock: Clock) -> list[Check]:
    told = await _call(client, "auth.test")
    if not told.reached:
        return [_unreached(client, told)]
    checks = [check_clock("slack clock", "Slack", told.headers.get("date"), clock)]
    if told.error:
        checks.append(Check("slack bot token", "problem", f"Slack refuses SLACK_BOT_TOKEN: {told.error}", _BOT_TOKEN))
    else:
        name = f"{told.data.get('user')} in the workspace {told.data.get('team')}"
        checks += [Check("slack bot token", "ok", name), _examine_scopes(told.headers.get("x-oauth-scopes"))]
    if settings.slack_app_token:
        opened = await _call(
            make_client(settings.slack_app_token, settings.slack_api_url, client.session), "apps.connections.open"
        )
        refused = f"Slack refuses SLACK_APP_TOKEN: {opened.error}"
        ok = Check("slack app token", "ok", "Socket Mode can be opened")
        checks.append(Check("slack app token", "problem", refused, _APP_TOKEN) if opened.error else ok)
    return checks


async def _examine_many(client: AsyncWebClient, settings: Settings, clock: Clock) -> list[Check]:
    """Slack looks at id and secret before the code, so a code that is none shows whether it takes the two."""
    credentials = {"client_id": settings.slack_client_id, "client_secret": settings.slack_client_secret}
    told = await _call(client, "oauth.v2.access", {"code": "0", **credentials})
    if not told.reached:
        return [_unreached(client, told)]
    name = "slack credentials"
    checks = [check_clock("slack clock", "Slack", told.headers.get("date"), clock)]
    if told.error == NO_CODE:
        return [*checks, Check(name, "ok", "Slack takes SLACK_CLIENT_ID and SLACK_CLIENT_SECRET")]
    refused = f"Slack refuses SLACK_CLIENT_ID or SLACK_CLIENT_SECRET: {told.error}"
    return [*checks, Check(name, "problem", refused, f"copy both anew: {_CREDENTIALS}")]


def _examine_scopes(header: str | None) -> Check:
    name = "slack scopes"
    if header is None:
        return Check(name, "warning", "Slack does not say which were granted", f"they have to be: {', '.join(NEEDED)}")
    granted = {scope.strip() for scope in header.split(",")} - {""}
    missing, without = sorted({*NEEDED} - granted), sorted(OPTIONAL.keys() - granted)
    more = sorted(granted - {*SCOPES})
    if missing:
        mend = f"add {'it' if len(missing) == 1 else 'them'} at {_SCOPES}, and install the app again"
        return Check(name, "problem", f"not granted: {', '.join(missing)}", mend)
    if more:
        return Check(name, "warning", f"more than is needed: {', '.join(more)}", "take away what nothing else uses")
    told = ", ".join(scope for scope in SCOPES if scope in granted)
    off = "; ".join(f"without {scope}: no {OPTIONAL[scope]}" for scope in without)
    return Check(name, "ok", f"{told} ({off})" if off else told)


def _examine_secret(secret: str) -> Check:
    name = "slack signing secret"
    if re.fullmatch(r"[0-9a-f]{32}", secret):
        return Check(name, "ok", "looks like one; only a request of Slack's can prove it")
    return Check(name, "warning", "Slack's have 32 digits from 0 to f", f"copy the Signing Secret: {_CREDENTIALS}")


def _unreached(client: AsyncWebClient, told: _Told) -> Check:
    mend = "check network and DNS here; a proxy is taken from HTTPS_PROXY"
    return Check("slack", "problem", f"{client.base_url} cannot be reached ({told.error})", mend)


async def _call(client: AsyncWebClient, method: str, data: dict[str, Any] | None = None) -> _Told:
    try:
        response = await client.api_call(method, data=data or {})
    except SlackApiError as error:
        headers = {str(name).lower(): str(value) for name, value in dict(error.response.headers).items()}
        return _Told(str(error.response.get("error") or error.response.status_code), headers=headers)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return _Told(type(error).__name__, reached=False)
    headers = {str(name).lower(): str(value) for name, value in dict(response.headers).items()}
    return _Told(data=dict(response.data), headers=headers)  # type: ignore[arg-type]
