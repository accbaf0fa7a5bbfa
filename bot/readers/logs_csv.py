"""Tables of mail servers -> failures: Exchange message tracking, its exports, message traces, PowerMTA accounting."""

import csv
import re
from collections.abc import Iterator

from bot.model import Failure
from bot.readers.replies import find_codes, one_line, read_diagnostic

MAX_ROWS = 10_000
# Exchange 2013 and later, where the #Fields line was not pasted.
_FIELDS = (
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,network-message-id,"
    "recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info"
).split(",")  # fmt: skip
_NAMES = {
    "event": ("event-id", "eventid", "status", "type", "event", "dsnaction"), "recipient": ("recipient-address", "recipients", "recipientaddress", "rcpt", "recipient"),
    "said": ("recipient-status", "recipientstatus", "dsndiag", "detail", "last_error", "lasterror", "source-context"), "sender": ("sender-address", "sender", "senderaddress", "orig"),
    "id": ("message-id", "messageid", "internal-message-id", "jobid", "vmtaqueue"), "host": ("server-hostname", "serverhostname", "dsnmta"),
    "code": ("dsnstatus",),
}  # fmt: skip
_VERDICTS = {
    "fail": "failed", "badmail": "failed", "poisonmessage": "failed", "failed": "failed", "b": "failed", "rb": "failed", "defer": "delayed", "t": "delayed", "tq": "delayed",
    "pending": "delayed", "deliver": "delivered", "send": "delivered", "delivered": "delivered", "d": "delivered", "sendexternal": "delivered", "filteredasspam": "failed",
    "quarantined": "failed",
}  # fmt: skip
_HEADER = re.compile(r"recipient-?status|dsnDiag|\bRecipientAddress\b", re.I)
_ROW = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]{8,17}Z?,(?:[^,\n]{0,400},){3,9}(?:SMTP|STOREDRIVER|ROUTING|DNS|AGENT|DSN|QUEUE|GATEWAY|POISONMESSAGE),(?:FAIL|DEFER|BADMAIL|DELIVER|SEND|DSN)\w{0,12},", re.M)  # fmt: skip
_LED = re.compile(r"\{?LED=(.{3,2000}?)(?:\]?\};\{|\}|$)", re.S)


def looks_like(text: str) -> bool:
    """Whether a text is a table of deliveries: its header, or a row of Exchange's tracking log."""
    if "," not in text:
        return False
    head = text[:4_000]
    if _HEADER.search(head):
        return any(_HEADER.search(line) and line.count(",") >= 3 for line in head.split("\n", 40)[:40])
    return bool(_ROW.search(head))


def read_rows(text: str) -> Iterator[dict[str, str]]:
    """The rows as name -> value, names in lower case."""
    names: list[str] = []
    lines = (line.replace("\0", "") for line in text.split("\n", MAX_ROWS)[:MAX_ROWS] if line.strip())
    kept: list[str] = []
    for line in lines:
        if line.startswith("#"):
            if line.lower().startswith("#fields:"):
                names = [name.strip().lower() for name in line[8:].split(",")]
            continue
        kept.append(line)
    if not names and kept and _HEADER.search(kept[0]):
        names = [name.strip().lower() for name in next(csv.reader([kept[0]]))]
        kept = kept[1:]
    if not names:
        names = _FIELDS
    try:
        for row in csv.reader(kept):
            yield dict(zip(names, row, strict=False))
    except csv.Error:
        return


def _value(row: dict[str, str], kind: str) -> str:
    return next((row[name].strip() for name in _NAMES[kind] if row.get(name, "").strip()), "")


def read_table(text: str) -> list[Failure]:
    """One failure for each message and recipient: its last verdict."""
    stories: dict[tuple[str, str], Failure] = {}
    for row in read_rows(text):
        event = _value(row, "event").lower()
        action = _VERDICTS.get(event)
        if action is None:
            continue
        recipients = [part for part in re.split(r"[;|\s]+", _value(row, "recipient").strip("{}")) if "@" in part] or [
            ""
        ]
        for recipient, said in zip(recipients, _statuses(_value(row, "said"), len(recipients)), strict=False):
            failure = _failure(row, action, recipient, said)
            key = (failure.queue_id or "", recipient.lower())
            known = stories.get(key)
            if known is None or known.action != "failed" or action == "failed":
                stories[key] = failure
    return list(stories.values())


def _statuses(said: str, count: int) -> list[str]:
    """Exchange joins the words for several recipients with semicolons; they are told apart only when their number fits."""
    parts = [part.strip(" '{}") for part in re.split(r";(?=\s?'?\{?[245]\d\d )|'\s?;\s?'", said)]
    return parts if len(parts) == count else [said.strip(" '")] * count


def _failure(row: dict[str, str], action: str, recipient: str, said: str) -> Failure:
    led = _LED.search(said)
    words = led[1] if led else said.strip("[]{} ")
    diagnosis = read_diagnostic(words)
    sent = action == "delivered"
    codes = find_codes(words) if sent else (diagnosis.reply_code, diagnosis.enhanced_code)
    status = re.search(r"[245]\.\d{1,3}\.\d{1,3}", _value(row, "code"))
    host = _value(row, "host").split(" ")[0].strip("()")
    return Failure(
        diagnostic=diagnosis.text if not sent else one_line(words) or "delivered", recipient=recipient or None, sender=_value(row, "sender").strip("<>") or None,
        reply_code=codes[0], enhanced_code=codes[1] or (status[0] if status else None), action=action, outer=diagnosis.outer, command=diagnosis.command,
        remote_mta=diagnosis.host or (host if "dsnmta" in row and "." in host else None), reporting_mta=host if "dsnmta" not in row and host else None,
        direction="outgoing", queue_id=_value(row, "id") or None, software="exchange" if "dsnmta" not in row else "powermta",
        own_cause="accepted" if sent else None, own_permanence=None if codes[0] or sent else "temporary" if action == "delayed" else "permanent",
    )  # fmt: skip
