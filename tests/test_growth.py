"""Each reader's work grows with the length of what it reads, and no faster: doubled input takes twice the time."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.question import read_question
from bot.readers import (
    events,
    exceptions,
    fields,
    files,
    human,
    logs,
    logs_csv,
    logs_queue,
    logs_sessions,
    mail,
    mime,
    prose,
    transcript,
)
from bot.readers.recipients import find_recipient
from bot.readers.refolding import refold, rejoin
from bot.readers.replies import find_codes, read_diagnostic
from bot.reading import READERS
from bot.redaction import mask_addresses, redact
from bot.undamage import undamage

SIZE = 20_000  # double of it is below what readers cut off
MAX_GROWTH = 2.6
TOO_SHORT = 0.002  # seconds below which a clock says nothing of growth
ROUNDS = 6  # a busy machine disturbs some

Reader = Callable[[str], object]


def _mail(head: str) -> Reader:
    return lambda text: mail.read_mail((head + text).encode())


def _lines(text: str) -> object:
    return [(logs.unwrap(line), logs.strip_prefix(line), logs.read_lines(line)) for line in text.split("\n")]


# Module or use -> what reads, and what it reads again and again; what is no report costs no more than what is.
FIELDS = "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n\n"
POSTFIX = "postfix/smtp[1]: ABCDEF1234: to=<a@example.org>, relay=x[192.0.2.1]:25, dsn=5.1.1, status=bounced (host x said: 550 no)\n"
EXIM = "2026-01-01 10:00:00 1abcde-000001-Ab ** a@example.org R=dnslookup T=remote_smtp: 550 no\n"
SENDMAIL = "sendmail[1]: 12AB: to=<a@example.org>, mailer=esmtp, relay=x. [192.0.2.1], dsn=5.1.1, stat=User unknown\n"
OTHERS = "delivery 1: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_no/\n"
PROSE = "<a@example.org>: host x[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO)\n\n"
EVENT = (
    '{"event":"bounce","email":"a@example.org","sg_event_id":"1","reason":"550 no","status":"5.1.1","timestamp":1}\n'
)
DIALOG = ">>> RCPT To:<a@example.org>\n<<< 550 5.1.1 no\n"
TRACE = "smtplib.SMTPRecipientsRefused: {'a@example.org': (550, b'5.1.1 no')}\n"
FORM = "to=a@example.org&status=Error&category=Spam&transaction=1&"
SESSION = "Tue 2026-01-01 10:00:00: [1:2] --> RCPT TO:<a@example.org>\nTue 2026-01-01 10:00:00: [1:2] <-- 550 no\n"
QUEUE = "4F2A31B0E1 4100 Sat Oct 10 08:01:00 a@example.org\n(connect to x[192.0.2.1]:25: timed out)\n   b@example.com\n\n-Queue ID-\n"
SMALL = "Oct 10 12:00:01 courieresmtp: id=000000000012A4.5F2E,from=<a@b>,addr=<c@example.com>: 550 no\n"
TABLE = "date-time,event-id,recipient-address,recipient-status\n"
READING: dict[str, tuple[Reader, tuple[str, ...]]] = {
    "events": (events.read, (EVENT, '{"a":', "[{", '"{\\"a\\":')),
    "events_services": (lambda text: [events.read(line) for line in text.split("\n")], (EVENT,)),
    "events_others": (events.read, (FORM, FORM + " ", '{"type":"Bounce","recipient":"a","response":{"content":"550 no"}}\n')),
    "exceptions": (exceptions.read, (TRACE, "javax.mail.SendFailedException: ", "smtplib.SMTP(", "(550, b'")),
    "fields": (fields.read_fields, (FIELDS, "Diagnostic-Code: smtp; 550 no\n ", "Action:", "Status: \n")),
    "files": (lambda text: list(files.unpack(b"\xff\xfe" + text.encode("utf-16-le"))), (PROSE, "\n", "é")),
    "human": (human.read_human, (PROSE, "a@example.org\n", "(reason: 550 no)\n")),
    "logs": (logs.read_log, (POSTFIX, EXIM, "to=<", "status=bounced (")),
    "logs_csv": (logs_csv.read_table, (TABLE, TABLE + "2026-01-01T10:00:00Z,FAIL,a@example.org,550 no\n", '"', ",")),
    "logs_exim": (_lines, (EXIM, "** ", "R=x T=y: ")),
    "logs_others": (_lines, (OTHERS, "delivery 1: ", "Blocked ", "rspamd_task_write_log")),
    "logs_queue": (logs_queue.read, (QUEUE, "-Queue ID- (a\n", "                 a@example.org\n")),
    "logs_small": (_lines, (SMALL, "smtpmsg='", "recipients=a smtpstatus=550 smtpmsg='", "Bounced: DCID 1 MID 1 ", " REJECTED[a] a ")),
    "logs_sessions": (logs_sessions.read, (SESSION, "2026-01-01 10:00:00 [", "] <-- 550 ", '"SMTPD" 1 "SENT: 550 no"\n', "SMTP-OU a 1 ")),
    "logs_postfix": (_lines, (POSTFIX, SENDMAIL, "NOQUEUE: reject: ", "to=<a@b>,")),
    "mail": (_mail("From: MAILER-DAEMON@example.org\nSubject: failure notice\n\n"), (PROSE, FIELDS, "<a@b>:", "> ")),
    "mail, headers": (_mail("From: a@example.org\n"), ("Received: from x by y\n", "X-A: b\n c\n", "=?utf-8?q?=35?= ")),
    "mail, parts": (_mail("Content-Type: multipart/report; boundary=b\n\n"), ("--b\n\n", "--b\nContent-Type: message/rfc822\n\n")),
    "mime": (mime.strip_html, ("<b><i>", "<", "&lt;", "<!--", "<style>", "<pre>", "<a href='")),
    "part": (_mail("Content-Type: multipart/report; boundary=b\n"), ("X-A: b\n", "Subject: a\n b\n")),
    "prose": (prose.read_prose, (PROSE, "a@example.org\n", "<", "550 ")),
    "prose, lines": (prose.telling_lines, (PROSE, "550 no\n", "could not be delivered ")),
    "recipients": (find_recipient, ("<a@example.org> ", "a@", "from a@example.org ", "<")),
    "refolding": (refold, ("Content-Type: message/delivery-status\n\n", "Content-Type: message/delivery-status; a=b; charset=us-ascii\n", "X-A: " + "b " * 30 + "\nc d e f\n", "--b\n")),
    "refolding, records": (rejoin, ("12:00:00 " + "a " * 30 + "\n", "12:00:00 " + "a " * 30 + "\nb c d e\n", "a:")),
    "replies": (read_diagnostic, ("550-5.1.1 no\n", "said: 550 ", "-> ", "(")),
    "replies, codes": (find_codes, ("250 ", "5.1.", "550", "2.0.0 ")),
    "transcript": (transcript.read_transcript, (DIALOG, "<<< 250 ok\n", ">>> ")),
    "undamage": (undamage, ("&lt;", "> ", "\\n", "=3D=\n", "<mailto:a@b|", "\x1b[1m", "`")),
    "question": (read_question, ("550 ", "soft vs hard ", "what is ", "5.1.1 ")),
    "redaction, addresses": (mask_addresses, ("a@example.org ", "a@", "@", "%40", "a.")),
    "redaction": (redact, ("https://example.org/a?b=c ", "xoxb-1-", "a=", "Bearer ")),
} | {f"reading, {name}": (read, (PROSE, DIALOG, "550 5.1.1 no\n")) for name, read in READERS}  # fmt: skip


def _cases() -> Iterator[object]:
    for name, (read, units) in READING.items():
        for number, unit in enumerate(units):
            yield pytest.param(read, unit, id=f"{name} {number}")


def _took(read: Reader, text: str) -> float:
    begun = time.process_time()
    read(text)
    return time.process_time() - begun


@pytest.mark.parametrize(("read", "unit"), list(_cases()))
def test_time_grows_with_the_length_for_each_reader(read: Reader, unit: str) -> None:
    """The shortest times of a few rounds; what is done sooner than a clock can tell is fast enough at this size."""
    once = (unit * (SIZE // len(unit) + 1))[:SIZE]
    short = long = 9.0
    for _ in range(ROUNDS):
        short, long = min(short, _took(read, once)), min(long, _took(read, once + once))
        if long <= max(MAX_GROWTH * short, TOO_SHORT):
            return
    pytest.fail(f"{long * 1000:.1f} ms for double of what took {short * 1000:.1f} ms")


def test_every_reader_is_measured() -> None:
    """No file is added to bot/readers without its growth."""
    there = {path.stem for path in Path(mail.__file__).parent.glob("[a-z]*.py")}
    assert there <= {name.split(",")[0] for name in READING}
