"""Drafts are ready to send: greeting, plain words or exact facts, one request, an end; none where nobody can help."""

import re
from pathlib import Path

import pytest
import yaml

from bot.answering import compose
from bot.app import Bot
from bot.drafts import SORTS, make_drafts
from bot.model import Answer, Failure, Verdict

DATA = Path(__file__).parent.parent / "data"
FACTS = yaml.safe_load((DATA / "causes.yaml").read_text("utf-8"))["causes"]
CAUSES = sorted(FACTS)
WORDS = {cause: yaml.safe_load((DATA / f"text/en/causes/{cause}.yaml").read_text("utf-8")) for cause in CAUSES}
ALL = [(cause, None) for cause in CAUSES] + [
    (cause, f"{cause}/{detail}") for cause in CAUSES for detail in FACTS[cause].get("details") or {}
]
FULL = Failure(
    diagnostic="550 5.7.1 the words of the other server from [192.0.2.1]",
    recipient="kim@example.com",
    reply_code="550",
    enhanced_code="5.7.1",
    remote_mta="mx.example.com",
    reporting_mta="out.example.org",
    sender="lee@example.org",
    queue_id="4F2A31B0C8",
    arrival="Nov 18 09:12:31",
)
BARE = Failure(diagnostic="550", reply_code="550")
_END = re.compile(r"[.!?][”\")\]]?(?=\s|$)")
# What the bot cannot know that anybody has done.
_DEEDS = re.compile(
    r"\bwe (?:have|had) (?!\[)\w+ed\b|\bhas been (?:fixed|corrected|removed|unsubscribed|informed|changed)\b|\bwe (?:checked|scanned|fixed|removed|stopped|verified)\b"
    r"|\b(?:was|were) (?:changed|removed|checked)\b(?! [a-z ]*:)|\bwe are (?:looking|removing|repairing|contacting|checking)\b",
    re.I,
)


def told(bot: Bot, cause: str, failure: Failure, detail: str | None = None) -> Answer:
    """The answer to a failure that has this cause."""
    who = bot.knowledge.who_acts(cause, detail)
    verdict = Verdict(cause, (cause,), detail, "certain", "permanent", "failed", None, None, None, who, "")
    return compose(failure, verdict, bot.knowledge)


def body(draft: str) -> str:
    """The sentences between the greeting and the facts or the end."""
    return draft.split("\n\n")[1]


@pytest.mark.parametrize(("cause", "detail"), ALL)
@pytest.mark.parametrize("failure", [FULL, BARE], ids=["all values", "no values"])
def test_every_draft_reads_well(bot: Bot, cause: str, detail: str | None, failure: Failure) -> None:
    """A greeting, two to six sentences, an end; no open placeholder, no doubled sign, a capital first."""
    drafts = make_drafts(told(bot, cause, failure, detail), bot.knowledge)
    assert "customer" in drafts
    for sort, draft in drafts.items():
        parts = draft.split("\n\n")
        assert parts[0] == "Hello," and parts[-1] in ("Thank you.", "Kind regards")
        assert len(parts) == (4 if sort == "postmaster" else 3)
        assert 2 <= len(_END.findall(body(draft))) <= 6, draft
        assert not re.search(r"[{}]|\bNone\b|  ", draft), draft
        assert not re.search(r"[.,;:!?]\s?[.,;:!?]|\(\)|“”", body(draft)), draft
        assert body(draft)[0].isupper() and draft == draft.strip(), draft


@pytest.mark.parametrize(("cause", "detail"), ALL)
def test_no_draft_claims_a_deed(bot: Bot, cause: str, detail: str | None) -> None:
    """What somebody did is asked for, or left as a marked gap."""
    for draft in make_drafts(told(bot, cause, FULL, detail), bot.knowledge).values():
        assert not _DEEDS.search(re.sub(r"\[[^\]]*\]", "[]", draft)), draft


@pytest.mark.parametrize(("cause", "detail"), ALL)
def test_a_postmaster_gets_the_facts_and_only_known_ones(bot: Bot, cause: str, detail: str | None) -> None:
    """Time, addresses, server, queue id and reply as they stand; a value that is missing has no line."""
    draft = make_drafts(told(bot, cause, FULL, detail), bot.knowledge).get("postmaster")
    if draft is not None:
        for value in (
            "Nov 18 09:12:31",
            "lee@example.org",
            "kim@example.com",
            "192.0.2.1",
            "mx.example.com",
            "4F2A31B0C8",
            FULL.diagnostic,
        ):
            assert value in draft.split("\n\n")[2]
        bare = make_drafts(told(bot, cause, BARE, detail), bot.knowledge)["postmaster"]
        assert bare.split("\n\n")[2] == "Error text: 550" and "given" not in bare


@pytest.mark.parametrize(("cause", "detail"), ALL)
def test_nobody_is_written_to_who_cannot_help(bot: Bot, cause: str, detail: str | None) -> None:
    """Where the sender has to act, no postmaster is asked; only where nobody else knows the reason."""
    answer = told(bot, cause, FULL, detail)
    drafts = make_drafts(answer, bot.knowledge)
    if answer.verdict.who[0] == "sender":
        assert ("postmaster" in drafts) == (cause in ("unclear", "spam-content"))
    elif answer.verdict.who[0] in ("recipient", "recipient-admin"):
        assert "postmaster" in drafts


def test_a_customer_gets_no_jargon(bot: Bot) -> None:
    """No codes, addresses of servers or commands in the plain mail."""
    for cause, detail in ALL:
        draft = make_drafts(told(bot, cause, FULL, detail), bot.knowledge)["customer"]
        assert not re.search(r"`|\b[45]\d\d\b|mx\.example|192\.0\.2", re.sub("587|465", "", draft)), draft


@pytest.mark.parametrize("reply", ["550 5.7.1 no.", "550 5.7.1 why?", "550 5.7.1 wait...", "550 5.7.1 see x:"])
def test_the_reply_stands_as_it_was_written(bot: Bot, reply: str) -> None:
    """On a line of its own, so that no sign is doubled."""
    failure = FULL._replace(diagnostic=reply)
    draft = make_drafts(told(bot, "mailbox-full", failure), bot.knowledge)["postmaster"]
    assert f"Error text: {reply}\n\nThank you." in draft


def test_what_our_own_server_refused_is_told_from_its_side(bot: Bot) -> None:
    """The customer is the one who was to get the mail, the postmaster the sender's."""
    text = (
        "Nov 18 09:20:04 mail postfix/smtpd[2300]: NOQUEUE: reject: RCPT from unknown[192.0.2.77]: 450 4.7.25 Client host "
        "rejected: cannot find your hostname, [192.0.2.77]; from=<news@example.net> to=<kim@example.com> proto=ESMTP"
    )
    drafts = bot.answer(text, drafts=True).drafts
    assert "turned away a message that was meant for you" in drafts["customer"]
    assert "refused a message from your side" in drafts["postmaster"] and "192.0.2.77" in drafts["postmaster"]
    assert "Time: Nov 18 09:20:04" in drafts["postmaster"]


def test_a_bare_code_gives_drafts_and_no_code_gives_none(bot: Bot) -> None:
    """Nothing failed that one could write about where there is neither a code nor a reply."""
    assert make_drafts(told(bot, "mailbox-full", Failure()), bot.knowledge) == {}
    assert bot.answer("hello", drafts=True).drafts == {}


def test_drafts_are_made_only_when_wanted(bot: Bot) -> None:
    """`drafts` of answer and answer_mail."""
    text = "<kim@example.com>: host mx.example.com[192.0.2.1] said: 552 5.2.2 Mailbox full"
    assert bot.answer(text).drafts == {}
    drafts = bot.answer(text, drafts=True).drafts
    assert set(drafts) == set(SORTS) and "kim@example.com" in drafts["postmaster"] and "552" in drafts["postmaster"]


def test_the_first_of_several_recipients_is_written_about(bot: Bot) -> None:
    """One draft to a customer, one to a postmaster, whatever the number of recipients."""
    text = "<kim@example.com>: 552 5.2.2 Mailbox full\n<lee@example.org>: 550 5.1.1 User unknown"
    assert "lee@example.org" not in bot.answer(text, drafts=True).drafts["postmaster"]


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 <kim@example.com>: User unknown",
        "551 5.1.6 User not local; please try <kim@example.org>",
        "553 5.1.3 <kim@@example.com>: bad address syntax",
    ],
)
def test_a_wrong_address_is_not_said_to_work_later(bot: Bot, reply: str) -> None:
    """Where only another address helps, no second try of the same one is advised."""
    (answer,) = bot.answer(reply).answers
    assert "once the address is right" in answer.fate
    assert "once the cause is gone" not in answer.fate


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("452 4.2.2 <kim@example.com>: mailbox full", "waits on our server"),
        ("552 5.2.2 <kim@example.com>: mailbox full", "came back"),
        ("551 5.1.6 User has moved; please try <kim@example.net>", "The notice gives kim@example.net"),
        ("552 5.3.4 message file too big (26214400 bytes max)", "about 18 MB in all"),
    ],
)
def test_a_customer_reads_what_became_of_this_message(bot: Bot, reply: str, said: str) -> None:
    """Waiting or come back, and the values that help."""
    draft = bot.answer(reply, drafts=True).drafts["customer"]
    assert said in draft and "[[" not in draft
