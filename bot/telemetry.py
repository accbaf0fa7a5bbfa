"""Counts and timings by name, and log lines without content: ids, kinds, durations; never what somebody wrote."""

import json
import logging
import re
import sys
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import PurePath
from traceback import extract_tb

from bot.model import Reply
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


# Upper bounds in seconds of the classes in which durations are counted.
BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
MAX_WAITING = 10_000  # rows that wait to be written, while the store is gone
DAY = 86_400  # seconds
Told = tuple[str, str, str, str]  # platform, kind, cause, provider
Row = tuple[int, str, str, str, str, str]  # day since 1970 (UTC), platform, tenant, kind, cause, provider


@dataclass(slots=True)
class Durations:
    """How many took how long: a count for each of BOUNDS and one for all that took longer, and the seconds in all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Telemetry:
    """Counts and durations of this process, by names fixed in the code; and the rows of statistics not yet written."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._told: Counter[Told] = Counter()
        self._durations: defaultdict[tuple[str, str], Durations] = defaultdict(Durations)
        self._votes: Counter[tuple[str, bool]] = Counter()
        self._rows: Counter[Row] = Counter()
        self._dropped = 0
        self._lock = threading.Lock()

    def note_reply(self, platform: str, tenant: str, reply: Reply, seconds: float) -> None:
        """One reply, and how long it took; an answer once for each cause and provider in it, whoever's mail it was."""
        kind, day = reply.kind, int(time.time()) // DAY
        causes: set[tuple[str, str]] = set()
        if reply.answered:
            causes = {(one.verdict.cause, one.verdict.provider or "") for one in reply.answers} or {("", "")}
        with self._lock:
            self._durations[platform, kind].add(seconds)
            for cause, provider in causes:
                self._told[platform, kind, cause, provider] += 1
                self._keep((day, platform, tenant, kind, cause, provider), 1)

    def note_vote(self, platform: str, right: bool) -> None:
        """Somebody marked an answer right or wrong."""
        with self._lock:
            self._votes[platform, right] += 1

    def take_rows(self) -> dict[Row, int]:
        """What was answered since the last call, for the statistics."""
        with self._lock:
            taken, self._rows = self._rows, Counter()
        return taken

    def give_back(self, rows: dict[Row, int]) -> None:
        """Rows that could not be written; the next call of take_rows has them again."""
        with self._lock:
            for row, number in rows.items():
                self._keep(row, number)

    def replies(self) -> tuple[dict[Told, int], dict[tuple[str, str], Durations], dict[tuple[str, bool], int]]:
        """Answers by platform, kind, cause and provider; durations of all replies by platform and kind; votes."""
        with self._lock:
            kept = {key: Durations(list(one.counts), one.seconds) for key, one in self._durations.items()}
            return dict(self._told), kept, dict(self._votes)

    @property
    def dropped(self) -> int:
        """Answers left out of the statistics since too many rows waited."""
        return self._dropped

    def _keep(self, row: Row, number: int) -> None:
        if row in self._rows or len(self._rows) < MAX_WAITING:
            self._rows[row] += number
        else:
            self._dropped += number

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
