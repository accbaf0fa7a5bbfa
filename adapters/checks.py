"""One check of `smtpbot doctor`: what was looked at, how it is, and what mends it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

MAX_SKEW = 300  # seconds; a request that Slack signed longer ago is refused
ODD_SKEW = 30

State = Literal["ok", "warning", "problem"]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Check:
    """`told` is what was found, `mend` what to do about it; neither ever holds a secret."""

    name: str
    state: State
    told: str
    mend: str = ""


def check_clock(name: str, platform: str, date: str | None, clock: Clock = time.time) -> Check:
    """The clock here against the Date header (RFC 9110, whole seconds) that a platform has just answered with."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return Check(name, "warning", f"{platform} does not say what time it is", "compare the clock here with another")
    skew = round(datetime.fromtimestamp(clock(), theirs.tzinfo).timestamp() - theirs.timestamp())
    if abs(skew) <= ODD_SKEW:
        return Check(name, "ok", f"as {platform}'s, to within {max(1, abs(skew))} s")
    told = f"{abs(skew)} s {'ahead of' if skew > 0 else 'behind'} {platform}'s"
    mend = "set the clock of this machine, and keep it right by NTP (timedatectl set-ntp true)"
    if abs(skew) < MAX_SKEW:
        return Check(name, "warning", told, mend)
    return Check(name, "problem", f"{told}; signed requests are refused, and processes disagree on what expired", mend)
