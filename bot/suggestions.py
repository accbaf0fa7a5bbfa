"""Misspelled symptoms and near-miss private codes -> what was meant."""

import re
from difflib import get_close_matches
from functools import lru_cache

from bot.knowledge import Knowledge

MAX_WORDS = 14
_WORD = re.compile(r"[a-z]{4,20}")
_COMMON = frozenset(
    "this that with from have your what when does mail email says said error code help please could would there they them were been will".split()
)


@lru_cache(maxsize=4)
def _vocabulary(knowledge: Knowledge) -> tuple[frozenset[str], tuple[str, ...]]:
    found: set[str] = set()
    for raw in knowledge.raw_rules:
        if raw["id"].startswith("phrase/"):
            for phrase in raw.get("text", ()):
                found.update(_WORD.findall(phrase.lower()))
    return frozenset(found), tuple(sorted(found))


def corrected(text: str, knowledge: Knowledge) -> str | None:
    """The text with misspelled words of the trade mended ("blaklisted", "mailbox ful"), or None where nothing changes."""
    lowered = text.lower()
    words = re.findall(r"[a-z]{3,20}", lowered)
    if not 1 <= len(words) <= MAX_WORDS:
        return None
    known, ordered = _vocabulary(knowledge)
    changed = False
    for word in words:
        if word in known or word in _COMMON:
            continue
        near = get_close_matches(word, ordered, n=1, cutoff=0.84 if len(word) > 4 else 0.85)
        if near:
            lowered = re.sub(rf"\b{word}\b", near[0], lowered)
            changed = True
    return lowered if changed else None
