"""The fields of a delivery report (RFC 3464, 6533; X- fields of known MTAs), wherever they stand in a text."""

import re
from collections.abc import Iterator

from bot.codes import STATUS, normal_status
from bot.model import Failure
from bot.readers.replies import ADDRESS, one_line, read_diagnostic

MAX_FOLDED = 60  # further lines of one field

_NAMES = frozenset(
    ("final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta", "reporting-mta", "received-from-mta",
     "arrival-date", "last-attempt-date", "will-retry-until", "x-postfix-queue-id", "x-postfix-sender", "x-supplementary-info", "x-display-name",
     "x-actual-recipient", "x-original-message-id", "x-notes-recipient", "x-localdiagnostic", "x-outbound-ip", "x-sendgrid-queueid",
     "x-sendgrid-sender", "original-envelope-id", "dsn-gateway", "final-log-id", "x-mail-failure-reason")
)  # fmt: skip
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
    names = {name for name, _ in _fields(text)}
    return len(names - {""}) >= 2 and not names.isdisjoint(_TELLING)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """(name, unfolded value) of every field, in order; ("", "") for a blank line."""
    name, values = "", [""]
    for line in text.split("\n"):
        field = _field_in(line) if ":" in line else None
        if name and not field and line[:1] in (" ", "\t") and line.strip():
            if len(values) <= MAX_FOLDED:
                values.append(line.strip())
            continue
        if name:
            yield name, " ".join(values).strip()
        name, values = field or ("", [""])
        if not field and not line.strip("\r"):
            yield "", ""
    if name:
        yield name, " ".join(values).strip()


def _field_in(line: str) -> tuple[str, list[str]] | None:
    """The name and the value on the first line of a field, quoted or not; None where the line begins none."""
    name, _, value = line.partition(":")
    name = name.strip(" \t>|*").lower()
    return (name, [value]) if name in _NAMES else None


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
    blank = False
    for name, value in _fields(text):
        if not name:
            blank = True
        elif name not in _PER_RECIPIENT:
            message.setdefault(name, value)
        else:
            starts = name in ("final-recipient", "original-recipient")
            if current is None or name in current or (blank and starts):
                current = {}
                recipients.append(current)
            current[name] = value
            blank = False
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
