"""One running page for all tests, and questions to it."""

from collections.abc import Iterator

import pytest

from bot.app import Bot
from tests.adapters.web.site import Site, open_site


@pytest.fixture(scope="session")
def site(bot: Bot) -> Iterator[Site]:
    """The page, served by uvicorn."""
    with open_site(bot) as opened:
        yield opened
