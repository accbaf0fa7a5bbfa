"""The web page: ask, see the answer, look through codes and providers. Works without JavaScript, keeps nothing."""

import hashlib
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.chart import WIDTH, height_of
from adapters.charting import Theme
from adapters.service import Service
from adapters.summary import drawing
from adapters.web.answers import Answers
from adapters.web.api import Api
from adapters.web.catalog import Catalog, narrowed
from adapters.web.guard import ASGIApp, Guard, Scope
from adapters.web.inbound import Refusal, read_form
from adapters.web.problems import problem, sentence_of
from adapters.web.render import inline, link, link_of, view, visible
from adapters.web.stats import Stats
from bot import __version__
from bot.model import Reply

HERE = Path(__file__).parent
MAX_LINKED = 100  # characters of a question that a link may hold
MAX_SEARCH = 100
PART = "smtpbot-part"  # the header by which the page's script asks for the answer alone
PER_MINUTE = 120  # requests of one client
PASTED = (
    "A link holds a question about codes. Paste an error message into the box, so that it stays out of the address."
)


def make_app(service: Service, per_minute: int = PER_MINUTE) -> ASGIApp:
    """The page and the API as one ASGI application, to be mounted at "/"."""
    answers = Answers(service)
    page = Page(service, answers)
    app = Starlette(
        routes=[*page.routes(), *Api(answers).routes()],
        exception_handlers={Refusal: page.refused, HTTPException: page.not_served},  # type: ignore[dict-item]
    )
    return Guard(app, page.refuse, service.telemetry, per_minute)


class Page:
    """The handlers of the page."""

    def __init__(self, service: Service, answers: Answers) -> None:
        self._service, self._answers = service, answers
        self._stats = Stats(service)
        self._catalog: Catalog | None = None
        self._static = {path.name: path.read_bytes() for path in sorted((HERE / "static").iterdir()) if path.is_file()}
        self._stamp = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._templates.globals |= {"stamp": self._stamp, "version": __version__, "link": link, "inline": inline}

    def routes(self) -> list[Route]:
        """Where they are reached."""
        return [
            Route("/", self.home, methods=["GET", "POST"]),
            Route("/codes", self.codes, methods=["GET"]),
            Route("/codes/{code}", self.code, methods=["GET"]),
            Route("/providers", self.providers, methods=["GET"]),
            Route("/providers/{name}", self.provider, methods=["GET"]),
            Route("/stats", self.stats, methods=["GET"]),
            Route("/stats.svg", self.chart, methods=["GET"]),
            Route("/static/{name}", self.static, methods=["GET"]),
        ]

    @property
    def catalog(self) -> Catalog:
        """The lists of the knowledge that answers now."""
        knowledge = self._service.bot.knowledge
        if self._catalog is None or self._catalog.knowledge is not knowledge:
            self._catalog = Catalog(knowledge)
        return self._catalog

    async def home(self, request: Request) -> Response:
        """The form; with ?q= the answer to a question about codes; to a POST the answer to what was pasted or dropped."""
        if request.method == "POST":
            return await self._ask(request)
        asked = request.query_params.get("q", "").strip()
        if not asked:
            return self._draw("ask.html", 200, caching="no-cache", **self._nothing())
        reply = await self._answers.answer_code(asked, "web.link") if len(asked) <= MAX_LINKED else None
        if reply is None or reply.kind not in ("code", "compare", "topic", "help", "none"):
            return self._draw("ask.html", 400, **{**self._nothing(), "sentence": PASTED})
        return self._answered(reply, visible(asked))

    async def codes(self, request: Request) -> Response:
        """All codes, or those that hold the words of ?q=."""
        return self._list(request, "codes.html", self.catalog.codes)

    async def providers(self, request: Request) -> Response:
        """All providers, or those that hold the words of ?q=."""
        return self._list(request, "providers.html", self.catalog.providers)

    async def code(self, request: Request) -> Response:
        """One code: what it means, its usual causes, and who uses it in a way of their own."""
        text = request.path_params["code"].upper()
        known = text in self.catalog.knowledge.replies or self.catalog.knowledge.find_enhanced(text)
        if not known and text not in self.catalog.knowledge.status_rules:
            raise Refusal(
                404, "There is no page for that code. Ask for it on the first page, or look through the list."
            )
        reply = await self._answers.answer_code(text, "web.code")
        reply_code, status = (text, None) if len(text) == 3 else (None, text)
        classes = [f"{digit}{text[1:]}" for digit in "45"] if text.startswith("X.") else [status]
        own = [entry for code in classes for entry in self.catalog.providers_of(reply_code, code)]
        rows = (self.catalog.knowledge.replies.get(text) or {}).get("causes") or ()
        causes = [(self.catalog.knowledge.causes[row["cause"]]["name"], row["words"]) for row in rows]
        return self._draw("code.html", 200, caching="no-cache", code=text, view=view(reply, self.catalog.knowledge), previews=(),
                          own=own, causes=causes, homes=self.catalog.knowledge.providers)  # fmt: skip

    async def provider(self, request: Request) -> Response:
        """One provider: how it is recognized, and all it says in its own way."""
        name = request.path_params["name"]
        entries = self.catalog.find_provider(name)
        if entries is None:
            raise Refusal(404, "There is no page for that provider. Look through the list.")
        facts = self.catalog.knowledge.providers[name]
        return self._draw("provider.html", 200, caching="no-cache", facts=facts, entries=entries)

    async def stats(self, request: Request) -> Response:
        """What bounced most, in words, as a chart and as tables."""
        summary = await self._stats.find()
        title, *parts = summary.message.parts
        told = [part for part in parts if part.kind != "steps"]
        return self._draw("stats.html", 200, caching="no-cache", title=title.text, told=told, summary=summary,
                          width=WIDTH, height=height_of(drawing(summary.panels)))  # fmt: skip

    async def chart(self, request: Request) -> Response:
        """The chart of those numbers; ?theme=dark for a dark page."""
        theme: Theme = "dark" if request.query_params.get("theme") == "dark" else "light"
        return Response(await self._stats.draw(theme), 200, {"cache-control": "no-cache"}, "image/svg+xml")

    async def static(self, request: Request) -> Response:
        """A file of the page. Its address changes with its content, so that it is kept for good."""
        name = request.path_params["name"]
        if name not in self._static:
            raise HTTPException(404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        current = request.query_params.get("v") == self._stamp
        caching = "public, max-age=31536000, immutable" if current else "no-cache"
        return Response(self._static[name], 200, {"cache-control": caching}, kind)

    async def refused(self, request: Request, error: Refusal) -> Response:
        """What is said where a request is not answered."""
        return self._refusal(request.scope, error.status, error.sentence, {}, PART in request.headers)

    async def not_served(self, request: Request, error: HTTPException) -> Response:
        """What is said where nothing is to be found."""
        return self._refusal(
            request.scope, error.status_code, sentence_of(error.status_code), dict(error.headers or {})
        )

    def refuse(self, scope: Scope, status: int, sentence: str, headers: dict[str, str]) -> ASGIApp:
        """The same, for the guard in front of the application."""
        part = any(name == PART.encode() for name, _ in scope["headers"])
        return self._refusal(scope, status, sentence, headers, part)

    def _refusal(
        self, scope: Scope, status: int, sentence: str, headers: dict[str, str], part: bool = False
    ) -> Response:
        if scope["path"].startswith("/api/"):
            return problem(status, sentence, headers)
        template = "sentence.html" if part else "refusal.html"
        return self._draw(template, status, headers, sentence=sentence)

    async def _ask(self, request: Request) -> Response:
        asked, reply = await self._answers.answer_request(request, read_form, "web.page")
        return self._part(reply) if PART in request.headers else self._answered(reply, asked.text)

    def _answered(self, reply: Reply, text: str) -> Response:
        return self._draw("ask.html", 200, **self._view(reply), text=text, sentence="")

    def _part(self, reply: Reply) -> Response:
        linked = link_of(reply)
        headers = {"smtpbot-link": "/?q=" + quote(linked)} if linked else {}
        return self._draw("part.html", 200, headers, **self._view(reply))

    def _view(self, reply: Reply) -> dict[str, Any]:
        return {
            "view": view(reply, self._service.bot.knowledge),
            "previews": _previews(reply) if reply.answered else (),
        }

    def _nothing(self) -> dict[str, Any]:
        return {"view": None, "previews": (), "text": "", "sentence": ""}

    def _list(self, request: Request, template: str, groups: Any) -> Response:
        text = visible(request.query_params.get("q", "").strip()[:MAX_SEARCH])
        kept = narrowed(groups, text) if text else groups
        near = self.catalog.near(text) if text and not kept else ()
        return self._draw(template, 200, caching="no-cache", groups=groups, kept=_kept(kept), text=text, near=near)

    def _draw(
        self,
        template: str,
        status: int,
        headers: dict[str, str] | None = None,
        caching: str = "no-store",
        **values: Any,
    ) -> Response:
        html = self._templates.get_template(template).render(**values)
        body = html.encode("utf-8", "replace")
        return Response(body, status, {**(headers or {}), "cache-control": caching}, "text/html; charset=utf-8")


def _kept(groups: Any) -> frozenset[str]:
    return frozenset(item.path for group in groups for item in group.items)


Previews = tuple[tuple[str, str, Markup], ...]


def _previews(reply: Reply) -> Previews:
    """(id, title, how it looks) for the chats whose drawing is at hand."""
    from adapters.web.preview import discord_html, slack_html

    drawn: tuple[tuple[str, str, Callable[[Reply], Markup]], ...] = (
        ("slack", "As Slack shows it", slack_html),
        ("discord", "As Discord shows it", discord_html),
    )
    return tuple((name, title, draw(reply)) for name, title, draw in drawn)
