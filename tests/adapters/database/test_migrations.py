"""Every schema that was ever released moves up to this version's, with all that it holds."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import URL, Connection, MetaData, Table, insert, select

from adapters.database import upgrading
from adapters.database.upgrading import _alone, _migrate, connected

REVISIONS = ["0001"]  # the last of each release; a release adds its own here
VALUES: dict[type, Any] = {str: "x", bytes: b"x", int: 1, float: 4e9, bool: True, date: date(2026, 11, 23)}


def fill(connection: Connection) -> dict[str, list[Any]]:
    """A row in each table; all of them."""
    metadata = MetaData()
    metadata.reflect(connection)
    rows = {}
    for table in metadata.tables.values():
        if table.name != "alembic_version":
            row = {column.name: VALUES[column.type.python_type] for column in table.columns}
            connection.execute(insert(table).values(**row))
            rows[table.name] = [row]
    return rows


@pytest.mark.parametrize("revision", REVISIONS)
def test_released_schema_moves_up_with_what_it_holds(empty: URL, revision: str) -> None:
    """On both databases; every column that was there holds what it held."""
    with _alone(empty) as connection:
        _migrate(connection, revision)
        held = fill(connection)
    assert set(held) >= {"claims", "settings", "installs", "counts", "votes", "leases"}
    upgrading.upgrade(empty)
    assert upgrading.find_state(empty) == "current"
    with connected(empty) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        for name, rows in held.items():
            table: Table = metadata.tables[name]
            found = [dict(row._mapping) for row in connection.execute(select(*(table.c[column] for column in rows[0])))]
            assert found == rows, name


def test_every_revision_but_those_to_come_is_listed() -> None:
    """So that a release does not forget its own: each listed revision is there, in order."""
    assert [revision for revision in upgrading.REVISIONS if revision in REVISIONS] == REVISIONS
