"""Starts the bot as `smtpbot` does, with claims of the dead that end after TEST_LEASE seconds instead of half a minute."""

import os
import sys
from functools import partial

from adapters.database import opening
from adapters.database.store import DatabaseStore
from adapters.slack import sending
from bot import __main__ as door

if __name__ == "__main__":
    if "TEST_LEASE" in os.environ:
        lease = float(os.environ["TEST_LEASE"])
        opening.DatabaseStore = partial(DatabaseStore, lease=lease)  # type: ignore[misc, assignment]
        sending.OLD = lease / 2  # type: ignore[misc]
    sys.exit(door.main())
