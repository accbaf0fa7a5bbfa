"""Files people send -> the mails and texts in them: .msg, .gz, .zip, and anything that is text already.

The one module of the core with an import from outside the standard library: python-oxmsg (MIT) reads Outlook's .msg. An
NDR saved by Outlook keeps its reason in properties of its recipients, not in the body.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_FILE = 10_000_000  # bytes of one text that are kept
MAX_FILES = 20  # of one archive
MAX_RATIO = 100  # unpacked to packed
MAX_TEXT_ATTACHMENT = 200_000

_GZIP, _ZIP, _OLE = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_NAMES = (
    ".txt",
    ".log",
    ".json",
    ".jsonl",
    ".ndjson",
    ".csv",
    ".eml",
    ".msg",
    ".mbox",
    ".gz",
    ".text",
    ".out",
    ".err",
)

# MAPI properties of a report (MS-OXPROPS).
_SUPPLEMENTARY_INFO, _REPORT_TEXT, _REMOTE_MTA, _REPORTING_MTA = 0x0C1B, 0x1001, 0x0C21, 0x6820
_SMTP_ADDRESS, _EMAIL_ADDRESS, _DISPLAY_NAME, _ORIGINAL_SUBJECT, _HEADERS = 0x39FE, 0x3003, 0x3001, 0x0049, 0x007D
_ACTIONS = {".ndr": "failed", ".delayed": "delayed", ".dr": "delivered"}


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One mail or text. name: where it stood; raw: its bytes, cut at MAX_FILE; note: a limit that was met, or why it is empty."""

    name: str
    raw: bytes
    note: str = ""


def is_packed(raw: bytes) -> bool:
    """Whether the bytes are an archive, a compressed file, Outlook's format or UTF-16, which no text reader reads as it is."""
    return raw.startswith((_GZIP, _ZIP, _OLE, b"\xff\xfe", b"\xfe\xff"))


def unpack(raw: bytes, name: str = "") -> Iterator[Unpacked]:
    """Every mail or text in a file, ready for Bot.answer_mail; a file that is text already comes back as it is."""
    if raw.startswith(_ZIP):
        yield from _zip(raw, name)
    else:
        yield _single(raw, name)


def _single(raw: bytes, name: str, inside: bool = False) -> Unpacked:
    if raw.startswith(_GZIP):
        plain, cut = _gunzip(raw)
        if plain.startswith((_GZIP, _ZIP)):
            return Unpacked(name, b"", "An archive inside an archive is not opened.")
        unpacked = _single(plain, name.removesuffix(".gz"), inside)
        return Unpacked(unpacked.name, unpacked.raw, cut or unpacked.note)
    if raw.startswith(_OLE):
        return _outlook(raw, name)
    if raw.startswith(_ZIP):
        return Unpacked(name, b"", "An archive inside an archive is not opened.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw[: MAX_FILE * 2].decode("utf-16", "replace").encode()
    return Unpacked(
        name, raw[:MAX_FILE], f"Only the first {MAX_FILE // 1_000_000} MB were read." if len(raw) > MAX_FILE else ""
    )


def _gunzip(raw: bytes) -> tuple[bytes, str]:
    """(the content up to the limits, what was left out). Members behind the first are read too, as `cat a.gz b.gz` makes them."""
    limit = min(MAX_FILE, max(len(raw) * MAX_RATIO, 10_000))
    out, rest, note = b"", raw, ""
    try:
        while rest.startswith(_GZIP) and len(out) < limit:
            reader = zlib.decompressobj(wbits=31)
            out += reader.decompress(rest, limit - len(out))
            if not reader.eof:
                note = "The compressed file is cut, broken or too large; the beginning was read."
                break
            rest = reader.unused_data
    except zlib.error:
        note = "The compressed file is broken; the beginning was read."
    return out, note


def _zip(raw: bytes, name: str) -> Iterator[Unpacked]:
    import io
    import zipfile

    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        yield Unpacked(name, b"", "The archive is broken.")
        return
    members = [member for member in archive.infolist() if not member.is_dir() and _wanted(member.filename)]
    left = min(MAX_FILE * 4, max(len(raw) * MAX_RATIO, 10_000))
    for number, member in enumerate(members):
        inner = f"{name}/{member.filename}" if name else member.filename
        if number >= MAX_FILES:
            yield Unpacked(name, b"", f"Only the first {MAX_FILES} files of the archive were read.")
            return
        if member.flag_bits & 1:
            yield Unpacked(inner, b"", "The file in the archive is encrypted.")
            continue
        try:
            with archive.open(member) as handle:
                content = handle.read(min(left, MAX_FILE) + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
            yield Unpacked(inner, b"", "The file in the archive is broken.")
            continue
        if len(content) > left:
            yield Unpacked(
                name, b"", f"The archive unpacks to more than {MAX_RATIO} times its size; the rest was not read."
            )
            return
        left -= len(content)
        yield _single(content, inner, inside=True)


def _wanted(name: str) -> bool:
    last = name.rpartition("/")[2].lower()
    return not last.startswith(".") and not name.startswith("__MACOSX/") and ("." not in last or last.endswith(_TEXT_NAMES) or last.rpartition(".")[2].isdigit())  # fmt: skip


def _outlook(raw: bytes, name: str) -> Unpacked:
    try:
        from oxmsg import Message
    except ImportError:
        return Unpacked(name, b"", "Reading .msg needs the package python-oxmsg: pip install python-oxmsg")
    try:
        return Unpacked(name, message_text(Message.load(raw)).encode("utf-8", "replace")[:MAX_FILE])
    except Exception:  # a broken file fails anywhere inside the library
        return Unpacked(name, b"", "The Outlook file is broken or is no message.")


def message_text(message: Any) -> str:
    """An Outlook item as the text of a mail: a report as RFC 3464 fields from its recipients' properties, else headers and body."""
    kind = message.message_class.lower()
    action = (
        next((word for ending, word in _ACTIONS.items() if kind.endswith(ending)), None)
        if kind.startswith("report.")
        else None
    )
    body = message.body or _string(message.properties, _REPORT_TEXT)
    if action:
        return "\n".join(_report(message, action, body))
    headers = _string(message.properties, _HEADERS)
    kept = _headers(headers) if headers else [f"From: {message.sender or ''}", f"Subject: {message.subject}"]
    html = "" if body else message.html_body or ""
    if html:
        kept.append("Content-Type: text/html; charset=utf-8")
    return "\n".join((*kept, "", body or html, *_attached(message)))


def _string(properties: Any, number: int) -> str:
    value = properties.str_prop_value(number)
    return value.replace("\r\n", "\n").strip("\0 \n") if value else ""


def _report(message: Any, action: str, body: str) -> Iterator[str]:
    yield body
    yield ""
    reporting = _string(message.properties, _REPORTING_MTA)
    if reporting:
        yield f"Reporting-MTA: dns; {reporting}"
    for recipient in message.recipients:
        values = recipient.properties
        address = _string(values, _SMTP_ADDRESS) or _string(values, _EMAIL_ADDRESS) or _string(values, _DISPLAY_NAME)
        said = _string(values, _SUPPLEMENTARY_INFO) or _string(values, _REPORT_TEXT)
        yield ""
        yield f"Final-Recipient: rfc822; {address.strip(chr(39))}"
        yield f"Action: {action}"
        remote = _string(values, _REMOTE_MTA)
        if remote:
            yield f"Remote-MTA: dns; {remote}"
        if said:
            yield "Diagnostic-Code: smtp; " + " ".join(said.split())


def _headers(text: str) -> list[str]:
    """The transport headers without those that describe the parts, which the saved item no longer has."""
    kept: list[str] = []
    dropped = False
    for line in text.replace("\r\n", "\n").split("\n"):
        if line[:1] not in (" ", "\t"):
            dropped = line.lower().startswith(("content-", "mime-version"))
        if line.strip() and not dropped:
            kept.append(line)
    return kept


def _attached(message: Any) -> Iterator[str]:
    """Attachments that are a delivery report's fields."""
    for attachment in list(message.attachments)[:MAX_FILES]:
        content = attachment.file_bytes or b""
        if len(content) <= MAX_TEXT_ATTACHMENT and (b"Final-Recipient:" in content or b"Diagnostic-Code:" in content):
            yield "\n" + content.decode("utf-8", "replace")
