"""Files that people attach in a chat: which are read, how much of them, and the reply to one."""

from collections.abc import AsyncIterator
from pathlib import PurePath

from bot.app import Bot
from bot.model import Reply, Via
from bot.readers.files import unpack
from bot.remarks import note

MAX_FILE = 10_000_000  # bytes
MAX_FILES = 3  # of one message
READABLE = (".eml", ".msg", ".txt", ".log", ".json")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".heic", ".bmp")

TOO_LARGE = "{name} is larger than 10 MB, the most I read. Send the part of it that holds the error."
UNREADABLE = "I do not read {kind} files. Send the bounce or log as .eml, .msg, .txt, .log or .json, or paste its text."
GONE = "{name} could not be fetched. Please send it again."
TOO_MANY = "Only the first 3 files were read."


def find_refusal(name: str, size: int, bot: Bot) -> str | None:
    """Why a file is not read, in a sentence for its sender; None where it is. `size` in bytes, as the platform says."""
    kind = PurePath(name).suffix.lower()
    if kind in PICTURES:
        return str(bot.knowledge.ui["neighbors"]["picture"])
    if kind not in READABLE:
        return UNREADABLE.replace("{kind}", kind if kind[1:].isalnum() and len(kind) < 12 else "such")
    return TOO_LARGE.replace("{name}", _short(name)) if size > MAX_FILE else None


async def read_capped(chunks: AsyncIterator[bytes]) -> bytes:
    """The bytes of a file, one more than MAX_FILE at most."""
    raw = bytearray()
    async for chunk in chunks:
        raw += chunk
        if len(raw) > MAX_FILE:
            break
    return bytes(raw[: MAX_FILE + 1])


def answer_file(bot: Bot, raw: bytes, name: str, via: Via, drafts: bool = False) -> Reply:
    """The reply to a file's bytes; takes as long as it takes, so call it in a thread."""
    item = next(unpack(raw, name))
    if item.note and not item.raw:
        return note("none", via, item.note)
    return bot.answer_mail(item.raw, via, drafts)


def refuse(sentence: str, name: str, via: Via) -> Reply:
    """The reply to a file that was not read."""
    return note("none", via, sentence.replace("{name}", _short(name)))


def _short(name: str) -> str:
    """A file's name as it may stand in a sentence."""
    plain = "".join(char for char in name if char.isprintable() and char not in "`\"'<>*_~|@#\\")
    return f"`{plain[:80] or 'That file'}`"
