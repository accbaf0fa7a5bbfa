"""Phrases are whole words in order; marks are private tokens; both are found in linear time."""

import pytest

from bot.matching import MAX_GAP, Marks, Phrases, Words, tokens, words
from tests.timing import grows


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
        ("a b * b c", "x x x a b c"),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("550 5.1.1 Ошибка: Недействителен, ЁЖ", "Недействителен, ЁЖ"),
        ("552 Hinweis: POSTFACH ÜBERFÜLLT.", "POSTFACH ÜBERFÜLLT"),
        ("550 エラー: メールボックスの容量、超過", "メールボックスの容量、超過"),
        ("550 ﬁle: ½ Boîte", "½ Boîte"),
    ],
)
def test_a_quote_keeps_accents_and_capitals(text: str, said: str) -> None:
    """What was folded for matching is shown as it was written."""
    found = Words(text)
    assert found.quote(1, len(found.words)) == said


def test_matching_is_linear() -> None:
    """Four times the text takes less than eight times as long."""
    phrases = Phrases()
    for number in range(200):
        phrases.add(f"from address rejected {'again ' * (number % 7)}word{number} * gap{number}", number)
    short = "550 from address rejected again again word1 " * 2_000
    long = short * 4
    find = phrases.find
    assert grows(lambda: find(words(short), short), lambda: find(words(long), long), 8, clear=0.001)


def _spans(phrases: dict[str, int], text: str) -> dict[int, tuple[int, int, int]]:
    """What is found of numbered phrases: first word, last word + 1, words matched."""
    made = Phrases()
    for phrase, number in phrases.items():
        made.add(phrase, number)
    return made.find(words(text), text)


@pytest.mark.parametrize(
    ("phrases", "text", "found"),
    [
        ({"mailbox full": 1}, "the mailbox full", {1: (1, 3, 2)}),
        ({"mailbox": 1, "mailbox full": 1}, "mailbox full", {1: (0, 2, 2)}),
        ({"mailbox full": 1, "box is very full": 1}, "mailbox full box is very full", {1: (2, 6, 4)}),
        ({"a b": 1, "b c": 2}, "a b c", {1: (0, 2, 2), 2: (1, 3, 2)}),
        ({"a * c": 1}, "a b c", {1: (0, 3, 2)}),
        ({"a * c": 1}, "a c", {1: (0, 2, 2)}),
        ({"a b * c d * e": 1}, "a b x c d y e", {1: (0, 7, 5)}),
        ({"a b * c d * e": 1}, "a b x e y c d", {}),
        ({"a * c": 1}, "a x a c", {1: (2, 4, 2)}),
        ({"a * c": 1, "a * d": 2}, "a x c d", {1: (0, 3, 2), 2: (0, 4, 2)}),
        ({"a * b * c": 1, "b * c": 2}, "b c", {2: (0, 2, 2)}),
        ({"a * a": 1}, "a", {}),
        ({"a * b * c": 1, "a * b * d": 2, "a * e": 3}, "a x b y c z d e", {1: (0, 5, 3), 2: (0, 7, 3), 3: (0, 8, 2)}),
        ({"a * c": 1}, "a c a x c", {1: (0, 2, 2)}),
        ({"a * c": 1, "c": 1}, "c a c", {1: (1, 3, 2)}),
        ({"a b c": 1, "c * d": 1}, "a b c d", {1: (0, 3, 3)}),
        ({"a * c": 1, "a b * c": 1}, "a b c", {1: (0, 3, 3)}),
        ({"a b * c": 1, "a * c": 1}, "a b c", {1: (0, 3, 3)}),
        ({"a b": 1, "a": 2, "b": 3}, "a b", {1: (0, 2, 2), 2: (0, 1, 1), 3: (1, 2, 1)}),
        ({"mailbox": 1}, "mailbox mailbox", {1: (0, 1, 1)}),
        ({"a b * b c": 1}, "a b c", {}),
        ({"a * c": 1, "b * c": 2}, "b c", {2: (0, 2, 2)}),
        ({"a * b": 1, "c * d": 2}, "a d", {}),
        ({"a * m * c": 1, "a * m": 2}, "a m c", {1: (0, 3, 3), 2: (0, 2, 2)}),
        ({"a * b * c": 1, "d * e * f": 2}, "a b f", {}),
        ({"a * m * c": 1, "b * m * d": 2}, "a m d", {}),
        ({"a * m * c": 1, "a * m * d": 2}, "a m d", {2: (0, 3, 3)}),
        ({"a * b * c": 1}, "a " + "x " * MAX_GAP + "b " + "y " * MAX_GAP + "c", {1: (0, 2 * MAX_GAP + 3, 3)}),
        ({"邮箱已满": 1}, "邮箱 已满", {1: (0, 2, 2)}),
        ({"邮箱": 1, "邮箱已满": 1}, "邮箱\n已满", {1: (0, 1, 2)}),
        ({"邮箱已满了吗": 1, "mailbox": 1}, "mailbox 邮箱已满了吗", {1: (1, 2, 3)}),
        ({"Ａ邮箱": 1}, "a邮箱", {1: (0, 1, 2)}),
        ({"メールボックスの容量": 1}, "エラー メールボックスの容量 超過", {1: (1, 2, 5)}),
        ({"邮箱已满": 1}, "邮箱已满@example.org", {1: (0, 0, 2)}),
        ({"邮箱 已满": 1}, "邮箱\n已满", {1: (0, 2, 2)}),
    ],
)
def test_a_hit_tells_where_and_how_many_words(
    phrases: dict[str, int], text: str, found: dict[int, tuple[int, int, int]]
) -> None:
    """The longest of a number's phrases; over a gap the words around it count."""
    assert _spans(phrases, text) == found


@pytest.mark.parametrize("gap", [0, 1, MAX_GAP, MAX_GAP + 1])
def test_a_gap_has_its_width(gap: int) -> None:
    """Up to MAX_GAP words may stand between two pieces."""
    assert bool(_spans({"a b * c": 1}, "a b " + "x " * gap + "c")) is (gap <= MAX_GAP)


@pytest.mark.parametrize("phrase", [" * a", "a * ", "", "."])
def test_a_phrase_without_a_word_beside_its_gap_is_refused(phrase: str) -> None:
    """And one without words."""
    with pytest.raises(ValueError, match=r"^a phrase needs a word on each side of a gap: "):
        Phrases().add(phrase, 1)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("...", "letter or digit: '...'"),
        ("IB6*", "open-ended: 'IB6*'"),
        ("#I*", "open-ended: '#I*'"),
        ("*", "letter or digit"),
    ],
)
def test_a_mark_that_would_find_too_much_is_refused(mark: str, told: str) -> None:
    """No token, or an open end without a piece before it."""
    with pytest.raises(ValueError, match=r"^a mark (?:needs a|of one piece cannot be) ") as refused:
        Marks().add(mark, 1)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("mark", "text", "found"),
    [
        ("AUP#I*", "550 AUP#I1010 x", True),
        ("AUP#I*", "550 AUP#I", True),
        ("AUP#I*", "550 AUP#O1010", False),
        ("AUP#I*", "550 AUP", False),
        ("AUP#I*", "xAUP#I10", False),
        ("a.b.c*", "a.b.cd", True),
        ("a.b.c*", "a.x.cd", False),
        ("AUP#*", "550 AUP#I1", True),
        ("AUP#I", "550 AUP#I10", False),
        ("AUP#IB", "550 AUP#IB10", False),
        ("AUP#MX", "550 AUP#MX", True),
        ("AUP#MX", "550 \udce9 AUP#MX", True),
        ("IB6", "IB603", False),
        ("AS(123)", "rejected AS(123)", True),
        ("AS(123)", "rejected AS 123", True),
        ("AS(123)", "AS(124)", False),
        ("DT:SPM", "554 DT:SPM 163", True),
        ("a.b.c", "see a.b.c now", True),
    ],
)
def test_a_mark_with_a_star_takes_any_ending(mark: str, text: str, found: bool) -> None:
    """And without one none; a mark of several tokens is found where all stand in a row."""
    marks = Marks()
    marks.add(mark, 7)
    assert (7 in marks.find(tokens(text))) is found


@pytest.mark.parametrize(
    ("text", "start", "end", "quoted"),
    [
        ("550 5.1.1 User unknown", 0, 2, "User unknown"),
        ("550 5.1.1 User unknown.", 0, 2, "User unknown"),
        ("(User unknown)", 0, 2, "User unknown"),
        ("550 <a@example.org>: user, unknown", 1, 3, "user, unknown"),
        ("Café fermé à midi", 0, 2, "Café fermé"),
        ("one two three", 2, 3, "three"),
        ("one two three", 0, 3, "one two three"),
        ("one two", 0, 0, ""),
        ("one two", 1, 0, ""),
        ("one two", -1, 1, ""),
        ("one two", 0, 3, ""),
        ("over quota over quota", 2, 4, "over quota"),
        ("Xerox is full.", 0, 3, "Xerox is full"),
        ("voll, Ä voll", 0, 2, "voll, Ä"),
        ("voll Ä (voll)", 2, 3, "voll"),
        ("Ä Ä mailbox full", 2, 4, "mailbox full"),
        ("Ⱥ mailbox full", 1, 3, "mailbox full"),
        ("ȺȺ Я", 0, 1, "ȺȺ"),
    ],
)
def test_a_quote_stands_in_the_text(text: str, start: int, end: int, quoted: str) -> None:
    """Without the punctuation around it; empty where the words are none of the text's."""
    assert Words(text).quote(start, end) == quoted


@pytest.mark.parametrize(
    ("text", "read", "names"),
    [
        ("The Mailbox, is FULL!", "the mailbox is full", ""),
        ("550 5.1.1 no 250 users, 650 or 5501 or 55", "no users 650 or 5501 or 55", ""),
        ("550-5.7.1 no", "no", ""),
        ("554-relay.example.org said", "<host> said", "relay.example.org"),
        ("504-relay.example.org said", "<host> said", "relay.example.org"),
        ("354-relay.example.org said", "<host> said", "354-relay.example.org"),
        ("55x-relay.example.org said", "<host> said", "55x-relay.example.org"),
        ("554-1a.example said", "<host> said", "554-1a.example"),
        ("5542-relay.example said", "<host> said", "5542-relay.example"),
        ("554.relay.example said", "<host> said", "554.relay.example"),
        ("554-over quota", "over quota", ""),
        ("554-no", "no", ""),
        ("mx.example.org. said", "<host> said", "mx.example.org"),
        ("MX.Example.org:25 said", "<host> said", "mx.example.org:25"),
        ("<kim.lee@example.org>: no", "<addr> no", ""),
        ("see https://Example.org/why?x=1 now", "see <url> x 1 now", "https://example.org/why"),
        ("see http://localhost now", "see <url> now", "http://localhost"),
        ("see www.example.org/why", "see <url>", "www.example.org/why"),
        ("see www.x", "see <url>", "www.x"),
        ("see example.org/why/so", "see <url>", "example.org/why/so"),
        ("see example.org/why", "see <url>", "example.org/why"),
        ("at 192.0.2.1 and [192.0.2.1]:25 and 192.0.2.0/24", "at <ip> and <ip> 25 and <ip>", ""),
        ("at 192.0.2.1:25 and 192.0.2.1.5", "at <ip> and 192 0 2 1 5", ""),
        ("at 2001:db8::1 and [IPv6:2001:DB8::1]", "at <ip> and <ip>", ""),
        ("a:b and c::d", "a b and <ip>", ""),
        ("it is full.Please wait", "it is full please wait", ""),
        ("a(b)c is full.Please wait", "a b c is full please wait", ""),
        ("no space.example", "no <host>", "space.example"),
        ("user1 is over-quota", "user1 is over quota", ""),
        ("user un\udce9known", "user un known", ""),
        ("over-quota, user_unknown, either/or, a-550-b", "over quota user unknown either or a b", ""),
        ("a-55-b a-5501-b a-650-b a-5x0-b", "a 55 b a 5501 b a 650 b a 5x0 b", ""),
        ("--- . :: quota --", "quota", ""),
        ("boîte PLEINE, Größe, łódź", "boite pleine große lodz", ""),
        ("Überschritten mx.example.org", "uberschritten <host>", "mx.example.org"),
        ("ящик переполнен", "ящик переполнен", ""),
    ],
)
def test_a_text_as_words(text: str, read: str, names: str) -> None:
    """Lower case, without codes; addresses, hosts, IP addresses and links are one word each, and hosts and links are kept as names."""
    found = Words(text)
    assert b" ".join(found.words).decode() == read
    assert b" ".join(found.names).decode() == names
