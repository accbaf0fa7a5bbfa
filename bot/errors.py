"""What can go wrong, and the words a person gets for it."""


class BotError(Exception):
    """A problem with a text fit for the person who runs or asks the bot; only its children are raised."""

    exit_status = 3


class DataError(BotError):
    """The knowledge is broken or missing; names file, line, column and entry where they are known."""


class SettingsError(BotError):
    """Settings are missing or wrong; all problems of one reading are reported together."""


class UsageError(BotError):
    """The command line asks for something that does not exist."""

    exit_status = 2


class StoreError(BotError):
    """The store (the database) is out of reach."""
