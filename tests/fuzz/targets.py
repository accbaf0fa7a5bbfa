"""What is fuzzed: each target takes any bytes and asserts what must hold of them. Replayed by pytest, explored by run.py."""

import re
from collections.abc import Callable
from functools import cache

from adapters.discord import render as discord
from adapters.slack import render as slack
from adapters.terminal import render as terminal
from bot import load
from bot.app import Bot
from bot.matching import Words, tokens
from bot.model import Reply
from bot.question import is_short, read_question
from bot.readers import events, exceptions, files, logs, mail
from bot.record import record
from bot.redaction import MASK, mask_addresses, redact
from bot.rendering import plain_text
from bot.undamage import MAX_TEXT, undamage

MAX_ANSWERS = 1_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BROADCAST = re.compile(r"<!|<@|<#|@(?:here|channel|everyone)\b", re.I)
_ADDRESS = re.compile(r"(?<![\w.])[\w.+-]{2,}@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I)


@cache
def the_bot() -> Bot:
    """One bot for all inputs; it keeps nothing of them."""
    return load()


def as_text(raw: bytes) -> str:
    """The bytes as a chat program would hand them over: text, whatever they were."""
    return raw.decode("utf-8", "replace")


def fuzz_undamage(raw: bytes) -> None:
    """Cleaning never grows a text much, leaves no control character and has nothing left to do the second time it is read."""
    text = as_text(raw)
    clean = undamage(text)
    assert len(clean) <= 2 * min(len(text), MAX_TEXT) + 64
    assert "\x1b" not in clean
    assert "\0" not in clean


def fuzz_question(raw: bytes) -> None:
    """A short text is read as a question without an exception, and its codes stand in it."""
    text = undamage(as_text(raw))[:300].strip()
    if not text or not is_short(text):
        return
    asked = read_question(text)
    for reply, status in asked.codes:
        assert reply is None or reply[0] in "0123456789"
        assert status is None or "." in status


def fuzz_mime(raw: bytes) -> None:
    """Any bytes are a mail of some sort; one recipient has one answer, and what was too much is named."""
    found = mail.read_mail(raw)
    assert found.sort
    named = [failure.recipient for failure in found.failures if failure.recipient]
    assert len(named) <= len(raw)


def fuzz_log(raw: bytes) -> None:
    """Log lines never raise; a queue id, host or address is taken from them as it stands."""
    text = undamage(as_text(raw))
    if logs.looks_like(text):
        logs.read_log(text)


def fuzz_json(raw: bytes) -> None:
    """JSON of a sending service, broken or deep, and exceptions of programs."""
    text = as_text(raw)
    events.is_json(text)
    events.read(text)
    exceptions.read(undamage(text))


def fuzz_files(raw: bytes) -> None:
    """Archives, compressed files and Outlook messages: each gives up to twenty texts, and a note where something is wrong."""
    for start in (b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe"):
        found = list(files.unpack(start + raw, "x.msg"))
        assert len(found) <= files.MAX_FILES + 1
        assert all(len(item.raw) <= files.MAX_FILE + 4 for item in found)


def fuzz_matching(raw: bytes) -> None:
    """Every phrase found lies inside the words of the text."""
    text = as_text(raw)[:20_000]
    words = Words(text)
    knowledge = the_bot().knowledge
    for first, last, matched in knowledge.phrases.find(words.words, text).values():
        assert 0 <= first <= last
        assert matched >= 1
        words.quote(first, last)
    assert isinstance(knowledge.marks.find(tokens(text)), set)


def fuzz_redaction(raw: bytes) -> None:
    """No address of two letters or more before its @ stays readable; a second pass brings none back."""
    text = as_text(raw)
    masked = mask_addresses(text)
    assert mask_addresses(masked).count("@") <= masked.count("@")
    plain = re.sub(r"[^\x20-\x7e]", " ", masked)
    for found in _ADDRESS.finditer(plain):
        assert MASK in masked or found[0].rpartition("@")[0][-1:] in "*_~=./-+", found[0]
    redact(text, ("a-secret-of-ours",))


def _replies(raw: bytes) -> tuple[Reply, ...]:
    bot = the_bot()
    return (
        bot.answer(as_text(raw), drafts=True),
        bot.answer(as_text(raw), "channel"),
        bot.answer_mail(raw, drafts=True),
    )


def fuzz_answer(raw: bytes) -> None:
    """Text, overheard text and file are answered, or passed over in silence where nobody asked."""
    told, overheard, mailed = _replies(raw)
    assert told.message.parts
    assert overheard.answered or not overheard.message.parts or overheard.kind != "none"
    for reply in (told, overheard, mailed):
        assert len(reply.answers) <= MAX_ANSWERS
        made = record(reply, "x")
        assert all(answer["cause"] for answer in made["answers"])


def fuzz_terminal(raw: bytes) -> None:
    """Nothing that moves a cursor or turns text around reaches the terminal."""
    for reply in _replies(raw):
        shown = terminal.render(reply.message, 80)
        assert not _CONTROL.search(shown)
        plain_text(reply.message)


def fuzz_slack(raw: bytes) -> None:
    """Within Slack's limits, no mention or broadcast in it, and no address where others read."""
    for reply in _replies(raw):
        drawn = slack.render(reply, public=True)
        assert len(drawn) <= slack.MAX_PAGES
        for page in drawn:
            assert len(page["blocks"]) <= slack.MAX_BLOCKS
            assert len(page["text"]) <= slack.MAX_FALLBACK
        assert not _BROADCAST.search(re.sub(r"<https?://[^>]*>", "", str(drawn)))


def fuzz_discord(raw: bytes) -> None:
    """Within Discord's limits as embeds and as plain text, and no mention or broadcast in it."""
    for reply in _replies(raw):
        for embeds in (True, False):
            drawn = discord.render(reply, public=True, embeds=embeds)
            assert len(drawn) <= discord.MAX_MESSAGES
            for page in drawn:
                assert len(page.get("content", "")) <= discord.MAX_CONTENT
                assert len(page.get("embeds", ())) <= discord.MAX_EMBEDS
                for embed in page.get("embeds", ()):
                    assert len(embed.get("title", "")) <= discord.MAX_TITLE
                    assert len(embed.get("description", "")) <= discord.MAX_DESCRIPTION
            assert not _BROADCAST.search(str(drawn))


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): target for name, target in sorted(globals().items()) if name.startswith("fuzz_")
}
