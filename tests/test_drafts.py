"""Both drafts are ready to send, for every cause."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot.answering import compose
from bot.app import Bot
from bot.drafts import SORTS, make_drafts
from bot.model import Answer, Failure, Verdict

DATA = Path(__file__).parent.parent / "data"
CAUSES = sorted(yaml.safe_load((DATA / "causes.yaml").read_text("utf-8"))["causes"])
WORDS = {cause: yaml.safe_load((DATA / f"text/en/causes/{cause}.yaml").read_text("utf-8")) for cause in CAUSES}
FULL = Failure(
    diagnostic="550 5.7.1 the words of the other server",
    recipient="kim@example.com",
    reply_code="550",
    enhanced_code="5.7.1",
    remote_mta="mx.example.com",
    reporting_mta="out.example.org",
    sender="lee@example.org",
    queue_id="4F2A31B0C8",
)
BARE = Failure(diagnostic="550", reply_code="550")
_END = re.compile(r"[.!?][”\")]?(?=\s|$)")


def told(bot: Bot, cause: str, failure: Failure, detail: str | None = None) -> Answer:
    """The answer to a failure that has this cause."""
    who = bot.knowledge.who_acts(cause, detail)
    verdict = Verdict(cause, (cause,), detail, "certain", "permanent", "failed", None, None, None, who, "")
    return compose(failure, verdict, bot.knowledge)


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("failure", [FULL, BARE], ids=["all values", "no values"])
def test_every_cause_has_two_drafts_that_read_well(bot: Bot, cause: str, failure: Failure) -> None:
    """Three to six sentences; no open placeholder, no doubled punctuation or blank, a capital first."""
    drafts = make_drafts(told(bot, cause, failure), bot.knowledge)
    assert set(drafts) == set(SORTS)
    for draft in drafts.values():
        assert 3 <= len(_END.findall(draft)) <= 6, draft
        assert not re.search(r"[{}]|\bNone\b|  |\n", draft), draft
        assert not re.search(r"[.,;:!?]\s?[.,;:!?]|\(\)|“”", draft), draft
        assert draft[0].isupper() and draft == draft.strip(), draft


@pytest.mark.parametrize(
    ("cause", "detail"),
    [
        (cause, detail)
        for cause in CAUSES
        for detail, words in (WORDS[cause].get("details") or {}).items()
        if words.get("draft")
    ],
)
def test_a_detail_with_its_own_words_is_used(bot: Bot, cause: str, detail: str) -> None:
    """The draft of the detail takes the place of the cause's, sort by sort, and reads as well."""
    drafts = make_drafts(told(bot, cause, FULL, f"{cause}/{detail}"), bot.knowledge)
    general = make_drafts(told(bot, cause, FULL), bot.knowledge)
    own = WORDS[cause]["details"][detail]["draft"]
    for sort in SORTS:
        assert (drafts[sort] != general[sort]) == (sort in own)
        assert 3 <= len(_END.findall(drafts[sort])) <= 6, drafts[sort]
        assert not re.search(r"[{}]|[.,;:!?]\s?[.,;:!?]|  ", drafts[sort]), drafts[sort]


@pytest.mark.parametrize("cause", CAUSES)
def test_what_the_text_gives_is_named(bot: Bot, cause: str) -> None:
    """To the postmaster: the recipient and the reply, wherever the draft has room for them."""
    words = WORDS[cause]["draft"]
    drafts = make_drafts(told(bot, cause, FULL), bot.knowledge)
    for sort in SORTS:
        for hole, value in (
            ("{recipient}", "kim@example.com"),
            ("{reply}", FULL.diagnostic),
            ("{host}", "mx.example.com"),
        ):
            assert (hole in words[sort]) == (hole in words[sort] and value in drafts[sort]), drafts[sort]


def test_most_drafts_to_a_postmaster_quote_the_reply_and_name_the_recipient(bot: Bot) -> None:
    """Without them the other side finds nothing in its log."""
    quoting = 0
    for cause in CAUSES:
        draft = make_drafts(told(bot, cause, FULL), bot.knowledge)["postmaster"]
        quoting += FULL.diagnostic in draft and "kim@example.com" in draft
    assert quoting >= len(CAUSES) * 2 // 3


@pytest.mark.parametrize("reply", ["550 5.7.1 no.", "550 5.7.1 why?", "550 5.7.1 wait...", "550 5.7.1 see x:"])
@pytest.mark.parametrize("cause", CAUSES)
def test_the_end_of_a_quoted_reply_doubles_no_sign(bot: Bot, cause: str, reply: str) -> None:
    """A reply that ends in a sign of its own is quoted so that the sentence around it still ends well."""
    draft = make_drafts(told(bot, cause, replace(FULL, diagnostic=reply)), bot.knowledge)["postmaster"]
    assert not re.search(r"[.,;:!?]”?[.,;:!?]", draft.replace("...", "")), draft


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


def test_what_the_text_lacks_is_left_out(bot: Bot) -> None:
    """A draft names no queue id, IP or sender that nobody told."""
    for cause in CAUSES:
        for draft in make_drafts(told(bot, cause, BARE), bot.knowledge).values():
            assert "no queue id" not in draft and "the sending IP address" not in draft, draft
            assert "[" not in draft and "]" not in draft, draft


def test_no_draft_claims_what_nobody_has_done() -> None:
    """Whoever sends it may not have checked, changed or confirmed a thing."""
    deeds = re.compile(r"\b(?:we|sender|person|password|administrators) (?:have|has|was|were) (?:been )?(?:checked|changed|confirmed|stopped|removed|scanned|informed)|\bnow (?:are|is) correct", re.I)  # fmt: skip
    for cause, words in WORDS.items():
        drafts = [words["draft"], *(one.get("draft") or {} for one in (words.get("details") or {}).values())]
        assert not [text for draft in drafts for text in draft.values() if deeds.search(text)], cause
