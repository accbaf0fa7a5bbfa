"""The fields of a delivery report (RFC 3464, 6533; X- fields of known MTAs), wherever they stand in a text."""

import re
from collections.abc import Iterator

from bot.codes import STATUS, normal_status
from bot.model import Failure
from bot.readers.replies import ADDRESS, one_line, read_diagnostic

_FIELD = re.compile(
    r"^[ \t>|*]{0,6}(Final-Recipient|Original-Recipient|Action|Status|Diagnostic-Code|Remote-MTA|Reporting-MTA|Received-From-MTA"
    r"|Arrival-Date|Last-Attempt-Date|Will-Retry-Until|X-Postfix-Queue-ID|X-Postfix-Sender|X-Supplementary-Info|X-Display-Name"
    r"|X-Actual-Recipient|X-Original-Message-ID|X-Notes-Recipient|X-LocalDiagnostic|X-Outbound-IP|X-SendGrid-QueueID"
    r"|X-SendGrid-Sender|Original-Envelope-Id|DSN-Gateway|Final-Log-ID|X-Mail-Failure-Reason)[ \t]{0,5}:[ \t]?(.*)$",
    re.I | re.M,
)
_CONTINUATION = re.compile(r"\n(?:[ \t]+\S[^\n]*)")
_ACTIONS = {"failed": "failed", "failure": "failed", "fail": "failed", "bounced": "failed", "expired": "failed", "undeliverable": "failed",
            "delayed": "delayed", "delay": "delayed", "deferred": "delayed", "delivered": "delivered", "deliverable": "delivered",
            "relayed": "relayed", "expanded": "expanded"}  # fmt: skip
_TYPE = re.compile(r"^\s{0,5}[A-Za-z][A-Za-z0-9._-]{0,20}\s{0,3};\s{0,5}")
_OWN_WORDS = ("x-postfix", "x-unix", "x-sendmail", "x-exim")
_TELLING = ("final-recipient", "diagnostic-code", "action", "original-recipient")
_PER_RECIPIENT = {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta", "last-attempt-date",
                  "will-retry-until", "x-supplementary-info", "x-actual-recipient", "x-display-name", "final-log-id"}  # fmt: skip


def has_fields(text: str) -> bool:
    """Whether a text holds at least two different fields of a delivery report, one of them telling."""
    lowered = text.lower()
    if not any(name in lowered for name in _TELLING):
        return False
    names = {found[1].lower() for found in _FIELD.finditer(text)}
    return len(names) >= 2 and not names.isdisjoint(_TELLING)


def _fields(text: str) -> Iterator[tuple[int, str, str]]:
    """(position, name, unfolded value) of every field."""
    for found in _FIELD.finditer(text):
        value, position = found[2], found.end()
        for _ in range(60):
            more = _CONTINUATION.match(text, position) if text.startswith(("\n ", "\n\t"), position) else None
            if not more or _FIELD.match(text, position + 1):
                break
            value += " " + more[0].strip()
            position = more.end()
        yield found.start(), found[1].lower(), value.strip()


def _untyped(value: str) -> str:
    return (_TYPE.sub("", value, count=1) if ";" in value else value).strip()


def address_in(value: str) -> str | None:
    """The address in a recipient field: without type, angle brackets, display name; None where there is none."""
    found = ADDRESS.search(_untyped(value).replace("\\", ""))
    if found:
        return found[1].strip(".")
    bare = _untyped(value).strip(" <>\"'()")
    return (
        bare
        if bare
        and " " not in bare
        and not bare.startswith("(")
        and bare.lower() not in ("unknown", "null")
        and len(bare) < 256
        else None
    )


def _host_in(value: str) -> str | None:
    name = _untyped(value).split("(")[0].strip(" <>[]\"'").rstrip(".")
    return name.split()[0] if name else None


def _groups(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    message: dict[str, str] = {}
    recipients: list[dict[str, str]] = []
    current: dict[str, str] | None = None
    end = 0
    for start, name, value in _fields(text):
        if name not in _PER_RECIPIENT:
            message.setdefault(name, value)
            continue
        blank = "\n\n" in text[end:start].replace("\r", "")
        starts = name in ("final-recipient", "original-recipient")
        if current is None or name in current or (blank and starts):
            current = {}
            recipients.append(current)
        current[name] = value
        end = start
    return message, recipients


def _find_action(text: str) -> str | None:
    """The action-value (RFC 3464 section 2.3.3), whatever stands behind it; None for a word that is none."""
    words = text.partition("(")[0].split()
    return _ACTIONS.get(words[0].lower().strip(";,.")) if words else None


def read_fields(text: str) -> list[Failure]:
    """Every recipient of the delivery report in a text, in order; [] where it has none."""
    message, recipients = _groups(text)
    failures = []
    for fields in recipients:
        if not fields.keys() & {"final-recipient", "original-recipient", "diagnostic-code", "status", "action"}:
            continue
        raw = fields.get("diagnostic-code", "")
        extra = fields.get("x-supplementary-info", "")
        diagnosis = read_diagnostic(extra if extra and len(one_line(_untyped(raw))) < 8 else _untyped(raw))
        status_found = STATUS.search(fields.get("status", ""))
        status = normal_status(status_found[1]) if status_found else None
        recipient = None
        for name in ("final-recipient", "x-actual-recipient", "original-recipient"):
            candidate = address_in(fields[name]) if name in fields else None
            if candidate and (recipient is None or ("@" in candidate and "@" not in recipient)):
                recipient = candidate
        action = _find_action(fields.get("action", ""))
        own_words = raw.strip().lower().startswith(_OWN_WORDS)
        remote = _host_in(fields["remote-mta"]) if "remote-mta" in fields else None
        failures.append(
            Failure(
                diagnostic=diagnosis.text,
                recipient=recipient,
                reply_code=diagnosis.reply_code,
                enhanced_code=diagnosis.enhanced_code or status,
                action=action,
                status=status,
                remote_mta=remote or diagnosis.host,
                reporting_mta=_host_in(message["reporting-mta"]) if "reporting-mta" in message else None,
                command=diagnosis.command,
                outer=diagnosis.outer,
                context=" ".join(part for part in (fields.get("status", "").partition(" ")[2], extra) if part)
                if not own_words
                else "",
                direction="outgoing",
                sender=address_in(message["x-postfix-sender"]) if "x-postfix-sender" in message else None,
                queue_id=message.get("x-postfix-queue-id"),
                arrival=message.get("arrival-date"),
                retry_until=fields.get("will-retry-until"),
                software="postfix" if "x-postfix-queue-id" in message else None,
            )
        )
    return failures
