"""One bot for all tests: it holds nothing but the knowledge. And which tests stay in one process."""

from pathlib import Path

import pytest

from bot import load
from bot.app import Bot

TOGETHER = ("slack", "discord")  # folders of adapters/ whose tests share servers, and whose logs are read at the end


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` runs them in several processes: such a folder stays in one, as every file does."""
    for item in items:
        path: Path = item.path
        shared = path.parent.name in TOGETHER
        item.add_marker(pytest.mark.xdist_group(path.parent.name if shared else path.stem))


@pytest.fixture(scope="session")
def bot() -> Bot:
    """The bot with the built knowledge."""
    return load()
