"""Search finds what a person means: words, codes, names of providers, misspellings of any of them."""

import time

import pytest

from bot.app import Bot
from bot.searching import near_codes, search


def ids(bot: Bot, text: str, most: int = 3) -> list[str]:
    """The ids of the best entries."""
    return [row.id for row in search(text, bot.knowledge)[:most]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("quota gmail", "google/over-quota"),
        ("gmail 4.7.28", "google/"),
        ("dmarc yahoo", "yahoo/"),
        ("blacklisted", "cause/sender-blocklisted"),
        ("blaklisted", "cause/sender-blocklisted"),
        ("mailbox full", "cause/mailbox-full"),
        ("mailbox ful", "cause/mailbox-full"),
        ("spf", "cause/authentication-failed"),
        ("spf", "enhanced/X.7.23"),
        ("451", "reply/451"),
        ("greylisted", "greylist"),
    ],
)
def test_the_first_three_hold_what_was_meant(bot: Bot, text: str, wanted: str) -> None:
    """Words, codes and providers, whole or cut short."""
    assert any(wanted in found for found in ids(bot, text))


def test_misspelled_words_are_mended(bot: Bot) -> None:
    """`blaklisted` finds what `blacklisted` finds."""
    assert ids(bot, "blaklisted") == ids(bot, "blacklisted")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("S3140", "outlook-consumer/S3140-block-list"),
        ("s3140", "outlook-consumer/S3140-block-list"),
        ("TSS04", "yahoo/TSS04"),
        ("what is [TSS04]", "yahoo/TSS04"),
    ],
)
def test_a_private_code_finds_its_entry_first(bot: Bot, text: str, first: str) -> None:
    """In any case, with brackets or words around it."""
    assert ids(bot, text)[0] == first


@pytest.mark.parametrize(
    ("text", "code", "entry"),
    [
        ("S314O", "S3140", "outlook-consumer/S3140-block-list"),
        ("S31400", "S3140", "outlook-consumer/S3140-block-list"),
        ("TSS4", "TSS04", "yahoo/TSS04"),
        ("TSSO4", "TSS04", "yahoo/TSS04"),
        ("yahoo TSS4", "TSS04", "yahoo/TSS04"),
    ],
)
def test_a_near_miss_of_a_private_code_is_asked_back(bot: Bot, text: str, code: str, entry: str) -> None:
    """ "Did you mean", with the entry of the code that was meant among the first three."""
    found = [row for row in search(text, bot.knowledge)[:3] if row.id == entry]
    assert found and found[0].title.startswith(f"did you mean {code}? ")


@pytest.mark.parametrize("text", ["", "  ", "?!", "hello", "5.7.26", "X.7.26", "451", "quota", "kim@example.com"])
def test_what_is_no_private_code_suggests_none(bot: Bot, text: str) -> None:
    """Words, public codes and addresses are no near misses."""
    assert near_codes(text, bot.knowledge) == []


def test_no_entry_is_listed_twice_and_the_number_is_kept(bot: Bot) -> None:
    """For words that many entries hold, and for codes that have entries of their own."""
    for text in ("spam", "S314O blocked", "TSS04", "quota"):
        found = [row.id for row in search(text, bot.knowledge, 5)]
        assert len(found) <= 5 and len(found) == len(set(found))


def test_search_is_quick(bot: Bot) -> None:
    """A long query takes no longer than a person waits."""
    begun = time.process_time()
    search("S314O TSS4 blaklisted " * 20, bot.knowledge)
    assert time.process_time() - begun < 2
