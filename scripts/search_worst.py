"""Looks for texts and mails that take long: search_worst.py [SECONDS] [--seed N]. Ends with 1 where one takes over a second a megabyte.

Inputs are repeats of short pieces, random words of the knowledge, odd wraps, many headers, deep nesting, and the slow
ones changed a little. What is slow at 100 kB is measured again at 1 MB, the size the budget is for.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from bot import load
from bot.app import Bot
from bot.redaction import mask_addresses, redact

SIZE = 100_000
BUDGET = 1.0  # seconds a megabyte
SLOW = 0.5 * BUDGET
KEPT = 12  # slow ones that are changed further
PIECES = (
    "550", "5.1.1", "550-5.7.1 ", "550 5.7.1 ", "<a@example.org>", "a@", "@b.example", "<", ">", "> ", "[192.0.2.1]", "(", ")", '"', "'", "`",
    "\\n", "=\n", "=3D", "&lt;", "&#64;", "said: ", "-> ", "<<< ", ">>> ", "smtp; ", "Diagnostic-Code: smtp; ", "Final-Recipient: rfc822; ",
    "Action: failed\n", "Status: 5.1.1\n", "--b\n", "Content-Type: multipart/mixed; boundary=b\n", "Received: from x by y\n", "Subject: ",
    "=?utf-8?q?=35=35=30?= ", "status=bounced (", "to=<", "relay=", "postfix/smtp[1]: ", "** ", "R=x T=y: ", "{", "[", '"a":', ",", ":", ";", ".", "-",
    "_", "*", "#", "|", "/", "\t", " ", "\n", "\r\n", "\0", "\x1b[1m", "\u200b", "é", "収", "🙂", "http://", "<style>", "<pre>", "<script a>", "--b\nContent-Type: text/html\n\n", "https://example.org/", "x" * 40, "9" * 40,
)  # fmt: skip
MAIL_HEADS = (
    b"From: MAILER-DAEMON@example.org\nSubject: failure notice\n\n",
    b"From: a@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n",
    b"From: a@example.org\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n",
    b"From: a@example.org\nContent-Transfer-Encoding: base64\n\n",
    b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n",
)


def words_of(bot: Bot) -> list[str]:
    """The words that phrases are made of, the likeliest to keep the matcher busy."""
    phrases = [phrase for raw in bot.knowledge.raw_rules for phrase in raw.get("text", ())]
    return sorted({word for phrase in phrases for word in phrase.split() if word != "*"})


def fresh(random: Random, words: list[str]) -> str:
    """A text nobody has tried yet."""
    pool = random.choice((PIECES, words, (*PIECES, *random.sample(words, 20))))
    unit = "".join(random.choice(pool) + random.choice(("", " ", "\n")) for _ in range(random.randint(1, 12)))
    if random.random() < 0.3:
        return "".join(random.choice(pool) + random.choice(" \n") for _ in range(SIZE // 6))[:SIZE]
    return grown(unit, SIZE)


def changed(text: str, random: Random) -> str:
    """A slow text with a piece put in, taken out or doubled."""
    unit = text[: random.randint(2, 400)]
    at = random.randrange(len(unit))
    piece = random.choice(PIECES)
    made = random.choice(
        (unit[:at] + piece + unit[at:], unit[:at] + unit[at + len(piece) :], unit[:at] + unit, piece + unit)
    )
    return grown(made, SIZE)


def grown(unit: str, size: int) -> str:
    """The piece repeated to a size."""
    return (unit * (size // max(1, len(unit)) + 1))[:size] if unit else "a" * size


def readers(bot: Bot) -> dict[str, Callable[[str], object]]:
    """What is timed: the ways a text or file gets in, and the two masks."""
    made: dict[str, Callable[[str], object]] = {
        "text": bot.answer,
        "channel": lambda text: bot.answer(text, "channel"),
        "file": lambda text: bot.answer_mail(text.encode("utf-8", "replace")),
        "mask": mask_addresses,
        "redact": redact,
    }
    for number, head in enumerate(MAIL_HEADS):
        made[f"mail {number}"] = lambda text, head=head: bot.answer_mail(head + text.encode("utf-8", "replace"))  # type: ignore[misc]
    return made


def took(read: Callable[[str], object], text: str) -> float:
    """Seconds of the processor a megabyte, the best of two."""
    best = 1e9
    for _ in range(2):
        begun = time.process_time()
        read(text)
        best = min(best, time.process_time() - begun)
    return best / (len(text) / 1_000_000)


def candidates(random: Random, words: list[str], slow: list[tuple[float, str, str]]) -> Iterator[str]:
    """Without end: fresh texts, and changes of the slowest found."""
    while True:
        yield changed(random.choice(slow)[2], random) if slow and random.random() < 0.5 else fresh(random, words)


def search(seconds: float, seed: int) -> list[tuple[float, str, str]]:
    """The slowest found: (seconds a megabyte, reader, text)."""
    bot, random = load(), Random(seed)
    reading, words = readers(bot), words_of(bot)
    slow: list[tuple[float, str, str]] = []
    until, tried = time.monotonic() + seconds, 0
    for text in candidates(random, words, slow):
        if time.monotonic() > until:
            break
        name = random.choice(list(reading))
        tried += 1
        slow.append((took(reading[name], text), name, text))
        slow.sort(reverse=True)
        del slow[KEPT:]
    print(f"{tried} inputs of {SIZE // 1000} kB tried, seed {seed}")
    return slow


def main() -> int:
    """0 where nothing over the budget was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("seconds", nargs="?", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    reading, over = readers(load()), 0
    for rate, name, text in search(asked.seconds, asked.seed):
        whole = took(reading[name], grown(text, 10 * SIZE)) if rate > SLOW else rate
        over += whole > BUDGET
        print(f"{rate:6.2f} s/MB at 100 kB, {whole:5.2f} at 1 MB  {name}: {text[:70]!r}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
