"""The wiring: Bot(knowledge).answer(text, via) -> Reply. Text in, everything there is to say out; no clock, no file, no log."""

import re
from collections.abc import Iterable
from pathlib import Path

from bot import lookups, neighbors, question, rendering
from bot.answering import compose
from bot.deciding import decide
from bot.drafts import make_drafts
from bot.knowledge import Knowledge, load_knowledge
from bot.model import Answer, Bounce, Failure, Kind, Message, Part, Question, Reply, Verdict, Via
from bot.ours import Ours
from bot.readers import mail
from bot.readers.recipients import find_recipient
from bot.readers.replies import one_line
from bot.reading import read_text
from bot.suggestions import corrected
from bot.undamage import MAX_TEXT, undamage

MAX_RECIPIENTS = 1_000
MAX_TOPIC = 4_000  # characters of words without a code that are read for a cause
MIN_SAID = 4  # words: fewer are a symptom somebody names, more are what a program said
_NO_FAILURE = ("accepted", "auto-reply", "complaint")
_SILENT = Message((), answered=False)
_NOTE_SORTS = ("auto-reply", "complaint", "success")
_READABLE = re.compile(r"[^\W_]")


class Bot:
    """Answers texts and mails. Holds only the knowledge and what is ours; the same text always gets the same reply."""

    def __init__(self, knowledge: Knowledge, ours: Ours | None = None) -> None:
        self.knowledge = knowledge
        self.ours = ours

    @classmethod
    def load(cls, own: Path | None = None, ours: Ours | None = None) -> "Bot":
        """A bot with the built knowledge and, where given, the operator's own folder laid over it."""
        return cls(load_knowledge(own), ours)

    def answer(self, text: str, via: Via = "slash", drafts: bool = False) -> Reply:
        """The reply to one text. `via` decides how ready the bot is to speak; `drafts` adds the two drafts."""
        reply = self._answer(undamage(text), via)
        if len(text) > MAX_TEXT and reply.answered:
            limit = self.knowledge.ui["none"]["too_long"].replace("{limit}", f"{MAX_TEXT:,}")
            reply = _with_note(reply, limit)
        return self._drafted(reply) if drafts else reply

    def answer_mail(self, raw: bytes, via: Via = "slash", drafts: bool = False) -> Reply:
        """The reply to a raw message or to a file that holds pasted text."""
        head = raw[:8_000].decode("utf-8", "replace")
        if b"\0" in raw[:4_000] and not mail.looks_like_mail(head.replace("\0", "")):
            return self._note("none", via, self.knowledge.ui["none"]["binary"])
        if not mail.looks_like_mail(head.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")):
            return self.answer(raw[: MAX_TEXT * 4].decode("utf-8", "replace"), via, drafts)
        reply = self._bounce(mail.read_mail(raw), via, "")
        return self._drafted(reply) if drafts else reply

    # the ways a text is answered

    def _answer(self, text: str, via: Via) -> Reply:
        text = text.strip()
        if not text:
            return self._silence(via) if via == "channel" else self._help(via)
        if not _READABLE.search(text):
            return (
                self._silence(via) if via == "channel" else self._note("none", via, self.knowledge.ui["none"]["asked"])
            )
        asked = question.read_question(text) if question.is_short(text) else None
        if asked and asked.sort == "help":
            return self._silence(via) if via == "channel" else self._help(via)
        if asked and asked.sort in ("codes", "compare", "soft-hard"):
            reply = self._codes(text, asked, via)
            if reply:
                return reply
        bounce = read_text(text)
        if bounce and (bounce.sort == "ordinary" or bounce.failures or bounce.sort in _NOTE_SORTS):
            reply = self._bounce(bounce, via, text)
            if reply.answered or reply.is_bounce or bounce.sort in (*_NOTE_SORTS, "ordinary"):
                return (
                    reply
                    if via != "channel" or reply.is_bounce or bounce.sort in ("complaint", "success")
                    else self._silence(via)
                )
        neighbor = neighbors.find_neighbor(text)
        if neighbor:
            return (
                self._silence(via)
                if via == "channel"
                else self._note("neighbour", via, self.knowledge.ui["neighbors"][neighbor])
            )
        topic = self._topic(text, via, asked.opens if asked else False)
        if topic:
            return topic
        if via == "channel":
            return self._silence(via)
        if asked and asked.sort in ("codes", "number"):
            number = asked.number or " ".join(code for code in asked.codes[0] if code)
            if asked.plain or asked.sort == "codes":
                return self._note("none", via, lookups.unknown_words(number, self.knowledge))
        return self._note("none", via, self.knowledge.ui["none"]["asked"])

    def _codes(self, text: str, asked: question.Asked, via: Via) -> Reply | None:
        """Bare codes and comparisons; None where words beside them have more to say."""
        if via == "channel" and (not asked.opens or question.other_world(text)):
            return None
        if asked.sort == "soft-hard":
            ui = self.knowledge.ui["compare"]
            message = Message((Part("heading", "Soft and hard bounces"), Part("text", ui["soft_hard"])))
            return Reply("compare", via, True, False, message, question=Question("compare", text, via))
        provider = self._provider_named(asked.words, text)
        left = [word for word in asked.words if not self._names_provider(word)]
        known = [code for code in asked.codes if lookups.is_known(code, self.knowledge)]
        if asked.sort == "compare" and len(known) >= 2:
            return self._compare(tuple(known), text, via)
        if len(asked.codes) == 1 and known and not left:
            answer = lookups.code_answer(known[0], self.knowledge, provider)
            if answer:
                return Reply(
                    "code",
                    via,
                    True,
                    False,
                    rendering.bounce_message((answer,), self.knowledge.ui),
                    (answer,),
                    Question("code", text, via, tuple(known), provider=provider),
                )
        return None

    def _compare(self, codes: tuple[lookups.Code, ...], text: str, via: Via) -> Reply | None:
        ui = self.knowledge.ui
        answers = [found for code in codes[:4] if (found := lookups.code_answer(code, self.knowledge))]
        if len(answers) < 2:
            return None
        names = [" ".join(part for part in code if part) for code in codes[:4]]
        lines = tuple(_shortened(answer, len(answers)) for answer in answers)
        states = [answer.verdict.permanence for answer in answers]
        words = ui["compare"]
        closing = ""
        if len(set(states)) == 1 and states[0]:
            closing = words["same_class"].replace("{permanence}", ui["permanence"][states[0]])
        elif "temporary" in states and "permanent" in states:
            first, second = states.index("temporary"), states.index("permanent")
            closing = (
                words["differ"].replace("{first}", names[first]).replace("{second}", names[second])
                .replace("{first_class}", ui["permanence"]["temporary"]).replace("{second_class}", ui["permanence"]["permanent"])
            )  # fmt: skip
        message = rendering.compare_message(words["title"].replace("{codes}", " and ".join(names)), lines, closing, ui)
        return Reply("compare", via, True, False, message, tuple(answers), Question("compare", text, via, codes))

    def _topic(self, text: str, via: Via, opens: bool) -> Reply | None:
        """Words without a code: a symptom that is asked about, or what a server or program said, pasted without its number."""
        if len(text) > MAX_TOPIC:
            return None
        failure = lookups.topic_failure(text, None if opens else find_recipient(one_line(text)))
        verdict = decide(failure, self.knowledge)
        if via != "channel" and verdict.cause == "unclear" and not verdict.entry:
            mended = corrected(text, self.knowledge)
            if mended:
                failure = lookups.topic_failure(mended, failure.recipient)
                verdict = decide(failure, self.knowledge)
        if not _tells(verdict, text, via):
            return None
        answer = compose(failure, verdict, self.knowledge, self.ours)
        message = rendering.bounce_message((answer,), self.knowledge.ui)
        said = not opens and (failure.recipient is not None or len(text.split()) >= MIN_SAID or via == "channel")
        told = Question("topic", text, via, topic=text[:200])
        return Reply("topic", via, True, said and verdict.cause not in _NO_FAILURE, message, (answer,), told)

    def _bounce(self, bounce: Bounce, via: Via, text: str) -> Reply:
        ui = self.knowledge.ui
        if bounce.sort == "ordinary":
            return self._note("none", via, ui["none"]["ordinary"])
        answers = tuple(self._answers(bounce.failures[:MAX_RECIPIENTS]))
        if bounce.sort in _NOTE_SORTS and not any(answer.verdict.cause not in ("unclear",) for answer in answers):
            answers = self._named(bounce)
        if via == "channel" and not bounce.sure and not any(_worded(answer) for answer in answers):
            return self._silence(via)
        lead = ui["sorts"].get(bounce.sort, "")
        message = rendering.bounce_message(answers, ui, lead)
        kind: Kind = "bounce"
        accepted = all(answer.verdict.cause in ("accepted", "auto-reply") for answer in answers) if answers else False
        return Reply(
            kind, via, bool(answers), bounce.is_bounce and not accepted and bounce.sort not in _NOTE_SORTS, message, answers,
            Question(kind, text[:200], via, bounce=bounce),
        )  # fmt: skip

    def _answers(self, failures: Iterable[Failure]) -> Iterable[Answer]:
        for failure in failures:
            yield compose(failure, decide(failure, self.knowledge), self.knowledge, self.ours)

    def _named(self, bounce: Bounce) -> tuple[Answer, ...]:
        """Answers for what is no failure: automatic replies, complaints, success reports."""
        cause = {"auto-reply": "auto-reply", "complaint": "complaint", "success": "accepted"}[bounce.sort]
        failures = bounce.failures or (Failure(),)
        out = []
        for failure in failures:
            verdict = Verdict(
                cause,
                (cause,),
                None,
                "certain",
                None,
                "delivered",
                None,
                None,
                None,
                self.knowledge.who_acts(cause, None),
                "",
            )
            out.append(compose(failure, verdict, self.knowledge, self.ours))
        return tuple(out)

    # small replies

    def _help(self, via: Via) -> Reply:
        return Reply("help", via, False, False, rendering.help_message(self.knowledge.ui))

    def _note(self, kind: Kind, via: Via, text: str) -> Reply:
        return Reply(kind, via, False, False, rendering.note_message(text))

    def _silence(self, via: Via) -> Reply:
        return Reply("none", via, False, False, _SILENT)

    def _drafted(self, reply: Reply) -> Reply:
        from dataclasses import replace

        return replace(reply, drafts=make_drafts(reply.answers[0], self.knowledge)) if reply.answers else reply

    # providers named in a question

    def _names_provider(self, word: str) -> bool:
        return self._provider_of(word) is not None

    def _provider_of(self, word: str) -> str | None:
        knowledge = self.knowledge
        if "." in word:
            return knowledge.find_host(knowledge.hosts, word) or knowledge.find_host(knowledge.domains, word)
        return knowledge.names.get(word)

    def _provider_named(self, words: tuple[str, ...], text: str) -> str | None:
        return next((found for word in words if (found := self._provider_of(word))), None)


def _worded(answer: Answer) -> bool:
    """Whether words, not the number alone, name the cause."""
    return answer.verdict.confidence != "guess" and bool(answer.verdict.rule and answer.verdict.rule.worded)


def _tells(verdict: Verdict, text: str, via: Via) -> bool:
    """Whether the words of a text without codes say enough to be answered."""
    rule = verdict.rule
    if rule is None or not rule.worded:
        return False
    if via != "channel":
        return verdict.confidence != "guess" or rule.strength >= 1
    if question.other_world(text):
        return False
    if rule.anywhere and verdict.confidence == "certain" and len(verdict.evidence.split()) >= 3:
        return True
    shaped = bool(re.search(r"[@\[\]{}<>=]|: ", text)) and len(text) >= 30
    return (
        verdict.confidence == "certain"
        and shaped
        and len(verdict.evidence.split()) >= 3
        and bool(re.search(r"@|<[^>]+>|\[[^\]]+\]|\bmail|\bsmtp|\brecipient|\bsender\b|\bmailbox", text, re.I))
    )


def _shortened(answer: Answer, count: int) -> Answer:
    from dataclasses import replace

    sentences = re.split(r"(?<=[.!?])\s", answer.happened)
    kept = " ".join(sentences[: 3 if count == 2 else 2])
    return replace(answer, happened=kept)


def _with_note(reply: Reply, note: str) -> Reply:
    from dataclasses import replace

    return replace(reply, message=Message((*reply.message.parts, Part("note", note)), reply.message.answered))
