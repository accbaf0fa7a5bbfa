"""What a paste or a mail turned out to be -> Reply: which failures are answered, and when an overheard one wakes the bot."""

import re
from collections.abc import Iterable

from bot import lookups, neighbors, question, rendering
from bot.answering import compose
from bot.deciding import decide
from bot.knowledge import Knowledge
from bot.matching import fold
from bot.model import Answer, Bounce, Failure, Kind, Question, Reply, Verdict, Via
from bot.ours import Ours
from bot.readers import mail
from bot.readers.recipients import find_recipient
from bot.readers.replies import one_line
from bot.reading import read_message, read_text
from bot.remarks import note, silence
from bot.suggestions import corrections

MAX_RECIPIENTS = 1_000
MAX_TOPIC = 4_000  # characters of words without a code that are read for a cause
MIN_OWN_WORDS = 3
MIN_SAID = 4  # words: fewer are a symptom somebody names, more are what a program said
FAR, NEAR = 100, 30  # characters between a code and the words that decide, where it opens a line and inside a sentence
# Web servers have these numbers too.
_WEB_CODES = ("500", "501", "502", "503", "504")
_CODE_BEFORE = re.compile(r"^[245]\d\d[ -]")
_SHAPED = re.compile(r"[@\[\]{}<>=]|: ")
_NO_FAILURE = ("accepted", "auto-reply", "complaint")
_NOTE_SORTS = ("auto-reply", "complaint", "success")


class Pastes:
    """Answers what was pasted or sent as a file."""

    def __init__(self, knowledge: Knowledge, ours: Ours | None) -> None:
        self.knowledge = knowledge
        self.ours = ours

    def answer(self, text: str, via: Via, opens: bool) -> Reply | None:
        """The reply to a text that is no short question; None where nothing of mail is in it. `opens`: it asks something."""
        bounce = read_text(text)
        elsewhere = bounce is not None and self._elsewhere(bounce, text)
        if bounce and not elsewhere:
            reply = self._read(bounce, via, text)
            if reply:
                return reply
        neighbor = neighbors.find_neighbor(text)
        if neighbor:
            words = self.knowledge.ui["neighbors"][neighbor]
            return silence(via) if via == "channel" else note("neighbour", via, words)
        return None if elsewhere else self._topic(text, via, opens)

    def answer_mail(self, raw: bytes, via: Via) -> Reply | None:
        """The reply to a raw message; None where the bytes are none."""
        head = raw[:8_000].decode("utf-8", "replace").replace("\0", "")
        if not mail.looks_like_mail(head.replace("\r\n", "\n").replace("\r", "\n")):
            return None
        return self._bounce(read_message(raw), via, "", head)

    def _elsewhere(self, bounce: Bounce, text: str) -> bool:
        """Whether what was read as a failure is one of another program: FTP, a web server, a database."""
        if bounce.sort == "event":
            return not neighbors.speaks_of_mail(text)
        if bounce.sort == "exception" or (bounce.sort in ("reply", "dialog") and not _both_codes(bounce)):
            after_code = bool(_CODE_BEFORE.match(text)) and text[:3] not in _WEB_CODES
            if neighbors.other_program(text, after_code) or neighbors.is_web(text):
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
            return silence(via)
        return reply

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
        answer = compose(failure, verdict, self.knowledge, self.ours, said=text)
        message = rendering.bounce_message((answer,), self.knowledge.ui)
        said = not opens and (failure.recipient is not None or len(text.split()) >= MIN_SAID or via == "channel")
        told = Question("topic", text, via, topic=text[:200])
        return Reply("topic", via, True, said and verdict.cause not in _NO_FAILURE, message, (answer,), told)

    def _bounce(self, bounce: Bounce, via: Via, text: str, head: str = "") -> Reply:
        ui = self.knowledge.ui
        if bounce.sort == "ordinary" and any(_certain(answer) for answer in self._answers(bounce.failures[:1])):
            bounce = bounce._replace(sort="report")
        if bounce.sort == "ordinary":
            if neighbors.is_dmarc_mail(text or head):
                return note("neighbour", via, ui["neighbors"]["dmarc"])
            return note("none", via, " ".join((ui["none"]["ordinary"], *bounce.limits)))
        answers = tuple(self._answers(bounce.failures[:MAX_RECIPIENTS], text or head))
        if bounce.sort in _NOTE_SORTS and not any(answer.verdict.cause not in ("unclear",) for answer in answers):
            answers = self._named(bounce)
        if via == "channel" and not self._wakes(bounce, text, answers):
            return silence(via)
        lead = ui["sorts"].get(bounce.sort, "")
        message = rendering.bounce_message(answers, ui, lead)
        for limit in bounce.limits:
            message = rendering.with_note(message, limit)
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

    def _answers(self, failures: Iterable[Failure], said: str = "") -> Iterable[Answer]:
        for failure in failures:
            yield compose(failure, decide(failure, self.knowledge), self.knowledge, self.ours, said=said)

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


def _both_codes(bounce: Bounce) -> bool:
    return any(failure.reply_code and failure.enhanced_code for failure in bounce.failures)


def _worded(answer: Answer) -> bool:
    """Whether words, not the number alone, name the cause."""
    return answer.verdict.confidence != "guess" and bool(answer.verdict.rule and answer.verdict.rule.worded)


def _certain(answer: Answer) -> bool:
    return answer.verdict.confidence == "certain" and _worded(answer) and answer.verdict.cause not in _NO_FAILURE


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
