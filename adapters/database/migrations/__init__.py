"""How the tables came to be, one step a version; written with Alembic."""
