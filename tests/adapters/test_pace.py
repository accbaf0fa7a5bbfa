"""How fast one person may ask."""

from adapters import pace
from adapters.pace import Pacer


def test_five_at_once_then_one_warning_then_silence() -> None:
    """The bucket fills again while nobody asks; only a full one warns again."""
    now = [0.0]
    pacer = Pacer(clock=lambda: now[0])
    assert [pacer.take(1) for _ in range(8)] == ["go"] * 5 + ["slow", "quiet", "quiet"]
    assert pacer.take(2) == "go"
    now[0] = 2.0
    assert [pacer.take(1) for _ in range(2)] == ["go", "quiet"]
    now[0] = 30.0
    assert [pacer.take(1) for _ in range(6)] == ["go"] * 5 + ["slow"]


def test_what_was_not_sent_counts_no_token_and_warns_again() -> None:
    """The next try is met the same way; a silence has nothing to give back."""
    pacer = Pacer(clock=lambda: 0.0)
    for _ in range(5):
        pacer.take(1)
    pacer.give_back(1, "go")
    assert [pacer.take(1) for _ in range(3)] == ["go", "slow", "quiet"]
    pacer.give_back(1, "quiet")
    assert pacer.take(1) == "quiet"
    pacer.give_back(1, "slow")
    assert pacer.take(1) == "slow"
    pacer.give_back(2, "go")
    assert [pacer.take(2) for _ in range(6)] == ["go"] * 5 + ["slow"]


def test_memory_is_bounded() -> None:
    """Who asked longest ago is forgotten."""
    pacer = Pacer(clock=lambda: 0.0)
    for person in range(pace.MAX_KEPT + 5):
        pacer.take(person)
    assert len(pacer._buckets) == pace.MAX_KEPT
