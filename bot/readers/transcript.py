"""SMTP dialogues: who said what. Sendmail's bounce transcript, Postfix's notice, swaks, telnet, openssl, library debug output."""

import re

from bot.model import Failure
from bot.readers.replies import ADDRESS, Diagnosis, one_line, read_diagnostic

MAX_LINES = 5_000

_THEIRS = re.compile(
    r"^[ \t>]{0,3}(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[ \t]{1,3})?(?:<<<|<-|<\*\*|<~\*?|< |S:|R:|\[S\]|Out:|In<|SERVER -> CLIENT:|SERVER: ?|SMTP -> FROM SERVER:|SMTP -> ERROR:|<==|<<|RECV:|received:)[ \t]{0,3}(.*)$", re.I
)  # fmt: skip
_OURS = re.compile(
    r"^[ \t]{0,3}(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[ \t]{1,3})?(?:>>>|->|~>|> |C:|\[C\]|In:|CLIENT -> SERVER:|CLIENT: ?|==>|>>|SEND:|sent:)[ \t]{0,3}(.*)$", re.I
)  # fmt: skip
_TYPED = re.compile(r"^(?:EHLO|HELO|MAIL FROM|RCPT TO|DATA|AUTH|STARTTLS|QUIT|RSET|LHLO|BDAT)\b", re.I)
_REPLY = re.compile(r"[2345]\d\d[ -]")
_REPLY_LINE = re.compile(r"^([2345]\d\d)([ -])(.*)$")
_TALKING = re.compile(r"[Ww]hile talking to ([A-Za-z0-9._-]{1,255}?)\.?:")
_CONSEQUENCE = re.compile(r"^(?:503|554)[ -](?:5\.5\.\d )?.{0,60}(?:valid (?:RCPT|recipients)|need (?:RCPT|MAIL)|must precede|no valid rec|start afresh|no recipients|RCPT first|sender not given|error: need|bad sequence)|^421 .{0,40}too many errors|^503\b", re.I)  # fmt: skip
_RCPT = re.compile(r"RCPT TO:?\s{0,3}<?([^<>\s]{1,255}@[^<>\s]{1,255})>?", re.I)


class Exchange:
    """One server reply with the command it answers."""

    __slots__ = ("command", "host", "lines")

    def __init__(self, command: str, host: str | None) -> None:
        self.command, self.host = command, host
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        """The reply on one line."""
        return one_line(" ".join(self.lines))


def looks_like(text: str) -> bool:
    """Whether a text holds a dialogue: server lines with reply codes, or commands beside replies."""
    theirs = typed = replies = 0
    if not _REPLY.search(text):
        return False
    for line in text.split("\n", 400)[:400]:
        found = _THEIRS.match(line)
        if found and _REPLY_LINE.match(found[1].strip()):
            theirs += 1
        elif _TYPED.match(line.strip()):
            typed += 1
        elif _REPLY_LINE.match(line.strip()):
            replies += 1
    return theirs >= 1 or (typed >= 2 and replies >= 2)


def read_exchanges(text: str) -> list[Exchange]:
    """The server's replies in order, each with the client command before it."""
    out: list[Exchange] = []
    command, host = "", None
    typed = _has_typed(text)
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        talking = _TALKING.search(line)
        if talking:
            host, command = talking[1], ""
            continue
        stripped = line.strip()
        theirs = _THEIRS.match(line)
        said = theirs[1].strip() if theirs else stripped if not _OURS.match(line) else ""
        reply = _REPLY_LINE.match(said)
        if theirs and reply:
            previous = out[-1] if out else None
            if (
                previous
                and previous.command == command
                and previous.lines
                and previous.lines[-1][3:4] == "-"
                and previous.lines[-1][:3] == reply[1]
            ):
                previous.lines.append(said)
            else:
                exchange = Exchange(command, host)
                exchange.lines.append(said)
                out.append(exchange)
            continue
        ours = _OURS.match(line)
        if ours or _TYPED.match(stripped):
            command = (ours[1] if ours else stripped).strip()
        elif reply and typed:
            if out and out[-1].command == command and out[-1].lines[-1][3:4] == "-":
                out[-1].lines.append(said)
            else:
                exchange = Exchange(command, host)
                exchange.lines.append(said)
                out.append(exchange)
        elif out and theirs and said:
            out[-1].lines.append(said)
    return out


def _has_typed(text: str) -> bool:
    return ">>>" not in text and "<<<" not in text


def read_transcript(text: str) -> list[Failure]:
    """The refusal of a dialogue; the reply that refused counts, not the `503 need RCPT` that follows from it."""
    exchanges = read_exchanges(text)
    bad = [e for e in exchanges if e.lines[0][0] in "45"]
    telling = [e for e in bad if not _CONSEQUENCE.match(e.text)] or bad
    if not telling:
        return []
    failures = []
    seen = set[str]()
    for exchange in telling:
        rcpt = _RCPT.search(exchange.command) or _RCPT.search(exchange.text)
        recipient = rcpt[1] if rcpt else None
        if not recipient:
            found = ADDRESS.search(exchange.text) if exchange.command.upper().startswith("RCPT") else None
            recipient = found[1] if found else None
        key = (recipient or "").lower()
        if key in seen:
            continue
        seen.add(key)
        failures.append(_failure(exchange, read_diagnostic(exchange.text), recipient))
    named = [f for f in failures if f.recipient]
    if named and len(named) < len(failures):
        failures = named if any(f.command == "RCPT" for f in named) else failures[:1]
    if len(failures) == 1 and failures[0].recipient is None:
        rcpts = [m[1] for m in _RCPT.finditer(text)]
        if len({r.lower() for r in rcpts}) == 1:
            failures = [_with_recipient(failures[0], rcpts[0])]
    return failures


def _with_recipient(failure: Failure, recipient: str) -> Failure:

    return failure._replace(recipient=recipient)


def _failure(exchange: Exchange, diagnosis: Diagnosis, recipient: str | None) -> Failure:
    word = exchange.command.upper()
    command = next(
        (name for name in ("RCPT", "MAIL", "AUTH", "STARTTLS", "EHLO", "HELO") if word.startswith(name)), None
    )
    if command is None and (word.startswith(("DATA", ".", "BDAT")) or exchange.lines[0][:3] == "354"):
        command = "DATA"
    if command == "HELO":
        command = "EHLO"
    return Failure(
        diagnostic=diagnosis.text, recipient=recipient, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        remote_mta=exchange.host or diagnosis.host, command=command or diagnosis.command, outer=diagnosis.outer, direction="outgoing",
    )  # fmt: skip
