"""Every answer drawn for Slack keeps to its limits, survives Slack's own models, and reads well as text alone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from adapters.slack import render as limits
from adapters.slack.actions import buttons
from adapters.slack.render import escape, fitted, render
from adapters.slack.responding import MAX_RESPONSES
from bot.app import Bot
from bot.model import Message, Part, Reply

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
ACTIVE = re.compile(r"<[!@#]|@(?:here|channel|everyone)\b|<mailto:|\|")
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
OWN_LINK = re.compile(r"<(https://[^<>|]+)\|([^<>|]+)>")


def check(pages: list[dict[str, Any]]) -> None:
    """All that Slack asks of messages."""
    assert 0 < len(pages) <= limits.MAX_PAGES
    for payload in pages:
        check_message(payload)


def check_message(payload: dict[str, Any]) -> None:
    """All that Slack asks of one message."""
    blocks, text = payload["blocks"], payload["text"]
    assert 0 < len(blocks) <= limits.MAX_BLOCKS == 50
    assert 0 < len(text) <= limits.MAX_FALLBACK
    check_mrkdwn(text)
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None and parsed.to_dict() == block
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= limits.MAX_HEADER == 150
            assert not re.search(r"@(?:here|channel|everyone)\b", block["text"]["text"])
        elif block["type"] == "section":
            assert set(block) == {"type", "text"}
            check_text(block["text"], limits.MAX_SECTION)
            assert limits.MAX_SECTION == 3_000
        elif block["type"] == "actions":
            assert 0 < len(block["elements"]) <= 25
            for element in block["elements"]:
                assert len(element["action_id"]) <= 255 and len(element["value"]) <= 2_000
                assert 0 < len(element["text"]["text"]) <= 75 and element["text"]["type"] == "plain_text"
            assert len({element["action_id"] for element in block["elements"]}) == len(block["elements"])
        elif block["type"] == "context_actions":
            assert 0 < len(block["elements"]) <= 5
        elif block["type"] == "context":
            assert 0 < len(block["elements"]) <= limits.MAX_ELEMENTS == 10
            for element in block["elements"]:
                check_text(element, limits.MAX_CONTEXT)
        else:
            assert block == {"type": "divider"}


def check_text(text: dict[str, Any], limit: int) -> None:
    assert text["type"] == "mrkdwn" and text["verbatim"] is True
    assert 0 < len(text["text"]) <= limit
    check_mrkdwn(text["text"])


def check_mrkdwn(text: str) -> None:
    assert not ENTITY.search(text), text
    for url, name in OWN_LINK.findall(text):  # a link shows where it leads
        assert url.removeprefix("https://").removeprefix("www.").startswith(name.removesuffix("/…"))
    rest = OWN_LINK.sub("", text)
    assert "<" not in rest and ">" not in rest
    assert not ACTIVE.search(rest.replace("|", "")), text


def code_questions(bot: Bot) -> Iterator[str]:
    yield from bot.knowledge.replies
    yield from bot.knowledge.enhanced
    yield from (
        "help",
        "",
        "450 vs 550",
        "soft vs hard bounce",
        "what is 999?",
        "hello",
        "gmail says my mail is unauthenticated",
    )


def test_every_code_is_drawn_within_the_limits(bot: Bot) -> None:
    """All reply codes, the whole registry of enhanced codes, help and small talk."""
    count = 0
    for text in code_questions(bot):
        for public in (False, True):
            reply = bot.answer(text)
            check(render(reply, public, buttons(reply, bot.knowledge, sharable=not public)))
            count += 1
    assert count > 200


def corpus_replies(bot: Bot) -> Iterator[tuple[str, Reply]]:
    for line in (CORPUS / "lines.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        yield item["id"], bot.answer(item["text"], "mention")
    for mail in sorted((CORPUS / "mails").glob("*.eml")):
        yield mail.stem, bot.answer_mail(mail.read_bytes(), "mention")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the checkout")
def test_every_answer_of_the_corpus_is_drawn_within_the_limits(bot: Bot) -> None:
    """Real bounces, private and public; where others read, no local part of an address is left."""
    count = 0
    for name, reply in corpus_replies(bot):
        if not reply.message.parts:
            continue
        check(render(reply, below=buttons(reply, bot.knowledge, sharable=True)))
        public = render(reply, public=True)
        check(public)
        shown = json.dumps(public, ensure_ascii=False)
        for answer in reply.answers:
            address = answer.failure.recipient or ""
            if "@" in address and len(address.split("@")[0]) > 1:
                assert address not in shown, name
        assert not re.search(r"[^\s•<>()]{2,}@[\w-]+\.\w", shown.replace("•••@", "")), name
        count += 1
    assert count > 500


def test_fallback_reads_well_alone(bot: Bot) -> None:
    """It is the notification and what a screen reader speaks: headline first, all parts, no mark-up."""
    reply = bot.answer("550 5.1.1 <kim@example.com>: User unknown")
    text = render(reply)[0]["text"]
    lines = text.splitlines()
    assert lines[0] == reply.answers[0].headline
    assert "1. " in text and "Whose move: " in text
    assert not re.search(r"[*`]|:\w+:|&lt;https", text)


def test_silence_is_nothing(bot: Bot) -> None:
    """Nothing is sent where there is nothing to say."""
    assert render(bot.answer("lunch?", "channel")) == []


@pytest.mark.parametrize(
    "paste",
    ["<!channel>", "<!here|here>", "<@U0000000002>", "<#C0000000001|x>", "@here", "@Channel", "@everyone", "<!subteam^S1>", "a & b &lt; c",
     "<https://evil.example|click>", "<mailto:a@b.example|x>", "<tel:1>"],
)  # fmt: skip
def test_no_paste_becomes_active(paste: str) -> None:
    """In any part, of any kind."""
    parts = tuple(
        Part(kind, paste, (paste, f"`{paste}`"), paste)
        for kind in ("heading", "text", "steps", "note", "source", "examples")
    )
    pages = render(Reply("none", "slash", True, False, Message(parts)))
    check(pages)
    assert "<" not in json.dumps([b for b in pages[0]["blocks"] if b["type"] != "header"])


def test_links_are_active_only_where_they_are_ours(bot: Bot) -> None:
    """The source is a link; the same host in a pasted reply is none."""
    own = json.dumps(render(bot.answer("451")))
    assert "<https://www.rfc-editor.org/" in own
    pasted = json.dumps(render(bot.answer("550 5.7.1 blocked, see https://evil.example/unlock?id=1")))
    assert "<https://evil.example" not in pasted


def test_code_stays_code_and_emphasis_stays_text() -> None:
    """Commands keep each character; stars and underscores around words of a paste format nothing."""
    part = Part("text", "Run `dig +short _dmarc.example.com | grep '*'` and *look* at _this_ a*b_c")
    text = render(Reply("none", "slash", True, False, Message((part,))))[0]["blocks"][0]["text"]["text"]
    assert "`dig +short _dmarc.example.com | grep '*'`" in text
    assert "*look*" not in text and "_this_" not in text and "a*b_c" in text


def test_long_answers_go_on_in_further_messages_and_too_much_is_cut_and_says_so() -> None:
    """Hundreds of parts and parts of any length."""
    long = Part("text", "word & <word> " * 2_000)
    check(
        render(
            Reply(
                "none",
                "slash",
                True,
                False,
                Message((Part("heading", "H" * 500), long, Part("steps", items=("x" * 9_000,) * 5))),
            )
        )
    )
    for number, pages in ((60, 2), (300, limits.MAX_PAGES)):
        many = render(
            Reply("none", "slash", True, False, Message(tuple(Part("text", f"line {n}") for n in range(number))))
        )
        check(many)
        assert len(many) == pages and many[1]["text"] == limits.CONTINUED
        assert (limits.CUT in json.dumps(many[-1], ensure_ascii=False)) is (number == 300)
    entities = render(Reply("none", "slash", True, False, Message((Part("text", "&" * 9_000),))))
    check(entities)


@pytest.mark.parametrize(("parts", "messages"), [(6, 1), (20, 4), (40, 4)])
def test_answers_are_joined_into_as_many_messages_as_a_response_url_takes(parts: int, messages: int) -> None:
    """Nothing is lost where it fits; where it does not, the last message says so. Few answers stay messages of their own."""
    pages = [
        page for n in range(7)
        for page in render(Reply("none", "slash", True, False, Message(tuple(Part("text", f"line {n}.{m}.") for m in range(parts)))))
    ]  # fmt: skip
    assert fitted(pages[:MAX_RESPONSES], MAX_RESPONSES) == pages[:MAX_RESPONSES]
    joined = fitted(pages, MAX_RESPONSES)
    for page in joined:
        check([page])
    shown = json.dumps(joined)
    assert len(joined) == messages
    lost = [f"line {n}.{m}." for n in range(7) for m in range(parts) if f"line {n}.{m}." not in shown]
    assert bool(lost) is (limits.CUT in json.dumps(joined[-1], ensure_ascii=False)) is (parts == 40)


@pytest.mark.parametrize(
    ("text", "escaped"), [("a<b>&c", "a&lt;b&gt;&amp;c"), ("\u202eevil\x00", "evil"), ("é ✓", "é ✓")]
)
def test_escape(text: str, escaped: str) -> None:
    """Slack's three characters, and what nobody sees."""
    assert escape(text) == escaped


def test_forty_recipients_stay_readable(bot: Bot) -> None:
    """One message: what happened for each reason, how many it is about, the first few by name."""
    replies = [
        ("5.1.1", "550 5.1.1 User unknown"), ("5.2.2", "552 5.2.2 Mailbox full"), ("5.7.1", "554 5.7.1 Message rejected as spam"),
        ("4.4.1", "421 4.4.1 Connection timed out"),
    ]  # fmt: skip
    fields = [
        f"Final-Recipient: rfc822; user{number}@example.org\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n"
        for number, (status, said) in zip(range(40), replies * 10, strict=False)
    ]
    head = "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
    report = "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    reply = bot.answer_mail((head + report + "\r\n".join(fields) + "\r\n--x--\r\n").encode())
    assert len(reply.answers) == 40
    pages = render(reply, True, buttons(reply, bot.knowledge))
    check(pages)
    assert len(pages) == 1 and len(pages[0]["text"]) < 4_000
    assert "40 recipients" in pages[0]["text"] and "user39" not in pages[0]["text"]
