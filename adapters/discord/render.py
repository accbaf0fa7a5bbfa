"""Reply -> Discord's messages, as embeds or as plain text: dicts. Pure; a paste never becomes a mention, a link or a format."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapters.links import is_ours, masked
from bot.model import Message, Part, Permanence, Reply

# Discord's limits (docs.discord.com, Message and Embed) and what we keep below them.
MAX_TITLE = 256
MAX_DESCRIPTION = 4_096
MAX_FIELD = 1_024
MAX_EMBED = 6_000  # characters of all embeds of one message together
MAX_EMBEDS = 10  # of one message
MAX_CONTENT = 2_000  # characters of a message without embeds
MAX_MESSAGES = 5  # ours: what one answer may take up
MAX_DRAFT = 1_800  # characters of one draft
MAX_LINK = 60  # characters of a link that are shown

STILL_READING = "Still reading; the answer follows."
CUT = "… The answer is longer than Discord shows."
DRAFTS = {"customer": "To your customer", "postmaster": "To the other side's postmaster"}
# What an answer took from its text and a button needs again. It is shown, and read back from there.
VALUES = "Named in the text"
LABELS = {
    "ip": "IP address",
    "sender_domain": "Sender's domain",
    "recipient_domain": "Recipient's domain",
    "host": "Their server",
    "reporting_host": "Reported by",
    "list": "Block list",
    "limit": "Limit",
    "queue_id": "Queue ID",
}
COLORS: dict[Permanence, int] = {"permanent": 0xC0392B, "temporary": 0xD68910, None: 0x5865F2}

Payload = dict[str, Any]

_CODE = re.compile(r"`([^`\n]{1,1000})`")
_URL = re.compile(r"https?://[^\s`\"'<>|(){}\[\]]{3,500}")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_BROADCAST = re.compile(r"@(?=(?:here|everyone)\b)", re.I)
_SCHEME = re.compile(r"(?<=\w):(?=//)")  # what Discord would make a link of
_FORMAT = re.compile(r"[\\*_~|`<\[]")
_OPENING = re.compile(r"^(\s*)(#{1,3}|-#|>{1,3}|[-+*]|\d{1,9}[.)])(?=\s)", re.M)
_VALUE = re.compile(r"([A-Z][A-Za-z' ]{1,30}) `([^`\n]{1,200})`")
_JOINER = "\u2060"  # invisible and without width
_SMALL = ("source", "hint")


def render(
    reply: Reply, public: bool = False, values: Mapping[str, str] | None = None, embeds: bool = True
) -> tuple[Payload, ...]:
    """The reply as messages, most often one; addresses are masked where it is `public`. Empty for silence.

    `values` are shown beneath the answer (see read_values); without `embeds` everything is plain text.
    """
    if not reply.message.parts:
        return ()
    message = masked(reply.message) if public else reply.message
    color = COLORS[reply.answers[0].verdict.permanence] if reply.answers else None
    if not embeds:
        return _texts(message, _Pen(reply, embeds=False))
    drawn = _with_values(_embeds(message, _Pen(reply), color), values or {})
    return _messages(drawn)


def render_line(line: str) -> Payload:
    """One sentence of our own."""
    return {"content": line}


def render_drafts(drafts: Mapping[str, str], embeds: bool = True) -> tuple[Payload, ...]:
    """The drafts, each in a code block that is copied with one click."""
    drawn = []
    for name, title in DRAFTS.items():
        if name in drafts:
            text = _UNSEEN.sub("", drafts[name]).replace("```", "'''")
            drawn.append((title, f"```text\n{_shortened(text, MAX_DRAFT)}\n```"))
    if embeds:
        return _messages([{"title": title, "description": text} for title, text in drawn])
    return tuple(render_line(f"**{title}**\n{text}") for title, text in drawn)


def read_values(embeds: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What render showed as values in these embeds, by placeholder."""
    names = {label: name for name, label in LABELS.items()}
    found: dict[str, str] = {}
    for embed in embeds:
        for field in embed.get("fields") or ():
            if field.get("name") == VALUES:
                found |= {names[label]: value for label, value in _VALUE.findall(field["value"]) if label in names}
    return found


def escape(text: str) -> str:
    """Text in which Discord finds no mention, link, format, heading, quote or list."""
    plain = _SCHEME.sub(":" + _JOINER, _BROADCAST.sub("@" + _JOINER, _UNSEEN.sub("", text)))
    return _OPENING.sub(r"\1\\\2", _FORMAT.sub(r"\\\g<0>", plain))


def code(text: str) -> str:
    """Text as a code span; nothing in one is active."""
    plain = _BROADCAST.sub("@" + _JOINER, _UNSEEN.sub("", text)).replace("`", "'")
    return f"`{plain}`" if plain.strip() else ""


class _Pen:
    """Writes Discord's Markdown: code stays code, our links are links, everything else is only text."""

    def __init__(self, reply: Reply, embeds: bool = True) -> None:
        self._reply = reply
        self._embeds = embeds

    def write(self, text: str) -> str:
        """The text as Markdown."""
        out: list[str] = []
        done = 0
        for found in _CODE.finditer(text):
            out += (self._prose(text[done : found.start()]), code(found[1]))
            done = found.end()
        out.append(self._prose(text[done:]))
        return "".join(out)

    def _prose(self, text: str) -> str:
        out: list[str] = []
        done = 0
        for found in _URL.finditer(text):
            url = found[0].rstrip(".,;:!?")
            out += (escape(text[done : found.start()]), self._link(url))
            done = found.start() + len(url)
        out.append(escape(text[done:]))
        return "".join(out)

    def _link(self, url: str) -> str:
        if not is_ours(url, self._reply):
            return code(url)
        return f"[{escape(_name(url))}]({url})" if self._embeds else f"<{url}>"


def _name(url: str) -> str:
    """How a link of ours is shown: without the scheme, and without a long path."""
    name = url.partition("://")[2].removeprefix("www.")
    return name if len(name) <= MAX_LINK else name.split("/")[0] + "/…"


def _size(text: str) -> int:
    """Characters as a client counts them, in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _embeds(message: Message, pen: _Pen, color: int | None) -> list[Payload]:
    """One embed for each heading; what comes before the first stands in the first."""
    drawn: list[Payload] = []
    title, lines = "", list[str]()
    for part in message.parts:
        if part.kind == "heading":
            if title:
                drawn += _embed(title, lines, color)
                lines = []
            title = _title(part.text)
        else:
            lines += _lines(part, pen)
    return drawn + _embed(title, lines, color)


def _embed(title: str, lines: list[str], color: int | None) -> list[Payload]:
    """An embed, and more of them where its text is too long for one."""
    texts = list(_pieces(lines, MAX_DESCRIPTION)) or [""]
    drawn: list[Payload] = [{"description": text} if text else {} for text in texts]
    if title:
        drawn[0] = {"title": title, **drawn[0]}
    for embed in drawn:
        if color is not None:
            embed["color"] = color
    return [embed for embed in drawn if "title" in embed or "description" in embed]


def _title(text: str) -> str:
    return _shortened(escape(" ".join(text.split())), MAX_TITLE) or "…"


def _lines(part: Part, pen: _Pen) -> list[str]:
    """The part as lines of Markdown, with an empty one before a part that opens something new."""
    if part.kind == "steps":
        head = ["", f"**{escape(part.label)}**"] if part.label else [""]
        return head + [f"{number}. {pen.write(item)}" for number, item in enumerate(part.items, 1)]
    if part.kind == "examples":
        return ["", *(f"- {code(item)}" for item in part.items)]
    text = pen.write(part.text)
    if part.kind in _SMALL or (part.kind == "note" and not part.label):
        return ["-# " + (f"{escape(part.label)}: {text}" if part.label else text).replace("\n", " ")]
    return ["", f"**{escape(part.label)}:** {text}"] if part.label else [text]


def _with_values(embeds: list[Payload], values: Mapping[str, str]) -> list[Payload]:
    """The embeds with the values in a field of the last one, as many as it holds."""
    told = ""
    for name, label in LABELS.items():
        value = code(values[name]) if values.get(name) else ""
        more = f"{' · ' if told else ''}{label} {value}"
        if value and _size(told + more) <= MAX_FIELD:
            told += more
    if told and embeds:
        embeds[-1]["fields"] = [{"name": VALUES, "value": told, "inline": False}]
    return embeds


def _messages(embeds: list[Payload]) -> tuple[Payload, ...]:
    """The embeds shared out over as few messages as the limits allow."""
    drawn: list[Payload] = []
    room = 0
    for embed in embeds:
        size = _embed_size(embed)
        if not drawn or size > room or len(drawn[-1]["embeds"]) == MAX_EMBEDS:
            drawn.append({"embeds": []})
            room = MAX_EMBED
        drawn[-1]["embeds"].append(embed)
        room -= size
    return _few(drawn)


def _embed_size(embed: Payload) -> int:
    fields = sum(_size(field["name"]) + _size(field["value"]) for field in embed.get("fields", ()))
    return _size(embed.get("title", "")) + _size(embed.get("description", "")) + fields


def _texts(message: Message, pen: _Pen) -> tuple[Payload, ...]:
    """The message as plain text, in as few messages as the limit allows."""
    lines: list[str] = []
    for part in message.parts:
        lines += ["", f"**{_title(part.text)}**"] if part.kind == "heading" else _lines(part, pen)
    return _few([{"content": text} for text in _pieces(lines, MAX_CONTENT)])


def _few(drawn: list[Payload]) -> tuple[Payload, ...]:
    return tuple(drawn) if len(drawn) <= MAX_MESSAGES else (*drawn[: MAX_MESSAGES - 1], render_line(CUT))


def _pieces(lines: list[str], limit: int) -> Iterator[str]:
    """The lines joined into texts within the limit; a line that is longer is cut."""
    piece = ""
    for line in lines:
        line = _shortened(line, limit)
        if piece and _size(piece) + 1 + _size(line) > limit:
            yield piece.strip("\n")
            piece = ""
        piece = f"{piece}\n{line}" if piece else line
    if piece.strip():
        yield piece.strip("\n")


def _shortened(text: str, limit: int) -> str:
    """The text within a limit, cut between words and never inside an escape, a link or a piece of code."""
    if _size(text) <= limit:
        return text
    cut = text[: limit - 3]
    while _size(cut) > limit - 3:
        cut = cut[: len(cut) - max(1, (_size(cut) - limit + 3) // 2)]
    cut = cut[: cut.rfind(" ")] if " " in cut[len(cut) // 2 :] else cut
    opened = cut.rfind("](")
    if opened >= 0 and ")" not in cut[opened:]:
        cut = cut[: cut.rfind("[", 0, opened)]
    bare = cut.rstrip("\\")
    cut = bare + "\\" * ((len(cut) - len(bare)) // 2 * 2)
    return cut.rstrip(" ") + ("`…" if len(re.findall(r"(?<!\\)`", cut)) % 2 else "…")
