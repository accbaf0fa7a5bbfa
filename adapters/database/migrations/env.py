"""Alembic's way in: runs the steps on the connection that adapters.database.upgrading opened."""

from alembic import context

from adapters.database.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
