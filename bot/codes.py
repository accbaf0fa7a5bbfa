"""Reply codes and enhanced status codes: find, parse, compare, print.

RFC 5321 section 4.2:  Reply-code = %x32-35 %x30-35 %x30-39
    In reality first digits 2, 4 and 5 report, the second digit goes to 9 (571, 585, 591 are seen), and a text that
    quotes a code puts brackets, quotes, a hash sign, `smtp;` or a hyphen around it.
RFC 3463 section 2:    status-code = class "." subject "." detail
    class = "2" / "4" / "5", subject and detail = 1*3digit. qmail and Cisco write `#5.7.1`; IPv4 addresses, versions
    and dates look alike and are refused by what stands beside them.
"""

import re

from bot.model import Permanence

_REPLY = r"[245]\d\d"
_STATUS = r"[245]\.\d{1,3}\.\d{1,3}"

# A reply code, and the enhanced code that belongs to it (RFC 2034: directly after it). What may not stand before a code
# is looked at from behind its first digit, here and below, so that the search is for a digit.
REPLY = re.compile(
    rf"""([245](?:(?<![A-Za-z0-9_.@#$€£=/+-].)(?<![A-Za-z0-9_\]]:.)   # not inside a word, an address, a price, an option
      |(?<=\#.)(?<![\w.@#$€£=/+-]..)(?<![A-Za-z0-9_\]]:..))\d\d)     # nor behind such a one and a hash sign
    (?:(?P<join>[\ \-:;,._\t]{{1,3}}|\ ?[(\[]\#?|\ -\ |\ ?\#|-'|\ ')({_STATUS})(?![\w.]?\d)   # 550 5.1.1, 550-5.1.1, 550 (#5.1.1)
    |(?=[\s:;,)\]'"(\[<!?]|-(?!\d{{2,4}}(?:[-\s]|$))|\.?$|\.\s|\\r|\\n))""",
    re.X,
)
STATUS = re.compile(r"([245](?<![\w.@/-].)(?<!\d:.)\.\d{1,3}\.\d{1,3})(?![\w-]|\.\d)")
# One line of a multi-line reply (RFC 5321 section 4.2.1) quoted in the middle of joined text: `550-5.7.1 ` or `550-`.
CONTINUATION = re.compile(rf"(?<![\w.])({_REPLY})-({_STATUS})?[ \t]*")

PERMANENCE: dict[str, Permanence] = {"2": None, "3": None, "4": "temporary", "5": "permanent"}


def permanence_of(code: str | None) -> Permanence:
    """`temporary` for 4yz and 4.x.x, `permanent` for 5yz and 5.x.x, else None (RFC 5321 section 4.2.1, RFC 3463)."""
    return PERMANENCE.get(code[0]) if code else None


def subject_pattern(status: str) -> str:
    """`5.7.26` -> `X.7.26`, the form the IANA registry uses."""
    return "X" + status[1:]


def normal_status(status: str) -> str:
    """An enhanced code without leading zeros: `5.01.001` -> `5.1.1` (RFC 3463 section 2 forbids them)."""
    return ".".join(part.lstrip("0") or "0" for part in status.split("."))


def disagree(reply: str | None, status: str | None) -> bool:
    """Whether reply code and enhanced code are of different classes (450 with 5.x.x)."""
    return bool(reply and status and reply[0] != status[0])
