"""Discord: slash command, message command, mentions, direct messages and watched channels over the gateway.

Importing this does not load discord.py, so that a program without Discord does without it.
"""

from bot.settings import Settings

PLATFORM = "discord"  # in the store and in the numbers


def find_reason_off(settings: Settings) -> str | None:
    """Why Discord does not run with these settings; None where it does."""
    return None if settings.discord_token else "DISCORD_TOKEN is not set"
