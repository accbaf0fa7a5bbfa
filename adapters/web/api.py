"""The JSON API: POST /api/explain, GET /api/codes/{code}, and the document that describes both."""

import json
import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.web.answers import Answers
from adapters.web.inbound import Refusal, read_call
from bot import __version__
from bot.record import record

CODE = re.compile(r"[1-6]\d\d|[245X]\.\d{1,3}\.\d{1,3}", re.I)
UNKNOWN = "A code has three digits (550) or the form 5.7.26."


class Api:
    """The handlers of the API."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def routes(self) -> list[Route]:
        """Where they are reached."""
        return [
            Route("/api/explain", self.explain, methods=["POST"]),
            Route("/api/codes/{code}", self.code, methods=["GET"]),
            Route("/api/openapi.json", self.document, methods=["GET"]),
        ]

    async def explain(self, request: Request) -> Response:
        """The JSON record for a text or a file."""
        begun = time.perf_counter()
        asked, reply = await self._answers.answer_request(request, read_call, "web.api")
        return as_json(record(reply, asked.identifier, (time.perf_counter() - begun) * 1000))

    async def code(self, request: Request) -> Response:
        """The record for one code; 404 where no standard and no provider has it."""
        begun = time.perf_counter()
        text = request.path_params["code"]
        if not CODE.fullmatch(text):
            raise Refusal(404, UNKNOWN)
        reply = await self._answers.answer_code(text.upper(), "web.api")
        if not reply.answered:
            raise Refusal(404, reply.message.parts[0].text if reply.message.parts else UNKNOWN)
        return as_json(record(reply, took_ms=(time.perf_counter() - begun) * 1000), "public, max-age=3600")

    async def document(self, request: Request) -> Response:
        """The OpenAPI document."""
        return as_json(openapi(), "public, max-age=3600")


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the API, as it stands beside this module."""
    told: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("openapi.yaml").read_text("utf-8"))
    told["info"]["version"] = __version__
    return told


def as_json(value: Any, caching: str = "no-store") -> Response:
    """A response that holds the value as JSON."""
    return Response(
        json.dumps(value, ensure_ascii=False), 200, {"cache-control": caching}, media_type="application/json"
    )
