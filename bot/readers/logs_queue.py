"""Listings of mail queues (`mailq`, `postqueue -p`) -> failures: what each message still waits for."""

import re
from collections.abc import Iterator

from bot.model import Bounce, Failure
from bot.readers.replies import one_line, read_diagnostic

MAX_LINES = 5_000
_SIGNS = ("Queue ID-", "Q-ID--", "Sender/Recipient", "Requests.")
_ENTRY = re.compile(r"^\s{0,4}(?P<id>[0-9A-Za-z]{6,20})[*!#X-]?\s{1,20}\d{1,12}\s{1,4}[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(?::\d\d)?\s{1,4}(?P<sender>\S{1,320})\s*$")  # fmt: skip
_RECIPIENT = re.compile(r"^\s{1,80}<?(?P<to>[^\s<>()@]{1,128}@[^\s<>()]{1,255})>?\s*$")
_DEFERRED = re.compile(r"^Deferred:? ?", re.I)


def looks_like(text: str) -> bool:
    """Whether a text is a queue's listing."""
    return any(sign in text for sign in _SIGNS) or ("(" in text and bool(_ENTRY.match(text.split("\n", 1)[0])))


def _waiting(text: str) -> Iterator[tuple[str, str | None, str, str]]:
    """(queue id, sender, reason, recipient) of each recipient; the reason stands before its recipients."""
    queue, sender, reason, opened = "", None, "", False
    for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
        entry = _ENTRY.match(line)
        stripped = line.strip()
        if entry:
            queue, sender, reason, opened = entry["id"], entry["sender"].strip("<>"), "", False
        elif opened or stripped.startswith("("):
            reason = f"{reason} {stripped}" if opened else stripped
            opened = not stripped.endswith(")")
        else:
            named = _RECIPIENT.match(line)
            if named and queue:
                yield queue, sender, reason, named["to"]


def read(text: str) -> Bounce | None:
    """What waits in a queue and why, or None where the text is no listing."""
    if not looks_like(text):
        return None
    failures = tuple(_failure(*row) for row in _waiting(text) if row[2])
    return Bounce("log", failures, "queue listing") if failures else None


def _failure(queue: str, sender: str | None, reason: str, recipient: str) -> Failure:
    said = _DEFERRED.sub("", one_line(reason).removeprefix("(").removesuffix(")"))
    diagnosis = read_diagnostic(said)
    return Failure(
        diagnostic=diagnosis.text, recipient=recipient, sender=sender, reply_code=diagnosis.reply_code, enhanced_code=diagnosis.enhanced_code, action="delayed",
        remote_mta=diagnosis.host, command=diagnosis.command, outer=diagnosis.outer, context=said, direction="outgoing", queue_id=queue,
        software="sendmail" if len(queue) == 14 and queue.isalnum() and "Deferred" in reason else "postfix",
    )  # fmt: skip
