"""What becomes of the message is said so that nobody repeats what would fail again."""

import pytest

from bot.app import Bot

SAID = {
    "552 5.3.4 Message size exceeds fixed maximum message size": "smaller or with a link",
    "552 5.7.0 This message was blocked because its attachment type is not allowed": "without the refused part",
    "554 5.7.1 Message rejected as spam by content filtering": "the same text is refused again",
    "550 5.7.124 Sender not in allowed-senders list": "permitted address",
    "550 5.1.2 <kim@example.org>: Host or domain name not found": "once the address is right",
    "450 4.2.0 <kim@example.org>: Recipient address rejected: Greylisted": "tries again by itself",
    "452 4.2.2 <kim@example.org>: mailbox is over quota": "as soon as there is room",
    "552 5.2.2 <kim@example.org>: mailbox is over quota": "when kim@example.org has room",
    "550 5.7.25 192.0.2.1 has no PTR record": "when the new PTR is visible",
    "550 5.7.1 Email rejected per SPF policy": "completed SPF record",
    "535 5.7.8 Authentication failed: wrong password": "when the login works",
    "550 5.1.10 <kim@example.org>: domain has a null MX": "another domain",
    "554 5.4.6 Too many hops": "circles",
    "smtplib.SMTPDataError: (451, b'4.3.0 Temporary system problem')": "no queue stands behind a program",
}


@pytest.mark.parametrize("reply", SAID)
def test_the_advice_on_another_try_fits_the_cause(bot: Bot, reply: str) -> None:
    """What has to change before the next try stands in the sentence, with no placeholder left open."""
    (answer,) = bot.answer(reply).answers
    assert SAID[reply].lower() in answer.fate.lower() and "{" not in answer.fate


@pytest.mark.parametrize("code", ["450", "451", "4.7.1"])
def test_a_number_alone_promises_nothing_special(bot: Bot, code: str) -> None:
    """Where the cause is a guess, only what the number itself says is said of the message."""
    assert bot.answer(code).answers[0].fate == bot.knowledge.ui["fate"]["retry"]


@pytest.mark.parametrize(
    ("said", "fate"),
    [
        ("Your message was successfully delivered to the following recipients:", "delivered"),
        ("Your message has not been delivered to the following recipients:", "failed"),
        ("Ihre Nachricht wurde an folgende Empfänger übermittelt:", "delivered"),
        ("Ihre Nachricht konnte nicht an folgende Empfänger übermittelt werden:", "failed"),
        ("Votre message a été remis aux destinataires suivants :", "delivered"),
        ("Votre message n'a pas été remis aux destinataires suivants :", "failed"),
        ("El mensaje se entregó a los siguientes destinatarios:", "delivered"),
        ("El mensaje no se entregó a los siguientes destinatarios:", "failed"),
        ("Il messaggio è stato recapitato ai seguenti destinatari:", "delivered"),
        ("Il messaggio non è stato recapitato ai seguenti destinatari:", "failed"),
        ("Uw bericht is bezorgd bij de volgende ontvangers:", "delivered"),
        ("Uw bericht kon niet worden bezorgd bij de volgende ontvangers:", "failed"),
        ("A sua mensagem foi entregue aos seguintes destinatários:", "delivered"),
        ("A sua mensagem não foi entregue aos seguintes destinatários:", "failed"),
    ],
)
def test_a_pasted_report_says_in_words_alone_what_arrived(bot: Bot, said: str, fate: str) -> None:
    """The negation of each wording is a failure."""
    reply = bot.answer(f"{said}\n\nkim@example.org\n")
    assert [(answer.failure.recipient, answer.verdict.fate) for answer in reply.answers] == [("kim@example.org", fate)]
    assert reply.is_bounce is (fate == "failed")
