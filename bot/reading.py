"""Any text -> Bounce: what kind of report it is and every failure in it. The order of READERS is the order of trust."""

import re
from collections.abc import Callable

from bot.codes import CONTINUATION, REPLY
from bot.model import Bounce, Failure
from bot.readers import events, exceptions, fields, human, logs, logs_queue, logs_sessions, mail, prose, transcript
from bot.readers.mime import Parts
from bot.readers.recipients import find_recipient
from bot.readers.refolding import refold, rejoin
from bot.readers.replies import find_codes, one_line, read_diagnostic

_REPLY_START = re.compile(r"^[^\w\n]{0,12}(?:(?:smtp|esmtp|lmtp|x-postfix|diagnostic-code|error|fehler|response|server response|remote server said|remote host said|said|got|reason|mail from|rcpt to|data)\b[\s:;=(\[\"'-]{0,6}){0,3}[\"'(\[<#]{0,3}([245]\d\d)(?:[ -](?:#|\(#)?([245]\.\d{1,3}\.\d{1,3}))?[\s\-:;,.]", re.I)  # fmt: skip
MAX_GREETING = 600  # characters of somebody's own words before a pasted mail
_HEADER = re.compile(
    r"(?:Return-Path|Received|Delivered-To|From|To|Subject|Date|Message-ID|MIME-Version|X-[\w-]{2,40}):[ \t]", re.I
)
# What only a report says, lower case.
_BOUNCE_WORDS = (
    "this is the mail", "this message was created automatically by", "qmail-send program", "mail delivery system", "mail delivery subsystem",
    "mail delivery software", "mail delivery failed", "returned to sender", "delivery has failed", "couldn't be delivered", "could not be delivered",
    "hasn't been delivered", "did not reach", "undeliver", "fatal errors", "delivery to the following", "remote server returned", "generating server",
    "the following address", "transcript of session", "diagnostic information for administrators", "wasn't delivered", "not delivered to", "not been delivered",
    "unzustellbar", "nicht zugestellt", "delivery status notification", "message blocked", "address not found", "status code: 5", "reported error:",
    "recipient address: ", "original address: ", "remote host said", "delivery failed", "did not receive this message", "unable to deliver",
    "could not deliver", "wasn't able to deliver", "error delivering", "the group you tried to contact", "failed addresses", "msexch:", "error detail",
)  # fmt: skip


def _is_report(text: str) -> bool:
    lowered = text[:4_000].lower()
    return any(words in lowered for words in _BOUNCE_WORDS) or human.is_foreign_report(lowered)


def _mail(text: str) -> Bounce | None:
    text = refold(_without_greeting(text).lstrip())
    if not mail.looks_like_mail(text):
        return None
    found = read_message(text.encode("utf-8", "surrogateescape"))
    return None if found.sort == "ordinary" and not _has_body_headers(text) else found


# What a person pastes into a mail when a message came back: words that only servers write, a line led by both codes.
_QUOTED = re.compile(
    r"\bsaid: [45]\d\d\b|refused to talk to me: [45]|in reply to (?:RCPT TO|MAIL FROM|(?:end of )?DATA|EHLO|HELO|AUTH) command|remote (?:mail )?(?:host|server) (?:said|returned|replied|responded)|"
    r"SMTP error from remote|status=(?:bounced|deferred)|mail system at host|qmail-send program|created automatically by mail delivery|SMTP (?:Error|connect\(\) failed)|\bSMTP\w{0,30}(?:Error|Exception)\b|-Queue ID-|has failed to these recipients|"
    r"^[ \t]*([45])\d\d[ -]\1\.\d{1,3}\.\d{1,3}\b",
    re.I | re.M,
)  # fmt: skip


def read_message(raw: bytes) -> Bounce:
    """What a raw message is; of an ordinary mail the report that it quotes, if any."""
    found = mail.read_mail(raw)
    if found.sort != "ordinary" or not _QUOTED.search(found.words):
        return found
    for read in (_log, exceptions.read, _transcript, _report, _reply):
        quoted = read(found.words)
        if quoted and quoted.failures:
            return quoted._replace(notes=(*quoted.notes, "quoted"), limits=found.limits, date=found.date)
    return found


def _without_greeting(text: str) -> str:
    """The mail behind a few lines of somebody's own ("Hi, can you look at this?"); the text itself where there is none."""
    end = 0
    for line in text[:MAX_GREETING].splitlines(keepends=True):
        if _HEADER.match(line):
            own, rest = text[:end], text[end:]
            told = "@" in own or REPLY.search(own) or _is_report(own)
            return rest if own and not told and mail.looks_like_mail(refold(rest)) else text
        end += len(line)
    return text


def _has_body_headers(text: str) -> bool:
    return "\n\n" in text.strip()


def _fields(text: str) -> Bounce | None:
    if not fields.has_fields(text):
        return None
    failures = fields.read_fields(text)
    if not failures:
        return None
    first = re.search(
        r"^[ \t>]*(?:Reporting-MTA|Final-Recipient|Original-Recipient|Action|Status|Diagnostic-Code)[ \t]*:",
        text,
        re.I | re.M,
    )
    before = text[: first.start()] if first else ""
    failures = human.joined_with_prose(failures, before, Parts())
    done = all(failure.action in ("delivered", "relayed", "expanded") for failure in failures)
    return Bounce("success" if done else "report", tuple(failures), "delivery report (RFC 3464)")


_STAMP = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\w.:+-]{0,20}")


def _log(text: str) -> Bounce | None:
    if not logs.looks_like(text):
        return None
    failures = logs.read_log(rejoin(text))
    if len(failures) == 1 and failures[0].arrival is None:
        stamp = _STAMP.match(text)
        failures = [failures[0]._replace(arrival=stamp[0])] if stamp else failures
    return Bounce("log", tuple(failures), "log lines") if failures else None


def _transcript(text: str) -> Bounce | None:
    if not transcript.looks_like(text):
        return None
    part = prose.report_part(text)
    if _is_report(part) or re.search(r"^[ \t]*<?[^\s<>]+@[^\s<>]+>?(?:\.\.\.|:|\s*$|\s+\(reason)", part, re.M):
        told = human.read_human(part)
        if any(failure.recipient for failure in told):
            return Bounce("report", tuple(told), "transcript")
    failures = transcript.read_transcript(part)
    return Bounce("dialog", tuple(failures), "SMTP dialogue") if failures else None


def _report(text: str) -> Bounce | None:
    done = human.read_success(text)
    if done:
        return Bounce("success", tuple(done), "words for people")
    report = _is_report(text)
    if not report:
        blocks = prose.find_blocks(prose.report_part(text)) if "@" in text else []
        if not any(prose.tells(block.text) for block in blocks):
            return None
    failures = prose.read_prose(text)
    delayed = bool(
        re.search(
            r"hasn't been delivered yet|not yet been delivered|will be retried|still (?:trying|being retried)|delivery delayed|do not need to resend|Status ?: ?Retry\b|\bLastError\b|we'll (?:keep trying|let you know)",
            text[:3_000],
            re.I,
        )
    )
    if delayed or report:
        failures = [failure._replace(action="delayed" if delayed else "failed") for failure in failures]
    spoken = any(f.reply_code or f.enhanced_code for f in failures)
    return Bounce("report", tuple(failures), "words for people", sure=spoken or _is_report(text))


_SAID = re.compile(r"\bsaid: ([45])\d\d[ -]\1\.\d{1,3}\.\d{1,3}\b")
_WORD = re.compile(r"[^\W\d_]{2,}")


def _reply(text: str) -> Bounce | None:
    lines = [line for line in text.split("\n", 400)[:400] if line.strip()]
    start = next((n for n, line in enumerate(lines) if _REPLY_START.match(line) or CONTINUATION.search(line)), None)
    if start is None:
        start = next((n for n, line in enumerate(lines) if any(find_codes(line))), None)
    if start is None:
        return None
    opens = start == 0 and len(lines) == 1 and bool(_REPLY_START.match(lines[0]) or _SAID.search(lines[0]))
    return _reply_from("\n".join(lines[start:]), text, 1 if opens else 2)


# A queue's own listing or a log search: the message waits.
_QUEUED = re.compile(r"\bLast ?Error\b|\bis being retried|\bwill be retried|\bStatus ?: ?Retry\b|\bQueue ID\b", re.I)


def _reply_from(said: str, text: str, words: int) -> Bounce | None:
    """The reply a text holds from where it begins; None where fewer words than that stand beside the codes."""
    diagnosis = read_diagnostic(said)
    if not (diagnosis.reply_code or diagnosis.enhanced_code):
        return None
    found = _WORD.search(diagnosis.text)
    if not found or (words > 1 and not _WORD.search(diagnosis.text, found.end())):
        return None
    waits = (diagnosis.reply_code or diagnosis.enhanced_code or "")[0] == "4" and bool(_QUEUED.search(text))
    failure = Failure(
        diagnostic=diagnosis.text, action="delayed" if waits else None, recipient=find_recipient(one_line(text)) if "@" in text else None, reply_code=diagnosis.reply_code,
        enhanced_code=diagnosis.enhanced_code, remote_mta=diagnosis.host, command=diagnosis.command, outer=diagnosis.outer,
    )  # fmt: skip
    sure = (
        bool(diagnosis.reply_code and diagnosis.enhanced_code)
        or ("-" in said and bool(CONTINUATION.search(said)))
        or "said:" in text
    )
    return Bounce("reply", (failure,), "reply lines", sure=sure)


# Most authoritative first: a whole message; JSON of a sending service; the fields of a delivery report; log lines with
# their own keys; exceptions and dialogs of programs, which wrap a reply; a dialogue; a report for people; bare replies.
READERS: tuple[tuple[str, Callable[[str], Bounce | None]], ...] = (
    ("message", _mail),
    ("event", events.read),
    ("fields", _fields),
    ("queue", logs_queue.read),
    ("log", _log),
    ("protocol log", logs_sessions.read),
    ("exception", exceptions.read),
    ("transcript", _transcript),
    ("report", _report),
    ("reply", _reply),
)


_BARE_REPLY = re.compile(r"(?:smtp; ?)?[245]\d\d[ -][^{}\n]{2,1000}\Z", re.I)


def read_text(text: str) -> Bounce | None:
    """What a pasted text is, by the first reader that knows it; None where no code or report stands in it."""
    if _BARE_REPLY.match(text) and not exceptions.wraps_reply(
        text
    ):  # one line that begins with its code: no other reader knows more
        found = _reply_from(text, text, 1)
        if found:
            return found
    for name, read in READERS:
        found = read(text)
        if found:
            return _by_a_program(found) if name == "exception" else found
    return None


def _by_a_program(bounce: Bounce) -> Bounce:
    """The failures of one's own program: its outgoing server spoke."""
    return bounce._replace(
        failures=tuple(failure._replace(software=failure.software or "program") for failure in bounce.failures)
    )
