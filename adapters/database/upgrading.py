"""Moves a database to this version's tables, one process at a time, and says where it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import URL, Connection, create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from adapters.database.engine import CONNECT_WITHIN
from bot.errors import StoreError

WAIT = 60  # seconds for another process that is migrating
# The numbers of the migrations, oldest first, as their files are named; a test compares them with what is in the files.
REVISIONS = sorted(path.name[1:5] for path in Path(__file__).parent.glob("migrations/versions/v[0-9]*.py"))
_AT = "alembic_version"  # the table where a database says which one it is at
_LOCK = 7_367_420  # of PostgreSQL's advisory locks; any number nobody else takes

State = Literal["current", "behind", "newer"]


def upgrade(url: URL) -> bool:
    """Bring the tables up to date; whether there was anything to do. StoreError where the database is out of reach."""
    with _alone(url) as connection:
        if _state(connection) != "behind":
            return False
        _migrate(connection)
        return True


def find_state(url: URL) -> State:
    """Where the tables stand: `behind` needs an upgrade, `newer` a newer program. StoreError where it is out of reach."""
    with connected(url) as connection:
        return _state(connection)


def _state(connection: Connection) -> State:
    at = None
    if inspect(connection).has_table(_AT):
        at = connection.exec_driver_sql(f"SELECT version_num FROM {_AT}").scalar()  # noqa: S608 - a constant
    if at is not None and at not in REVISIONS:
        return "newer"
    return "current" if at == REVISIONS[-1] else "behind"


def _migrate(connection: Connection, revision: str = "head") -> None:
    from alembic import command  # a tenth of the program's memory, and needed once a version
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", "adapters.database:migrations")
    made.attributes["connection"] = connection
    command.upgrade(made, revision)


@contextmanager
def connected(url: URL) -> Iterator[Connection]:
    """A connection outside any transaction; StoreError where the database is out of reach."""
    is_file = url.get_backend_name() == "sqlite"
    arguments = {"timeout": WAIT} if is_file else {"connect_timeout": CONNECT_WITHIN}
    plain = url.set(drivername="sqlite") if is_file else url
    engine = create_engine(plain, connect_args=arguments, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database cannot be reached ({type(error).__name__})") from None
    finally:
        engine.dispose()


@contextmanager
def _alone(url: URL) -> Iterator[Connection]:
    """A connection in one transaction that no other process migrates beside; nothing is kept where a step fails."""
    with connected(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        try:
            yield connection
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
