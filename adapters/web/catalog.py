"""The knowledge as lists to look through: all codes, all providers, and what each provider means by its own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.answering import compose
from bot.knowledge import Knowledge
from bot.matching import fold
from bot.model import Answer, Failure, Rule, Verdict
from bot.searching import search

MAX_FOUND = 12
MAX_MARKS = 12  # private codes of an entry that are shown
MAX_WORDS = 3  # phrases of an entry that are shown
GROUPS = {
    "2": "Success: 2yz",
    "3": "The server waits for more: 3yz",
    "4": "Temporary: 4yz",
    "5": "Permanent: 5yz",
    "1": "Not from a mail server: 1yz",
    "6": "Not from a mail server: 6yz",
}
SUBJECTS = {
    "0": "Other: X.0",
    "1": "Addresses: X.1",
    "2": "Mailboxes: X.2",
    "3": "Mail systems: X.3",
    "4": "Network and routing: X.4",
    "5": "Protocol: X.5",
    "6": "Content: X.6",
    "7": "Security and policy: X.7",
}
KINDS = {
    "mailbox": "Mailbox providers",
    "filter": "Filters and gateways",
    "sender": "Sending services",
    "mta": "Mail server software",
    "forwarder": "Forwarders",
    "blocklist": "Block lists",
}
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list. words: everything it is found by, in lower case."""

    name: str
    title: str
    path: str
    tag: str
    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that stand under one heading."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one provider means by some code or words of its own. `marks` are private codes, `phrases` words it writes."""

    id: str
    anchor: str
    provider: str
    codes: tuple[str, ...]
    marks: tuple[str, ...]
    phrases: tuple[str, ...]
    cause: str
    answer: Answer


class Catalog:
    """The lists of one knowledge, made once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.codes = tuple(_code_groups(knowledge))
        self.providers = tuple(_provider_groups(knowledge))

    def find_provider(self, name: str) -> tuple[Entry, ...] | None:
        """All entries of a provider; None where there is no such provider."""
        if name not in self.knowledge.providers:
            return None
        rules = [rule for rule in self.knowledge.rules if rule.provider == name]
        return tuple(self._entry(rule) for rule in rules)

    def providers_of(self, reply: str | None, status: str | None) -> tuple[Entry, ...]:
        """What providers mean by a code in their own way."""
        numbers = self.knowledge.status_rules.get(status or "", ())
        rules = [self.knowledge.rules[number] for number in numbers]
        if not status and reply:
            rules = [rule for rule in self.knowledge.rules if rule.provider and not rule.worded and reply in rule.reply]
        return tuple(self._entry(rule) for rule in sorted(rules, key=lambda rule: rule.id))

    def near(self, text: str) -> tuple[tuple[str, str], ...]:
        """(title, path) of what the words may mean where no line holds them all."""
        found = ((row.title, self.path_of(row.id)) for row in search(text, self.knowledge, MAX_FOUND))
        return tuple((title, path) for title, path in found if path)

    def path_of(self, entry: str) -> str | None:
        """Where something is shown that a search found; None for a cause, which has no page."""
        sort, _, name = entry.partition("/")
        if sort in ("reply", "enhanced"):
            return f"/codes/{name}"
        number = self.knowledge.entries.get(entry)
        provider = self.knowledge.rules[number].provider if number is not None else None
        return f"/providers/{provider}#{anchor(entry)}" if provider else None

    def _entry(self, rule: Rule) -> Entry:
        raw = self.knowledge.raw_rules[self.knowledge.entries[rule.id]]
        return Entry(
            rule.id,
            anchor(rule.id),
            rule.provider or "",
            (*sorted(rule.reply), *rule.status),
            tuple(map(str, raw.get("marks", ())[:MAX_MARKS])),
            tuple(_phrase(text) for text in raw.get("text", ())[:MAX_WORDS]),
            self.knowledge.causes[rule.cause]["name"],
            _answer(rule, self.knowledge),
        )


def anchor(entry: str) -> str:
    """An entry's id as it may stand behind # in a link."""
    return re.sub(r"[^\w.-]+", "-", entry)


def narrowed(groups: Iterable[Group], text: str) -> tuple[Group, ...]:
    """The groups with the lines that hold all the words; the page's script does the same as one types."""
    wanted = fold(text).lower().split()
    kept = (Group(group.title, tuple(item for item in group.items if _holds(item, wanted))) for group in groups)
    return tuple(group for group in kept if group.items)


def _holds(item: Item, wanted: list[str]) -> bool:
    return all(word in item.words for word in wanted)


def _code_groups(knowledge: Knowledge) -> Iterable[Group]:
    words, shown = knowledge.words, knowledge.ui["permanence"]
    for digit, title in GROUPS.items():
        items = []
        for code, facts in knowledge.replies.items():
            if code[0] == digit:
                told = words["reply"].get(code) or {}
                causes = [knowledge.causes[row["cause"]]["name"] for row in facts.get("causes") or ()]
                name = told.get("name", "")
                lasting = shown.get(facts["permanence"], "")
                tag = (
                    lasting if lasting.lower() not in title.lower() else ""
                )  # only where it is not what the group says
                items.append(Item(code, name, f"/codes/{code}", tag, _words(code, name, lasting, *causes)))
        if items:
            yield Group(title, tuple(items))
    for subject, title in SUBJECTS.items():
        items = []
        for code, row in knowledge.enhanced.items():
            if code.split(".")[1] == subject:
                told = words["enhanced"].get(code) or {}
                name = told.get("name", row["registered_name"])
                numbers = [f"{digit}{code[1:]}" for digit in "245"]
                cause = knowledge.causes[row["cause"]]["name"]
                items.append(Item(code, name, f"/codes/{code}", "", _words(code, *numbers, name, row["registered_name"], cause)))  # fmt: skip
        if items:
            yield Group(title, tuple(items))


def _provider_groups(knowledge: Knowledge) -> Iterable[Group]:
    for kind, title in KINDS.items():
        items = []
        for name, facts in knowledge.providers.items():
            if facts["kind"] == kind:
                rules = [rule for rule in knowledge.rules if rule.provider == name]
                marks = [str(mark) for rule in rules for mark in knowledge.raw_rules[knowledge.entries[rule.id]].get("marks", ())]  # fmt: skip
                codes = [code for rule in rules for code in (*rule.reply, *rule.status)]
                recognised = facts["recognise"]
                told = _words(facts["name"], name, *facts.get("names", ()), *recognised.get("domains", ()), *recognised.get("zones", ()), *dict.fromkeys([*marks, *codes]))  # fmt: skip
                count = f"{len(rules)} entries" if len(rules) > 1 else "1 entry" if rules else ""
                others = ", ".join(other for other in facts.get("names", ()) if other != facts["name"])
                items.append(Item(facts["name"], others, f"/providers/{name}", count, told))
        if items:
            yield Group(title, tuple(sorted(items, key=lambda item: item.name.lower())))


def _words(*texts: str) -> str:
    return " ".join(dict.fromkeys(fold(" ".join(texts)).lower().split()))


def _phrase(text: str) -> str:
    return text.replace("*", "…")


def _answer(rule: Rule, knowledge: Knowledge) -> Answer:
    """What is said about an entry where no text is at hand."""
    verdict = Verdict(
        rule.cause, (rule.cause,), rule.detail, "likely", rule.permanence, "unknown", None, rule.provider, rule.id,
        rule.who or knowledge.who_acts(rule.cause, rule.detail), "", rule,
    )  # fmt: skip
    return compose(Failure(), verdict, knowledge)
