"""The terminal: ask, explain, chat and batch."""
