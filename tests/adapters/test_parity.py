"""The same texts give the same cause and the same parts in the terminal, in Slack and in Discord."""

import html
import re
from typing import Any

import pytest

from adapters.discord.render import render as draw_discord
from adapters.slack.render import render as draw_slack
from adapters.terminal.render import render as draw_terminal
from bot.app import Bot
from bot.model import Message
from tests import lines

ASKED = (
    "451", "554", "5.7.26", "421 4.7.0", "550 5.1.1", "4.2.2", "450 vs 550", "soft vs hard bounce", "gmail 4.7.28",
    "S3150", "mailbox full", "what does greylisted mean?", "552", "what is 999?", "help",
)  # fmt: skip
TEXTS = [*ASKED, *(row["text"] for family in ("logs", "events", "exceptions") for row in lines.load(family))][:100]
_URL = re.compile(r"https?://\S+")
_UNSEEN = re.compile(r"[\u2060\u200b\\]")


def words(text: str) -> str:
    """The words of a text, whatever marks stand around them."""
    plain = _UNSEEN.sub("", html.unescape(text))
    return " " + " ".join(re.findall(r"\w+", plain)) + " "


def said(message: Message) -> list[str]:
    """What each part of an answer says, without links: every chat writes those in its own way."""
    told = []
    for part in message.parts:
        if part.kind != "source":
            told += [
                piece for text in (part.label, part.text, *part.items) for piece in _URL.split(text.replace("`", ""))
            ]
    return [text for piece in told if (text := words(piece)).strip()]


def strings(drawn: Any) -> list[str]:
    """Every text in a payload, in its order."""
    if isinstance(drawn, dict):
        drawn = [drawn[key] for key in ("title", "description", "content", "text", "elements", "blocks", "embeds") if key in drawn]  # fmt: skip
    return [drawn] if isinstance(drawn, str) else [text for one in drawn for text in strings(one)] if isinstance(drawn, list | tuple) else []  # fmt: skip


def test_there_are_a_hundred() -> None:
    """Codes and questions, log lines, webhook events and exceptions."""
    assert len(set(TEXTS)) == 100


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_every_chat_says_the_same(bot: Bot, text: str) -> None:
    """Each part's words stand in each drawing."""
    replies = {via: bot.answer(text, via) for via in ("slash", "mention")}
    causes = [[answer.verdict.cause for answer in reply.answers] for reply in replies.values()]
    assert causes[0] == causes[1]
    message = replies["slash"].message
    blocks = [page["blocks"] for page in draw_slack(replies["slash"])]
    drawn = {
        "terminal": draw_terminal(message),
        "slack": " ".join(strings(blocks)),
        "discord": " ".join(strings(list(draw_discord(replies["slash"])))),
        "discord without embeds": " ".join(strings(list(draw_discord(replies["slash"], embeds=False)))),
    }
    for name, whole in drawn.items():
        shown = words(re.sub(r"\]\(https?://[^)]*\)|<https?://[^|>]*\|?", " ", whole))
        missing = [piece for piece in said(message) if piece not in shown]
        assert not missing, name
