"""Phrases -> a trie of words; a text -> every phrase that stands in it. No regular expressions from data.

The rules this module lives by:
- A phrase is whole words in order; ` * ` is a gap of at most MAX_GAP words. Case and punctuation do not count.
- Before matching, addresses, hosts, IP addresses and URLs become one word each, and codes vanish: what they are is known
  by then, and a multi-line reply repeats them in the middle of a sentence.
- Work per word of input is bounded by the longest phrase: linear in the input, whatever the input is.
- All hits are returned; which one counts is decided elsewhere.
Writing systems without spaces (Chinese, Japanese) are matched as substrings of the text.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Any

MAX_GAP = 40
ADDR, HOST, IP, URL = b"<addr>", b"<host>", b"<ip>", b"<url>"

_KEEP = b".@:/_-"
_EDGES = " .:-/_"
_SPACES = bytes(byte if byte >= 0x80 or chr(byte).isalnum() or byte in _KEEP else 0x20 for byte in range(256))
_PLAIN = bytes(byte if byte >= 0x80 or chr(byte).isalnum() else 0x20 for byte in range(256))
_PIECES = re.compile(rb"[^.@:/_-]+")
_CODE = re.compile(rb"(?:[245]\d\d[-.:_]?)?(?:[245]\.\d{1,3}\.\d{1,3})?\Z")
_IPV4 = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d{1,5})?\Z")
_IPV6 = re.compile(rb"(?:ipv6:)?(?=[0-9a-f:.]{0,60}:[0-9a-f.]{0,20}:)[0-9a-f:]{2,45}(?:[0-9.]{0,15})(?:/\d{1,3})?\Z")
_HOSTLIKE = re.compile(rb"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.){1,20}[a-z][a-z0-9-]{1,30}(?::\d{1,5})?\Z")
_SENTENCE = re.compile(rb"[a-z]\.[A-Z][a-z]")
_ACCENTS = {**dict.fromkeys(range(0x300, 0x370)), 0x142: "l", 0x141: "L", 0xF8: "o", 0xD8: "O", 0x111: "d", 0x131: "i"}
_PLACEHOLDERS = {"<addr>": ADDR, "<host>": HOST, "<ip>": IP, "<url>": URL}
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def _classify(token: bytes, raw: bytes, out: list[bytes], names: list[bytes]) -> None:
    """Append what one token with punctuation inside stands for: a placeholder, nothing (a code) or its pieces."""
    token = token.strip(_KEEP)
    if len(token) > 5 and token[3] == 0x2D and token[0] in b"245" and token[:3].isdigit() and not token[4:5].isdigit():
        token = token[4:]  # the first word of a line of a multi-line reply: `554-kundenserver.de`
    if not token:
        return
    if token.isalnum():
        out.append(token)
        return
    if b"@" in token:
        out.append(ADDR)
    elif b"://" in token or token.startswith(b"www."):
        out.append(URL)
        names.append(token)
    elif token[0] in b"245" and _CODE.match(token):
        return
    elif _IPV4.match(token) or (b":" in token and _IPV6.match(token)):
        out.append(IP)
    elif b"." in token and not _SENTENCE.search(raw) and _HOSTLIKE.match(token.split(b"/", 1)[0]):
        out.append(URL if b"/" in token else HOST)
        names.append(token)
    else:
        for piece in _PIECES.findall(token):
            if not (len(piece) == 3 and piece[0] in b"245" and piece.isdigit()):
                out.append(piece)


def fold(text: str) -> str:
    """The text without accents (`boîte` -> `boite`), so that either spelling matches; ASCII comes back as it is."""
    return text if text.isascii() else unicodedata.normalize("NFKD", text).translate(_ACCENTS)


def _as_written(text: str, start: int, end: int) -> str:
    """The stretch of a text that fold(text)[start:end] comes from, with its accents."""
    ends = list(accumulate(len(fold(letter)) for letter in text))
    return text[bisect_right(ends, start) : bisect_left(ends, end) + 1].strip(_EDGES)


class Words:
    """A text as words. Attributes: words (what phrases match), names (host names and URLs, lower case, as written)."""

    __slots__ = ("_ascii", "_odd", "_raw", "_spaced", "_text", "_tokens", "names", "words")

    def __init__(self, text: str) -> None:
        folded = fold(text)
        raw = folded.encode("utf-8", "replace")
        lowered = raw.lower() if folded is text else folded.lower().encode("utf-8", "replace")
        self.words: list[bytes] = []
        self.names: list[bytes] = []
        self._odd: list[tuple[int, int, int]] = []  # tokens that are not one word: (place, words before, words after)
        self._text, self._raw, self._ascii = text, raw, folded is text
        self._spaced = lowered.translate(_SPACES)
        self._tokens = tokens = self._spaced.split()
        out, cased, done = self.words, None, 0
        for place in [place for place, token in enumerate(tokens) if not token.isalpha()]:
            token = tokens[place]
            if token.isalnum() and not (len(token) == 3 and token[0] in b"245" and token.isdigit()):
                continue
            out += tokens[done:place]
            done, before = place + 1, len(out)
            if not token.isalnum():
                if cased is None:
                    cased = raw.translate(_SPACES).split()
                _classify(token, cased[place], out, self.names)
            self._odd.append((place, before, len(out)))
        out += tokens[done:] if done else tokens

    def quote(self, start: int, end: int) -> str:
        """The stretch of the text that words[start:end] stand for, as written."""
        if not 0 <= start < end <= len(self.words):
            return ""
        first, last = self._place(start), self._place(end - 1)
        if self._ascii:
            begin = len(self._spaced) - len(self._spaced.split(None, first)[-1])
            rest = self._spaced[begin:].split(None, last - first)[-1]
            position = len(self._spaced) - len(rest) + len(self._tokens[last])
        else:
            position = begin = 0
            for place, token in enumerate(self._raw.translate(_SPACES).split()[: last + 1]):
                position = max(self._raw.find(token, position), position)
                if place == first:
                    begin = position
                position += len(token)
            return _as_written(self._text, *(len(self._raw[:at].decode("utf-8")) for at in (begin, position)))
        return self._raw[begin:position].decode("utf-8", "replace").strip(_EDGES)

    def _place(self, number: int) -> int:
        """The place of the token that words[number] comes from."""
        shift = 0
        for place, before, after in self._odd:
            if number < before:
                break
            if number < after:
                return place
            shift = place + 1 - after
        return number + shift


def words(text: str) -> list[bytes]:
    """The words a phrase can match: lower case, placeholders for addresses, hosts, IPs and URLs, no codes."""
    return Words(text).words


def tokens(text: str) -> list[bytes]:
    """The case-keeping pieces of a text between punctuation, in which marks (private codes) are looked up."""
    return text.encode("utf-8", "replace").translate(_PLAIN).split()


def _phrase_words(piece: str) -> list[bytes]:
    return [
        word for part in piece.split() for word in ([_PLACEHOLDERS[part]] if part in _PLACEHOLDERS else words(part))
    ]


class _Ends:
    """What ends at one node of the trie, by what must have been seen before it.

    Attributes: whole ((number, words) of phrases without a gap), opened (pieces and words of what may go on after a gap,
    0 and 0 where nothing may), later ((pieces before, pieces with this one or 0, number or None, words)).
    """

    __slots__ = ("later", "opened", "whole")

    def __init__(self) -> None:
        self.whole: list[tuple[int, int]] = []
        self.opened: tuple[int, int] | None = None
        self.later: list[tuple[int, int, int | None, int]] = []


class Phrases:
    """A set of numbered phrases. Reads: `find(words)` gives the numbers that stand in the words, with their spans.

    A node of the trie is [children by word, ends or None]. Phrases with gaps that begin with the same pieces share a
    number for these, so that one note serves all of them when the pieces were seen.
    """

    def __init__(self) -> None:
        self._root: dict[bytes, list[Any]] = {}
        self._substrings: list[tuple[str, int]] = []
        self._pieces: dict[tuple[int, tuple[bytes, ...]], int] = {}

    def add(self, phrase: str, number: int) -> None:
        """Put in one phrase (`mailbox * full`) under a number; the same number may hold many phrases."""
        if _CJK.search(phrase):
            self._substrings.append((fold(phrase).lower().replace(" ", ""), number))
            return
        pieces = [_phrase_words(piece) for piece in phrase.split(" * ")]
        if not all(pieces):
            raise ValueError(f"a phrase needs a word on each side of a gap: {phrase!r}")
        if len(pieces) == 1:
            self._ends(pieces[0]).whole.append((number, len(pieces[0])))
            return
        first = self._number(0, pieces[0])
        self._ends(pieces[0]).opened = (first, len(pieces[0]))
        before = first
        for piece in pieces[1:-1]:
            now = self._number(before, piece)
            step = (before, now, None, len(piece))
            later = self._ends(piece).later
            if step not in later:
                later.append(step)
            before = now
        self._ends(pieces[-1]).later.append((before, 0, number, len(pieces[-1])))

    def _number(self, before: int, piece: list[bytes]) -> int:
        return self._pieces.setdefault((before, tuple(piece)), len(self._pieces) + 1)

    def _ends(self, piece: list[bytes]) -> _Ends:
        children = self._root
        for word in piece:
            node = children.setdefault(word, [{}, None])
            children = node[0]
        if node[1] is None:
            node[1] = _Ends()
        ends: _Ends = node[1]
        return ends

    def find(self, text_words: list[bytes], text: str = "") -> dict[int, tuple[int, int, int]]:
        """number -> (first word, last word + 1, words matched) of its longest hit; CJK phrases are sought in `text`."""
        hits: dict[int, tuple[int, int, int]] = {}
        seen: dict[
            int, tuple[int, int, int]
        ] = {}  # pieces -> (first word, end of the last, words) where they last stood
        find_root = self._root.get
        ahead = [*text_words, b""]  # no phrase has an empty word, so that every walk ends here at the latest
        for start, word in enumerate(text_words):
            node = find_root(word)
            end = start
            while node is not None:
                children, ends = node
                end += 1
                if ends is not None:
                    for number, length in ends.whole:
                        known = hits.get(number)
                        if known is None or known[2] < length:
                            hits[number] = (start, end, length)
                    if seen and ends.later:
                        _go_on(ends.later, seen, hits, start, end)
                    if ends.opened is not None:
                        pieces, length = ends.opened
                        seen[pieces] = (start, end, length)
                node = children.get(ahead[end])
        if self._substrings and text and not text.isascii():
            flat = fold(text).lower().replace(" ", "").replace("\n", "")
            for written, number in self._substrings:
                if written in flat:
                    length = max(2, len(written) // 2)
                    known = hits.get(number)
                    if known is None or known[2] < length:
                        hits[number] = (*_place_of(written.encode(), text_words), length)
        return hits


def _place_of(written: bytes, text_words: list[bytes]) -> tuple[int, int]:
    """The words that a phrase of a script without spaces stands in; (0, 0) where punctuation or a host parts it."""
    at = b"".join(text_words).find(written)
    if at < 0:
        return 0, 0
    ends = list(accumulate(map(len, text_words)))
    return bisect_right(ends, at), bisect_left(ends, at + len(written)) + 1


def _go_on(
    later: list[tuple[int, int, int | None, int]], seen: dict[int, tuple[int, int, int]], hits: dict[int, tuple[int, int, int]], start: int, end: int
) -> None:  # fmt: skip
    """Pieces that follow a gap were seen at words[start:end]."""
    for before, now, number, length in later:
        state = seen.get(before)
        if state is None or not state[1] <= start <= state[1] + MAX_GAP:
            continue
        matched = state[2] + length
        if number is None:
            seen[now] = (state[0], end, matched)
            continue
        known = hits.get(number)
        if known is None or known[2] < matched:
            hits[number] = (state[0], end, matched)


class Marks:
    """Private tokens (`S3140`, `OFR_416`, `AUP#CXBL`), case kept; `find` gives the numbers of those that stand in a text."""

    def __init__(self) -> None:
        self._root: dict[bytes, list[tuple[tuple[bytes, ...], bool, int]]] = {}

    def add(self, mark: str, number: int) -> None:
        """Put in one mark under a number; a trailing `*` allows any ending of its last piece."""
        open_ended = mark.endswith("*")
        pieces = tuple(tokens(mark))
        if not pieces:
            raise ValueError(f"a mark needs a letter or digit: {mark!r}")
        if open_ended and mark[-2:-1].isalnum() and len(pieces) == 1:
            raise ValueError(f"a mark of one piece cannot be open-ended: {mark!r}")
        self._root.setdefault(pieces[0], []).append((pieces[1:], open_ended and mark[-2:-1].isalnum(), number))

    def find(self, text_tokens: list[bytes]) -> set[int]:
        """The numbers of all marks that stand in the tokens."""
        found: set[int] = set()
        if self._root.keys().isdisjoint(text_tokens):
            return found
        for start, token in enumerate(text_tokens):
            for rest, open_ended, number in self._root.get(token, ()):
                beside = tuple(text_tokens[start + 1 : start + 1 + len(rest)])
                if beside == rest or (
                    open_ended and beside[:-1] == rest[:-1] and beside and beside[-1].startswith(rest[-1])
                ):
                    found.add(number)
        return found
