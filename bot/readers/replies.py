"""One diagnostic text -> its codes, the innermost reply of a chain, the host that spoke and the SMTP command."""

import re
from typing import NamedTuple

from bot.codes import REPLY, STATUS, normal_status

MAX_REPLY = 4_000
REFUSED = "45"  # classes of replies that refuse

_ADDRESS_PART = r"[^\s<>()\[\],;:\"'|\\]"
# An address, in a group; longer patterns put their own beginning before it.
ADDRESS_CORE = rf"({_ADDRESS_PART}{{1,128}}@(?:{_ADDRESS_PART}{{1,255}}|\[[0-9A-Fa-f.:IPv]{{3,45}}\]))"
ADDRESS = re.compile(r"(?<![^\s<>()\[\],;:\"'|\\=*])" + ADDRESS_CORE)

# Where the words of another server begin, in lower case. The last of them that is followed by a reply decides.
_SAID = re.compile(
    r"""(?:
        \bsaid | \bresponded(?:\ with)? | \breturned(?:\ error)? | refused\ to\ talk\ to\ me
      | \bresponse(?:\ (?:from|of)\ the\ (?:remote\ )?(?:recipient\ )?server)?(?:\ was|\ is)?
      | \bled= | \berror\ (?:that\ the\ other\ server\ returned\ )?was | \breply\ was | \banswered | server\ error | server\ response
      | smtp;\s? | \.{3} | remote\ server\ returned | after\ (?:rcpt\ to|mail\ from|end\ of\ data|data|initial\ connection)[^:]{0,100}(?::<[^>\n]{0,120}>)?
        (?:\ size=\d{1,12})?:\s{0,9}host\ \S{1,255}\s{0,9}(?:\[[^\]\s]{1,45}\])?
    )
    \s{0,4}[:;]?\s{0,9}["'(<\[#]{0,3}(?=[245]\d\d[\s\-.,;:]|[245]\.\d{1,3}\.\d{1,3})""",
    re.X,
)
# Exchange Online's summary and, after the arrow, the reply of the server outside.
_ARROW = re.compile(r"\s(?:->|→|-\\>|=>)\s{0,9}(?=[\"'(<\[]{0,2}(?:[245]\d\d[\s\-]|[245]\.\d{1,3}\.\d{1,3}\s))")
_ATTEMPT = re.compile(
    r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d (?:[AP]M )?- Server at \S{1,255} returned '(?=[245]\d\d )"
)
# A server that asks the sender's own server whether the sender exists: what that one said is not about the recipient.
_PROBED = re.compile(r"sender address rejected: (?:unverified|undeliverable) (?:sender )?address(?=: )", re.I)
_VERIFIED = re.compile(r"(?:[45]\d\d[ -])?sender verify failed(?=\s*(?:\(in reply|\"|'|$))", re.I)
# `<host #5.1.1 smtp;550 5.1.1 …>`: Exchange's wrapper around another server's reply.
_WRAPPED = re.compile(r"#\d?\s?<?[^<>]{0,120}#[245]\.\d{1,3}\.\d{1,3}\s{1,3}smtp;", re.I)
_IN_REPLY = re.compile(
    r"in reply to ([a-z ]{3,25}?) command|after (?:pipelined )?(mail from|rcpt to|end of data|data|ehlo|helo|starttls|auth|initial connection)"
)
_STAGE = re.compile(
    r"(refused to talk to me|does not like recipient|but sender was rejected|failed after i sent the message|but greeting failed"
    r"|while sending (?:rcpt to|mail from|data|end of data|message body)|did not like our (?:rcpt to|mail from|data|ehlo|helo)"
    r"|\[(?:rcpt_to|mail_from|data|connect)\])"
)
_HOST = re.compile(
    r"""(?:\bhost:?|while\ talking\ to|\bby|\bwith|connect(?:ed)?\ to|\bfrom|\bto|relay=|^)\s{0,3}
        ((?![245]\d\d-)(?:[A-Za-z0-9_-]{1,63}\.){1,10}[A-Za-z]{2,24})\.?\s{0,4}(?:\[|\ \(|:25\b|\s(?:did|said|refused))""",
    re.X,
)
_TALKING = re.compile(r"[Ww]hile talking to ([A-Za-z0-9._-]{1,255}?)\.?:")
_NAMED_HOST = re.compile(
    r"(?:^|\s)((?:[A-Za-z0-9_-]{1,63}\.){1,10}[A-Za-z]{2,24})(?: \[[0-9A-Fa-f.:]{3,45}\] (?:did not like|said|refused)| Remote Server returned| returned ')"
)
_QMAIL_HOST = re.compile(
    r"(?:^|\s)(\d{1,3}(?:\.\d{1,3}){3}) (?:does not like|failed after|failed on)|Connected to (\d{1,3}(?:\.\d{1,3}){3}) but"
)


class Diagnosis(NamedTuple):
    """The codes and the deciding part of one diagnostic text."""

    text: str
    reply_code: str | None
    enhanced_code: str | None
    outer: tuple[str, ...]
    host: str | None
    command: str | None


def one_line(text: str) -> str:
    """The text with all white space folded to single blanks."""
    return " ".join(text.split())


def find_codes(text: str, classes: str = "245") -> tuple[str | None, str | None]:
    """(reply code, enhanced code) of these classes that stand first in a text, the enhanced one that belongs to the reply if any."""
    reply = status = None
    if not any(digit in text for digit in classes):
        return None, None
    for found in REPLY.finditer(text, 0, MAX_REPLY):
        if found[1][0] not in classes or not _is_reply(text, found):
            continue
        if reply is None:
            reply = found[1]
        if found[3] and (found[1] == reply or status is None):
            status = found[3]
            break
    if status is None:
        for found in STATUS.finditer(text, 0, MAX_REPLY):
            if found[1][0] in classes and not _is_address_or_version(text, found):
                status = found[1]
                break
    return reply, normal_status(status) if status else None


_NOT_AFTER = re.compile(r"\b(?:(?:exit(?:ed)?|died|return(?:ed)?|signal|terminated)(?: with)?(?: status| code| value)?|port|line|id|ticket|size|exceeds?|limit(?: of)?|max(?:imum)?|over|of|than|after|for|last|the|page|build|version|attempts?|x|a|pid|rule|code=\"?sg|http|http/\d\.\d)[ =:#]{1,2}$", re.I)  # fmt: skip
_NOT_BEFORE = re.compile(r"[ -]?(?:bytes?|octets?|[kmg]i?b|seconds?|secs?|minutes?|mins?|hours?|days?|messages|recipients|users|emails|mails|times|euros?|usd|ms|percent|hops|lines|characters|attempts?|connections|people|customers|mailboxes|accounts|(?:an?|per|each|every) (?:second|minute|hour|day|week|month))\b|/(?:s|sec|min|h|hr|hour|d|day|week|month)\b|[ -]?[%€$]", re.I)  # fmt: skip


# Submission ports that look like replies; no server answers with them.
_PORTS = ("465", "587")
# With these a web server answers an API that sends mail.
_WEB_CODES = ("400", "401", "402", "403", "404", "405", "409", "413", "429")


def _is_reply(text: str, found: re.Match[str]) -> bool:
    """Whether three digits are a reply code and not a size, a port, a count or part of a date."""
    start, end = found.span(1)
    if found[3]:
        return True
    if found[1] in _PORTS:
        return False
    if _NOT_BEFORE.match(text, end):
        return False
    before = text[max(0, start - 28) : start]
    if found[1] in _WEB_CODES and before.rstrip(" :=").lower().endswith(("status code", "statuscode")):
        return False
    return not _NOT_AFTER.search(before) or before.rstrip().endswith(("code=", "code:"))


def _is_address_or_version(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start(1) - 10) : found.start(1)].lower()
    return before.endswith(("v", "version ", "mysql ", "php ", "ver ", "exim ", "postfix ", "openssl "))


_STAGES = (
    ("rcpt", "RCPT"), ("recipient", "RCPT"), ("mail", "MAIL"), ("sender", "MAIL"), ("data", "DATA"), ("message", "DATA"), ("ehlo", "EHLO"),
    ("helo", "EHLO"), ("starttls", "STARTTLS"), ("auth", "AUTH"), ("connect", "CONNECT"), ("refused", "CONNECT"), ("greeting", "CONNECT"),
)  # fmt: skip


# Written out, since most texts have none of these words and this is asked of every line.
def _may_quote(s: str) -> bool:
    return (
        "said" in s or "respon" in s or "return" in s or "refused to" in s or "error was" in s or "other server" in s or "reply was" in s
        or "answered" in s or "led=" in s or "server error" in s or "smtp;" in s or "after " in s or "..." in s
    )  # fmt: skip


def _may_name_stage(s: str) -> bool:
    return (
        "refused to talk" in s or "does not like" in s or "sender was" in s or "after i sent" in s or "greeting failed" in s
        or "while sending" in s or "not like our" in s or "[rcpt" in s or "[mail" in s or "[data" in s or "[conn" in s
    )  # fmt: skip


def _find_command(lowered: str) -> str | None:
    found = _IN_REPLY.search(lowered) if "in reply to" in lowered or "after " in lowered else None
    if found is None and _may_name_stage(lowered):
        found = _STAGE.search(lowered)
    if found is None:
        return None
    said = found[0] if found.re is _STAGE else found[1] or found[2]
    return next((command for name, command in _STAGES if name in said), None)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        continue
    return found


def lower_case(text: str) -> str:
    """The text in lower case, as long as it was: this letter alone becomes two."""
    return text.replace("İ", "I").lower()


def _innermost(text: str, lowered: str) -> tuple[str, tuple[str, ...]]:
    """The part of a chain of replies that decides, and the parts around it, outermost first."""
    outer: list[str] = []
    if "sender" in lowered:
        probed = _PROBED.search(text)
        if probed:
            return text[: probed.end()], ()
        verified = _VERIFIED.search(text)
        if verified:  # Exim's callout: what the sender's server said stands before it
            return text[verified.start() :].strip(), (text[: verified.start()].strip(),)
    attempts = _ATTEMPT.search(text) if "Server at " in text else None
    if attempts:  # Exchange Online lists its attempts, the last one first
        return text[attempts.end() :].split("' ")[0].strip(" '"), ()
    arrow = _last(_ARROW, text) if ">" in text or "→" in text else None
    if arrow is not None:
        outer.append(text[: arrow.start()].strip())
        text = text[arrow.end() :]
        lowered = lower_case(text)
    last = _last(_SAID, lowered) if _may_quote(lowered) else None
    if last is not None:
        before, inner = text[: last.end()].strip(), text[last.end() :]
        if find_codes(before, REFUSED)[0]:
            outer.append(before)
        text = inner if len(inner) > 3 else text
    return text.strip(" \t\"'<(#"), tuple(outer)


def _may_name_host(flat: str, lowered: str) -> bool:
    """Whether a host name may stand before a bracket, a port or a verb of speaking."""
    if " said" in lowered or " did" in lowered or " refused" in lowered or " returned" in lowered or ":25" in flat:
        return True
    return any(_follows_name(flat, flat.find(bracket)) for bracket in ("[", " ("))


def _follows_name(flat: str, place: int) -> bool:
    before = flat[:place].rstrip() if place > 0 else ""
    name = before[before.rfind(" ") + 1 :]
    return "." in name and name.rstrip(".")[-1:].isalpha()


def read_diagnostic(text: str) -> Diagnosis:
    """What one diagnostic says; several lines count as one."""
    flat = one_line(text)[:MAX_REPLY]
    if flat[:5] in ("smtp;", "SMTP;"):
        flat = flat[5:].lstrip()
    lowered = lower_case(flat)
    inner, outer = _innermost(flat, lowered)
    reply, status = find_codes(inner, REFUSED)
    if reply is None and status is None:
        inner, outer = flat, ()
        reply, status = find_codes(inner, REFUSED)
        if reply is None and status is None and flat[:1] == "2":
            reply, status = find_codes(inner)
    elif (status is None or reply is None) and len(inner) < len(flat) - 8 and (not outer or "(#" in flat):
        reply_around, status_around = find_codes(flat, REFUSED)
        reply, status = reply or reply_around, status or status_around
    host = _TALKING.search(text) if "talking" in lowered else None
    if host is None and (
        "does not like" in lowered or "connected to" in lowered or "failed after" in lowered or "failed on" in lowered
    ):
        spoke = _QMAIL_HOST.search(flat)
        if spoke:
            return Diagnosis(inner, reply, status, outer, spoke[1] or spoke[2], _find_command(lowered))
    if host is None and _may_name_host(flat, lowered):
        host = _HOST.search(flat) or _NAMED_HOST.search(flat)
    return Diagnosis(inner, reply, status, outer, host[1] if host else None, _find_command(lowered))
