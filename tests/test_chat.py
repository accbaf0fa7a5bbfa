"""The table of chat lines in chat.yaml: what stays silent, what is answered and how, what gets one friendly line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from bot import lookups
from bot.app import Bot
from bot.rendering import plain_text

TABLE = yaml.safe_load((Path(__file__).parent / "chat.yaml").read_text("utf-8"))
FIELDS = {"text", "via", "cause", "reply", "status", "permanence", "provider", "kind", "recipient"}
MAX_LINE = 400  # characters of the friendly line
RANGE = "from 200 to 599"  # how the line says what a reply code looks like; the ends are no codes
_CODE = re.compile(r"(?<![\w.])(?:\d\.\d{1,3}\.\d{1,3}|\d{3})(?![\w.]?\d)")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _name(sort: str, number: int, text: str) -> str:
    return f"{sort}-{number}-" + re.sub(r"[^a-z0-9]+", "_", text[:40].lower()).strip("_")


def _lines(part: str) -> Iterator[Any]:
    for sort, texts in TABLE[part].items():
        for number, text in enumerate(texts, 1):
            yield pytest.param(text, id=_name(sort, number, text))


def _questions() -> Iterator[Any]:
    for sort, rows in TABLE["answered"].items():
        for number, row in enumerate(rows, 1):
            for via in _listed(row.get("via", "slash")):
                yield pytest.param(row, via, id=f"{_name(sort, number, row['text'])}-{via}")


def test_table_is_large_enough_and_well_formed() -> None:
    """At least 150 silent lines and 120 questions; a misspelled field would check nothing."""
    rows = [row for rows in TABLE["answered"].values() for row in rows]
    silent = [text for texts in TABLE["silent"].values() for text in texts]
    assert len(silent) >= 180
    assert len(rows) >= 140
    assert not [row for row in rows if set(row) - FIELDS]
    assert len(silent) == len(set(silent))


@pytest.mark.parametrize("text", list(_lines("silent")))
def test_ordinary_talk_never_wakes_the_bot(bot: Bot, text: str) -> None:
    """In a watched channel the bot speaks only when a person would say "that is a mail error"."""
    reply = bot.answer(text, "channel")
    said = plain_text(reply.message)
    if reply.answered or said:
        _fail(text, "channel", f"was answered ({reply.kind}): {said[:120]!r}")


@pytest.mark.parametrize(("row", "via"), list(_questions()))
def test_questions_and_pastes_are_answered(bot: Bot, row: dict[str, Any], via: Any) -> None:
    """Each with a cause that a mail expert accepts, and with the codes of the text."""
    reply = bot.answer(row["text"], via)
    said = plain_text(reply.message).strip()
    if not reply.answered:
        _fail(row["text"], via, f"was not answered ({reply.kind}): {said[:120]!r}")
    if not said:
        _fail(row["text"], via, "was answered with an empty text")
    wrong = [
        f"{name} is {got!r}, not {' or '.join(map(repr, wanted))}"
        for name, got, wanted in _compared(reply, row)
        if got not in wanted
    ]
    if wrong:
        _fail(row["text"], via, "; ".join(wrong))


def _compared(reply: Any, row: dict[str, Any]) -> Iterator[tuple[str, Any, list[Any]]]:
    """(what, what came, what may come) for everything the row expects."""
    answer = reply.answers[0] if reply.answers else None
    if "kind" in row:
        yield "kind", reply.kind, [row["kind"]]
    got = {
        "cause": answer and answer.verdict.cause,
        "reply": answer and answer.failure.reply_code,
        "status": answer and answer.failure.enhanced_code,
        "permanence": answer and answer.verdict.permanence,
        "provider": answer and answer.verdict.provider,
        "recipient": answer and answer.failure.recipient,
    }
    for field, value in got.items():
        if field in row:
            yield field, value, _listed(row[field])


@pytest.mark.parametrize("via", ["slash", "mention"])
@pytest.mark.parametrize("text", list(_lines("addressed")))
def test_no_mail_code_gets_one_friendly_line(bot: Bot, text: str, via: Any) -> None:
    """Said to the bot itself: it says what it can do or what is known of the number, and invents nothing."""
    reply = bot.answer(text, via)
    said = plain_text(reply.message).strip()
    if reply.answered or reply.answers:
        _fail(text, via, f"was answered ({reply.kind}): {said[:120]!r}")
    if not said:
        _fail(text, via, "got no friendly line")
    if "\n" in said or len(said) > MAX_LINE:
        _fail(text, via, f"got more than one line of {MAX_LINE} characters: {said!r}")
    named = [code for code in _CODE.findall(said.replace(RANGE, "")) if code not in text]
    invented = [code for code in named if not _exists(code, bot)]
    if invented:
        _fail(text, via, f"was told of {', '.join(invented)}, which nobody defined: {said!r}")


def _exists(code: str, bot: Bot) -> bool:
    return lookups.is_known((None, code) if "." in code else (code, None), bot.knowledge)


def _fail(text: str, via: str, problem: str) -> NoReturn:
    pytest.fail(f"{text!r} ({via}) {problem}", pytrace=False)
