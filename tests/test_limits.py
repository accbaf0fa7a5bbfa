"""Hostile and odd input: a clear answer, no traceback, bounded time, linear growth."""

import time

import pytest

from bot.app import Bot
from bot.rendering import plain_text
from bot.undamage import MAX_TEXT
from tests.timing import grows_linearly, repeat

MEGABYTE = 1_000_000
HOSTILE = {
    "one letter": "a",
    "blocked lines": "550 5.7.1 blocked\n",
    "one long reply": "550 from address rejected ",
    "quotes": "> ",
    "addresses": "a@b.example ",
    "half addresses": "aaaaaaaaaaaaaaaaaaaa@",
    "angle brackets": "<<<<a@b>",
    "arrows": "-> 550 ",
    "said": "said: 550 ",
    "headers": "Received: from a by b\n",
    "fields": "Final-Recipient: rfc822; a@example.org\nAction: failed\n",
    "open fields": "Diagnostic-Code: smtp; 550 no\n ",
    "log": "postfix/smtp[1]: ABCDEF1234: to=<a@example.org>, relay=x[192.0.2.1]:25, dsn=5.1.1, status=bounced (host said: 550 no)\n",
    "exim": "2026-01-01 10:00:00 1abcde-000001-Ab ** a@example.org R=dnslookup T=remote_smtp: 550 no\n",
    "json": '{"a":[',
    "python": "(550, b'no') ",
    "escapes": "\\n\\t\\u0041",
    "entities": "&lt;&amp;&gt;",
    "ansi": "\x1b[31m",
    "zero width": "\u200b",
    "emoji": "🙂",
    "dots": "5.1.1.",
    "equals": "=3D=\n",
    "colons": "a:b:c:d:",
    "tags": "<b><i>",
    "transcript": "<<< 550 no\n>>> RCPT TO:<a@example.org>\n",
    "dashes": "-----\n",
    "marks": "OFR_416 S3140 TSS04 ",
    "cjk": "收件人不存在",
    "spaces": " ",
    "newlines": "\n",
    "reasons": "    (reason: 550 no)\n",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_megabyte_of_anything_is_answered_within_a_second(bot: Bot, name: str) -> None:
    """As text and as a file."""
    text = repeat(HOSTILE[name], MEGABYTE)
    for answer in (lambda: bot.answer(text), lambda: bot.answer_mail(text.encode("utf-8", "replace"))):
        begun = time.process_time()
        reply = answer()
        assert time.process_time() - begun < 2.0  # a second on a quiet machine
        assert plain_text(reply.message)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_time_grows_linearly(bot: Bot, name: str) -> None:
    """Four times the text takes less than eight times as long."""
    assert grows_linearly(bot.answer, HOSTILE[name], 50_000)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\n\n", "🙂🙂", "\x00\x01\x02", "\ufeff", "?" * 50, ">" * 500, "\u202e", "﷽" * 30, "a" * 5_000],
)
def test_odd_texts_get_a_clear_line(bot: Bot, text: str) -> None:
    """Nothing, only signs, only emoji: a line that says what can be sent, or the help; silence in a channel."""
    reply = bot.answer(text)
    assert not reply.answered and plain_text(reply.message)
    assert plain_text(bot.answer(text, "channel").message) == ""


def test_a_long_text_says_what_was_read(bot: Bot) -> None:
    """The limit is named in the answer."""
    reply = bot.answer("550 5.1.1 User unknown\n" + "x" * MAX_TEXT)
    assert "256,000" in plain_text(reply.message)


@pytest.mark.parametrize(
    "raw", [b"", b"\x00" * 100, bytes(range(256)) * 50, b"\xff\xfe" * 1000, b"\x89PNG\r\n\x1a\n" + b"\x00" * 500]
)
def test_binary_files_get_a_clear_line(bot: Bot, raw: bytes) -> None:
    """What is no text is said to be none."""
    assert plain_text(bot.answer_mail(raw).message)


def test_ten_thousand_lines(bot: Bot) -> None:
    """Many lines are read, the answer stays short."""
    reply = bot.answer("\n".join(f"<user{n}@example.org>: 550 5.1.1 User unknown" for n in range(10_000)))
    assert reply.answered and len(plain_text(reply.message).split()) < 400


def test_no_terminal_escape_or_direction_mark_gets_through(bot: Bot) -> None:
    """What a terminal would obey never comes out."""
    from adapters.terminal.render import render

    shown = render(bot.answer("550 5.1.1 \x1b[2J\x1b]0;title\x07<a\u202e@example.org>: User unknown\x08").message)
    assert "\x1b" not in shown and "\u202e" not in shown and "\x08" not in shown


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        (b"X-Hop: 1\n" * 2_500, "Only the first 2,000 header lines were read."),
        (b"Content-Type: text/plain\n\n" + b"words " * 2_000_000, "Only the first 10 MB of the message were read."),
    ],
)
def test_a_mail_beyond_a_limit_is_answered_and_the_limit_named(bot: Bot, raw: bytes, limit: str) -> None:
    lead, _, rest = raw.partition(b"\n\n")
    said = b"<a@example.org>: host mx.example.org said: 550 5.1.1 User unknown\n"
    head = b"From: MAILER-DAEMON@example.com\nSubject: Undelivered Mail Returned to Sender\n" + lead + b"\n\n"
    reply = bot.answer_mail(head.replace(b"\n\n\n", b"\n\n") + said + rest)
    assert reply.answers[0].verdict.cause == "mailbox-not-found"
    assert limit in [part.text for part in reply.message.parts if part.kind == "note"]
