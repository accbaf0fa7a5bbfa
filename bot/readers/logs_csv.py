"""Tables of deliveries -> failures: Exchange message tracking, message traces, PowerMTA accounting, exports of sending services.

Where the header was not pasted, a row of Exchange or PowerMTA has its usual columns; in any other the addresses, the
verdict and the words tell themselves.
"""

import csv
import re
from collections.abc import Iterator

from bot.model import Failure
from bot.readers.replies import find_codes, one_line, read_diagnostic

MAX_ROWS = 10_000
MAX_TALK = 1_000  # characters of somebody's own words before a table
# Exchange 2013 and later, where the #Fields line was not pasted.
_FIELDS = (
    "datetime,clientip,clienthostname,serverip,serverhostname,sourcecontext,connectorid,source,eventid,internalmessageid,messageid,networkmessageid,"
    "recipientaddress,recipientstatus,totalbytes,recipientcount,relatedrecipientaddress,reference,messagesubject,senderaddress,returnpath,messageinfo"
).split(",")  # fmt: skip
_ACCOUNTING = (
    "type,timelogged,timequeued,orig,rcpt,orcpt,dsnaction,dsnstatus,dsndiag,dsnmta,bouncecat,srctype,srcmta,dlvtype,dlvsourceip,dlvdestinationip"
).split(",")  # fmt: skip
# Column names in lower case, letters alone.
_NAMES = {
    "event": ("eventid", "status", "deliverystatus", "type", "event", "eventtype", "dsnaction", "state", "result", "bouncetype", "emailstatus"),
    "recipient": ("recipientaddress", "recipients", "rcpt", "recipient", "rcptto", "toaddress", "recipientemail", "emailaddress", "email", "to", "subscriber", "profileemail"),
    "said": ("recipientstatus", "dsndiag", "smtpreplyerror", "smtpreply", "smtpresponse", "bouncereason", "diagnosticcode", "reason", "errormessage", "response", "statusdetail",
             "statusdetails", "description", "detail", "details", "error", "message", "lasterror", "sourcecontext"),
    "sender": ("senderaddress", "sender", "orig", "from", "fromaddress", "mailfrom"), "id": ("messageid", "internalmessageid", "jobid", "vmtaqueue"),
    "host": ("serverhostname", "dsnmta"), "code": ("dsnstatus", "enhancedcode", "enhancedstatuscode"), "reply": ("smtpreplycode", "smtpcode", "replycode", "responsecode", "code"),
    "kind": ("bouncecategory", "bouncecat", "category", "classification", "reason"),
}  # fmt: skip
_VERDICTS = {
    "fail": "failed", "badmail": "failed", "poisonmessage": "failed", "failed": "failed", "b": "failed", "rb": "failed", "defer": "delayed", "t": "delayed", "tq": "delayed",
    "pending": "delayed", "deliver": "delivered", "send": "delivered", "delivered": "delivered", "d": "delivered", "sendexternal": "delivered", "filteredasspam": "failed",
    "quarantined": "failed", "bounce": "failed", "bounced": "failed", "hardbounce": "failed", "softbounce": "failed", "hardbounced": "failed", "softbounced": "failed", "hard": "failed",
    "soft": "failed", "blocked": "failed", "dropped": "failed", "drop": "failed", "rejected": "failed", "reject": "failed", "undelivered": "failed", "undeliverable": "failed",
    "notdelivered": "failed", "deliveryfailed": "failed", "bouncedemail": "failed", "expired": "failed", "suppressed": "failed", "invalid": "failed", "error": "failed",
    "deferred": "delayed", "delayed": "delayed", "transient": "delayed", "sent": "delivered", "accepted": "delivered",
}  # fmt: skip
# Verdicts and categories that are a cause of their own.
_CAUSES = {
    "filteredasspam": "spam-content", "quarantined": "spam-content", "suppressed": "suppressed", "expired": "delivery-expired", "badmailbox": "mailbox-not-found",
    "unknownuser": "mailbox-not-found", "invalidaddress": "mailbox-not-found", "invalidrecipient": "mailbox-not-found", "baddomain": "domain-not-found", "mailboxfull": "mailbox-full",
    "quotaissues": "mailbox-full", "inactivemailbox": "mailbox-disabled", "spamrelated": "spam-content", "spam": "spam-content", "spamblock": "spam-content", "viruses": "virus-detected",
    "virusrelated": "virus-detected", "policyrelated": "policy-rejected", "contentrelated": "content-rejected", "relayingissues": "relaying-denied", "invalidsender": "sender-rejected",
    "messageexpired": "delivery-expired", "badconnection": "connection-failed", "noanswerfromhost": "connection-failed", "timeout": "connection-failed", "protocolerrors": "protocol-error",
    "ipreputation": "poor-reputation", "domainreputation": "poor-reputation", "reputation": "poor-reputation", "dmarc": "authentication-failed", "greylisting": "greylisted",
    "throttled": "rate-limited", "dnsfailure": "dns-failure",
}  # fmt: skip
_HEADER = re.compile(r"recipient-?status|dsnDiag|\bRecipientAddress\b", re.I)
_ROW = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]{8,17}Z?,(?:[^,\n]{0,400},){3,9}(?:SMTP|STOREDRIVER|ROUTING|DNS|AGENT|DSN|QUEUE|GATEWAY|POISONMESSAGE),(?:FAIL|DEFER|BADMAIL|DELIVER|SEND|DSN)\w{0,12},", re.M)  # fmt: skip
_LED = re.compile(r"\{?LED=(.{3,2000}?)(?:\]?\};\{|\}|$)", re.S)


_ACCOUNTED = re.compile(r"^(?:b|rb|d|t|tq),\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.M)
_ADDRESS_CELL = re.compile(r"<?[^\s@<>,;\"]{1,128}@[^\s@<>,;\"]{1,255}>?")
_OF_MAIL = re.compile(r"recipient|rcpt|bounce|smtp|deliver", re.I)
_NO_LETTER = re.compile(r"[^a-z]+")


def _without_talk(text: str) -> str:
    """The table below a paragraph of somebody's own words; the text itself where there is none."""
    own, gap, rest = text[:MAX_TALK].partition("\n\n")
    told = rest.split("\n", 1)[0]
    if gap and max(own.count(","), own.count(";")) < 3 <= max(told.count(","), told.count(";")):
        return text[len(own) :].lstrip()
    return text


def looks_like(text: str) -> bool:
    """Whether a text is a table of deliveries: its header, or a row of one."""
    if "," not in text and ";" not in text:
        return False
    head = _without_talk(text)[:4_000]
    if _HEADER.search(head):
        return any(_HEADER.search(line) and line.count(",") >= 3 for line in head.split("\n", 40)[:40])
    return bool(_ROW.search(head) or _ACCOUNTED.search(head) or _names_in(head))


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", name.lower())


def _delimiter(line: str) -> str:
    return ";" if line.count(";") > line.count(",") else ","


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=_delimiter(line)), [])]
    except csv.Error:
        return []


def _names_in(text: str) -> list[str]:
    """The names of the columns by the first line: a header, or a row with its words in quotes; else none."""
    first = text.lstrip("\ufeff\n ").split("\n", 1)[0][:2_000]
    if first.count(",") < 2 and first.count(";") < 2:
        return []
    if "@" in first:
        return _guessed(_cells(first)) if '","' in first or '";"' in first else []
    cells = _cells(first)
    names = [_plain(cell) for cell in cells]
    known = {kind for kind in ("recipient", "event", "said") if not set(names).isdisjoint(_NAMES[kind])}
    if "recipient" not in known or len(known) < 2 or any(len(cell) > 40 for cell in cells):
        return []
    # Orders and payments have addresses and a status, too.
    return names if _OF_MAIL.search(first) or ("said" in known and any(find_codes(text))) else []


def _guessed(cells: list[str]) -> list[str]:
    """Names for the cells of a row without a header: sender before recipient, a verdict, and the words with a code."""
    addresses = [number for number, cell in enumerate(cells) if _ADDRESS_CELL.fullmatch(cell)]
    verdict = next((number for number, cell in enumerate(cells) if len(cell) > 2 and _plain(cell) in _VERDICTS), None)
    coded = [number for number, cell in enumerate(cells) if any(find_codes(cell))]
    if not 1 <= len(addresses) <= 2 or verdict is None or not coded:
        return []
    names = [str(number) for number in range(len(cells))]
    names[addresses[0]] = "sender"
    names[addresses[-1]] = "recipient"
    names[verdict] = "status"
    names[max(coded, key=lambda number: len(cells[number]))] = "detail"
    return names


def read_rows(text: str) -> Iterator[dict[str, str]]:
    """The rows as name -> value; names in lower case, letters alone."""
    names: list[str] = []
    kept: list[str] = []
    for line in _without_talk(text).split("\n", MAX_ROWS)[:MAX_ROWS]:
        if line.startswith("#"):
            if line.lower().startswith("#fields:"):
                names = [_plain(name) for name in line[8:].split(",")]
        elif line.strip():
            kept.append(line.replace("\0", ""))
    if not kept:
        return
    delimiter = _delimiter(kept[0])
    if not names:
        names, kept = _named(kept)
    try:
        for row in csv.reader(kept, delimiter=delimiter):
            yield dict(zip(names, row, strict=False))
    except csv.Error:
        return


def _named(lines: list[str]) -> tuple[list[str], list[str]]:
    """(names of the columns, rows) of lines whose first may be the header."""
    if _HEADER.search(lines[0]):
        return [_plain(name) for name in _cells(lines[0])], lines[1:]
    if _ACCOUNTED.match(lines[0]):
        return _ACCOUNTING, lines
    names = [] if _ROW.match(lines[0]) else _names_in(lines[0])
    return names or _FIELDS, lines[1:] if names and "@" not in lines[0] else lines


def _value(row: dict[str, str], kind: str) -> str:
    return next((row[name].strip() for name in _NAMES[kind] if row.get(name, "").strip()), "")


def _verdict(row: dict[str, str]) -> tuple[str, str | None]:
    """(the verdict as it is called, failed, delayed or delivered) by the first column that says one."""
    for name in _NAMES["event"]:
        said = _plain(row.get(name, ""))
        if said in _VERDICTS:
            return said, _VERDICTS[said]
    return "", None


def read_table(text: str) -> list[Failure]:
    """One failure for each message and recipient: its last verdict."""
    stories: dict[tuple[str, str], Failure] = {}
    for row in read_rows(text):
        verdict, action = _verdict(row)
        if action is None:
            continue
        recipients = [part for part in re.split(r"[;|\s]+", _value(row, "recipient").strip("{}")) if "@" in part] or [
            ""
        ]
        for recipient, said in zip(recipients, _statuses(_value(row, "said"), len(recipients)), strict=False):
            failure = _failure(row, verdict, action, recipient, said)
            key = (failure.queue_id or "", recipient.lower())
            known = stories.get(key)
            if known is None or known.action != "failed" or action == "failed":
                stories[key] = failure
    return list(stories.values())


def _statuses(said: str, count: int) -> list[str]:
    """Exchange joins the words for several recipients with semicolons; they are told apart only when their number fits."""
    parts = [part.strip(" '{}") for part in re.split(r";(?=\s?'?\{?[245]\d\d )|'\s?;\s?'", said)]
    return parts if len(parts) == count else [said.strip(" '")] * count


def _failure(row: dict[str, str], verdict: str, action: str, recipient: str, said: str) -> Failure:
    led = _LED.search(said)
    words = led[1] if led else said.strip("[]{} ")
    diagnosis = read_diagnostic(words)
    sent = action == "delivered"
    codes = find_codes(words) if sent else (diagnosis.reply_code, diagnosis.enhanced_code)
    status = re.search(r"[245]\.\d{1,3}\.\d{1,3}", _value(row, "code"))
    reply = re.fullmatch(r"[245]\d\d", _value(row, "reply"))
    host = _value(row, "host").split(" ")[0].strip("()")
    code = codes[0] or (reply[0] if reply else None)
    accounting = "dsnmta" in row
    exchange = bool(led) or not {"recipientstatus", "recipientaddress", "networkmessageid"}.isdisjoint(row)
    cause = _CAUSES.get(verdict) or _CAUSES.get(_plain(_value(row, "kind")))
    return Failure(
        diagnostic=diagnosis.text if not sent else one_line(words) or "delivered", recipient=recipient or None, sender=_value(row, "sender").strip("<>") or None,
        reply_code=code, enhanced_code=codes[1] or (status[0] if status else None), action=action, outer=diagnosis.outer, command=diagnosis.command,
        remote_mta=diagnosis.host or (host if accounting and "." in host else None), reporting_mta=host if not accounting and host else None,
        direction="incoming" if verdict == "filteredasspam" else "outgoing", queue_id=_value(row, "id") or None,
        software="powermta" if accounting else "exchange" if exchange else None,
        own_cause="accepted" if sent else cause,
        own_permanence=None if code or sent else "temporary" if action == "delayed" or verdict.startswith("soft") else "permanent",
    )  # fmt: skip
