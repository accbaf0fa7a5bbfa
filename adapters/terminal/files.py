"""The terminal's commands that read files: `explain` and `batch`. Each gives back an exit status."""

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from adapters.terminal.app import ANSWERED, NOT_MAIL, WRONG_USE, show, status_of
from adapters.terminal.inbound import MAX_FILE, Item, read_items
from adapters.terminal.logfile import explain_logfile, is_log
from adapters.terminal.render import safe
from bot.app import Bot
from bot.model import Answer, Reply
from bot.record import record

_VIAS = ("slash", "mention", "channel")


def explain(bot: Bot, paths: list[str], as_json: bool, as_csv: bool, draft: str | None, why: bool, out: TextIO) -> int:
    """Every mail or text in files and folders."""
    if len(paths) == 1 and draft is None and Path(paths[0]).is_file() and is_log(Path(paths[0])):
        return explain_logfile(bot, Path(paths[0]), as_json, as_csv, out)
    status = NOT_MAIL
    table = csv.writer(out) if as_csv else None
    if table:
        table.writerow(
            (
                "file",
                "recipient",
                "reply_code",
                "enhanced_code",
                "permanence",
                "cause",
                "confidence",
                "provider",
                "who_acts",
            )
        )
    for number, item in enumerate(read_items(paths)):
        begun = time.perf_counter()
        reply = bot.answer_mail(item.raw, drafts=as_json or draft is not None)
        took = (time.perf_counter() - begun) * 1000
        if status_of(reply) == ANSWERED:
            status = ANSWERED
        if table:
            for answer in reply.answers:
                table.writerow([_cell(value) for value in _row(item, answer)])
        elif as_json:
            out.write(json.dumps(record(reply, item.name, took), ensure_ascii=False) + "\n")
        elif draft is not None:
            out.write(safe(reply.drafts.get(draft) or bot.knowledge.ui["draft"]["none"]) + "\n")
        else:
            _print_item(item, reply, number, len(paths) > 1 or "#" in item.name, why, out)
    return status


def _print_item(item: Item, reply: Reply, number: int, named: bool, why: bool, out: TextIO) -> None:
    if number:
        out.write("\n")
    if named:
        out.write(f"== {safe(item.name)}\n")
    show(reply, out)
    if item.note:
        out.write(safe(item.note) + "\n")
    if item.cut:
        out.write(f"Only the first {MAX_FILE // 1_000_000} MB were read.\n")
    if why:
        for answer in reply.answers:
            out.write(safe(_decision(answer, reply)) + "\n")


def _decision(answer: Answer, reply: Reply) -> str:
    verdict, failure = answer.verdict, answer.failure
    reader = reply.question.bounce.reader if reply.question and reply.question.bounce else "question"
    lines = [
        f"Read as: {reader}",
        f"Decided by: {verdict.entry or 'the code'} ({verdict.confidence}); words: {verdict.evidence or '-'}",
        f"Diagnostic: {failure.diagnostic[:200] or '-'}",
    ]
    lines += [f"Set aside: {other}" for other in verdict.set_aside]
    lines += [f"Wrapped in: {outer[:200]}" for outer in failure.outer]
    return "\n".join(lines)


def _row(item: Item, answer: Answer) -> tuple[Any, ...]:
    failure, verdict = answer.failure, answer.verdict
    return (item.name, failure.recipient, failure.reply_code, failure.enhanced_code, verdict.permanence, verdict.cause, verdict.confidence,
            verdict.provider, " ".join(verdict.who))  # fmt: skip


def _cell(value: Any) -> str:
    """A CSV cell that no spreadsheet takes for a formula."""
    text = safe("" if value is None else str(value))
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text


def batch(bot: Bot, lines: Any, out: TextIO) -> int:
    """JSON lines {"id", "text" or "file", "via"} -> records, in order, streaming. 2 where a line was no such object."""
    status = ANSWERED
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        made = _batch_line(bot, line, number)
        if made is None:
            status = WRONG_USE
            continue
        out.write(json.dumps(made, ensure_ascii=False) + "\n")
    out.flush()
    return status


def _batch_line(bot: Bot, line: str, number: int) -> dict[str, Any] | None:
    try:
        asked = json.loads(line)
        via = asked.get("via", "slash")
        identifier = asked.get("id")
        if via not in _VIAS or not ({"text", "file"} & asked.keys()):
            raise ValueError
        raw = next(iter(read_items([str(asked["file"])]))).raw if "file" in asked else None
        text = str(asked.get("text", ""))
    except (ValueError, AttributeError, StopIteration):
        sys.stderr.write(f'line {number}: an object {{"id", "text" or "file", "via"}} is expected\n')
        return None
    begun = time.perf_counter()
    reply = bot.answer_mail(raw, via, drafts=True) if raw is not None else bot.answer(text, via, drafts=True)
    return record(reply, identifier, (time.perf_counter() - begun) * 1000)
