"""The terminal's commands that ask and talk: read, ask the core, draw, print. Each gives back an exit status.

Those that read files have a module of their own, `files`: it needs the readers, and a bare code none of them.
"""

import json
import time
from typing import TextIO

from adapters.terminal.render import render, wants_color, width_of
from bot.app import Bot
from bot.model import Reply
from bot.record import record

ANSWERED, NOT_MAIL, WRONG_USE = 0, 1, 2


def show(reply: Reply, out: TextIO) -> None:
    """Print a reply for a person."""
    out.write(render(reply.message, width_of(out), wants_color(out)) + "\n")


def status_of(reply: Reply) -> int:
    """The exit status of one reply."""
    return ANSWERED if reply.answered or reply.kind == "help" else NOT_MAIL


def ask(bot: Bot, words: list[str], as_json: bool, out: TextIO) -> int:
    """One question from the command line."""
    text = " ".join(words)
    begun = time.perf_counter()
    reply = bot.answer(text, drafts=as_json)
    took = (time.perf_counter() - begun) * 1000
    if as_json:
        out.write(json.dumps(record(reply, took_ms=took), ensure_ascii=False) + "\n")
    else:
        show(reply, out)
    return status_of(reply)


def chat(bot: Bot, source: TextIO, out: TextIO) -> int:
    """A conversation: on a terminal line by line, an empty line ends a paste; from a pipe paragraph by paragraph."""
    if not source.isatty():
        return _answer_paragraphs(bot, source, out)
    out.write(bot.knowledge.ui["help"]["title"] + ". " + bot.knowledge.ui["help"]["body"] + "\n")
    out.write("Paste anything; a paste of several lines ends with an empty line. Ctrl-D or `quit` leaves.\n")
    while True:
        text = _read_turn(source, out)
        if text is None or text.strip().lower() in ("quit", "exit"):
            out.write("\n" if text is None else "")
            return ANSWERED
        if text.strip():
            out.write("\n")
            show(bot.answer(text), out)
            out.write("\n")


def _read_turn(source: TextIO, out: TextIO) -> str | None:
    """One turn: a single line, or all the lines of a paste up to an empty line."""
    import select

    out.write("> ")
    out.flush()
    lines: list[str] = []
    while True:
        try:
            line = source.readline()
        except KeyboardInterrupt:
            return None
        if not line:
            return "".join(lines) if lines else None
        if not line.strip() and lines:
            return "".join(lines)
        lines.append(line)
        if not select.select([source], [], [], 0.05)[0]:
            return "".join(lines)


def _answer_paragraphs(bot: Bot, source: TextIO, out: TextIO) -> int:
    status, first = NOT_MAIL, True
    paragraph: list[str] = []
    for line in [*source, ""]:
        if line.strip():
            paragraph.append(line)
            continue
        if paragraph:
            reply = bot.answer("".join(paragraph))
            if not first:
                out.write("\n")
            show(reply, out)
            status = ANSWERED if status_of(reply) == ANSWERED else status
            paragraph, first = [], False
    return status
