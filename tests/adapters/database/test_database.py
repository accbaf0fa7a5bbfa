"""Migrations, several processes on one database, and databases that fail."""

import asyncio
import io
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet
from sqlalchemy import URL, create_engine

from adapters.database import opening, upgrading
from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.tables import METADATA
from adapters.fallback import MAX_WAITING, FallbackStore
from adapters.vault import Vault
from bot.errors import SettingsError, StoreError
from bot.settings import Settings, read_settings
from bot.storage import Claim, Counted, MemoryStore, Place, Store, Total
from tests.adapters.database.conftest import make_empty
from tests.adapters.database.test_store_port import DAY, Clock
from tests.timing import WITHIN

KEYS = 300
RELEASED = ("0001", "0002")  # schemas that databases of operators have
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'smtpbot' AND datname = current_database()"
)
RACER = Path(__file__).with_name("racer.py")
ROOT = Path(__file__).parents[3]


def plain(url: URL) -> URL:
    """For a synchronous connection."""
    return url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else url


def test_migrations_make_the_tables_of_this_version(empty: URL) -> None:
    """Nothing is missing, nothing is left over; a second run finds nothing to do."""
    assert upgrading.find_state(empty) == "behind"
    assert upgrading.upgrade(empty)
    assert not upgrading.upgrade(empty)
    assert upgrading.find_state(empty) == "current"
    engine = create_engine(plain(empty))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_migrations_are_named_as_their_files_are() -> None:
    """Where a database stands is told without reading them."""
    made = Config()
    made.set_main_option("script_location", "adapters.database:migrations")
    scripts = list(ScriptDirectory.from_config(made).walk_revisions())
    assert [script.revision for script in scripts] == upgrading.REVISIONS[::-1]


@pytest.mark.parametrize("released", RELEASED)
def test_tables_of_every_release_are_brought_up_to_date(empty: URL, released: str) -> None:
    """With what is in them; the result is what this version makes itself."""
    engine = create_engine(plain(empty), isolation_level="AUTOCOMMIT")
    with engine.begin() as connection:
        upgrading._migrate(connection, released)
        connection.exec_driver_sql(
            "INSERT INTO counts VALUES ('2026-11-27', 'slack', '/T1', 'bounce', 'mailbox-full', 'google', 3)"
        )
    assert upgrading.find_state(empty) == ("current" if released == RELEASED[-1] else "behind")
    upgrading.upgrade(empty)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()

    async def run() -> list[Total]:
        store = DatabaseStore(empty)
        found = await store.find_totals(DAY, "slack", "/T1")
        await store.close()
        return found

    assert asyncio.run(run()) == [Total("bounce", "mailbox-full", "google", 3)]


def test_numbers_of_a_tenant_are_found_by_their_index(url: URL) -> None:
    """Among thousands of workspaces nobody reads all rows."""
    engine = create_engine(plain(url), isolation_level="AUTOCOMMIT")
    asked = "SELECT * FROM {} WHERE platform = 'slack' AND tenant = '/T1' AND day >= '2026-11-01'"
    with engine.connect() as connection:
        is_file = connection.dialect.name == "sqlite"
        if not is_file:
            connection.exec_driver_sql("SET enable_seqscan = off")  # an empty table is read whole otherwise
        for table in ("counts", "votes"):
            plan = connection.exec_driver_sql(("EXPLAIN QUERY PLAN " if is_file else "EXPLAIN ") + asked.format(table))
            assert f"ix_{table}_platform" in str(plan.all())
    engine.dispose()


def test_newer_database_is_left_alone(url: URL) -> None:
    """A program that was rolled back says so and touches nothing."""
    engine = create_engine(plain(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    settings = Settings(database_url=url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False))
    with pytest.raises(SettingsError, match="newer tables"):
        asyncio.run(opening.open_store(settings))


def test_tables_are_not_made_where_that_is_off(empty: URL) -> None:
    """The operator's migration job does it beforehand; the sentence names the command."""
    text = empty.set(drivername=empty.get_backend_name()).render_as_string(hide_password=False)
    with pytest.raises(SettingsError, match="smtpbot database upgrade"):
        asyncio.run(opening.open_store(Settings(database_url=text, database_migrate=False)))
    out = io.StringIO()
    assert opening.run("upgrade", Settings(database_url=text), out) == 0
    assert opening.run("check", Settings(database_url=text), out) == 0
    assert "upgraded" in out.getvalue()


def start(program: Path, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(program), *map(str, words)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_processes_take_each_key_once(url: URL) -> None:
    """Three processes, started at one word, race for the same three hundred claims."""
    text = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
    racing = [start(RACER, text, KEYS) for _ in range(3)]
    for process in racing:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in racing:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [int(key) for process in racing for key in process.communicate(timeout=120)[0].split()]
    assert all(process.returncode == 0 for process in racing)
    assert sorted(taken) == list(range(KEYS))


def test_processes_that_start_together_migrate_once(empty: URL, tmp_path: Path) -> None:
    """Replicas of a new version come up at the same time."""
    program = tmp_path / "upgrade.py"
    program.write_text(
        "import sys\nfrom adapters.database.engine import read_url\nfrom adapters.database.upgrading import upgrade\n"
        "print(upgrade(read_url(sys.argv[1])))\n"
    )
    text = empty.set(drivername=empty.get_backend_name()).render_as_string(hide_password=False)
    together = [start(program, text) for _ in range(4)]
    said = sorted(process.communicate(timeout=120)[0].strip() for process in together)
    assert said == ["False", "False", "False", "True"]


def test_what_has_expired_is_removed(url: URL) -> None:
    """Claims do not pile up."""

    async def run() -> int:
        clock = Clock()
        store = DatabaseStore(url, clock)
        for number in range(5):
            await store.mark_answered(f"k{number}")
        clock.now += 10_000
        await store.claim("new")
        from sqlalchemy import func, select

        from adapters.database.tables import CLAIMS

        rows = await store._run(select(func.count()).select_from(CLAIMS))
        await store.close()
        return int(rows[0][0])

    assert asyncio.run(run()) == 1


def test_cut_connections_are_made_again(request: pytest.FixtureRequest, postgres: str) -> None:
    """PostgreSQL restarts, or an operator ends our connections; the next call works."""
    url = make_empty("postgres", request)
    upgrading.upgrade(url)

    async def run() -> Claim:
        store = DatabaseStore(url)
        await store.claim("a")
        with psycopg.connect(postgres, autocommit=True) as server:
            server.execute(CUT)
        claimed = await store.claim("a")
        await store.close()
        return claimed

    assert asyncio.run(run()) == "busy"


@pytest.mark.parametrize("address", ["postgresql://nobody@127.0.0.1:9/none", "postgresql:///none?host=/nonexistent"])
def test_absent_database_is_told_in_time(address: str) -> None:
    """Within the limit of one call, without the password."""

    async def run() -> None:
        store = DatabaseStore(read_url(address))
        begun = time.monotonic()
        with pytest.raises(StoreError, match="does not answer"):
            await store.claim("a")
        assert time.monotonic() - begun < 4
        await store.close()

    asyncio.run(run())


def test_locked_file_is_told_in_time(tmp_path: Path) -> None:
    """Somebody holds the SQLite file; the answer does not wait for them."""
    url = read_url(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    upgrading.upgrade(url)
    engine = create_engine(plain(url), isolation_level="AUTOCOMMIT")

    async def run() -> None:
        store = DatabaseStore(url)
        with engine.connect() as other:
            other.exec_driver_sql("BEGIN IMMEDIATE")
            with pytest.raises(StoreError):
                await store.claim("a")
            other.exec_driver_sql("ROLLBACK")
        assert await store.claim("a") == "taken"
        await store.close()

    asyncio.run(run())
    engine.dispose()


def test_full_disk_is_told(tmp_path: Path) -> None:
    """SQLite may not grow any further: the claim is refused, and the fallback answers."""
    url = read_url(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    upgrading.upgrade(url)

    async def run() -> Claim:
        from sqlalchemy import event

        lasting = DatabaseStore(url)
        event.listen(lasting._engine.sync_engine, "connect", lambda made, _: made.execute("PRAGMA max_page_count=1"))
        with pytest.raises(StoreError):
            for number in range(20_000):
                await lasting.set_setting(Place("slack", "/T", f"C{number}"), "watch", "x" * 900)
        store = FallbackStore(lasting)
        claimed = await store.claim("a")
        await store.close()
        return claimed

    assert asyncio.run(run()) == "taken"


def test_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the setting to change."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="SMTPBOT_STATE_DIR"):
        opening.find_url(Settings(state_dir=tmp_path / "file" / "state"))


def test_default_is_a_file_for_this_user_alone(tmp_path: Path) -> None:
    """The folder is made with mode 0700."""
    settings = read_settings({"HOME": str(tmp_path)})
    url = opening.find_url(settings)
    assert Path(url.database or "").parent == tmp_path / ".local/state/smtpbot"
    assert (tmp_path / ".local/state/smtpbot").stat().st_mode & 0o777 == 0o700


class Flaky(MemoryStore):
    """A store that is out of reach when it is told to be."""

    gone = False

    async def _out(self) -> None:
        if self.gone:
            raise StoreError("the database does not answer")

    async def claim(self, key: str) -> Claim:
        await self._out()
        return await super().claim(key)

    async def mark_answered(self, key: str) -> None:
        await self._out()
        await super().mark_answered(key)

    async def find_settings(self, place: Place) -> dict[str, str]:
        await self._out()
        return await super().find_settings(place)

    async def set_setting(self, place: Place, name: str, value: str | None) -> None:
        await self._out()
        await super().set_setting(place, name, value)

    async def count(self, *counted: Counted) -> None:
        await self._out()
        await super().count(*counted)

    async def find_totals(self, since: date, platform: str, tenant: str) -> list[Total]:
        await self._out()
        return await super().find_totals(since, platform, tenant)

    async def check(self) -> None:
        await self._out()


def test_answers_go_on_without_the_database_and_nothing_counted_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    """Claims in memory, settings as last known, counts written when it is back; told once each way."""

    async def run() -> None:
        clock, lasting = Clock(), Flaky()
        store: Store = FallbackStore(lasting, clock)
        place, row = Place("slack", "/T1", "C1"), Counted(DAY, "slack", "/T1", "code")
        await store.set_setting(place, "watch", "on")
        assert await store.find_settings(place) == {"watch": "on"}
        lasting.gone = True
        assert [await store.claim("a"), await store.claim("a")] == ["taken", "busy"]
        await store.mark_answered("a")
        assert await store.find_settings(place) == {"watch": "on"}
        for _ in range(3):
            await store.count(row)
        with pytest.raises(StoreError):
            await store.set_setting(place, "watch", "off")
        with pytest.raises(StoreError):
            await store.check()
        lasting.gone = False
        clock.now += 10
        assert await store.claim("a") == "answered"
        await store.check()
        assert [one.number for one in await lasting.find_counts(DAY)] == [3]

    asyncio.run(run())
    told = [record.levelname for record in caplog.records if record.name == "smtpbot"]
    assert told == ["ERROR", "WARNING"]


class Silent(Flaky):
    """A store that, when it is gone, says nothing at all."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.back = asyncio.Event()

    async def _out(self) -> None:
        self.asked += 1
        if self.gone:
            await self.back.wait()


def test_only_the_first_answer_waits_for_a_silent_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not long; it is looked for beside the answers, and used again when it is back, with nobody asking."""
    monkeypatch.setattr("adapters.fallback.PATIENCE", 0.05)
    monkeypatch.setattr("adapters.fallback.RETRY", 0.01)

    async def run() -> None:
        lasting = Silent()
        store = FallbackStore(lasting, Clock())
        assert await store.claim("a") == "taken"
        lasting.gone = True
        assert await store.claim("b") == "taken"
        await store.count(Counted(DAY, "slack", "/T1", "code"))
        asked = lasting.asked
        assert [await store.claim(key) for key in "cdb"] == ["taken", "taken", "busy"]
        assert lasting.asked == asked
        lasting.gone = False
        lasting.back.set()
        while not await lasting.find_counts(DAY):
            await asyncio.sleep(0)
        assert await store.claim("e") == "taken" and lasting.is_held("e") and not lasting.is_held("b")
        await store.close()

    asyncio.run(asyncio.wait_for(run(), WITHIN))


def test_a_database_without_tables_is_not_used_before_they_are_made() -> None:
    """It answers, but nothing can be kept in it."""

    async def run() -> None:
        lasting, made = Flaky(), asyncio.Event()
        store = FallbackStore(lasting, Clock())
        store.start_without(made.wait())  # type: ignore[arg-type]
        assert await store.claim("a") == "taken" and not lasting.is_held("a")
        with pytest.raises(StoreError, match="since the start"):
            await store.check()
        made.set()
        await asyncio.sleep(0)
        await store.check()
        assert await store.claim("b") == "taken" and lasting.is_held("b")
        await store.close()

    asyncio.run(run())


def test_what_waits_is_bounded() -> None:
    """A database that is gone for days does not fill the memory."""

    async def run() -> int:
        lasting = Flaky()
        lasting.gone = True
        store = FallbackStore(lasting, Clock())
        for number in range(MAX_WAITING + 50):
            await store.count(Counted(DAY, "slack", f"/T{number}", "code"))
        return len(store._counts)

    assert asyncio.run(run()) == MAX_WAITING


def test_what_waits_is_written_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Where the database is back by then; what is lost is told."""

    async def run(gone: bool) -> int:
        lasting = Flaky()
        store = FallbackStore(lasting, Clock())
        lasting.gone = True
        await store.count(Counted(DAY, "slack", "/T1", "code"), Counted(DAY, "slack", "/T2", "code", number=2))
        with pytest.raises(StoreError):
            await store.find_totals(DAY, "slack", "/T1")
        lasting.gone = gone
        await store.close()
        lasting.gone = False
        return sum(one.number for one in await lasting.find_counts(DAY))

    assert asyncio.run(run(gone=False)) == 3
    assert "never written" not in caplog.text
    assert asyncio.run(run(gone=True)) == 0
    assert "3 counts and votes were never written" in caplog.text


def test_start_does_not_wait_for_a_database_that_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again beside the answers."""

    async def run() -> Claim:
        store = await opening.open_store(Settings(database_url="postgresql://nobody@127.0.0.1:9/none"))
        claimed = await store.claim("a")
        await store.close()
        return claimed

    assert asyncio.run(run()) == "taken"
    assert "starting without it" in caplog.text


def test_keys_rotate(url: URL) -> None:
    """What the old key encrypted is encrypted with the new one, and the old key can go."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    text = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)

    async def seal() -> None:
        store = DatabaseStore(url)
        await store.save_install("slack", "/T1", Vault((old,)).seal(b"a token"))
        await store.close()

    async def find() -> bytes:
        store = DatabaseStore(url)
        sealed = await store.find_install("slack", "/T1")
        await store.close()
        return sealed or b""

    asyncio.run(seal())
    assert b"a token" not in asyncio.run(find())
    with pytest.raises(SettingsError, match="lacks the key"):
        Vault((new,)).open(asyncio.run(find()))
    opening.run("rotate-keys", Settings(database_url=text, encryption_keys=(new, old)), io.StringIO())
    assert Vault((new,)).open(asyncio.run(find())) == b"a token"


@pytest.mark.parametrize("keys", [(), ("no key",)])
def test_missing_or_broken_keys_are_told(keys: tuple[str, ...]) -> None:
    """With the command that makes one, and without repeating what was set."""
    with pytest.raises(SettingsError, match="generate_key") as told:
        Vault(keys)
    assert "no key" not in str(told.value).replace("something that is no key", "")


def test_a_count_that_waits_already_is_added_to_when_no_more_rows_may_wait() -> None:
    """The bound is on rows, not on what they count."""

    async def run() -> int:
        lasting = Flaky()
        lasting.gone = True
        store = FallbackStore(lasting, Clock())
        for number in (*range(MAX_WAITING), 0):
            await store.count(Counted(DAY, "slack", f"/T{number}", "code"))
        return store._counts.total()

    assert asyncio.run(run()) == MAX_WAITING + 1


def test_what_was_dropped_is_told_when_the_database_is_back(caplog: pytest.LogCaptureFixture) -> None:
    """With its number, once."""

    async def run() -> None:
        clock, lasting = Clock(), Flaky()
        lasting.gone = True
        store = FallbackStore(lasting, clock)
        for number in range(MAX_WAITING + 3):
            await store.count(Counted(DAY, "slack", f"/T{number}", "code"))
        lasting.gone = False
        clock.now += 10
        await store.check()
        assert len(await lasting.find_counts(DAY)) == MAX_WAITING

    asyncio.run(run())
    assert caplog.text.count("3 counts and votes were dropped") == 1


def test_two_tasks_may_write_what_waited(caplog: pytest.LogCaptureFixture) -> None:
    """The database comes and goes, and each of them finds it back: nothing is written twice, nothing is lost."""

    class Slow(Flaky):
        written = 0

        async def vote(self, key: str, place: Place, day: date, right: bool) -> None:
            await asyncio.sleep(0)
            self.written += 1
            await super().vote(key, place, day, right)

    async def run() -> tuple[int, int, int]:
        lasting = Slow()
        lasting.gone = True
        store = FallbackStore(lasting, Clock())
        for number in range(5):
            await store.count(Counted(DAY, "slack", f"/T{number}", "code"))
            await store.vote(f"v{number}", Place("slack", "T", "C"), DAY, True)
        lasting.gone = False
        await asyncio.gather(store._write_waiting(), store._write_waiting())
        return len(await lasting.find_counts(DAY)), (await lasting.find_votes(DAY)).right, lasting.written

    assert asyncio.run(run()) == (5, 5, 5)
