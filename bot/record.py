"""Reply -> the JSON record that `--json`, `batch` and the web API give."""

from typing import Any

from bot.model import Answer, Reply
from bot.rendering import plain_text


def answer_record(answer: Answer) -> dict[str, Any]:
    """One answer as a mapping ready for JSON."""
    failure, verdict = answer.failure, answer.verdict
    return {
        "recipient": failure.recipient,
        "reply_code": failure.reply_code,
        "enhanced_code": failure.enhanced_code,
        "derived": list(failure.derived),
        "permanence": verdict.permanence,
        "fate": verdict.fate,
        "direction": failure.direction,
        "cause": verdict.cause,
        "causes": list(verdict.causes),
        "detail": verdict.detail,
        "confidence": verdict.confidence,
        "provider": verdict.provider,
        "remote_mta": failure.remote_mta,
        "reporting_mta": failure.reporting_mta,
        "command": failure.command,
        "who_acts": list(verdict.who),
        "evidence": verdict.evidence,
        "entry": verdict.entry,
        "headline": answer.headline,
        "happened": answer.happened,
        "move": " ".join(part for part in (answer.move, answer.fate) if part),
        "steps": list(answer.steps),
        "mind": list(answer.mind),
        "links": list(answer.links),
        "sources": [{"url": source.url, "checked": source.checked} for source in answer.sources],
    }


def record(reply: Reply, identifier: str | None = None, took_ms: float | None = None) -> dict[str, Any]:
    """The whole reply as a mapping ready for JSON; `took_ms` is measured by the caller."""
    made: dict[str, Any] = {"id": identifier} if identifier is not None else {}
    made |= {
        "kind": reply.kind,
        "via": reply.via,
        "answered": reply.answered,
        "is_bounce": reply.is_bounce,
        "answers": [answer_record(answer) for answer in reply.answers],
        "drafts": dict(reply.drafts),
        "text": plain_text(reply.message),
    }
    if took_ms is not None:
        made["took_ms"] = round(took_ms, 3)
    return made
