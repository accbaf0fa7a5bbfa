"""Indexes by which the numbers of one workspace are found among those of thousands."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the tables of the first release."""
    op.create_index("ix_counts_platform", "counts", ["platform", "tenant", "day"])
    op.create_index("ix_votes_platform", "votes", ["platform", "tenant", "day"])
