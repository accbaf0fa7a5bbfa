"""Words by what they mean -> causes: "the user has exceeded his disk space limit" without that phrase being known.

A set names words of one meaning (`full`, `exceeded`) in every language; a sense is a few sets whose words stand close
together, in any order: `box over room`. Phrases say more and are asked first; senses are for wordings nobody wrote down.
Work per word is bounded by the number of senses, and only so many words are looked at.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

MAX_WORDS = 400  # words of a text that are looked at
NEAR = 8  # words between the first and the next word of a sense
_SHORTEST, _LONGEST = 3, 14  # letters of a stem; a letter is a byte, two in Cyrillic and Greek


class Sensed(NamedTuple):
    """A sense that stands in a text: the number of its rule, words[start:end] around it, how many sets it took."""

    number: int
    start: int
    end: int
    sets: int


class _Sense(NamedTuple):
    number: int
    wanted: tuple[tuple[str, ...], ...]  # each a choice of sets
    unless: tuple[str, ...]


class Senses:
    """Numbered senses over sets of words. Reads: `find(words)` yields those that stand in the words."""

    def __init__(self, sets: dict[str, list[str]]) -> None:
        self._words: dict[bytes, list[str]] = defaultdict(list)
        self._stems: dict[bytes, list[str]] = defaultdict(list)
        self._senses: list[_Sense] = []
        for name, members in sets.items():
            for member in members:
                table = self._stems if member.endswith("*") else self._words
                table[member.rstrip("*").encode()].append(name)

    def add(self, sense: str, number: int) -> None:
        """Put in one sense under a number: names of sets, `a|b` for either, `!a` for none of them anywhere near."""
        parts = sense.split()
        wanted = tuple(tuple(part.split("|")) for part in parts if not part.startswith("!"))
        self._senses.append(_Sense(number, wanted, tuple(part[1:] for part in parts if part.startswith("!"))))

    def find(self, words: list[bytes]) -> Iterator[Sensed]:
        """Every sense whose sets all have a word of their own in one stretch of the text."""
        places = self._places(words[:MAX_WORDS])
        for sense in self._senses:
            found = _stretch(sense, places)
            if found:
                yield Sensed(sense.number, found[0], found[1] + 1, len(sense.wanted))

    def _places(self, words: list[bytes]) -> dict[str, list[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            for name in self._words.get(word, ()):
                places[name].append(place)
            longest = _LONGEST if word.isascii() else 2 * _LONGEST
            for length in range(_SHORTEST, min(len(word), longest) + 1):
                for name in self._stems.get(word[:length], ()):
                    places[name].append(place)
        return places


def _stretch(sense: _Sense, places: dict[str, list[int]]) -> tuple[int, int] | None:
    """The first and last word of the narrowest place where a sense stands, or None."""
    choices = [sorted({place for name in names for place in places.get(name, ())}) for names in sense.wanted]
    if not all(choices):
        return None
    best: tuple[int, int] | None = None
    for anchor in choices[0]:
        taken = {anchor}
        for choice in choices[1:]:
            nearest = _nearest(choice, anchor, taken)
            if nearest is None:
                break
            taken.add(nearest)
        else:
            first, last = min(taken), max(taken)
            barred = any(
                first - NEAR <= place <= last + NEAR for name in sense.unless for place in places.get(name, ())
            )
            if not barred and (best is None or last - first < best[1] - best[0]):
                best = first, last
    return best


def _nearest(choice: list[int], anchor: int, taken: set[int]) -> int | None:
    at = bisect_left(choice, anchor)
    near = [place for place in choice[max(0, at - 2) : at + 3] if place not in taken and abs(place - anchor) <= NEAR]
    return min(near, key=lambda place: abs(place - anchor)) if near else None
