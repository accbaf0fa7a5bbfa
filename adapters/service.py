"""What every adapter that serves gets: settings, the bot, the store, telemetry, and the moment to stop."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from adapters.reload import Reloads
from bot.app import Bot
from bot.settings import Settings
from bot.storage import Store
from bot.telemetry import Telemetry

# The whole interface between the listener and what is mounted on it (ASGI 3).
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Service:
    """One running program; `stop` is set when it is to end, `drained` when no HTTP request is running anymore.

    An adapter that serves HTTP puts its application into `mounts` under a path prefix ("/slack/"); the longest prefix
    that fits serves a request. `address` is where the listener is, such as http://127.0.0.1:8451. An adapter keeps
    `health` from its first step on: its parts by name, ready or not.
    """

    settings: Settings
    bot: Bot
    store: Store
    telemetry: Telemetry = field(default_factory=Telemetry)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    mounts: dict[str, ASGIApp] = field(default_factory=dict)
    health: dict[str, Callable[[], dict[str, bool]]] = field(default_factory=dict)
    reloads: Reloads = field(default_factory=Reloads)
    address: str = ""

    def say(self, line: str) -> None:
        """Tell the person who started the program."""
        print(line, file=sys.stderr, flush=True)
