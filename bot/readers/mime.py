"""MIME (RFC 2045-2049) taken apart: which parts a message has and what each is for. compat32 only; nothing raises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.readers.fields import has_fields
from bot.undamage import undamage

if TYPE_CHECKING:
    from bot.readers.part import Part

MAX_MAIL = 10_000_000  # bytes of one message that are read
MAX_DEPTH = 50  # levels of nesting
MAX_PARTS = 300
MAX_HEADER = 1_000  # characters of one header value
MAX_PART = 20_000  # characters of one text part
# `email` parses these as messages before their transfer encoding is undone; as text they are read as they are.
# Searched in lower case; the look-behind stands behind the name, so that the search is for a literal.
_REPORT_TYPE = re.compile(
    rb"content-type:(?<![^\n]content-type:)[ \t]{0,10}(?:\n[ \t]{1,10})?((?:message|text)/(?:global-)?)(?:delivery-status|feedback-report|disposition-notification)"
)
_BOUNDARY = re.compile(rb"boundary\s{0,3}=", re.I)
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,40}\?[BbQq]\?[^?\s]{0,400}\?=")
# What is left open ends at the next of its kind, so that many of them are not each looked through to the end.
_TAGS = re.compile(r"<(?:style|script)\b[^<>]{0,400}>(?:[^<]|<(?!/?(?:style|script)\b)){0,20000}+</(?:style|script)>|<br[^>]{0,100}>|</(?:p|div|tr|li|h\d|td|pre|table)>|<[^<>]{1,400}>", re.I | re.S)  # fmt: skip
_PRE = re.compile(r"(<pre\b(?:[^<]|<(?!/?pre\b)){0,20000}+</pre>)", re.I)
_CHARSETS = {"unicode-1-1-utf-7": "utf-7", "x-sjis": "shift_jis", "cp932": "cp932", "iso-2022-jp": "iso2022_jp", "utf8": "utf-8", "unknown-8bit": "utf-8",
             "ks_c_5601-1987": "cp949", "x-unknown": "utf-8", "iso-8859-8-i": "iso-8859-8", "default": "utf-8", "ascii": "utf-8", "us-ascii": "utf-8"}  # fmt: skip
_RETURNED = frozenset(
    ("message/rfc822", "message/global", "message/partial", "text/rfc822-headers", "message/rfc822-headers", "text/rfc822",
     "message/global-headers", "message/news")
)  # fmt: skip
# Searched in lower case, which takes a quarter of the time of a search that ignores case.
_SUBJECT = re.compile(
    r"undeliver|returned? (?:mail|to sender|message)|mail delivery|delivery (?:status|failure|failed|problem|report|delayed|has failed|notification|error|unsuccessful|to the following)|failure notice|"
    r"mail (?:system error|failure|could not|not delivered|error)|non[- ]?delivery|not delivered|delayed mail|warning: (?:could not|message)|nondeliverable|"
    r"message (?:delivery|status|could not|not delivered|undeliverable)|could(?: not|n't) (?:be )?(?:deliver|send)|permanent (?:delivery )?(?:failure|error)|rejected|"
    r"unzustellbar|nicht zugestellt|mail ?zustell|non remis|[ée]chec de|impossible de remettre|no se (?:pudo|puede|ha podido) entregar|no entregado|devuelt|devolvid|"
    r"mancat[ao] (?:consegna|recapito)|non recapitat|onbestelbaar|niet bezorgd|nie dostarcz|niedostarcz|недоставлен|не доставлен|сбой доставки|teslim edilemedi|"
    r"配信|送信できません|不達|エラー|error message|error: ?mail|退信|无法送达|投递失败|unable to deliver|user unknown|unknown (?:user|address|recipient)|address (?:error|not found)|postmaster notify|errors? from|"
    r"quota|mailbox full|mail refused|mail failed|returning to sender|not (?:a )?member|delivery problem|mail problem|nicht erreichbar|zustellung|delivery report|bounced? (?:mail|message)|email error|problem delivering|email issue|invalid (?:address|recipient)|no such user"
)


class Headers:
    """The headers of a message by their names in lower case. Each is decoded when it is first asked for."""

    __slots__ = ("_decoded", "_raw")

    def __init__(self, raw: Mapping[str, tuple[str, str]]) -> None:
        self._raw = raw
        self._decoded: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._raw)

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def get(self, name: str, default: str = "") -> str:
        """The decoded value of the first header of this name, or the default."""
        if name not in self._raw:
            return default
        if name not in self._decoded:
            self._decoded[name] = _header(self._raw[name][1])
        return self._decoded[name]


_NO_HEADERS = Headers({})


@dataclass(slots=True)
class Parts:
    """What a message holds, sorted by what it is for."""

    headers: Headers = _NO_HEADERS
    texts: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)  # message/delivery-status
    feedback: list[str] = field(default_factory=list)  # message/feedback-report
    original: Headers = _NO_HEADERS  # headers of the returned message
    content_type: str = ""
    report_type: str = ""
    enclosed: "Part | None" = None  # an enclosed message that looks like a report itself
    limits: list[str] = field(default_factory=list)


def names_failure(subject: str) -> bool:
    """Whether a subject is one that mail systems give their reports."""
    return _SUBJECT.search(subject.lower()) is not None


def _decode(raw: bytes, charset: str | None) -> str:
    name = (charset or "utf-8").strip("\"' ").lower()
    name = _CHARSETS.get(name, name)
    for attempt in (name, "utf-8"):
        try:
            return raw.decode(attempt)
        except (LookupError, ValueError):
            continue
    try:
        return raw.decode("cp1252" if name == "utf-8" else name, "replace")
    except (LookupError, ValueError):
        return raw.decode("latin-1")


def _header(value: Any) -> str:
    text = _raw(str(value)[:MAX_HEADER])
    if "=?" not in text:
        return text
    from email.header import decode_header

    def plain(found: re.Match[str]) -> str:
        try:
            return "".join(
                _decode(piece, charset) if isinstance(piece, bytes) else piece
                for piece, charset in decode_header(found[0])
            )
        except Exception:
            return found[0]

    return _ENCODED_WORD.sub(plain, text)


def _payload(part: "Part") -> str:
    raw: Any
    try:
        raw = part.get_payload(decode=True)
    except Exception:
        raw = None
    if raw is None:
        raw = _undecoded(part).encode("utf-8", "surrogateescape")
    return _decode(raw[: MAX_PART * 4], _charset(part))[: MAX_PART * 2]


def _undecoded(part: "Part") -> str:
    try:
        return str(part.get_payload())
    except ValueError:  # a charset that cannot replace what it does not know, such as idna
        return ""


def _charset(part: "Part") -> str | None:
    if "charset" not in str(part.get("content-type", "")).lower():
        return None
    try:
        value = part.get_content_charset()
    except Exception:
        return None
    return value if isinstance(value, str) else None


def _text(part: "Part") -> str:
    """A text part as its server wrote it, without the damage of the mail programs on its way."""
    return undamage(_payload(part))


def strip_html(text: str) -> str:
    """The words of an HTML part, one line for a block element."""

    def repl(found: re.Match[str]) -> str:
        tag = found[0][:3].lower()
        return "\n" if tag in ("<br", "</p", "</d", "</t", "</l", "</h") else " " if tag[:2] == "<s" else ""

    import html

    text = "".join(
        piece if place % 2 else piece.replace("\n", " ") for place, piece in enumerate(_PRE.split(text[: MAX_PART * 3]))
    )  # line ends are white space outside <pre>

    return undamage(html.unescape(_TAGS.sub(repl, text[: MAX_PART * 3])))


def _walk(message: "Part", parts: Parts, depth: int = 0) -> None:
    if depth > MAX_DEPTH or len(parts.texts) + len(parts.html) + len(parts.reports) > MAX_PARTS:
        parts.limits.append(f"Only {MAX_DEPTH} levels of nesting and {MAX_PARTS} parts of the message were read.")
        return
    kind = message.get_content_type()
    if depth and ("final-recipient" in message or "diagnostic-code" in message):  # no blank line before the fields
        parts.reports.append("\n".join(f"{name}: {_raw(value)}" for name, value in message.raw_items()))
    if kind == "text/x-delivery-status":
        parts.reports.append(_text(message))
    elif kind == "text/x-feedback-report":
        parts.feedback.append(_text(message))
    elif kind in _RETURNED:
        _returned(message, parts, depth)
    elif message.is_multipart():
        for child in message.children[:MAX_PARTS]:
            _walk(child, parts, depth + 1)
    elif kind.startswith("multipart/"):  # a broken boundary: read what is there
        parts.texts.append(undamage(_undecoded(message)[: MAX_PART * 2]))
    elif kind == "text/html":
        parts.html.append(strip_html(_payload(message)))
    elif kind.startswith("text/") or (
        kind == "application/octet-stream" and not message.get_filename() and not parts.texts
    ):
        text = _text(message)
        attached = "attachment" in str(message.get("content-disposition", ""))[:40].lower()
        if not attached or not parts.texts or has_fields(text):
            parts.texts.append(text)


def _raw(value: Any) -> str:
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _returned(message: "Part", parts: Parts, depth: int) -> None:
    if message.is_multipart():
        inner = message.children[0]
        if not parts.original:
            parts.original = Headers(inner.first_headers)
        if depth < 5 and parts.enclosed is None and _nested_report(inner):
            parts.enclosed = inner
    elif not parts.original:
        from bot.readers.part import parse_message

        parts.original = Headers(parse_message(_text(message).lstrip("\n")).first_headers)


def _nested_report(message: "Part") -> bool:
    return "report" in message.get_content_type() or names_failure(Headers(message.first_headers).get("subject"))


def split_message(raw: bytes) -> Parts:
    """A message taken apart; limits that were hit are named, nothing raises."""
    parts = Parts()
    if len(raw) > MAX_MAIL:
        parts.limits.append(f"Only the first {MAX_MAIL // 1_000_000} MB of the message were read.")
        raw = raw[:MAX_MAIL]
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = raw.replace(b"\0", b"").lstrip(b"\n \t\xef\xbb\xbf")
    if raw.lower().count(b"boundary") > 4 * MAX_DEPTH and len(_BOUNDARY.findall(raw[:2_000_000])) > 4 * MAX_DEPTH:
        parts.limits.append(f"Only {MAX_DEPTH} levels of nesting were read.")
        raw = raw[:60_000]
        if len(_BOUNDARY.findall(raw)) > 4 * MAX_DEPTH:
            raw = raw.split(b"\n\n", 1)[0] + b"\n\n"
    head, gap, body = raw.partition(b"\n\n")
    if head.count(b"\n") > 2_000:
        parts.limits.append("Only the first 2,000 header lines were read.")
        raw = b"\n".join(head.split(b"\n", 2_000)[:2_000]) + gap + body
    from bot.readers.part import parse_message

    try:
        return _sorted(parse_message(_reports_as_text(raw).decode("ascii", "surrogateescape")), parts)
    except RecursionError:
        parts.limits.append(f"Only {MAX_DEPTH} levels of nesting were read.")
    return parts


def _reports_as_text(raw: bytes) -> bytes:
    """The message with the types of report parts changed to text, since `email` reads their fields as messages."""
    pieces: list[bytes] = []
    end = 0
    for found in _REPORT_TYPE.finditer(raw.lower()):
        pieces += raw[end : found.start(1)], b"text/x-"
        end = found.end(1)
    return b"".join((*pieces, raw[end:])) if end else raw


def parts_of(message: "Part") -> Parts:
    """A message that was enclosed in another, taken apart."""
    return _sorted(message, Parts())


def _sorted(message: "Part", parts: Parts) -> Parts:
    parts.headers = Headers(message.first_headers)
    parts.content_type = message.get_content_type()
    parts.report_type = str(message.get_param("report-type") or "").lower()
    _walk(message, parts)
    if message.is_multipart():
        if message.preamble and has_fields(message.preamble):
            parts.texts.append(message.preamble[:MAX_PART])
        if message.epilogue and not (parts.texts or parts.html or parts.reports):
            parts.texts.append(message.epilogue[:MAX_PART])
    elif not parts.texts and not parts.html and not parts.reports:
        parts.texts.append(_text(message))
    return parts
