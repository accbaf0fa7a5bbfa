"""Log lines of Exim -> failures: mainlog (`**`, `==`, `=>`) and rejectlog (direction incoming)."""

import re
from typing import Any

from bot.model import Failure
from bot.readers.replies import find_codes, one_line, read_diagnostic

# Date, optional zone and pid, message id, flag.
_EXIM = re.compile(
    r"(?:^|\s)(?:(?P<id>[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) )?"
    r"(?P<flag>\*\*|==|=>|->|\*>|>>) (?P<address>[^\s@]{1,128}@[^\s:,]{1,255}|\S{1,128} <[^>]{3,320}>)(?P<rest>.*)$", re.S
)  # fmt: skip
_DEFER = re.compile(r"defer \((-?\d{1,5})\):? ?(.*)$", re.S)
_HOST = re.compile(r"\bH=(\S{1,255})(?: \[([0-9A-Fa-f.:]{2,45})\])?")
_REMOTE = re.compile(r"host (\S{1,255}) \[[0-9A-Fa-f.:]{2,45}\]")
_CONFIRM = re.compile(r' C="([^"]{1,500})"')
_FIELDS = re.compile(
    r"^(?: ?<[^>]{1,320}>)?(?: (?:F|P|R|T|ST|X|CV|DN|A|K|DS|L|QT|DT|U|S)=\S{1,300}| H=\S{1,255}(?: \[[^\]]{1,45}\])?(?::\d{1,5})?)*:? ?"
)
_REJECT = re.compile(
    r"(?P<soft>temporarily )?(?:rejected|refused) (?P<what>(?:connection|RCPT|MAIL|EHLO|HELO|after DATA|DATA|AUTH|STARTTLS)\b[^:]{0,330})(?:: (?P<text>.*))?$", re.S
)  # fmt: skip
_CLIENT = re.compile(r"\bH=(?P<client>[^\]\n]{1,300}\])")
_AUTH = re.compile(r"authenticator failed for (?P<client>.{0,300}?): (?P<text>535 .*)$", re.S)
_DROPPED = re.compile(
    r"SMTP (?:call from (?P<client>.{1,300}?) dropped: |protocol (?:synchronization )?error[^:]{0,100}: )(?P<text>.{1,1000})$",
    re.S,
)
# Exim's own numbers (macros.h); positive ones are errno.
_ERRNO = {"-18": "connection closed", "-22": "quota exceeded", "-32": "unknown host", "-36": "host lookup did not complete: DNS lookup deferred",
          "-37": "TLS session: failure while setting up TLS", "-38": "a TLS session is required, but could not be started", "-42": "authentication failed",
          "-43": "connection timed out", "-52": "retry time not reached", "-53": "retry time not reached for any host", "-54": "retry time not reached",
          "110": "Connection timed out", "111": "Connection refused", "113": "No route to host", "101": "Network is unreachable", "104": "Connection reset by peer"}  # fmt: skip
_SIGNS = (" ** ", " == ", "=> ", "-> ", "*> ", ">> ", "** ", "== ")


def exim(line: str, rest: str, program: str) -> list[Failure]:
    """What one line of Exim reports."""
    found = (_EXIM.search(rest) or _EXIM.search(line)) if any(sign in line for sign in _SIGNS) else None
    if not found:
        refused = _refused(rest)
        return [refused] if refused else []
    flag, tail = found["flag"], found["rest"]
    address = found["address"]
    named = re.search(r"<([^<>\s]{3,320})>", address)
    host = _REMOTE.search(tail) or _HOST.search(tail)
    common: dict[str, Any] = {
        "recipient": named[1] if named else address.rstrip(":"),
        "direction": "outgoing",
        "software": "exim",
        "queue_id": found["id"],
        "remote_mta": host[1] if host else None,
    }
    if flag in ("=>", "->", ">>", "*>"):
        confirm = _CONFIRM.search(tail)
        codes = find_codes(confirm[1]) if confirm else (None, None)
        said = one_line(confirm[1]) if confirm else "delivered"
        return [Failure(diagnostic=said, reply_code=codes[0], enhanced_code=codes[1], action="delivered", own_cause="accepted", **common)]  # fmt: skip
    defer = _DEFER.search(tail)
    words = _FIELDS.sub("", defer[2] if defer else tail)
    own = _ERRNO.get(defer[1], "") if defer else ""
    diagnosis = read_diagnostic(words if words.strip() else own)
    return [Failure(
        diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, command=diagnosis.command, outer=diagnosis.outer,
        action="failed" if flag == "**" else "delayed", own_permanence=None if diagnosis.reply_code else "permanent" if flag == "**" else "temporary",
        context=own, **common,
    )]  # fmt: skip


def _refused(rest: str) -> Failure | None:
    found = _REJECT.search(rest) if "H=" in rest else None
    client = _CLIENT.search(rest, 0, found.start()) if found else None
    if found and client:
        text = found["text"] or found["what"]
        diagnosis = read_diagnostic(text)
        rcpt = re.search(r"RCPT <([^<>\s]{1,320})>", found["what"])
        rcpt = rcpt or re.search(r"[\s\"] ?for ([^<>\s@]{1,128}@[^<>\s]{1,255})$", rest)
        sender = re.search(r"\bF=<([^<>\s]{0,320})>", rest)
        soft = bool(found["soft"])
        host = client["client"].split(" ")[0]
        return Failure(
            diagnostic=diagnosis.text, recipient=rcpt[1] if rcpt else None, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code,
            command="RCPT" if "RCPT" in found["what"] else "DATA" if "DATA" in found["what"] else "MAIL" if "MAIL" in found["what"] else None, direction="incoming",
            sender=sender[1] if sender else None, software="exim", own_permanence=None if diagnosis.reply_code else "temporary" if soft else "permanent",
            action=None if soft else "failed", context=client["client"], remote_mta=host if "." in host and not host.startswith("(") else None,
        )  # fmt: skip
    auth = _AUTH.search(rest) if "authenticator failed" in rest else None
    if auth:
        diagnosis = read_diagnostic(auth["text"])
        return Failure(diagnostic=diagnosis.text, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, command="AUTH",
                       direction="incoming", software="exim", action="failed")  # fmt: skip
    dropped = _DROPPED.search(rest) if "SMTP " in rest else None
    if dropped:
        return Failure(diagnostic=one_line(dropped[0]), direction="incoming", software="exim", action="failed", own_cause="protocol-error")  # fmt: skip
    return None
