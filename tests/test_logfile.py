"""A whole log file: counted like its lines one by one, streamed in bounded memory, summarized for people and programs."""

import csv
import gzip
import importlib.util
import io
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.terminal import logfile
from bot.app import Bot
from bot.deciding import decide
from bot.readers import logs
from tests.lines import load


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "bench_logfile", Path(__file__).parent.parent / "scripts" / "bench_logfile.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated Postfix log of 8,000 lines."""
    path: Path = tmp_path_factory.mktemp("log") / "mail.log"
    _generator().write_log(path, 8_000, 7)
    return path


def test_the_counts_are_those_of_the_lines_read_one_by_one(bot: Bot, log: Path) -> None:
    """Remembering reasons changes no count: sorts, causes, providers and domains."""
    causes: Counter[tuple[str, str]] = Counter()
    providers: Counter[tuple[str, str]] = Counter()
    domains: Counter[tuple[str, str]] = Counter()
    delivered = 0
    for line in log.read_text().splitlines():
        for failure in logs.read_lines(line):
            if failure.action == "delivered":
                delivered += 1
                continue
            sort = "refused" if failure.direction == "incoming" else str(failure.action)
            verdict = decide(failure, bot.knowledge)
            causes[sort, verdict.cause] += 1
            providers[sort, verdict.provider or "-"] += 1
            domains[sort, str(failure.recipient).rpartition("@")[2]] += 1
    summary = logfile.read_logfile(bot, log)
    assert (summary.delivered, summary.causes, summary.providers, summary.domains) == (
        delivered,
        causes,
        providers,
        domains,
    )


def test_first_and_last_time_and_lines(bot: Bot, log: Path) -> None:
    """As written in the log."""
    summary = logfile.read_logfile(bot, log)
    written = log.read_text().splitlines()
    assert (summary.first, summary.last, summary.lines) == (written[0][:15], written[-1][:15], len(written))


def test_a_compressed_log_reads_the_same(bot: Bot, log: Path, tmp_path: Path) -> None:
    """As logrotate leaves it."""
    packed = tmp_path / "mail.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert logfile.is_log(packed)
    assert logfile.read_logfile(bot, packed).causes == logfile.read_logfile(bot, log).causes


def test_small_pieces_change_nothing(bot: Bot, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may lie across two reads."""
    whole = logfile.read_logfile(bot, log)
    monkeypatch.setattr(logfile, "CHUNK", 1_000)
    pieces = logfile.read_logfile(bot, log)
    assert (whole.causes, whole.domains, whole.lines, whole.delivered) == (
        pieces.causes,
        pieces.domains,
        pieces.lines,
        pieces.delivered,
    )


def test_what_is_a_log_file(log: Path, tmp_path: Path) -> None:
    """Many dated lines of a mail server; not a short paste, not a mail, not another program's log."""
    for name, content in (
        ("short.log", "\n".join(log.read_text().splitlines()[:10])),
        ("mail.eml", "From: a@example.com\nTo: b@example.org\nSubject: x\n\n" + "550 5.1.1 User unknown\n" * 100),
        ("kernel.log", "Oct 10 12:00:01 host kernel: eth0 up\n" * 100),
        ("empty.log", ""),
    ):
        path = tmp_path / name
        path.write_text(content)
        assert not logfile.is_log(path), name
    assert logfile.is_log(log)


@pytest.mark.parametrize("family", ["exim", "sendmail", "qmail", "haraka", "stalwart", "rspamd", "amavis", "opensmtpd"])
def test_other_servers_logs_are_counted_too(bot: Bot, family: str, tmp_path: Path) -> None:
    """What the reader of pastes finds, the summary finds: every cause of the format's own inputs."""
    rows = [row for row in load("logs") if row["format"].startswith(family)]
    wanted = {
        fields["cause"] for row in rows for fields in row["want"] if "cause" in fields and fields["cause"] != "accepted"
    }
    path = tmp_path / "mail.log"
    path.write_text("".join(row["text"] for row in rows) * 3)
    found = {cause for _, cause in logfile.read_logfile(bot, path).causes}
    assert wanted <= found


def test_memory_does_not_grow_with_the_file(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line another domain and another reason: the counters stay bounded, and twice the lines need no more."""
    line = "Oct 10 12:00:01 mx1 postfix/smtp[1]: AA11BB22CC: to=<a@{n}.example>, relay=none, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (reason {w} no such user)\n"
    monkeypatch.setattr(logfile, "MAX_KEYS", 300)
    monkeypatch.setattr(logfile, "CHUNK", 1 << 16)

    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.log"
        with path.open("w") as out:
            for n in range(lines):
                out.write(line.format(n=f"d{n}", w="x" * 10 + "".join(chr(97 + n // 26**k % 26) for k in range(4))))
        tracemalloc.start()
        try:
            summary = logfile.read_logfile(bot, path)
            used = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert summary.sorts["failed"] == lines and summary.dropped is (lines > 300)
        return used

    peak(100)  # what is made at the first use is no growth
    once = peak(900)
    assert once < 3_000_000
    assert peak(1_800) < 1.2 * once


def test_text_json_and_csv_tell_the_same(bot: Bot, log: Path) -> None:
    """All counters in JSON and CSV, ten explained reasons in text and JSON."""
    out = io.StringIO()
    assert logfile.explain_logfile(bot, log, True, False, out) == 0
    record = json.loads(out.getvalue())
    assert len(record["most_frequent"]) == 10 and all(
        row["headline"] and row["example"] and row["steps"] for row in record["most_frequent"]
    )
    table = io.StringIO()
    logfile.explain_logfile(bot, log, False, True, table)
    rows = list(csv.DictReader(io.StringIO(table.getvalue())))
    for kind, name in (("cause", "causes"), ("provider", "providers"), ("domain", "domains")):
        assert len([row for row in rows if row["kind"] == kind]) == len(record[name])
    assert sum(int(row["failed"]) for row in rows if row["kind"] == "cause") == record["failed"]
    text = io.StringIO()
    logfile.explain_logfile(bot, log, False, False, text)
    assert "By cause" in text.getvalue() and "10. " in text.getvalue()


def test_the_bar_is_for_terminals_only() -> None:
    """Nothing is written where nobody looks."""

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((io.StringIO(), False), (Screen(), True)):
        bar = logfile.Progress(stream)
        bar(0.5)
        bar.close()
        assert bool(stream.getvalue()) is shown


@given(st.lists(st.sampled_from([b"status=bounced (", b"to=<a@", b"reject: ", b"\n", b" ** ", b"\xff\xfe", b"Oct 10 12:00:01 ", b"rspamd_task_write_log", b"relay=", b"dsn=5", b">", b"said: 550"]), max_size=15))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_reader(bot: Bot, parts: list[bytes]) -> None:
    """Half lines and foreign bytes are counted or left out."""
    reader = logfile.Reader(bot, "x")
    reader.take(b"".join(parts) or b"\n")
    reader.finish()
