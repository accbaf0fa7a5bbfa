"""Codes in any dress are found, and what only looks like one is left alone."""

import pytest

from bot.codes import disagree, normal_status, permanence_of, subject_pattern
from bot.question import read_question
from bot.readers.replies import find_codes, read_diagnostic

DRESSES = [
    ("550 5.1.1 User unknown", "550", "5.1.1"),
    ("550-5.1.1 The account does not exist", "550", "5.1.1"),
    ("smtp;550 5.1.1 <a@example.org>", "550", "5.1.1"),
    ("smtp; 550-5.1.1 no", "550", "5.1.1"),
    ("550.5.1.1 no such user", "550", "5.1.1"),
    ("550,5.1.1 no such user", "550", "5.1.1"),
    ("550_5.1.1 no such user", "550", "5.1.1"),
    ("#5.1.1 bad address", None, "5.1.1"),
    ("sorry, no mailbox here by that name (#5.1.1)", None, "5.1.1"),
    ("553 sorry (#5.7.1)", "553", "5.7.1"),
    ("550 #5.1.0 Address rejected.", "550", "5.1.0"),
    ("(450) try later", "450", None),
    ("[550] no", "550", None),
    ("error 421: too many connections", "421", None),
    ("554 554 5.7.0 Header error", "554", "5.7.0"),
    ("5.3.0 - Other mail system problem 550-'5.1.1 user unknown'", "550", "5.1.1"),
]

NOT_CODES = [
    "listening on port 587",
    "sent 250 bytes",
    "500 users online",
    "host 192.0.2.250 answered",
    "5.7.1.1 is an address",
    "mysql 5.7.26 runs",
    "message of 552 kB",
    "call 451-555-0100",
    "it costs $550",
]


@pytest.mark.parametrize(("text", "reply", "status"), DRESSES)
def test_codes_are_found_in_any_dress(text: str, reply: str | None, status: str | None) -> None:
    """Brackets, hyphens, hash signs and prefixes do not hide a code."""
    assert find_codes(text) == (reply, status)


@pytest.mark.parametrize("text", NOT_CODES)
def test_other_numbers_are_no_codes(text: str) -> None:
    """Ports, sizes, counts, addresses, versions, prices and phone numbers are left alone."""
    assert find_codes(text) == (None, None)


def test_the_innermost_reply_decides() -> None:
    """A gateway that quotes another server does not speak for itself."""
    found = read_diagnostic(
        "550 5.7.350 Remote server returned message detected as spam -> 554 5.7.1 Relay access denied"
    )
    assert (found.reply_code, found.enhanced_code) == ("554", "5.7.1")
    assert found.outer and "5.7.350" in found.outer[0]


def test_the_smtp_command_is_read_from_the_quote() -> None:
    """`in reply to` and `after` tell the stage."""
    assert read_diagnostic("host a.example[192.0.2.1] said: 550 no (in reply to RCPT TO command)").command == "RCPT"
    assert read_diagnostic("SMTP error from remote mail server after end of data: 554 no").command == "DATA"


def test_classes_and_forms() -> None:
    """The class gives the permanence; leading zeros go; the registry writes X."""
    assert (permanence_of("451"), permanence_of("5.1.1"), permanence_of("250"), permanence_of(None)) == (
        "temporary",
        "permanent",
        None,
        None,
    )
    assert normal_status("5.01.001") == "5.1.1"
    assert subject_pattern("5.7.26") == "X.7.26"
    assert disagree("450", "5.7.1") and not disagree("550", "5.7.1") and not disagree(None, "5.7.1")


@pytest.mark.parametrize(
    ("text", "sort", "codes"),
    [
        ("451", "codes", (("451", None),)),
        ("what is 451?", "codes", (("451", None),)),
        ("error 421 4.7.0?", "codes", (("421", "4.7.0"),)),
        ("5.7.1 550", "codes", (("550", "5.7.1"),)),
        ("x.7.1", "codes", ((None, "X.7.1"),)),
        ("5xx", "codes", (("5xx", None),)),
        ("450 vs 550", "compare", (("450", None), ("550", None))),
        ("difference between 5.7.25 and 5.7.26", "compare", ((None, "5.7.25"), (None, "5.7.26"))),
        ("help", "help", ()),
        ("soft vs hard bounce", "soft-hard", ()),
    ],
)
def test_questions_are_read(text: str, sort: str, codes: tuple[tuple[str | None, str | None], ...]) -> None:
    """What is asked, and about which codes."""
    asked = read_question(text)
    assert (asked.sort, asked.codes) == (sort, codes)
