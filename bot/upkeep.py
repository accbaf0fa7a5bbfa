"""`smtpbot data check|build|show|search`: looking after the knowledge from the command line."""

import json
from pathlib import Path
from typing import TextIO

from bot.building import build
from bot.errors import UsageError
from bot.knowledge import BUILT, SOURCES, load_knowledge


def run(action: str, words: list[str], folder: Path | None, out: TextIO) -> int:
    """One data command; 0, or 3 where the check found problems, 1 where nothing was found."""
    data = folder or SOURCES
    if action == "build":
        build(data, BUILT)
        out.write(f"built {BUILT.name}, {BUILT.stat().st_size // 1000} kB\n")
        return 0
    if action == "check":
        return _check(data, out)
    if not words:
        raise UsageError(
            f"smtpbot data {action} needs words, for example: smtpbot data {action} {'google/5.7.26' if action == 'show' else 'quota gmail'}"
        )
    return _show(" ".join(words), out) if action == "show" else _search(" ".join(words), out)


def _check(data: Path, out: TextIO) -> int:
    from bot.checking import check

    problems, summary = check(data)
    for line in problems:
        out.write(line + "\n")
    for line in summary:
        out.write(line + "\n")
    out.write(f"{len(problems)} problems\n")
    return 3 if problems else 0


def _show(wanted: str, out: TextIO) -> int:
    knowledge = load_knowledge()
    kind, _, name = wanted.partition("/")
    facts = {
        "reply": knowledge.replies.get(name),
        "enhanced": knowledge.enhanced.get(name.upper()),
        "cause": knowledge.causes.get(name),
    }.get(kind)
    told = {
        "reply": knowledge.words["reply"].get(name),
        "enhanced": knowledge.words["enhanced"].get(name.upper()),
        "cause": knowledge.words["causes"].get(name),
    }.get(kind)
    if facts is None and wanted in knowledge.entries:
        facts = knowledge.raw_rules[knowledge.entries[wanted]]
        told = knowledge.words["entries"].get(wanted)
    if facts is None:
        out.write(f"no entry {wanted}; try: smtpbot data search {name or wanted}\n")
        return 1
    out.write(json.dumps({"facts": facts, "words": told}, ensure_ascii=False, indent=2) + "\n")
    return 0


def _search(wanted: str, out: TextIO) -> int:
    from bot.searching import search

    found = search(wanted, load_knowledge())
    for row in found:
        out.write(f"{row.id}\t{row.title[:110]}\n")
    if not found:
        out.write("nothing found\n")
    return 0 if found else 1
