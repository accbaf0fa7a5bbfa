"""Ready-to-send mails about one failure: to the customer, and to the postmaster of the other side."""

import re
from collections.abc import Mapping

from bot.answering import codes_text
from bot.knowledge import Knowledge
from bot.model import Answer
from bot.wording import Values

SORTS = ("customer", "postmaster")
_NO_FAILURE = ("accepted", "auto-reply", "complaint")
_OPTIONAL = re.compile(r"\[([^\[\]]{1,300})\]")
_HOLE = re.compile(r"\{([a-z_]{2,20})\}")
_DOUBLED = re.compile(r"[.,;:!?]+”(?=[.,;:!?])")  # a quoted reply that ends in a sign, and the sentence's own


def make_drafts(answer: Answer, knowledge: Knowledge, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """`customer` and `postmaster`, three to six sentences each; the entry's words first, then the detail's, then the cause's."""
    verdict, failure = answer.verdict, answer.failure
    cause_words = knowledge.cause_words(verdict.cause)
    detail_words = (cause_words.get("details") or {}).get((verdict.detail or "/").partition("/")[2]) or {}
    entry_words = knowledge.words["entries"].get(verdict.entry or "") or {}
    provider = knowledge.providers.get(verdict.provider_id or "")
    values = Values(
        failure,
        verdict,
        knowledge.ui | {"prose": knowledge.ui["prose"] | knowledge.ui["drafts"]},
        provider["name"] if provider and provider["kind"] != "blocklist" else None,
        known=known,
    )
    out = {}
    for sort in SORTS:
        template = next(
            (
                words["draft"][sort]
                for words in (entry_words, detail_words, cause_words)
                if (words.get("draft") or {}).get(sort)
            ),
            None,
        )
        if template:
            out[sort] = _DOUBLED.sub("”", values.fill(_known(template, values)))
    recalled = known is not None and verdict.cause not in _NO_FAILURE
    return out if codes_text(failure) or failure.diagnostic or recalled else {}


def _known(template: str, values: Values) -> str:
    """The template without the pieces in [brackets] that name what this text does not tell."""

    def keep(piece: re.Match[str]) -> str:
        return piece[1] if all(values.get(name) for name in _HOLE.findall(piece[1])) else ""

    return re.sub(r" (?=[.,;])", "", " ".join(_OPTIONAL.sub(keep, template).split()))
