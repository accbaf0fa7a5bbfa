"""Words of one meaning that stand close together name a cause, in any order; the work is linear in the text."""

import time

import pytest

from bot.app import Bot
from bot.matching import words
from bot.senses import MAX_WORDS, NEAR, Senses

SETS = {"box": ["mailbox", "user*"], "over": ["exceed*", "over"], "room": ["quota", "space"], "your": ["your"]}


def _find(sense: str, text: str) -> list[tuple[int, int, int, int]]:
    senses = Senses(SETS)
    senses.add(sense, 7)
    return [tuple(found) for found in senses.find(words(text))]


def test_words_may_stand_in_any_order_and_have_any_ending() -> None:
    """The stretch from the first to the last word that counted is given."""
    assert _find("box over room", "no space: exceeding what a user has") == [(7, 1, 6, 3)]


def test_words_far_apart_mean_nothing_together() -> None:
    """A word is near when at most so many words lie between."""
    filler = " x" * (NEAR - 1)
    assert _find("box over", f"mailbox{filler} over")
    assert not _find("box over", f"mailbox{filler} x over")


def test_a_word_that_bars_is_heeded() -> None:
    """`!your` keeps a sense from standing where one of its words is near."""
    assert not _find("box over !your", "your mailbox is over")


def test_one_word_serves_only_once() -> None:
    """A sense of two sets takes two words, though one word is in both."""
    senses = Senses({"a": ["quota"], "b": ["quota", "limit"]})
    senses.add("a b", 1)
    assert not list(senses.find([b"quota"]))
    assert list(senses.find([b"quota", b"limit"]))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("550 The member has used up the capacity of her account, nothing exceeds it", "mailbox-full"),
        ("554 This account was retired, gone and terminated", "mailbox-disabled"),
        ("451 A plugin of ours has crashed", "server-error"),
        ("554 There is a worm in this", "virus-detected"),
        ("550 On a denylist of ours", "sender-blocklisted"),
        ("452 No room is left for the addressee", "mailbox-full"),
        ("550 We refuse residential networks", "sender-blocklisted"),
        ("550 Outside mail is refused by that group", "recipient-restricted"),
    ],
)
def test_a_wording_nobody_wrote_down_is_understood(bot: Bot, text: str, cause: str) -> None:
    """The answer names the cause, is not certain of it, and quotes the words."""
    verdict = bot.answer(text).answers[0].verdict
    assert (verdict.cause, verdict.confidence) == (cause, "likely")
    assert verdict.evidence in text


def test_a_code_that_decides_is_not_overruled(bot: Bot) -> None:
    """What words mean together counts less than an enhanced code that names the cause."""
    verdict = bot.answer("550 5.1.1 A plugin of ours has crashed").answers[0].verdict
    assert verdict.cause == "mailbox-not-found"


def test_time_is_bounded() -> None:
    """Only the first words are looked at, however long the text is."""
    senses = Senses(SETS)
    for number in range(200):
        senses.add("box over room !your", number)
    many = [b"mailbox", b"over", b"quota"] * 50_000
    begun = time.process_time()
    found = list(senses.find(many))
    assert time.process_time() - begun < 1
    assert all(sensed.end <= MAX_WORDS for sensed in found)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Erika ist unter example.org nicht gefunden worden, sie wurde unter example.org nicht gefunden", "mailbox-not-found"),
        ("550 Käyttäjää ei löydy", "mailbox-not-found"),
        ("550 사용자를 찾을 수 없습니다", "mailbox-not-found"),
        ("Le domaine example.invalid n'existe pas", "domain-not-found"),
        ("Домен example.invalid не найден", "domain-not-found"),
        ("550 La cuenta ha sido deshabilitada", "mailbox-disabled"),
        ("Il messaggio è scaduto dopo 3 giorni", "delivery-expired"),
        ("La consegna è in ritardo, il server riproverà per altre 20 ore", "delayed"),
        ("No tiene permiso para enviar mensajes a este grupo", "recipient-restricted"),
        ("450 Zu viele E-Mails von Ihnen", "rate-limited"),
        ("550 That recipient has chosen not to receive mail like yours", "recipient-restricted"),
        ("The domain of that name is invalid or cannot be found in DNS", "domain-not-found"),
    ],
)  # fmt: skip
def test_notices_in_other_languages_are_understood(bot: Bot, text: str, cause: str) -> None:
    """As the large providers and servers abroad write them."""
    assert bot.answer(text).answers[0].verdict.cause == cause
