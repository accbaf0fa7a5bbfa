"""What supervisors ask: /healthz (alive), /readyz (store and adapters, each named), /metrics (Prometheus)."""

import asyncio
import json
import time
from urllib.parse import parse_qs

from adapters.metrics import CONTENT_TYPE, Metrics
from adapters.service import Receive, Scope, Send, Service
from bot.errors import StoreError

STORE = "store"
STORE_WITHIN = 2.0  # seconds for the store to answer
STORE_AGAIN = 1.0  # seconds before it is asked again, however often readiness is
_PLAIN = b"text/plain;charset=utf-8"


class Probes:
    """The ASGI application behind the three paths."""

    paths = frozenset(("/healthz", "/readyz", "/metrics"))

    def __init__(self, service: Service) -> None:
        self._service, self._metrics = service, Metrics(service)
        self._asking = asyncio.Lock()
        self._asked, self._store_ready = float("-inf"), False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one probe."""
        if scope["method"] not in ("GET", "HEAD"):
            return await _send(send, 405, b"GET only", ((b"allow", b"GET, HEAD"),))
        if scope["path"] == "/healthz":
            return await _send(send, 200, b"ok")
        parts = await self.find_parts()
        if scope["path"] == "/metrics":
            return await _send(send, 200, self._metrics.write(parts), kind=CONTENT_TYPE)
        excluded = parse_qs(scope["query_string"].decode("latin-1")).get("exclude", [])
        missing = [part for part, ready in parts.items() if not ready and part.partition(".")[0] not in excluded]
        told = {"ready": not missing, "not_ready": missing, "parts": parts}
        await _send(send, 503 if missing else 200, json.dumps(told).encode(), kind=b"application/json")

    async def find_parts(self) -> dict[str, bool]:
        """Each part of the program by name, and whether it is ready: the store, then every part of every adapter."""
        parts = {STORE: await self._ask_store()}
        for adapter, read in self._service.health.items():
            parts |= {f"{adapter}.{part}": ready for part, ready in read().items()}
        return parts

    async def all_started(self) -> bool:
        """Whether every adapter is ready, so that a path nobody serves is nobody's."""
        return all(ready for read in self._service.health.values() for ready in read().values())

    async def refuse_unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing is served at this path."""
        await _send(send, 404, b"not found")

    async def refuse_early(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What serves this path may still be starting."""
        await _send(send, 503, b"starting", ((b"retry-after", b"2"),))

    async def _ask_store(self) -> bool:
        async with self._asking:
            if time.monotonic() - self._asked >= STORE_AGAIN:
                try:
                    async with asyncio.timeout(STORE_WITHIN):
                        await self._service.store.check()
                    self._store_ready = True
                except (StoreError, TimeoutError):
                    self._store_ready = False
                self._asked = time.monotonic()
            return self._store_ready


async def _send(
    send: Send, status: int, body: bytes, more: tuple[tuple[bytes, bytes], ...] = (), kind: bytes = _PLAIN
) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
