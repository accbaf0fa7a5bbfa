"""A report's words for people joined with what its fields and its SMTP dialogue say: one failure for one recipient."""

import re

from bot.model import Failure
from bot.readers.fields import has_fields
from bot.readers.mime import Parts
from bot.readers.prose import context_of, find_blocks, read_prose, report_part
from bot.readers.replies import ADDRESS, REFUSED, find_codes
from bot.readers.transcript import looks_like, read_transcript

DELIVERED = ("delivered", "relayed", "expanded")


def known_recipients(parts: Parts) -> tuple[str, ...]:
    named = parts.headers.get("x-failed-recipients") or parts.headers.get("x-ms-failed-recipients") or ""
    return tuple(dict.fromkeys(found[1] for found in ADDRESS.finditer(named)))


def original_recipients(parts: Parts) -> tuple[str, ...]:
    value = parts.original.get("to") or parts.original.get("x-original-to") or ""
    found = tuple(dict.fromkeys(match[1] for match in ADDRESS.finditer(value)))
    return found if len(found) == 1 else ()


def is_delayed(parts: Parts, text: str) -> bool:
    subject = parts.headers.get("subject", "")
    return bool(
        re.search(r"\bdelay(?:ed)?\b|warning: (?:could not|message)|still being retried|\(delay\)|verz[öo]gert|retard|配信遅延|incomplete", subject, re.I)
        or re.search(r"THIS IS A WARNING|do not need to resend|(?:delivery )?attempts will continue|will (?:be retried|keep trying|continue (?:trying|to try))|still (?:trying|being retried)|has not yet been delivered|hasn't been delivered yet", text[:3_000], re.I)
    )  # fmt: skip


# A message that arrived, or was handed on to a server that tells no more.
_DELIVERED = re.compile(
    r"delivery to (?:these|the following) recipients?(?: or (?:groups?|distribution lists?))? (?:is complete|was (?:completed|successful))|"
    r"your message (?:was|has been) (?:successfully )?(?:delivered|relayed) to the following|"
    r"(?:zustellung|übermittlung) an (?:diese|folgende) empfänger(?: oder (?:gruppen|verteilerlisten))? (?:ist |wurde )?(?:erfolgreich )?abgeschlossen|"
    r"nachricht wurde (?:erfolgreich )?(?:für die folgenden|an (?:die )?folgenden?) empfänger (?:zugestellt|übermittelt)|"
    r"remise à ces destinataires(?: ou groupes)? est terminée|message a été (?:remis|transmis) aux destinataires suivants|"
    r"se (?:ha completado|completó) la entrega a estos destinatarios|mensaje se (?:ha entregado|entregó) a los siguientes destinatarios|"
    r"recapito a(?:i seguenti| questi) destinatari(?: o gruppi)? (?:è stato )?completato|messaggio è stato (?:recapitato|consegnato) ai seguenti destinatari|"
    r"bezorging bij deze geadresseerden(?: of groepen)? is voltooid|bericht is (?:afgeleverd|bezorgd) bij de volgende|"
    r"entrega para estes destinatários(?: ou grupos)? foi concluída|mensagem foi entregue aos seguintes destinatários",
    re.I,
)  # fmt: skip


def read_success(text: str) -> list[Failure]:
    """Every recipient of a report that only says what arrived; [] for any other text."""
    found = _DELIVERED.search(text, 0, 3_000)
    if found is None or any(find_codes(text[:3_000], REFUSED)):
        return []
    named = dict.fromkeys(match[1].strip(".") for match in ADDRESS.finditer(report_part(text), found.end()))
    return [Failure(recipient=address, action="delivered", own_cause="accepted") for address in named]


def read_human(text: str, known: tuple[str, ...] = ()) -> list[Failure]:
    """The failures of a report for people: address blocks first, a transcript fills in what they lack."""
    part = report_part(text)
    failures = read_prose(text, known)
    if looks_like(part):
        spoken = read_transcript(part)
        failures = _joined(failures, spoken, part)
    return failures


def _joined(told: list[Failure], spoken: list[Failure], part: str) -> list[Failure]:
    """What the report says of each address, with the reply of the dialogue that refused it."""
    if not spoken:
        return told
    if not told or all(failure.recipient is None for failure in told):
        return spoken
    by_address = {failure.recipient.lower(): failure for failure in spoken if failure.recipient}
    anyone = next((failure for failure in spoken if not failure.recipient), spoken[0] if len(told) == 1 else None)
    summarized = "<<<" in part and "(reason:" not in part  # Sendmail's own line repeats the refusal in its words
    return [
        _with_reply(failure, by_address.get((failure.recipient or "").lower(), anyone), summarized) for failure in told
    ]


def _with_reply(failure: Failure, other: Failure | None, summarized: bool) -> Failure:
    if other is None:
        return failure
    failure = failure._replace(
        remote_mta=failure.remote_mta or other.remote_mta, command=failure.command or other.command
    )
    if other.reply_code and (not failure.reply_code or summarized):
        status = other.enhanced_code or (
            failure.enhanced_code if failure.reply_code in (None, other.reply_code) else None
        )
        return failure._replace(diagnostic=other.diagnostic, reply_code=other.reply_code, enhanced_code=status or failure.enhanced_code,
            context=f"{failure.diagnostic} {failure.context}".strip(),
        )  # fmt: skip
    same = other.reply_code == failure.reply_code
    return failure._replace(
        enhanced_code=failure.enhanced_code or (other.enhanced_code if same else None),
    )


def joined_with_prose(failures: list[Failure], human: str, parts: Parts) -> list[Failure]:
    """What the human part adds to the fields: a reply where the fields have none, an address where it is missing."""
    part = report_part(human) if human else ""
    blocks = find_blocks(part) if len(failures) > 1 else []
    context = context_of(part, blocks)
    own = {block.address.lower(): block.text for block in blocks}
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
                failure = failure._replace(diagnostic=other.diagnostic if not failure.diagnostic else f"{other.diagnostic} {failure.diagnostic}",
                    reply_code=other.reply_code or failure.reply_code,
                    enhanced_code=other.enhanced_code or failure.enhanced_code, outer=failure.outer or other.outer,
                )  # fmt: skip
            elif not failure.reply_code and failure.diagnostic in other.diagnostic:
                failure = failure._replace(
                    diagnostic=other.diagnostic
                )  # the fields repeat only the output of a command
            failure = failure._replace(
                remote_mta=failure.remote_mta or other.remote_mta, command=failure.command or other.command
            )
        failure = failure._replace(
            context=f"{failure.context} {context} {own.get((failure.recipient or '').lower(), '')}".strip(),
            action=failure.action or ("delayed" if is_delayed(parts, human) else "failed"),
        )
        if failure.recipient is None:
            fallback = known_recipients(parts) or original_recipients(parts)
            failure = failure._replace(recipient=fallback[0] if fallback else None)
        key = (failure.recipient or "").lower()
        if key in seen:
            continue
        seen.add(key)
        out.append(failure)
    return out
