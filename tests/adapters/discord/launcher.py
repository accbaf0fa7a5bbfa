"""Starts the bot as `smtpbot` does, with discord.py pointed at the double; the product has no such hook.

TEST_DISCORD: where the double listens. TEST_SLOW: seconds that each answer to a text with "slowly" in it takes.
The rest of the command line is smtpbot's own.
"""

import os
import sys
import time

import discord
import yarl
from discord import asset, gateway, http

from bot import __main__ as door
from bot.app import Bot


class SlowBot(Bot):
    """Takes its time over one word, and fails over another."""

    def answer(self, text, via="slash", drafts=False):  # type: ignore[no-untyped-def]
        if text.startswith("boom kim@example.com"):
            raise ValueError(text)
        if "slowly" in text:
            time.sleep(float(os.environ.get("TEST_SLOW", "0")))
        return super().answer(text, via, drafts)


if __name__ == "__main__":
    base = os.environ.pop("TEST_DISCORD")
    assert discord.__version__.startswith("2.")
    http.Route.BASE = f"{base}/api/v10"
    gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(f"{base.replace('http', 'ws')}/gateway")
    asset.Asset.BASE = f"{base}/files"
    import adapters.serve

    adapters.serve.Bot = SlowBot  # type: ignore[misc]
    sys.exit(door.main())
