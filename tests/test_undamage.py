"""Damaged texts come back as the server wrote them; clean ones stay; no text is too odd or too long."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.undamage import MAX_TEXT, undamage
from tests.timing import grows, is_quick, repeat

TABLE = yaml.safe_load((Path(__file__).parent / "damage.yaml").read_text("utf-8"))
PAIRS = [
    pytest.param(row["damaged"], row["clean"], id=f"{sort}-{number}")
    for sort, rows in TABLE["pairs"].items()
    for number, row in enumerate(rows, 1)
]
# Characters and pieces that damage is made of, so that random texts hit the repairs.
PIECES = [
    *"<>&;|*_~`=\\\"'@#! \n\t\r\x00\x1b\u200b\u00a0\u2019\u00ad５", "&lt;", "&amp;", "&#39;", "&nbsp;", "<mailto:", "<https://a.example|", "<tel:",
    "<@U0", "```", "**", "||", "~~", "=20", "=C3=BC", "=E2", "=\n", "\\n", "\\r\\n", "\\u003c", "\\ud800", "> ", "\n>>> ", "\x1b[31m", "\x1b]0;", "550 5.1.1 no",
    "kim@example.com",
]  # fmt: skip
CLEAN = st.text(
    alphabet=[chr(point) for point in range(0x20, 0x7F) if chr(point) not in "&<>\\`*_~|=;"] + ["\n"], max_size=300
)
DAMAGED = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
HOSTILE = [
    "<", ">", "&", "=", "*", "|", "`", "\\", "\x1b[", "\x1b]", "> ", ">\n", "**a", "||a", "~~a", "```", "<mailto:", "<mailto:a|", "<https://", "<https://a|",
    "<tel:1|", "<@", "<@A|", "&amp;", "&#", "=20", "=C3", "=\n", "\\u00", "\\n", "\u200b", "\t", "\x00", "\r", "\n", " ", "\n \t", ">>> \n", "a**b ", "\U0001f389",
]  # fmt: skip


def _trimmed(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().split("\n"))


@pytest.mark.parametrize(("damaged", "clean"), PAIRS)
def test_damage_is_undone(damaged: str, clean: str) -> None:
    """Each kind of damage alone, and several at once."""
    mended = _trimmed(undamage(damaged))
    if mended != _trimmed(clean):
        pytest.fail(f"{damaged!r} became {mended!r}, not {_trimmed(clean)!r}", pytrace=False)


@pytest.mark.parametrize("text", TABLE["same"])
def test_what_a_server_writes_is_left_alone(text: str) -> None:
    """Clean texts, among them some that look damaged."""
    assert undamage(text) == text


def test_table_is_large_enough() -> None:
    """At least 40 pairs."""
    assert len(PAIRS) >= 40


@given(CLEAN)
def test_clean_text_does_not_change(text: str) -> None:
    """Plain ASCII without any sign of damage comes back unchanged."""
    assert undamage(text) == text


@pytest.mark.parametrize(("damaged", "clean"), PAIRS)
def test_mended_text_is_not_mended_again(damaged: str, clean: str) -> None:
    """What was undamaged once stays as it is."""
    once = undamage(damaged)
    assert undamage(once) == once


@given(st.one_of(st.text(max_size=500), DAMAGED))
@example("\\ud83d\\udcec 550")
@example("&#x110000; 550")
@example("=FF=FE=\n")
@example("\ud800")
def test_no_text_raises(text: str) -> None:
    """Any text, however odd, comes back as text that holds no terminal escape."""
    mended = undamage(text)
    assert not re.search(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", mended)


@given(st.one_of(st.text(max_size=300), DAMAGED))
def test_mending_invents_no_digits(text: str) -> None:
    """Codes are read from digits, so none may appear that the text did not hold in some form."""
    if not re.search(r"[0-9]|\d|&#|\\u|=[0-9A-F]{2}", text):
        assert not re.search(r"\d", undamage(text))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3), st.sampled_from(HOSTILE))
def test_long_text_is_cut(more: int, piece: str) -> None:
    """Past the limit nothing is read."""
    text = (piece * (MAX_TEXT // len(piece) + 1))[:MAX_TEXT]
    assert undamage(text + "550 " * more) == undamage(text)


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_the_length_only(piece: str) -> None:
    """Four times the text takes about four times as long, and 1 MB stays far below a second."""
    quarter, whole, megabyte = (repeat(piece, length) for length in (MAX_TEXT // 4, MAX_TEXT, 1_000_000))
    assert grows(lambda: undamage(quarter), lambda: undamage(whole), 12, clear=0.0008)
    assert is_quick(lambda: undamage(megabyte), 0.5)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<mailto:" + "a" * 1_000_000, id="mail link without an end"),
        pytest.param("<https://" + "a" * 1_000_000, id="link without an end"),
        pytest.param("> " * 500_000, id="deep quoting"),
        pytest.param("> 550 5.1.1 no\n" * 70_000, id="many quoted lines"),
        pytest.param("&amp;" * 200_000 + "lt;", id="escaped again and again"),
        pytest.param("**" + "a " * 500_000, id="bold without an end"),
        pytest.param("\x1b]" + "a" * 1_000_000, id="terminal title without an end"),
        pytest.param("=C3" * 330_000, id="half characters"),
        pytest.param(" " * 1_000_000, id="blanks"),
        pytest.param("\ufeff" * 1_000_000, id="nothing to see"),
    ],
)
def test_one_megabyte_of_the_worst(text: str) -> None:
    """1 MB of text made to hurt."""
    assert is_quick(lambda: undamage(text), 0.5)


def test_a_header_after_base64_is_no_soft_line_break() -> None:
    """Both end with an equals sign; quoted-printable goes on with the rest of a word or sentence (RFC 2045 section 6.7)."""
    assert undamage("X-State: bWFpbA=\nTo: kim@example.org") == "X-State: bWFpbA=\nTo: kim@example.org"
    assert undamage("user un=\nknown") == "user unknown"
