"""JSON of sending services (webhooks, API errors) -> Bounce. Permanence comes from the service's own type fields."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.codes import STATUS
from bot.model import Bounce, Failure, Permanence
from bot.readers.events_others import OTHERS, form_fields
from bot.readers.events_services import SERVICES, api_error
from bot.readers.replies import ADDRESS, read_diagnostic

MAX_EVENTS = 1_000
MAX_DEPTH = 12

_ADDRESS_KEYS = (
    "emailaddress",
    "recipient",
    "rcpt_to",
    "email",
    "to",
    "destination",
    "recipients",
    "email_to",
    "rcpt",
    "address",
)
_CODE_KEYS = ("code", "error_code", "responsecode", "smtp_code", "status_code", "statuscode", "smtpcode")
_TEXT_KEYS = (
    "diagnosticcode", "raw_reason", "diag", "details", "response", "reason", "message", "description", "error", "comment", "bounce_description",
    "smtp_response", "smtpresponse", "smtpreply", "bouncetext", "bouncereason", "bouncemessage", "bounceerror", "failuremessage", "failurereason", "diagnosticmessage", "errortext",
    "statusmessage", "rejectionreason", "content", "errormessage", "errorcode", "detail", "name", "type", "bouncesubtype",
)  # fmt: skip
_STATUS_KEYS = ("status", "enhanced-code", "bounce-code", "enhanced_code", "smtp_status", "dsnstatus")
_PERMANENT = {
    "permanent",
    "hard",
    "hard_bounce",
    "hardbounce",
    "hard_bounced",
    "bademailaddress",
    "invalid_email",
    "permfail",
    "bounce",
}
_TEMPORARY = {"transient", "temporary", "soft", "soft_bounce", "softbounce", "soft_bounced", "deferred", "deferral", "delay", "delayed", "transientfailure", "deliverydelay",
              "temporary_fail", "tempfail", "blocked"}  # fmt: skip
_TYPE_KEYS = (
    "bouncetype",
    "severity",
    "event",
    "type",
    "recordtype",
    "hard_bounce",
    "eventtype",
    "notificationtype",
    "bounce_type",
    "bouncesubtype",
    "subtype",
    "reason",
    "metric",
    "eventname",
    "state",
)
_CAUSES = {
    "mailboxfull": "mailbox-full", "mailbox_full": "mailbox-full", "noemail": "mailbox-not-found", "bad_mailbox": "mailbox-not-found",
    "suppressed": "suppressed", "onaccountsuppressionlist": "suppressed", "suppress-bounce": "suppressed", "suppress-unsubscribe": "suppressed",
    "suppress-complaint": "suppressed", "messagetoolarge": "message-too-large", "contentrejected": "content-rejected",
    "attachmentrejected": "content-rejected", "invalid_domain": "domain-not-found", "greylisted": "greylisted", "spamnotification": "spam-content",
    "virusnotification": "virus-detected", "dnserror": "dns-failure", "autoresponder": "auto-reply", "smtpapierror": "protocol-error",
    "invalid address": "mailbox-not-found", "mailbox unavailable": "unclear", "dmarcpolicy": "authentication-failed", "badmailbox": "mailbox-not-found",
    "inactive recipient": "suppressed", "bounced address": "suppressed", "unsubscribed address": "suppressed",
    "spam reporting address": "suppressed", "suspension": "suppressed", "suppression": "suppressed", "mailbox-full": "mailbox-full", "spamcomplaint": "complaint", "spamreport": "complaint",
}  # fmt: skip
_COMPLAINT = {"complaint", "spamcomplaint", "spamreport", "spam_complaint", "complained", "spam", "email.complained"}
_DELIVERED = {
    "delivered",
    "delivery",
    "send",
    "sent",
    "processed",
    "accepted",
    "open",
    "click",
    "opened",
    "clicked",
    "email.delivered",
    "email.sent",
    "request",
    "injection",
}


_DECODER = json.JSONDecoder(strict=False)
_OPENING = re.compile(r"[\[{]\s{0,9}(?=[{\"])")
_PAIR = re.compile(r'"([\w.-]{1,60})"\s{0,5}:\s{0,5}(?:"(.{0,1500}?)"(?=\s{0,9}(?:[,}\]]|$))|(-?[\d.]{1,20}|true|false)|\[\s{0,9}"([^"]{1,400})")', re.S)  # fmt: skip
MAX_OPENINGS = 12


def is_json(text: str) -> bool:
    """Whether a text is JSON as a program wrote it: undoing escapes would break it."""
    stripped = text.strip()
    if (
        stripped[:1] not in ("{", "[")
        or stripped[-1:] not in ("}", "]")
        or "mailto:" in stripped
        or "&quot;" in stripped
    ):
        return False
    try:
        json.loads(stripped)
    except (ValueError, RecursionError):
        return stripped.startswith("{") and all(_is_row(line) for line in stripped.split("\n", 3)[:3])
    return True


def _is_row(line: str) -> bool:
    try:
        return not line.strip() or isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _decoded(text: str, start: int) -> tuple[Any, int] | None:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def _json_in(text: str) -> Any:
    """The JSON value a text holds (alone, after words, one to a line), or None."""
    if '"' not in text:
        return None
    for number, opening in enumerate(_OPENING.finditer(text)):
        if number >= MAX_OPENINGS:
            break
        found = _decoded(text, opening.start())
        if found is None:
            continue
        value, end = found
        if isinstance(value, dict) and text[end : end + 400].lstrip().startswith("{"):
            return [value, *_rows(text[end:])]
        return value
    return _loose(text)


def _rows(text: str) -> Iterator[Any]:
    for line in text.split("\n", MAX_EVENTS)[:MAX_EVENTS]:
        if line.strip():
            found = _decoded(line.strip(), 0)
            if found is None:
                return
            yield found[0]


def _loose(text: str) -> Any:
    """The names and values of JSON whose inner quotes lost their escapes (an SNS message in a chat); the first value of a name counts."""
    if not any(sign in text for sign in ("bounce", "Bounce", "RecordType", "delivery-status", "reason", "event")):
        return None
    pairs: dict[str, str] = {}
    for found in _PAIR.finditer(text, 0, 20_000):
        pairs.setdefault(found[1], found[2] or found[3] or found[4] or "")
    return pairs if len(pairs) >= 3 else None


def _unwrapped(value: Any) -> Any:
    """An SNS envelope opened: its `Message` is JSON in a string."""
    if isinstance(value, dict):
        for key in ("Message", "message", "Body", "body"):
            inner = value.get(key)
            if isinstance(inner, str) and inner.lstrip().startswith("{"):
                try:
                    return _unwrapped(json.loads(inner))
                except (ValueError, RecursionError):
                    return value
        if isinstance(value.get("Records"), list):
            return [
                _unwrapped(record.get("Sns", record)) if isinstance(record, dict) else record
                for record in value["Records"][:MAX_EVENTS]
            ]
    return value


def _flat(value: Any, depth: int = 0, prefix: str = "") -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, inner in list(value.items())[:400]:
            yield from _flat(inner, depth + 1, str(key).lower())
    elif isinstance(value, list):
        for inner in value[:400]:
            yield from _flat(inner, depth + 1, prefix)
    elif value is not None:
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)


def _recipients(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Amazon SES and others list bounced recipients; each becomes an event of its own."""
    for holder in (event.get("bounce"), event.get("complaint"), event.get("deliveryDelay"), event.get("data"), event):
        if isinstance(holder, dict):
            for key in ("bouncedRecipients", "complainedRecipients", "delayedRecipients"):
                rows = holder.get(key)
                if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
                    shared = {name: inner for name, inner in holder.items() if name != key}
                    outer = {
                        name: inner
                        for name, inner in event.items()
                        if name not in ("bounce", "complaint", "deliveryDelay", "mail")
                    }
                    return [{**row, "_shared": shared, "_outer": outer} for row in rows[:MAX_EVENTS]]
    return [event]


def _first(pairs: list[tuple[str, str]], keys: tuple[str, ...], test: re.Pattern[str] | None = None) -> str | None:
    for key in keys:
        for name, value in pairs:
            if (
                name.replace("_", "").replace("-", "") == key.replace("_", "").replace("-", "")
                and value.strip()
                and (test is None or test.search(value))
            ):
                return value
    return None


# Not the numbers with which web servers answer an API.
_THREE = re.compile(r"^(?!40[0-59]|413|42[29]|200|202)[245]\d\d$")


def read_event(event: dict[str, Any]) -> Failure | None:
    """One event of a sending service as a failure, or None where it reports none."""
    pairs = list(_flat(event))
    types = {
        value.lower()
        for name, value in pairs
        if name.replace("_", "").replace("-", "") in {key.replace("_", "") for key in _TYPE_KEYS} and len(value) < 60
    }
    subtypes = types | {
        value.lower()
        for name, value in pairs
        if name
        in (
            "bounce_classification",
            "bounce_description",
            "classification",
            "category",
            "name",
            "delaytype",
            "bounceclass",
            "error",
        )
    }
    recipient = _first(pairs, _ADDRESS_KEYS, ADDRESS)
    found = ADDRESS.search(recipient or "")
    words = [
        value
        for key in _TEXT_KEYS
        for name, value in pairs
        if name.replace("_", "").replace("-", "") == key.replace("_", "").replace("-", "") and len(value) > 3
    ]
    coded = next((value for value in words if re.search(r"(?<!\d)[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}", value)), None)
    diagnostic = coded or next((value for value in words if " " in value), "")
    diagnosis = read_diagnostic(re.sub(r"^\s*smtp;\s*", "", diagnostic))
    code = diagnosis.reply_code or _first(pairs, _CODE_KEYS, _THREE)
    status_text = _first(pairs, _STATUS_KEYS, STATUS)
    status = STATUS.search(status_text or "")
    hard = any(name.replace("_", "") == "hardbounce" and value == "true" for name, value in pairs)
    permanence: Permanence = None
    if types & _PERMANENT or hard or any("permanent" in value for value in types):
        permanence = "permanent"
    if types & _TEMPORARY or any("transient" in value or "soft" in value for value in types):
        permanence = "temporary"
    if code and code[0] in "45" and diagnosis.reply_code:
        permanence = None  # the reply itself says it
    cause = next((_CAUSES[value] for value in subtypes if value in _CAUSES), None)
    if types & _COMPLAINT:  # beside a type that says refused or deferred, `spam` is its reason
        cause = cause or "spam-content" if types & (_PERMANENT | _TEMPORARY) else "complaint"
    delivered = bool(types & _DELIVERED) and not cause and permanence is None and not (code and code[0] in "45")
    if not delivered and not (cause or permanence or (code and code[0] in "45") or diagnosis.enhanced_code):
        return None
    others = [value for value in words if value != diagnostic and " " in value]
    return Failure(
        diagnostic=diagnosis.text, recipient=found[1] if found else None, reply_code=code, enhanced_code=diagnosis.enhanced_code or (status[1] if status else None),
        action="delivered" if delivered else "delayed" if types & {"deferred", "delay", "deliverydelay", "deferral"} else "failed",
        remote_mta=diagnosis.host or _first(pairs, ("mx-host", "remotemtaip", "peer_address")), reporting_mta=_mta(_first(pairs, ("reportingmta",))),
        context=" ".join(others)[:1_000], direction="outgoing", own_cause="accepted" if delivered else cause, own_permanence=permanence, software="event",
    )  # fmt: skip


def _mta(value: str | None) -> str | None:
    return value.split(";")[-1].split()[-1].strip("()") if value and value.strip(" ;") else None


_CARRIERS = {"MESSAGE", "log"}
_LOG_LINE = re.compile(
    r"\b(?:postfix|sendmail|sm-mta|exim|opendkim|dovecot)\S{0,40}\[\d{1,10}\]: |\bstatus=(?:sent|bounced|deferred|expired)\b"
)
_ROWS = ("items", "events", "records", "results", "Events")


def _failures(row: dict[str, Any]) -> list[Failure]:
    """What one JSON object reports: by its service's own fields, else by the names services have in common."""
    if _CARRIERS & row.keys() and not {"event", "type"} & row.keys():
        return []  # a journal's or container's wrapper around a log line
    if any(
        isinstance(row.get(key), str) and _LOG_LINE.search(row[key][:2_000])
        for key in ("message", "msg", "_raw", "line")
    ):
        return []
    for service in (*OTHERS, *SERVICES):
        found = service(row)
        if found is not None:
            return found
    if {"errors", "ErrorCode", "statusCode", "Messages"} & row.keys():
        refused = api_error(row)
        if refused:
            return refused
    generic = [failure for event in _recipients(row) if (failure := read_event(event))]
    coded = any(failure.reply_code or failure.enhanced_code for failure in generic)
    return generic if coded else api_error(row) or generic


def _listed(value: Any) -> list[Any]:
    """The events a wrapper lists, or the value alone."""
    if isinstance(value, dict):
        for name in _ROWS:
            rows = value.get(name)
            if isinstance(rows, list) and rows and isinstance(rows[0], dict):
                return rows
    return [value]


def read(text: str) -> Bounce | None:
    """The events in a text, or None where it holds no JSON that reports mail."""
    value = _unwrapped(_json_in(text)) if "{" in text else form_fields(text) if "&" in text else None
    if value is None:
        return None
    rows = value if isinstance(value, list) else _listed(value)
    failures: list[Failure] = []
    for row in rows[:MAX_EVENTS]:
        row = _unwrapped(row)
        if isinstance(row, dict):
            failures += _failures(row)
    if not failures:
        return None
    if all(failure.own_cause == "complaint" for failure in failures):
        return Bounce("complaint", tuple(failures), "sending service's event")
    return Bounce("event", tuple(failures), "sending service's event")
