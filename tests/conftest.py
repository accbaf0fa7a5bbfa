"""One bot for all tests: it holds nothing but the knowledge."""

from functools import cache

import pytest

from bot import load
from bot.app import Bot

_loaded = cache(load)  # once in a process, though `make mutate` runs the tests many times in one


@pytest.fixture(scope="session")
def bot() -> Bot:
    """The bot with the built knowledge."""
    return _loaded()
