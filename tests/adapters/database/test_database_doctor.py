"""What `smtpbot doctor` says of databases of every kind."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from adapters.checks import Check
from adapters.database import doctor
from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.upgrading import connected, upgrade
from adapters.vault import Vault
from bot.settings import Settings
from tests.adapters.conftest import SERVER
from tests.adapters.database.conftest import make_empty

KEY, OTHER = "A" * 43 + "=", "B" * 42 + "A="


def examine(url: URL, **settings: object) -> list[Check]:
    """The checks with this database."""
    text = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
    return list(doctor.examine(Settings(database_url=text, **settings)))  # type: ignore[arg-type]


def rows(url: URL) -> int:
    """How many tables and leases there are."""
    with connected(url) as connection:
        listed = "sqlite_master" if connection.dialect.name == "sqlite" else "pg_tables WHERE schemaname = 'public'"
        tables = connection.exec_driver_sql(f"SELECT count(*) FROM {listed}").scalar_one()
        return int(tables) + int(connection.exec_driver_sql("SELECT count(*) FROM leases").scalar_one())


def test_current_tables_are_well_and_nothing_stays(url: URL) -> None:
    """What is tried is rolled back."""
    before = rows(url)
    (check,) = examine(url)
    assert check.state == "ok" and check.told.endswith("writable, the tables are those of this version")
    assert rows(url) == before


def test_older_tables_are_a_problem_only_where_serve_leaves_them(empty: URL) -> None:
    """Empty is older than anything."""
    assert [check.state for check in examine(empty)] == ["ok"]
    (check,) = examine(empty, database_migrate=False)
    assert (check.state, check.mend) == ("problem", "run: smtpbot database upgrade")


def test_newer_tables_are_a_problem(url: URL) -> None:
    """Of a version that is not here."""
    with connected(url) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    (check,) = examine(url)
    assert check.state == "problem" and check.mend.startswith("install the newer smtpbot")


def test_database_out_of_reach_is_a_problem_without_its_password() -> None:
    """And says what happens meanwhile."""
    (check,) = doctor.examine(Settings(database_url="postgresql://bot:very-secret@127.0.0.1:1/smtpbot"))
    assert check.state == "problem" and "cannot be reached" in check.told and "keeps nothing lasting" in check.mend
    assert "very-secret" not in check.told


@pytest.mark.parametrize("has_tables", [True, False])
def test_database_that_cannot_be_written_to_is_a_problem(request: pytest.FixtureRequest, has_tables: bool) -> None:
    """A replica, or a user without the rights."""
    url = make_empty("postgres", request)
    if has_tables:
        upgrade(url)
    alter = f'ALTER DATABASE "{url.database}" SET default_transaction_read_only'
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"{alter} = on")
        try:
            (check,) = examine(url)
        finally:
            server.execute(f"{alter} = off")
    assert check.state == "problem" and "cannot be written to (ReadOnlySqlTransaction)" in check.told


def test_several_processes_on_one_file_are_a_warning(tmp_path: Path) -> None:
    """They cannot be on several machines."""
    checks = examine(read_url(f"sqlite:///{tmp_path / 'store.sqlite3'}"), discord_processes=2)
    assert [check.state for check in checks] == ["ok", "warning"] and "PostgreSQL" in checks[1].mend


def test_state_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    """Where no database is named."""
    (tmp_path / "file").touch()
    (check,) = doctor.examine(Settings(state_dir=tmp_path / "file" / "state"))
    assert check.state == "problem" and "SMTPBOT_STATE_DIR" in check.told


@pytest.mark.parametrize(
    ("keys", "state"), [((KEY,), "ok"), ((OTHER, KEY), "ok"), ((OTHER,), "problem"), ((), "problem")]
)
def test_installs_have_to_be_readable(url: URL, keys: tuple[str, ...], state: str) -> None:
    """With one of the keys."""

    async def save() -> None:
        store = DatabaseStore(url)
        await store.save_install("slack", "/T1", Vault((KEY,)).seal(b"{}"))
        await store.close()

    asyncio.run(save())
    check = examine(url, encryption_keys=keys, slack_client_id="1.2")[-1]
    assert (check.name, check.state) == ("installs", state) and bool(check.mend) == (state != "ok")
