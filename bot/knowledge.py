"""The built JSON -> Knowledge: what is known, indexed so that one pass over a text finds every rule that speaks."""

import json
import os
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from bot.codes import subject_pattern
from bot.errors import DataError
from bot.matching import Marks, Phrases
from bot.model import Rule
from bot.senses import Senses

BUILT = Path(__file__).with_name("knowledge.json")
SOURCES = Path(__file__).parent.parent / "data"
MEND = "run `python -m bot data build`"
FORMAT = 2
MAX_HOST = 255  # characters of a domain name (RFC 1035 section 2.3.4)


# What people call providers beside their names.
_CALLED = {"gmail": "google", "hotmail": "outlook-consumer", "outlook": "outlook-consumer", "o365": "exchange-online",
           "office365": "exchange-online", "m365": "exchange-online", "microsoft": "exchange-online",
           "exchange": "exchange-onprem", "icloud": "apple", "ses": "amazon-ses", "qq": "tencent-qq"}  # fmt: skip


_T = TypeVar("_T")


class Knowledge:
    """Everything that is known. Read-only; made once, shared by all threads.

    Attributes: causes, replies, enhanced, providers (facts by slug, code or id), rules (Rule by number),
    words (text by language and kind).
    """

    def __init__(self, built: dict[str, Any], language: str = "en") -> None:
        if built.get("format") != FORMAT:
            raise DataError(f"the knowledge is of another version of smtpbot; {MEND}")
        self.causes: dict[str, Any] = built["causes"]
        self.replies: dict[str, Any] = built["reply"]
        self.enhanced: dict[str, Any] = built["enhanced"]
        self.providers: dict[str, Any] = built["providers"]
        self.words: dict[str, Any] = built["words"][language]
        self.ui: dict[str, Any] = self.words["ui"]
        self._sets: dict[str, list[str]] = built["senses"]
        self.raw_rules: list[dict[str, Any]] = built["rules"]
        self.rules: list[Rule] = [_make_rule(raw, self.causes) for raw in self.raw_rules]
        self.made: dict[str, Any] = {}  # see kept
        self.kinds: dict[str, str] = {name: provider["kind"] for name, provider in self.providers.items()}
        self.entries: dict[str, int] = {rule.id: number for number, rule in enumerate(self.rules)}

    @cached_property
    def phrases(self) -> Phrases:
        """All phrases: number of the rule; `unless` phrases stand under -1 - number; a provider's words under its string."""
        made = Phrases()
        for number, raw in enumerate(self.raw_rules):
            for phrase in raw.get("text", ()):
                made.add(phrase, number)
            for phrase in raw.get("unless", ()):
                made.add(phrase, -1 - number)
        base = len(self.rules)
        for place, provider in enumerate(self.providers.values()):
            for phrase in provider["recognise"].get("text", ()):
                made.add(phrase, base + place)
        return made

    @cached_property
    def senses(self) -> Senses:
        """What words close together mean: number of the rule."""
        made = Senses(self._sets)
        for number, raw in enumerate(self.raw_rules):
            for sense in raw.get("sense", ()):
                made.add(sense, number)
        return made

    @cached_property
    def provider_order(self) -> list[str]:
        """The provider ids in the order of their numbers in `phrases` (above the rules)."""
        return list(self.providers)

    @cached_property
    def marks(self) -> Marks:
        """All private tokens: number of the rule."""
        made = Marks()
        for number, raw in enumerate(self.raw_rules):
            for mark in raw.get("marks", ()):
                made.add(mark, number)
        return made

    @cached_property
    def hosts(self) -> dict[str, str]:
        """Suffix of a speaking host -> provider id."""
        return self._recognised("hosts")

    @cached_property
    def domains(self) -> dict[str, str]:
        """Recipient domain -> provider id."""
        return self._recognised("domains")

    @cached_property
    def zones(self) -> dict[str, str]:
        """DNS zone of a block list -> provider id."""
        return self._recognised("zones")

    @cached_property
    def urls(self) -> dict[str, list[tuple[str, str]]]:
        """Host of a URL -> [(path prefix, provider id)], longest path first."""
        made: dict[str, list[tuple[str, str]]] = {}
        for provider in self.providers.values():
            for url in provider["recognise"].get("urls", ()):
                host, _, path = url.lower().removeprefix("https://").removeprefix("http://").partition("/")
                made.setdefault(host.removeprefix("www."), []).append((path, provider["id"]))
        return {host: sorted(found, key=lambda item: -len(item[0])) for host, found in made.items()}

    @cached_property
    def names(self) -> dict[str, str]:
        """Single words people call a provider by (gmail, outlook, orange) -> provider id."""
        made: dict[str, str] = {}
        for provider in self.providers.values():
            if provider["kind"] != "blocklist":
                for name in (provider["id"], provider["family"], provider["name"], *provider.get("names", ())):
                    if " " not in name:
                        made.setdefault(name.lower(), provider["id"])
        return made | {word: target for word, target in _CALLED.items() if target in self.providers}

    def _recognised(self, name: str) -> dict[str, str]:
        return {
            suffix.lower().lstrip("*."): provider["id"]
            for provider in self.providers.values()
            for suffix in provider["recognise"].get(name, ())
        }

    @cached_property
    def code_rules(self) -> dict[str, list[int]]:
        """Enhanced code or reply code -> rules that are about it: a provider's own meaning of a number.

        Rules with words are meant too where the code is private and no other rule of the provider has it: it says all.
        """
        made: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            if not rule.worded:
                for code in rule.status or rule.reply:
                    made.setdefault(code, []).append(number)
        for code, numbers in self.status_rules.items():
            if "x" not in code and self.find_enhanced(code) is None:
                users = [self.rules[number].provider for number in numbers]
                own = [n for n in numbers if self.rules[n].worded and users.count(self.rules[n].provider) == 1]
                made.setdefault(code, []).extend(own)
        return made

    @cached_property
    def status_rules(self) -> dict[str, list[int]]:
        """Enhanced code -> all provider rules that name it, for a question about the bare code."""
        made: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            if rule.provider:
                for code in rule.status:
                    made.setdefault(code, []).append(number)
        return made

    def find_enhanced(self, status: str | None) -> dict[str, Any] | None:
        """The registry's row for an enhanced code (`5.7.26` -> X.7.26), or None."""
        return self.enhanced.get(subject_pattern(status)) if status else None

    def find_host(self, table: dict[str, str], name: str) -> str | None:
        """The provider whose suffix a host name ends with, longest suffix first, or None."""
        if len(name) > MAX_HOST:
            return None
        while name:
            found = table.get(name)
            if found:
                return found
            _, dot, name = name.partition(".")
            if not dot:
                return None
        return None

    def find_url(self, url: str) -> str | None:
        """The provider whose page a URL (`https://host/path`, lower case) leads to, or None."""
        host, _, path = url.partition("://")[2].partition("/") if "://" in url else url.partition("/")
        host = host.partition(":")[0].removeprefix("www.")
        if len(host) > MAX_HOST:
            return None
        while host:
            for prefix, provider in self.urls.get(host, ()):
                if path.startswith(prefix):
                    return provider
            _, dot, host = host.partition(".")
            if not dot:
                return None
        return None

    def cause_words(self, cause: str) -> dict[str, Any]:
        """The words about a cause: headline, happened, move, steps, situations, mind, draft, details."""
        found: dict[str, Any] = self.words["causes"].get(cause) or {}
        return found

    def who_acts(self, cause: str, detail: str | None) -> tuple[str, ...]:
        """Who moves, first first, for a cause or its detail."""
        facts = self.causes.get(cause) or {}
        if detail:
            slug, _, name = detail.partition("/")
            own = ((self.causes.get(slug) or {}).get("details") or {}).get(name) or {}
            if own.get("who"):
                return tuple(own["who"][:2])
        return tuple((facts.get("who") or [])[:2])


def kept(make: Callable[[Knowledge], _T]) -> Callable[[Knowledge], _T]:
    """Make it once for each knowledge, which holds it, so that it goes when the knowledge goes."""
    name = f"{make.__module__}.{make.__qualname__}"

    @wraps(make)
    def find(knowledge: Knowledge) -> _T:
        if name not in knowledge.made:
            knowledge.made[name] = make(knowledge)
        found: _T = knowledge.made[name]
        return found

    return find


def _make_rule(raw: dict[str, Any], causes: dict[str, Any]) -> Rule:
    return Rule(
        id=raw["id"],
        cause=raw["cause"],
        detail=raw.get("detail"),
        provider=raw.get("provider"),
        strength=raw.get("strength", 2),
        reply=frozenset(raw.get("reply", ())),
        status=tuple(raw.get("status", ())),
        permanence=raw.get("permanence"),
        who=tuple(raw.get("who", ())),
        anywhere=bool(raw.get("anywhere")),
        worded=bool(raw.get("text") or raw.get("marks") or raw.get("sense")),
        source=raw.get("source"),
        checked=raw.get("checked"),
        verified=raw.get("verified", True) is not False,
        rank=causes[raw["cause"]].get("rank", 50),
    )


def merge(built: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The knowledge with an operator's own laid over it: same id replaces, new id adds."""
    rules = {rule["id"]: rule for rule in built["rules"]} | {rule["id"]: rule for rule in own["rules"]}
    words = dict(built["words"])
    for language, mine in own["words"].items():
        base = words.get(language, {})
        words[language] = {kind: {**base.get(kind, {}), **mine.get(kind, {})} for kind in {*base, *mine}}
    return {
        **built,
        "rules": list(rules.values()),
        "providers": {**built["providers"], **own["providers"]},
        "words": words,
        **{kind: {**built[kind], **own[kind]} for kind in ("causes", "reply", "enhanced")},
    }


def stale_because(built: dict[str, Any], sources: Path, target: Path) -> str | None:
    """Why the built file no longer fits its sources, or None. Outside a source checkout there are none to compare."""
    if not (sources.parent / "pyproject.toml").exists() or not sources.is_dir():
        return None
    made = target.stat().st_mtime
    found = dict(_yaml_files(str(sources)))
    for name in built.get("files", []):
        changed = found.pop(name, None)
        if changed is None:
            return f"data/{name} is gone"
        if changed > made:
            return f"data/{name} is newer"
    return f"data/{min(found)} is new" if found else None


def _yaml_files(folder: str, below: str = "") -> Iterator[tuple[str, float]]:
    """Every YAML file by its name below the folder, and when it was changed."""
    with os.scandir(folder) as inside:
        for entry in inside:
            if entry.name.endswith(".yaml"):
                yield below + entry.name, entry.stat().st_mtime
            elif entry.is_dir():
                yield from _yaml_files(entry.path, f"{below}{entry.name}/")


@lru_cache(maxsize=1)
def _parse(target: Path, changed: int, size: int) -> dict[str, Any]:
    """The file as it was at that time; what is read anew shares all that did not change."""
    parsed: dict[str, Any] = json.loads(target.read_bytes())
    return parsed


def read_built(target: Path = BUILT, sources: Path = SOURCES) -> dict[str, Any]:
    """The built JSON; missing, broken or stale raises DataError with the command that mends it."""
    try:
        facts = target.stat()
        built = _parse(target, facts.st_mtime_ns, facts.st_size)
    except FileNotFoundError:
        raise DataError(f"the knowledge has not been built yet; {MEND}") from None
    except (OSError, ValueError):
        raise DataError(f"the built knowledge cannot be read; {MEND}") from None
    reason = stale_because(built, sources, target)
    if reason:
        raise DataError(f"the built knowledge is stale ({reason}); {MEND}")
    return built


def load_knowledge(own: Path | None = None) -> Knowledge:
    """The built knowledge, with the operator's own folder (same layout as data/) laid over it where one is given."""
    built = read_built()
    if own is not None:
        from bot.building import collect_own

        built = merge(built, collect_own(own, built))
    return Knowledge(built)
