"""What stands before every request: the limit per client, the headers that keep a browser safe, the last resort."""

import ipaddress
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from adapters.faults import tell_fault
from bot.telemetry import Telemetry

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
# status, a sentence for its reader, and further headers -> the application that says so
Refuse = Callable[[Scope, int, str, dict[str, str]], ASGIApp]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
STATIC = "/static/"
SLOW_DOWN = "Too many requests at once. Please wait {seconds} seconds."


class Guard:
    """The ASGI application around the page: counts requests per client, adds headers, and keeps faults to itself."""

    def __init__(self, app: ASGIApp, refuse: Refuse, telemetry: Telemetry, per_minute: int) -> None:
        self._app, self._refuse, self._telemetry = app, refuse, telemetry
        self._rate = parse(f"{per_minute}/minute")
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": [*message["headers"], *_RAW]}
            await send(message)

        try:
            app = await self._find_refusal(scope) or self._app
            await app(scope, receive, send_guarded)
        except Exception as error:
            told = tell_fault("web", error, self._telemetry)
            if not started:
                await self._refuse(scope, 500, told, {})(scope, receive, send_guarded)

    async def _find_refusal(self, scope: Scope) -> ASGIApp | None:
        """What is said to a client that asks too much; None for all others."""
        if scope["path"].startswith(STATIC):
            return None
        client = client_key(scope)
        if await self._limiter.hit(self._rate, client):
            return None
        ends, _ = await self._limiter.get_window_stats(self._rate, client)
        wait = str(max(1, math.ceil(ends - time.time())))
        self._telemetry.count("web.slowed")
        return self._refuse(scope, 429, SLOW_DOWN.replace("{seconds}", wait), {"retry-after": wait})


_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


def client_key(scope: Scope) -> str:
    """Who asks: an IPv4 address, or the network of an IPv6 one, since every customer line has a whole /64.

    The listener has put the address here that a trusted proxy names; one that a client makes up stands nowhere.
    """
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host or "unknown"
    mapped = getattr(address, "ipv4_mapped", None)
    if address.version == 4 or mapped:
        return str(mapped or address)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
