"""General questions about mail errors ("how long will it retry?"), which no code or cause answers."""

import re
from typing import Any

from bot.knowledge import Knowledge, kept
from bot.suggestions import named_provider

MAX_WORDS = 12
_WORD = re.compile(r"[a-z0-9]+(?:[.'-][a-z0-9]+)*")
# What may stand in a question besides the words that are looked for.
_SMALL = frozenset(
    "a an the it its it's this that these those is are was were be been being do does did doing will would can could should may might have has had i we you they he she my our your their us me "
    "them mail mails email emails e-mail message messages server servers please of to in on for with by at and or so actually again there still really one get gets got getting just now "
    "what whats what's how who when why then hey hi hello thanks up exactly anyway usually keep keeps smtp error errors record records address domain mean means my the not getting into from".split()
)

_Pattern = tuple[frozenset[str], ...]


@kept
def _patterns(knowledge: Knowledge) -> list[tuple[str, _Pattern, frozenset[str]]]:
    """(id, words in order, families of providers one of which must be named) for every way of asking."""
    made = []
    for name, row in knowledge.words["questions"].items():
        for asks in row["asks"]:
            pattern = tuple(frozenset(word.split("|")) for word in asks.split())
            made.append((name, pattern, frozenset(row.get("providers") or ())))
    return made


def find_general(text: str, knowledge: Knowledge) -> dict[str, Any] | None:
    """The words (title, text, steps) for a general question, or None where a text asks more or something else."""
    words = tuple(_WORD.findall(text.lower().replace("’", "'").replace("what's", "what is")))
    if not 2 <= len(words) <= MAX_WORDS:
        return None
    provider, left = named_provider(words, knowledge)
    family = knowledge.providers[provider]["family"] if provider else None
    for name, pattern, families in _patterns(knowledge):
        if families and family not in families:
            continue
        if _asks(words, set(left), pattern):
            found: dict[str, Any] = knowledge.words["questions"][name]
            return found
    return None


def _asks(words: tuple[str, ...], left: set[str], pattern: _Pattern) -> bool:
    """Whether the words stand in this order, and beside them only small words and names of providers."""
    place = 0
    for word in words:
        if place < len(pattern) and word in pattern[place]:
            place += 1
        elif word in left and word not in _SMALL and "." not in word:
            return False
    return place == len(pattern)
