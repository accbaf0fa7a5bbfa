"""The tables. A change here needs a migration beside it; a test compares the two."""

from sqlalchemy import Boolean, Column, Date, Double, Index, Integer, LargeBinary, MetaData, String, Table

# Names of constraints, so that a migration can name them on every database.
METADATA = MetaData(naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"})

# Times are seconds since 1970 (UTC), by the clock of the process that writes.
CLAIMS = Table(
    "claims", METADATA,
    Column("key", String(512), primary_key=True),
    Column("answered", Boolean, nullable=False),
    Column("expires", Double, nullable=False),
    Index(None, "expires"),
)  # fmt: skip
SETTINGS = Table(
    "settings", METADATA,
    Column("platform", String(32), primary_key=True),
    Column("tenant", String(128), primary_key=True),
    Column("channel", String(128), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", String(1_024), nullable=False),
)  # fmt: skip
INSTALLS = Table(
    "installs", METADATA,
    Column("platform", String(32), primary_key=True),
    Column("tenant", String(128), primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)  # fmt: skip
COUNTS = Table(
    "counts", METADATA,
    Column("day", Date, primary_key=True),
    Column("platform", String(32), primary_key=True),
    Column("tenant", String(128), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("cause", String(64), primary_key=True),
    Column("provider", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    Index(None, "platform", "tenant", "day"),
)  # fmt: skip
VOTES = Table(
    "votes", METADATA,
    Column("key", String(128), primary_key=True),
    Column("day", Date, nullable=False),
    Column("platform", String(32), nullable=False),
    Column("tenant", String(128), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("is_right", Boolean, nullable=False),
    Index(None, "day"),
    Index(None, "platform", "tenant", "day"),
)  # fmt: skip
LEASES = Table(
    "leases", METADATA,
    Column("name", String(128), primary_key=True),
    Column("expires", Double, nullable=False),
)  # fmt: skip
