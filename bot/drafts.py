"""Ready-to-send mails about one failure: to the customer, and to the postmaster of the other side."""

import re
from collections.abc import Mapping

from bot.answering import codes_text
from bot.knowledge import Knowledge
from bot.model import Answer
from bot.wording import Values

SORTS = ("customer", "postmaster")
_NO_FAILURE = ("accepted", "auto-reply", "complaint")
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
        knowledge.ui,
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
            out[sort] = _DOUBLED.sub("”", values.fill(" ".join(template.split())))
    recalled = known is not None and verdict.cause not in _NO_FAILURE
    return out if codes_text(failure) or failure.diagnostic or recalled else {}
