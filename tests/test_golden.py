"""Whole answers as a person sees them: a change shows as a diff, and is read aloud before it is kept."""

from pathlib import Path

import pytest
import yaml

from bot.app import Bot
from bot.rendering import MAX_WORDS, plain_text

HERE = Path(__file__).parent
ASKED: dict[str, str] = yaml.safe_load((HERE / "golden.yaml").read_text(encoding="utf-8"))


def answer(bot: Bot, text: str) -> str:
    """The answer as plain text, with the question above it."""
    return f"> {text}\n\n{plain_text(bot.answer(text).message)}\n"


@pytest.mark.parametrize("name", sorted(ASKED))
def test_the_answer_is_the_one_that_was_read_aloud(bot: Bot, name: str) -> None:
    """`make golden` writes the files anew."""
    assert answer(bot, ASKED[name]) == (HERE / "golden" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(ASKED))
def test_the_answer_is_short_and_has_no_hole(bot: Bot, name: str) -> None:
    """220 words at most, no placeholder left open, no line that is only a label."""
    text = plain_text(bot.answer(ASKED[name]).message)
    assert text and len(text.split()) <= MAX_WORDS
    assert "{" not in text and "None" not in text


def test_no_golden_file_is_left_over() -> None:
    """Each file belongs to a question."""
    assert {path.stem for path in (HERE / "golden").glob("*.txt")} == set(ASKED)
