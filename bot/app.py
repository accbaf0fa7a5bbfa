"""The wiring: Bot(knowledge).answer(text, via) -> Reply. Text in, everything there is to say out; no clock, no file, no log."""

import re
from collections.abc import Iterable
from pathlib import Path

from bot import lookups, neighbors, question, rendering
from bot.answering import compose
from bot.deciding import decide
from bot.drafts import make_drafts
from bot.knowledge import Knowledge, load_knowledge
from bot.matching import fold
from bot.model import Answer, Bounce, Failure, Kind, Message, Part, Question, Reply, Verdict, Via
from bot.ours import Ours
from bot.readers import mail
from bot.readers.events import is_json
from bot.readers.recipients import find_recipient
from bot.readers.replies import one_line
from bot.reading import read_text
from bot.suggestions import corrections, find_private, named_provider
from bot.undamage import MAX_TEXT, undamage

MAX_RECIPIENTS = 1_000
MAX_TOPIC = 4_000  # characters of words without a code that are read for a cause
MIN_OWN_WORDS = 3
MIN_SAID = 4  # words: fewer are a symptom somebody names, more are what a program said
MAX_BESIDE = 4  # words beside a private code that is asked about
FAR, NEAR = 100, 30  # characters between a code and the words that decide, where it opens a line and inside a sentence
# Web servers have these numbers too.
_WEB_CODES = ("500", "501", "502", "503", "504")
_CODE_BEFORE = re.compile(r"^[245]\d\d[ -]")
_SHAPED = re.compile(r"[@\[\]{}<>=]|: ")
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
        reply = self._answer(text if is_json(text) else undamage(text), via)
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
        if asked:
            reply = self._short(text, asked, via)
            if reply:
                return reply
        bounce = read_text(text)
        elsewhere = bounce is not None and self._elsewhere(bounce, text)
        if bounce and not elsewhere:
            reply = self._read(bounce, via, text)
            if reply:
                return reply
        neighbor = neighbors.find_neighbor(text)
        if neighbor:
            words = self.knowledge.ui["neighbors"][neighbor]
            return self._silence(via) if via == "channel" else self._note("neighbour", via, words)
        topic = None if elsewhere else self._topic(text, via, asked.opens if asked else False)
        if topic:
            return topic
        if via == "channel":
            return self._silence(via)
        return self._note("none", via, self._none(asked))

    def _none(self, asked: question.Asked | None) -> str:
        """The friendly line where nothing of mail was found."""
        number = ""
        if asked and asked.sort == "number" and asked.plain:
            number = asked.number
        elif (
            asked and asked.sort == "codes" and not any(lookups.is_known(code, self.knowledge) for code in asked.codes)
        ):
            number = " ".join(code for code in asked.codes[0] if code)
        return lookups.unknown_words(number, self.knowledge) if number else str(self.knowledge.ui["none"]["asked"])

    def _elsewhere(self, bounce: Bounce, text: str) -> bool:
        """Whether what was read as a failure is one of another program: FTP, a web server, a database."""
        if bounce.sort == "event":
            return not neighbors.speaks_of_mail(text)
        if bounce.sort == "exception" or (bounce.sort in ("reply", "dialog") and not _both_codes(bounce)):
            if neighbors.other_program(text) or neighbors.is_web(text):
                return not neighbors.speaks_of_mail(text)
            if bounce.sure or text[0] in "45" or not neighbors.other_world(text) or neighbors.speaks_of_mail(text):
                return False
            # A number in talk about something else, and no words that name a cause.
            return not any(map(_worded, self._answers(bounce.failures[:1])))
        return False

    def _read(self, bounce: Bounce, via: Via, text: str) -> Reply | None:
        """The reply to what was read; None where the text may still be something else."""
        if not (bounce.sort == "ordinary" or bounce.failures or bounce.sort in _NOTE_SORTS):
            return None
        reply = self._bounce(bounce, via, text)
        if not (reply.answered or reply.is_bounce or bounce.sort in (*_NOTE_SORTS, "ordinary")):
            return None
        if via == "channel" and not reply.is_bounce and bounce.sort not in ("complaint", "success"):
            return self._silence(via)
        return reply

    def _short(self, text: str, asked: question.Asked, via: Via) -> Reply | None:
        """Bare codes, private ones too, and comparisons; None where words beside them have more to say."""
        if via == "channel" and (not asked.opens or neighbors.other_world(text)):
            return None
        if asked.sort == "soft-hard":
            ui = self.knowledge.ui["compare"]
            message = Message((Part("heading", "Soft and hard bounces"), Part("text", ui["soft_hard"])))
            return Reply("compare", via, True, False, message, question=Question("compare", text, via))
        if asked.sort in ("words", "number"):
            return self._private(text, asked, via)
        if asked.sort == "long":
            return None
        provider, left = named_provider(asked.words, self.knowledge)
        known = [code for code in asked.codes if lookups.is_known(code, self.knowledge)]
        if asked.sort == "compare" and len(known) >= 2 and not (left and via == "channel"):
            return self._compare(tuple(known), text, via)
        if len(asked.codes) == 1 and known and not left:
            if via == "channel" and not (provider or known[0][1] or question.asks_meaning(text)):
                return None
            answer = lookups.code_answer(known[0], self.knowledge, provider)
            if answer:
                return self._code(answer, Question("code", text, via, tuple(known), provider=provider), via)
        if asked.plain and not known:
            return self._silence(via) if via == "channel" else self._note("none", via, self._none(asked))
        return None

    def _private(self, text: str, asked: question.Asked, via: Via) -> Reply | None:
        code = find_private(text, self.knowledge) if len(asked.words) <= MAX_BESIDE else None
        if code is None:
            return None
        provider, left = named_provider(asked.words, self.knowledge)
        if any(word not in code.lower() for word in left):
            return None
        answer = lookups.private_answer(code, self.knowledge, provider)
        return self._code(answer, Question("code", text, via, topic=code, provider=answer.verdict.provider_id), via)

    def _code(self, answer: Answer, asked: Question, via: Via) -> Reply:
        message = rendering.bounce_message((answer,), self.knowledge.ui)
        return Reply("code", via, True, False, message, (answer,), asked)

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
        if len(text) > MAX_TOPIC or (neighbors.other_program(text) and not neighbors.speaks_of_mail(text)):
            return None
        failure = lookups.topic_failure(text, None if opens else find_recipient(one_line(text)))
        verdict = lookups.topic_verdict(failure, self.knowledge)
        if via != "channel" and lookups.is_vague(verdict) and not lookups.is_listing(verdict):
            for mended in corrections(text, self.knowledge):
                other = lookups.topic_failure(mended, failure.recipient)
                better = lookups.topic_verdict(other, self.knowledge)
                if not lookups.is_vague(better) or lookups.is_listing(better):
                    failure, verdict = other, better
                    break
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
        if via == "channel" and not self._wakes(bounce, text, answers):
            return self._silence(via)
        lead = ui["sorts"].get(bounce.sort, "")
        message = rendering.bounce_message(answers, ui, lead)
        kind: Kind = "bounce"
        accepted = all(answer.verdict.cause in ("accepted", "auto-reply") for answer in answers) if answers else False
        return Reply(
            kind, via, bool(answers), bounce.is_bounce and not accepted and bounce.sort not in _NOTE_SORTS, message, answers,
            Question(kind, text[:200], via, bounce=bounce),
        )  # fmt: skip

    def _wakes(self, bounce: Bounce, text: str, answers: tuple[Answer, ...]) -> bool:
        """Whether a person who overhears this would say "that is a mail error"; a file (no text) always is one."""
        if not text:
            return True
        if bounce.sort == "reply" and not _both_codes(bounce) and "said:" not in text:
            return not neighbors.other_world(text) and any(
                _told(text, answer, self.knowledge) or _unmistakable(text, answer) for answer in answers
            )
        if bounce.sort == "exception" and not _both_codes(bounce) and neighbors.other_program(text):
            return "smtp" in text.lower()
        if bounce.sort == "dialog" and not neighbors.other_program(text) and any(map(_worded, answers)):
            return True
        return bounce.sort == "reply" or neighbors.speaks_of_mail(text)

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


def _both_codes(bounce: Bounce) -> bool:
    return any(failure.reply_code and failure.enhanced_code for failure in bounce.failures)


def _worded(answer: Answer) -> bool:
    """Whether words, not the number alone, name the cause."""
    return answer.verdict.confidence != "guess" and bool(answer.verdict.rule and answer.verdict.rule.worded)


def _told(text: str, answer: Answer, knowledge: Knowledge) -> bool:
    """Whether a code opens a line or follows a verb of saying, and the words that decide stand right after it."""
    rule = answer.verdict.rule
    words = fold(one_line(_CODE_BEFORE.sub("", answer.verdict.evidence)))
    if rule is None or not rule.worded or not words:
        return False
    certain = answer.verdict.confidence != "guess"
    codes = (answer.failure.reply_code, answer.failure.enhanced_code)
    if not codes[1] and codes[0] not in knowledge.replies:
        return False
    for found in question.find_told(text):
        if found["code"] not in codes:
            continue
        after = fold(one_line(text[found.end() : found.end() + FAR + len(words)]))
        at = after.find(words[:40])
        if not 0 <= at <= (NEAR if found["verb"] else FAR) or (found["verb"] and "," in after[:at]):
            continue
        if certain and not (found["verb"] and found["code"] in _WEB_CODES):
            return True
        if not found["verb"] and found["code"] not in _WEB_CODES and " " in words:
            return True
    return False


def _unmistakable(text: str, answer: Answer) -> bool:
    """Whether words that only one program or provider writes decide, in a text about mail, wherever its code stands."""
    verdict = answer.verdict
    if verdict.confidence != "certain" or verdict.rule is None or len(verdict.evidence.split()) < MIN_OWN_WORDS:
        return False
    return verdict.rule.provider is not None and (verdict.rule.anywhere or neighbors.speaks_of_mail(text))


def _tells(verdict: Verdict, text: str, via: Via) -> bool:
    """Whether the words of a text without codes say enough to be answered."""
    rule = verdict.rule
    if via != "channel" and lookups.is_listing(verdict):
        return True
    if rule is None or not rule.worded:
        return False
    if via != "channel":
        return verdict.confidence != "guess" or rule.strength >= 1
    if verdict.confidence != "certain" or len(verdict.evidence.split()) < 3 or neighbors.other_world(text):
        return False
    if rule.anywhere:
        return True
    return len(text) >= 30 and bool(_SHAPED.search(text)) and neighbors.speaks_of_mail(text)


def _shortened(answer: Answer, count: int) -> Answer:
    from dataclasses import replace

    sentences = re.split(r"(?<=[.!?])\s", answer.happened)
    kept = " ".join(sentences[: 3 if count == 2 else 2])
    return replace(answer, happened=kept)


def _with_note(reply: Reply, note: str) -> Reply:
    from dataclasses import replace

    return replace(reply, message=Message((*reply.message.parts, Part("note", note)), reply.message.answered))
