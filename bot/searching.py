"""Words -> the entries of the knowledge that are about them, best first. For `smtpbot data search` and the index."""

import re
from dataclasses import dataclass

from bot.knowledge import Knowledge
from bot.matching import fold
from bot.suggestions import corrected

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of the knowledge. id: reply/451, enhanced/X.7.26, cause/mailbox-full or provider/name; title: a line about it."""

    id: str
    title: str
    score: float


def _titles(knowledge: Knowledge) -> list[tuple[str, str, str]]:
    """(id, title, further text) of everything that can be found."""
    words = knowledge.words
    rows = []
    for code in knowledge.replies:
        told = words["reply"].get(code) or {}
        rows.append((f"reply/{code}", f"{code}: {told.get('name', '')}", str(told.get("wild", ""))))
    for code in knowledge.enhanced:
        told = words["enhanced"].get(code) or {}
        rows.append((f"enhanced/{code}", f"{code}: {told.get('name', '')}", str(told.get("meaning", ""))))
    for cause, facts in knowledge.causes.items():
        told = words["causes"].get(cause) or {}
        rows.append((f"cause/{cause}", facts["name"], f"{cause} {told.get('headline', '')} {told.get('happened', '')}"))
    for number, rule in enumerate(knowledge.rules):
        if rule.provider:
            told = words["entries"].get(rule.id) or {}
            home = knowledge.providers[rule.provider]
            raw = knowledge.raw_rules[number]
            codes = " ".join([*sorted(rule.reply), *rule.status[:3]])
            more = " ".join(
                [
                    home["family"],
                    rule.id,
                    rule.cause,
                    *raw.get("marks", ())[:6],
                    *raw.get("text", ())[:4],
                    " ".join(home.get("names", ())),
                ]
            )
            rows.append((rule.id, f"{home['name']} {codes}: {told.get('happened', '')}".replace(" :", ":"), more))
    return rows


def search(text: str, knowledge: Knowledge, most: int = 10) -> list[Found]:
    """The entries that hold the words, most telling first; misspelled words are mended when nothing is found."""
    found = _search(text, knowledge, most)
    if not found:
        mended = corrected(text, knowledge)
        found = _search(mended, knowledge, most) if mended else []
    return found


def _search(text: str, knowledge: Knowledge, most: int) -> list[Found]:
    wanted = _WORD.findall(fold(text).lower())
    if not wanted:
        return []
    out = []
    for entry, title, more in _titles(knowledge):
        in_title = set(_WORD.findall(fold(title).lower()))
        in_rest = set(_WORD.findall(fold(f"{more} {entry}").lower()))
        score = 0.0
        hits = 0
        for word in wanted:
            if word in in_title or word in _WORD.findall(entry.lower()):
                score, hits = score + 3, hits + 1
            elif word in in_rest:
                score, hits = score + 2, hits + 1
            elif len(word) > 3 and any(other.startswith(word) for other in in_title | in_rest):
                score, hits = score + 1, hits + 1
        if hits * 2 >= len(wanted) and hits:
            out.append(Found(entry, title, score + 2 * (hits == len(wanted)) - len(in_title) / 200))
    return sorted(out, key=lambda row: (-row.score, row.id))[:most]
