"""Reply -> what the templates draw: cards with parts, recipients, drafts. Pure; a paste stays text."""

import csv
import io
import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from adapters.links import is_ours
from bot.answering import codes_text
from bot.knowledge import Knowledge
from bot.model import Answer, Part, Reply
from bot.recalling import question_of, references_of

MAX_ROWS = 20  # recipients shown; the CSV holds all of them
MAX_LINK = 70  # characters of a link that are shown
DRAFTS = {"customer": "To your customer", "postmaster": "To their postmaster"}
TONES = {"temporary": "temporary", "permanent": "permanent", "success": "done"}
FATES = {"failed": "not delivered", "delayed": "still being tried", "delivered": "delivered", "unknown": ""}

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CODE = re.compile(r"`([^`\n]{1,1000})`")
_URL = re.compile(r"https?://[^\s`\"'<>|(){}\[\]]{3,500}")
_NOTHING = Markup("")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Block:
    """A part as it is drawn. role: text, move, steps, why, mind, source, recipients, note, examples."""

    role: str
    label: str
    text: Markup
    items: tuple[Markup, ...] = ()
    fate: Markup = _NOTHING  # what becomes of the message, beneath whose move it is


@dataclass(frozen=True, slots=True)
class Card:
    """One cause: its headline in words, its codes, how lasting it is, and the blocks beneath."""

    title: Markup
    codes: tuple[str, ...]
    lasting: str
    tone: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient in the table."""

    recipient: str
    codes: str
    cause: str
    who: str
    fate: str


@dataclass(frozen=True, slots=True)
class View:
    """A whole reply, ready for the template."""

    lead: tuple[Block, ...]
    cards: tuple[Card, ...]
    drafts: tuple[tuple[str, str, str], ...]  # name, title, text
    rows: tuple[Row, ...]
    more: int  # recipients that are not in `rows`
    csv: str
    link: str | None
    answered: bool


def view(reply: Reply, knowledge: Knowledge) -> View:
    """The reply as the page shows it; `link` is the code question it answers, None for anything pasted."""
    lead, cards = _cards(reply, knowledge)
    drafts = reply.drafts if reply.kind == "bounce" else {}  # a bare code leaves nothing to write about
    told = [(name, title, visible(drafts[name])) for name, title in DRAFTS.items() if name in drafts]
    several = reply.kind == "bounce" and len(reply.answers) > 1
    rows = tuple(_row(answer, knowledge) for answer in reply.answers[:MAX_ROWS]) if several else ()
    table = recipients_csv(reply.answers, knowledge) if several else ""
    more = max(0, len(reply.answers) - MAX_ROWS) if several else 0
    return View(lead, cards, tuple(told), rows, more, table, link_of(reply), reply.answered)


def link_of(reply: Reply) -> str | None:
    """The question about codes that a link may hold; None where the answer is about anything else."""
    references = references_of(reply) if reply.kind in ("code", "compare") else ()
    return question_of(references[0]) if references else None


def visible(text: str) -> str:
    """The text without control characters and invisible marks, which could show it in another order."""
    return _UNSEEN.sub("", text)


def inline(text: str, reply: Reply | None) -> Markup:
    """The text as HTML: code is code, links of ours are links, everything else is only text.

    Without a reply the text is the knowledge's own, and so are all its links.
    """
    out: list[Markup] = []
    done = 0
    for found in _CODE.finditer(text):
        out += (_prose(text[done : found.start()], reply), code(found[1]))
        done = found.end()
        if _is_command(found[1]) and text[done : done + 1] in (",", "."):
            done += 1  # its frame ends it; a sign would stand alone on the next line of a phone
    out.append(_prose(text[done:], reply))
    return Markup("").join(out)


def _is_command(text: str) -> bool:
    return " " in text.strip()


def code(text: str) -> Markup:
    """Text as code; what has to be typed somewhere, with a button that copies it."""
    drawn = Markup("<code>{}</code>").format(visible(text))
    if not _is_command(text):
        return drawn
    return Markup('<span class="command">{}{}</span>').format(drawn, COPY)


COPY = Markup('<button type="button" class="copy with-script" data-copy="previous">Copy</button>')


def _prose(text: str, reply: Reply | None) -> Markup:
    out: list[Markup] = []
    done = 0
    for found in _URL.finditer(text):
        url = found[0].rstrip(".,;:!?")
        out += (escape(visible(text[done : found.start()])), _link(url, reply))
        done = found.start() + len(url)
    out.append(escape(visible(text[done:])))
    return Markup("").join(out)


def _link(url: str, reply: Reply | None) -> Markup:
    if reply is not None and not is_ours(url, reply):
        return escape(visible(url))
    return link(url)


def link(url: str) -> Markup:
    """A link to a page that the knowledge names; it opens beside the answer."""
    name = url.partition("://")[2].removeprefix("www.").rstrip("/")
    shown = name if len(name) <= MAX_LINK else name.split("/")[0] + "/…"
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(url, shown)


def _cards(reply: Reply, knowledge: Knowledge) -> tuple[tuple[Block, ...], tuple[Card, ...]]:
    """(what stands before the first headline, one card for each headline)."""
    lead: list[Block] = []
    cards: list[tuple[str, list[Block]]] = []
    roles = {text: name for name, text in knowledge.ui["labels"].items()}
    for part in reply.message.parts:
        if part.kind == "heading":
            cards.append((part.text, []))
        else:
            (cards[-1][1] if cards else lead).append(_block(part, roles, reply))
    return tuple(lead), tuple(_card(title, blocks, knowledge, reply) for title, blocks in cards)


def _block(part: Part, roles: dict[str, str], reply: Reply) -> Block:
    role = part.kind if part.kind in ("steps", "examples") else roles.get(part.label, part.kind)
    items = tuple(escape(visible(item)) if role == "examples" else inline(item, reply) for item in part.items)
    fates = (answer.fate for answer in reply.answers if answer.fate) if role == "move" else iter(())
    fate = next((fate for fate in fates if part.text.endswith(fate) and part.text != fate), "")
    text = part.text.removesuffix(fate).rstrip()
    return Block(role, visible(part.label), inline(text, reply), items, inline(fate, reply))


def _card(heading: str, blocks: list[Block], knowledge: Knowledge, reply: Reply) -> Card:
    title, *rest = heading.split(" · ")
    lasting = rest.pop() if rest and rest[-1] in knowledge.ui["permanence"].values() else ""
    return Card(inline(title, reply), tuple(map(visible, rest)), lasting, TONES.get(lasting, ""), tuple(blocks))


def _row(answer: Answer, knowledge: Knowledge) -> Row:
    roles = knowledge.ui["roles"]
    return Row(
        visible(answer.failure.recipient or "not named"),
        codes_text(answer.failure),
        knowledge.causes[answer.verdict.cause]["name"],
        ", then ".join(roles[who] for who in answer.verdict.who),
        FATES[answer.verdict.fate],
    )


def recipients_csv(answers: tuple[Answer, ...], knowledge: Knowledge) -> str:
    """All recipients with their causes as CSV (RFC 4180); no cell that a spreadsheet takes for a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(
        ("recipient", "reply_code", "enhanced_code", "permanence", "cause", "reason", "who_acts", "fate", "confidence", "diagnostic")
    )  # fmt: skip
    for answer in answers:
        failure, verdict = answer.failure, answer.verdict
        cells = (
            failure.recipient, failure.reply_code, failure.enhanced_code, verdict.permanence, verdict.cause,
            knowledge.causes[verdict.cause]["name"], " ".join(verdict.who), verdict.fate, verdict.confidence, failure.diagnostic[:500],
        )  # fmt: skip
        table.writerow([_cell(value or "") for value in cells])
    return out.getvalue()


def _cell(text: str) -> str:
    """Text that a spreadsheet shows and does not calculate (OWASP, CSV injection)."""
    plain = _UNSEEN.sub("", text)
    return "'" + plain if plain.lstrip()[:1] in _FORMULA else plain
