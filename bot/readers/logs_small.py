"""Log lines of filters and small mailers -> failures: Cisco's mail_logs, msmtp, Courier, ZoneMTA, Proxmox Mail Gateway, Kerio."""

import re

from bot.model import Failure
from bot.readers.replies import read_diagnostic

# A word of each: most lines have none, and then no pattern has to look.
WORDS = (
    " Bounced: DCID ",
    " Delayed: DCID ",
    "ICID ",
    "smtpmsg='",
    "courieresmtp: ",
    " REJECTED[",
    " DEFERRED[",
    "pmg-smtp-filter",
    "action=greylist, ",
    " delayed for ",
    "policyd-spf",
    "to unknown recipient <",
)

_CISCO = re.compile(r"(?P<verb>Bounced|Delayed): DCID \d{1,12} MID (?P<mid>\d{1,12}) (?P<rest>.{1,3000})$", re.S)
_CISCO_TO = re.compile(r"\bTo: <([^<>\s]{1,320})>|\[[\"'](?:[245]\.\d\.\d{1,3} )?<([^<>\s@]{1,128}@[^<>\s]{1,255})>")
_CISCO_SAID = re.compile(r"\('(?P<code>[245]\d\d)', \[[\"'](?P<text>.{1,2000}?)[\"']\]\)", re.S)
_CISCO_REJECT = re.compile(r"ICID (?P<icid>\d{1,12}) REJECT SG (?P<group>\S{1,80}) match (?P<why>\S{1,120})")
_MSMTP = re.compile(r"\brecipients=(?P<to>\S{1,2000}) .{0,300}?smtpstatus=(?P<code>[245]\d\d) smtpmsg='(?P<text>.{1,2000}?)' (?:errormsg|exitcode)", re.S)  # fmt: skip
_COURIER = re.compile(r"courieresmtp: id=(?P<id>[0-9A-F.]{5,60}),from=<(?P<sender>[^<>]{0,320})>,addr=<(?P<to>[^<>]{1,320})>(?:: (?P<said>[245]\d\d .{1,2000})|,status: (?P<status>success|failure|deferred)(?:: (?P<text>.{1,1000}))?)$", re.S)  # fmt: skip
_ZONE = re.compile(
    r" (?P<id>[0-9a-f]{8,20}\.[0-9a-f]{3}) (?P<verb>REJECTED|DEFERRED)\[[^\]]{1,40}\] (?P<to>\S{3,320}) .{0,600}?\"(?P<text>[^\"]{3,2000})\""
)
_PROXMOX = re.compile(
    r"(?P<id>[0-9A-F]{5,20}): block mail to <(?P<to>[^<>\s]{1,320})> \(rule: (?P<rule>[^\n]{1,200})\)"
)
_POSTGREY = re.compile(r"action=greylist, reason=(?P<why>[^,]{1,60}), .{0,600}?\brecipient=(?P<to>[^\s,]{3,320})")
_MILTER_GREYLIST = re.compile(
    r"\baddr \S{1,300} from <(?P<sender>[^<>\s]{0,320})> (?:rcpt |to )<(?P<to>[^<>\s]{1,320})> delayed for \d"
)
_KERIO = re.compile(r"Attempt to deliver to unknown recipient <(?P<to>[^<>\s]{1,320})>(?:, from <(?P<sender>[^<>\s]{0,320})>)?")  # fmt: skip


def _made(text: str, action: str | None, software: str, **more: str | None) -> Failure:
    diagnosis = read_diagnostic(text)
    return Failure(
        diagnostic=diagnosis.text, recipient=more.get("recipient"), reply_code=diagnosis.reply_code or more.get("code"), enhanced_code=diagnosis.enhanced_code,
        action=action, direction="incoming" if more.get("incoming") else "outgoing", software=software, queue_id=more.get("queue"), sender=more.get("sender"),
        own_cause=more.get("cause"), remote_mta=diagnosis.host, command=more.get("command") or diagnosis.command, outer=diagnosis.outer,
    )  # fmt: skip


def small(line: str, rest: str, program: str) -> list[Failure]:
    """What one line of these says."""
    if not any(word in line for word in WORDS):
        return []
    return _cisco(line) or _mailers(line) or _filters(line, rest, program)


def _cisco(line: str) -> list[Failure]:
    found = _CISCO.search(line)
    if found:
        said = _CISCO_SAID.search(found["rest"])
        to = _CISCO_TO.search(found["rest"])
        text = said["text"] if said else found["rest"]
        action = "failed" if found["verb"] == "Bounced" else "delayed"
        return [_made(text, action, "cisco", recipient=(to[1] or to[2]) if to else None, code=said["code"] if said else None, queue=f"MID {found['mid']}")]  # fmt: skip
    refused = _CISCO_REJECT.search(line)
    if refused:
        return [_made(refused[0], "failed", "cisco", cause="poor-reputation", incoming="yes", command="CONNECT")]
    return []


def _mailers(line: str) -> list[Failure]:
    found = _MSMTP.search(line)
    if found:
        action = "failed" if found["code"][0] == "5" else None
        recipients = found["to"].split(",")
        return [_made(found["text"], action, "program", recipient=to, code=found["code"]) for to in recipients[:100]]
    found = _COURIER.search(line)
    if found and found["status"] != "success":
        said = found["said"] or found["text"] or ""
        delayed = found["status"] == "deferred" or said[:1] == "4"
        return [_made(said, "delayed" if delayed else "failed", "courier", recipient=found["to"], sender=found["sender"] or None, queue=found["id"])]  # fmt: skip
    found = _ZONE.search(line)
    if found:
        action = "failed" if found["verb"] == "REJECTED" else "delayed"
        return [_made(found["text"], action, "zonemta", recipient=found["to"], queue=found["id"])]
    return []


def _filters(line: str, rest: str, program: str) -> list[Failure]:
    found = _PROXMOX.search(line)
    if found:
        rule = found["rule"].lower()
        cause = "virus-detected" if "virus" in rule else "spam-content" if "spam" in rule else "content-rejected"
        return [
            _made(found[0], "failed", "proxmox", recipient=found["to"], cause=cause, incoming="yes", queue=found["id"])
        ]
    found = _POSTGREY.search(line) or _MILTER_GREYLIST.search(line)
    if found:
        return [
            _made(found[0], None, "greylist", recipient=found["to"], incoming="yes", command="RCPT", cause="greylisted")
        ]
    if program == "policyd-spf" and rest[:1] in "45":
        return [_made(rest, "failed" if rest[:1] == "5" else None, "policyd-spf", incoming="yes", command="RCPT")]
    found = _KERIO.search(line)
    if found:
        return [_made(found[0], "failed", "kerio", recipient=found["to"], sender=found["sender"] or None, incoming="yes", command="RCPT", cause="mailbox-not-found")]  # fmt: skip
    return []
