"""One bot for all tests: it holds nothing but the knowledge."""

import pytest

from bot import load
from bot.app import Bot


@pytest.fixture(scope="session")
def bot() -> Bot:
    """The bot with the built knowledge."""
    return load()
