"""Log lines of qmail, OpenSMTPD, Haraka and Stalwart, and the verdicts of rspamd and amavis -> failures."""

import re

from bot.codes import permanence_of
from bot.model import Failure, Permanence
from bot.readers.replies import find_codes, one_line, read_diagnostic

_QMAIL = re.compile(r"delivery (\d{1,10}): (failure|deferral|success): (.*)$", re.S)
QMAIL_START = re.compile(r"starting delivery (\d{1,10}): msg \d{1,15} to (?:remote|local) (\S{1,320})")

_OPENSMTPD = re.compile(
    r"\b(?:mta|delivery|mda)\b.{0,1200}?\bresult=\"?(TempFail|PermFail|Ok|Loop)\"?.{0,400}?stat=\"?(.*?)\"?$", re.S
)
_OPENSMTPD_OLD = re.compile(r"\bsmtp-out: (TempFail|PermFail|Ok) for .{0,1200}?stat=(.*)$", re.S)
_OPENSMTPD_IN = re.compile(
    r"(?:failed-command .{0,20}command=\"(?P<command>[^\"]{0,600})\" result=\"|Failed command on session \S{1,40}: \"(?P<old>[^\"]{0,600})\" => )(?P<text>[^\"]{3,1000})"
)
_OPENSMTPD_TO = re.compile(r"\bto=<([^>]{1,320})>")
_RELAY = re.compile(r"relay=\"?(?:\[?[0-9A-Fa-f.:]{7,45}\]? \()?([A-Za-z0-9._-]{1,255})\)?")

_HARAKA = re.compile(r"\[(?P<id>[0-9A-F]{8}-[0-9A-F-]{20,40}(?:\.\d{1,5}){0,2})\] \[(?P<plugin>[\w./-]{1,60})\] (?P<text>.*)$", re.S)  # fmt: skip
_HARAKA_RCPT = re.compile(r"^recipient <(?P<to>[^>\s]{1,320})> (?P<verb>rejected|deferred): (?P<text>.*)$", re.S)
_HARAKA_CORE = re.compile(
    r"^(?:recipient <(?P<to>[^>\s]{1,320})>|sender <(?P<from>[^>\s]{0,320})>) code=(?P<code>DENY|DENYSOFT|DENYDISCONNECT|DENYSOFTDISCONNECT) msg=\"(?P<text>[^\"]{0,1000})\"(?: sender=\"(?P<sender>[^\"]{0,320})\")?"
)
_HARAKA_DONE = re.compile(r"^delivered file=\S{1,200} .{0,300}?(?:host=\"?(?P<host>[^\"\s]{1,255})\"?)?.{0,300}?response=\"?(?P<text>[^\"]{1,500})\"?")  # fmt: skip
_HARAKA_END = re.compile(r"^(?P<verb>Temp failing|bouncing mail|bounced?)\b(?: \S{1,200} for [\d.]{1,12} seconds)?:? (?P<text>.*)$", re.S)  # fmt: skip

_STALWART = re.compile(r"\((?P<event>(?:delivery|queue|smtp|spam|dmarc|milter|auth)\.[a-z-]{3,40})\) ")
_STALWART_FIELD = re.compile(
    r"(?:^|, | )(hostname|to|from|code|details|reason|queueId|domain|remoteIp) = (?:\"((?:[^\"\\]|\\.){0,2000})\"|\[\"([^\"]{1,320})\"|([^,\s]{1,100}))"
)
_STALWART_FAILED = {
    "delivery.rcpt-to-rejected": "RCPT", "delivery.mail-from-rejected": "MAIL", "delivery.message-rejected": "DATA", "delivery.ehlo-rejected": "EHLO",
    "delivery.greeting-failed": "CONNECT", "delivery.connect-error": "CONNECT", "delivery.start-tls-error": "STARTTLS", "delivery.start-tls-unavailable": "STARTTLS",
    "delivery.auth-failed": "AUTH", "delivery.dsn-perm-fail": None, "delivery.dsn-temp-fail": None, "delivery.failed": None, "delivery.mx-lookup-failed": None,
    "delivery.null-mx": None, "delivery.domain-delivery-start-error": None, "delivery.rate-limit-exceeded": None, "delivery.double-bounce": None,
}  # fmt: skip
_STALWART_REFUSED = {
    "smtp.mailbox-does-not-exist": ("RCPT", "mailbox-not-found"), "smtp.relay-not-allowed": ("RCPT", "relaying-denied"), "smtp.rcpt-to-greylisted": ("RCPT", "greylisted"),
    "smtp.rcpt-to-rejected": ("RCPT", None), "smtp.mail-from-rejected": ("MAIL", "sender-rejected"), "smtp.mail-from-unauthenticated": ("MAIL", "login-required"),
    "smtp.rate-limit-exceeded": (None, "rate-limited"), "smtp.spf-from-fail": ("MAIL", "authentication-failed"), "smtp.spf-ehlo-fail": ("EHLO", "authentication-failed"),
    "smtp.dmarc-fail": ("DATA", "authentication-failed"), "smtp.iprev-fail": ("CONNECT", "reverse-dns-missing"), "smtp.message-too-large": ("DATA", "message-too-large"),
    "smtp.too-many-recipients": ("RCPT", "too-many-recipients"), "smtp.auth-not-allowed": ("AUTH", "tls-required"), "auth.failed": ("AUTH", "login-required"),
    "smtp.loop-detected": ("DATA", "routing-loop"),
}  # fmt: skip

_RSPAMD = re.compile(
    r"\((?P<metric>\w{1,30}): [TFA] \((?P<action>[a-z ]{4,20})\): \[(?P<score>-?[\d.]{1,12}|nan)/(?P<limit>-?[\d.]{1,12})\] ?\["
)
_RSPAMD_FIELD = re.compile(r"\b(qid|from|rcpts|user|ip): <?([^<>,\s]{1,320})>?")
_VIRUS = re.compile(r"\b(?:CLAM|SOPHOS|FPROT|AVIRA|KASPERSKY|SAVAPI|ESET|VIRUS)\w{0,30}\(")
_AMAVIS = re.compile(
    r"\((?P<task>\d{3,7}-[\w-]{1,20})\) (?P<verb>Blocked|Passed) (?P<class>[A-Z][A-Z-]{2,20})(?: \((?P<why>[^)]{1,300})\))?(?: \{(?P<fate>[^}]{1,200})\})?, (?P<rest>.*)$", re.S
)  # fmt: skip
_AMAVIS_PATH = re.compile(r"<(?P<from>[^<>\s]{0,320})> -> (?P<to>(?:<[^<>\s]{1,320}>,?){1,200})")
_AMAVIS_CAUSE = {"SPAM": "spam-content", "SPAMMY": "spam-content", "INFECTED": "virus-detected", "BANNED": "content-rejected", "BAD-HEADER": "non-compliant-message",
                 "OVERSIZED": "message-too-large", "TEMPFAIL": "server-error"}  # fmt: skip


def _own_permanence(code: str | None, action: str) -> Permanence:
    if code or action == "delivered":
        return None
    return "permanent" if action == "failed" else "temporary"


def qmail(line: str, rest: str, program: str) -> list[Failure]:
    """What one `delivery N:` line of qmail-send reports."""
    found = _QMAIL.search(line) if "delivery " in line else None
    if not found:
        return []
    words = found[3].replace("_", " ").replace("/", "\n").strip()
    diagnosis = read_diagnostic(words)
    action = {"failure": "failed", "deferral": "delayed", "success": "delivered"}[found[2]]
    return [Failure(
        diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, action=action, direction="outgoing",
        software="qmail", command=diagnosis.command, own_cause="accepted" if action == "delivered" else None, queue_id=f"delivery {found[1]}",
        own_permanence=_own_permanence(diagnosis.reply_code, action),
    )]  # fmt: skip


def opensmtpd(line: str, rest: str, program: str) -> list[Failure]:
    """What one line of OpenSMTPD reports."""
    found = _OPENSMTPD.search(rest) if "result=" in rest and "stat=" in rest else None
    if found is None and "smtp-out: " in line:
        found = _OPENSMTPD_OLD.search(line)
    if found is None:
        refused = _OPENSMTPD_IN.search(line) if "ailed" in line else None
        if refused is None:
            return []
        diagnosis = read_diagnostic(refused["text"])
        said = (refused["command"] or refused["old"] or "").upper()
        to = re.search(r"RCPT TO:\s?<([^<>\s]{1,320})>", refused["command"] or refused["old"] or "", re.I)
        return [Failure(
            diagnostic=diagnosis.text, recipient=to[1] if to else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
            direction="incoming", software="opensmtpd", command="RCPT" if said.startswith("RCPT") else "MAIL" if said.startswith("MAIL") else diagnosis.command,
            action="failed" if (diagnosis.reply_code or "")[:1] == "5" else None,
        )]  # fmt: skip
    diagnosis = read_diagnostic(found[2])
    recipient = _OPENSMTPD_TO.search(line)
    action = {"TempFail": "delayed", "PermFail": "failed", "Loop": "failed", "Ok": "delivered"}[found[1]]
    relay = _RELAY.search(line)
    evpid = re.search(r"\bevpid=([0-9a-f]{8,16})|smtp-out: \w{2,8} for ([0-9a-f]{8,16})", line)
    return [Failure(
        diagnostic=diagnosis.text, recipient=recipient[1] if recipient else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        action=action, direction="outgoing", software="opensmtpd", remote_mta=relay[1] if relay else None,
        own_cause="accepted" if action == "delivered" else None, own_permanence=_own_permanence(diagnosis.reply_code, action),
        queue_id=(evpid[1] or evpid[2]) if evpid else None,
    )]  # fmt: skip


def haraka(line: str, rest: str, program: str) -> list[Failure]:
    """What one line of Haraka reports; its story hangs on the transaction's UUID."""
    found = _HARAKA.search(line) if "] [" in line else None
    if found is None:
        return []
    text, queue = found["text"], found["id"]
    if found["plugin"] != "outbound":
        refused = _HARAKA_CORE.match(text)
        if refused is None:
            return []
        soft = "SOFT" in refused["code"]
        diagnosis = read_diagnostic(refused["text"])
        return [Failure(
            diagnostic=diagnosis.text or refused["code"], recipient=refused["to"], sender=refused["sender"] or refused["from"], reply_code=diagnosis.reply_code,
            enhanced_code=diagnosis.enhanced_code, direction="incoming", software="haraka", command="RCPT" if refused["to"] else "MAIL", queue_id=queue,
            action=None if soft else "failed", own_permanence=_own_permanence(diagnosis.reply_code, "delayed" if soft else "failed"),
        )]  # fmt: skip
    rcpt = _HARAKA_RCPT.match(text)
    if rcpt:
        diagnosis = read_diagnostic(rcpt["text"])
        action = (
            "failed" if rcpt["verb"] == "rejected" and permanence_of(diagnosis.reply_code) != "temporary" else "delayed"
        )
        return [Failure(diagnostic=diagnosis.text, recipient=rcpt["to"], reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, command="RCPT",
                        action=action, direction="outgoing", software="haraka", queue_id=queue, remote_mta=diagnosis.host)]  # fmt: skip
    done = _HARAKA_DONE.match(text)
    if done:
        codes = find_codes(done["text"])
        return [Failure(diagnostic=one_line(done["text"]), reply_code=codes[0], enhanced_code=codes[1], action="delivered", direction="outgoing",
                        software="haraka", own_cause="accepted", queue_id=queue, remote_mta=done["host"])]  # fmt: skip
    end = _HARAKA_END.match(text)
    if end is None:
        return []
    action = "delayed" if end["verb"] == "Temp failing" else "failed"
    diagnosis = read_diagnostic(end["text"])
    to = re.search(r"<([^<>\s]{1,320}@[^<>\s]{1,255})>", end["text"])
    return [Failure(
        diagnostic=diagnosis.text, recipient=to[1] if to else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, action=action,
        direction="outgoing", software="haraka", queue_id=queue, own_permanence=_own_permanence(diagnosis.reply_code, action),
    )]  # fmt: skip


def stalwart(line: str, rest: str, program: str) -> list[Failure]:
    """What one event line of Stalwart reports: `Words (delivery.rcpt-to-rejected) key = value, …`."""
    found = _STALWART.search(line) if " = " in line else None
    if found is None:
        return []
    event = found["event"]
    delivered = event in ("delivery.delivered", "delivery.dsn-success")
    if not delivered and event not in _STALWART_FAILED and event not in _STALWART_REFUSED:
        return []
    values: dict[str, str] = {}
    for field in _STALWART_FIELD.finditer(line, found.end()):
        values[field[1]] = (field[2] or field[3] or field[4] or "").strip("<>")
    said = values.get("details") or values.get("reason") or ""
    said = re.sub(r"^Unexpected response for .{0,340}?: (?=Code: )", "", said)
    coded = re.match(r"Code: ([245]\d\d), Enhanced code: ([\d.]{3,11}), Message: ", said)
    if coded:
        said = said[coded.end() :]
    code = coded[1] if coded else values.get("code")
    code = code if code and re.fullmatch(r"[245]\d\d", code) else None
    diagnosis = read_diagnostic(said)
    status = coded[2] if coded and coded[2] != "0.0.0" else diagnosis.enhanced_code
    refused = _STALWART_REFUSED.get(event)
    soft = (
        event in ("delivery.dsn-temp-fail",)
        or (code or "5")[0] == "4"
        or event in ("smtp.rcpt-to-greylisted", "delivery.connect-error")
    )
    action = "delivered" if delivered else "delayed" if soft else "failed"
    recipient = values.get("to")
    return [Failure(
        diagnostic=diagnosis.text or one_line(line[max(0, found.start() - 60) : found.start()]) or event,
        recipient=recipient if recipient and "@" in recipient else None, sender=values.get("from") or None,
        reply_code=code or diagnosis.reply_code, enhanced_code=status, action=None if refused and soft else action,
        direction="incoming" if refused else "outgoing", command=refused[0] if refused else _STALWART_FAILED.get(event), remote_mta=None if refused else values.get("hostname"),
        own_cause="accepted" if delivered else refused[1] if refused else None, software="stalwart", queue_id=values.get("queueId"),
        own_permanence=_own_permanence(code or diagnosis.reply_code, action),
    )]  # fmt: skip


def rspamd(line: str, rest: str, program: str) -> list[Failure]:
    """What one verdict of rspamd says; `no action` and marked mail count as accepted."""
    begin = line.find("rspamd_task_write_log")
    found = _RSPAMD.search(line, begin) if begin >= 0 else None
    if found is None:
        return []
    end = line.find("])", found.end())
    symbols, tail = (line[found.end() : end], line[end:]) if end >= 0 else (line[found.end() :], "")
    values = {field[1]: field[2] for field in _RSPAMD_FIELD.finditer(line[begin : found.start()] + tail)}
    action = found["action"]
    cause, fate = "accepted", "delivered"
    if action in ("reject", "discard", "quarantine"):
        cause, fate = "virus-detected" if _VIRUS.search(symbols) else "spam-content", "failed"
    elif action in ("soft reject", "greylist"):
        cause, fate = "rate-limited" if "ratelimit" in symbols.lower() else "greylisted", "delayed"
    named = re.search(r"\brcpts: ((?:<[^<>\s]{1,320}>,? ?){1,100})", tail)
    said = line[found.start("metric") : found.end("limit") + 1]  # the symbols name lists that did not decide alone
    return [
        Failure(
            diagnostic=said, recipient=recipient, sender=values.get("from"), action=fate, direction="outgoing" if values.get("user") else "incoming",
            software="rspamd", own_cause=cause, command="DATA", queue_id=values.get("qid"), own_permanence=_own_permanence(None, fate),
        )
        for recipient in (re.findall(r"<([^<>\s]{1,320})>", named[1]) if named else [None])
    ]  # fmt: skip


def amavis(line: str, rest: str, program: str) -> list[Failure]:
    """What one verdict of amavis says, for each recipient."""
    found = _AMAVIS.search(line) if "Blocked " in line or "Passed " in line else None
    if found is None:
        return []
    path = _AMAVIS_PATH.search(found["rest"])
    queue = re.search(r"Queue-ID: ([0-9A-Za-z]{6,30})", found["rest"])
    fate = found["fate"] or ""
    passed = found["verb"] == "Passed"
    action = "delivered" if passed else "delayed" if found["class"] == "TEMPFAIL" or "TempFail" in fate else "failed"
    kind = next((cause for name, cause in _AMAVIS_CAUSE.items() if found["class"].startswith(name)), None)
    said = line[found.start("verb") : found.end("why") + 1 if found["why"] else found.end("class")]
    return [
        Failure(
            diagnostic=said, recipient=recipient, sender=path["from"] or None if path else None, action=action,
            direction="outgoing" if "Outbound" in fate or "Internal" in fate or "OpenRelay" in fate else "incoming", software="amavis",
            own_cause="accepted" if passed else kind, command="DATA", queue_id=queue[1] if queue else None, own_permanence=_own_permanence(None, action),
        )
        for recipient in (re.findall(r"<([^<>\s]{1,320})>", path["to"]) if path else [None])
    ]  # fmt: skip
