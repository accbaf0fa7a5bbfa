"""Log lines of mail servers -> failures; the lines of one queue id are one story.

Each line loses its prefix first (RFC 3164 and 5424 syslog, journald, Docker, ISO dates, TAI64N). What is left is known by
the program's own shape. A refusal written by our own server (NOQUEUE: reject, rejectlog) has direction incoming.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from bot.codes import normal_status
from bot.model import Failure
from bot.readers.replies import find_codes, one_line, read_diagnostic

MAX_LINES = 10_000

_ADDR = r"<?([^<>,;\s=]{1,320})>?"
# Postfix and Sendmail: key=value pairs with the verdict at the end.
_TO = re.compile(rf"\bto={_ADDR}[,;\s]")
_FROM = re.compile(r"\b(?:from|ctladdr)=<([^<>\s]{0,320})>")
_RELAY = re.compile(r"\brelay=([^\s,\[]{1,255})(?:\s?\[([0-9A-Fa-f.:]{2,45})\])?(?::(\d{1,5}))?")
_DSN = re.compile(r"\bdsn=([245]\.\d{1,3}\.\d{1,3})")
_STATUS = re.compile(r"\bstatus=([A-Za-z-]{4,20})(?:\s{1,3}\((.*?)\)?\s*$|,|\s|$)", re.S)
_STAT = re.compile(r"\bstat=(.*)$", re.S)
_QUEUE_ID = re.compile(
    r"(?:^|[\s\]:])([0-9A-Za-z]{6,30}): (?:to=|from=|host |lost |conversation |client=|uid=|reject|milter-reject|sender |removed|message-id|connect |enabling)"
)
_POSTFIX_REJECT = re.compile(
    r"(?:(?P<id>NOQUEUE|[0-9A-Za-z]{6,30}): )?(?P<verb>reject|milter-reject|proxy-reject|reject_warning|discard|hold|warn)"
    r":? (?P<stage>[A-Z-]{3,20}(?: TO| FROM)?)(?: from (?P<client>[^:;]{1,300}?(?:\[[^\]]{1,60}\])?(?::\d{1,5})?))?: (?P<text>.*)$", re.S
)  # fmt: skip
_POSTFIX_SAID = re.compile(
    r"^(?:\S{1,60}: )?(?:[0-9A-Za-z]{6,30}: )?(?P<text>(?:host \S{1,300} (?:said|refused)|lost connection with|conversation with|connect to)\b.*)$",
    re.S,
)
_POSTFIX_EXPIRED = re.compile(
    r"(?:(?P<id>[0-9A-Za-z]{6,30}): )?from=<(?P<sender>[^>]{0,320})>, status=(?P<status>expired|force-expired), returned to sender"
)
_SASL = re.compile(r"warning: \S{1,300}: SASL \S{1,20} authentication failed:?(.*)$")
_VERDICT = {"sent": "delivered", "deliverable": "delivered", "delivered": "delivered", "bounced": "failed", "expired": "failed", "force-expired": "failed",
            "undeliverable": "failed", "deferred": "delayed", "softbounce": "delayed"}  # fmt: skip

# Exim: date, optional zone and pid, message id, flag.
_EXIM = re.compile(
    r"(?:^|\s)(?:(?P<id>[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) )?"
    r"(?P<flag>\*\*|==|=>|->|\*>|>>) (?P<address>[^\s@]{1,128}@[^\s:,]{1,255}|\S{1,128} <[^>]{3,320}>)(?P<rest>.*)$", re.S
)  # fmt: skip
_EXIM_DEFER = re.compile(r"defer \((-?\d{1,5})\):? ?(.*)$", re.S)
_EXIM_HOST = re.compile(r"\bH=(\S{1,255})(?: \[([0-9A-Fa-f.:]{2,45})\])?")
_EXIM_REMOTE = re.compile(r"host (\S{1,255}) \[[0-9A-Fa-f.:]{2,45}\]")
_EXIM_CONFIRM = re.compile(r' C="([^"]{1,500})"')
_EXIM_REJECT = re.compile(
    r"\bH=(?P<client>[^\n]{1,300}?\]).{0,300}?(?P<soft>temporarily )?(?:rejected|refused) (?P<what>(?:connection|RCPT|MAIL|EHLO|HELO|after DATA|DATA|AUTH|STARTTLS)\b[^:]{0,330}?)(?:: (?P<text>.*))?$", re.S
)  # fmt: skip
_EXIM_AUTH = re.compile(r"authenticator failed for .{0,300}?: (535 .*)$", re.S)
_EXIM_ERRNO = {"-18": "connection closed", "-22": "quota exceeded", "-32": "unknown host", "-36": "host lookup did not complete: DNS lookup deferred",
               "-37": "TLS session: failure while setting up TLS", "-38": "a TLS session is required, but could not be started", "-42": "authentication failed",
               "-43": "connection timed out", "-52": "retry time not reached", "-53": "retry time not reached for any host", "-54": "retry time not reached"}  # fmt: skip

_QMAIL = re.compile(r"delivery (\d{1,10}): (failure|deferral|success): (.*)$", re.S)
_OPENSMTPD = re.compile(
    r"\b(?:mta|delivery|mda)\b.{0,80}\bresult=\"?(TempFail|PermFail|Ok|Loop)\"?.{0,400}?stat=\"?(.*?)\"?$", re.S
)
_OPENSMTPD_FIELDS = re.compile(r"\bto=<([^>]{1,320})>")
_HARAKA = re.compile(
    r"\[(?:outbound|core|queue)[^\]]{0,40}\].{0,200}?\b(?:bounce|bounced|deferred?|temp fail|permfail|rejected)\b.{0,60}?[:;] ?(.*)$",
    re.I | re.S,
)
_PREFIX = re.compile(
    r"""^\s{0,4}(?:<\d{1,3}>1?\s?)?(?:@[0-9a-f]{24}\s)?(?:
        [A-Z][a-z]{2}\s{1,2}\d{1,2}\s(?:\d{4}\s)?\d\d:\d\d:\d\d(?:\s\d{4})?(?:\.\d{1,6})?\s(?:(?P<host1>\S{1,255})\s)?
      | \d{4}-\d\d-\d\d[T\s]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|\s?[+-]\d\d:?\d\d)?\s(?:\[\d{1,10}\]\s)?
    )(?:(?P<host2>[A-Za-z0-9._-]{1,255})\s(?=[A-Za-z/_.-]{2,60}(?:\[\d{1,10}\])?:\s))?""",
    re.X,
)
_PROGRAM = re.compile(r"^(?P<program>[A-Za-z][A-Za-z0-9_./@ -]{1,60}?)(?:\[\d{1,10}\])?:\s")
SIGNS = re.compile(
    r"\bstatus=(?:sent|bounced|deferred|expired|undeliverable|SOFTBOUNCE|force-expired)\b|\bstat=\S|NOQUEUE: |(?:milter-|proxy-)?reject: [A-Z]{3,}| (?:\*\*|==|=>) \S{1,128}@|"
    r"rejected (?:RCPT|MAIL|EHLO|HELO|after DATA)|delivery \d{1,10}: (?:failure|deferral|success):|result=\"?(?:TempFail|PermFail|Ok)|postfix[/-]|sm-mta\[|sendmail\[|"
    r"\bdsn=[245]\.|SASL \S{1,20} authentication failed|(?:said|refused to talk to me): [245]\d\d|returned to sender$|failed-command command=|\bconnect to \S{1,255}\[[0-9a-fA-F.:]{2,45}\]|lost connection with \S{1,255}\[|conversation with \S{1,255}\["
)  # fmt: skip


def strip_prefix(line: str) -> tuple[str, str]:
    """(the line without date, host and program; program) of one log line."""
    found = _PREFIX.match(line)
    rest = line[found.end() :] if found else line.strip()
    program = _PROGRAM.match(rest)
    if program and (
        found or "/" in program["program"] or program["program"] in ("sendmail", "sm-mta", "exim", "smtpd")
    ):
        return rest[program.end() :], program["program"]
    return rest, ""


_SIGN_WORDS = ("status=", "stat=", "NOQUEUE", "reject", " ** ", " == ", " => ", "delivery ", "result=", "postfix", "sm-mta", "sendmail", "dsn=", "SASL ", "said: ", "talk to me",
               "returned to sender", "failed-command", "connect to ", "lost connection", "conversation with")  # fmt: skip


def looks_like(text: str) -> bool:
    """Whether a text holds log lines of a mail server."""
    return any(word in text for word in _SIGN_WORDS) and bool(SIGNS.search(text))


def _host(relay: re.Match[str] | None) -> str | None:
    if not relay or relay[1].rstrip(".").lower() in (
        "none",
        "local",
        "virtual",
        "dovecot",
        "maildrop",
        "procmail",
        "unknown",
        "127.0.0.1",
    ):
        return None
    return relay[1].rstrip(".")


def _postfix(line: str, rest: str, program: str) -> Failure | None:
    reject = _POSTFIX_REJECT.search(rest)
    if reject:
        return _postfix_reject(reject)
    status = _STATUS.search(rest)
    to = _TO.search(rest)
    relay = _RELAY.search(rest)
    dsn = _DSN.search(rest)
    queue = _QUEUE_ID.search(" " + rest)
    if status and (to or relay or dsn):
        diagnosis = read_diagnostic(status[2] or "")
        action = _VERDICT.get(status[1].lower())
        sent = action == "delivered"
        codes = find_codes(status[2] or "") if sent else (diagnosis.reply_code, diagnosis.enhanced_code)
        return Failure(
            diagnostic=diagnosis.text if not sent else one_line(status[2] or "") or "sent", recipient=to[1] if to else None,
            reply_code=codes[0], enhanced_code=(dsn[1] if sent and dsn else codes[1]) or (dsn[1] if dsn else None), action=action, status=dsn[1] if dsn else None,
            remote_mta=_host(relay) or diagnosis.host, command=diagnosis.command, outer=diagnosis.outer,
            context=one_line(status[2] or ""), direction="outgoing", queue_id=queue[1] if queue else None, software="postfix",
            own_cause="accepted" if sent else None,
        )  # fmt: skip
    expired = _POSTFIX_EXPIRED.search(rest)
    if expired:
        return Failure(diagnostic="status=expired, returned to sender", sender=expired["sender"], action="failed", direction="outgoing",
                       queue_id=expired["id"], software="postfix", own_cause="delivery-expired")  # fmt: skip
    sasl = _SASL.search(rest)
    if sasl:
        return Failure(
            diagnostic=one_line(rest),
            direction="incoming",
            action="failed",
            software="postfix",
            command="AUTH",
            own_cause="login-required",
        )
    said = _POSTFIX_SAID.match(rest)
    if said and (
        program.startswith("postfix")
        or queue
        or re.match(r"[0-9A-F]{6,14}: ", rest)
        or rest.startswith(("lost connection", "connect to", "conversation", "host "))
    ):
        diagnosis = read_diagnostic(said["text"])
        host = re.search(r"(?:host|with|to) ([A-Za-z0-9._-]{1,255})\[", said["text"])
        return Failure(
            diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
            remote_mta=host[1] if host else diagnosis.host, command=diagnosis.command, outer=diagnosis.outer, direction="outgoing",
            recipient=to[1] if to else None, queue_id=queue[1] if queue else None, software="postfix",
        )  # fmt: skip
    return None


def _postfix_reject(reject: re.Match[str]) -> Failure:
    text = reject["text"]
    to = re.search(r"\bto=<([^<>\s]{1,320})>", text)
    sender = re.search(r"\bfrom=<([^<>\s]{0,320})>", text)
    body = re.split(r"; (?:from=|to=|proto=|helo=|sasl_)", text, maxsplit=1)[0]
    diagnosis = read_diagnostic(body)
    stage = reject["stage"].split(" ")[0]
    command = {"END-OF-MESSAGE": "DATA", "HELO": "EHLO"}.get(stage, stage)
    client = (reject["client"] or "").strip()
    outgoing = client.startswith(("localhost[", "unknown[127.", "127.0.0.1"))
    return Failure(
        diagnostic=diagnosis.text, recipient=to[1] if to else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        action="failed" if diagnosis.reply_code and diagnosis.reply_code[0] == "5" else None, remote_mta=None, command=command,
        direction="outgoing" if outgoing else "incoming", sender=sender[1] if sender else None, software="postfix",
        queue_id=reject["id"] if reject["id"] and reject["id"] != "NOQUEUE" else None, context=client,
    )  # fmt: skip


def _sendmail(line: str, rest: str, program: str) -> Failure | None:
    stat = _STAT.search(rest)
    if not stat:
        ruleset = re.search(
            r"ruleset=(\S{1,40}), arg1=(.{1,330}?), (?:arg2=.{1,300}?, )?relay=(.{1,300}?), (?:reject=|quarantine=)(.*)$",
            rest,
            re.S,
        )
        if not ruleset:
            return None
        diagnosis = read_diagnostic(ruleset[4])
        address = ruleset[2].strip("<> ") if "rcpt" in ruleset[1] and "@" in ruleset[2] else None
        return Failure(diagnostic=diagnosis.text, recipient=address, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
                       direction="incoming", software="sendmail", command="RCPT" if "rcpt" in ruleset[1] else "MAIL")  # fmt: skip
    to = _TO.search(rest)
    dsn = _DSN.search(rest)
    relay = _RELAY.search(rest)
    words = stat[1]
    diagnosis = read_diagnostic(re.sub(r"^Deferred: ?", "", words))
    low = words.lower()
    action = (
        "delivered" if low.startswith("sent") else "delayed" if low.startswith(("deferred", "queued")) else "failed"
    )
    codes = find_codes(words) if action == "delivered" else (diagnosis.reply_code, diagnosis.enhanced_code)
    recipient = to[1].split(",")[0].strip("<>") if to and "@" in to[1] else None
    queue = re.search(r"\b([0-9A-Za-z]{14,20}): to=", rest)
    return Failure(
        diagnostic=diagnosis.text, recipient=recipient, reply_code=codes[0], enhanced_code=codes[1] or (dsn[1] if dsn else None),
        action=action, status=dsn[1] if dsn else None, remote_mta=_host(relay), command=diagnosis.command, direction="outgoing",
        queue_id=queue[1] if queue else None, software="sendmail", own_cause="accepted" if action == "delivered" else None,
    )  # fmt: skip


def _exim(line: str, rest: str, program: str) -> Failure | None:
    found = _EXIM.search(rest) or _EXIM.search(line)
    if not found:
        return _exim_reject(rest)
    flag, tail = found["flag"], found["rest"]
    address = found["address"]
    named = re.search(r"<([^<>\s]{3,320})>", address)
    recipient = named[1] if named else address.rstrip(":")
    host = _EXIM_REMOTE.search(tail) or _EXIM_HOST.search(tail)
    common: dict[str, Any] = {
        "recipient": recipient,
        "direction": "outgoing",
        "software": "exim",
        "queue_id": found["id"],
        "remote_mta": host[1] if host else None,
    }
    if flag in ("=>", "->", ">>", "*>"):
        confirm = _EXIM_CONFIRM.search(tail)
        codes = find_codes(confirm[1]) if confirm else (None, None)
        return Failure(
            diagnostic=one_line(confirm[1]) if confirm else "delivered",
            reply_code=codes[0],
            enhanced_code=codes[1],
            action="delivered",
            own_cause="accepted",
            **common,
        )
    defer = _EXIM_DEFER.search(tail)
    words = defer[2] if defer else tail
    words = re.sub(
        r"^(?: ?<[^>]{1,320}>)?(?: (?:F|P|R|T|ST|X|CV|DN|A|K|DS|L|QT|DT|U|S)=\S{1,300}| H=\S{1,255}(?: \[[^\]]{1,45}\])?(?::\d{1,5})?)*:? ?",
        "",
        words,
    )
    if defer and not words.strip():
        words = _EXIM_ERRNO.get(defer[1], "")
    diagnosis = read_diagnostic(words)
    stage = diagnosis.command
    return Failure(
        diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, command=stage, outer=diagnosis.outer,
        action="failed" if flag == "**" else "delayed", own_permanence=None if diagnosis.reply_code else "permanent" if flag == "**" else "temporary",
        context=_EXIM_ERRNO.get(defer[1], "") if defer else "", **common,
    )  # fmt: skip


def _exim_reject(rest: str) -> Failure | None:
    found = _EXIM_REJECT.search(rest)
    if found:
        text = found["text"] or found["what"]
        diagnosis = read_diagnostic(text)
        rcpt = re.search(r"RCPT <([^<>\s]{1,320})>", found["what"])
        sender = re.search(r"\bF=<([^<>\s]{0,320})>", rest)
        soft = bool(found["soft"])
        return Failure(
            diagnostic=diagnosis.text, recipient=rcpt[1] if rcpt else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
            command="RCPT" if rcpt else "DATA" if "DATA" in found["what"] else "MAIL" if "MAIL" in found["what"] else None, direction="incoming",
            sender=sender[1] if sender else None, software="exim", own_permanence=None if diagnosis.reply_code else "temporary" if soft else "permanent",
            remote_mta=found["client"].split(" ")[0] if "." in found["client"].split(" ")[0] and not found["client"].startswith("(") else None,
        )  # fmt: skip
    auth = _EXIM_AUTH.search(rest)
    if auth:
        diagnosis = read_diagnostic(auth[1])
        return Failure(
            diagnostic=diagnosis.text,
            reply_code=diagnosis.reply_code,
            enhanced_code=diagnosis.enhanced_code,
            command="AUTH",
            direction="incoming",
            software="exim",
        )
    return None


def _qmail(line: str, rest: str, program: str) -> Failure | None:
    found = _QMAIL.search(line)
    if not found:
        return None
    words = found[3].replace("_", " ").replace("/", "\n").strip()
    diagnosis = read_diagnostic(words)
    action = {"failure": "failed", "deferral": "delayed", "success": "delivered"}[found[2]]
    return Failure(
        diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, action=action, direction="outgoing",
        software="qmail", command=diagnosis.command, own_cause="accepted" if action == "delivered" else None,
        own_permanence=None if diagnosis.reply_code or action == "delivered" else "permanent" if action == "failed" else "temporary",
    )  # fmt: skip


def _opensmtpd(line: str, rest: str, program: str) -> Failure | None:
    found = _OPENSMTPD.search(rest)
    if not found:
        failed = re.search(r"failed-command .{0,200}?result=\"([^\"]{3,1000})\"", rest)
        if not failed:
            return None
        diagnosis = read_diagnostic(failed[1])
        return Failure(
            diagnostic=diagnosis.text,
            reply_code=diagnosis.reply_code,
            enhanced_code=diagnosis.enhanced_code,
            direction="incoming",
            software="opensmtpd",
        )
    diagnosis = read_diagnostic(found[2])
    to = _OPENSMTPD_FIELDS.search(rest)
    action = {"TempFail": "delayed", "PermFail": "failed", "Loop": "failed", "Ok": "delivered"}[found[1]]
    relay = re.search(r"relay=\"?([0-9.]{7,15} \()?([A-Za-z0-9._-]{1,255})\)?", rest)
    return Failure(
        diagnostic=diagnosis.text, recipient=to[1] if to else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        action=action, direction="outgoing", software="opensmtpd", remote_mta=relay[2] if relay else None, own_cause="accepted" if action == "delivered" else None,
        own_permanence=None if diagnosis.reply_code or action == "delivered" else "temporary" if action == "delayed" else "permanent",
    )  # fmt: skip


# The most telling shape first.
SHAPES: tuple[Callable[[str, str, str], Failure | None], ...] = (_exim, _postfix, _sendmail, _qmail, _opensmtpd)


def read_line(line: str) -> Failure | None:
    """What one log line says about one delivery, or None."""
    if not SIGNS.search(line):
        return None
    rest, program = strip_prefix(line)
    for shape in SHAPES:
        found = shape(line, rest, program)
        if found:
            return found
    return None


_STARTS = re.compile(
    r"^\s{0,4}(?:<\d{1,3}>|@[0-9a-f]{24}\s|[A-Z][a-z]{2}\s{1,2}\d{1,2}\s(?:\d{4}\s)?\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)|^\s{0,4}(?:[0-9A-F]{6,14}|NOQUEUE): |^\s{0,4}(?:postfix|sendmail|exim)[/\[]|^\s{0,4}to=<"
)


def join_wrapped(text: str) -> Iterator[str]:
    """The log lines of a paste; lines that do not begin like one are the wrapped rest of the line before."""
    current = ""
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        if _STARTS.match(line):
            if current:
                yield current
            current = line
        elif current and line.strip() and len(current) < 8_000:
            current += " " + line.strip()
        elif current:
            yield current
            current = "" if not line.strip() else line
        else:
            current = line
    if current:
        yield current


def read_log(text: str) -> list[Failure]:
    """The failures of pasted log lines, one for each recipient: the last line of a queue id and recipient counts."""
    stories: dict[tuple[str, str], Failure] = {}
    for number, line in enumerate(join_wrapped(text)):
        found = read_line(line)
        if not found:
            continue
        key = (
            found.queue_id or f"#{number}" if not found.recipient else found.queue_id or "",
            (found.recipient or "").lower(),
        )
        known = stories.get(key)
        if known and (found.own_cause == "accepted" or not found.diagnostic) and known.action == "failed":
            continue
        if found.own_cause == "delivery-expired" and found.recipient is None:
            merged = [k for k, v in stories.items() if v.queue_id and v.queue_id == found.queue_id]
            for place in merged:
                stories[place] = replace(stories[place], action="failed")
            if merged:
                continue
        stories[key] = found
    return list(stories.values())


def status_from_dsn(text: str) -> str | None:
    """The enhanced code in `dsn=`, normal form, or None."""
    found = _DSN.search(text)
    return normal_status(found[1]) if found else None
