"""General questions about mail errors ("how long will it retry?"), which no code or cause answers."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.knowledge import Knowledge, kept
from bot.suggestions import named_provider

MAX_WORDS = 14
MAX_BESIDE = 8  # words that belong to no way of asking, where nothing else was found in a text
MAX_STORY = 60  # words in which somebody tells a symptom
_WORD = re.compile(r"[^\W_]+(?:[.'-][^\W_]+)*")
# What may stand in a question besides the words that are looked for.
_SMALL = frozenset(
    "a an the it its it's this that these those is are was were be been being do does did doing will would can could should may might have has had i we you they he she my our your their us me "
    "them mail mails email emails e-mail message messages server servers please of to in on for with by at and or so actually again there still really one get gets got getting just now "
    "what whats what's how who when why then hey hi hello thanks up exactly anyway usually keep keeps smtp error errors record records address domain mean means my not getting into from "
    "465 587 2525 ip because whole complete entire exact someone somebody srs thousands hundreds lots undeliverable undeliverables ndr ndrs all every any some always only ever much more too than but if use using send sent sending allowed free account customer customers client clients "
    "else best help need needs want right correct explain tell difference between vs versus compared "
    "es sie er they p onze bei von unblocked delisted off correo correos courriel courriels mensajes e-mails письма письмо server servers possible form does new old steht stehen auf einer einem beim im in per mehr nimmt ist wird werden sind "
    "mon ma mes vers sont est mi en sus de a para o os meu minha meus do di da del della la il sono miei мои моё до на "
    "warum wieso alle unsere unser meine mein wir die der das ab an nicht keine pourquoi tous nos mes les mon por que todos nuestros mis los "
    "perche tutte le nostre mie".split()
)

_Pattern = tuple[frozenset[str], ...]


class _Way(NamedTuple):
    """One way of asking: words in their order, and where it counts."""

    name: str
    pattern: _Pattern
    families: frozenset[str]  # of providers, one of which must be named
    exact: bool  # only where the question asks nothing else
    symptom: bool  # told in a whole story, too


@kept
def _ways(knowledge: Knowledge) -> list[_Way]:
    """Every way of asking, in the order of the file."""
    made = []
    for name, row in knowledge.words["questions"].items():
        for asks in row["asks"]:
            pattern = tuple(frozenset(word.split("|")) for word in asks.split())
            families = frozenset(row.get("providers") or ())
            made.append(_Way(name, pattern, families, "exact" in row, "symptom" in row))
    return made


def _read(text: str) -> tuple[str, ...]:
    return tuple(
        _WORD.findall(text.lower().replace("’", "'").replace("what's", "what is").replace("whats ", "what is "))
    )


def find_general(text: str, knowledge: Knowledge) -> dict[str, Any] | None:
    """The words (title, text, steps) for a general question, or None where a text asks more or something else."""
    words = _read(text)
    if not 1 <= len(words) <= MAX_WORDS:
        return None
    return next((row for row, _, left in _found(words, knowledge) if not left), None)


def find_nearest(text: str, knowledge: Knowledge) -> dict[str, Any] | None:
    """The words for what a text asks beside other things; for texts in which nothing else was found."""
    words = _read(text)
    if not 2 <= len(words) <= MAX_STORY:
        return None
    short = len(words) <= MAX_WORDS + MAX_BESIDE
    for row, way, left in _found(words, knowledge):
        if not way.exact and (way.symptom or (short and left <= MAX_BESIDE)):
            return row
    return None


def _found(words: tuple[str, ...], knowledge: Knowledge) -> Iterator[tuple[dict[str, Any], _Way, int]]:
    """(row, way of asking, how many words it leaves) for every way that a text has."""
    provider, rest = named_provider(words, knowledge)
    family = knowledge.providers[provider]["family"] if provider else None
    for way in _ways(knowledge):
        if not way.families or family in way.families:
            left = _left(words, set(rest), way.pattern)
            if left is not None:
                yield knowledge.words["questions"][way.name], way, left


def _left(words: tuple[str, ...], rest: set[str], pattern: _Pattern) -> int | None:
    """How many words beside small ones and names of providers stand with the pattern's; None where it is not there."""
    place = left = 0
    for word in words:
        if place < len(pattern) and word in pattern[place]:
            place += 1
        elif word in rest and word not in _SMALL and "." not in word:
            left += 1
    return left if place == len(pattern) else None
