"""A short question -> Reply: bare codes, private ones too, comparisons, and numbers that are no codes."""

import re
from typing import Any

from bot import lookups, question, rendering
from bot.general import find_general, find_nearest
from bot.knowledge import Knowledge
from bot.model import Answer, Message, Part, Question, Reply, Via
from bot.remarks import note, silence
from bot.suggestions import find_private, named_provider

MAX_BESIDE = 4  # words beside a private code that is asked about


class Questions:
    """Answers short questions from the knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def answer(self, text: str, asked: question.Asked, via: Via) -> Reply | None:
        """Bare codes, private ones too, and comparisons; None where words beside them have more to say."""
        if via == "channel" and (not asked.opens or _other_world(text)):
            return None
        if asked.sort == "soft-hard":
            if via != "channel" and (reply := self.explain(text, via)):
                return reply  # "is 552 a soft or a hard bounce?"
            ui = self.knowledge.ui["compare"]
            message = Message((Part("heading", "Soft and hard bounces"), Part("text", ui["soft_hard"])))
            return Reply("compare", via, True, False, message, question=Question("compare", text, via))
        if asked.sort in ("words", "number"):
            return self._private(text, asked, via) or self._general(text, via)
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
            return silence(via) if via == "channel" else note("none", via, self.unknown(asked))
        return None

    def explain(self, text: str, via: Via) -> Reply | None:
        """What the one code of a question means, of which the words say nothing more; None where there are several."""
        codes = question.codes_in(text)
        if len(codes) != 1 or not lookups.is_known(codes[0], self.knowledge):
            return None
        provider, _ = named_provider(question.words_of(text), self.knowledge)
        answer = lookups.code_answer(codes[0], self.knowledge, provider)
        asked = Question("code", text, via, codes, provider=provider)
        return self._code(answer, asked, via) if answer else None

    def nearest(self, text: str, asked: question.Asked | None, via: Via) -> Reply | None:
        """For a text in which nothing else was found: what its one code means, or what it asks among other things."""
        from bot.neighbors import speaks_of_mail

        if _other_world(text):
            return None
        if asked and asked.sort in ("codes", "long") and (asked.opens or question.asks_meaning(text)):
            reply = self.explain(text, via)
            if reply:
                return reply
        if not speaks_of_mail(text) and named_provider(question.words_of(text), self.knowledge)[0] is None:
            return None
        words = find_nearest(text, self.knowledge)
        return self._said_in_general(words, text, via) if words else None

    def _private(self, text: str, asked: question.Asked, via: Via) -> Reply | None:
        code = find_private(text, self.knowledge) if len(asked.words) <= MAX_BESIDE else None
        if code is None:
            return None
        provider, left = named_provider(asked.words, self.knowledge)
        if any(word not in code.lower() for word in left):
            return None
        answer = lookups.private_answer(code, self.knowledge, provider)
        return self._code(answer, Question("code", text, via, topic=code, provider=answer.verdict.provider_id), via)

    def _general(self, text: str, via: Via) -> Reply | None:
        words = find_general(text, self.knowledge) if via != "channel" else None
        return self._said_in_general(words, text, via) if words else None

    def _said_in_general(self, words: dict[str, Any], text: str, via: Via) -> Reply:
        label = self.knowledge.ui["labels"]["steps"]
        parts = (
            Part("heading", words["title"]),
            Part("text", words["text"]),
            Part("steps", items=tuple(words["steps"]), label=label),
        )
        return Reply("topic", via, True, False, Message(parts), question=Question("topic", text, via, topic=text[:200]))

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

    def unknown(self, asked: question.Asked | None) -> str:
        """The friendly line where nothing of mail was found."""
        number = ""
        if asked and asked.sort == "number" and asked.plain:
            number = asked.number
        elif (
            asked and asked.sort == "codes" and not any(lookups.is_known(code, self.knowledge) for code in asked.codes)
        ):
            number = " ".join(code for code in asked.codes[0] if code)
        return lookups.unknown_words(number, self.knowledge) if number else str(self.knowledge.ui["none"]["asked"])


def _other_world(text: str) -> bool:
    from bot.neighbors import other_world  # only a channel asks

    return other_world(text)


def _shortened(answer: Answer, count: int) -> Answer:
    sentences = re.split(r"(?<=[.!?])\s", answer.happened)
    kept = " ".join(sentences[: 3 if count == 2 else 2])
    return answer._replace(happened=kept)
