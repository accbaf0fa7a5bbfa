"""The one HTTP listener: who gets a request, what the probes say, and how it ends; over real connections."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httptools
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters import listener, metrics
from adapters.service import ASGIApp, Receive, Scope, Send, Service
from bot.app import Bot
from bot.errors import SettingsError, StoreError
from bot.settings import Settings, read_settings
from bot.storage import MemoryStore
from tests.timing import WITHIN

GMAIL = "550-5.7.26 kim@example.com is unauthenticated, SPF [news.example.com] with ip: [192.0.2.7]; gsmtp"
ANY_PORT = {"SMTPBOT_LISTEN": "127.0.0.1:0"}


class BreakableStore(MemoryStore):
    """A store that can be out of reach."""

    broken = False

    async def check(self) -> None:
        if self.broken:
            raise StoreError("gone")


class Response:
    """What came back on a connection of its own."""

    def __init__(self, raw: bytes) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(raw)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(service: Service, path: str, method: str = "GET", **headers: str) -> Response:
    """One request to the running listener."""
    host, port = service.address.removeprefix("http://").rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    writer.write(f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n".encode())
    raw = await reader.read()
    writer.close()
    return Response(raw)


@asynccontextmanager
async def serving(bot: Bot, environ: dict[str, str] | None = None) -> AsyncIterator[Service]:
    """A program that listens at a free port, with nothing mounted."""
    settings = read_settings(ANY_PORT | (environ or {}))
    listening = listener.bind(settings)
    service = Service(settings, bot, BreakableStore(), address=listener.address_of(listening))
    running = asyncio.create_task(listener.run(service, listening))
    try:
        yield service
    finally:
        service.stop.set()
        await running


def telling(name: str) -> ASGIApp:
    """An application that says its name and who asks."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = json.dumps([name, scope["path"], scope["client"][0], scope["scheme"]]).encode()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    return app


def with_listener(bot: Bot, test: Callable[[Service], Coroutine[Any, Any, None]], **environ: str) -> None:
    async def run() -> None:
        async with serving(bot, environ) as service:
            await test(service)

    asyncio.run(run())


def test_longest_prefix_wins(bot: Bot) -> None:
    """Whatever the order in which adapters mount; the path stays whole; the probes are nobody's to take."""

    async def test(service: Service) -> None:
        service.mounts.update({"/": telling("web"), "/slack/": telling("slack")})
        for path, name in (("/", "web"), ("/slack/events", "slack"), ("/slackware", "web"), ("/stats", "web")):
            assert (await ask(service, path)).json()[:2] == [name, path]
        assert (await ask(service, "/healthz")).body == b"ok"

    with_listener(bot, test)


def test_path_of_an_adapter_that_still_starts_is_asked_back(bot: Bot) -> None:
    """503 and Retry-After before it is ready, so that Slack delivers again; 404 where nobody will serve it."""

    async def test(service: Service) -> None:
        service.health["slack"] = lambda: {"start": False}
        early = await ask(service, "/slack/events", "POST")
        assert (early.status, early.headers["retry-after"]) == (503, "2")
        service.health["slack"] = lambda: {"http": True}
        assert (await ask(service, "/slack/events", "POST")).status == 404

    with_listener(bot, test)


def test_readiness_names_what_is_not_ready_and_recovers(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 with every part, 503 with the names of those that are missing; alive all the while."""
    monkeypatch.setattr("adapters.probes.STORE_AGAIN", 0.0)

    async def test(service: Service) -> None:
        store = service.store
        assert isinstance(store, BreakableStore)
        connected = {"shard 0": True, "shard 1": True}
        service.health["discord"] = lambda: connected
        ready = await ask(service, "/readyz")
        assert (ready.status, ready.headers["content-type"]) == (200, "application/json")
        assert ready.json() == {
            "ready": True,
            "not_ready": [],
            "parts": {"store": True, "discord.shard 0": True, "discord.shard 1": True},
        }
        connected["shard 1"] = False
        store.broken = True
        refused = await ask(service, "/readyz")
        assert (refused.status, refused.json()["not_ready"]) == (503, ["store", "discord.shard 1"])
        assert (await ask(service, "/readyz?exclude=store")).json()["not_ready"] == ["discord.shard 1"]
        assert (await ask(service, "/readyz?exclude=store&exclude=discord")).status == 200
        assert (await ask(service, "/healthz")).status == 200
        store.broken, connected["shard 1"] = False, True
        assert (await ask(service, "/readyz")).status == 200

    with_listener(bot, test)


def test_metrics_are_read_by_prometheus(bot: Bot) -> None:
    """Its own parser reads them, and each part shows whether it is ready."""

    async def test(service: Service) -> None:
        service.health["discord"] = lambda: {"shard 0": False}
        told = await ask(service, "/metrics")
        assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
        found = {family.name: family for family in text_string_to_metric_families(told.body.decode())}
        ready = {sample.labels["part"]: sample.value for sample in found["smtpbot_ready"].samples}
        assert ready == {"store": 1.0, "discord.shard 0": 0.0}
        assert "process_resident_memory_bytes" in found

    with_listener(bot, test)


def test_metrics_tell_answers_durations_votes_and_errors(bot: Bot) -> None:
    """By platform, kind, cause and provider, with values that the knowledge names; each error is there from the start."""

    async def test(service: Service) -> None:
        service.health["slack"] = lambda: {"http": True}
        telemetry = service.telemetry
        for text in (GMAIL, GMAIL, "are you there?"):
            telemetry.note_reply("slack", "/T1", bot.answer(text), 0.002)
        telemetry.note_vote("slack", True)
        telemetry.count("discord.failed")
        told = (await ask(service, "/metrics")).body.decode()
        found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(told)
            for sample in family.samples
        }

        def value(name: str, **labels: str) -> float | None:
            return found.get((name, *sorted(labels.items())))

        slack = {"platform": "slack"}
        told_of = slack | {"kind": "bounce", "cause": "authentication-failed", "provider": "google"}
        assert value("smtpbot_answers_total", **told_of) == 2
        assert value("smtpbot_reply_seconds_bucket", **slack, kind="bounce", le="0.001") == 0
        assert value("smtpbot_reply_seconds_bucket", **slack, kind="bounce", le="0.003") == 2
        assert value("smtpbot_reply_seconds_count", **slack, kind="none") == 1
        assert value("smtpbot_votes_total", **slack, vote="right") == 1
        assert value("smtpbot_errors_total", **slack, error="failed") == 0
        assert value("smtpbot_errors_total", **slack, error="lost") == 0
        assert value("smtpbot_errors_total", platform="discord", error="failed") == 1
        assert "example" not in told and "192.0.2" not in told and "/T1" not in told

    with_listener(bot, test)


def test_metrics_are_those_described(bot: Bot) -> None:
    """docs/operating.md names each with its labels."""
    service = Service(Settings(), bot, MemoryStore())
    service.health["slack"] = lambda: {"http": True}
    service.telemetry.note_reply("slack", "/T1", bot.answer(GMAIL), 0.002)
    service.telemetry.note_vote("slack", True)
    service.telemetry.count("slack.event.taken")
    body = metrics.Metrics(service).write({"store": True}).decode()
    told = {
        sample.name.removesuffix("_count"): {*sample.labels}
        for family in text_string_to_metric_families(body)
        for sample in family.samples
        if sample.name.startswith("smtpbot_") and not sample.name.endswith(("_bucket", "_sum", "_created"))
    }
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    described = re.findall(r"^\| `(smtpbot_\w+)` \| ([a-z, ]+) \|", page, re.M)
    assert told == {name: set(labels.split(", ")) - {"none"} for name, labels in described}


def test_series_of_answers_are_few(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the knowledge does not name anymore, and what is too much, is counted as other; no answer is left out."""
    monkeypatch.setattr(metrics, "MAX_SERIES", 3)
    reply = bot.answer(GMAIL)

    async def test(service: Service) -> None:
        verdicts = [
            reply.answers[0].verdict._replace(provider=name) for name in ("google", "yahoo", "apple", "gone", None)
        ]
        for number, verdict in enumerate(verdicts, 1):
            told = reply._replace(answers=(reply.answers[0]._replace(verdict=verdict),) * 2)
            for _ in range(number):
                service.telemetry.note_reply("web", "", told, 0.001)
        body = (await ask(service, "/metrics")).body.decode()
        families = {family.name: family for family in text_string_to_metric_families(body)}
        numbers = {sample.labels["provider"]: sample.value for sample in families["smtpbot_answers"].samples}
        assert numbers == {"none": 5, "other": 4 + 2 + 1, "apple": 3}

    with_listener(bot, test)


def test_probes_are_only_read(bot: Bot) -> None:
    """POST is refused, HEAD has no body."""

    async def test(service: Service) -> None:
        assert (await ask(service, "/readyz", "POST")).status == 405
        assert (await ask(service, "/healthz", "HEAD")).status == 200

    with_listener(bot, test)


@pytest.mark.parametrize(
    ("trusted", "client", "scheme"), [("127.0.0.0/8", "192.0.2.9", "https"), ("198.51.100.1", "127.0.0.1", "http")]
)
def test_forwarded_addresses_are_believed_from_trusted_proxies_alone(
    bot: Bot, trusted: str, client: str, scheme: str
) -> None:
    """Anybody can send the header."""

    async def test(service: Service) -> None:
        service.mounts["/"] = telling("web")
        told = await ask(service, "/", x_forwarded_for="192.0.2.9", x_forwarded_proto="https")
        assert told.json()[2:] == [client, scheme]

    with_listener(bot, test, SMTPBOT_TRUSTED_PROXIES=trusted)


def test_the_end_finishes_what_runs_and_takes_nothing_new(bot: Bot) -> None:
    """The answer under way arrives whole; a new connection is refused; `drained` follows."""

    async def run() -> None:
        entered, leave = asyncio.Event(), asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            entered.set()
            await leave.wait()
            await telling("slow")(scope, receive, send)

        async with serving(bot) as service:
            service.mounts["/"] = slow
            running = asyncio.create_task(ask(service, "/"))
            await entered.wait()
            service.stop.set()
            with pytest.raises(ConnectionError):
                while True:  # until the listening socket is closed
                    await asyncio.wait_for(ask(service, "/healthz"), WITHIN)
            assert not service.drained.is_set()
            leave.set()
            assert (await running).json()[0] == "slow"
            await asyncio.wait_for(service.drained.wait(), WITHIN)

    asyncio.run(run())


def test_port_zero_is_a_free_port_and_a_taken_one_is_told() -> None:
    """The address says the real port; a second listener there ends in one sentence."""
    first = listener.bind(Settings(listen=("127.0.0.1", 0)))
    try:
        host, port = first.getsockname()
        assert listener.address_of(first) == f"http://127.0.0.1:{port}" and port
        with pytest.raises(SettingsError, match=f"SMTPBOT_LISTEN: cannot listen at 127.0.0.1:{port}"):
            listener.bind(Settings(listen=(host, port)))
    finally:
        first.close()
