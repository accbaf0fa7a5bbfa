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
    "somebody is spoofing my address": "Forged: delete",
    "465 or 587?": "587 (STARTTLS)",
    "which port for smtp": "587 (STARTTLS)",
    "is port 25 closed at our host?": "gmail-smtp-in",
    "how big can attachments be": "37 %",
    "how many emails can I send per hour?": "Max hourly emails",
    "what is srs": "postsrsd",
    "forwarded mail fails SPF": "postsrsd",
    "does the mailing list change from because of dmarc?": "Reply-To",
    "do we have to pay for delisting?": "7 days",
    "how do I get an app password": "two-step verification",
    "how to warm up an IP": "0.1 %",
    "why do our mails land in spam?": "Authentication-Results",
    "what is the difference between SPF and DMARC?": "at least one of the two",
    "greylisting or blacklisting?": "nobody has to act",
    "where do I find the exact error?": "Show original",
    "we can receive but not send": "outgoing server",
    "my mail never arrived": "quarantine",
    "mails to GMX get rejected": "https://postmaster.gmx.net/",
    "T-Online lehnt unsere Mails ab": "tosa@rx.t-online.de",
    "icloud bounces all our mail": "icloudadmin@apple.com",
    "how do we get unblocked at proofpoint?": "https://ipcheck.proofpoint.com/",
    "who removes our server from the gmail blacklist?": "https://postmaster.google.com/",
    "they block our mails at Mimecast": "https://www.mimecast.com/senderfeedback",
    "Outlook weigert onze mails": "https://sender.office.com/",
    "unsere Mails werden bei T-Online abgewiesen": "tosa@rx.t-online.de",
    "Mimecast blocks our mails": "https://www.mimecast.com/senderfeedback",
    "how to test smtp login": "--auth LOGIN",
    "p=reject or p=quarantine?": "p=none",
    "is one-click unsubscribe required?": "List-Unsubscribe-Post",
    "our mail server was hacked": "X-PHP-Script",
    "wie lange versucht der Server es": "5 days",
    "meine Mails landen im Spam": "Authentication-Results",
    "je n'arrive pas à envoyer mes mails": "outgoing server",
    "мои письма не доходят": "quarantine",
}
TOLD = {
    "since we moved to the new data center every single mail to hotmail comes back to us": "https://sender.office.com/",
    "Hello, one of our customers (a lawyer) tells me that nothing he writes to his clients at gmail gets through since "
    "yesterday, his mail bounces with a long English text that he deleted. What should he do?": "https://postmaster.google.com/",
    "our office copier no longer sends scans to our e-mail": "SMTP AUTH",
    "the first mail to any new partner takes a quarter of an hour": "greylisting",
    "we moved the customer to a new mail host, some people still see the old mailboxes there": "Email Routing",
    "what does SMTPRecipientsRefused want from my script": "smtp_code",
    "azure vm, port 25 does not answer, mail stays there": "gmail-smtp-in",
}


@pytest.mark.parametrize("text", ASKED)
def test_it_is_answered_in_general(bot: Bot, text: str) -> None:
    """With a step to take, in the words allowed; nothing is said to have failed."""
    reply = bot.answer(text, via="mention")
    said = plain_text(reply.message)
    assert reply.kind == "topic" and reply.answered and not reply.is_bounce and reply.answers == ()
    assert ASKED[text] in said and "1. " in said and len(said.split()) <= MAX_WORDS
    assert "This message" not in said


@pytest.mark.parametrize("text", TOLD)
def test_a_symptom_in_a_story_is_answered_in_general(bot: Bot, text: str) -> None:
    """Where nothing in it names a cause; overheard it stays without an answer."""
    reply = bot.answer(text, via="mention")
    assert reply.answered and not reply.is_bounce and TOLD[text] in plain_text(reply.message)
    assert bot.answer(text, via="channel").message.parts == ()


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
        "the parcel never arrived",
        "our printer jams all the time",
        "can you receive visitors but not today",
        "forward the contract to Kim",
        "which port is the ferry in?",
        "I paid 550 for the spam sandwich",
        "block a table for lunch by mail",
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


def test_mail_that_could_not_be_sent_was_not_forged(bot: Bot) -> None:
    """Who could not send asks something else than who never sent."""
    for text in ("the site could not send mail", "I can not send mails", "why did not everybody get the mail?"):
        assert "Forged" not in plain_text(bot.answer(text).message)
