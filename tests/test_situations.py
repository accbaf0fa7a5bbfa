"""The steps fit the server, panel, program or service that a text shows as the reader's own; the general ones otherwise."""

import pytest

from bot.app import Bot

ASKED = {
    "plesk": "Plesk mail log says: 554 5.7.1 192.0.2.1 is in a block list",
    "exim": "2026-11-20 10:00:00 1abcDE-0001 ** kim@example.org R=dnslookup T=remote_smtp: SMTP error from remote mail server "
    "after RCPT TO:<kim@example.org>: host mx.example.org [198.51.100.7]: 550 Sender IP 192.0.2.1 is in a block list",
    "exchange": "Delivery is delayed to these recipients or groups:\n\nkim@example.org\n\nDiagnostic information for administrators:\n\n"
    "Generating server: mail.example.com\n\nkim@example.org\n#< #4.4.1 SMTP; 441 4.4.1 connection timed out>",
    "hosting": "On shared hosting I get: 550 5.7.1 Message rejected, 192.0.2.1 is in a block list",
    "script": "WordPress contact form: SMTP Error: Could not connect. 554 5.7.1 <kim@example.org>: Relay access denied",
    "client": "Thunderbird: An error occurred while sending mail. The mail server responded: 552 5.3.4 Message size exceeds "
    "fixed limit. Please check the message and try again.",
    "esp": '{"event":"bounce","email":"kim@example.org","reason":"552 5.3.4 message size exceeds limit","type":"bounce",'
    '"sg_event_id":"a","sg_message_id":"b","timestamp":1763600000}',
    "postfix": "Nov 18 09:12:31 mail postfix/smtp[2211]: 4F2A31B0C8: to=<kim@example.org>, relay=mx.example.org[198.51.100.7]:25, "
    "delay=30, dsn=5.7.1, status=bounced (host mx.example.org[198.51.100.7] said: 550 5.7.1 192.0.2.1 is in a block list)",
    None: "552 5.3.4 Message size exceeds fixed limit",
}


@pytest.mark.parametrize("situation", ASKED, ids=str)
def test_the_text_shows_the_situation(bot: Bot, situation: str | None) -> None:
    """Each has its own steps, and none is guessed where the text shows none."""
    (answer,) = bot.answer(ASKED[situation]).answers
    assert answer.situation == situation
    words = bot.knowledge.cause_words(answer.verdict.cause)
    detail = (words.get("details") or {}).get((answer.verdict.detail or "/").partition("/")[2]) or {}
    own = (detail.get("situations") or {}).get(situation) or (words.get("situations") or {}).get(situation)
    if situation:
        assert own and len(answer.steps) == len(own)
    assert not any("{" in step for step in answer.steps)


@pytest.mark.parametrize("situation", ["exim", "client", "esp", "script"])
def test_a_button_brings_the_same_steps(bot: Bot, situation: str) -> None:
    """The situation is carried by the reference, since the text is gone."""
    from bot.recalling import references_of, values_of

    reply = bot.answer(ASKED[situation])
    again = bot.recall(references_of(reply), values_of(reply.answers[0], bot.knowledge))
    assert again is not None and again.answers[0].situation == situation
    assert len(again.answers[0].steps) == len(reply.answers[0].steps)


@pytest.mark.parametrize(
    "report",
    [
        "This message was created automatically by mail delivery software.\n\n  kim@example.org\n    host mx.example.org "
        "[198.51.100.7]\n    SMTP error from remote mail server after RCPT TO:<kim@example.org>:\n    550 5.1.1 User unknown",
        "Generating server: mail.example.com\n\nkim@example.org\nRemote server returned '550 5.1.1 User unknown'",
    ],
)
def test_who_can_only_correct_an_address_is_told_no_server_commands(bot: Bot, report: str) -> None:
    """A report of the sender's server shows that server, but the sender moves first and has no shell there."""
    (answer,) = bot.answer(report).answers
    assert answer.verdict.cause == "mailbox-not-found" and answer.situation is None
    assert not any("exim " in step or "Get-" in step for step in answer.steps)


def test_the_outlook_of_a_host_name_is_no_mail_program(bot: Bot) -> None:
    """A reply of Microsoft's servers says nothing of the reader's program."""
    text = "552 5.3.4 Message size exceeds limit [AM0EUR02FT012.eop-EUR02.prod.protection.outlook.com]"
    assert bot.answer(text).answers[0].situation is None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        (
            "On shared hosting: 550 5.7.1 192.0.2.1 is listed at zen.spamhaus.org",
            "Send the full refusal to the host's support",
            None,
        ),
        (
            "This message was created automatically by mail delivery software.\n\n  kim@example.org\n    SMTP error from remote mail "
            "server after end of data:\n    550 5.7.1 Service unavailable; client [192.0.2.1] blocked using bl.spamcop.net",
            None,
            "`exim -bp | exiqsumm`",
        ),
    ],
)
def test_a_providers_steps_take_the_menu_of_the_situation(
    bot: Bot, text: str, first: str | None, last: str | None
) -> None:
    """Beside what the list or provider wants, where to do it; customers of a host learn whom to ask first."""
    (answer,) = bot.answer(text).answers
    assert answer.verdict.rule is not None and answer.verdict.rule.provider
    assert first is None or answer.steps[0].startswith(first)
    assert last is None or last in answer.steps[-1]


def test_ones_own_outgoing_server_lacks_a_login_and_no_domain(bot: Bot) -> None:
    """ "Not in my rcpthosts" in a mail program's dialog: the sender logs in; from the recipient's server, its admin acts."""
    reply = "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"
    (own,) = bot.answer(
        f"Outlook: Server Response: '{reply}', Port: 25, Server Error: 553, Error Number: 0x800CCC79"
    ).answers
    assert own.verdict.detail is None and own.verdict.who[0] == "sender" and "turn on login" in own.steps[0]
    (theirs,) = bot.answer(f"<kim@example.org>: host mx.example.org[198.51.100.7] said: {reply}").answers
    assert theirs.verdict.who[0] == "recipient-admin"


def test_a_mail_program_without_connection_is_told_of_its_own_server(bot: Bot) -> None:
    """No recipient's server is involved, and no queue keeps the message."""
    (own,) = bot.answer(
        "Task 'lee' reported error (0x800CCC0E): 'Outlook cannot connect to your outgoing (SMTP) e-mail server.'"
    ).answers
    assert "outgoing server" in own.headline and "Nothing has been sent yet" in own.fate
    (theirs,) = bot.answer("421 4.4.1 connection timed out").answers
    assert "receiving server" in theirs.headline


def test_webmail_is_no_script(bot: Bot) -> None:
    """Its user has no program to repair."""
    assert (
        bot.answer('Roundcube: SMTP Error (550): Failed to add recipient "kim@example.org" (5.1.1 User unknown).')
        .answers[0]
        .situation
        is None
    )


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("Error: getaddrinfo ENOTFOUND smtp.exmaple.com", "The outgoing server's name does not exist · permanent"),
        ("smtplib.SMTPRecipientsRefused: {'kim@example.org': (550, b'5.1.2 Host not found')}", "The recipient's domain was not found · 550 5.1.2 · permanent"),
        ("smtplib.SMTPRecipientsRefused: {'kim@example.org': (451, b'4.4.3 Temporary DNS failure')}", "DNS is not answering for this domain · 451 4.4.3 · temporary"),
    ],
    ids=["nobody answered", "a server answered", "a server answers later"],
)  # fmt: skip
def test_a_program_without_a_reply_did_not_find_its_own_server(bot: Bot, text: str, headline: str) -> None:
    """With a reply code the outgoing server was reached, and the recipient's domain is the matter."""
    (answer,) = bot.answer(text).answers
    assert answer.headline == headline
    assert ("smtp.exmaple.com" in answer.steps[0]) == ("smtp.exmaple.com" in text)
