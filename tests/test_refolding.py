"""What a client wrapped in a paste is put together again; what nobody wrapped stays as it is."""

import pytest

from bot.readers.refolding import refold, rejoin
from tests.timing import grows

LONG = "Diagnostic-Code: smtp; 550 5.1.1 <kim@example.com>: Recipient address"
RECORD = "Oct 10 12:00:00 mx1 postfix/smtp[17]: 8D4E5F: to=<kim@example.com>,"


@pytest.mark.parametrize(
    ("wrapped", "folded"),
    [
        (f"{LONG}\nrejected by policy\n\nHello", f"{LONG}\n rejected by policy\n\nHello"),
        (f"{LONG}\nrejected: User unknown\n\n", f"{LONG}\n rejected: User unknown\n\n"),
        ("Subject: hi\nthis is the body", "Subject: hi\nthis is the body"),
        (f"{LONG}\nStatus: 5.1.1\n", f"{LONG}\nStatus: 5.1.1\n"),
        (f"To: a@example.org\n\n{LONG}\nrejected by policy", f"To: a@example.org\n\n{LONG}\nrejected by policy"),
        (
            f"To: a@example.org\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n{LONG}\nrejected",
            f"To: a@example.org\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n{LONG}\n rejected",
        ),
        (f"X-Long: {'word ' * 40}\nrest", f"X-Long: {'word ' * 40}\nrest"),
    ],
    ids=["a header", "a rest with a colon", "a short line", "the next field", "a body", "fields after an empty line", "no client wraps so wide"],
)  # fmt: skip
def test_a_header_is_folded_where_it_was_wrapped(wrapped: str, folded: str) -> None:
    """Only inside headers, and only where the next word had no room."""
    assert refold(wrapped) == folded


@pytest.mark.parametrize(
    ("wrapped", "joined"),
    [
        (f"{RECORD}\nrelay=none", f"{RECORD} relay=none"),
        (f"{RECORD}\n{RECORD}\nrelay=none", f"{RECORD}\n{RECORD} relay=none"),
        (f"{RECORD}\n\nany idea?", f"{RECORD}\n\nany idea?"),
        (f"{RECORD[:40]}\nany idea?", f"{RECORD[:40]}\nany idea?"),
        ("no time here, but a line that is long enough to have been wrapped\nby a client", None),
    ],
    ids=["a record", "the second record", "a question below", "a short record", "no log"],
)
def test_a_record_is_joined_where_it_was_wrapped(wrapped: str, joined: str | None) -> None:
    """Only below a line that has its time near its start."""
    assert rejoin(wrapped) == (wrapped if joined is None else joined)


@pytest.mark.parametrize(
    ("work", "line"), [(refold, f"{LONG}\n{'rest ' * 13}\n"), (rejoin, f"{RECORD}\n{'rest ' * 13}\n")]
)
def test_time_grows_with_the_text_only(work: object, line: str) -> None:
    """One header or record of many wrapped lines included."""
    for make in (lambda n: line * n, lambda n: line + line.split("\n", 1)[1] * n):
        small, large = make(2_000), make(8_000)
        assert grows(lambda small=small: work(small), lambda large=large: work(large), 8)  # type: ignore[operator,misc]
