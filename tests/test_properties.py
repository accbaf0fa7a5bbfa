"""What people and programs do to a text on its way changes neither the cause nor the codes; nothing raises; time grows with length."""

import html
import re
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import load
from bot.app import Bot
from bot.model import Reply
from bot.rendering import plain_text
from tests.timing import grows

HERE = Path(__file__).parent
TEXTS: dict[str, str] = {
    path.stem: path.read_bytes().decode("utf-8", "replace") for path in sorted((HERE / "mails").glob("*.eml"))
} | {
    f"{family}-{number}": row["text"]
    for family, rows in yaml.safe_load((HERE / "lines.yaml").read_text("utf-8")).items()
    for number, row in enumerate(rows)
    if "text" in row
}
LINES = {name: text for name, text in TEXTS.items() if not (HERE / "mails" / f"{name}.eml").exists()}
QUICK = settings(max_examples=80, derandomize=True, deadline=None, database=None)

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WORD = re.compile(r"(?<![\w@.#/=:<\-])[a-z]{2,}(?![\w@/=:>\-]|\.\w)")


def rewrapped(text: str) -> str:
    """Each line wrapped at 70 columns, as mail programs do it."""
    return "\n".join(
        "\n".join(textwrap.wrap(line, 70, break_long_words=False, break_on_hyphens=False)) for line in text.splitlines()
    )


def quoted(text: str) -> str:
    """A quote mark before each line."""
    return "\n".join("> " + line for line in text.splitlines())


def escaped(text: str) -> str:
    """As HTML."""
    return html.escape(text, quote=False)


def slacked(text: str) -> str:
    """Addresses as Slack's links, the three signs as its entities."""
    return _ADDRESS.sub(lambda found: f"<mailto:{found[0]}|{found[0]}>", html.escape(text, quote=False))


def shouted(text: str) -> str:
    """Plain words in capitals; codes, addresses, hosts, fields and anything with a capital already stay."""
    return _WORD.sub(lambda found: found[0].upper(), text)


def chatted(text: str) -> str:
    """With what a person writes around it."""
    return f"hi all, got this:\n\n{text.strip()}\n\nany idea?"


DAMAGES: dict[str, Callable[[str], str]] = {
    made.__name__: made for made in (rewrapped, quoted, escaped, slacked, shouted, chatted)
}
# Left out, each for its reason. A name may be a family (`events`) or a single text.
_BREAKS = "JSON and CSV: line breaks are its format, and wrapping breaks it"
_CUT = "a block for one address is cut where the next one could begin"
_CASE = "names of fields and events keep their case; a program writes them in one way only"
EXCLUDED: dict[str, dict[str, str]] = {
    "rewrapped": {
        "broken-cut-in-the-middle": _CUT, "exim-old-plain": _CUT, "logs-50": _CUT, "events-22": _BREAKS,
        **dict.fromkeys("logs-53 logs-79 logs-80 logs-81".split(), _BREAKS),
    },
    "quoted": {},
    "escaped": {},
    "slacked": {},
    "shouted": dict.fromkeys("events exceptions-19 exceptions-56 exceptions-57 logs-15 logs-23 logs-36 logs-42 logs-44 logs-45 logs-47 logs-95".split(), _CASE),
    "chatted": {},
}  # fmt: skip


def told(reply: Reply) -> list[tuple[str, str | None, str | None]]:
    """Cause and codes of each answer, in an order that does not depend on the text's."""
    rows = [(answer.verdict.cause, answer.failure.reply_code, answer.failure.enhanced_code) for answer in reply.answers]
    return sorted(rows, key=str)


@pytest.fixture(scope="module")
def clean(bot: Bot) -> dict[str, list[tuple[str, str | None, str | None]]]:
    """What is read from each text as it is."""
    return {name: told(bot.answer(text)) for name, text in TEXTS.items()}


def names_for(damage: str) -> list[str]:
    """The texts that the damage must not change."""
    left_out = EXCLUDED[damage]
    return [name for name in TEXTS if name not in left_out and name.rpartition("-")[0] not in left_out]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_changes_neither_cause_nor_codes(
    bot: Bot, clean: dict[str, list[tuple[str, str | None, str | None]]], damage: str
) -> None:
    """Every text that the damage leaves readable."""
    changed = {}
    for name in names_for(damage):
        got = told(bot.answer(DAMAGES[damage](TEXTS[name])))
        if got != clean[name]:
            changed[name] = (clean[name], got)
    assert changed == {}


def test_few_texts_are_left_out() -> None:
    """Six in seven stay in each test, and each that is left out exists."""
    for damage, left_out in EXCLUDED.items():
        assert len(names_for(damage)) >= len(TEXTS) * 6 // 7
        assert left_out.keys() <= TEXTS.keys() | {"events"}


@QUICK
@given(
    name=st.sampled_from([name for name in names_for("rewrapped") if name in names_for("chatted")]),
    second=st.sampled_from(["quoted", "escaped", "slacked"]),
    first=st.sampled_from(["quoted", "escaped"]),
)
def test_two_damages_at_once_change_nothing_either(name: str, first: str, second: str) -> None:
    """What was quoted or escaped, quoted, escaped or mangled once more."""
    text = TEXTS[name]
    assert told(BOT.answer(DAMAGES[second](DAMAGES[first](text)))) == told(BOT.answer(text))


class _Lazy:
    """The bot for properties, which take no fixtures; made at the first use."""

    made: Bot | None = None

    def __getattr__(self, name: str) -> object:
        type(self).made = type(self).made or load()
        return getattr(type(self).made, name)


BOT: Bot = _Lazy()  # type: ignore[assignment]

_PIECES = [
    b"From: a@example.org\n", b"Subject: =?utf-8?B?//8=?=\n", b"Content-Type: multipart/report; boundary=x\n", b"--x\n", b"--x--\n", b"\n", b"\r", b"\0",
    b"Content-Transfer-Encoding: base64\n", b"Content-Type: message/delivery-status\n", b"Content-Type: text/plain; charset=nonsense\n",
    b"Content-Type: multipart/mixed; boundary=x; charset=idna\n",
    b"Content-Type: message/rfc822\n", b"Final-Recipient: rfc822; kim@example.com\n", b"Status: 5.1.1\n", b"Diagnostic-Code: smtp; 550 5.1.1 no\n",
    b"Date: 99 Nov 99999\n", b"\xff\xfe", b"=?", b"550 5.1.1 User unknown\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\"event\": [", b" ",
]  # fmt: skip
_BYTES = st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join))


@QUICK
@given(_BYTES)
def test_no_bytes_raise(raw: bytes) -> None:
    """As a file, bare and after the head of a mail, in every way of asking."""
    for told_bytes in (raw, b"From: a@example.org\nMIME-Version: 1.0\n" + raw):
        for via in ("slash", "channel"):
            reply = BOT.answer_mail(told_bytes, via, drafts=True)  # type: ignore[arg-type]
            assert via == "channel" or plain_text(reply.message)


@QUICK
@given(
    name=st.sampled_from(sorted(TEXTS)),
    start=st.integers(0, 4_000),
    size=st.integers(0, 200),
    put=st.binary(max_size=8),
)
def test_no_broken_mail_raises(name: str, start: int, size: int, put: bytes) -> None:
    """A piece taken out anywhere, bytes put in its place."""
    raw = TEXTS[name].encode("utf-8", "replace")
    BOT.answer_mail(raw[:start] + put + raw[start + size :], drafts=True)


@QUICK
@given(
    st.one_of(
        st.text(max_size=400),
        st.lists(
            st.sampled_from([*LINES.values(), *map(bytes.decode, filter(bytes.isascii, _PIECES))]), max_size=3
        ).map("".join),
    )
)
def test_no_text_raises(text: str) -> None:
    """Pieces of real lines among them; something is always said to who asked."""
    for via in ("slash", "mention", "channel"):
        reply = BOT.answer(text, via, drafts=True)  # type: ignore[arg-type]
        assert via == "channel" or plain_text(reply.message)


_HEAD = b"From: MAILER-DAEMON@mx.example.org\nTo: lee@example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"
_REPORT = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n%s\n--b\n"
    b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; kim@example.com\n"
    b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n%s--b--\n"
)
_ATTACHED = b"--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n%s\n"
SHAPES: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "a long part": (1_000_000, lambda n: _HEAD + _REPORT % (b"All is told below.\n" * (n // 19), b"")),
    "one long line": (1_000_000, lambda n: _HEAD + _REPORT % (b"a" * n, b"")),
    "many headers": (60_000, lambda n: _HEAD + b"".join(b"X-Trace-%d: a\n" % i for i in range(n)) + _REPORT % (b"", b"")),
    "nested parts": (
        2_000,
        lambda n: _HEAD
        + b"".join(b"Content-Type: multipart/mixed; boundary=n%d\n\n--n%d\n" % (i, i) for i in range(n))
        + _REPORT % (b"", b""),
    ),
    "one long header": (200_000, lambda n: _HEAD + b"References: " + b"<a@b.example> " * (n // 14) + b"\n" + _REPORT % (b"", b"")),
    "a folded header": (200_000, lambda n: _HEAD + b"Received: x" + b"\n by y" * (n // 6) + b"\n" + _REPORT % (b"", b"")),
    "a large attachment": (10_000_000, lambda n: _HEAD + _REPORT % (b"", _ATTACHED % ((b"QUJD" * 19 + b"\n") * (n // 77)))),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_an_enormous_mail_is_answered_clearly_within_two_seconds(bot: Bot, name: str) -> None:
    """The report in it is found, or a line says why not; never nothing."""
    size, make = SHAPES[name]
    raw = make(size)
    begun = time.process_time()
    reply = bot.answer_mail(raw)
    assert time.process_time() - begun < 2
    assert plain_text(reply.message)
    deep = name == "nested parts"  # deeper than what is read; said to be unclear, not guessed
    assert told(reply) == ([("unclear", None, None)] if deep else [("mailbox-not-found", "550", "5.1.1")])


@pytest.mark.parametrize("name", SHAPES)
def test_time_grows_with_the_mail_only(name: str) -> None:
    """Four times as much takes less than eight times as long."""
    size, make = SHAPES[name]
    small, large = make(size // 8), make(size // 2)
    assert grows(lambda: BOT.answer_mail(small), lambda: BOT.answer_mail(large), 8)
