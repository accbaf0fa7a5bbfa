"""Exceptions of mail libraries, dialogs of mail programs, transcripts, and what fails before any reply."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import Bot
from bot.readers import exceptions, transcript
from tests.lines import differences, load, names
from tests.timing import grows_linearly

ROWS = load("exceptions")


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_an_error_is_read_as_its_program_wrote_it(bot: Bot, row: dict[str, object]) -> None:
    """Recipient, codes, permanence and cause."""
    reply = bot.answer(str(row["text"]))
    assert not differences(row, reply.answers)
    assert reply.is_bounce


def test_a_code_that_is_given_by_name_is_derived(bot: Bot) -> None:
    """.NET prints MailboxUnavailable, not 550."""
    (answer,) = bot.answer(
        "System.Net.Mail.SmtpFailedRecipientException: Mailbox unavailable. The server response was: 5.7.1 Unable to relay"
    ).answers
    assert answer.failure.reply_code == "550" and "reply_code" in answer.failure.derived


@pytest.mark.parametrize("code", sorted(exceptions.OUTLOOK))
def test_every_outlook_code_names_its_cause(bot: Bot, code: str) -> None:
    """The number alone is enough to say what it means."""
    (answer,) = bot.answer(f"Sending reported error ({code.replace('X', 'x', 1)}): the operation failed.").answers
    assert answer.verdict.cause != "unclear"


def test_client_and_server_lines_are_told_apart() -> None:
    """What the client said is not taken for a reply, nor a good reply for a bad one."""
    text = "<-  220 mx.example.com ESMTP\n -> MAIL FROM:<550@example.org>\n<-  250 2.1.0 Ok\n -> RCPT TO:<kim@example.com>\n<** 452 4.2.2 Mailbox full\n"
    (failure,) = transcript.read_transcript(text)
    assert (failure.reply_code, failure.enhanced_code, failure.recipient, failure.command) == (
        "452",
        "4.2.2",
        "kim@example.com",
        "RCPT",
    )


UNITS = [
    "(550, b'no') ", "{'a@b.c': (550, b'", "SmtpException: a. The server response was: ", 'but got code "550", with message "', "response: '", "SMTP Error: ", "all recipients were rejected: ",
    "aException: 550 ", "curl: (55) RCPT failed: ", "permanent error (550): ", "msmtp: server message: ", "0x800CCC79 ", "SmtpCommandException: 5.1.1 a\n", "[Errno 111] ", "getaddrinfo ",
    "SERVER -> CLIENT: 550 no\n", "\n< 550 no\n> RCPT TO:<a@b.c>", "<** 550 no\n", "RCPT TO:<a@b.c>\n550 no\n", "recipient: ", "AAAA.Exception", "timeout error ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_reading_errors_takes_linear_time(unit: str) -> None:
    """Four times the text, less than eight times the time."""
    assert grows_linearly(exceptions.read, unit)
    assert grows_linearly(transcript.read_transcript, unit)


@given(
    st.lists(
        st.sampled_from([*UNITS, "550 5.1.1 ", "kim@example.com", "\n", "'", '"', ")", "\x00", "🙂", "x"]), max_size=10
    )
)
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_reader(parts: list[str]) -> None:
    """Any mix is read without a traceback, and no code is invented."""
    text = "".join(parts)
    found = exceptions.read(text)
    for failure in found.failures if found else ():
        if failure.reply_code and not failure.derived:
            assert failure.reply_code in text
        if failure.enhanced_code:
            assert failure.enhanced_code in text
