"""Words -> the entries of the knowledge that are about them, best first. For `smtpbot data search` and the index."""

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from bot.knowledge import Knowledge
from bot.matching import fold
from bot.suggestions import corrected, find_private, private_codes

ALIKE = 0.78  # from here on a word is taken for a misspelled private code
MAX_NEAR = 3  # codes that are suggested for one word
_WORD = re.compile(r"[^\W_]+")
_SHAPED = re.compile(r"(?=\S*[A-Za-z])(?=\S*\d)[^\s,;?!\"'`<>{}@/]{3,60}")  # letters and digits, as private codes have
_READ_ALIKE = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of the knowledge. id: reply/451, enhanced/X.7.26, cause/mailbox-full or provider/name; title: a line about it."""

    id: str
    title: str
    score: float


def _titles(knowledge: Knowledge) -> list[tuple[str, str, str]]:
    """(id, title, further text) of everything that can be found."""
    words = knowledge.words
    phrases: dict[str, list[str]] = {}
    for number, rule in enumerate(knowledge.rules):
        if not rule.provider:
            phrases.setdefault(rule.cause, []).extend(knowledge.raw_rules[number].get("text", ()))
    rows = []
    for code in knowledge.replies:
        told = words["reply"].get(code) or {}
        rows.append((f"reply/{code}", f"{code}: {told.get('name', '')}", str(told.get("wild", ""))))
    for code in knowledge.enhanced:
        told = words["enhanced"].get(code) or {}
        rows.append((f"enhanced/{code}", f"{code}: {told.get('name', '')}", str(told.get("meaning", ""))))
    for cause, facts in knowledge.causes.items():
        told = words["causes"].get(cause) or {}
        said = f"{cause} {told.get('headline', '')} {told.get('happened', '')} {' '.join(phrases.get(cause, ()))}"
        rows.append((f"cause/{cause}", facts["name"], said))
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
    """The entries that hold the words, most telling first; where nothing does, what may have been meant."""
    code = find_private(text, knowledge)
    own = _coded(private_codes(knowledge)[code.lower()], knowledge, 20.0) if code else near_codes(text, knowledge)
    found = _search(text, knowledge, most)
    if not found and not own:
        mended = corrected(text, knowledge)
        found = _search(mended, knowledge, most) if mended else []
    named = {row.id for row in own}
    return [*own, *(row for row in found if row.id not in named)][:most]


def near_codes(text: str, knowledge: Knowledge) -> list[Found]:
    """Entries of the private codes that a misspelled one may be meant for (`S314O`, `TSS4`), the likeliest first."""
    marks = private_codes(knowledge)
    found: list[Found] = []
    for shaped in _SHAPED.findall(text):
        wanted = shaped.strip("()[].:*").lower()
        if not wanted or wanted.upper() in knowledge.enhanced:
            continue
        for mark in _alike(wanted, tuple(marks)):
            for row in _coded(marks[mark], knowledge, 10.0):
                if all(row.id != other.id for other in found):
                    written = _as_written(mark, marks[mark][0], knowledge)
                    found.append(replace(row, title=f"did you mean {written}? {row.title}"))
    return found


def _alike(wanted: str, marks: tuple[str, ...]) -> list[str]:
    """The marks a word looks like; letters that are read as digits (O, I, l) count as those."""
    matcher: SequenceMatcher[str] = SequenceMatcher(autojunk=False)
    plain = wanted.translate(_READ_ALIKE)
    matcher.set_seq2(plain)
    rated = []
    for mark in marks:
        if abs(len(mark) - len(wanted)) > 2:
            continue
        matcher.set_seq1(mark.translate(_READ_ALIKE))
        if matcher.quick_ratio() >= ALIKE and (score := matcher.ratio()) >= ALIKE:
            rated.append((-score, mark))
    return [mark for _, mark in sorted(rated)[:MAX_NEAR]]


def _as_written(mark: str, number: int, knowledge: Knowledge) -> str:
    return next(str(other) for other in knowledge.raw_rules[number]["marks"] if other.lower() == mark)


def _coded(numbers: tuple[int, ...], knowledge: Knowledge, score: float) -> list[Found]:
    titles = {entry: title for entry, title, _ in _titles(knowledge)}
    ids = [knowledge.rules[number].id for number in numbers]
    return [Found(name, titles[name], score) for name in ids if name in titles]


def _search(text: str, knowledge: Knowledge, most: int) -> list[Found]:
    wanted = _WORD.findall(fold(text).lower())
    if not wanted:
        return []
    out = []
    for entry, title, more in _titles(knowledge):
        in_title = set(_WORD.findall(fold(title).lower()))
        rest = _WORD.findall(fold(f"{more} {entry}").lower())
        in_rest = set(rest)
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
            whole = hits == len(wanted)
            score += 2 * whole
            if whole and entry.startswith("cause/"):  # a general word means the cause whose phrases use it most
                score += 2 + min(sum(map(rest.count, wanted)), 99) / 100
            out.append(Found(entry, title, score - len(in_title) / 200))
    return sorted(out, key=lambda row: (-row.score, row.id))[:most]
