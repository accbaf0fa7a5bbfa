"""Whole mails and how they are to be read: a mail and its expected reading are two files with one stem."""

import base64
import binascii
import email
import html
import quopri
import re
from collections import Counter
from email.header import decode_header
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app import Bot
from bot.readers.mail import read_mail
from bot.readers.prose import report_part
from bot.record import record

HERE = Path(__file__).parent
MAILS = sorted((HERE / "mails").glob("*.eml"))
READERS = yaml.safe_load((HERE / "readers_index.yaml").read_text("utf-8"))
CAUSES = yaml.safe_load((HERE.parent / "data" / "causes.yaml").read_text("utf-8"))["causes"]
EXPECTED = {"what", "reader", "is_bounce", "sort", "answers", "derived"}
PLACES = ("recipient", "remote_mta", "reporting_mta")
CODES = ("reply_code", "enhanced_code")
each_mail = pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)


def read_expected(mail: Path) -> dict[str, Any]:
    expected: dict[str, Any] = yaml.safe_load(mail.with_suffix(".yaml").read_text("utf-8"))
    return expected


def decode(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset or "utf-8")
    except (LookupError, ValueError):
        return raw.decode("cp1252", "replace")


def read_header(value: str) -> str:
    pieces = decode_header(value)
    return " ".join(text if isinstance(text, str) else decode(text, charset) for text, charset in pieces)


def read_parts(message: Message) -> list[str]:
    texts = [read_header(str(value)) for value in message.values()]
    for part in message.walk():
        raw = part.get_payload(decode=True)
        if isinstance(raw, bytes):
            charset = part.get_content_charset()
            texts += [decode(raw, "utf-7" if charset == "unicode-1-1-utf-7" else charset)]
    return texts


def read_base64(raw: bytes) -> list[str]:
    texts = []
    for block in re.findall(rb"(?:^[A-Za-z0-9+/]{40,76}={0,2}\n)+[A-Za-z0-9+/]*={0,2}$", raw, re.MULTILINE):
        try:
            texts.append(base64.b64decode(block).decode("utf-8", "replace"))
        except binascii.Error:
            continue
    return texts


def unwrap(raw: bytes) -> tuple[str, str]:
    """Everything a mail says, decoded: with single blanks for white space, and with none."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    texts = [decode(raw, "utf-8"), decode(quopri.decodestring(raw), "utf-8"), *read_base64(raw)]
    texts += read_parts(email.message_from_bytes(raw))
    text = " ".join(html.unescape("\n".join(texts)).split())
    return text, text.replace(" ", "")


def test_there_are_mails():
    """The folder is there, is not empty, and holds nothing but pairs."""
    assert len(MAILS) >= 110
    assert {path.stem for path in MAILS} == {path.stem for path in (HERE / "mails").glob("*.yaml")}


@each_mail
def test_expectation_is_well_formed(mail):
    """An expected reading names its reader and uses only fields and causes that exist."""
    expected = read_expected(mail)
    assert expected.keys() <= EXPECTED
    assert expected["what"] and isinstance(expected["is_bounce"], bool)
    assert expected["reader"] in READERS
    assert {answer["cause"] for answer in expected.get("answers", ()) if "cause" in answer} <= CAUSES.keys()


@each_mail
def test_mail_is_read(mail, bot):
    """Every field that the expected reading gives is the record's."""
    expected = read_expected(mail)
    raw = mail.read_bytes()
    made = record(bot.answer_mail(raw))
    got = {"is_bounce": made["is_bounce"]} | ({"sort": read_mail(raw).sort} if "sort" in expected else {})
    wanted = {name: expected[name] for name in got}
    if "answers" in expected:
        wanted["answers"] = expected["answers"]
        got["answers"] = [
            {name: answer[name] for name in fields}
            for fields, answer in zip(wanted["answers"], made["answers"], strict=False)
        ] + [{"recipient": answer["recipient"]} for answer in made["answers"][len(wanted["answers"]) :]]
    assert got == wanted


@each_mail
def test_nothing_is_invented(mail, bot):
    """Every code, address and host of a record stands in the mail, or is listed as derived."""
    raw = mail.read_bytes()
    spaced, joined = unwrap(raw)
    derived = read_expected(mail).get("derived", ())
    for answer in record(bot.answer_mail(raw))["answers"]:
        for name in (*CODES, *PLACES):
            value = answer[name]
            if value is None or name in answer["derived"] or value in derived:
                continue
            if name in CODES:
                assert re.search(rf"(?<![\d.]){re.escape(value)}(?!\d|\.\d)", spaced), (name, value)
            else:
                assert value in spaced or value in joined, (name, value)


def test_each_reader_has_two_mails():
    """Every reader of the index is covered at least twice, and no mail names another."""
    counted = Counter(read_expected(mail)["reader"] for mail in MAILS)
    assert counted.keys() == READERS.keys()
    assert {name: count for name, count in counted.items() if count < 2} == {}


def test_no_two_mails_are_alike():
    """After digits, case and white space are taken away, every mail is another one."""
    seen: dict[bytes, str] = {}
    for mail in MAILS:
        normal = re.sub(rb"[\d\s]+", b"", mail.read_bytes()).lower()
        assert seen.setdefault(normal, mail.stem) == mail.stem


def test_no_two_mails_say_the_same():
    """No two expected readings are described with the same sentence."""
    counted = Counter(read_expected(mail)["what"] for mail in MAILS)
    assert [what for what, count in counted.items() if count > 1] == []


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parent / "mails").glob("*.eml")), ids=lambda path: str(path.stem)
)
@pytest.mark.parametrize("own", ["Hi, can you please look at this mail?\n\n", "see below, what is wrong?\n"])
def test_words_of_ones_own_before_a_pasted_mail_change_nothing(bot: Bot, path: Path, own: str) -> None:
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        pytest.skip("a paste is Unicode text; this mail is bytes in another charset")
    alone, led = bot.answer(text), bot.answer(own + text)
    assert [answer.headline for answer in led.answers] == [answer.headline for answer in alone.answers]
    assert [answer.failure.recipient for answer in led.answers] == [
        answer.failure.recipient for answer in alone.answers
    ]
    assert led.is_bounce == alone.is_bounce


@pytest.mark.parametrize("kind", ["text/plain", "image/png", "multipart/mixed; boundary=x"])
def test_a_charset_that_replaces_nothing_is_no_error(bot: Bot, kind: str) -> None:
    """`email` decodes by the charset that a part claims, and Python's idna raises on what it does not know."""
    head = f"From: MAILER-DAEMON@example.org\nSubject: Undelivered\nContent-Type: {kind}; charset=idna\n\n"
    assert bot.answer_mail(head.encode() + b"<kim@example.com>: 550 5.1.1 unbekannter Empf\xe4nger\n").is_bounce


@pytest.mark.parametrize(
    "mark",
    ["The first 50 lines of the original message:", "----- Original message -----", "Content-Type: message/rfc822",
     "BELOW IS YOUR MESSAGE", "RECEIVED-FROM-MTA: dns; mx.example.net", "> the HEADER of the message follows"],
)  # fmt: skip
def test_a_report_ends_where_the_returned_message_begins(mark: str) -> None:
    """Whatever the case of the words that say so, and with a letter before them that has two in lower case."""
    told = "İzmir could not deliver your message: 550 5.1.1 User unknown\n"
    assert report_part(f"{told}{mark}\nSubject: lunch\n") == told
