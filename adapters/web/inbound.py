"""Requests -> what is asked: a text, or a file's bytes. Read within limits while it arrives, in memory alone."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from adapters.attachments import MAX_FILE

MAX_FIELD = 1_048_576  # bytes of a pasted text; the bot reads 256,000 characters of it
MAX_BODY = MAX_FILE + MAX_FIELD + 65_536  # a file, the text beside it, and the form's own lines
MAX_DRAINED = 5 * MAX_BODY  # what is read and thrown away so that the refusal arrives
MAX_LARGE = 4  # bodies larger than LARGE that are read and answered at a time
LARGE = 1_048_576
READ_WITHIN = 30.0  # seconds for a whole body to arrive

TOO_LARGE = "That is larger than 10 MB, the most I read. Send the part of it that holds the error."
TEXT_TOO_LONG = "The text is longer than 1 MB. Paste the part that holds the error, or drop it as a file."
TOO_SLOW = "The request did not arrive within 30 seconds. Please send it again."
BROKEN = "The form could not be read. Please send it again."
NO_FORM = "Send the text as a form, or use the JSON API at /api/explain."
TYPES = "Send application/json, multipart/form-data, message/rfc822 or text/plain."

MAILS = ("message/rfc822", "message/global", "text/plain", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a text, or with `name` a file's bytes; `identifier` comes back in the record."""

    text: str = ""
    raw: bytes | None = None
    name: str = ""
    identifier: str | None = None


class Refusal(Exception):
    """A request that is not answered: the HTTP status, and a sentence that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status, self.sentence = status, sentence


async def read_form(request: Request) -> Asked:
    """What the page's form holds, with or without a file; Refusal for what cannot be read."""
    kind = media_type(request)
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise Refusal(415, NO_FORM)
    return await _read_fields(request, kind)


async def read_call(request: Request) -> Asked:
    """What a call of the API holds: JSON, a form with a file, or a mail as it is; Refusal for anything else."""
    kind = media_type(request)
    if kind == "application/json":
        return _read_json(await _read_body(request, MAX_FIELD * 6, TEXT_TOO_LONG))  # JSON may write a letter in six
    if kind == "multipart/form-data":
        asked = await _read_fields(request, kind)
        if not asked.name:
            raise Refusal(422, "The form needs a part named file, with a file name.")
        return asked
    if kind in MAILS:
        raw = await _read_body(request, MAX_FILE, TOO_LARGE)
        if not raw.strip():
            raise Refusal(422, "The body is empty.")
        return Asked(raw=raw)
    raise Refusal(415, TYPES)


def media_type(request: Request) -> str:
    """The request's media type without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read_fields(request: Request, kind: str) -> Asked:
    try:
        form = await _parsed(request, kind)
    except MultiPartException as error:
        if "maximum size" in error.message:
            raise Refusal(413, TEXT_TOO_LONG) from None
        raise Refusal(400, "Send one file at a time." if "many files" in error.message else BROKEN) from None
    except (ValueError, KeyError):  # the parser's own errors are of these kinds
        raise Refusal(400, BROKEN) from None
    try:
        return await _taken(form)
    finally:
        await form.close()


async def _taken(form: FormData) -> Asked:
    if set(form) - {"text", "file"}:
        raise Refusal(422, "Only the parts text and file may be given.")
    texts = [value for key, value in form.multi_items() if key == "text" and isinstance(value, str)]
    text = clean(texts[0]) if texts else ""
    file = next((value for value in form.values() if isinstance(value, UploadFile) and value.filename), None)
    if file is None:
        return Asked(text)
    raw = await file.read(MAX_FILE + 1)
    return Asked(text, raw, clean(str(file.filename)))


async def _parsed(request: Request, kind: str) -> FormData:
    """The form, its file in memory: nothing that people send is written to a disk."""
    chunks = _chunks(request, MAX_BODY, TOO_LARGE)
    if kind == "multipart/form-data":
        parser = MultiPartParser(request.headers, chunks, max_files=1, max_fields=4, max_part_size=MAX_FIELD)
        parser.spool_max_size = MAX_BODY + 1
        return await parser.parse()
    return await FormParser(request.headers, chunks, max_fields=4, max_part_size=MAX_FIELD * 3).parse()


def _read_json(body: bytes) -> Asked:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is no JSON.") from None
    if not isinstance(value, dict):
        raise Refusal(422, 'An object is expected: {"text": "…"}.')
    unknown = sorted(set(value) - {"text", "id"})
    if unknown:
        raise Refusal(422, "Only text and id may be given.")
    text, identifier = value.get("text"), value.get("id")
    if not isinstance(text, str):
        raise Refusal(422, "text is needed, as a string.")
    if identifier is not None and not (isinstance(identifier, str) and len(identifier) <= 200):
        raise Refusal(422, "id is a string of at most 200 characters.")
    return Asked(clean(text), identifier=None if identifier is None else clean(identifier))


def clean(text: str) -> str:
    """The text without halves of characters, which JSON can hold and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


async def _read_body(request: Request, limit: int, sentence: str) -> bytes:
    return b"".join([chunk async for chunk in _chunks(request, limit, sentence)])


async def _chunks(request: Request, limit: int, sentence: str) -> AsyncGenerator[bytes, None]:
    """The body as it arrives; Refusal once it is larger than the limit, slow, or broken off."""
    length = request.headers.get("content-length", "0")
    announced = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0
    if announced > MAX_DRAINED:
        raise Refusal(413, sentence)
    size, stream = 0, request.stream()
    deadline = asyncio.get_running_loop().time() + READ_WITHIN
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = cast("bytes | None", await anext(stream, None))
        except TimeoutError:
            raise Refusal(408, TOO_SLOW) from None
        except ClientDisconnect:
            raise Refusal(400, BROKEN) from None
        if chunk is None:
            break
        size += len(chunk)
        if size > MAX_DRAINED:
            break
        if max(size, announced) <= limit:
            yield chunk
    if max(size, announced) > limit:
        raise Refusal(413, sentence)
