"""Message -> text for a terminal: wrapped, colored only where a person looks at it, never an escape from the input."""

import os
import re
import textwrap
from typing import TextIO

from bot.model import Message

MAX_WIDTH = 100
MIN_WIDTH = 40

_UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_COMMAND = re.compile(r"`([^`\n]{1,400})`")
_BOLD, _DIM, _CODE, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m"


def safe(text: str) -> str:
    """The text without control characters, terminal escapes and invisible direction marks."""
    return _UNSAFE.sub("", text)


def wants_color(stream: TextIO) -> bool:
    """Whether colors may be used: a terminal, and NO_COLOR is not set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """The columns to wrap at; 0 (no wrapping) where nobody looks."""
    if not stream.isatty():
        return 0
    import shutil

    return max(MIN_WIDTH, min(MAX_WIDTH, shutil.get_terminal_size().columns))


def render(message: Message, width: int = 0, color: bool = False) -> str:
    """The message as lines for a terminal; width 0 leaves paragraphs on one line."""
    lines: list[str] = []
    for part in message.parts:
        label = f"{part.label}: " if part.label else ""
        if part.kind == "heading":
            if lines:
                lines.append("")
            lines += _painted(_wrapped(safe(part.text), width, "", ""), _BOLD, color)
        elif part.kind in ("steps", "examples"):
            if label:
                lines.append(_paint(label.rstrip(), _DIM, color))
            for number, item in enumerate(part.items, 1):
                bullet = f"{number}. " if part.kind == "steps" else "  "
                lines += [_commands(line, color) for line in _wrapped(safe(item), width, bullet, " " * len(bullet))]
        else:
            wrapped = _wrapped(label + safe(part.text), width, "", "  " if label else "")
            if wrapped and label and color:
                wrapped[0] = _paint(label, _DIM, color) + wrapped[0][len(label) :]
            lines += [_commands(line, color) for line in wrapped]
    return "\n".join(lines)


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    if not width:
        return [first + text]
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first]


def _painted(lines: list[str], paint: str, color: bool) -> list[str]:
    return [_paint(line, paint, color) for line in lines]


def _paint(text: str, paint: str, color: bool) -> str:
    return f"{paint}{text}{_OFF}" if color else text


def _commands(line: str, color: bool) -> str:
    return _COMMAND.sub(lambda found: f"{_CODE}{found[1]}{_OFF}", line) if color else line
