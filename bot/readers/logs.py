"""Log lines of mail servers -> failures; the lines of one queue id are one story.

Each line loses its prefix first (RFC 3164 and 5424 syslog, journald, Docker, ISO dates, TAI64N). What is left is known by
the program's own shape. A refusal written by our own server (NOQUEUE: reject, rejectlog) has direction incoming.
"""

import json
import re
from collections.abc import Callable, Iterator

from bot.model import Failure
from bot.readers.logs_csv import looks_like as looks_like_table
from bot.readers.logs_csv import read_table
from bot.readers.logs_exim import exim
from bot.readers.logs_others import QMAIL_START, amavis, haraka, opensmtpd, qmail, rspamd, stalwart
from bot.readers.logs_postfix import postfix, sender_of, sendmail
from bot.readers.logs_small import small

MAX_LINES = 10_000
MAX_LINE = 8_000

_DATE = r"""(?:
        [A-Z][a-z]{2}\s{1,2}\d{1,2}\s(?:\d{4}\s)?\d\d:\d\d:\d\d(?:\s\d{4})?(?:\.\d{1,6})?\s(?:(?:\S{1,255})\s)?
      | \d{4}-\d\d-\d\d[T\s]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|\s?[+-]\d\d:?\d\d)?\s(?:\[\d{1,10}\]\s)?
    )"""
_PREFIX = re.compile(
    rf"""^\s{{0,4}}(?:<\d{{1,3}}>1?\s?)?(?:@[0-9a-f]{{24}}\s)?{_DATE}
    (?:(?P<host2>[A-Za-z0-9._-]{{1,255}})\s(?=[A-Za-z/_.-]{{2,60}}(?:\[\d{{1,10}}\])?:\s))?""",
    re.X,
)
_PROGRAM = re.compile(r"^(?P<program>[A-Za-z][A-Za-z0-9_./@ -]{1,60}?)(?:\[\d{1,10}\])?:\s")
# RFC 5424: <22>1 date host program pid msgid [structured data] message
_RFC5424 = re.compile(
    r"^\s{0,4}(?:<\d{1,3}>1 )?\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) \S{1,255} (?P<program>[A-Za-z][\w./-]{1,60}) (?:\d{1,10}|-) \S{1,60} (?:-|(?:\[[^\]]{1,300}\]){1,5}) (?:\ufeff)?"
)
# Before the line itself: a container's name, a file's name, what Kubernetes adds, journald's field.
_OUTER = re.compile(
    r"^(?:[A-Za-z0-9][\w.-]{0,60}\s{1,20}\| {0,4}|(?:/[\w.-]{1,60}){1,8}(?:\.\w{1,5}){0,3}:(?:\d{1,9}:)?(?=[A-Z<2])|\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d) (?:std(?:out|err) [FP] )?(?=[A-Z<]|\d{4}-)|\s{0,8}MESSAGE=)"
)
_CARRIED = re.compile(r'"(?:MESSAGE|log|message|msg)"\s?:\s?"(.{1,8000}?)"?\s?(?:,\s?"|\}|$)')
SIGNS = re.compile(
    r"\bstatus=(?:sent|bounced|deferred|expired|undeliverable|SOFTBOUNCE|force-expired)\b|\bstat=\S|NOQUEUE: |(?:milter-|proxy-)?reject: (?:[A-Z]{3,}|header|body)| (?:\*\*|==|=>) \S{1,128}(?:@| <)|"
    r"rejected (?:RCPT|MAIL|EHLO|HELO|after DATA)|delivery \d{1,10}: (?:failure|deferral|success):|result=\"?(?:TempFail|PermFail|Ok)|postfix[/-]|sm-mta\[|sendmail\[|"
    r"\bdsn=[245]\.|SASL \S{1,20} authentication failed|(?:said|refused to talk to me): [245]\d\d|returned to sender$|failed-command command=|\bconnect to \S{1,255}\[[0-9a-fA-F.:]{2,45}\]|lost connection with \S{1,255}\[|conversation with \S{1,255}\[|"
    r"authenticator failed for |SMTP call from .{1,300} dropped: |-delivery notification: |rspamd_task_write_log: |\) (?:Blocked|Passed) [A-Z-]{3,20}[ ,]|\] \[(?:outbound|core)\] |\((?:delivery|smtp|auth)\.[a-z-]{3,40}\) |"
    r"smtp-out: (?:TempFail|PermFail|Ok) for |Failed command on session |ruleset=check_| (?:Bounced|Delayed): DCID \d|ICID \d{1,12} REJECT |smtpmsg='|courieresmtp: id=| (?:REJECTED|DEFERRED)\[|: block mail to <|action=greylist, reason=|> delayed for \d|policyd-spf\[|to unknown recipient <|\bMilter\b.{1,100}reject="
)  # fmt: skip
# A word of each sign: most texts have none, and then no pattern has to look.
_SIGN_WORDS = ("status=", "stat=", "NOQUEUE", "reject", " ** ", " == ", " => ", "delivery ", "result=", "postfix", "sm-mta", "sendmail", "dsn=", "SASL ", "said: ", "talk to me",
               "returned to sender", "failed-command", "connect to ", "lost connection", "conversation with", "authenticator failed", " dropped: ", " notification: ",
               "rspamd_task_write_log", ") Blocked ", ") Passed ", "] [outbound] ", "] [core] ", "(delivery.", "(smtp.", "(auth.", "smtp-out: ", "Failed command", "ruleset=", "DCID ", "ICID ", "smtpmsg='", "courieresmtp", " DEFERRED[", " REJECTED[", "block mail to <", "action=greylist", "> delayed for ", "policyd-spf[", "to unknown recipient <")  # fmt: skip


def strip_prefix(line: str) -> tuple[str, str]:
    """(the line without date, host and program; program) of one log line."""
    syslog = _RFC5424.match(line)
    if syslog:
        return line[syslog.end() :], syslog["program"]
    found = _PREFIX.match(line)
    rest = line[found.end() :] if found else line.strip()
    program = _PROGRAM.match(rest)
    if program and (
        found or "/" in program["program"] or program["program"] in ("sendmail", "sm-mta", "exim", "smtpd", "haraka")
    ):
        return rest[program.end() :], program["program"]
    return rest, ""


def unwrap(line: str) -> str:
    """The line a container, a journal export or a search tool carries."""
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            carried = _CARRIED.search(line)  # its escapes were undone with those of the chat
            return carried[1] if carried else line
        inner = entry.get("MESSAGE") or entry.get("log") or entry.get("message") or entry.get("msg")
        if isinstance(inner, str):
            name = entry.get("SYSLOG_IDENTIFIER")
            return f"{name}: {inner.rstrip()}" if isinstance(name, str) else inner.rstrip()
        return line
    found = _OUTER.match(line)
    return line[found.end() :] if found else line


def looks_like(text: str) -> bool:
    """Whether a text holds log lines of a mail server."""
    if any(word in text for word in _SIGN_WORDS) and SIGNS.search(text):
        return True
    return looks_like_table(text)


# The most telling shape first. OpenSMTPD's lines carry stat= as Sendmail's do, so it goes before.
SHAPES: tuple[Callable[[str, str, str], list[Failure]], ...] = (
    rspamd, amavis, haraka, stalwart, small, exim, postfix, opensmtpd, sendmail, qmail,
)  # fmt: skip


def read_lines(line: str) -> list[Failure]:
    """What one log line says, one failure for each recipient; empty where it reports none."""
    line = line[:MAX_LINE]
    if not SIGNS.search(line):
        return []
    rest, program = strip_prefix(line)
    for shape in SHAPES:
        found = shape(line, rest, program)
        if found:
            return found
    return []


_STARTS = re.compile(
    r"^\s{0,4}(?:<\d{1,3}>|@[0-9a-f]{24}\s|(?:[A-Z][a-z]{2}\s)?[A-Z][a-z]{2}\s{1,2}\d{1,2}\s(?:\d{4}\s)?\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)|^\s{0,4}(?:[0-9A-F]{6,14}|NOQUEUE): |^\s{0,4}(?:postfix|sendmail|exim)[/\[]|^\s{0,4}to=<|"
    r"^\[[A-Z]{4,8}\] \[|^[0-9a-f]{16} (?:mta|smtp|mda) "
)


def join_wrapped(text: str) -> Iterator[str]:
    """The log lines of a paste; lines that do not begin like one are the wrapped rest of the line before."""
    current = ""
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        if line.startswith('","stream":"'):  # the end of Docker's JSON, cut off by an undone line break
            continue
        if line[:1] == "{" or "|" in line[:80] or line[:1] == "/" or line[:1] in "2 ":
            line = unwrap(line)
        if _STARTS.match(line) and not ("reject" in current[:200] and line.lstrip().startswith("to=<")):
            if current:
                yield current
            current = line
        elif current and line.strip() and len(current) < MAX_LINE:
            current += " " + line.strip()
        elif current:
            yield current
            current = "" if not line.strip() else line
        else:
            current = line
    if current:
        yield current


class Story:
    """The lines of a paste told together: senders and recipients named on other lines, the last verdict for each recipient."""

    def __init__(self) -> None:
        self.verdicts: dict[tuple[str, str], Failure] = {}
        self.named: dict[str, list[tuple[str, str]]] = {}  # queue id -> its verdicts that have a recipient
        self.senders: dict[str, str] = {}
        self.recipients: dict[str, str] = {}  # qmail: delivery number -> recipient

    def add(self, line: str, number: int) -> None:
        """Take in one line."""
        started = QMAIL_START.search(line) if "starting delivery" in line else None
        if started:
            self.recipients[f"delivery {started[1]}"] = started[2]
            return
        found = read_lines(line)
        for failure in found:
            self._take(failure, number)
        if not found and ("from=<" in line or " <= " in line):
            named = sender_of(strip_prefix(line)[0])
            if named:
                self.senders[named[0]] = named[1]

    def _take(self, failure: Failure, number: int) -> None:
        queue = failure.queue_id or ""
        if failure.recipient is None and queue in self.recipients:
            failure = failure._replace(recipient=self.recipients[queue])
        if failure.sender and queue:
            self.senders.setdefault(queue, failure.sender)
        if failure.recipient is None and self.named.get(queue):
            self._close(failure)
            return
        key = (queue if failure.recipient or queue else f"#{number}", (failure.recipient or "").lower())
        known = self.verdicts.get(key)
        if known and known.action == "failed" and (failure.own_cause == "accepted" or not failure.diagnostic):
            return
        if known and known.reply_code and not failure.reply_code and failure.action == known.action:
            return  # the end of the story in fewer words
        if known is None and queue and key[1]:
            self.named.setdefault(queue, []).append(key)
        self.verdicts[key] = failure

    def _close(self, failure: Failure) -> None:
        """A line without a recipient says how the lines before it end."""
        if failure.action != "failed":
            return
        for key in self.named[failure.queue_id or ""]:
            if self.verdicts[key].action == "delayed":
                self.verdicts[key] = self.verdicts[key]._replace(action="failed")

    def told(self) -> list[Failure]:
        """One failure for each recipient, in the order they came."""
        out = []
        named = {failure.diagnostic for key, failure in self.verdicts.items() if key[1]}
        for key, failure in self.verdicts.items():
            queue = failure.queue_id or ""
            if self._handed_on(key, failure) or (not key[1] and (self.named.get(queue) or failure.diagnostic in named)):
                continue  # told again under the filter's queue id, or by its own to= line
            if failure.sender is None and queue in self.senders:
                failure = failure._replace(sender=self.senders[queue])
            out.append(failure)
        return out

    def _handed_on(self, key: tuple[str, str], failure: Failure) -> bool:
        """Whether a filter on the same host took the message and the story goes on under the id it gave."""
        if failure.own_cause != "accepted" or "queued as " not in failure.diagnostic:
            return False
        given = failure.diagnostic.rsplit("queued as ", 1)[1].split(" ")[0].strip("()<>.,;")
        return (given, key[1]) in self.verdicts


def read_log(text: str) -> list[Failure]:
    """The failures of pasted log lines, one for each recipient: the last line of a queue id and recipient counts."""
    if looks_like_table(text):
        return read_table(text)
    story = Story()
    for number, line in enumerate(join_wrapped(text)):
        story.add(line, number)
    return story.told()
