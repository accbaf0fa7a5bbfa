"""From a failure to a verdict: who spoke, what decides, who moves, and what remains where nothing decides."""

from typing import Any

import pytest

from bot.app import Bot
from bot.deciding import MAX_DIAGNOSTIC, MAX_EVIDENCE, decide
from bot.model import Failure, Verdict
from bot.readers.replies import read_diagnostic


def failure(text: str = "", **more: Any) -> Failure:
    """A failure whose diagnostic is that text."""
    read = read_diagnostic(text)
    return Failure(diagnostic=text, reply_code=read.reply_code, enhanced_code=read.enhanced_code, **more)


@pytest.fixture
def told(bot: Bot) -> Any:
    """The verdict on a failure with that diagnostic."""

    def of(text: str = "", **more: Any) -> Verdict:
        return decide(failure(text, **more), bot.knowledge)

    return of


# What was taken


@pytest.mark.parametrize(
    ("host", "recipient", "provider"),
    [
        ("GMAIL-SMTP-IN.L.google.com.", "kim@example.org", "google"),
        (None, "kim@GMAIL.com", "google"),
        ("mx.example.org", "kim@gmail.com", "google"),
        ("gmail-smtp-in.l.google.com", "kim@outlook.com", "google"),
        ("mx.example.org", "kim@example.org", None),
        (None, None, None),
        (None, "kim@org", None),
        (None, '"kim@home"@gmail.com', "google"),
    ],
)
def test_accepted_is_certain_and_names_whose_server(bot: Bot, told: Any, host: str | None, recipient: str | None, provider: str | None) -> None:  # fmt: skip
    """By the host that took it, else by the recipient's domain."""
    verdict = told("250 2.0.0 OK", own_cause="accepted", remote_mta=host, recipient=recipient)
    assert (verdict.cause, verdict.causes, verdict.detail, verdict.confidence) == (
        "accepted",
        ("accepted",),
        None,
        "certain",
    )
    assert (verdict.permanence, verdict.fate, verdict.entry, verdict.who) == (
        None,
        "delivered",
        None,
        bot.knowledge.who_acts("accepted", None),
    )
    assert (verdict.provider, verdict.evidence, verdict.rule, verdict.set_aside) == (provider, "250", None, ())
    assert (verdict.provider_id is None) is (provider is None)


def test_accepted_without_a_code_has_no_evidence(told: Any) -> None:
    """Nothing is made up."""
    assert told("", own_cause="accepted").evidence == ""


# Where nothing decides


@pytest.mark.parametrize(
    ("given", "permanence", "fate"),
    [
        ({}, None, "unknown"),
        ({"action": "failed"}, "permanent", "failed"),
        ({"action": "delayed"}, "temporary", "delayed"),
        ({"own_permanence": "temporary"}, "temporary", "unknown"),
        ({"own_permanence": "permanent"}, "permanent", "failed"),
        ({"own_permanence": "permanent", "action": "delayed"}, "permanent", "delayed"),
    ],
)
def test_nothing_said_is_unclear(told: Any, given: dict[str, Any], permanence: str | None, fate: str) -> None:
    """A guess; how long it lasts only where the report says so."""
    verdict = told("", **given)
    if given.get("action") == "delayed":
        assert verdict.cause == "delayed"
        return
    assert (verdict.cause, verdict.causes, verdict.detail, verdict.confidence) == (
        "unclear",
        ("unclear",),
        None,
        "guess",
    )
    assert (verdict.permanence, verdict.fate, verdict.entry, verdict.evidence) == (permanence, fate, None, "")
    assert verdict.who and verdict.rule is None and verdict.provider is None and verdict.provider_id is None


def test_unclear_still_names_who_spoke(told: Any) -> None:
    """The provider of the server that said nothing."""
    verdict = told("", remote_mta="gmail-smtp-in.l.google.com")
    assert (verdict.cause, verdict.provider, verdict.provider_id) == ("unclear", "google", "google")


# Who moves


@pytest.mark.parametrize(
    ("host", "recipient", "remote"),
    [
        ("mx1.Example.ORG.", "kim@example.org", True),
        ("mx1.example.org", "kim@mail.EXAMPLE.org", True),
        ("mx1.example.net", "kim@example.org", False),
        ("org", "kim@org", False),
        (None, "kim@example.org", False),
        ("mx1.example.org", None, False),
        ("example.org", "kim@b@example.org", True),
    ],
)
def test_relaying_refused_by_the_recipients_own_server_is_theirs_to_mend(
    bot: Bot, told: Any, host: str | None, recipient: str | None, remote: bool
) -> None:
    """Where the server that spoke belongs to the recipient's domain."""
    verdict = told("550 relaying denied", remote_mta=host, recipient=recipient)
    facts = bot.knowledge.causes["relaying-denied"]
    assert verdict.cause == "relaying-denied"
    assert (verdict.who == tuple(facts["who_remote"])) is remote


def test_own_program_moves_its_owner(bot: Bot, told: Any) -> None:
    """A script of one's own, and a log of one's own server where it speaks of itself."""
    facts = bot.knowledge.causes["relaying-denied"]
    assert told("550 relaying denied", software="python").who == tuple(facts["who_own"])
    assert told("550 relaying denied", software="postfix").who == tuple(facts["who_own"])
    own = told("550 5.1.1 User unknown", software="postfix").who
    assert own == tuple(bot.knowledge.causes["mailbox-not-found"]["who_local"])
    assert told("550 5.1.1 User unknown", software="postfix", direction="incoming").who != own
    assert told("550 5.1.1 User unknown", software="postfix", remote_mta="mx.example.net").who != own


# What decides, and what is quoted


def test_mark_of_a_provider_is_quoted(told: Any) -> None:
    """The mark itself, as it stands in the text, also where the knowledge writes it with a star."""
    verdict = told(
        "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. (S3150) [x.prod.protection.outlook.com]"
    )
    assert verdict.provider == "microsoft" and verdict.rule is not None
    assert verdict.confidence == "certain" and verdict.evidence


def test_evidence_is_short(told: Any) -> None:
    """However long the words are that decided."""
    verdict = told("550 5.1.1 recipient " + "x" * 400 + " not found")
    assert len(verdict.evidence) <= MAX_EVIDENCE


def test_only_so_much_is_read(told: Any) -> None:
    """What stands beyond decides nothing."""
    assert told("550 " + "x " * MAX_DIAGNOSTIC + "mailbox full").cause != "mailbox-full"
    assert told("550 " + "x " * 100 + "mailbox full").cause == "mailbox-full"


def test_words_win_over_the_code_and_the_code_is_set_aside(told: Any) -> None:
    """Both are shown."""
    verdict = told("550 5.1.1 mailbox full")
    assert verdict.cause == "mailbox-full" and verdict.causes[0] == "mailbox-full"
    assert any(hit.cause == "mailbox-not-found" and "5.1.1" in str(hit) for hit in verdict.set_aside)


def test_code_that_agrees_makes_likely_words_certain(told: Any) -> None:
    """And one that contradicts does not."""
    assert told("550 5.7.1 address not in use").confidence == "likely"
    assert told("550 5.1.1 address not in use").confidence == "certain"


def test_context_counts_less_than_the_diagnostic(bot: Bot, told: Any) -> None:
    """It helps where the diagnostic says nothing, never surely; it overrules nothing."""
    helped = told("550 5.0.0 Sorry", context="The mailbox of the recipient is full.")
    assert (helped.cause, helped.confidence) == ("mailbox-full", "likely") and "full" in helped.evidence
    assert told("550 5.1.1 User unknown", context="The mailbox of the recipient is full.").cause == "mailbox-not-found"


@pytest.mark.parametrize(
    ("text", "more", "permanence", "fate"),
    [
        ("452 4.2.2 mailbox full", {}, "temporary", "unknown"),
        ("552 5.2.2 mailbox full", {}, "permanent", "failed"),
        ("mailbox full", {"action": "failed"}, "permanent", "failed"),
        ("mailbox full", {"action": "delayed"}, "temporary", "delayed"),
        ("mailbox full", {}, "temporary", "unknown"),
        ("user unknown", {}, "permanent", "failed"),
        ("user unknown, vorübergehend", {}, "temporary", "unknown"),
        ("452 4.2.2 mailbox full", {"own_permanence": "permanent"}, "permanent", "failed"),
        ("552 no", {"own_permanence": "temporary"}, "temporary", "unknown"),
        ("452 4.2.2 mailbox full", {"action": "relayed"}, "temporary", "delivered"),
    ],
)
def test_how_long_it_lasts(told: Any, text: str, more: dict[str, Any], permanence: str, fate: str) -> None:
    """By the report's own word, the reply code (RFC 5321 section 4.2.1), the words, and what the cause usually is."""
    verdict = told(text, **more)
    assert (verdict.permanence, verdict.fate) == (permanence, fate)


def test_service_that_sorts_by_itself_is_believed_unless_words_say_more(told: Any) -> None:
    """Its type is a likely cause."""
    assert told("550 Sorry", own_cause="spam-content").cause == "spam-content"
    assert told("550 5.1.1 User unknown", own_cause="spam-content").cause == "mailbox-not-found"


def test_provider_of_a_number_that_only_it_uses(told: Any) -> None:
    """Though nothing else names it."""
    verdict = told("550 5.7.606")
    assert verdict.provider == "microsoft" and verdict.cause == "sender-blocklisted" and verdict.confidence == "likely"


def test_block_list_alone_is_a_likely_listing(told: Any) -> None:
    """Its name is the evidence."""
    verdict = told("550 5.7.1 see zen.spamhaus.org")
    assert verdict.cause == "sender-blocklisted"


def test_verdicts_of_the_same_failure_are_equal(bot: Bot) -> None:
    """Nothing is kept between them."""
    given = failure("550 5.1.1 <kim@example.org>: User unknown")
    first = decide(given, bot.knowledge)
    decide(given._replace(diagnostic="452 4.2.2 mailbox full"), bot.knowledge)
    again = decide(given, bot.knowledge)
    assert (first.cause, first.evidence, first.who) == (again.cause, again.evidence, again.who)


@pytest.mark.parametrize(
    ("text", "evidence", "provider"),
    [
        ("550 5.7.1 x (S3150)", "S3150", "microsoft"),
        ("421 [TSS04] deferred", "TSS04", "yahoo"),
        ("554 5.7.1 AUP#CXBL", "AUP#CXBL", "cox"),
        ("554 dialup transient ip not allowed", "dialup transient ip not allowed", "t-online"),
        ("550 5.7.1 Recipient address rejected: User unknown in virtual mailbox table", "Recipient address rejected: User unknown", None),
        ("554 5.7.1 blocked using zen.spamhaus.org", "blocked using zen.spamhaus.org", "spamhaus"),
    ],
)  # fmt: skip
def test_whose_words_decided_is_named_and_they_are_quoted(told: Any, text: str, evidence: str, provider: str | None) -> None:  # fmt: skip
    """A private code, a provider's own words, or words of a program that is nobody's."""
    verdict = told(text)
    assert (verdict.evidence, verdict.provider, verdict.confidence) == (evidence, provider, "certain")


def test_what_spoke_for_another_cause_reads_as_text(told: Any) -> None:
    """`explain --why` prints it: the cause, and the rule or the code."""
    aside = [str(hit) for hit in told("550 5.1.1 mailbox full, spam").set_aside]
    assert "mailbox-not-found (code 5.1.1)" in aside


def test_senses_count_their_words_and_their_nearness(told: Any) -> None:
    """A sense of three sets over one of two, and a rule that only hints is a guess."""
    verdict = told("550 her account holds more than its allotted space, nothing exceeds it")
    assert (verdict.cause, verdict.confidence) == ("mailbox-full", "likely")
    hint = told("550 the policies here refuse it")
    assert hint.cause == "policy-rejected"


@pytest.mark.parametrize(
    ("text", "fits"),
    [("452 4.2.2 over quota", True), ("552 5.2.2 over quota", True), ("250 2.0.0 queued as 12345", True), ("550 queued as 12345", False)],
)  # fmt: skip
def test_a_rule_asks_for_its_codes(told: Any, text: str, fits: bool) -> None:
    """A class of reply codes in a rule takes each code of the class."""
    assert (told(text).confidence != "guess") is fits
