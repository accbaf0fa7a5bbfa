"""A raw message (RFC 5322 and MIME) -> Bounce. Only `email` with its compat32 policy; nothing in a mail can raise.

The order of trust: a feedback report (RFC 5965) is a complaint; the fields of a delivery report (RFC 3464); the
recipients a header names (X-Failed-Recipients) with the human part; the human part alone, where the headers say that a
mail system wrote it. Everything else is no bounce, and the notes say why.
"""

import re

from bot.codes import STATUS
from bot.model import Bounce, Failure
from bot.readers.fields import has_fields, read_fields
from bot.readers.human import (
    DELIVERED,
    is_delayed,
    is_foreign_report,
    joined_with_prose,
    known_recipients,
    original_recipients,
    read_human,
    read_success,
)
from bot.readers.mime import Parts, names_failure, parts_of, split_message
from bot.readers.prose import returned_part
from bot.readers.replies import ADDRESS, find_codes

_START = re.compile(
    r"\A(?:From \S+ +[^\n]{5,60}\n)?(?:[A-Za-z][A-Za-z0-9-]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n){0,200}){2}", re.M
)
_KNOWN_HEADERS = frozenset(
    ("return-path", "received", "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "delivered-to",
     "x-failed-recipients", "auto-submitted")
)  # fmt: skip
# All these are searched in lower case, which takes a quarter of the time of a search that ignores case.
_MAILER = re.compile(r"mailer[-_ ]?daemon|mail delivery (?:sub)?system|post_?master|mail ?administrator|mail delivery|mdaemon|mail router|internet mail (?:delivery|service)|system administrator|microsoft ?exchange|mail delivery (?:agent|service)|auto ?mailer|mmdf|mailsystem|<>|bounce")  # fmt: skip
_AUTO_SUBJECT = re.compile(
    r"out of (?:the )?office|automatic reply|auto[- ]?(?:reply|response|matic)|vacation|on leave|away from|abwesenheit|abwesend|automatische antwort|"
    r"r[ée]ponse automatique|absen[ct]|respuesta autom|fuera de (?:la )?oficina|resposta autom|risposta automatica|fuori ufficio|automatisch antwoord|afwezig|"
    r"odpowied[zź] automatyczna|poza biurem|автоответ|нет на рабочем|自動応答|自動返信|不在|otomatik yan|自动回复|不在办公室|i am (?:away|out)|holiday|urlaub"
)
_CHALLENGE = re.compile(r"(?:confirm|verify|approve) (?:that you|your (?:message|e-?mail|address))|challenge[- ]response|to (?:complete|release) (?:this )?(?:verification|your message)|spam ?arrest|boxbe|requires? confirmation|not on (?:my|our|the) (?:approved|guest) (?:senders?|list)")  # fmt: skip
_OPENING = re.compile(
    r"could ?n[o']t be (?:sent|delivered)|could not (?:be )?deliver|not (?:be )?delivered|was undeliverable|undeliverable|delivery (?:has )?failed|failed to deliver|"
    r"unable to (?:deliver|send)|wasn't able to deliver|mail delivery (?:software|agent|system|failed|subsystem)|permanent (?:fatal )?error|fatal errors|returned (?:to sender|mail|message)|"
    r"did not reach|no such user|user unknown|unknown user|not listed in|has been rejected|was rejected|could not be processed|hasn't been delivered|has not (?:yet )?been delivered|"
    r"delivery to the following|non-delivery|undelivered|unzustellbar|nicht zugestellt|konnte nicht|n'a pas pu|n'existe pas|no se pudo|impossibile|"
    r"e-?mail message to [^\n]{1,200} didn't work|your (?:reply|e-?mail) (?:was not|wasn't|could not be|couldn't be) (?:processed|posted|accepted)|send failure|message delivery|the following (?:recipient|address|destination)|could not send|送信できません|配信できません|不達|無法|无法|not a member of this mailing list|does not exist|over quota|quota exceeded|mailbox is full|disk quota"
)
_REFUSER = re.compile(
    r"listserv|sympa\b|majordomo|mailman|mlmmj|ezmlm|list ?(?:server|manager)|mailscanner|mailessentials|scanmail|interscan|imss|mailmarshal|mimesweeper|groupshield|mailguard|"
    r"(?:anti)?[- ]?(?:virus|spam)[- ]?(?:scanner|filter|firewall|gateway|notif|alert|protection)|content[- ]?(?:filter|scanner)|symantec|trend ?micro|sophos|barracuda|forti ?mail|mimecast|proofpoint|trellix|forcepoint"
)
# What lists, moderators, scanners and filters tell the sender of a message they did not take.
_REFUSED = re.compile(
    r"you(?:'re| are) not (?:\S{1,10} )?(?:allowed|authori[sz]ed|permitted)|not (?:allowed|authori[sz]ed|permitted) to (?:post|send|write)|sie sind nicht (?:berechtigt|befugt)|vous n'[êe]tes pas autoris|"
    r"no (?:est[áa]|tiene)\b[^.]{0,20}\b(?:autorizad|permiso)|non sei autorizzat|(?:u|je) bent niet (?:gemachtigd|bevoegd)|n[ãa]o (?:est[áa] autorizad|tem permiss)|nie masz uprawnień|"
    r"(?:wurde|ist|werden) (?:\S{1,14} ){0,3}(?:abgewiesen|abgelehnt|zur[üu]ckgewiesen)|(?:rejected|declined|refused) by (?:the|a) (?:list |group )?(?:moderator|owner|administrator)|"
    r"a [ée]t[ée] (?:rejet[ée]|refus[ée])|(?:ha sido|fue) rechazad|(?:è stat[oa]|stato) (?:respint|rifiutat)|is (?:geweigerd|afgewezen)|została? odrzucon|отклонен|rejected posting|"
    r"(?:virus|worm|malware|trojan)\b[^.]{0,60}\b(?:you sent|your (?:message|e-?mail|mail))|(?:you sent|your (?:message|e-?mail|mail)|message from you)\b[^.]{0,80}\b(?:virus|worm|malware|trojan|infected|blocked|quarantined|stopped|deleted)|"
    r"(?:blocked|quarantined|stopped|rejected|refused|deleted|removed)\b[^.]{0,40}\b(?:message|e-?mail|mail) you sent\b"
)
_DAEMON = re.compile(r"mailer[-_ ]?daemon|mail delivery (?:sub)?system|post_?master@|<>")
_DIGEST = re.compile(r"digest|summary|zusammenfassung|quarantine|quarantäne|maintenance|wartung|newsletter")
_PARCEL = re.compile(r"\b(?:liefer\w{1,12}|bestell\w{1,12}|your order|order number|tracking|parcel|shipment|sendungs?(?:nummer|verfolgung)?|paket|pakket|zending|colis|paquete|env[íi]o|pacco|spedizione|encomenda|przesyłka|paczka|zásilka|balík|посылка|kargo)\b|荷物|宅配|包裹|快递|택배")  # fmt: skip
_PHONE = re.compile(r"\+\d[\d ()./-]{6,18}\d")  # the recipient of a gateway to phones
_SUCCESS = re.compile(r"(?:successful(?:ly)? (?:mail )?deliver|delivery successful|was (?:successfully )?(?:delivered|relayed)|return receipt)")  # fmt: skip


_CERTIFIED_FAILURES = ("errore-consegna", "non-accettazione", "preavviso-errore-consegna", "rilevazione-virus")
_CERTIFIED_TO = re.compile(
    r"(?:destinat[oa] all'utente|indirizzat[oa] a)\s{1,3}[\"']?([^\s\"'<>]{1,128}@[^\s\"'<>]{1,255})"
)


def looks_like_mail(text: str) -> bool:
    """Whether a text begins with the header block of a message."""
    head = text[:6_000].lstrip("\n\r \ufeff")
    return bool(_START.match(head)) and _knows_headers(head[:4_000])


def _knows_headers(head: str) -> bool:
    """Whether lines begin with the names of two headers that nearly every message has."""
    known = set()
    for line in head.split("\n"):
        name, colon, _ = line.partition(":")
        name = name.rstrip(" \t").lower()
        if colon and name in _KNOWN_HEADERS:
            known.add(name)
            if len(known) == 2:
                return True
    return False


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
        or "\nFeedback-Type:" in "\n" + body
        or subject.lower().startswith("complaint about message from")
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
    subject = headers.get("subject", "").lower()
    marked = (
        "auto-replied" in automatic or "auto-generated" in automatic or any(name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-response"))
        or headers.get("precedence", "").lower() in ("auto_reply", "auto-reply") or headers.get("x-auto-response-suppress", "").lower() == "all"
    )  # fmt: skip
    return bool(_AUTO_SUBJECT.search(subject)) or (
        marked and not _MAILER.search(headers.get("from", "").lower()) and not names_failure(subject)
    )


def _from_mailer(parts: Parts) -> bool:
    headers = parts.headers
    if _is_list_post(parts):
        return bool(_DAEMON.search(headers.get("from", "").lower()))
    return headers.get("return-path", "x").strip() in ("<>", "") or bool(
        _MAILER.search(f"{headers.get('from', '')} {headers.get('sender', '')}".lower())
    )


def _is_list_post(parts: Parts) -> bool:
    """Whether a list passed on what somebody wrote; such mail has the list's bounce address as its sender."""
    return "list-post" in parts.headers or parts.headers.get("precedence", "").lower() == "list"


def read_mail(raw: bytes) -> Bounce:
    """What a raw message is, with every failed recipient; never raises, always says something."""
    parts = split_message(raw)
    found = _read_parts(parts)
    if found.sort in ("ordinary", "auto-reply") and parts.enclosed is not None:  # a bounce that somebody forwarded
        inner = _read_parts(parts_of(parts.enclosed))
        if inner.sort in ("report", "success", "complaint"):
            found = inner._replace(notes=(*inner.notes, "forwarded"))
    author = _author(parts)
    failures = tuple(failure._replace(author=author) for failure in found.failures) if author else found.failures
    return found._replace(
        failures=failures, limits=(*dict.fromkeys(parts.limits), *found.limits), date=parts.headers.get("date") or None
    )


def _author(parts: Parts) -> str | None:
    """The domain of the mail system that wrote the report, or None where a person did."""
    found = ADDRESS.search(parts.headers.get("from", ""))
    return found[1].rpartition("@")[2].strip(".>").lower() if found and _from_mailer(parts) else None


def _read_parts(parts: Parts) -> Bounce:
    complaint = _complaint(parts)
    if complaint:
        return complaint
    human = "\n".join(parts.texts)
    if not human.strip():
        human = "\n".join(parts.html)
    known = known_recipients(parts)
    if parts.report_type == "disposition-notification":
        return Bounce("auto-reply", (Failure(own_cause="auto-reply"),), "a read receipt (RFC 8098)")
    by_fields = _by_fields(parts, human)
    if by_fields:
        return by_fields
    if _is_auto_reply(parts) and not known:
        return Bounce("auto-reply", (Failure(own_cause="auto-reply"),), "headers (RFC 3834)")
    if not known and _CHALLENGE.search(human[:3_000].lower()) and not any(find_codes(human[:3_000])):
        return Bounce("auto-reply", (Failure(own_cause="auto-reply"),), "a request to confirm the sender")
    certified = _certified(parts, human)
    if certified:
        return certified
    done = read_success(human) if not known else []
    if done:
        return Bounce("success", tuple(done), "words for people")
    if not known and not _is_report(parts, human):
        return Bounce("ordinary", _suspected(parts, human), words=human)
    if _SUCCESS.search(parts.headers.get("subject", "").lower()) and not _OPENING.search(human[:3_000].lower()):
        return Bounce("success", (Failure(action="delivered"),), "subject")
    return _by_words(parts, human, known)


def _certified(parts: Parts, human: str) -> Bounce | None:
    """A receipt of Italian certified mail (PEC): its header says what it is, its words name the recipient."""
    sort = parts.headers.get("x-ricevuta", "").strip().lower()
    if not sort:
        return None
    named = _CERTIFIED_TO.search(human)
    if sort not in _CERTIFIED_FAILURES:
        recipient = named[1] if named else None
        return Bounce(
            "success", (Failure(recipient=recipient, action="delivered", own_cause="accepted"),), "PEC receipt"
        )
    return _by_words(parts, human, (named[1],) if named else ())


def _by_fields(parts: Parts, human: str) -> Bounce | None:
    """The report its fields make, or None where there are no fields."""
    report = "\n\n".join(parts.reports)
    if not report and has_fields(human):
        report = human
    failures = (
        [found for found in read_fields(report) if found.recipient or found.diagnostic or found.status]
        if report
        else []
    )
    if not failures or ("report" not in parts.content_type and _is_auto_reply(parts) and not _from_mailer(parts)):
        return None
    failures = joined_with_prose(failures, human, parts)
    done = [failure for failure in failures if failure.action in DELIVERED]
    if len(done) == len(failures):
        arrived = tuple(failure._replace(own_cause="accepted") for failure in failures)
        return Bounce("success", arrived, "delivery report (RFC 3464)")
    failed = tuple(failure for failure in failures if failure.action not in DELIVERED)
    return Bounce("report", failed, "delivery report (RFC 3464)", _returned_notes(parts))


def _is_report(parts: Parts, human: str) -> bool:
    """Whether headers and first words say that a mail system wrote this."""
    first, lowered = human[:3_000], human[:3_000].lower()
    mailer, telling = _from_mailer(parts), names_failure(parts.headers.get("subject", ""))
    if mailer and telling:
        return True
    opening = bool(_OPENING.search(lowered)) or is_foreign_report(lowered)
    if mailer and opening:
        return True
    if (mailer or _REFUSER.search(parts.headers.get("from", "").lower())) and _REFUSED.search(lowered):
        return True
    if mailer or not opening:
        return False
    if "report" in parts.content_type:
        return True
    if _is_list_post(parts) or _PARCEL.search(lowered[:1_500]):
        return False
    named = bool(ADDRESS.search(first) or STATUS.search(first) or _PHONE.search(first))
    return (telling and named) or _bare_bounce(human)


def _suspected(parts: Parts, human: str) -> tuple[Failure, ...]:
    """What a mail system says of one other address, in words nobody listed; they may still name a cause."""
    if not _DAEMON.search(parts.headers.get("from", "").lower()) or _is_list_post(parts):
        return ()
    failures = () if _DIGEST.search(human[:500].lower()) else _by_words(parts, human, ()).failures
    recipient = failures[0].recipient if len(failures) == 1 else None
    asked = parts.headers.get("to", "").lower()
    return failures if recipient and recipient.lower() not in asked else ()


def _by_words(parts: Parts, human: str, known: tuple[str, ...]) -> Bounce:
    failures = read_human(human, known)
    if all(failure.recipient is None for failure in failures):
        fallback = known or original_recipients(parts) or _unsent_recipients(human)
        if fallback:
            first = failures[0] if failures else Failure()
            failures = [first._replace(recipient=address) for address in fallback]
    action = "delayed" if is_delayed(parts, human) else "failed"
    failures = [failure._replace(action=failure.action or action) for failure in failures]
    return Bounce("report", tuple(failures), "words for people", _returned_notes(parts))


def _unsent_recipients(human: str) -> tuple[str, ...]:
    """The one recipient on the To: line of a message returned as plain text."""
    found = re.search(r"^To:[ \t]{0,5}(.{3,400})$", returned_part(human), re.M)
    named = tuple(dict.fromkeys(match[1] for match in ADDRESS.finditer(found[1]))) if found else ()
    return named if len(named) == 1 else ()


def _bare_bounce(human: str) -> bool:
    head = human[:1_500]
    return bool(ADDRESS.search(head)) and bool(
        re.search(
            r"\b[45]\d\d[ -]|\b[45]\.\d\.\d\b|user unknown|no such user|mail delivery (?:software|system)", head, re.I
        )
    )


def _returned_notes(parts: Parts) -> tuple[str, ...]:
    return ("returned message enclosed",) if parts.original else ()
