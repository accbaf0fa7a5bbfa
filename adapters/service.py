"""What every adapter that serves gets: settings, the bot, the store, telemetry, and the moment to stop."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.app import Bot
from bot.settings import Settings
from bot.storage import Store
from bot.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Service:
    """One running program; `stop` is set when it is to end."""

    settings: Settings
    bot: Bot
    store: Store
    telemetry: Telemetry = field(default_factory=Telemetry)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    health: dict[str, Callable[[], dict[str, bool]]] = field(
        default_factory=dict
    )  # by adapter: its parts, ready or not

    def say(self, line: str) -> None:
        """Tell the person who started the program."""
        print(line, file=sys.stderr, flush=True)
