"""Which links of a reply are ours, and what may have come from the paste."""

from bot.model import Message, Part, Reply
from bot.redaction import mask_addresses


def is_ours(url: str, reply: Reply) -> bool:
    """Whether the knowledge, not the paste, gives this link; only such links may become active."""
    if any(url == source.url for answer in reply.answers for source in answer.sources):
        return True
    pasted = _pasted(reply)
    return pasted is not None and url.startswith("https://") and url.split("/")[2].lower() not in pasted


def masked(message: Message) -> Message:
    """The message with the addresses in all its parts masked."""
    return Message(
        tuple(
            Part(
                part.kind, mask_addresses(part.text), tuple(map(mask_addresses, part.items)), mask_addresses(part.label)
            )
            for part in message.parts
        ),
        message.answered,
    )


def _pasted(reply: Reply) -> str | None:
    """All that the answer may have taken from the paste; None where that is not known."""
    question = reply.question
    if question is None and not reply.answers:
        return None
    texts = [question.text, question.topic] if question else []
    for answer in reply.answers:
        failure = answer.failure
        texts += (failure.diagnostic, failure.context, *failure.outer, failure.remote_mta or "", failure.sender or "")
        texts += (failure.recipient or "", failure.reporting_mta or "")
    return " ".join(texts).lower()
