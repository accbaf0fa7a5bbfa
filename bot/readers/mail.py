"""A raw message (RFC 5322 and MIME) -> Bounce. Only `email` with its compat32 policy; nothing in a mail can raise.

The order of trust: a feedback report (RFC 5965) is a complaint; the fields of a delivery report (RFC 3464); the
recipients a header names (X-Failed-Recipients) with the human part; the human part alone, where the headers say that a
mail system wrote it. Everything else is no bounce, and the notes say why.
"""

import re
from dataclasses import replace

from bot.model import Bounce, Failure
from bot.readers.fields import has_fields, read_fields
from bot.readers.mime import SUBJECT, Parts, split_message
from bot.readers.prose import read_prose, report_part
from bot.readers.replies import ADDRESS, one_line
from bot.readers.transcript import looks_like, read_transcript

_START = re.compile(
    r"\A(?:From \S+ +[^\n]{5,60}\n)?(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n){0,200}){2,}", re.M
)
_KNOWN_HEADER = re.compile(
    r"^(?:Return-Path|Received|From|To|Subject|Date|Message-ID|MIME-Version|Content-Type|Delivered-To|X-Failed-Recipients|Auto-Submitted)[ \t]?:", re.I | re.M
)  # fmt: skip
_MAILER = re.compile(r"mailer[-_ ]?daemon|mail delivery (?:sub)?system|post_?master|mail ?administrator|mail delivery|mdaemon|mail router|internet mail (?:delivery|service)|system administrator|microsoft ?exchange|delivery (?:agent|service)|auto ?mailer|mmdf|mailsystem|<>|bounce", re.I)  # fmt: skip
_AUTO_SUBJECT = re.compile(
    r"out of (?:the )?office|automatic reply|auto[- ]?(?:reply|response|matic)|vacation|on leave|away from|abwesenheit|abwesend|automatische antwort|"
    r"r[ée]ponse automatique|absen[ct]|respuesta autom|fuera de (?:la )?oficina|resposta autom|risposta automatica|fuori ufficio|automatisch antwoord|afwezig|"
    r"odpowied[zź] automatyczna|poza biurem|автоответ|нет на рабочем|自動応答|自動返信|不在|otomatik yan|自动回复|不在办公室|i am (?:away|out)|holiday|urlaub",
    re.I,
)
_CHALLENGE = re.compile(r"(?:confirm|verify|approve) (?:that you|your (?:message|e-?mail|address))|challenge[- ]response|to (?:complete|release) (?:this )?(?:verification|your message)|spam ?arrest|boxbe|requires? confirmation|not on (?:my|our|the) (?:approved|guest) (?:senders?|list)", re.I)  # fmt: skip
_OPENING = re.compile(
    r"could ?n[o']t be (?:sent|delivered)|could not (?:be )?deliver|not (?:be )?delivered|was undeliverable|undeliverable|delivery (?:has )?failed|failed to deliver|"
    r"unable to (?:deliver|send)|wasn't able to deliver|mail delivery (?:software|agent|system|failed|subsystem)|permanent (?:fatal )?error|fatal errors|returned (?:to sender|mail|message)|"
    r"did not reach|no such user|user unknown|unknown user|not listed in|has been rejected|was rejected|could not be processed|hasn't been delivered|has not (?:yet )?been delivered|"
    r"delivery to the following|non-delivery|undelivered|unzustellbar|nicht zugestellt|konnte nicht|n'a pas pu|n'existe pas|no se pudo|impossibile|"
    r"send failure|message delivery|the following (?:recipient|address|destination)|could not send|送信できません|配信できません|不達|無法|无法|does not exist|over quota|quota exceeded|mailbox is full|disk quota",
    re.I,
)
_SUCCESS = re.compile(r"(?:successful(?:ly)? (?:mail )?deliver|delivery successful|was (?:successfully )?(?:delivered|relayed)|Return receipt)", re.I)  # fmt: skip


def looks_like_mail(text: str) -> bool:
    """Whether a text begins with the header block of a message."""
    head = text[:6_000].lstrip("\n\r \ufeff")
    return bool(_START.match(head)) and len({m[0].lower() for m in _KNOWN_HEADER.finditer(head[:4_000])}) >= 2


_COMPLAINT_RCPT = re.compile(
    r"^(?:Original-Rcpt-To|Removal-Recipient|Rcpt-To):\s{0,5}(?:rfc822;\s?)?<?([^\s<>;]{3,320})>?", re.I | re.M
)


def _complaint(parts: Parts) -> Bounce | None:
    subject = parts.headers.get("subject", "")
    marked = (
        parts.report_type == "feedback-report"
        or parts.feedback
        or any("Feedback-Type:" in text[:4_000] for text in parts.reports)
    )
    body = "\n".join(parts.texts)[:8_000]
    told = (
        "This is an email abuse report" in body
        or re.search(r"^Feedback-Type:", body, re.M)
        or re.match(r"complaint about message from", subject, re.I)
    )
    if not marked and not told:
        return None
    named = [found[1] for found in _COMPLAINT_RCPT.finditer("\n".join(parts.feedback + parts.reports) or body)]
    if not named:
        header = (
            parts.original.get("x-hmxmroriginalrecipient")
            or parts.original.get("x-original-to")
            or parts.original.get("to")
            or ""
        )
        named = [found[1] for found in ADDRESS.finditer(header)][:1]
    failures = tuple(Failure(recipient=address, own_cause="complaint") for address in dict.fromkeys(named)) or (
        Failure(own_cause="complaint"),
    )
    return Bounce("complaint", failures, "feedback report (RFC 5965)")


def _is_auto_reply(parts: Parts) -> bool:
    headers = parts.headers
    automatic = headers.get("auto-submitted", "").lower()
    subject = headers.get("subject", "")
    marked = (
        "auto-replied" in automatic or "auto-generated" in automatic or any(name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-response"))
        or headers.get("precedence", "").lower() in ("auto_reply", "auto-reply") or headers.get("x-auto-response-suppress", "").lower() == "all"
    )  # fmt: skip
    return bool(_AUTO_SUBJECT.search(subject)) or (marked and not _from_mailer(parts) and not SUBJECT.search(subject))


def _from_mailer(parts: Parts) -> bool:
    headers = parts.headers
    return headers.get("return-path", "x").strip() in ("<>", "") or bool(
        _MAILER.search(headers.get("from", "") + " " + headers.get("sender", ""))
    )


def _known_recipients(parts: Parts) -> tuple[str, ...]:
    named = parts.headers.get("x-failed-recipients") or parts.headers.get("x-ms-failed-recipients") or ""
    return tuple(dict.fromkeys(found[1] for found in ADDRESS.finditer(named)))


def _original_recipients(parts: Parts) -> tuple[str, ...]:
    value = parts.original.get("to") or parts.original.get("x-original-to") or ""
    found = tuple(dict.fromkeys(match[1] for match in ADDRESS.finditer(value)))
    return found if len(found) == 1 else ()


def _delayed(parts: Parts, text: str) -> bool:
    subject = parts.headers.get("subject", "")
    return bool(
        re.search(r"\bdelay(?:ed)?\b|warning: (?:could not|message)|still being retried|\(delay\)|verz[öo]gert|retard|配信遅延|incomplete", subject, re.I)
        or re.search(r"THIS IS A WARNING|do not need to resend|will (?:be retried|keep trying|continue (?:trying|to try))|still (?:trying|being retried)|has not yet been delivered|hasn't been delivered yet", text[:3_000], re.I)
    )  # fmt: skip


def read_mail(raw: bytes) -> Bounce:
    """What a raw message is, with every failed recipient; never raises, always says something."""
    parts = split_message(raw)
    notes = tuple(dict.fromkeys(parts.limits))
    complaint = _complaint(parts)
    if complaint:
        return replace(complaint, notes=notes, date=parts.headers.get("date"))
    human = "\n".join(parts.texts)
    if not human.strip():
        human = "\n".join(parts.html)
    report = "\n\n".join(parts.reports)
    if not report and has_fields(report_part(human) if has_fields(report_part(human)) else human):
        report = human
    failures: list[Failure] = []
    reader = ""
    if report:
        failures, reader = read_fields(report), "delivery report (RFC 3464)"
    failures = [failure for failure in failures if failure.recipient or failure.diagnostic or failure.status]
    known = _known_recipients(parts)
    subject = parts.headers.get("subject", "")
    if failures:
        failures = joined_with_prose(failures, human, parts)
        if all(failure.action in ("delivered", "relayed", "expanded") for failure in failures):
            return Bounce("success", tuple(failures), reader, notes, date=parts.headers.get("date"))
        failures = [f for f in failures if f.action not in ("delivered", "relayed", "expanded")]
        if _is_auto_reply(parts) and not _from_mailer(parts) and "report" not in parts.content_type:
            failures = []
        else:
            return Bounce(
                "report", tuple(failures), reader, notes + _returned_notes(parts), date=parts.headers.get("date")
            )
    if _is_auto_reply(parts) and not known:
        return Bounce(
            "auto-reply",
            (Failure(own_cause="auto-reply"),),
            "headers (RFC 3834)",
            notes,
            date=parts.headers.get("date"),
        )
    mailer = _from_mailer(parts)
    telling = bool(SUBJECT.search(subject))
    opening = bool(_OPENING.search(human[:3_000]))
    if not (
        known
        or ("report" in parts.content_type and opening)
        or (mailer and (telling or opening))
        or (telling and opening)
    ):
        if _CHALLENGE.search(human[:3_000]):
            return Bounce(
                "auto-reply",
                (Failure(own_cause="auto-reply"),),
                "a request to confirm the sender",
                notes,
                date=parts.headers.get("date"),
            )
        if opening and _bare_bounce(human):
            pass
        else:
            return Bounce("ordinary", (), "", notes, date=parts.headers.get("date"))
    if _SUCCESS.search(subject) and not opening:
        return Bounce("success", (Failure(action="delivered"),), "subject", notes, date=parts.headers.get("date"))
    failures = read_human(human, known)
    if all(failure.recipient is None for failure in failures):
        fallback = known or _original_recipients(parts)
        if fallback:
            failures = [replace(failures[0] if failures else Failure(), recipient=address) for address in fallback]
    if _delayed(parts, human):
        failures = [replace(failure, action=failure.action or "delayed") for failure in failures]
    else:
        failures = [replace(failure, action=failure.action or "failed") for failure in failures]
    return Bounce(
        "report", tuple(failures), "words for people", notes + _returned_notes(parts), date=parts.headers.get("date")
    )


def _bare_bounce(human: str) -> bool:
    head = human[:1_500]
    return bool(ADDRESS.search(head)) and bool(
        re.search(
            r"\b[45]\d\d[ -]|\b[45]\.\d\.\d\b|user unknown|no such user|mail delivery (?:software|system)", head, re.I
        )
    )


def read_human(text: str, known: tuple[str, ...] = ()) -> list[Failure]:
    """The failures of a report for people: address blocks first, a transcript fills in what they lack."""
    part = report_part(text)
    failures = read_prose(text, known)
    if looks_like(part):
        spoken = read_transcript(part)
        failures = _joined(failures, spoken)
    return failures


def _joined(told: list[Failure], spoken: list[Failure]) -> list[Failure]:
    if not spoken:
        return told
    if not told or all(failure.recipient is None for failure in told):
        return spoken
    by_address = {failure.recipient.lower(): failure for failure in spoken if failure.recipient}
    anyone = [failure for failure in spoken if not failure.recipient]
    out = []
    for failure in told:
        other = by_address.get((failure.recipient or "").lower()) or (
            anyone[0] if anyone else spoken[0] if len(told) == 1 else None
        )
        if other and not failure.reply_code:
            failure = replace(
                failure, diagnostic=f"{failure.diagnostic} {other.diagnostic}".strip() if failure.diagnostic != other.diagnostic else failure.diagnostic,
                reply_code=other.reply_code, enhanced_code=other.enhanced_code or failure.enhanced_code,
                remote_mta=failure.remote_mta or other.remote_mta, command=failure.command or other.command,
            )  # fmt: skip
        elif other:
            failure = replace(failure, remote_mta=failure.remote_mta or other.remote_mta, command=failure.command or other.command,
                              enhanced_code=failure.enhanced_code or (other.enhanced_code if other.reply_code == failure.reply_code else None))  # fmt: skip
        out.append(failure)
    return out


def joined_with_prose(failures: list[Failure], human: str, parts: Parts) -> list[Failure]:
    """What the human part adds to the fields: a reply where the fields have none, an address where it is missing."""
    part = report_part(human) if human else ""
    context = one_line(part)[:4_000]
    told: list[Failure] = []
    if (
        any(not f.reply_code or not f.enhanced_code or f.recipient is None or len(f.diagnostic) < 12 for f in failures)
        and part
        and not has_fields(part[:200])
    ):
        told = read_human(part)
    by_address = {f.recipient.lower(): f for f in told if f.recipient}
    out = []
    seen: set[str] = set()
    for failure in failures:
        other = by_address.get((failure.recipient or "").lower())
        if other is None and len(failures) == 1 and len(told) == 1:
            other = told[0]
        if other:
            if not failure.diagnostic or (not failure.reply_code and other.reply_code):
                failure = replace(
                    failure, diagnostic=other.diagnostic if not failure.diagnostic else f"{other.diagnostic} {failure.diagnostic}",
                    reply_code=other.reply_code or failure.reply_code,
                    enhanced_code=other.enhanced_code or failure.enhanced_code, outer=failure.outer or other.outer,
                )  # fmt: skip
            failure = replace(
                failure, remote_mta=failure.remote_mta or other.remote_mta, command=failure.command or other.command
            )
        failure = replace(
            failure,
            context=f"{failure.context} {context}".strip(),
            action=failure.action or ("delayed" if _delayed(parts, human) else "failed"),
        )
        if failure.recipient is None:
            fallback = _known_recipients(parts) or _original_recipients(parts)
            failure = replace(failure, recipient=fallback[0] if fallback else None)
        key = (failure.recipient or "").lower()
        if key in seen:
            continue
        seen.add(key)
        out.append(failure)
    return out


def _returned_notes(parts: Parts) -> tuple[str, ...]:
    return ("returned message enclosed",) if parts.original else ()
