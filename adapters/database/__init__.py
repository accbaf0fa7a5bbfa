"""The Store's lasting form: SQLite in a file, or PostgreSQL for several processes."""
