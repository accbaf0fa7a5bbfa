"""Protocol logs of mail servers, a command or a reply to a line, in both directions -> failures.

Exchange, hMailServer, MailEnable, MDaemon, SmarterMail, IIS, CommuniGate, IceWarp, Axigen. Whoever speaks the replies is
the server: where the log's own side does, it refused what others bring (direction incoming).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.model import Bounce, Failure
from bot.readers.refolding import rejoin
from bot.readers.transcript import read_transcript

MAX_LINES = 5_000
MAX_LINE = 2_000
# A word of each log: most texts have none, and then no pattern has to look.
_WORDS = (
    ",>,",
    ",<,",
    '"SENT: ',
    '"RECEIVED: ',
    "SMTP-IN ",
    "SMTP-OU ",
    "-> ",
    "<- ",
    "<-- ",
    " rsp: ",
    " RSP: ",
    " out: ",
    "SMTPSVC",
    ">> ",
    "<< ",
)
_SAID = r"(?:[2-5]\d\d[ -]|(?i:EHLO|HELO|MAIL FROM|RCPT TO|DATA|AUTH|STARTTLS|BDAT|QUIT|RSET|LHLO)\b)"
# The log's own side sent or received the line.
_SIDED = (
    ("exchange", re.compile(rf"^[^\s,]{{10,40}},[^\n]{{10,300}}?,(?P<side>[<>]),\"?(?P<text>{_SAID}.*?)\"?,?[^,\"]*$")),
    ("hmailserver", re.compile(rf'^"SMTP[A-Z]{{1,8}}".{{10,120}}?"(?P<side>SENT|RECEIVED): (?P<text>{_SAID}.*?)"?$')),
    ("", re.compile(rf"^(?=.{{0,60}}\d\d:\d\d:\d\d).{{8,160}}?[\]:)\s] ?(?P<side>-{{0,2}}>{{1,3}}|<{{1,3}}-{{0,2}}) (?P<text>{_SAID}.*)$")),
)  # fmt: skip
_SENT = ("SENT", ">", ">>", ">>>", "->", "-->", "->>", "-->>")
# The log names who spoke; upper case, or no I in the name, is the delivery to others.
_SMARTERMAIL = re.compile(r"^\[?[\d.:/\s]{5,30}\]?.{0,80}?\] (?P<who>cmd|rsp|CMD|RSP): (?P<text>.*)$")
_COMMUNIGATE = re.compile(r"\bSMTP(?P<in>I?)-\d{1,8}\(.{1,260}?\) (?P<who>cmd|rsp|inp|out): (?P<text>.*)$")
_MAILENABLE = re.compile(rf"\bSMTP-(?P<way>IN|OU) \S{{1,60}} \d{{1,8}} \S{{3,45}} [A-Z]{{3,8}} (?P<command>.{{3,600}}?) (?P<text>{_SAID}.*?)(?: \d{{1,9}} \d{{1,9}})?(?: \S+@\S+)?$")  # fmt: skip
_IIS_OUT = re.compile(r" OutboundConnection(?P<who>Command|Response) SMTPSVC\d{1,3} .{5,200}? 25 (?P<verb>[A-Z]{4}|-) - (?P<text>\S{2,1500})")  # fmt: skip
_IIS_IN = re.compile(
    r" SMTPSVC\d{1,3} \S{1,80} \S{3,45} \d{1,5} (?P<verb>EHLO|HELO|MAIL|RCPT|DATA) - (?P<text>\S{1,600}) (?P<code>[245]\d\d) "
)
_DELIVERY = re.compile(r"\bDelivery for (?P<sender>\S{3,320}) to (?P<to>[^\s@]{1,128}@[^\s,;]{3,255}) ")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the dialogue: who spoke, what, and whose server it was."""

    who: Literal["S", "C"]
    text: str
    direction: Literal["incoming", "outgoing"]
    software: str


def _sided(line: str) -> Line | None:
    for software, pattern in _SIDED:
        found = pattern.match(line)
        if found:
            reply = found["text"][:3].isdigit()
            sent = found["side"] in _SENT
            return Line("S" if reply else "C", found["text"], "incoming" if sent == reply else "outgoing", software)
    return None


def _named(line: str) -> Line | None:
    found = _SMARTERMAIL.match(line) if ": " in line else None
    if found:
        incoming = found["who"].islower()
        return Line(
            "S" if found["who"].lower() == "rsp" else "C",
            found["text"],
            "incoming" if incoming else "outgoing",
            "smartermail",
        )
    found = _COMMUNIGATE.search(line) if "SMTP" in line else None
    if found:
        incoming = bool(found["in"])
        return Line(
            "S" if found["who"] in ("rsp", "out") else "C",
            found["text"],
            "incoming" if incoming else "outgoing",
            "communigate",
        )
    return None


def _iis(line: str) -> Iterator[Line]:
    found = _IIS_OUT.search(line)
    if found:
        said = found["text"].replace("+", " ").strip()
        if found["who"] == "Response":
            yield Line("S", said, "outgoing", "iis")
        else:
            yield Line("C", f"{found['verb']} {said}", "outgoing", "iis")
        return
    found = _IIS_IN.search(line)
    if found:
        command = f"{found['verb']} {found['text'].replace('+', ' ').strip()}"
        yield Line("C", command, "incoming", "iis")
        yield Line("S", f"{found['code']} {command}", "incoming", "iis")  # the log has the code alone


def _lines(line: str) -> Iterator[Line]:
    """What one line of a log holds of the dialogue."""
    if "SMTPSVC" in line:
        yield from _iis(line)
        return
    found = _MAILENABLE.search(line) if "SMTP-" in line else None
    if found:
        direction: Literal["incoming", "outgoing"] = "incoming" if found["way"] == "IN" else "outgoing"
        yield Line("C", found["command"], direction, "mailenable")
        yield Line("S", found["text"], direction, "mailenable")
        return
    said = _sided(line) or _named(line)
    if said:
        yield said


def read(text: str) -> Bounce | None:
    """The refusals in a protocol log, or None where the text is none."""
    if not any(word in text for word in _WORDS):
        return None
    spoken = [
        said for line in rejoin(text).split("\n", MAX_LINES)[:MAX_LINES] for said in _lines(line.strip()[:MAX_LINE])
    ]
    refused = next((said for said in spoken if said.who == "S" and said.text[:1] in "45"), None)
    if refused is None:
        return None
    failures = read_transcript("\n".join(f"{said.who}: {said.text}" for said in spoken))
    named = _DELIVERY.search(text)
    return (
        Bounce("log", tuple(_own(failure, refused, named) for failure in failures), "protocol log")
        if failures
        else None
    )


def _own(failure: Failure, refused: Line, named: re.Match[str] | None) -> Failure:
    """The failure with what the log knows beside the dialogue."""
    permanent = (failure.reply_code or "")[:1] == "5"
    outgoing = refused.direction == "outgoing"
    failure = failure._replace(direction=refused.direction, software=refused.software or None, action="failed" if permanent else "delayed" if outgoing else None
    )  # fmt: skip
    return (
        failure._replace(recipient=named["to"], sender=named["sender"])
        if named and failure.recipient is None
        else failure
    )
