"""The gallery is what the program answers today."""

import importlib.util
from pathlib import Path

import pytest

from bot.app import Bot
from bot.rendering import MAX_WORDS, plain_text

SCRIPT = Path(__file__).parent.parent / "scripts" / "write_gallery.py"
_SPEC = importlib.util.spec_from_file_location("write_gallery", SCRIPT)
assert _SPEC and _SPEC.loader
written = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(written)


def test_the_page_is_what_the_script_writes(bot: Bot) -> None:
    """`python scripts/write_gallery.py` writes it anew."""
    assert written.FILE.read_text("utf-8") == written.gallery(bot)


@pytest.mark.parametrize("title", written.ASKED)
def test_each_is_answered_without_a_hole(bot: Bot, title: str) -> None:
    """Answered, with no placeholder left open; one recipient's answer keeps to the words allowed."""
    reply = bot.answer(written.ASKED[title])
    text = plain_text(reply.message)
    assert reply.answered and "{" not in text and "None" not in text
    assert len(reply.answers) > 1 or len(text.split()) <= MAX_WORDS
