"""Reply -> short references that a button can carry, and references -> the Reply again, without the text that was asked about.

A reference holds codes and the names of entry, cause and provider, never words of the text. What the sentences need of
the text beyond that (an IP address, a domain, a host) travels beside it as values, where the platform has room.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2s

from bot.answering import compose
from bot.knowledge import Knowledge, kept
from bot.model import Answer, Confidence, Failure, Fate, Permanence, Reply, Rule, Verdict
from bot.ours import Ours
from bot.rendering import MAX_TOLD, group_answers
from bot.wording import Values

MAX_REFERENCE = 72  # characters of one reference; Discord allows 100 with what stands before it
MAX_VALUE = 200  # characters of one value
# What may leave the text with a button: no address of a person, no words.
CARRIED = ("ip", "sender_domain", "recipient_domain", "host", "reporting_host", "list", "limit", "queue_id")

_PERMANENCES: dict[str, Permanence] = {"p": "permanent", "t": "temporary", "-": None}
_FATES: dict[str, Fate] = {"f": "failed", "d": "delayed", "o": "delivered", "u": "unknown"}
_SURE: dict[str, Confidence] = {"c": "certain", "l": "likely", "g": "guess"}
_DIRECTIONS = {"o": "outgoing", "i": "incoming", "u": "unknown"}
_SITUATIONS = {"-": None, "p": "postfix", "e": "exim", "s": "esp", "g": "script", "k": "client", "h": "hosting", "l": "plesk", "x": "exchange"}  # fmt: skip
_CODES = re.compile(r"(?:[245]\d\d)?:(?:[245]\.\d{1,3}\.\d{1,3})?")
_ASKED = "q:"
_ANSWERED = "a:"


def references_of(reply: Reply) -> tuple[str, ...]:
    """One reference for a question about codes, or one for each of the first few causes of a bounce; empty where nothing was answered."""
    if not reply.answered or reply.question is None:
        return ()
    if reply.kind in ("code", "compare"):
        asked = _ASKED + _asked(reply)
        return (asked,) if len(asked) <= MAX_REFERENCE else ()
    return tuple(_reference(first) for first, _ in group_answers(reply.answers)[:MAX_TOLD])


def values_of(answer: Answer, knowledge: Knowledge) -> dict[str, str]:
    """What the sentences of an answer took from its text and may be carried by a button, by placeholder."""
    values = Values(answer.failure, answer.verdict, knowledge.ui, None)
    found = {name: values.get(name) for name in CARRIED}
    return {name: value[:MAX_VALUE] for name, value in found.items() if value}


def question_of(reference: str) -> str | None:
    """The question that a reference stands for, to be asked again; None where it stands for the answer to a text."""
    return reference.removeprefix(_ASKED) if reference.startswith(_ASKED) else None


def recall_answers(
    references: Iterable[str], values: Mapping[str, str], knowledge: Knowledge, ours: Ours | None = None
) -> tuple[Answer, ...]:
    """The answers that references stand for; those that the knowledge no longer has are left out."""
    found = (_recalled(reference, values, knowledge) for reference in references)
    return tuple(
        _unquoted(compose(failure, verdict, knowledge, ours, values, situation=situation), knowledge)
        for failure, verdict, situation in filter(None, found)
    )


def _unquoted(answer: Answer, knowledge: Knowledge) -> Answer:
    """The words that decided are not carried, and that the code did it would be made up."""
    verdict, ui = answer.verdict, knowledge.ui
    if verdict.cause == "unclear" or verdict.confidence == "guess":
        return answer
    return answer._replace(why=f"{ui['why']['unquoted']} ({ui['sure'][verdict.confidence]}).")


def _asked(reply: Reply) -> str:
    """The question in as few words as bring the same answer."""
    question = reply.question
    if question is None:
        return ""
    if reply.kind == "compare":
        return " vs ".join(" ".join(filter(None, code)) for code in question.codes) or "soft vs hard bounce"
    words = [question.provider or "", question.topic, *(" ".join(filter(None, code)) for code in question.codes)]
    return " ".join(filter(None, words))


def _reference(answer: Answer) -> str:
    failure, verdict = answer.failure, answer.verdict
    flags = (
        _letter(_PERMANENCES, verdict.permanence) + _letter(_FATES, verdict.fate) + _letter(_SURE, verdict.confidence)
        + _letter(_DIRECTIONS, failure.direction) + _letter(_SITUATIONS, answer.situation, "-")
    )  # fmt: skip
    named = (verdict.entry, verdict.cause, verdict.detail, verdict.provider_id)
    codes = (failure.reply_code or "", failure.enhanced_code or "", flags)
    return _ANSWERED + ":".join([*(_short(name) if name else "" for name in named), *codes])


def _letter(table: Mapping[str, object], value: object, default: str = "u") -> str:
    return next((letter for letter, name in table.items() if name == value), default)


def _short(name: str) -> str:
    return blake2s(name.encode(), digest_size=4).hexdigest()


@kept
def _names(knowledge: Knowledge) -> tuple[dict[str, Rule], dict[str, str]]:
    """(rules, and names of causes, details and providers) by their short names."""
    rules = {_short(rule.id): rule for rule in knowledge.rules}
    names = [*knowledge.causes, *knowledge.providers]
    names += [f"{cause}/{detail}" for cause, facts in knowledge.causes.items() for detail in facts.get("details") or ()]
    return rules, {_short(name): name for name in names}


def _recalled(
    reference: str, values: Mapping[str, str], knowledge: Knowledge
) -> tuple[Failure, Verdict, str | None] | None:
    """What the answer was composed of; None for a reference of another version or made up by somebody."""
    parts = reference.removeprefix(_ANSWERED).split(":")
    if not reference.startswith(_ANSWERED) or len(parts) != 7 or len(parts[6]) != 5:
        return None
    rules, names = _names(knowledge)
    rule, cause = rules.get(parts[0]), names.get(parts[1])
    reply, status = parts[4] or None, parts[5] or None
    if cause not in knowledge.causes or not _CODES.fullmatch(":".join(parts[4:6])):
        return None
    detail, provider = names.get(parts[2]), names.get(parts[3])
    home = knowledge.providers.get(provider or "")
    permanence, fate, sure, direction, situation = tuple(parts[6])
    failure = Failure(
        reply_code=reply, enhanced_code=status, remote_mta=values.get("host"), reporting_mta=values.get("reporting_host"),
        queue_id=values.get("queue_id"), direction=_DIRECTIONS.get(direction, "unknown"),  # type: ignore[arg-type]
    )  # fmt: skip
    verdict = Verdict(
        cause, (cause,), detail, _SURE.get(sure, "guess"), _PERMANENCES.get(permanence), _FATES.get(fate, "unknown"),
        home["family"] if home else None, provider if home else None, rule.id if rule else None,
        (rule.who if rule else ()) or knowledge.who_acts(cause, detail), "", rule,
    )  # fmt: skip
    return failure, verdict, _SITUATIONS.get(situation)
