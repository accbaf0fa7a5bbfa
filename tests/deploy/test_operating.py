"""docs/operating.md: what it names is there, and its commands for a backup bring everything back."""

import asyncio
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
import yaml

from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.upgrading import upgrade
from bot.settings import SETTINGS
from bot.storage import Place
from tests.deploy.tools import DEPLOY, ROOT, need
from tests.scale.postgres import Postgres, find_programs

PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")
ROWS = [line.split(" | ") for line in PAGE.partition("## What to do when")[2].splitlines() if line.startswith("| ")][1:]
PLACE = Place("slack", "T1", "C1")


def block(title: str) -> list[str]:
    """The commands of a section."""
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (found,) = [text for text in section if text.startswith(title)]
    return [line for code in re.findall(r"```sh\n(.*?)```", found, re.DOTALL) for line in code.splitlines()]


def test_links_and_files_are_there() -> None:
    """Beside the page, and in commands."""
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert links and [link for link in links if not (ROOT / "docs" / link).exists()] == []
    files = re.findall(r"(?<![\w/.])deploy/[\w./-]*\w", PAGE)
    made_by_then = {"deploy/secrets", "deploy/secrets/slack_bot_token", "deploy/secrets/slack_signing_secret"}
    assert [name for name in files if name not in made_by_then and not (ROOT / name).exists()] == []


def test_every_setting_named_is_one() -> None:
    """None misspelled."""
    named = set(re.findall(r"\b(?:SMTPBOT|SLACK|DISCORD)_[A-Z_]+\b", PAGE))
    assert named <= {setting.name for setting in SETTINGS}


def test_every_alert_has_its_row() -> None:
    """And no row is about an alert that is not there."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert {name for row in ROWS for name in re.findall(r"Smtpbot\w+", row[0])} == alerts


def test_every_sentence_of_the_log_is_one_that_the_bot_says() -> None:
    """As it stands in the code."""
    code = "".join(path.read_text("utf-8") for path in (ROOT / "adapters").rglob("*.py"))
    quoted = [words for row in ROWS for words in re.findall(r"`([^`]+)`", row[0]) if " " in words]
    assert len(quoted) > 8
    assert [words for words in quoted if words not in code] == []


def test_sqlite_file_is_backed_up_while_it_is_used(tmp_path: Path) -> None:
    """By the command on the page."""
    need("sqlite3")
    live, copy = tmp_path / "smtpbot.sqlite3", tmp_path / "copy.sqlite3"
    url = read_url(f"sqlite:///{live}")
    upgrade(url)

    async def back_up() -> None:
        store = DatabaseStore(url)
        await store.set_setting(PLACE, "watch", "on")
        (command,) = [line for line in block("Backup") if "sqlite3" in line]
        command = command.removeprefix("sudo ").replace("/var/lib/smtpbot/smtpbot.sqlite3", str(live))
        subprocess.run(command.replace("/root/smtpbot.sqlite3", str(copy)), shell=True, check=True)
        await store.close()

    asyncio.run(back_up())
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT value FROM settings").fetchall() == [("on",)]
    connection.close()


@pytest.mark.slow
def test_postgresql_is_restored_from_its_dump(tmp_path: Path) -> None:
    """By the commands on the page; what came after the dump is gone."""
    server = Postgres()
    url, dump = read_url(server.url), [line for line in block("Backup") if line.startswith("pg_")]
    environment = {"DATABASE_URL": server.url, "PATH": str(find_programs())}

    def run(command: str) -> None:
        subprocess.run(command, shell=True, check=True, cwd=tmp_path, env=environment)

    async def check() -> None:
        store = DatabaseStore(url)
        await store.set_setting(PLACE, "watch", "on")
        run(dump[0])
        await store.set_setting(PLACE, "watch", "off")
        run(dump[1])
        assert await store.find_settings(PLACE) == {"watch": "on"}
        await store.close()

    try:
        upgrade(url)
        asyncio.run(check())
    finally:
        server.remove()
