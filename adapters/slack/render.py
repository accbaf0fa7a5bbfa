"""Reply -> Slack's blocks and text fallback: plain dicts. Pure; a paste never becomes a mention, a link or a format."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.links import is_ours, masked
from bot.model import Message, Part, Reply
from bot.rendering import plain_text

# Slack's limits (docs.slack.dev, Block Kit) and what we keep below them.
MAX_BLOCKS = 50
MAX_HEADER = 150
MAX_SECTION = 3_000
MAX_CONTEXT = 2_000  # one context element
MAX_ELEMENTS = 10  # of a context block
MAX_LINK = 60  # characters of a link that are shown; ours, Slack would show all
MAX_PAGES = 3  # ours: messages that one answer may take up
MAX_FALLBACK = 4_000  # Slack advises; it cuts at 40,000
MAX_JOINED = 12_000  # ours: characters of messages that are joined; Slack refuses about 13,000 (msg_blocks_too_long)

STILL_READING = "Still reading; the answer follows."
CONTINUED = "The answer goes on:"
CUT = "… The answer is longer than Slack shows."

DRAFTED = ("A mail ready to send.", "Two mails ready to send.")
DRAFTS = {"customer": "To your customer", "postmaster": "To the other side's postmaster"}

Payload = dict[str, Any]

_SMALL = ("source", "hint")
_CODE = re.compile(r"`([^`\n]{1,1000})`")
_URL = re.compile(r"https?://[^\s`\"'<>|(){}\[\]]{3,500}")
_SPECIAL = re.compile(r"[&<>@\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_BROADCAST = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.I)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_FORMAT = re.compile(r"(?<!\w)([*_~])(?=[^\s*_~])([^\n*_~]{1,300})(?<=\S)\1(?!\w)")
_LOOKALIKE = {"*": "∗", "_": "ˍ", "~": "∼"}  # mrkdwn has no escape for these
_JOINER = "\u2060"  # invisible and without width


def render(
    reply: Reply, public: bool = False, below: Sequence[Payload] = (), above: Sequence[Payload] = ()
) -> list[Payload]:
    """The reply as messages of `text` and `blocks`, most often one; none for silence.

    Addresses are masked where it is `public`; the blocks `above` open the first message, those `below` close the last.
    """
    if not reply.message.parts:
        return []
    message = masked(reply.message) if public else reply.message
    pages = _pages([*above, *_blocks(message, _Pen(reply)), *below])
    return [
        {"text": _fallback(message) if number == 0 else CONTINUED, "blocks": page} for number, page in enumerate(pages)
    ]


def fitted(pages: Sequence[Payload], most: int) -> list[Payload]:
    """The same in so many messages at most: joined where need be, and what is still too much is cut and says so."""
    if len(pages) <= most:
        return list(pages)
    joined = [pages[0]]
    for page in pages[1:]:
        blocks = [*joined[-1]["blocks"], {"type": "divider"}, *page["blocks"]]
        if len(blocks) <= MAX_BLOCKS and len(str(blocks)) <= MAX_JOINED:
            text = _cut(f"{joined[-1]['text']}\n\n{page['text']}")
            joined[-1] = {"text": text, "blocks": blocks}
        else:
            joined.append(page)
    if len(joined) > most:
        last = joined[most - 1]
        joined[most - 1 :] = [{**last, "blocks": [*last["blocks"][: MAX_BLOCKS - 1], _context([CUT])]}]
    return joined


def render_line(line: str, below: Sequence[Payload] = ()) -> Payload:
    """Words of our own, in mrkdwn."""
    return {"text": line, "blocks": [_section(line), *below]}


def render_drafts(drafts: Mapping[str, str], note: str = "") -> Payload:
    """The drafts, each in a block that is copied as it stands; the note beneath the one that quotes the error."""
    blocks: list[Payload] = []
    for name, title in DRAFTS.items():
        if name in drafts:
            text = _shortened(_UNSEEN.sub("", drafts[name]).strip(), MAX_SECTION)
            literal = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
            blocks += [_section(f"*{title}*"), {"type": "rich_text", "elements": [literal]}]
    below = [_context([note])] if note and "postmaster" in drafts else []
    return {"text": DRAFTED[len(blocks) > 2], "blocks": [*blocks, *below]}


def escape(text: str) -> str:
    """Text in which Slack finds no mention, link, channel or broadcast."""
    if _is_plain(text):
        return text
    plain = _BROADCAST.sub("@" + _JOINER, _UNSEEN.sub("", text))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _is_plain(text: str) -> bool:
    """Whether nothing in one line has to be escaped; much faster than _SPECIAL, which has the last word on the rest."""
    return (
        "&" not in text and "<" not in text and ">" not in text and "@" not in text and text.isprintable()
    ) or not _SPECIAL.search(text)


class _Pen:
    """Writes mrkdwn: code stays code, our links are links, everything else is only text."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def write(self, text: str) -> str:
        """The text as mrkdwn."""
        if "`" not in text:
            return self._prose(text)
        out: list[str] = []
        done = 0
        for code in _CODE.finditer(text):
            out += (self._prose(text[done : code.start()]), f"`{escape(code[1])}`")
            done = code.end()
        out.append(self._prose(text[done:]))
        return "".join(out)

    def _prose(self, text: str) -> str:
        if "://" not in text:
            return _unformatted(text)
        out: list[str] = []
        done = 0
        for found in _URL.finditer(text):
            url = found[0].rstrip(".,;:!?")
            out.append(_unformatted(text[done : found.start()]))
            out.append(f"<{escape(url)}|{escape(_name(url))}>" if is_ours(url, self._reply) else escape(url))
            done = found.start() + len(url)
        out.append(_unformatted(text[done:]))
        return "".join(out)


def _name(url: str) -> str:
    """How a link of ours is shown: without the scheme, and without a long path."""
    name = url.partition("://")[2].removeprefix("www.")
    return name if len(name) <= MAX_LINK else name.split("/")[0] + "/…"


def _unformatted(text: str) -> str:
    safe = escape(text.replace("`", "'") if "`" in text else text)
    if "*" not in safe and "_" not in safe and "~" not in safe:
        return safe
    return _FORMAT.sub(lambda found: _LOOKALIKE[found[1]] + found[2] + _LOOKALIKE[found[1]], safe)


def _blocks(message: Message, pen: _Pen) -> Iterator[Payload]:
    small: list[str] = []
    for number, part in enumerate(message.parts):
        if part.kind in _SMALL or (part.kind == "note" and not part.label):
            small.append(_labelled(part, pen))
            continue
        if small:
            yield _context(small)
            small = []
        if part.kind == "heading":
            if number:
                yield {"type": "divider"}
            yield {"type": "header", "text": {"type": "plain_text", "text": _title(part.text), "emoji": False}}
        else:
            for text in _pieces(_lines(part, pen)):
                yield _section(text)
    if small:
        yield _context(small)


def _title(text: str) -> str:
    if len(text) <= MAX_HEADER and text and _is_plain(text):
        return text
    plain = " ".join(_BROADCAST.sub("@" + _JOINER, _UNSEEN.sub("", text)).split()) or "…"
    return plain if len(plain) <= MAX_HEADER else plain[: MAX_HEADER - 1].rstrip() + "…"


def _labelled(part: Part, pen: _Pen) -> str:
    return f"*{escape(part.label)}:* {pen.write(part.text)}" if part.label else pen.write(part.text)


def _lines(part: Part, pen: _Pen) -> list[str]:
    if part.kind == "steps":
        lines = [f"*{escape(part.label)}*"] if part.label else []
        return lines + [f"{number}. {pen.write(item)}" for number, item in enumerate(part.items, 1)]
    if part.kind == "examples":
        return [f"• `{escape(item.replace('`', chr(39)))}`" for item in part.items]
    return [_labelled(part, pen)]


def _pieces(lines: list[str]) -> Iterator[str]:
    """The lines joined into texts that fit a section."""
    whole = "\n".join(lines)
    if len(whole) <= MAX_SECTION:
        if whole.strip():
            yield whole
        return
    piece = ""
    for line in lines:
        line = _shortened(line, MAX_SECTION)
        if piece and len(piece) + 1 + len(line) > MAX_SECTION:
            yield piece
            piece = ""
        piece = f"{piece}\n{line}" if piece else line
    if piece.strip():
        yield piece


def _shortened(text: str, limit: int) -> str:
    """The text within a limit, cut between words and never inside an entity, a link or a piece of code."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 3]
    cut = cut[: cut.rfind(" ")] if " " in cut[limit // 2 :] else re.sub(r"&[a-z]{0,4}$", "", cut)
    if cut.rfind("<") > cut.rfind(">"):
        cut = cut[: cut.rfind("<")]
    return cut + ("`…" if cut.count("`") % 2 else "…")


def _section(text: str) -> Payload:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(texts: list[str]) -> Payload:
    elements = [
        {"type": "mrkdwn", "text": _shortened(text, MAX_CONTEXT), "verbatim": True} for text in texts[:MAX_ELEMENTS]
    ]
    return {"type": "context", "elements": elements}


def _pages(blocks: list[Payload]) -> list[list[Payload]]:
    pages = [blocks[at : at + MAX_BLOCKS] for at in range(0, len(blocks), MAX_BLOCKS)]
    if len(pages) > MAX_PAGES:
        pages = [*pages[: MAX_PAGES - 1], [*pages[MAX_PAGES - 1][: MAX_BLOCKS - 1], _context([CUT])]]
    return pages


def _fallback(message: Message) -> str:
    return _cut(escape(plain_text(message).replace("`", "'")))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_FALLBACK else _shortened(text, MAX_FALLBACK - len(CUT) - 1) + " " + CUT
