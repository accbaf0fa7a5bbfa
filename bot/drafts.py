"""Ready-to-send mails about one failure: to the customer, and to the postmaster of the other side.

A draft claims no deed that nobody has told: it asks, or leaves a gap in square brackets to be filled in.
"""

from collections.abc import Mapping
from typing import Any

from bot.answering import codes_text
from bot.knowledge import Knowledge
from bot.model import Answer
from bot.wording import Values

SORTS = ("customer", "postmaster")
MAX_REPLY = 400  # characters of the other server's words
_NO_FAILURE = ("accepted", "auto-reply", "complaint")
_ASKED_ANYWAY = ("unclear", "spam-content")  # the sender moves first, and the other side alone knows why
_FACTS = ("time", "sender", "recipient", "ip", "host", "queue_id", "reply")


def make_drafts(answer: Answer, knowledge: Knowledge, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """`customer` and `postmaster`, as plain text; the entry's words first, then the detail's, then the cause's.

    None to the postmaster where the sender has to act, or where that side can do nothing.
    """
    verdict, failure = answer.verdict, answer.failure
    recalled = known is not None and verdict.cause not in _NO_FAILURE
    if not (codes_text(failure) or failure.diagnostic or recalled):
        return {}
    words = knowledge.ui["draft"]
    provider = knowledge.providers.get(verdict.provider_id or "")
    spoken = provider["name"] if provider and provider["kind"] != "blocklist" else None
    values = Values(failure, verdict, knowledge.ui, spoken, known=known)
    templates = _templates(answer, knowledge)
    out = {}
    if templates.get("customer"):
        told = _flat(templates["customer"]).replace("[[fate]]", words["fate"][_what_became(answer)])
        out["customer"] = _letter(words, values.fill(told), "", words["regards"])
    if templates.get("postmaster"):
        body = values.fill(_flat(templates["postmaster"]))
        out["postmaster"] = _letter(words, body, _facts(answer, values, words), words["thanks"])
    return out


def _templates(answer: Answer, knowledge: Knowledge) -> dict[str, str]:
    verdict = answer.verdict
    if answer.failure.direction == "incoming" and verdict.cause not in _NO_FAILURE:
        reason = answer.headline.partition(" · ")[0]
        return {sort: text.replace("{reason}", reason) for sort, text in knowledge.ui["draft"]["incoming"].items()}
    cause = knowledge.cause_words(verdict.cause)
    detail = (cause.get("details") or {}).get((verdict.detail or "/").partition("/")[2]) or {}
    entry = knowledge.words["entries"].get(verdict.entry or "") or {}
    found: dict[str, str] = {}
    for told in (cause, detail, entry):
        found |= told.get("draft") or {}
    if verdict.who[:1] == ("sender",) and verdict.cause not in _ASKED_ANYWAY:
        found.pop("postmaster", None)
    return found


def _what_became(answer: Answer) -> str:
    """What became of the message: `waiting`, `returned`, or `either`, where the text does not tell."""
    verdict = answer.verdict
    if verdict.fate == "delayed" or (verdict.permanence == "temporary" and verdict.fate == "unknown"):
        return "waiting"
    return "returned" if verdict.permanence or verdict.fate == "failed" else "either"


def _facts(answer: Answer, values: Values, words: dict[str, Any]) -> str:
    """What the other side needs to find the message in its log, a line for each value that is known."""
    failure = answer.failure
    shown = {name: values.get(name) for name in _FACTS if name not in ("time", "reply")}
    shown["time"] = failure.arrival
    shown["reply"] = values.get("reply") or codes_text(failure) or None
    lines = [f"{words['facts'][name]}: {shown[name][:MAX_REPLY]}" for name in _FACTS if shown[name]]  # type: ignore[index]
    return "\n".join(lines)


def _letter(words: dict[str, Any], body: str, facts: str, end: str) -> str:
    return "\n\n".join(part for part in (words["greeting"], body, facts, end) if part)


def _flat(template: str) -> str:
    return " ".join(template.split())
