"""A report's words for people joined with what its fields and its SMTP dialogue say: one failure for one recipient."""

import re

from bot.model import Failure
from bot.readers.fields import has_fields
from bot.readers.mime import Parts
from bot.readers.prose import context_of, find_blocks, read_part, report_part
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


# "We go on trying" in other languages; not "please try again".
_TRYING = (
    "tentar novamente durante", "tentar novamente por", "iremos tentar", "vamos tentar", "continuaremos tentando", "weiterhin versucht", "weiter versucht", "wird erneut versucht", "weitere zustellversuche",
    "nous réessaierons", "nous essaierons", "nouvelles tentatives seront", "tentatives de remise", "seguiremos intentando", "seguirá intentando", "volveremos a intentar", "se volverá a intentar",
    "ulteriori tentativi", "nuovi tentativi", "altri tentativi", "blijven proberen", "wordt opnieuw geprobeerd", "ponowimy", "będziemy próbować", "попытки доставки", "попытки будут", "будет повторена",
    "再送を試", "再試行し", "再試行され", "将继续尝试", "將繼續嘗試",
)  # fmt: skip


# Searched in lower case, which takes a quarter of the time of a search that ignores case.
_DELAYED_SUBJECT = re.compile(r"\bdelay(?:ed)?\b|warning: (?:could not|message)|still being retried|\(delay\)|verz[öo]gert|retard|配信遅延|incomplete")  # fmt: skip
_DELAYED = re.compile(r"this is a warning|do not need to resend|(?:delivery )?attempts will continue|will (?:be retried|keep trying|continue (?:trying|to try))|still (?:trying|being retried)|has not yet been delivered|hasn't been delivered yet")  # fmt: skip


def is_delayed(parts: Parts, text: str) -> bool:
    lowered = text[:3_000].lower()
    return bool(
        _DELAYED_SUBJECT.search(parts.headers.get("subject", "").lower())
        or _DELAYED.search(lowered)
        or any(words in lowered for words in _TRYING)
    )


# What reports in other languages than English say, which an accent or another script gives away.
_FOREIGN_WORDS = (
    "konnte nicht zugestellt", "konnte nicht an ", "nicht übermittelt werden", "fehler bei der nachrichtenzustellung", "übermittlung an folgende", "pas pu être remis", "pas été remis", "échec de la remise",
    "pas été distribué", "no se pudo entregar", "no se ha podido entregar", "no se entregó", "no se ha entregado", "error al entregar", "impossibile recapitare",
    "non è stato recapitato", "non è stato consegnato", "recapito non riuscito", "niet worden bezorgd", "niet bezorgd", "niet worden afgeleverd", "não pôde ser entregue", "não foi entregue",
    "não foi possível entregar", "falha na entrega", "nie można dostarczyć", "nie mogła zostać dostarczona", "nie została dostarczona", "dostarczenie nie powiodło", "nepodařilo doručit",
    "nebyla doručena", "nebolo možné doručiť", "nem sikerült kézbesíteni", "teslim edilemedi", "teslim başarısız", "inte att leverera", "inte levereras", "ikke leveres", "ikke leveret", "ikke levert",
    "ei voitu toimittaa", "nu a putut fi livrat", "не удалось доставить", "не может быть доставлен", "не было доставлено", "недоставленное сообщение", "не вдалося доставити", "не можа да бъде доставен",
    "δεν παραδόθηκε", "δεν ήταν δυνατή η παράδοση", "送信できません", "配信できません", "配信に失敗", "无法送达", "无法投递", "邮件被退回", "無法傳遞", "無法投遞", "無法送達", "退信", "전달되지 못", "전송 실패", "보낼 수 없",
    "تعذر تسليم", "לא ניתן היה למסור",
)  # fmt: skip

# Those that a whole report without accents may be made of.
_PLAIN_WORDS = (
    "niet worden bezorgd", "niet worden afgeleverd", "no se pudo entregar", "no se ha podido entregar", "impossibile recapitare", "impossibile consegnare", "falha na entrega", "inte levereras",
    "ikke leveres", "ikke leveret", "teslim edilemedi", "nu a putut fi livrat", "nelze dorucit", "nie mogla zostac dostarczona",
)  # fmt: skip


def is_foreign_report(lowered: str) -> bool:
    """Whether a text in another language says that a message was not delivered."""
    if any(words in lowered for words in _PLAIN_WORDS):
        return True
    return not lowered.isascii() and any(words in lowered for words in _FOREIGN_WORDS)


# A message that arrived, or was handed on to a server that tells no more.
_DELIVERED = (
    "delivery to these recipients or groups is complete", "delivery to these recipients or distribution lists is complete", "delivery to the following recipients was successful",
    "message was delivered to the following recipient", "message has been delivered to the following recipient", "was successfully delivered to the following recipient", "relayed to the following recipient", "zustellung an diese empfänger oder gruppen ist abgeschlossen", "übermittlung an folgende empfänger oder verteilerlisten erfolgreich",
    "übermittlung an folgende empfänger erfolgreich", "wurde für die folgenden empfänger zugestellt", "wurde an folgende empfänger übermittelt", "wurde an folgende empfänger zugestellt", "wurde an die folgenden empfänger",
    "remise à ces destinataires ou groupes est terminée", "message a été remis aux destinataires suivants", "message a été transmis aux destinataires suivants", "se completó la entrega a estos destinatarios",
    "se ha completado la entrega a estos destinatarios", "mensaje se entregó a los siguientes destinatarios", "mensaje se ha entregado a los siguientes destinatarios", "recapito ai seguenti destinatari o gruppi completato",
    "recapito a questi destinatari o gruppi completato", "messaggio è stato recapitato ai seguenti destinatari", "messaggio è stato consegnato ai seguenti destinatari", "bezorging bij deze geadresseerden of groepen is voltooid", "bericht is afgeleverd bij de volgende",
    "bericht is bezorgd bij de volgende", "entrega para estes destinatários ou grupos foi concluída", "mensagem foi entregue aos seguintes destinatários",
)  # fmt: skip

_DENIED = re.compile(
    r"(?:\bnot|n't)\s+(?:yet\s+)?(?:be(?:en)?\s+)?(?:delivered|relayed)|\bno se (?:complet|ha complet)"
)


def read_success(text: str) -> list[Failure]:
    """Every recipient of a report that only says what arrived; [] for any other text."""
    lowered = text[:3_000].lower()
    said = next((words for words in _DELIVERED if words in lowered), None)
    if said is None or any(find_codes(text[:3_000], REFUSED)) or _DENIED.search(lowered):
        return []
    named = dict.fromkeys(match[1].strip(".") for match in ADDRESS.finditer(report_part(text), lowered.index(said)))
    return [Failure(recipient=address, action="delivered", own_cause="accepted") for address in named]


def read_human(text: str, known: tuple[str, ...] = ()) -> list[Failure]:
    """The failures of a report for people: address blocks first, a transcript fills in what they lack."""
    return _read_part(report_part(text), known)


def _read_part(part: str, known: tuple[str, ...] = ()) -> list[Failure]:
    failures = read_part(part, known)
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
        told = _read_part(part)
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
