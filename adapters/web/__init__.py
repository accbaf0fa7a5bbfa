"""The web page and the JSON API."""

from bot.settings import Settings


def find_reason_off(settings: Settings) -> str | None:
    """None: the page needs no settings."""
    return None
