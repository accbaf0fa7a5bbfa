"""E-mails that were sent to a channel's address: what Slack tells of one -> a message that the readers of mail read.

Slack takes an e-mail apart and gives its text, some headers, and its attachments as files of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.header import Header
from typing import Any

MAX_HEADER = 500  # characters of one header line
MAX_PEOPLE = 20
REPORT_PARTS = ("message/delivery-status", "message/rfc822", "text/rfc822-headers")


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail as far as Slack tells it. `text` is empty where only its page has all of it."""

    headers: tuple[str, ...]
    kind: str  # plain or html
    text: str
    parts: tuple[tuple[str, str], ...]  # types and addresses of the attachments that a report has


def read_email(file: Mapping[str, Any]) -> Email:
    """What Slack tells."""
    kind, text = "plain", file.get("plain_text")
    if not text and not file.get("preview_is_truncated"):
        text = file.get("preview_plain_text")
    if not text:
        kind, text = "html", file.get("simplified_html")
    parts = [part for part in records(file.get("attachments")) if part.get("url")]
    kinds = [(str(part.get("mimetype")).lower().partition(";")[0], str(part["url"])) for part in parts]
    wanted = tuple((name, url) for name, url in kinds if name in REPORT_PARTS)
    return Email(tuple(_headers(file)), kind, str(text or ""), wanted)


def write_email(email: Email, page: bytes, parts: list[tuple[str, bytes]]) -> bytes:
    """The message: its text, or the page where Slack told none, and its attachments, as a report's (RFC 6522)."""
    text = email.text.encode("utf-8", "replace") or page
    own = b"Content-Type: text/%s; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" % email.kind.encode()
    head = "".join(f"{line}\n" for line in email.headers).encode() + b"MIME-Version: 1.0\n"
    if not parts:
        return head + own + text
    report = any(kind == "message/delivery-status" for kind, _ in parts)
    shape = b"multipart/report; report-type=delivery-status" if report else b"multipart/mixed"
    pieces = [own + text, *(b"Content-Type: %s\n\n%s" % (kind.encode(), raw) for kind, raw in parts)]
    boundary = b"=_part"
    while any(boundary in piece for piece in pieces):
        boundary += b"_"
    body = b"".join(b"--%s\n%s\n" % (boundary, piece) for piece in pieces)
    return head + b'Content-Type: %s; boundary="%s"\n\n%s--%s--\n' % (shape, boundary, body, boundary)


def records(told: Any) -> list[Mapping[str, Any]]:
    """The objects in a list of Slack's; other programs' messages hold anything, and what is none is passed over."""
    return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []


def _headers(file: Mapping[str, Any]) -> Iterable[str]:
    told = next(iter(records([file.get("headers")])), {})
    values = [
        ("From", _people(file.get("from"))), ("To", _people(file.get("to"))), ("Cc", _people(file.get("cc"))),
        ("Subject", file.get("subject") or file.get("title")), ("Date", told.get("date")),
        ("Message-ID", told.get("message_id")), ("In-Reply-To", told.get("in_reply_to")),
    ]  # fmt: skip
    for name, value in values:
        plain = " ".join(str(value or "").split())[:MAX_HEADER]
        if plain:
            yield f"{name}: {plain if plain.isascii() else Header(plain, 'utf-8', maxlinelen=MAX_HEADER * 20).encode()}"


def _people(told: Any) -> str:
    people = records(told)[:MAX_PEOPLE]
    return ", ".join(str(person.get("original") or person.get("address") or "") for person in people)
