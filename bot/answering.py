"""Failure + Verdict + Knowledge -> Answer: the entry's own words first, then the detail's, then the cause's."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot.codes import disagree, permanence_of
from bot.knowledge import Knowledge
from bot.model import Answer, Failure, Source, Verdict
from bot.ours import Ours
from bot.situations import situation_of
from bot.wording import Values

MAX_STEPS = 4
MAX_WORDS_STEPS = 105  # words all steps of one answer may take together
MAX_TOLD = 300  # characters before a paste in which its owner says what is wrong
IANA = "https://www.iana.org/assignments/smtp-enhanced-status-codes/smtp-enhanced-status-codes.xhtml"
RFC5321 = "https://www.rfc-editor.org/rfc/rfc5321#section-4.2"
_FATE_OF_HINT = {
    "do-not-resend": "dead",
    "correct-address": "correct",
    "resend-changed": "change",
    "ask-first": "ask",
}
_PROGRAMS = ("python", ".net", "php", "program", "outlook")  # they send once; no queue stands behind them
_NEVER_SENT = ("never sent", "didn't send", "did not send", "not sent by me", "haven't sent", "never wrote")
_WITHOUT_SERVER = ("hosting", "esp")
_LINK = re.compile(r"https://[^ `\"'<>)\n]*")


def codes_text(failure: Failure) -> str:
    """The codes as they stand in the text: `552 5.2.2`."""
    reply, status = failure.reply_code, failure.enhanced_code
    return f"{reply} {status}" if reply and status else reply or status or ""


def compose(
    failure: Failure,
    verdict: Verdict,
    knowledge: Knowledge,
    ours: Ours | None = None,
    known: Mapping[str, str] | None = None,
    said: str = "",
    situation: str | None = None,
) -> Answer:
    """The answer to one failure, in words.

    `known` are values for placeholders that the failure no longer shows, `said` is the text that was pasted, and
    `situation` the reader's, where that text is gone.
    """
    ui = knowledge.ui
    if verdict.detail and verdict.who and _of_another(verdict, knowledge):
        verdict = verdict._replace(detail=None)
    cause_words = knowledge.cause_words(verdict.cause)
    if _is_own_server(failure, cause_words):
        cause_words = cause_words | cause_words["own_program"]
    detail_words: dict[str, Any] = {}
    if verdict.detail:
        detail_words = (cause_words.get("details") or {}).get(verdict.detail.partition("/")[2]) or {}
    entry_words: dict[str, Any] = knowledge.words["entries"].get(verdict.entry or "") or {}
    provider = knowledge.providers.get(verdict.provider_id or "")
    rule = verdict.rule
    named = knowledge.providers.get(rule.provider) if rule and rule.provider else None
    lookup = (named or provider or {}).get("lookup")
    spoken = provider["name"] if provider and provider["kind"] != "blocklist" else None
    values = Values(failure, verdict, ui, spoken, lookup, known)
    fill = values.fill
    headline = fill(
        entry_words.get("headline")
        or detail_words.get("headline")
        or cause_words.get("headline")
        or knowledge.causes[verdict.cause]["name"]
    )
    codes = codes_text(failure)
    if codes:
        headline += " · " + codes
    if verdict.permanence:
        headline += " · " + ui["permanence"][verdict.permanence]
    sends = bool(provider and provider["kind"] == "sender")
    incoming = knowledge.words["incoming"].get(verdict.cause) if failure.direction == "incoming" else None
    if incoming:  # our own server refused: the words are for its admin
        entry_words, detail_words, cause_words = {}, {}, incoming
    first = verdict.who[0] if verdict.who else ""
    move = _move(first, entry_words, detail_words, cause_words)
    moved = fill(move) if move else ui["who"].get(first, "")
    if ours is not None and not incoming:
        moved = ours.addressed(moved, first, failure, values)
    program = named["id"] if named and named["kind"] == "mta" else None
    at_sender = first not in ("recipient", "recipient-admin") and knowledge.causes[verdict.cause]["group"] == "sender"
    if situation is None and _differs(entry_words, detail_words, cause_words, program is not None or at_sender):
        situation = situation_of(failure, first, said, sends)
    steps = _steps(situation, entry_words, detail_words, cause_words, program)
    of_service = sends and situation == "esp"  # its own steps say it better
    if situation and at_sender and program is None and not of_service and entry_words.get("steps"):
        steps = _with_menu(steps, situation, detail_words, cause_words)
    filled = _filled(steps, values)
    happened = entry_words.get("happened") or detail_words.get("happened") or cause_words.get("happened")
    return Answer(
        failure=failure,
        verdict=verdict,
        headline=headline,
        happened=fill(happened) if happened else "",
        move=moved,
        fate="" if incoming else fill(fate_words(failure, verdict, ui, knowledge)),
        steps=filled,
        why=_why(failure, verdict, ui),
        mind=_minds(failure, verdict, values, ui, entry_words, detail_words, said),
        links=_links(filled),
        sources=_sources(failure, verdict, knowledge),
        situation=situation,
    )


def _is_own_server(failure: Failure, cause_words: dict[str, Any]) -> bool:
    """Whether a program did not get as far as a reply: its outgoing server is the matter, not the recipient's."""
    spoken = failure.reply_code or failure.enhanced_code
    return failure.software in _PROGRAMS and not spoken and "own_program" in cause_words


def _of_another(verdict: Verdict, knowledge: Knowledge) -> bool:
    """Whether the words of a detail are for somebody else than who moves first by whose server spoke.

    "Not in my rcpthosts" says of the recipient's server that its domain is missing, of one's own that nobody logged in.
    """
    facts = knowledge.causes[verdict.cause]
    if not (facts.get("who_own") and facts.get("who_remote")):
        return False
    return verdict.who[0] not in knowledge.who_acts(verdict.cause, verdict.detail)


def _move(first: str, entry: dict[str, Any], detail: dict[str, Any], cause: dict[str, Any]) -> str | None:
    for source in (entry, detail, cause):
        moves = source.get("move")
        if isinstance(moves, str):
            return moves
        if moves and moves.get(first):
            return str(moves[first])
    return None


def _differs(entry: dict[str, Any], detail: dict[str, Any], cause: dict[str, Any], own: bool) -> bool:
    """Whether the steps depend on the reader's situation; `own`: a provider's steps take one more for it."""
    if entry.get("steps") and not own:
        return False
    return bool(detail.get("situations") or (cause.get("situations") and (own or not detail.get("steps"))))


def _steps(
    situation: str | None, entry: dict[str, Any], detail: dict[str, Any], cause: dict[str, Any], program: str | None
) -> list[str]:
    """The entry's own steps, else those of the reader's situation, else the general ones; the detail's before the cause's.

    What a server program writes is written by many servers: its steps are for its own admins, and give way to those of
    another situation.
    """
    own: list[str] = entry.get("steps") or []
    if own and not (program and situation and not program.startswith(situation)):
        return own
    for words in (detail, cause):
        found: list[str] = (words.get("situations") or {}).get(situation or "") or []
        if found or (words.get("steps") and not own):
            return found or list(words["steps"])
    return own


def _with_menu(own: list[str], situation: str, detail: dict[str, Any], cause: dict[str, Any]) -> list[str]:
    """A provider's steps and the one that names the menu or command of the reader's own server or program.

    Who has no server of their own first learns whom to ask.
    """
    for words in (detail, cause):
        steps = (words.get("situations") or {}).get(situation) or []
        if steps and situation in _WITHOUT_SERVER:
            return [steps[0], *own[: MAX_STEPS - 1]]
        menu = next((step for step in steps if "`" in step or " > " in step), None)
        if menu:
            return [*own[: MAX_STEPS - 1], menu]
    return own


def _filled(steps: list[str], values: Values) -> tuple[str, ...]:
    """The steps with their placeholders filled, as many as one answer may have."""
    out: list[str] = []
    total = 0
    for template in steps[:MAX_STEPS]:
        step = values.fill(template)
        if not step:
            continue
        total += _count_words(template) if step == template else len(step.split())
        if out and total > MAX_WORDS_STEPS:
            break
        out.append(step)
    return tuple(out)


@lru_cache(maxsize=16_384)
def _count_words(template: str) -> int:
    return len(template.split())


def fate_words(failure: Failure, verdict: Verdict, ui: dict[str, Any], knowledge: Knowledge, sure: bool = False) -> str:
    """What becomes of the message, in one sentence with its placeholders; empty where nothing shows it.

    The entry's, detail's or cause's own words (`fate` in the texts) before the general ones, unless the cause is a mere
    guess; `sure` says that it is none.
    """
    fates = ui["fate"]
    named = sure or verdict.confidence != "guess" or verdict.cause == "unclear"

    def own(name: str) -> str:
        return _own_fate(name, verdict, knowledge) if named else ""

    if verdict.fate == "delivered" or verdict.cause in ("accepted", "auto-reply", "complaint"):
        return "" if verdict.cause in ("auto-reply", "complaint") else str(fates["delivered"])
    if _is_own_server(failure, knowledge.cause_words(verdict.cause)):
        return str(fates["outbox"])
    if verdict.fate == "delayed" or (verdict.permanence == "temporary" and verdict.fate == "unknown"):
        if failure.retry_until:
            return str(fates["retry-until"]).replace("{until}", failure.retry_until)
        usual = "retry-program" if failure.software in _PROGRAMS else "retry"
        return own("retry") or str(fates[usual])
    if verdict.permanence == "temporary":
        return own("gave-up") or str(fates["gave-up"])
    if verdict.permanence == "permanent" or verdict.fate == "failed":
        hint = knowledge.causes[verdict.cause].get("fate_hint")
        return own("failed") or str(fates[_FATE_OF_HINT.get(hint or "", "resend")])
    return ""


def _own_fate(name: str, verdict: Verdict, knowledge: Knowledge) -> str:
    cause = knowledge.cause_words(verdict.cause)
    detail = (cause.get("details") or {}).get((verdict.detail or "/").partition("/")[2]) or {}
    for words in (knowledge.words["entries"].get(verdict.entry or "") or {}, detail, cause):
        found = (words.get("fate") or {}).get(name)
        if found:
            return str(found)
    return ""


def _why(failure: Failure, verdict: Verdict, ui: dict[str, Any]) -> str:
    why, sure = ui["why"], ui["sure"]
    if verdict.cause == "unclear" and verdict.rule and not verdict.rule.provider:
        return str(why["none"]) + "."
    if verdict.evidence and verdict.evidence not in (failure.reply_code, failure.enhanced_code):
        said = why["words"].replace("{words}", verdict.evidence)
        kind: str = "guess-words" if verdict.confidence == "guess" else verdict.confidence
    elif verdict.cause != "unclear" and (failure.reply_code or failure.enhanced_code):
        said = why["code"].replace("{code}", verdict.evidence or codes_text(failure))
        kind = verdict.confidence
    else:
        return str(why["none"]) + "."
    return f"{said} ({sure[kind]})."


def _minds(
    failure: Failure,
    verdict: Verdict,
    values: Values,
    ui: dict[str, Any],
    entry: dict[str, Any],
    detail: dict[str, Any],
    said: str,
) -> tuple[str, ...]:
    own = entry.get("mind") or detail.get("mind")
    out = [values.fill(text) for text in own[:2]] if own else []
    if said and any(words in said[:MAX_TOLD].lower() for words in _NEVER_SENT):
        out.insert(0, ui["mind"]["backscatter"])
    if failure.reply_code and failure.enhanced_code and disagree(failure.reply_code, failure.enhanced_code):
        classes = ui["permanence"]
        reply_class, status_class = permanence_of(failure.reply_code), permanence_of(failure.enhanced_code)
        if reply_class and status_class:
            out.append(
                ui["mind"]["disagree"].replace("{reply_class}", classes[reply_class]).replace("{status_class}", classes[status_class])
                .replace("{reply}", failure.reply_code).replace("{status}", failure.enhanced_code)
            )  # fmt: skip
    if failure.direction == "incoming":
        out.append(values.fill(ui["mind"]["incoming"]))
    if failure.derived and failure.reply_code:
        out.append(ui["mind"]["derived"].replace("{code}", failure.reply_code))
    return tuple(out[:3])


def _links(steps: tuple[str, ...]) -> tuple[str, ...]:
    found = [link.rstrip(".,;:") for step in steps if "https://" in step for link in _LINK.findall(step)]
    return tuple(dict.fromkeys(found)) if found else ()


def _sources(failure: Failure, verdict: Verdict, knowledge: Knowledge) -> tuple[Source, ...]:
    rule = verdict.rule
    if rule and rule.source and rule.source.startswith("https://"):
        return (Source(rule.source, rule.checked),)
    row = knowledge.find_enhanced(failure.enhanced_code)
    if row and row.get("source"):
        return (Source(row["source"], row.get("checked")),)
    facts = knowledge.replies.get(failure.reply_code or "")
    if facts and facts.get("source"):
        return (Source(facts["source"], facts.get("checked")),)
    return ()
