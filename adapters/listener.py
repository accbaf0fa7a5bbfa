"""The one HTTP listener of a program: what adapters mount, by path prefix, and the probes /healthz, /readyz, /metrics."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from adapters.probes import Probes
from adapters.service import ASGIApp, Receive, Scope, Send, Service
from bot.errors import SettingsError
from bot.settings import Settings

DRAIN = 20  # seconds for running answers after SIGTERM


def bind(settings: Settings) -> socket.socket:
    """The socket that is listened on, so that a port in use is known before anything starts; port 0 takes a free one."""
    host, port = settings.listen
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()  # from here on the port is ours, and who connects waits for the start
    except OSError as error:
        listening.close()
        raise SettingsError(f"SMTPBOT_LISTEN: cannot listen at {host}:{port}: {error.strerror}") from None
    return listening


def address_of(listening: socket.socket) -> str:
    """Where a socket is reached, as an address to open."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Routes:
    """The ASGI application: a request goes to the longest prefix that fits; before an adapter is ready it is asked back."""

    def __init__(self, service: Service) -> None:
        self._mounts, self._probes = service.mounts, Probes(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not served")
        path = scope["path"]
        found = self._probes if path in self._probes.paths else self._find_mount(path)
        if found is None:  # Slack and other clients ask again after 503, not after 404
            found = self._probes.refuse_unknown if await self._probes.all_started() else self._probes.refuse_early
        await found(scope, receive, send)

    def _find_mount(self, path: str) -> ASGIApp | None:
        best = ""
        for prefix in self._mounts:
            if len(prefix) > len(best) and path.startswith(prefix):
                best = prefix
        return self._mounts.get(best)


def build_app(service: Service) -> ASGIApp:
    """What the listener serves; it believes X-Forwarded-For from the trusted proxies alone."""
    trusted = [str(network) for network in service.settings.trusted_proxies]
    routes = Routes(service)
    return ProxyHeadersMiddleware(routes, trusted) if trusted else routes  # type: ignore[arg-type, return-value]  # its types say less than ASGI allows


class _Server(uvicorn.Server):
    """Leaves the signals to the program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(service: Service, listening: socket.socket) -> None:
    """Serve until the service stops: nothing new is accepted then, and running answers are finished."""
    config = uvicorn.Config(
        build_app(service), lifespan="off", ws="none", access_log=False, log_config=None, server_header=False,
        timeout_graceful_shutdown=DRAIN, proxy_headers=False,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(service.stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        try:
            await serving
        finally:
            service.drained.set()
