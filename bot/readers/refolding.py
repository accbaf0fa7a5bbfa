"""Lines that a client wrapped in a paste -> the lines: headers are folded again, log records joined.

RFC 5322 section 2.2.3: a line that begins with white space goes on with the header before it. A client that wraps a
paste breaks long header lines without it, and the rest of the mail then reads as its body.
"""

import re

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}:(?:\s|$)")
_BOUNDARY = re.compile(r"--\S{1,80}\Z")
_TIMED = re.compile(r"[^\n]{0,40}?\b\d\d:\d\d:\d\d\b")  # near the start of a record, in whatever form
MAX_TYPE = 400  # characters of a content type that are looked at
_NARROWEST, _WIDEST = 60, 100  # columns at which clients wrap
_FIELDS_INSIDE = ("message/delivery-status", "message/global-delivery-status")
_HEADERS_INSIDE = ("message/rfc822", "message/global-headers", "text/rfc822-headers", *_FIELDS_INSIDE)


def refold(text: str) -> str:
    """The text with an indentation before each line that is the rest of a wrapped header; the same text where none is."""
    lines = text.split("\n")
    before = ""  # the line before, where it belongs to a header
    in_headers, kind = True, ""
    changed = False
    for place, line in enumerate(lines):
        if _BOUNDARY.match(line.rstrip()):
            in_headers, kind, before = True, "", ""
        elif not in_headers:
            continue
        elif not line.strip():
            in_headers = any(name in kind for name in _HEADERS_INSIDE)
            if not any(name in kind for name in _FIELDS_INSIDE):  # their groups are parted by empty lines
                kind = ""
            before = ""
        elif (before and line[0] in " \t") or (
            _FIELD.match(line) and not (line[0].islower() and _was_wrapped(before, line))
        ):
            before = line
            if line[:13].lower() == "content-type:":
                kind = line[:MAX_TYPE].lower()
        elif _was_wrapped(before, line):
            lines[place] = " " + line
            before, changed = line, True
            if 0 < len(kind) < MAX_TYPE:
                kind += line[:MAX_TYPE].lower()
        else:
            in_headers, before = bool(place == 0), ""  # an mbox begins with a line of its own
    return "\n".join(lines) if changed else text


def rejoin(text: str) -> str:
    """The records of a log, each on one line; the same text where it has no time near its start or nothing was wrapped."""
    if not _TIMED.match(text):
        return text
    first, *rest = text.split("\n")
    out, before = [first], first
    for line in rest:
        goes_on = line.strip() and not _TIMED.match(line) and _was_wrapped(before, line)
        out += (" ", line.lstrip()) if goes_on else ("\n", line)
        before = line
    return "".join(out)


def _was_wrapped(before: str, line: str) -> bool:
    """Whether the first word of a line had no room in the line before, at a width that clients wrap at."""
    if len(before) > _WIDEST and " " in before.strip():
        return False
    return bool(before) and len(before) + 1 + len(line.split(None, 1)[0]) > _NARROWEST
