"""Every answer drawn for Discord keeps to its limits, as embeds and as text, and stays free of what a paste could do."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import discord
import pytest

from adapters.discord import render as limits
from adapters.discord.render import escape, read_values, render, render_drafts
from bot.app import Bot
from bot.model import Message, Part, Reply
from bot.recalling import values_of

TESTS = Path(__file__).parents[2]
CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
CODE = re.compile(r"```.*?```|(?<!\\)`[^`\n]*`", re.S)
LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\((https://[^()\s]+)\)")
ACTIVE = re.compile(r"(?<!\\)<[@#/:ta]|@(?:here|everyone)\b|(?<!\\)\[[^\]]*\]\(|(?<!\\)[|~]{2}|https?://")


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def check(payloads: tuple[dict[str, Any], ...]) -> None:
    """All that Discord asks of messages."""
    assert 0 < len(payloads) <= limits.MAX_MESSAGES == 5
    for payload in payloads:
        if "content" in payload:
            assert set(payload) == {"content"} and 0 < size(payload["content"]) <= limits.MAX_CONTENT == 2_000
            check_markdown(re.sub(r"<https://[^<>\s]+>", "", payload["content"]))
            continue
        assert set(payload) == {"embeds"} and 0 < len(payload["embeds"]) <= limits.MAX_EMBEDS == 10
        total = 0
        for embed in payload["embeds"]:
            assert set(embed) <= {"title", "description", "color", "fields"}
            assert size(embed.get("title", "")) <= limits.MAX_TITLE == 256
            assert size(embed.get("description", "")) <= limits.MAX_DESCRIPTION == 4_096
            assert embed.get("title") or embed.get("description")
            for field in embed.get("fields", ()):
                assert 0 < size(field["value"]) <= limits.MAX_FIELD == 1_024
                check_markdown(field["value"])
            total += limits._embed_size(embed)
            check_markdown(embed.get("title", ""))
            check_markdown(embed.get("description", ""))
            parsed = discord.Embed.from_dict(embed).to_dict()
            assert {name: parsed[name] for name in embed} == embed  # type: ignore[literal-required]
        assert total <= limits.MAX_EMBED == 6_000


def check_markdown(text: str) -> None:
    text = CODE.sub("", text)
    for name, url in LINK.findall(text):  # a link shows where it leads
        plain = name.replace("\\", "").removesuffix("/…")
        assert url.removeprefix("https://").removeprefix("www.").startswith(plain), (name, url)
    rest = LINK.sub("", text)
    assert not ACTIVE.search(rest), rest


def drawn(bot: Bot, reply: Reply) -> Iterator[tuple[dict[str, Any], ...]]:
    """One reply in every way it may be drawn."""
    values = values_of(reply.answers[0], bot.knowledge) if reply.answers else {}
    for public in (False, True):
        yield render(reply, public, values)
        yield render(reply, public, embeds=False)


def test_every_code_is_drawn_within_the_limits(bot: Bot) -> None:
    """All reply codes, the whole registry of enhanced codes, help and small talk."""
    asked = [
        *bot.knowledge.replies,
        *bot.knowledge.enhanced,
        "help",
        "",
        "450 vs 550",
        "what is 999?",
        "hello",
        "soft vs hard bounce",
    ]
    for text in asked:
        for payloads in drawn(bot, bot.answer(text)):
            check(payloads)


@pytest.mark.parametrize("folder", [TESTS / "mails", CORPUS / "mails"], ids=["mails", "corpus"])
def test_every_mail_is_drawn_within_the_limits(bot: Bot, folder: Path) -> None:
    """With addresses masked in public, and the values read back as they were."""
    if not folder.is_dir():
        pytest.skip("there is no such folder here")
    count = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix in (".yaml", ".md"):
            continue
        reply = bot.answer_mail(path.read_bytes(), drafts=True)
        if not reply.message.parts:
            continue
        for payloads in drawn(bot, reply):
            check(payloads)
        shown = json.dumps(render(reply, public=True), ensure_ascii=False)
        assert not re.search(r"[^\s•<>()\\\"]{2,}@[\w-]+\.\w", shown.replace("•••@", "")), path.name
        if reply.answers:
            check_values(bot, reply)
        if reply.drafts:
            check(render_drafts(reply.drafts))
            check(render_drafts(reply.drafts, embeds=False))
        count += 1
    assert count > 50


def check_values(bot: Bot, reply: Reply) -> None:
    values = values_of(reply.answers[0], bot.knowledge)
    back = read_values(embed for payload in render(reply, True, values) for embed in payload.get("embeds", ()))
    assert back.items() <= {name: value.replace("`", "'") for name, value in values.items()}.items()
    assert not values or back


def test_silence_is_nothing(bot: Bot) -> None:
    """Nothing is sent where there is nothing to say."""
    assert render(bot.answer("lunch?", "channel")) == ()


@pytest.mark.parametrize(
    "paste",
    ["<@1234>", "<@&1234>", "<#1234>", "<t:1>", "</smtp:1>", "<a:x:1>", "@here", "@Everyone", "[click](https://evil.example)", "# big", "> quote",
     "||secret||", "~~gone~~", "**bold** __under__", "- list", "1. list", "https://evil.example/x", "<https://evil.example>", "-# small", "a\\*b*"],
)  # fmt: skip
def test_no_paste_becomes_active(paste: str) -> None:
    """In any part, of any kind, in embeds and in text."""
    parts = tuple(
        Part(kind, paste, (paste, f"`{paste}`"), paste)
        for kind in ("heading", "text", "steps", "note", "source", "examples")
    )
    reply = Reply("none", "slash", True, False, Message(parts))
    check(render(reply))
    check(render(reply, embeds=False))
    assert not re.search(r"^(?:#|>|-# <|\|\|)", escape(paste))


def test_links_are_active_only_where_they_are_ours(bot: Bot) -> None:
    """The source is a link; the same host in a pasted reply is none."""
    assert "](https://www.rfc-editor.org/" in json.dumps(render(bot.answer("451")))
    assert "<https://www.rfc-editor.org/" in json.dumps(render(bot.answer("451"), embeds=False))
    pasted = json.dumps(render(bot.answer("550 5.7.1 blocked, see https://evil.example/unlock?id=1")))
    assert "](https://evil.example" not in pasted


def test_code_stays_code_and_emphasis_stays_text() -> None:
    """Commands keep each character; stars and underscores around words of a paste format nothing."""
    part = Part("text", "Run `dig +short _dmarc.example.com | grep '*'` and *look* at _this_ a*b_c")
    text = render(Reply("none", "slash", True, False, Message((part,))))[0]["embeds"][0]["description"]
    assert "`dig +short _dmarc.example.com | grep '*'`" in text
    assert r"\*look\*" in text and r"\_this\_" in text


@pytest.mark.parametrize("char", ["word & <word> ", "*", "😀", "\\", "`a` ", "[x](", "@everyone "])
def test_too_much_is_cut_within_the_limits(char: str) -> None:
    """Hundreds of parts and parts of any length, of any kind of characters."""
    long = Part("text", char * 20_000)
    parts = (Part("heading", char * 500), long, Part("steps", items=(char * 9_000,) * 5), Part("heading", "x"), long)
    check(render(Reply("none", "slash", True, False, Message(parts))))
    check(render(Reply("none", "slash", True, False, Message(parts)), embeds=False))


def test_many_parts_are_cut_and_say_so() -> None:
    """The last message says that there was more."""
    for embeds in (True, False):
        parts = tuple(Part(kind, "line " * 90) for _ in range(200) for kind in ("heading", "text"))
        payloads = render(Reply("none", "slash", True, False, Message(parts)), embeds=embeds)
        check(payloads)
        assert payloads[-1] == {"content": limits.CUT}


def test_values_survive_a_round_through_discord() -> None:
    """What is shown is read back; nothing else is taken for a value."""
    values = {"ip": "192.0.2.7", "sender_domain": "example.com", "host": "mx.example.org", "queue_id": "4F2A`31"}
    reply = Reply("none", "slash", True, False, Message((Part("text", "IP address `203.0.113.1` is not it"),)))
    (payload,) = render(reply, values=values)
    assert read_values(payload["embeds"]) == values | {"queue_id": "4F2A'31"}
    odd: list[Mapping[str, Any]] = [{}, {"fields": [{"name": limits.VALUES, "value": "Shoe size `44`"}]}]
    assert read_values(odd) == {}
