"""Undo what chat programs, mail clients and terminals do to a pasted text, before it is read.

One search decides whether a text is clean (most are); only a damaged one pays for the repairs. Order matters: what
stands for another character (escapes of JSON and Python, HTML, quoted-printable) is decoded first, then odd characters
become plain ones, then Slack's and Discord's markup goes, then quoting.
"""

import re
from html import unescape

MAX_TEXT = 256_000  # characters read of one text; the answer says so when more was sent

# Each alternative begins with a literal character: the engine then skips whatever is none of them.
_ODD = re.compile(r"[^\x20-\x7e\n]")
_DAMAGE = re.compile(
    r"""&(?:[A-Za-z]{2}|\#)         # HTML
      | \\[nrtux"'/<>_*`|-]       # escapes of a string literal, markdown
      | <(?:mailto:|https?://|tel:|[@\#!]) # Slack
      | ```|\*\*|__|~~|\|\|       # code fences, Discord markdown
      | =(?:\n|[0-9A-F]{2})       # quoted-printable
      | \n[ ]?>                   # quoting
    """,
    re.X,
)
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]?[@-~]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|\x1b[@-_]")
_CONTROLS = dict.fromkeys([*range(0x09), 0x0B, *range(0x0E, 0x20), 0x7F, *range(0x80, 0xA0)])
# Zero-width, bidirectional and other invisible characters, soft hyphen, byte order mark.
_INVISIBLE = dict.fromkeys(
    [
        0xAD,
        0x200B,
        0x200C,
        0x200D,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        0x2066,
        0x2067,
        0x2068,
        0x2069,
        0xFEFF,
        0xFFFD,
        *range(0xFE00, 0xFE10),
    ]
)
_LOOKALIKES = str.maketrans(
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2010\u2011\u2012\u2013\u2212\uff0d"
    "\uff1c\uff1e\uff20\uff1a\uff0e\u2028\u2029",
    " " * 15 + "''''" + '""""' + "'\"" + "------" + "<>@:." + "\n\n",
)
_FULLWIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_PUNCTUATION = {0xAB: '"', 0xBB: '"', 0xBF: " ", 0xA1: " ", 0x2026: "...", 0x2192: "->", 0xFF08: "(", 0xFF09: ")", 0xFF0C: ",",
                0xFF1B: ";", 0x3001: ", ", 0x3002: ". ", 0x300C: '"', 0x300D: '"', 0x3010: "[", 0x3011: "]"}  # fmt: skip
_CLEAN_TABLE = _CONTROLS | _INVISIBLE | _LOOKALIKES | _FULLWIDTH_DIGITS | _PUNCTUATION

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,24});")

_SLACK_MAIL = re.compile(r"(<?)<mailto:([^|<>\s]{1,320})(?:\|[^<>|\n]{0,320})?>(>?)|mailto:([^|<>\s]{1,320})>")
_SLACK_LINK = re.compile(r"<((?:https?|ftp)://[^|<>\s]{1,2000})(?:\|([^<>\n]{0,2000}))?>")
_SLACK_TEL = re.compile(r"<tel:[^|<>\s]{1,40}\|([^<>]{1,40})>")
_SLACK_MENTION = re.compile(r"<(?:@|#|!)[A-Za-z0-9^_-]{1,40}(?:\|([^<>\n]{0,80}))?>|<@[!&]?\d{5,25}>|<#\d{5,25}>")
_FENCE = re.compile(r"^[ \t>]{0,8}```[\w+-]{0,15}[ \t]*$|```", re.M)
_BOLD = re.compile(
    r"(?<![\w*])\*\*(?=\S)([^*\n]{1,500}?)(?<=\S)\*\*(?![\w*])|(?<![\w~])~~([^~\n]{1,500}?)~~(?![\w~])|\|\|([^|\n]{1,500}?)\|\|"
)
_ESCAPED_MARK = re.compile(r"\\([_*`~|<>\[\]-])")
_QUOTE = re.compile(r"^[ \t]?(?:>(?!>>[ \t])[ \t]?){1,50}", re.M)  # sendmail's `>>> RCPT To:` is no quoting
_SOFT_BREAK = re.compile(
    r"=\n(?![> ]{0,8}[A-Za-z][A-Za-z0-9-]{1,40}: )"
)  # base64 ends with the sign too, before the next header
_QP_BYTES = re.compile(r"(?:=[0-9A-F]{2})+")
_QP_SIGNS = re.compile(r"=(?:3D|20(?!\d\d[-/])|3C|3E|C2|C3|E2)|=\n")
_LITERAL = {"n": "\n", "r": "\n", "t": " "}
# Each escape also doubled, as in a string that was printed twice.
_ESCAPE = re.compile(
    r"""\\{1,2}r\\{1,2}n | \\{1,2}(?P<sign>[nrt"'/])
      | \\{1,2}u(?P<point>[0-9a-fA-F]{4}) | (?P<bytes>(?:\\{1,2}x[0-9a-fA-F]{2}){1,500})""",
    re.X,
)


def _unescape(found: re.Match[str]) -> str:
    sign = found["sign"]
    if sign:
        return _LITERAL.get(sign, sign)
    if found["point"]:
        point = int(found["point"], 16)
        return " " if 0xD800 <= point <= 0xDFFF else chr(point)
    if found["bytes"]:
        raw = bytes.fromhex(found["bytes"].replace("\\", "").replace("x", ""))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")
    return "\n"


def _entity(found: re.Match[str]) -> str:
    return unescape(found[0])


def _quoted_printable(found: re.Match[str]) -> str:
    raw = bytes.fromhex(found[0].replace("=", ""))
    if any(byte < 0x20 and byte not in (9, 10, 13) for byte in raw):
        return found[0]
    return raw.decode("utf-8", "replace").replace("\ufffd", " ")


def _mail_link(found: re.Match[str]) -> str:
    if found[4]:
        return f"<{found[4]}>"
    if found[1] and found[3]:  # brackets of the server around Slack's own
        return f"<{found[2]}>"
    return f"{found[1]}<{found[2]}>{found[3]}"


def _link(found: re.Match[str]) -> str:
    """The URL of a link; its label where Slack made the link from a bare host name."""
    url, label = found[1], found[2]
    if label and url.partition("://")[2].rstrip("/").lower() == label.rstrip("/").lower():
        return label
    return url


def _decoded(text: str) -> str:
    """The text with everything decoded that stands for another character."""
    if "\\" in text:
        text = _ESCAPED_MARK.sub(r"\1", _ESCAPE.sub(_unescape, text))
    if "&" in text and ";" in text:
        text = _ENTITY.sub(_entity, text)
        if "&" in text:  # escaped twice: a paste of a paste
            text = _ENTITY.sub(_entity, text)
    if "=" in text and _QP_SIGNS.search(text):
        text = _QP_BYTES.sub(_quoted_printable, _SOFT_BREAK.sub("", text))
    return text


def undamage(text: str) -> str:
    """The text as the server wrote it, as far as chat damage can be undone; cut at MAX_TEXT characters."""
    text = text[:MAX_TEXT]
    if not (_ODD.search(text) or _DAMAGE.search(text) or text.startswith((">", " >"))):
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _decoded(text)
    if not text.isprintable():
        text = _ANSI.sub("", text).replace("\t", " ").replace("\r\n", "\n").replace("\r", "\n").translate(_CLEAN_TABLE)
    elif not text.isascii():
        text = text.translate(_CLEAN_TABLE)
    if "mailto:" in text:
        text = _SLACK_MAIL.sub(_mail_link, text)
    if "<http" in text:
        text = _SLACK_LINK.sub(_link, text)
    if "<tel:" in text:
        text = _SLACK_TEL.sub(r"\1", text)
    if "<@" in text or "<!" in text or "<#" in text:
        text = _SLACK_MENTION.sub(lambda m: m[1] or "", text)
    if "```" in text:
        text = _FENCE.sub("", text)
    if "**" in text or "~~" in text or "||" in text:
        text = _BOLD.sub(lambda m: m[1] or m[2] or m[3] or "", text)
    if ">" in text:
        text = _QUOTE.sub("", text)
    return text
