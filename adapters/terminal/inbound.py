"""Files, folders and standard input -> the mails and texts in them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UsageError
from bot.readers import files

MAX_FILE = 10_000_000  # bytes of one message or text that are read
_MBOX_FROM = b"From "


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to explain. name: where it came from; raw: its bytes, cut at MAX_FILE; cut: whether they were; note: a limit."""

    name: str
    raw: bytes
    cut: bool = False
    note: str = ""


def read_items(paths: list[str]) -> Iterator[Item]:
    """Every mail or text in files, mbox files, maildir and other folders, in order; no path means standard input."""
    if not paths:
        yield Item("-", sys.stdin.buffer.read(MAX_FILE), False)
        return
    for name in paths:
        if name == "-":
            yield Item("-", sys.stdin.buffer.read(MAX_FILE), False)
            continue
        path = Path(name)
        if path.is_dir():
            yield from _folder(path)
        elif path.is_file():
            yield from _file(path)
        else:
            raise UsageError(f"{name}: no such file or folder")


def _folder(path: Path) -> Iterator[Item]:
    maildir = (path / "cur").is_dir() or (path / "new").is_dir()
    files = (
        [f for sub in ("new", "cur") for f in sorted((path / sub).glob("*"))] if maildir else sorted(path.rglob("*"))
    )
    for file in files:
        if file.is_file() and not file.name.startswith("."):
            yield from _file(file)


def _file(path: Path) -> Iterator[Item]:
    try:
        with path.open("rb") as handle:
            start = handle.read(5)
            handle.seek(0)
            if start == _MBOX_FROM and _is_mbox(path):
                yield from _mbox(path.name, handle)
                return
            raw = handle.read(MAX_FILE + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if files.is_packed(raw):
        for found in files.unpack(raw, str(path)):
            yield Item(found.name, found.raw, note=found.note)
        return
    yield Item(str(path), raw[:MAX_FILE], len(raw) > MAX_FILE)


def _is_mbox(path: Path) -> bool:
    if path.suffix.lower() in (".eml", ".txt", ".msg"):
        return False
    if path.suffix.lower() in (".mbox", ".mbx") or path.name.lower() in ("mbox", "inbox"):
        return True
    with path.open("rb") as handle:
        blank, count = True, 0
        for line in handle:
            if blank and line.startswith(_MBOX_FROM):
                count += 1
                if count > 1:
                    return True
            blank = not line.strip()
    return False


def _mbox(name: str, handle: "object") -> Iterator[Item]:
    message: list[bytes] = []
    size, number, blank = 0, 0, True
    for line in handle:  # type: ignore[attr-defined]
        if blank and line.startswith(_MBOX_FROM):
            if message:
                number += 1
                yield Item(f"{name}#{number}", b"".join(message), size > MAX_FILE)
            message, size = [], 0
        elif size <= MAX_FILE:
            message.append(line[1:] if line.startswith(b">From ") else line)
            size += len(line)
        blank = not line.strip()
    if message:
        yield Item(f"{name}#{number + 1}", b"".join(message), size > MAX_FILE)
