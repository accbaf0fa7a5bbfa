"""Files that hold mails and logs: Outlook's .msg, .gz, .zip within limits, tables and JSON lines."""

import gzip
import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import Bot
from bot.readers import files

LINE = b"Oct 10 12:00:01 mx1 postfix/smtp[1]: 4F2A31B0C7: to=<kim@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))\n"
UNICODE, INTEGER = 0x001F, 0x0003

Storage = dict[str, "bytes | Storage"]


def _compound(root: Storage) -> bytes:
    """A compound file (MS-CFB, version 3) with the given streams and storages, all streams in the mini stream."""
    entries: list[list[object]] = []  # name, kind, right sibling, child, start, size
    mini = b""
    chains: list[int] = []

    def add(name: str, node: "bytes | Storage", kind: int) -> int:
        nonlocal mini
        number = len(entries)
        entries.append([name, kind, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0])
        if isinstance(node, bytes):
            start = len(mini) // 64
            mini += node + b"\0" * (-len(node) % 64)
            count = max(1, (len(node) + 63) // 64) if node else 0
            chains.extend([*range(start + 1, start + count), 0xFFFFFFFE] if count else [])
            entries[number][4:] = [start if count else 0xFFFFFFFE, len(node)]
            return number
        previous = None
        for inner, value in node.items():
            child = add(inner, value, 2 if isinstance(value, bytes) else 1)
            if previous is None:
                entries[number][3] = child
            else:
                entries[previous][2] = child
            previous = child
        return number

    add("Root Entry", root, 5)
    padded = mini + b"\0" * (-len(mini) % 512)
    directory_sectors = (len(entries) + 3) // 4
    minifat = struct.pack(f"<{len(chains)}I", *chains)
    minifat += b"\xff" * (-len(minifat) % 512)
    sizes = [directory_sectors, len(minifat) // 512, len(padded) // 512]
    fat: list[int] = [0xFFFFFFFD]
    starts = []
    for size in sizes:
        starts.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + size), 0xFFFFFFFE]
    entries[0][4:] = [starts[2], len(mini)]
    directory = b""
    for name, kind, right, child, start, size in entries:
        encoded = str(name).encode("utf-16-le") + b"\0\0"
        directory += struct.pack(
            "<64sHBBIII16xI16xIII", encoded, len(encoded), kind, 1, 0xFFFFFFFF, right, child, 0, start, size, 0
        )
    directory += b"\0" * (-len(directory) % 512)
    assert len(fat) <= 128
    fat += [0xFFFFFFFF] * (128 - len(fat))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        0,
        1,
        starts[0],
        0,
        4096,
        starts[1],
        sizes[1],
        0xFFFFFFFE,
        0,
    )
    header += struct.pack("<I", 0) + b"\xff" * 4 * 108
    return header + struct.pack("<128I", *fat) + directory + minifat + padded


def _properties(values: dict[int, "str | int"], reserved: int) -> Storage:
    table = b"\0" * reserved
    streams: Storage = {}
    for number, value in values.items():
        if isinstance(value, int):
            table += struct.pack("<HHIq", INTEGER, number, 6, value)
        else:
            encoded = value.encode("utf-16-le")
            table += struct.pack("<HHIII", UNICODE, number, 6, len(encoded) + 2, 0)
            streams[f"__substg1.0_{number:04X}001F"] = encoded
    streams["__properties_version1.0"] = table
    return streams


def outlook_report(
    kind: str,
    recipients: list[tuple[str, str]],
    body: str = "Your message did not reach some or all of the intended recipients.",
) -> bytes:
    """A report as Outlook saves it: the reason is a property of each recipient."""
    root = _properties(
        {0x001A: kind, 0x0037: "Undeliverable: Hello", 0x1000: body, 0x6820: "mail.example.org", 0x340D: 0x40000}, 32
    )
    for number, (address, said) in enumerate(recipients):
        root[f"__recip_version1.0_#{number:08X}"] = _properties(
            {0x3001: address, 0x39FE: address, 0x0C1B: said, 0x0C15: 1}, 8
        )
    return _compound(root)


def test_outlooks_report_keeps_its_reason_in_properties(bot: Bot) -> None:
    """Each recipient's own words decide, not the body."""
    pytest.importorskip("oxmsg")
    raw = outlook_report(
        "REPORT.IPM.Note.NDR",
        [
            (
                "kim@example.com",
                "<mail.example.org #5.1.1 smtp;550 5.1.1 <kim@example.com>: Recipient address rejected: User unknown>",
            ),
            (
                "lee@example.net",
                "550 5.2.2 STOREDRV.Deliver: mailbox full. The following information should help identify the cause",
            ),
        ],
    )
    (found,) = files.unpack(raw, "Undeliverable.msg")
    assert found.note == ""
    reply = bot.answer_mail(found.raw)
    read = [
        (a.failure.recipient, a.failure.reply_code, a.failure.enhanced_code, a.verdict.cause) for a in reply.answers
    ]
    assert read == [
        ("kim@example.com", "550", "5.1.1", "mailbox-not-found"),
        ("lee@example.net", "550", "5.2.2", "mailbox-full"),
    ]


def test_outlooks_delay_report(bot: Bot) -> None:
    """A report of a delay is no failure yet."""
    pytest.importorskip("oxmsg")
    raw = outlook_report(
        "REPORT.IPM.Note.DELAYED", [("kim@example.com", "451 4.4.1 Connection timed out")], "Delivery is delayed."
    )
    (found,) = files.unpack(raw)
    (answer,) = bot.answer_mail(found.raw).answers
    assert (answer.failure.recipient, answer.verdict.fate, answer.verdict.permanence) == (
        "kim@example.com",
        "delayed",
        "temporary",
    )


def test_a_broken_outlook_file_is_said_to_be_broken() -> None:
    """No traceback, no words made up."""
    (found,) = files.unpack(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4_000, "x.msg")
    assert found.raw == b"" and found.note


@pytest.mark.parametrize("name", ["mail.log", "mail.txt", "bounces.csv", "events.json", "events.jsonl"])
def test_a_text_comes_back_as_it_is_and_out_of_gzip(name: str) -> None:
    """Plain and .gz give the same bytes."""
    assert [(f.name, f.raw) for f in files.unpack(LINE, name)] == [(name, LINE)]
    assert [(f.name, f.raw) for f in files.unpack(gzip.compress(LINE), name + ".gz")] == [(name, LINE)]


def test_two_gzip_members_are_read_as_one() -> None:
    """As `cat a.gz b.gz` makes them."""
    (found,) = files.unpack(gzip.compress(LINE) + gzip.compress(LINE), "mail.log.1.gz")
    assert found.raw == LINE * 2


def test_utf_16_becomes_readable(bot: Bot) -> None:
    """PowerShell writes tables as UTF-16."""
    (found,) = files.unpack(
        '"EventId","Recipients","RecipientStatus","Sender"\r\n"FAIL","kim@example.com","550 5.1.1 User unknown","me@example.org"\r\n'.encode(
            "utf-16"
        ),
        "tracking.csv",
    )
    (answer,) = bot.answer_mail(found.raw).answers
    assert (answer.failure.recipient, answer.verdict.cause, answer.verdict.fate) == (
        "kim@example.com",
        "mailbox-not-found",
        "failed",
    )


def _archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_an_archive_gives_its_texts() -> None:
    """What is no text is left out, a compressed log inside is opened."""
    raw = _archive({"a.log": LINE, "b.log.gz": gzip.compress(LINE), "__MACOSX/a.log": b"x", "logo.png": b"\x89PNG"})
    assert [(f.name, f.raw) for f in files.unpack(raw, "x.zip")] == [("x.zip/a.log", LINE), ("x.zip/b.log", LINE)]


def test_an_archive_of_too_many_files_says_so() -> None:
    """Twenty are read, the limit is named."""
    found = list(files.unpack(_archive({f"{n}.txt": LINE for n in range(30)}), "x.zip"))
    assert len(found) == 21 and "20" in found[-1].note


@pytest.mark.parametrize("size", [30_000_000, 60_000_000])
def test_a_bomb_is_not_unpacked(size: int) -> None:
    """Ratio and size are limited, in archives and in compressed files."""
    bomb = _archive({"a.txt": b"\0" * size})
    found = list(files.unpack(bomb, "x.zip"))
    assert sum(len(f.raw) for f in found) <= files.MAX_RATIO * max(len(bomb), 10_000) and any(f.note for f in found)
    (packed,) = files.unpack(gzip.compress(b"\0" * size), "x.gz")
    assert len(packed.raw) <= files.MAX_FILE and packed.note


def test_an_archive_in_an_archive_is_not_opened() -> None:
    """No nesting."""
    (found,) = files.unpack(_archive({"inner.txt": _archive({"a.txt": LINE})}), "x.zip")
    assert found.raw == b"" and "inside" in found.note
    (found,) = files.unpack(gzip.compress(gzip.compress(LINE)), "x.gz.gz")
    assert found.raw == b"" and "inside" in found.note


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe"]),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_unpacked_without_a_traceback(raw: bytes, magic: bytes) -> None:
    """Broken files give a note or what could be read."""
    for found in files.unpack(magic + raw, "x"):
        assert isinstance(found.raw, bytes) and len(found.raw) <= files.MAX_FILE
