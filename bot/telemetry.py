"""Counts and timings by name, and log lines without content: ids, kinds, durations; never what somebody wrote."""

import json
import logging
import re
import sys
import threading
from collections import Counter, defaultdict
from pathlib import PurePath
from traceback import extract_tb

from bot.redaction import redact

_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*")
# Libraries that write requests, bodies or tokens into their lines; what they warn of is still logged.
CHATTY = (
    "slack_bolt",
    "slack_sdk",
    "aiohttp",
    "asyncio",
    "uvicorn",
    "discord",
    "aiosqlite",
    "sqlalchemy",
    "alembic",
    "psycopg",
)


class Telemetry:
    """Counts and sums of durations, by names fixed in the code."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def count(self, name: str, seconds: float | None = None) -> None:
        """One more of `name`, and how long it took; ValueError for a name that could hold content."""
        if name not in self._counts and not _NAME.fullmatch(name):
            raise ValueError("telemetry names are lower-case words joined by dots")
        with self._lock:
            self._counts[name] += 1
            if seconds is not None:
                self._seconds[name] += seconds

    def snapshot(self) -> dict[str, tuple[int, float]]:
        """Each name with its count and its seconds in all."""
        with self._lock:
            return {name: (count, self._seconds[name]) for name, count in sorted(self._counts.items())}


class RedactingFilter(logging.Filter):
    """Lets every record pass, with its message redacted and its exception cut down to type and places."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true; changes the record."""
        message = redact(record.getMessage(), self._secrets)
        if record.exc_info and record.exc_info[1]:
            message = f"{message} [{describe(record.exc_info[1])}]"
        record.msg, record.args = message, None
        record.exc_info, record.exc_text, record.stack_info = None, None, None
        return True


def describe(error: BaseException) -> str:
    """An exception by its type and the places it went through; its own words may quote what somebody wrote."""
    places = extract_tb(error.__traceback__)[-4:]
    return " < ".join(
        [type(error).__name__, *(f"{PurePath(place.filename).name}:{place.lineno}" for place in reversed(places))]
    )


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(fields, ensure_ascii=False)


def start_logging(level: str = "info", form: str = "text", secrets: tuple[str, ...] = ()) -> None:
    """All logs of this process to standard error, through the redaction; chatty libraries from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RedactingFilter(secrets))
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(_JsonLines() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
