"""smtpbot: explains mail errors. `load()` gives the bot, `load().answer(text)` its reply to one text."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import Bot

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def load() -> "Bot":
    """A bot with the built knowledge; DataError (with the command that mends it) where there is none."""
    from bot.app import Bot

    return Bot.load()
