"""A whole log file, streamed in constant memory: failures by cause, provider and recipient domain, the most frequent explained.

Bytes are searched for the signs of a failure; only lines that have one are read. One reason, its addresses, numbers and
ids left out, is diagnosed once and remembered.
"""

import csv
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from adapters.terminal.render import safe
from bot.app import Bot
from bot.deciding import decide
from bot.errors import UsageError
from bot.model import Failure
from bot.readers import logs

CHUNK = 1 << 20
HEAD = 1 << 16  # bytes of each chunk in which programs are looked for
MIN_LINES = 50  # fewer lines are read as a paste
MAX_LINE = 8_000
MAX_KEYS = 20_000  # reasons and domains remembered; the rarest are dropped past that
BEGINNING = 150  # bytes of a reason that tell it from others, in the faster of two memories
TOP = 10

_STAMP = re.compile(
    rb"^(?:<\d{1,3}>1? ?)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?[+-]\d\d:?\d\d|Z)?|@[0-9a-f]{24})"
)
# What tells a program apart, and what its failures and deliveries show. Postfix is always looked for.
_FAMILIES: dict[bytes, tuple[tuple[bytes, ...], tuple[bytes, ...]]] = {
    b"": ((b"status=bounced", b"status=deferred", b"reject: ", b"status=expired"), (b"status=sent",)),
    b"stat=": ((b"stat=User", b"stat=Deferred", b"stat=Service", b"stat=Host", b"stat=5", b"ruleset=check_", b"stat=Data", b"stat=Local", b"stat=Remote"), (b"stat=Sent",)),
    b" R=": ((b" ** ", b" == ", b" rejected ", b"authenticator failed"), (b" => ", b" -> ")),
    b" rejected ": ((b" rejected ", b"authenticator failed"), ()),
    b"delivery ": ((b": failure: ", b": deferral: "), (b": success: ",)),
    b"result=": ((b'result="', b"result=TempFail", b"result=PermFail"), ()),
    b"] [": ((b"] [outbound] recipient ", b"] [core] recipient "), (b"] [outbound] delivered ",)),
    b" INFO ": ((b"-rejected) ", b"(smtp.mailbox-does-not-exist)", b"(delivery.dsn-perm-fail)"), (b"(delivery.delivered)",)),
    b"rspamd": ((b"rspamd_task_write_log",), ()),
    b"amavis": ((b") Blocked ",), ()),
    b"SASL ": ((b"authentication failed",), ()),
}  # fmt: skip
_RECIPIENT = re.compile(
    rb"(?:\bto=<|\*\* |== |RCPT <|RCPT TO:<|-> <|rcpts: <|recipient <|\bto = \")[^@\s<>]{0,128}@([A-Za-z0-9.-]{1,255})"
)
_HOST = re.compile(rb"(?:\bH=|\brelay=\"?|\bhostname = \"|\bhost )([A-Za-z0-9.-]{1,255})")
# The parts of a reason that differ from one message to the next: everything with a digit, an at sign or an equals sign but a code.
_VARYING = re.compile(rb"(?<!\S)(?![245]\d\d[ -]|#?[245]\.\d{1,3}\.\d{1,3}[ :;)])\S*[\d@=]\S*")


@dataclass(slots=True)
class Reason:
    """One diagnosis. sort: failed, delayed or refused; codes as they stand; example: the first line that said so."""

    sort: str
    cause: str
    provider: str
    codes: str
    example: str
    count: int = 0


@dataclass
class Summary:
    """The counts of one log file; causes, providers and domains by (sort, name), reasons the most frequent first."""

    name: str
    lines: int = 0
    size: int = 0
    delivered: int = 0
    first: str | None = None
    last: str | None = None
    sorts: Counter[str] = field(default_factory=Counter)
    causes: Counter[tuple[str, str]] = field(default_factory=Counter)
    providers: Counter[tuple[str, str]] = field(default_factory=Counter)
    domains: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: list[Reason] = field(default_factory=list)
    dropped: bool = False  # whether rare domains were dropped to stay within MAX_KEYS


def is_log(path: Path) -> bool:
    """Whether a file is a whole log: many lines, nearly all of them dated, some of them a mail server's."""
    try:
        with _opened(path) as handle:
            head = handle.read(HEAD)
    except (OSError, EOFError):
        return False
    lines = head.split(b"\n")[:2_000]
    if len(lines) < MIN_LINES:
        return False
    dated = sum(1 for line in lines[:-1] if _STAMP.match(line))
    return dated * 10 >= len(lines) * 8 and any(logs.SIGNS.search(line.decode("utf-8", "replace")) for line in lines)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _chunks(handle: BinaryIO) -> Iterator[bytes]:
    """Whole lines, about CHUNK bytes at a time; a line longer than that is cut."""
    rest = b""
    while True:
        block = handle.read(CHUNK)
        if not block:
            break
        end = block.rfind(b"\n") + 1
        if end == 0 and len(rest) < CHUNK:
            rest += block
            continue
        yield rest + block[:end]
        rest = block[end:]
    if rest:
        yield rest


class Reader:
    """Reads one log file into a Summary."""

    def __init__(self, bot: Bot, name: str) -> None:
        self.bot = bot
        self.summary = Summary(name)
        self._reasons: dict[tuple[str, str, str, str], Reason] = {}
        self._known: dict[bytes, tuple[Reason, ...]] = {}
        self._short: dict[bytes, tuple[Reason, ...]] = {}
        self._providers: dict[tuple[bytes, bytes], bytes] = {}
        self._domains: dict[bytes, Counter[str]] = {}
        self._families = {b""}
        self._last: bytes = b""

    def take(self, chunk: bytes) -> None:
        """Count one piece of whole lines."""
        summary = self.summary
        summary.lines += chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        summary.size += len(chunk)
        if summary.first is None:
            summary.first = _stamp(chunk[:400].split(b"\n")[0])
        self._last = chunk[-MAX_LINE:]
        head = chunk[:HEAD]
        self._families |= {family for family in _FAMILIES if family in head}
        seen: set[int] = set()
        for family in self._families:
            failures, deliveries = _FAMILIES[family]
            summary.delivered += sum(map(chunk.count, deliveries))
            for sign in failures:
                place = chunk.find(sign)
                while place >= 0:
                    begin, end = chunk.rfind(b"\n", 0, place) + 1, chunk.find(b"\n", place)
                    if end < 0:
                        end = len(chunk)
                    if begin not in seen:
                        seen.add(begin)
                        self._line(chunk[begin : min(end, begin + MAX_LINE)])
                    place = chunk.find(sign, end)

    def finish(self) -> Summary:
        """The counts, with the time of the last line."""
        summary = self.summary
        for reason in self._reasons.values():
            summary.sorts[reason.sort] += reason.count
            summary.causes[reason.sort, reason.cause] += reason.count
            summary.providers[reason.sort, reason.provider or "-"] += reason.count
        summary.reasons = sorted(self._reasons.values(), key=lambda reason: -reason.count)
        for domain, counts in self._domains.items():
            name = domain.decode("utf-8", "replace").lower()
            for sort, count in counts.items():
                summary.domains[sort, name] += count
        for line in reversed(self._last.split(b"\n")):
            self.summary.last = _stamp(line)
            if self.summary.last:
                break
        return self.summary

    def _line(self, line: bytes) -> None:
        """Count one line. Two memories: the reason's beginning without digits finds most; else its words without what varies."""
        status = line.find(b" status=")
        place = line.find(b"to=<")
        if status >= 0 and place >= 0:  # Postfix, the common case: the reason stands in parentheses
            close = line.find(b">", place)
            address = line[place + 4 : close]
            domain = address.rpartition(b"@")[2]
            relay = line.find(b" relay=", close) + 7
            comma = line.find(b",", relay)
            dsn = line.find(b"dsn=", comma)
            said = line[status + 8 : status + 700]
            host = line[relay:comma]
            if host == b"none" and (place := said.find(b"connect to ")) >= 0:
                host = said[place + 11 : place + 300]
            code = said.find(b"said: ") + 6
            head = b"".join((self._provider(host, domain), line[dsn:status], said[:8], said[code : code + 3]))
            body = said[code if code > 5 else 8 :].replace(address, b"")
            short = head + body[:BEGINNING].translate(None, b"0123456789")
        else:
            found = _RECIPIENT.search(line)
            domain = found[1] if found else b"-"
            named = _HOST.search(line)
            head, body = self._provider(named[1] if named else b"", domain), line[15:1_500]
            short = head + body
        known = self._short.get(short)
        if known is None:
            key = head + _VARYING.sub(b"", body)
            known = self._known.get(key)
            if known is None:
                known = self._diagnosed(line)
                if len(self._known) >= MAX_KEYS:
                    self._known.clear()
                self._known[key] = known
            if len(self._short) >= MAX_KEYS:
                self._short.clear()
            self._short[short] = known
        for reason in known:
            reason.count += 1
            counts = self._domains.get(domain)
            if counts is None:
                counts = self._domains[domain] = self._new_domain()
            counts[reason.sort] += 1

    def _provider(self, relay: bytes, domain: bytes) -> bytes:
        """The provider a host or a recipient's domain belongs to, since it has a say in the cause."""
        host = relay.partition(b"[")[0].rstrip(b".")
        known = self._providers.get((host, domain))
        if known is None:
            if len(self._providers) >= MAX_KEYS:
                self._providers.clear()
            knowledge = self.bot.knowledge
            names = host.decode("ascii", "replace").lower(), domain.decode("ascii", "replace").lower()
            found = (
                knowledge.find_host(knowledge.hosts, names[0]) or "",
                knowledge.find_host(knowledge.domains, names[1]) or "",
            )
            known = self._providers[host, domain] = "|".join(found).encode()
        return known

    def _new_domain(self) -> Counter[str]:
        if len(self._domains) >= MAX_KEYS:
            kept = sorted(self._domains.items(), key=lambda item: -item[1].total())[: MAX_KEYS // 2]
            self._domains = dict(kept)
            self.summary.dropped = True
        return Counter()

    def _diagnosed(self, line: bytes) -> tuple[Reason, ...]:
        text = line.decode("utf-8", "replace")
        out = []
        for failure in logs.read_lines(logs.unwrap(text)):
            sort = _sort(failure)
            if sort is None:
                continue
            verdict = decide(failure, self.bot.knowledge)
            codes = " ".join(code for code in (failure.reply_code, failure.enhanced_code) if code)
            key = (sort, verdict.cause, verdict.provider or "", codes)
            if key not in self._reasons and len(self._reasons) >= MAX_KEYS:
                key = (sort, verdict.cause, "", "")
            out.append(self._reasons.setdefault(key, Reason(*key, text)))
        return tuple(out)


def _sort(failure: Failure) -> str | None:
    if failure.action in ("delivered", "relayed", "expanded"):
        return None
    if failure.direction == "incoming":
        return "refused"
    return "delayed" if failure.action == "delayed" else "failed"


def _stamp(line: bytes) -> str | None:
    found = _STAMP.match(line)
    return found[1].decode("ascii", "replace") if found else None


def read_logfile(bot: Bot, path: Path, watch: Callable[[float], None] | None = None) -> Summary:
    """The summary of a log file of any size, .gz too; `watch` is told the share of bytes read so far."""
    reader = Reader(bot, str(path))
    try:
        total = path.stat().st_size or 1
        with _opened(path) as handle:
            for chunk in _chunks(handle):
                reader.take(chunk)
                if watch:
                    raw = getattr(handle, "fileobj", None)
                    watch(min(1.0, (raw.tell() if raw else reader.summary.size) / total))
    except (OSError, EOFError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return reader.finish()


class Progress:
    """A bar on standard error, only where a terminal looks at it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None
        self._shown = -1

    def __call__(self, share: float) -> None:
        """Draw the bar when a whole percent has been added."""
        percent = int(share * 100)
        if self._stream and percent != self._shown:
            self._shown = percent
            bar = "#" * (percent // 4)
            self._stream.write(f"\r[{bar:<25}] {percent:3d} %")
            self._stream.flush()

    def close(self) -> None:
        """Take the bar away."""
        if self._stream:
            self._stream.write("\r" + " " * 36 + "\r")
            self._stream.flush()


def explain_logfile(bot: Bot, path: Path, as_json: bool, as_csv: bool, out: TextIO) -> int:
    """Read a whole log file and print its summary; 0 where it told of deliveries or failures, else 1."""
    progress = Progress(sys.stderr)
    try:
        summary = read_logfile(bot, path, progress)
    finally:
        progress.close()
    if as_json:
        out.write(json.dumps(as_record(bot, summary), ensure_ascii=False) + "\n")
    elif as_csv:
        write_csv(summary, out)
    else:
        out.write(as_text(bot, summary))
    return 0 if summary.delivered or summary.sorts else 1


def _table(counter: Counter[tuple[str, str]]) -> list[tuple[str, dict[str, int]]]:
    """name -> counts by sort, the most frequent first."""
    rows: dict[str, dict[str, int]] = {}
    for (sort, name), count in counter.items():
        rows.setdefault(name, {})[sort] = count
    return sorted(rows.items(), key=lambda row: (-sum(row[1].values()), row[0]))


def _explained(bot: Bot, summary: Summary) -> list[dict[str, Any]]:
    """The most frequent reasons, each with one example line explained."""
    out = []
    for reason in summary.reasons[:TOP]:
        reply = bot.answer(reason.example)
        answer = reply.answers[0] if reply.answers else None
        out.append({
            "count": reason.count, "sort": reason.sort, "cause": reason.cause, "provider": reason.provider or None, "codes": reason.codes, "example": reason.example,
            "headline": answer.headline if answer else reason.cause, "happened": answer.happened if answer else "", "move": answer.move if answer else "",
            "steps": list(answer.steps) if answer else [],
        })  # fmt: skip
    return out


def as_record(bot: Bot, summary: Summary) -> dict[str, Any]:
    """The summary as a mapping ready for JSON."""
    return {
        "file": summary.name, "lines": summary.lines, "bytes": summary.size, "first": summary.first, "last": summary.last, "delivered": summary.delivered,
        "failed": summary.sorts["failed"], "delayed": summary.sorts["delayed"], "refused": summary.sorts["refused"], "rare_domains_dropped": summary.dropped,
        "causes": [{"cause": name, **counts} for name, counts in _table(summary.causes)],
        "providers": [{"provider": name if name != "-" else None, **counts} for name, counts in _table(summary.providers)],
        "domains": [{"domain": name if name != "-" else None, **counts} for name, counts in _table(summary.domains)],
        "most_frequent": _explained(bot, summary),
    }  # fmt: skip


def write_csv(summary: Summary, out: TextIO) -> None:
    """All counts: kind (cause, provider, domain), name, failed, delayed, refused."""
    table = csv.writer(out)
    table.writerow(("kind", "name", "failed", "delayed", "refused"))
    for kind, counter in (("cause", summary.causes), ("provider", summary.providers), ("domain", summary.domains)):
        for name, counts in _table(counter):
            shown = safe(name)
            shown = "'" + shown if shown[:1] in ("=", "+", "@", "\t") else shown
            table.writerow((kind, shown, counts.get("failed", 0), counts.get("delayed", 0), counts.get("refused", 0)))


def as_text(bot: Bot, summary: Summary) -> str:
    """The summary for a person."""
    span = f", {summary.first} to {summary.last}" if summary.first and summary.last else ""
    lines = [
        safe(f"{summary.name}: {summary.lines:,} lines{span}"),
        f"Delivered {summary.delivered:,} · failed {summary.sorts['failed']:,} · put off {summary.sorts['delayed']:,} times · refused by this server {summary.sorts['refused']:,}",
    ]
    for title, counter in (
        ("By cause", summary.causes),
        ("By provider", summary.providers),
        ("By recipient domain", summary.domains),
    ):
        rows = _table(counter)
        if not rows:
            continue
        lines += ["", f"{title:<32}{'failed':>10}{'put off':>10}{'refused':>10}"]
        for name, counts in rows[:TOP]:
            shown = safe(name) if name != "-" else "(not named)"
            lines.append(
                f"{shown[:31]:<32}{counts.get('failed', 0):>10,}{counts.get('delayed', 0):>10,}{counts.get('refused', 0):>10,}"
            )
        if len(rows) > TOP:
            lines.append(f"and {len(rows) - TOP:,} more (--csv or --json for all)")
    explained = _explained(bot, summary)
    if explained:
        lines += ["", "The most frequent, with one example each"]
    for number, row in enumerate(explained, 1):
        lines.append(f"{number}. {row['count']:,} x {safe(row['headline'])}")
        lines.append(f"   {safe(row['example'])[:300]}")
        lines += [f"   {safe(text)}" for text in (row["move"], *row["steps"][:1]) if text]
    return "\n".join(lines) + "\n"
