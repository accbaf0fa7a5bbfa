"""Phrases are whole words in order; marks are private tokens; both are found in linear time."""

import time

import pytest

from bot.matching import MAX_GAP, Marks, Phrases, Words, tokens, words


def _find(phrase: str, text: str) -> bool:
    phrases = Phrases()
    phrases.add(phrase, 1)
    return 1 in phrases.find(words(text), text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("over quota", "the mailbox is Over-Quota!"),
        ("user unknown", "550 5.1.1 <a@example.org>: User  unknown in table"),
        ("mailbox * full", "mailbox of the user is full"),
        ("doesn t have a * account", "This user doesn't have a yahoo.com account"),
        ("blocked using <host>", "client [192.0.2.1] blocked using zen.example.org; see"),
        ("an unusual rate of unsolicited mail", "an unusual rate of 421-4.7.28 unsolicited mail"),
        ("boîte pleine", "boite pleine"),
        ("ящик переполнен", "Ящик переполнен"),
        ("收件人不存在", "错误：收件人 不存在。"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    """Case, punctuation, accents, codes and gaps do not hide it."""
    assert _find(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("spam", "see https://www.spamhaus.org/query"),
        ("spam", "host antispam.example.org said no"),
        ("over quota", "overquota"),
        ("mailbox full", "mailbox is full"),
        ("a * b", "b comes before a"),
        ("start * end", "start " + "x " * (MAX_GAP + 1) + "end"),
    ],
)
def test_a_phrase_is_not_found(phrase: str, text: str) -> None:
    """Words inside names, other orders and too wide gaps do not count."""
    assert not _find(phrase, text)


def test_marks_keep_case_and_stand_anywhere() -> None:
    """A private token is found beside punctuation and inside a URL, in its own case only."""
    marks = Marks()
    for number, mark in enumerate(["S3140", "OFR_416", "AUP#CXBL", "NoSuchUser"]):
        marks.add(mark, number)
    assert marks.find(tokens("blocked (S3140) OFR_416 AUP#CXBL https://support.example/?p=NoSuchUser")) == {0, 1, 2, 3}
    assert marks.find(tokens("s3140 OFR 41 nosuchuser")) == set()


def test_a_quote_is_the_text_as_written() -> None:
    """The stretch behind matched words keeps its punctuation."""
    text = "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown"
    found = Words(text)
    place = found.words.index(b"recipient")
    assert found.quote(place, place + 5) == "Recipient address rejected: User unknown"


def test_matching_is_linear() -> None:
    """Four times the text takes less than eight times as long."""
    phrases = Phrases()
    for number in range(200):
        phrases.add(f"from address rejected {'again ' * (number % 7)}word{number} * gap{number}", number)

    def took(size: int) -> float:
        text = "550 from address rejected again again word1 " * size
        best = 9.0
        for _ in range(3):
            begun = time.process_time()
            phrases.find(words(text), text)
            best = min(best, time.process_time() - begun)
        return best

    assert took(8_000) < 8 * max(took(2_000), 0.001)
