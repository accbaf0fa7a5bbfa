"""The table lines.yaml, and what its rows are compared with. Tests of several readers share it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bot.model import Answer

FIELDS: dict[str, Callable[[Answer], Any]] = {
    "to": lambda answer: answer.failure.recipient,
    "reply": lambda answer: answer.failure.reply_code,
    "status": lambda answer: answer.failure.enhanced_code,
    "lasts": lambda answer: answer.verdict.permanence,
    "fate": lambda answer: answer.verdict.fate,
    "cause": lambda answer: answer.verdict.cause,
    "direction": lambda answer: answer.failure.direction,
}


def load(family: str) -> list[dict[str, Any]]:
    """The rows of one family: logs, events, exceptions."""
    rows: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "lines.yaml").read_text(encoding="utf-8"))[
        family
    ]
    return rows


def names(rows: list[dict[str, Any]]) -> list[str]:
    """A name for each row, for pytest."""
    return [f"{row['format'].replace(' ', '_')}-{number}" for number, row in enumerate(rows)]


def differences(row: dict[str, Any], answers: tuple[Answer, ...]) -> list[str]:
    """What was read otherwise than wanted."""
    wanted = row.get("want", [])
    if len(answers) != len(wanted):
        return [f"{len(answers)} recipients, {len(wanted)} wanted"]
    return [
        f"{name}: {FIELDS[name](answer)!r}, wanted {value!r}"
        for answer, fields in zip(answers, wanted, strict=True)
        for name, value in fields.items()
        if FIELDS[name](answer) != value
    ]
