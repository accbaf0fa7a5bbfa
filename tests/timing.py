"""Whether work takes linear time and is quick, by the processor's clock; and how long a test waits for what others do."""

import time
from collections.abc import Callable

Work = Callable[[], object]
LOOKS = 9  # a busy machine disturbs some
WITHIN = 60.0  # seconds for anything another process does; more than any takes on a busy machine


def took(work: Work) -> float:
    """Seconds of this process's own."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def is_quick(work: Work, seconds: float) -> bool:
    """Whether the best of three is below that."""
    return any(took(work) < seconds for _ in range(3))


def grows(small: Work, large: Work, most: float, clear: float = 0.004) -> bool:
    """Whether the large work takes less than `most` times as long as the small one, of which `clear` seconds are no matter."""
    if took(large) < most * clear:
        return True
    short = max(clear, min(took(small) for _ in range(3)))
    return any(took(large) < most * short for _ in range(LOOKS))


def repeat(unit: str, length: int) -> str:
    """A text of that length."""
    return (unit * (length // len(unit) + 1))[:length]


def grows_linearly(read: Callable[[str], object], unit: str, size: int = 40_000) -> bool:
    """Whether four times the text takes less than eight times as long."""
    short, long = repeat(unit, size), repeat(unit, 4 * size)
    return grows(lambda: read(short), lambda: read(long), 8)
