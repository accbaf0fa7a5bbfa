"""Runs Slack: checks the credentials, opens Socket Mode or serves HTTP, and finishes running answers at the end."""

import asyncio
import contextlib
import logging

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from adapters.service import Service
from adapters.slack.app import Handlers
from adapters.slack.files import Files
from adapters.slack.http import PATH, PREFIX, SlackHttp
from adapters.slack.installs import Installs
from adapters.slack.listeners import Identity, build_app
from adapters.slack.oauth import OAuth
from adapters.slack.socket import SlackSocket
from adapters.vault import Vault
from bot.errors import SettingsError
from bot.settings import SLACK_API

DRAIN = 20.0  # seconds for running answers after SIGTERM
CALL_WITHIN = 20  # seconds for one call to Slack
TRIES = (1, 2, 4, 8, 15)  # seconds between attempts to reach Slack at start
_log = logging.getLogger("smtpbot.slack")


async def run(service: Service) -> None:
    """Serve Slack until the service stops; SettingsError for credentials that Slack refuses."""
    settings = service.settings
    service.health["slack"] = lambda: {"start": False}
    if settings.slack_api_url != SLACK_API:
        _log.warning("SLACK_API_URL IS SET: THE SLACK TOKENS ARE SENT TO ANOTHER SERVER THAN SLACK'S. FOR TESTS ONLY.")
    timeout, jar = aiohttp.ClientTimeout(total=CALL_WITHIN), aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar, trust_env=True) as session:
        client = make_client(settings.slack_bot_token, settings.slack_api_url, session)
        await (_run_many if settings.slack_client_id else _run)(service, client)


async def _run(service: Service, client: AsyncWebClient) -> None:
    settings = service.settings
    told = await _call(service, client, "auth.test", "SLACK_BOT_TOKEN")
    if told is None:
        return
    identity = Identity(told["team_id"], told["user_id"], told.get("bot_id"), told.get("enterprise_id"))
    handlers = _handlers(service, client)
    app = build_app(handlers, client, identity, settings.slack_signing_secret or "")
    if settings.slack_app_token:
        connection = SlackSocket(app, make_client(settings.slack_app_token, settings.slack_api_url, client.session))
        try:
            # A wrong token would else be tried for ever; the address that this gives is left unused.
            if await _call(service, connection.client.web_client, "apps.connections.open", "SLACK_APP_TOKEN") is None:
                return
            await connection.connect_async()  # type: ignore[no-untyped-call]
            service.health["slack"] = lambda: {"socket": connection.is_connected}
            service.say("slack: connected by Socket Mode")
            await service.stop.wait()
        finally:
            await connection.finish(DRAIN)
            await handlers.drain(DRAIN)
        return
    await _serve_http(service, SlackHttp(app, handlers, settings.slack_signing_secret or ""))
    await handlers.drain(DRAIN)


async def _run_many(service: Service, client: AsyncWebClient) -> None:
    """Serve every workspace that installs the bot; the credentials are proven by the first installation."""
    settings = service.settings
    vault = Vault(settings.encryption_keys)
    installs = Installs(service.store, vault)
    handlers = _handlers(service, client)
    signing = settings.slack_signing_secret or ""
    credentials = (settings.slack_client_id or "", settings.slack_client_secret or "")
    oauth = OAuth(client, credentials, service.store, vault, installs)
    await _serve_http(service, SlackHttp(build_app(handlers, client, installs, signing), handlers, signing, oauth))
    await handlers.drain(DRAIN)


def _handlers(service: Service, client: AsyncWebClient) -> Handlers:
    files = Files(client.session, service.settings.slack_api_url) if client.session else None
    fetching = (files.fetch,) if files else ()
    return Handlers(service.bot, service.store, service.telemetry, *fetching)


def make_client(token: str | None, api: str, session: aiohttp.ClientSession | None) -> AsyncWebClient:
    """A client of Slack's Web API with our time limits; it waits and tries again where Slack limits the rate."""
    client = AsyncWebClient(
        token=token, base_url=api, timeout=CALL_WITHIN, session=session, logger=logging.getLogger("slack_sdk")
    )
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    return client


async def _call(service: Service, client: AsyncWebClient, method: str, setting: str) -> dict[str, str] | None:
    """What Slack answers at start, tried again while it cannot be reached; None where the service was stopped meanwhile."""
    for wait in (*TRIES, None):
        try:
            return dict((await client.api_call(method)).data)  # type: ignore[arg-type]
        except SlackApiError as error:
            code = str(error.response.get("error", ""))
            if code not in ("ratelimited", "internal_error", "fatal_error", "service_unavailable", ""):
                raise SettingsError(f"Slack refuses {setting}: {code}") from None
        except (OSError, TimeoutError, ValueError) as error:
            code = type(error).__name__
        if wait is None:
            raise SettingsError(f"Slack cannot be reached at {client.base_url} ({code})")
        _log.warning("Slack cannot be reached (%s); trying again in %s s", code, wait)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(service.stop.wait(), wait)
            return None
    return None


async def _serve_http(service: Service, application: SlackHttp) -> None:
    service.mounts[PREFIX] = application
    service.health["slack"] = lambda: {"http": True}
    service.say(f"slack: listening at {service.address}{PATH}")
    await service.drained.wait()
