"""Log lines of Postfix and Sendmail -> failures: key=value pairs with the verdict at the end.

Postfix's smtpd, postscreen and cleanup refuse what others bring (direction incoming); smtp, lmtp, local, virtual, pipe,
error and bounce tell what became of what we send.
"""

import re

from bot.model import Failure
from bot.readers.replies import find_codes, one_line, read_diagnostic

_ADDR = r"<?([^<>,;\s=]{1,320})>?"
_TO = re.compile(rf"\bto={_ADDR}[,;\s]")
_RELAY = re.compile(r"\brelay=([^\s,\[]{1,255})(?:\s?\[([0-9A-Fa-f.:]{2,45})\])?(?::(\d{1,5}))?")
_DSN = re.compile(r"\bdsn=([245]\.\d{1,3}\.\d{1,3})")
_STATUS = re.compile(r"\bstatus=([A-Za-z-]{4,20})(?:\s{1,3}\((.*?)\)?\s*$|,|\s|$)", re.S)
_STAT = re.compile(r"\bstat=(.*)$", re.S)
_QUEUE_ID = re.compile(
    r"(?:^|[\s\]:])([0-9A-Za-z]{6,30}): (?:to=|from=|host |lost |conversation |client=|uid=|reject|milter-reject|sender |removed|message-id|connect |enabling)"
)
_REJECT = re.compile(
    r"(?:(?P<id>NOQUEUE|[0-9A-Za-z]{6,30}): )?(?P<verb>reject|milter-reject|proxy-reject|reject_warning|discard|hold|warn)"
    r":? (?P<stage>[A-Z-]{3,20}(?: TO| FROM)?)(?: from (?P<client>[^:;]{1,300}?(?:\[[^\]]{1,60}\])?(?::\d{1,5})?))?: (?P<text>.*)$", re.S
)  # fmt: skip
# header_checks and body_checks (cleanup): the reason stands behind the envelope.
_CHECK = re.compile(
    r"(?:(?P<id>[0-9A-Za-z]{6,30}): )?(?P<verb>reject|discard|hold): (?P<stage>header|body) (?P<what>.{0,1000}?) from (?P<client>\S{1,300}); "
    r"from=<(?P<sender>[^>]{0,320})> to=<(?P<to>[^>]{1,320})>[^:]{0,300}: (?P<text>.*)$", re.S
)  # fmt: skip
_SAID = re.compile(
    r"^(?:\S{1,60}: )?(?:[0-9A-Za-z]{6,30}: )?(?P<text>(?:host \S{1,300} (?:said|refused)|lost connection with|conversation with|connect to)\b.*)$",
    re.S,
)
_EXPIRED = re.compile(
    r"(?:(?P<id>[0-9A-Za-z]{6,30}): )?from=<(?P<sender>[^>]{0,320})>, status=(?P<status>expired|force-expired), returned to sender"
)
_NOTICE = re.compile(
    r"(?:^|\s)(?P<id>[0-9A-Za-z]{6,30}): (?P<what>sender (?:non-delivery|delay)|postmaster non-delivery) notification: (?P<new>[0-9A-Za-z]{6,30})"
)
_SASL = re.compile(r"warning: \S{1,300}: SASL \S{1,20} authentication failed:?(.*)$")
_VERDICT = {"sent": "delivered", "deliverable": "delivered", "delivered": "delivered", "bounced": "failed", "expired": "failed", "force-expired": "failed",
            "undeliverable": "failed", "deferred": "delayed", "softbounce": "delayed"}  # fmt: skip
_OWN_HOSTS = ("none", "local", "virtual", "dovecot", "maildrop", "procmail", "unknown", "127.0.0.1", "localhost")
_RULESET = re.compile(
    r"ruleset=(\S{1,40}), arg1=(.{1,330}?), (?:arg2=.{1,300}?, )?relay=(.{1,300}?), (?:reject=|quarantine=)(.*)$", re.S
)
_MILTER = re.compile(
    r"\bMilter(?: \([^)]{1,60}\)|(?:=\S{1,60},)?)?: (?:(?P<stage>to|from)=(?P<address>\S{1,330}), |(?P<phase>data|connect|helo)[^,]{0,300}, )reject=(?P<text>.*)$",
    re.S,
)
_LIST_TO = re.compile(r"\bto=(\S{1,2000}), ")


def _host(relay: re.Match[str] | None) -> str | None:
    if not relay or relay[1].rstrip(".").lower() in _OWN_HOSTS:
        return None
    return relay[1].rstrip(".")


_ANVIL = re.compile(r"(?:rate|concurrency) limit exceeded: \d{1,10} from \S{1,300} for service ")


def postfix(line: str, rest: str, program: str) -> list[Failure]:
    """What one line of Postfix reports."""
    if "reject" in rest or "discard" in rest or "hold" in rest or "warn: " in rest:
        reject = _REJECT.search(rest)
        if reject:
            return [_reject(reject)]
        check = _CHECK.search(rest) if "; from=<" in rest else None
        if check:
            return [_check(check)]
    queue = _QUEUE_ID.search(" " + rest)
    to = _TO.search(rest)
    if "status=" in rest:
        found = _delivery(rest, queue, to)
        if found:
            return [found]
        expired = _EXPIRED.search(rest)
        if expired:
            return [Failure(diagnostic="status=expired, returned to sender", sender=expired["sender"], action="failed", direction="outgoing",
                            queue_id=expired["id"], software="postfix", own_cause="delivery-expired")]  # fmt: skip
    if "SASL " in rest and _SASL.search(rest):
        return [Failure(diagnostic=one_line(rest), direction="incoming", action="failed", software="postfix", command="AUTH",
                        own_cause="login-required")]  # fmt: skip
    if "limit exceeded: " in rest and _ANVIL.search(rest):
        return [
            Failure(
                diagnostic=one_line(rest),
                direction="incoming",
                software="postfix",
                own_cause="rate-limited",
                own_permanence="temporary",
            )
        ]
    if " notification: " in rest:
        notice = _NOTICE.search(rest)
        if notice:
            delay = "delay" in notice["what"]
            return [Failure(diagnostic=one_line(notice[0]), action="delayed" if delay else "failed", direction="outgoing",
                            queue_id=notice["id"], software="postfix", own_cause="delayed" if delay else None)]  # fmt: skip
    return _said(rest, program, queue, to)


def _delivery(rest: str, queue: re.Match[str] | None, to: re.Match[str] | None) -> Failure | None:
    status = _STATUS.search(rest)
    relay = _RELAY.search(rest)
    dsn = _DSN.search(rest)
    if not status or not (to or relay or dsn):
        return None
    words = status[2] or ""
    diagnosis = read_diagnostic(words)
    action = _VERDICT.get(status[1].lower())
    sent = action == "delivered"
    codes = find_codes(words) if sent else (diagnosis.reply_code, diagnosis.enhanced_code)
    return Failure(
        diagnostic=diagnosis.text if not sent else one_line(words) or "sent", recipient=to[1] if to else None,
        reply_code=codes[0], enhanced_code=(dsn[1] if sent and dsn else codes[1]) or (dsn[1] if dsn else None), action=action, status=dsn[1] if dsn else None,
        remote_mta=_host(relay) or diagnosis.host, command=diagnosis.command, outer=diagnosis.outer,
        context=one_line(words), direction="outgoing", queue_id=queue[1] if queue else None, software="postfix",
        own_cause="accepted" if sent else None,
    )  # fmt: skip


def _said(rest: str, program: str, queue: re.Match[str] | None, to: re.Match[str] | None) -> list[Failure]:
    """The quoted reply alone, without its to= line."""
    said = _SAID.match(rest)
    if not said or not (
        program.startswith("postfix")
        or queue
        or re.match(r"[0-9A-F]{6,14}: ", rest)
        or rest.startswith(("lost connection", "connect to", "conversation", "host "))
    ):
        return []
    diagnosis = read_diagnostic(said["text"])
    host = re.search(r"(?:host|with|to) ([A-Za-z0-9._-]{1,255})\[", said["text"])
    return [Failure(
        diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        remote_mta=host[1] if host else diagnosis.host, command=diagnosis.command, outer=diagnosis.outer, direction="outgoing",
        recipient=to[1] if to else None, queue_id=queue[1] if queue else None, software="postfix",
    )]  # fmt: skip


def _own(client: str) -> bool:
    return client.startswith(("localhost[", "unknown[127.", "127.0.0.1", "[127.", "localhost.localdomain["))


def _reject(reject: re.Match[str]) -> Failure:
    text = reject["text"]
    to = re.search(r"\bto=<([^<>\s]{1,320})>", text)
    sender = re.search(r"\bfrom=<([^<>\s]{0,320})>", text)
    body = re.split(r"; (?:from=|to=|proto=|helo=|sasl_)", text, maxsplit=1)[0]
    diagnosis = read_diagnostic(body)
    stage = reject["stage"].split(" ")[0]
    command = {"END-OF-MESSAGE": "DATA", "HELO": "EHLO"}.get(stage, stage)
    client = (reject["client"] or "").strip()
    code = diagnosis.reply_code or diagnosis.enhanced_code or ""
    return Failure(
        diagnostic=diagnosis.text, recipient=to[1] if to else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
        action="failed" if code[:1] == "5" and reject["verb"] != "reject_warning" else None, remote_mta=None, command=command,
        direction="outgoing" if _own(client) or "sasl_username=" in text else "incoming", sender=sender[1] if sender else None, software="postfix",
        queue_id=reject["id"] if reject["id"] and reject["id"] != "NOQUEUE" else None, context=client,
    )  # fmt: skip


def _check(check: re.Match[str]) -> Failure:
    diagnosis = read_diagnostic(check["text"])
    return Failure(
        diagnostic=diagnosis.text, recipient=check["to"], reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, command="DATA",
        action="failed" if check["verb"] != "hold" else None, direction="outgoing" if _own(check["client"]) or check["client"] == "local" else "incoming",
        sender=check["sender"], software="postfix", queue_id=check["id"], own_cause="content-rejected", own_permanence=None if diagnosis.reply_code else "permanent",
    )  # fmt: skip


def sender_of(rest: str) -> tuple[str, str] | None:
    """(queue id, sender) of a qmgr, pickup, sendmail or Exim arrival line, or None."""
    if "from=<" in rest and "to=<" not in rest:
        found = re.match(r"(?:\S{1,60}: )?([0-9A-Za-z]{6,30}): from=<([^<>\s]{1,320})>", rest)
        return (found[1], found[2]) if found else None
    if " <= " in rest:
        found = re.search(r"(?:^|\s)([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) <= (\S{1,128}@\S{1,255})", rest)
        return (found[1], found[2]) if found else None
    return None


def sendmail(line: str, rest: str, program: str) -> list[Failure]:
    """What one line of Sendmail reports; one failure for each address of `to=`."""
    stat = _STAT.search(rest) if "stat=" in rest else None
    if not stat:
        return _refused(rest)
    to = _TO.search(rest)
    dsn = _DSN.search(rest)
    words = stat[1]
    diagnosis = read_diagnostic(re.sub(r"^Deferred: ?", "", words))
    low = words.lower()
    action = (
        "delivered" if low.startswith("sent") else "delayed" if low.startswith(("deferred", "queued")) else "failed"
    )
    codes = find_codes(words) if action == "delivered" else (diagnosis.reply_code, diagnosis.enhanced_code)
    many = _LIST_TO.search(rest)
    named = [part.strip("<>") for part in many[1].split(",")] if many else [to[1].strip("<>")] if to else []
    queue = re.search(r"\b([0-9A-Za-z]{14,20}): to=", rest)
    return [
        Failure(
            diagnostic=diagnosis.text, recipient=recipient, reply_code=codes[0], enhanced_code=codes[1] or (dsn[1] if dsn else None),
            action=action, status=dsn[1] if dsn else None, remote_mta=_host(_RELAY.search(rest)), command=diagnosis.command, direction="outgoing",
            queue_id=queue[1] if queue else None, software="sendmail", own_cause="accepted" if action == "delivered" else None,
        )
        for recipient in ([name for name in named if "@" in name][:100] or [None])
    ]  # fmt: skip


def _refused(rest: str) -> list[Failure]:
    ruleset = _RULESET.search(rest) if "ruleset=" in rest else None
    if ruleset:
        diagnosis = read_diagnostic(ruleset[4])
        address = ruleset[2].strip("<> ") if "@" in ruleset[2] else None
        stage = {"check_rcpt": "RCPT", "check_mail": "MAIL", "check_relay": "CONNECT", "check_compat": "RCPT"}.get(
            ruleset[1]
        )
        return [Failure(diagnostic=diagnosis.text, recipient=address if stage == "RCPT" else None, sender=address if stage == "MAIL" else None,
                        reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, direction="incoming", software="sendmail",
                        command=stage or "MAIL", action="failed" if (diagnosis.reply_code or "")[:1] == "5" else None)]  # fmt: skip
    milter = _MILTER.search(rest) if "reject=" in rest and "ilter" in rest else None
    if milter is None:
        return []
    diagnosis = read_diagnostic(milter["text"])
    address = (milter["address"] or "").strip("<>,")
    return [Failure(diagnostic=diagnosis.text, recipient=address if milter["stage"] == "to" else None, sender=address if milter["stage"] == "from" else None,
                    reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, direction="incoming", software="sendmail",
                    command={"to": "RCPT", "from": "MAIL"}.get(milter["stage"] or "", "DATA"),
                    action="failed" if (diagnosis.reply_code or "")[:1] == "5" else None)]  # fmt: skip
