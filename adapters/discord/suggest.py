"""What is typed into `/smtp code:` -> up to 25 codes with their titles, from memory."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.knowledge import Knowledge, kept

MAX_CHOICES = 25
MAX_NAME = 100  # characters of a choice's name and of its value
MAX_TYPED = 60  # who typed more is pasting
_REPLY = re.compile(r"([245]\d\d)\b[\s-]*")


class Suggestions:
    """The codes by which an answer may be asked for, ready to be offered."""

    def __init__(self, knowledge: Knowledge) -> None:
        words = knowledge.words
        self._replies = _titled((code, words["reply"].get(code)) for code in knowledge.replies)
        self._enhanced = _titled(
            (f"{number}{code[1:]}", words["enhanced"].get(code))
            for number in (5, 4, 2)
            for code, facts in knowledge.enhanced.items()
            if number in facts["classes"]
        )
        failures = [row for row in self._replies if row[0][0] in "45"]
        self._all = [*failures, *self._enhanced, *(row for row in self._replies if row[0][0] not in "45")]

    def suggest(self, typed: str) -> list[tuple[str, str]]:
        """(name to show, value to ask) for what was typed so far; codes that begin so first, then titles that hold the words."""
        typed = " ".join(typed.lower().split())
        if len(typed) > MAX_TYPED:
            return []
        reply = _REPLY.match(typed)
        if reply and typed[reply.end() :]:
            return self._both(reply[1], typed[reply.end() :])
        begun = [(name, code) for code, name in self._all if code.startswith(typed)]
        words = typed.split()
        told = [(name, code) for code, name in self._all if words and all(word in name.lower() for word in words)]
        return list(dict.fromkeys(begun + told))[:MAX_CHOICES]

    def _both(self, reply: str, status: str) -> list[tuple[str, str]]:
        """A reply code with the enhanced codes that go on as typed."""
        found = [(code, name) for code, name in self._enhanced if code[0] == reply[0] and code.startswith(status)]
        return [(f"{reply} {name}"[:MAX_NAME], f"{reply} {code}") for code, name in found][:MAX_CHOICES]


@kept
def suggestions_of(knowledge: Knowledge) -> Suggestions:
    """The codes of this knowledge."""
    return Suggestions(knowledge)


def _titled(rows: Iterable[tuple[str, Mapping[str, Any] | None]]) -> list[tuple[str, str]]:
    """(code, code with title) of each row."""
    found = []
    for code, told in rows:
        name = f"{code}: {told['name']}" if told and told.get("name") else code
        found.append((code, name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"))
    return found
