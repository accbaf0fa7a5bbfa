"""The nouns: what is read from a text, what is known, what is answered. Immutable; no behaviour beyond reading them.

Named tuples rather than frozen dataclasses: a dozen are made for each answer, and a tuple is made at once, not field by field.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Permanence = Literal["permanent", "temporary"] | None
Kind = Literal["code", "compare", "topic", "bounce", "neighbour", "help", "none"]
Via = Literal["slash", "mention", "channel"]
Fate = Literal["failed", "delayed", "delivered", "unknown"]
Confidence = Literal["certain", "likely", "guess"]


class Failure(NamedTuple):
    """What one text says about one recipient, as it stands there. The names are those of RFC 3464 where it has one."""

    diagnostic: str = ""  # the words that decide, on one line; the innermost reply of a chain
    recipient: str | None = None
    reply_code: str | None = None
    enhanced_code: str | None = None
    derived: tuple[str, ...] = ()  # fields that the text gives by another name (.NET `MailboxUnavailable` -> 550)
    action: str | None = None  # failed, delayed, delivered, relayed, expanded
    status: str | None = None  # the Status field or dsn=, which may be coarser than enhanced_code
    remote_mta: str | None = None
    reporting_mta: str | None = None
    command: str | None = None  # CONNECT, EHLO, MAIL, RCPT, DATA, AUTH, STARTTLS: where in the SMTP dialogue
    outer: tuple[str, ...] = ()  # what other servers wrapped around the diagnostic, outermost first
    context: str = ""  # human words around it, read only when the diagnostic says nothing
    direction: Literal["outgoing", "incoming", "unknown"] = "unknown"
    sender: str | None = None
    queue_id: str | None = None
    arrival: str | None = None  # Arrival-Date or log time, as written
    retry_until: str | None = None  # Will-Retry-Until
    author: str | None = None  # domain of the mail system that wrote the report (its From:)
    software: str | None = None  # the program that wrote it: postfix, exim, exchange, php, python, ses ...
    own_cause: str | None = None  # the source's own classification (a type field of a sending service), as a cause
    own_permanence: Permanence = None


class Bounce(NamedTuple):
    """What a pasted text or a mail turned out to be, and every failed recipient in it."""

    sort: str  # report, reply, log, event, exception, dialog, auto-reply, complaint, success, ordinary
    failures: tuple[Failure, ...] = ()
    reader: str = ""  # which reader found it; `--why` shows it
    notes: tuple[str, ...] = ()  # what was noticed on the way: backscatter, forwarded
    limits: tuple[str, ...] = ()  # sentences that say what was too much to be read
    sure: bool = True  # False where only a person who asked would call this a mail error
    date: str | None = None  # when the report was written, as written
    words: str = ""  # of an ordinary mail, which may quote a report

    @property
    def is_bounce(self) -> bool:
        """True for failures and delay reports."""
        return self.sort in ("report", "reply", "log", "event", "exception", "dialog") and any(
            failure.action not in ("delivered", "relayed", "expanded") for failure in self.failures
        )


class Question(NamedTuple):
    """A text after reading: what is asked, and what stands in it."""

    kind: Kind
    text: str
    via: Via = "slash"
    codes: tuple[tuple[str | None, str | None], ...] = ()  # (reply code, enhanced code) in the order they stand
    bounce: Bounce | None = None
    topic: str = ""  # the words of a symptom; the name of a neighbour; the number that is no mail code
    provider: str | None = None  # the provider's id where the question names one


class Rule(NamedTuple):
    """One entry of the knowledge: when it matches and what it then says. Facts only; words are kept apart."""

    id: str
    cause: str
    detail: str | None = None
    provider: str | None = None  # id of the provider file; None for rules that hold for any server
    strength: int = 2  # 3 certain, 2 likely, 1 weak
    reply: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    permanence: Permanence = None
    who: tuple[str, ...] = ()
    anywhere: bool = False
    worded: bool = False  # has text or marks
    source: str | None = None
    checked: str | None = None
    verified: bool = True
    rank: int = 50  # of its cause, for ties


class Verdict(NamedTuple):
    """What the knowledge makes of one Failure: cause, who acts, how sure, and why."""

    cause: str
    causes: tuple[str, ...]
    detail: str | None
    confidence: Confidence
    permanence: Permanence
    fate: Fate
    provider: str | None  # family slug
    provider_id: str | None
    entry: str | None
    who: tuple[str, ...]
    evidence: str
    rule: Rule | None = None
    set_aside: tuple[object, ...] = ()  # what spoke for something else; `str` says what it was


class Source(NamedTuple):
    """A page that says so, and when somebody last read it."""

    url: str
    checked: str | None = None


class Answer(NamedTuple):
    """One answer for one recipient (or one code), in the parts in which it is read."""

    failure: Failure
    verdict: Verdict
    headline: str
    happened: str
    move: str = ""
    fate: str = ""
    steps: tuple[str, ...] = ()
    why: str = ""
    mind: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    situation: str | None = None  # the reader's, where the steps depend on it
    recipients: tuple[str, ...] = ()  # all recipients this answer holds for


class Part(NamedTuple):
    """A piece of a Message. kind: heading, text, label, steps, quote, note, source, table, hint."""

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    label: str = ""


class Message(NamedTuple):
    """What a person is shown, free of any platform: parts in order. Backticks mark what is to be copied."""

    parts: tuple[Part, ...] = ()
    answered: bool = True


class Reply(NamedTuple):
    """Everything the bot has to say to one text."""

    kind: Kind
    via: Via
    answered: bool
    is_bounce: bool
    message: Message
    answers: tuple[Answer, ...] = ()
    question: Question | None = None
    drafts: Mapping[str, str] = MappingProxyType({})
