"""Starts the bot as `smtpbot` does, with discord.py pointed at the double; the product has no such hook.

TEST_DISCORD: where the double listens. TEST_SLOW: seconds that each answer to a text with "slowly" in it takes.
TEST_STORE: a SQLite file that processes share as their store. TEST_WINDOW: seconds until the next process may identify
with the same shard, else Discord's five. The rest of the command line is smtpbot's own.
"""

import os
import sys
import time
from functools import partial

import discord
import yarl
from discord import asset, gateway, http

from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.upgrading import upgrade
from bot import __main__ as door
from bot.app import Bot
from bot.settings import Settings
from bot.storage import Store


class SlowBot(Bot):
    """Takes its time over one word, and fails over another."""

    def answer(self, text, via="slash", drafts=False):  # type: ignore[no-untyped-def]
        if text.startswith("boom kim@example.com"):
            raise ValueError(text)
        if "slowly" in text:
            time.sleep(float(os.environ.get("TEST_SLOW", "0")))
        return super().answer(text, via, drafts)


async def _open_shared(_: Settings) -> Store:
    """The store in a SQLite file that several processes share; claims of the dead end after TEST_LEASE seconds."""
    url = read_url(f"sqlite:///{os.environ['TEST_STORE']}")
    upgrade(url)
    return DatabaseStore(url, lease=float(os.environ.get("TEST_LEASE", "20")))


if __name__ == "__main__":
    base = os.environ.pop("TEST_DISCORD")
    assert discord.__version__.startswith("2.")
    http.Route.BASE = f"{base}/api/v10"
    gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"{base.replace('http', 'ws')}/gateway")
    asset.Asset.BASE = f"{base}/files"
    import adapters.discord.app
    import adapters.discord.run
    import adapters.serve
    from adapters.discord.shards import IdentifyQueue

    adapters.serve.Bot = SlowBot  # type: ignore[misc]
    if "TEST_WINDOW" in os.environ:
        window = float(os.environ["TEST_WINDOW"])
        adapters.discord.run.IdentifyQueue = partial(IdentifyQueue, window=window)  # type: ignore[misc, assignment]
    if "TEST_STORE" in os.environ:
        serve = adapters.serve.run
        adapters.serve.run = lambda names, environ: serve(names, environ, _open_shared)  # type: ignore[assignment]
        adapters.discord.app.RETAKE = 0.2  # type: ignore[misc]
    sys.exit(door.main())
