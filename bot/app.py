"""The wiring: Bot(knowledge).answer(text, via) -> Reply. Text in, everything there is to say out; no clock, no file, no log."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bot import question
from bot.asked import Questions
from bot.drafts import make_drafts
from bot.knowledge import Knowledge, load_knowledge
from bot.model import Question, Reply, Via
from bot.ours import Ours
from bot.remarks import note, silence, usage
from bot.rendering import bounce_message, with_note
from bot.settings import Settings
from bot.undamage import MAX_TEXT, undamage

if TYPE_CHECKING:
    from bot.pasted import Pastes

_READABLE = re.compile(r"[^\W_]")


class Bot:
    """Answers texts and mails. Holds only the knowledge and what is ours; the same text always gets the same reply."""

    def __init__(self, knowledge: Knowledge, ours: Ours | None = None) -> None:
        self._knowledge, self._ours = knowledge, ours
        self._questions = Questions(knowledge)

    @property
    def knowledge(self) -> Knowledge:
        """What it knows."""
        return self._knowledge

    @property
    def ours(self) -> Ours | None:
        """What is the operator's, where that is known."""
        return self._ours

    @cached_property
    def _pastes(self) -> "Pastes":
        from bot.pasted import Pastes  # the readers cost half of the start, and a bare code needs none

        return Pastes(self._knowledge, self._ours)

    @classmethod
    def load(cls, own: Path | None = None, ours: Ours | None = None) -> "Bot":
        """A bot with the built knowledge and, where given, the operator's own folder laid over it."""
        return cls(load_knowledge(own), ours)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Bot":
        """A bot with the operator's knowledge and what is theirs, as the settings say."""
        named = settings.our_domains or settings.our_ips or settings.our_hosts or settings.our_panel
        ours = Ours(
            frozenset(settings.our_domains), settings.our_ips, frozenset(settings.our_hosts), settings.our_panel
        )
        return cls.load(settings.data_dir, ours if named else None)

    def answer(self, text: str, via: Via = "slash", drafts: bool = False) -> Reply:
        """The reply to one text. `via` decides how ready the bot is to speak; `drafts` adds the two drafts."""
        reply = self._answer(text if _is_json(text) else undamage(text), via)
        if len(text) > MAX_TEXT and reply.answered:
            limit = self.knowledge.ui["none"]["too_long"].replace("{limit}", f"{MAX_TEXT:,}")
            reply = reply._replace(message=with_note(reply.message, limit))
        return self._drafted(reply) if drafts else reply

    def answer_mail(self, raw: bytes, via: Via = "slash", drafts: bool = False) -> Reply:
        """The reply to a raw message or to a file that holds pasted text."""
        reply = self._pastes.answer_mail(raw, via)
        if reply is None and b"\0" in raw[:4_000]:
            return note("none", via, self.knowledge.ui["none"]["binary"])
        if reply is None:
            return self.answer(raw[: MAX_TEXT * 4].decode("utf-8", "replace"), via, drafts)
        return self._drafted(reply) if drafts else reply

    def recall(self, references: Sequence[str], values: Mapping[str, str], drafts: bool = False) -> Reply | None:
        """The reply that references (see bot.recalling) stand for; None where nothing is known of them anymore."""
        from bot import recalling

        asked = recalling.question_of(references[0]) if references else None
        if asked is not None:
            return self.answer(asked, drafts=drafts)
        answers = recalling.recall_answers(references, values, self._knowledge, self._ours)
        if not answers:
            return None
        message = bounce_message(answers, self.knowledge.ui)
        reply = Reply("bounce", "slash", True, True, message, answers, Question("bounce", ""))
        return reply._replace(drafts=make_drafts(answers[0], self.knowledge, values)) if drafts else reply

    def _answer(self, text: str, via: Via) -> Reply:
        text = text.strip()
        if not text:
            return silence(via) if via == "channel" else usage(via, self.knowledge)
        if not _READABLE.search(text):
            return silence(via) if via == "channel" else note("none", via, self.knowledge.ui["none"]["asked"])
        asked = question.read_question(text) if question.is_short(text) else None
        if asked and asked.sort == "help":
            return silence(via) if via == "channel" else usage(via, self.knowledge)
        reply = self._questions.answer(text, asked, via) if asked else None
        reply = reply or self._pastes.answer(text, via, asked.opens if asked else False)
        if reply:
            # What stands in a paragraph of its own was pasted, and is more than its code.
            asks = asked is not None and via != "channel" and "\n\n" not in text and (asked.opens or "?" in text)
            return (self._questions.explain(text, via) or reply) if asks and _says_nothing(reply, text) else reply
        if via == "channel":
            return silence(via)
        return self._questions.nearest(text, asked, via) or note("none", via, self._questions.unknown(asked))

    def _drafted(self, reply: Reply) -> Reply:
        return reply._replace(drafts=make_drafts(reply.answers[0], self.knowledge)) if reply.answers else reply


def _says_nothing(reply: Reply, said: str) -> bool:
    """Whether a text was read as a bare reply of which only the code, if anything, names a cause."""
    bounce = reply.question.bounce if reply.question else None
    if bounce is None or bounce.sort != "reply" or len(reply.answers) != 1:
        return False
    failure, verdict = reply.answers[0].failure, reply.answers[0].verdict
    if verdict.cause == "unclear" and verdict.rule is None:
        return True
    if "\n" in said or failure.recipient or failure.remote_mta or failure.own_cause:
        return False
    return verdict.evidence in ("", failure.reply_code, failure.enhanced_code)


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    from bot.readers.events import is_json

    return is_json(text)
