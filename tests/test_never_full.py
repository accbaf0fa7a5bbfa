"""Where others may read, no address stands in full: over all mails and lines, drafts and records too."""

import json
import re
from pathlib import Path

import pytest
import yaml

from bot.app import Bot
from bot.model import Reply
from bot.record import record
from bot.redaction import mask_addresses, redact
from bot.rendering import plain_text

HERE = Path(__file__).parent
MAILS = sorted((HERE / "mails").glob("*.eml"))
LINES = [
    row["text"]
    for rows in yaml.safe_load((HERE / "lines.yaml").read_text("utf-8")).values()
    for row in rows
    if "text" in row
]
# An address whose local part is longer than its first letter; what is masked ends in the mask.
_FULL = re.compile(r"[\w.+=~-]*[\w+~-]{2,}@(?=[\w-]+\.[\w.-]*[A-Za-z])", re.UNICODE)
_LINK = re.compile(r"https?://[^\s/]+/[^\s•]")


def told(reply: Reply) -> str:
    """All that is said: the answer, the drafts, and the record as JSON."""
    made = record(reply)
    return "\n".join([plain_text(reply.message), *reply.drafts.values(), json.dumps(made, ensure_ascii=False)])


def leaks(text: str) -> list[str]:
    """Addresses that stand in full."""
    return [found[0] for found in _FULL.finditer(text)]


def check(reply: Reply) -> None:
    """Neither the masked nor the redacted form holds an address, and recipients are gone by name."""
    said = told(reply)
    shown, logged = mask_addresses(said), redact(said)
    assert leaks(shown) == []
    assert leaks(logged) == []
    assert _LINK.search(logged) is None
    for answer in reply.answers:
        for address in (answer.failure.recipient, answer.failure.sender):
            local = (address or "").rpartition("@")[0]
            if len(local) > 1:
                assert str(address) not in shown and str(address) not in logged
    assert mask_addresses(shown) == shown


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_no_answer_to_a_mail_shows_an_address(bot: Bot, mail: Path) -> None:
    """As a file, and as a paste of the same."""
    raw = mail.read_bytes()
    check(bot.answer_mail(raw, drafts=True))
    check(bot.answer(raw.decode("utf-8", "replace"), drafts=True))


@pytest.mark.parametrize("number", range(len(LINES)))
def test_no_answer_to_a_line_shows_an_address(bot: Bot, number: int) -> None:
    """Logs, events and exceptions."""
    check(bot.answer(LINES[number], drafts=True))


def test_the_check_finds_what_is_in_full() -> None:
    """It would fail without the mask."""
    assert leaks("to <kim@example.com>: no") == ["kim@"]
    assert leaks("to <k•••@example.com>: no") == []
    assert len(LINES) > 100


def test_private_answers_show_addresses_in_full(bot: Bot) -> None:
    """The commands need them; the mask is for places where others read."""
    reply = bot.answer("<kim@example.com>: host mx.example.com[192.0.2.1] said: 552 5.2.2 Mailbox full", drafts=True)
    assert "kim@example.com" in told(reply)
