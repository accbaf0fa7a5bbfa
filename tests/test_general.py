"""General questions without a code are answered; texts that ask more, or something else, are not taken for them."""

import pytest

from bot.app import Bot
from bot.rendering import MAX_WORDS, plain_text

ASKED = {
    "is it my fault?": "Whose fault it is",
    "who has to fix this?": "Whose fault it is",
    "how long will it retry?": "5 days",
    "how long does postfix keep trying": "5 days",
    "do I have to send it again?": "When to send",
    "why is my mail delayed?": "greylisting",
    "what is a bounce?": "What a bounce is",
    "why does gmail reject us?": "https://postmaster.google.com/",
    "why is outlook blocking us": "https://sender.office.com/",
    "why does yahoo refuse our mail": "https://senders.yahooinc.com/",
    "why does example.org reject my mails": "Why mail is refused",
    "how do I set up spf?": "v=spf1",
    "what is dmarc": "`_dmarc.YOUR-DOMAIN`",
    "what is dkim?": "_domainkey",
    "what is greylisting?": "half an hour",
    "what is a PTR record?": "in-addr.arpa",
    "what's a blacklist": "multirbl",
    "I got bounces for mail I never sent": "Forged: delete",
}


@pytest.mark.parametrize("text", ASKED)
def test_it_is_answered_in_general(bot: Bot, text: str) -> None:
    """With a step to take, in the words allowed; nothing is said to have failed."""
    reply = bot.answer(text, via="mention")
    said = plain_text(reply.message)
    assert reply.kind == "topic" and reply.answered and not reply.is_bounce and reply.answers == ()
    assert ASKED[text] in said and "1. " in said and len(said.split()) <= MAX_WORDS
    assert "This message" not in said


@pytest.mark.parametrize("text", list(ASKED))
def test_a_channel_is_not_talked_into(bot: Bot, text: str) -> None:
    """Overheard, such a question is none about a mail error yet."""
    assert bot.answer(text, via="channel").message.parts == ()


@pytest.mark.parametrize(
    "text",
    [
        "why does gmail reject us with user unknown",
        "why does gmail reject us: message too large",
        "how long will the meeting retry",
        "ok try again",
        "who is responsible for lunch?",
    ],
)
def test_what_asks_more_is_left_to_others(bot: Bot, text: str) -> None:
    """A reason that is named is answered itself; other talk is no question about mail."""
    said = plain_text(bot.answer(text, via="mention").message)
    titles = [row["title"] for row in bot.knowledge.words["questions"].values()]
    assert not any(said.startswith(title) for title in titles)


@pytest.mark.parametrize("code", ["4.7.1", "5.7.1", "5.0.0"])
def test_a_number_that_says_little_asks_for_the_words(bot: Bot, code: str) -> None:
    """First of all; a guess is not told as advice."""
    (answer,) = bot.answer(code).answers
    assert answer.steps[0].startswith(f"Send the words beside {code}")
    assert "5 to 30 minutes" not in answer.move


def test_an_unknown_number_asks_for_its_words(bot: Bot) -> None:
    """Its class and what to send are said, nothing is invented."""
    said = plain_text(bot.answer("599").message)
    assert "permanent" in said and "paste the whole line" in said


def test_who_never_sent_the_message_is_told_both_reasons(bot: Bot) -> None:
    """Beside what the bounce says: a forged address or a broken-into account."""
    told = bot.answer(
        "I never sent this:\n<kim@example.org>: host mx.example.org[198.51.100.7] said: 550 5.1.1 User unknown"
    )
    assert "change the password" in told.answers[0].mind[0]
    plain = bot.answer("<kim@example.org>: host mx.example.org[198.51.100.7] said: 550 5.1.1 User unknown")
    assert not any("change the password" in mind for mind in plain.answers[0].mind)
