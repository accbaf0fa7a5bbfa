"""Does the knowledge hold together? Words for every fact, a find for every example, no sentence twice, no broken link."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.answering import compose
from bot.building import FORMAT, SITUATIONS, collect
from bot.deciding import decide
from bot.knowledge import Knowledge
from bot.lookups import code_answer
from bot.model import Failure
from bot.readers.replies import read_diagnostic
from bot.reading import read_text
from bot.rendering import MAX_WORDS, bounce_message, plain_text
from bot.undamage import undamage
from bot.wording import PLACEHOLDERS

MAX_STEP_WORDS = 25
_CHOICE = re.compile(r"\[\[(.+?)\]\]")
_HOLE = re.compile(r"\{([^{}\s]{1,30})\}")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_URL = re.compile(r"\bhttps?://[^\s`<>\"')]+")


def example_failure(example: str) -> Failure:
    """The failure an example line reports, read as a paste would be."""
    bounce = read_text(undamage(example))
    if bounce and bounce.failures:
        return bounce.failures[0]
    diagnosis = read_diagnostic(example)
    return Failure(diagnostic=diagnosis.text or example, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, remote_mta=diagnosis.host, command=diagnosis.command)  # fmt: skip


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(" ".join(text.split())):
        words = sentence.split()
        if len(words) >= 5:
            yield sentence


def _missing_words(built: dict[str, Any], words: dict[str, Any]) -> Iterator[str]:
    for code in built["reply"]:
        if not (words["reply"].get(code) or {}).get("standard"):
            yield f"reply code {code}: no words"
    for code in built["enhanced"]:
        if not (words["enhanced"].get(code) or {}).get("meaning"):
            yield f"enhanced code {code}: no words"
    for cause, facts in built["causes"].items():
        told = words["causes"].get(cause) or {}
        for name in ("headline", "happened", "move", "steps"):
            if not told.get(name):
                yield f"cause {cause}: no `{name}`"
        for words_of in (told, *(told.get("details") or {}).values()):
            if set(words_of.get("situations") or {}) - set(SITUATIONS):
                yield f"cause {cause}: unknown situation"
        if not (told.get("draft") or {}).get("customer"):
            yield f"cause {cause}: the draft to the customer is missing"
        for detail in facts.get("details") or {}:
            if not ((told.get("details") or {}).get(detail) or {}).get("happened"):
                yield f"detail {cause}/{detail}: no words"
    for rule in built["rules"]:
        if rule.get("provider") and not (words["entries"].get(rule["id"]) or {}).get("happened"):
            yield f"{rule['at']}: entry {rule['id']}: no words"
    known = {rule["id"] for rule in built["rules"]}
    for entry in words["entries"]:
        if entry not in known:
            yield f"words for {entry}, but no such entry"


def _wrong_words(words: dict[str, Any]) -> Iterator[str]:
    for kind in ("reply", "enhanced", "causes", "entries"):
        for key, value in words[kind].items():
            for text in _strings(value):
                for hole in _HOLE.findall(text):
                    if hole not in PLACEHOLDERS:
                        yield f"{kind} {key}: unknown placeholder {{{hole}}}"
                for url in _URL.findall(text):
                    if not url.startswith("https://"):
                        yield f"{kind} {key}: {url} is not https"
            for step in _steps(value):
                if longest(step) > MAX_STEP_WORDS:
                    yield f"{kind} {key}: a step has more than {MAX_STEP_WORDS} words: {step[:50]}…"


def longest(step: str) -> int:
    """The words of a step at its longest, where it leaves a choice."""
    return len(_CHOICE.sub(lambda found: max(found[1].split("||"), key=lambda text: len(text.split())), step).split())


def _steps(value: Any) -> Iterator[str]:
    """Every step in the words of a cause or an entry: its own, those of each situation and of each detail."""
    if isinstance(value, dict):
        yield from value.get("steps") or []
        for steps in (value.get("situations") or {}).values():
            yield from steps
        for detail in (value.get("details") or {}).values():
            yield from _steps(detail)


def shares(words: dict[str, Any]) -> dict[str, list[str]]:
    """Sentences that stand in more than one entry -> the entries. Named placeholders count as their name."""
    found: dict[str, list[str]] = defaultdict(list)
    for kind in ("reply", "enhanced", "causes", "entries"):
        for key, value in words[kind].items():
            for text in _strings(value):
                for sentence in _sentences(text):
                    place = f"{kind}/{key}"
                    if place not in found[sentence]:
                        found[sentence].append(place)
    return {sentence: places for sentence, places in found.items() if len(places) > 1}


def _wrong_examples(built: dict[str, Any], knowledge: Knowledge) -> Iterator[str]:
    for raw in built["rules"]:
        example = raw.get("example")
        if not example:
            yield f"{raw['at']}: entry {raw['id']}: no example"
            continue
        verdict = decide(example_failure(str(example)), knowledge)
        if raw.get("provider"):
            if verdict.entry != raw["id"]:
                yield f"{raw['at']}: entry {raw['id']}: its example finds {verdict.entry or verdict.cause}"
        elif verdict.cause != raw["cause"]:
            yield f"{raw['at']}: entry {raw['id']}: its example reads as {verdict.cause} ({verdict.entry})"


def _wrong_sources(built: dict[str, Any]) -> Iterator[str]:
    for raw in built["rules"]:
        if raw.get("provider") and raw.get("source") and not str(raw["source"]).startswith("https://"):
            yield f"{raw['at']}: entry {raw['id']}: the source is no https link"
        if raw.get("provider") and not raw.get("checked"):
            yield f"{raw['at']}: entry {raw['id']}: no date checked"


def _long_answers(built: dict[str, Any], knowledge: Knowledge) -> Iterator[str]:
    for raw in built["rules"]:
        failure = example_failure(str(raw.get("example", "")))
        text = plain_text(bounce_message((compose(failure, decide(failure, knowledge), knowledge),), knowledge.ui))
        if len(text.split()) > MAX_WORDS:
            yield f"{raw['at']}: entry {raw['id']}: the answer has {len(text.split())} words, {MAX_WORDS} at most"
    for code in [(reply, None) for reply in built["reply"]] + [
        (None, "5" + status[1:]) for status in built["enhanced"]
    ]:
        answer = code_answer(code, knowledge)
        if answer is None:
            yield f"code {code[0] or code[1]}: no answer"
            continue
        count = len(plain_text(bounce_message((answer,), knowledge.ui)).split())
        if count > MAX_WORDS:
            yield f"code {code[0] or code[1]}: the answer has {count} words, {MAX_WORDS} at most"


def check(data: Path) -> tuple[list[str], list[str]]:
    """(problems, summary lines) of a data folder; DataError where it cannot even be read."""
    built = collect(data)
    knowledge = Knowledge({**built, "format": FORMAT})
    words = built["words"]["en"]
    shared = shares(words)
    problems = [
        *_missing_words(built, words),
        *_wrong_words(words),
        *_wrong_sources(built),
        *_wrong_examples(built, knowledge),
        *_long_answers(built, knowledge),
        *(f"a sentence stands in {' and '.join(places)}: {sentence[:70]}" for sentence, places in shared.items()),
    ]
    entries = [rule for rule in built["rules"] if rule.get("provider")]
    summary = [
        f"{len(built['reply'])} reply codes, {len(built['enhanced'])} enhanced status codes, {len(built['causes'])} causes with "
        f"{sum(len(facts.get('details') or {}) for facts in built['causes'].values())} details",
        f"{len(built['providers'])} providers with {len(entries)} entries, {len(built['rules']) - len(entries)} phrase rules with "
        f"{sum(len(rule.get('text', ())) for rule in built['rules'])} phrases",
        f"{len(shared)} sentences shared between entries",
    ]
    for language, told in built["words"].items():
        covered = sum(1 for rule in entries if rule["id"] in told["entries"])
        summary.append(
            f"language {language}: {covered} of {len(entries)} entries, {len(told['causes'])} of {len(built['causes'])} causes"
        )
    return problems, summary
