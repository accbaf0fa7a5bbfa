"""Errors: as problem+json (RFC 9457) for the API, as a page for people."""

import json
from http import HTTPStatus

from starlette.responses import Response


def problem(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """The error as problem+json; `sentence` is for a person, and holds nothing of what was sent."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": sentence}
    body = json.dumps(told, ensure_ascii=False)
    return Response(body, status, {**(headers or {}), "cache-control": "no-store"}, "application/problem+json")


SENTENCES = {
    404: "There is no such page.",
    405: "That is not how this address is asked.",
}


def sentence_of(status: int) -> str:
    """What is told to a person about an error that has no words of its own."""
    return SENTENCES.get(status, "The request could not be served.")
