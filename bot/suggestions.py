"""What people write -> what they mean: misspelled symptoms, names of providers, private codes in any case."""

import re
from collections import Counter
from collections.abc import Iterator

from bot.knowledge import Knowledge, kept
from bot.matching import fold

MAX_WORDS = 14
MAX_READINGS = 6
_WORD = re.compile(r"[a-z]{4,20}")
MAX_NAME = 3  # words of a provider's name
_PRIVATE = re.compile(r"[^\s,;?!\"'`<>{}]{4,60}")
_ENDINGS = ("s", "es", "ed", "ing")
_LONG = 7  # letters; from here on two may be wrong
_RARE = 12  # times that phrases use a word, up to which it may be a misspelling of a usual one
_COMMON = frozenset(
    "this that with from have your what when does mail email says said error code help please could would there they them were been will server customer our and the are where".split()
)


@kept
def _vocabulary(knowledge: Knowledge) -> tuple[Counter[str], dict[str, tuple[str, ...]]]:
    """(words of the trade and how often phrases use them, the same by first letter); names of providers and lists are among them."""
    found: Counter[str] = Counter()
    for raw in knowledge.raw_rules:
        if raw["id"].startswith("phrase/"):
            for phrase in raw.get("text", ()):
                found.update(_WORD.findall(fold(phrase).lower()))
    names = {
        word
        for provider in knowledge.providers.values()
        for name in (provider["name"], *provider.get("names", ()))
        for word in _WORD.findall(name.lower())
    }
    found.update(names)
    by_letter: dict[str, list[str]] = {}
    for word in sorted(found):
        by_letter.setdefault(word[0], []).append(word)
    return found, {letter: tuple(words) for letter, words in by_letter.items()}


def _inflected(word: str, other: str) -> bool:
    """Whether two words are forms of one ("bounces", "bounced"): neither is a misspelling of the other."""
    return any(
        word.endswith(mine) and other.endswith(its) and word[: -len(mine)] == other[: -len(its)]
        for mine in _ENDINGS
        for its in _ENDINGS
    )


def _near(word: str, knowledge: Knowledge) -> list[str]:
    """Words of the trade that a word may be meant for, the usual ones first."""
    from difflib import get_close_matches  # only misspellings need it, and it is slow to load

    counts, by_letter = _vocabulary(knowledge)
    letters = sorted(word)
    swapped = [other for other in by_letter.get(word[0], ()) if other[-1] == word[-1] and sorted(other) == letters]
    if swapped and word not in swapped:
        return swapped  # `qouta`
    around = [
        other
        for other in by_letter.get(word[0], ())
        if abs(len(other) - len(word)) <= 2 and other != word and not _inflected(word, other)
    ]
    near = get_close_matches(word, around, n=3, cutoff=0.84) or (
        get_close_matches(word, around, n=3, cutoff=0.8) if len(word) >= _LONG else []
    )
    return sorted(near, key=lambda other: -counts[other])


def corrections(text: str, knowledge: Knowledge) -> Iterator[str]:
    """The text with misspelled words of the trade mended ("blaklisted", "mailbox ful"), likely readings first.

    A word that only another language knows (`authentification`) counts as misspelled after all others.
    """
    lowered = text.lower()
    words = list(dict.fromkeys(re.findall(r"[a-z]{3,20}", lowered)))
    if not 1 <= len(words) <= MAX_WORDS:
        return
    known = _vocabulary(knowledge)[0]
    others = []
    for word in words:
        if word not in known and word not in _COMMON:
            near = _near(word, knowledge)
            if near:
                lowered = _replaced(lowered, word, near[0])
                others += [(near[0], other) for other in near[1:]]
    if lowered != text.lower():
        yield lowered
    for word, other in others[:MAX_READINGS]:
        yield _replaced(lowered, word, other)
    for word in words:
        if 0 < known[word] <= _RARE and len(word) >= _LONG:
            for other in _near(word, knowledge)[:2]:
                if known[other] > known[word]:
                    yield _replaced(lowered, word, other)


def _replaced(text: str, word: str, other: str) -> str:
    return re.sub(rf"\b{word}\b", other, text)


def corrected(text: str, knowledge: Knowledge) -> str | None:
    """The likeliest reading of a misspelled text, or None where nothing changes."""
    return next(corrections(text, knowledge), None)


@kept
def _called(knowledge: Knowledge) -> tuple[dict[str, str], frozenset[str]]:
    """(what people call a provider, lower case, no hyphens -> its id; the first words of longer names)."""
    made = {name.replace("-", " "): provider for name, provider in knowledge.names.items()}
    for provider in knowledge.providers.values():
        if provider["kind"] != "blocklist":
            for name in (provider["name"], *provider.get("names", ())):
                made.setdefault(name.lower().replace("-", " "), provider["id"])
    return made, frozenset(name.split()[0] for name in made if " " in name)


def named_provider(words: tuple[str, ...], knowledge: Knowledge) -> tuple[str | None, tuple[str, ...]]:
    """(the provider that the words of a question name first, the words that name none); `exchange online` is one name."""
    called, firsts = _called(knowledge)
    provider = None
    left = []
    place = 0
    while place < len(words):
        word = words[place]
        for size in range(MAX_NAME if word in firsts else 1, 0, -1):
            found = called.get(" ".join(words[place : place + size]).replace("-", " "))
            if found is None and size == 1 and "." in word:
                found = knowledge.find_host(knowledge.hosts, word) or knowledge.find_host(knowledge.domains, word)
            if found:
                provider = provider or found
                place += size
                break
        else:
            left.append(word)
            place += 1
    return provider, tuple(left)


@kept
def private_codes(knowledge: Knowledge) -> dict[str, tuple[int, ...]]:
    """Private code, lower case -> the rules about it, those that hold without their provider's name first."""
    made: dict[str, list[int]] = {}
    for number, raw in enumerate(knowledge.raw_rules):
        for mark in raw.get("marks", ()):
            if raw.get("provider") and not mark.endswith("*"):
                made.setdefault(mark.lower(), []).append(number)
    rules = knowledge.rules
    return {mark: tuple(sorted(found, key=lambda n: not rules[n].anywhere)) for mark, found in made.items()}


def find_private(text: str, knowledge: Knowledge) -> str | None:
    """The provider's own code (`S3140`, `tss04`, `RESOLVER.ADR.RecipientNotFound`) in a short text, as written, or None."""
    known = private_codes(knowledge)
    for found in _PRIVATE.finditer(text):
        for code in (found[0], found[0].strip("()[].:*")):
            numbers = known.get(code.lower())
            # A mark of plain letters is a word when it is written like one.
            if numbers and (not code.isalpha() or any(_written(code, n, knowledge) for n in numbers)):
                return code
    return None


def _written(code: str, number: int, knowledge: Knowledge) -> bool:
    return code in knowledge.raw_rules[number]["marks"] or len(code) > 12
