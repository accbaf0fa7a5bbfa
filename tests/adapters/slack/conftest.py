"""The Slack server, our bot beside it on both transports, and the rule when these tests may be skipped."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.slack.house import APPS, House, Installed, end, find_obstacle, open_house, wait_for

LAUNCHER = Path(__file__).with_name("launcher.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The log test reads what all others made the bot write, so it comes last."""
    items.sort(key=lambda item: item.path.name == "test_slack_logs.py")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The namespace with the Slack server; skips, or fails where SMTPBOT_REQUIRE names slack."""
    obstacle = find_obstacle()
    if obstacle:
        required = "slack" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)(obstacle)
    with open_house(tmp_path_factory.mktemp("slack")) as opened:
        yield opened


@pytest.fixture(scope="session")
def bots(house: House) -> Iterator[dict[str, Installed]]:
    """Our bot, once over HTTP and once over Socket Mode, in the same workspace."""
    apps = {name: APPS[name] for name in ("http", "socket")}
    processes = [house.start(sys.executable, LAUNCHER, TEST_SLOW="3.2", **app.settings) for app in apps.values()]
    try:
        wait_for(lambda: house.request(apps["http"].port, "GET", "/readyz")[0] == 200)
        wait_for(lambda: house.request(apps["socket"].port, "GET", "/readyz")[0] == 200)
        yield apps
    finally:
        statuses = [end(process) for process in processes]
    assert statuses == [0, 0]


@pytest.fixture
def http(bots: dict[str, Installed]) -> Installed:
    """The bot over signed HTTP."""
    return bots["http"]


@pytest.fixture(params=["http", "socket"])
def app(request: pytest.FixtureRequest, bots: dict[str, Installed]) -> Installed:
    """The bot over each transport."""
    return bots[request.param]
