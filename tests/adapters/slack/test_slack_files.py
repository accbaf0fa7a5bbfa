"""Files of messages, from the upload to the answer; and where a token may go for one."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.attachments import GONE, MAX_FILE
from adapters.slack.emails import read_email, write_email
from adapters.slack.files import DENIED, Files
from adapters.slack.inbound import Upload, read_quoted, uploads
from bot.app import Bot
from tests.adapters.slack.house import House, Installed, wait_for
from tests.adapters.slack.test_slack_wire import mention

MAIL = (Path(__file__).parents[2] / "mails/exchange-2003-quota.eml").read_bytes()
REPORT = b"""Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; robin@example.org
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 Mailbox full
"""


@pytest.mark.parametrize("name", ["bounce.eml", "bounce.TXT"])
def test_attached_bounce_is_explained_once(house: House, app: Installed, name: str) -> None:
    """The server tells of it three times: as message, as mention and as file."""
    ts = house.upload(name, MAIL, text=f"<@{app.bot_user}>")["ts"]
    wait_for(lambda: [entry for entry in house.log("POST") if "file_shared" in str(entry) and ts in str(entry)])
    wait_for(lambda: house.answers_to(ts, app))
    assert ["too large" in answer["text"] for answer in house.answers_to(ts, app)] == [True]


@pytest.mark.parametrize(
    ("number", "file", "told"),
    [
        (401, {"mode": "external", "is_external": True, "external_type": "gdrive"}, "another service"),
        (402, {"mode": "tombstone", "name": None}, "was deleted"),
        (403, {"mode": "hidden_by_limit", "name": None}, "Slack hides"),
        (404, {"mode": "hosted", "file_access": "access_denied"}, "files:read"),
        (405, {"mode": "hosted", "file_access": "file_not_found"}, "was deleted"),
    ],
)
def test_file_that_cannot_be_had_is_told(
    house: House, http: Installed, number: int, file: dict[str, Any], told: str
) -> None:
    """In a clear sentence each."""
    assert told in deliver(house, http, mention(http, number, ""), **{"name": "bounce.eml", "size": 9} | file)


def test_file_of_another_workspace_is_looked_up_first(house: House, http: Installed) -> None:
    """Slack Connect tells only its id in the event."""
    shared = house.upload("bounce.eml", MAIL)["files"][0]
    answer = deliver(house, http, mention(http, 410, ""), id=shared["id"], file_access="check_file_info", mode="hosted")
    assert "too large" in answer


def test_only_three_files_are_read_and_text_beside_them_too(house: House, http: Installed) -> None:
    """The message says so; a question beside a picture is answered."""
    event = mention(http, 411, "451")
    event["files"] = [{"id": f"F{n}", "name": f"{n}.png", "size": 1, "mode": "hosted"} for n in range(4)]
    assert house.deliver(http, event) == 200
    assert ["451" in answer["text"] for answer in house.answers_to(event["ts"], http)] == [True]
    event = mention(http, 412, "") | {"files": event["files"]}
    assert house.deliver(http, event) == 200
    assert "first 3 files" in house.answers_to(event["ts"], http)[-1]["text"]


def test_snippet_is_a_text_whatever_its_name() -> None:
    """Slack makes long pastes into files without an ending."""
    (upload,) = uploads([{"id": "F1", "name": "Untitled", "mode": "snippet", "size": 5}])
    assert upload.name == "Untitled.txt"


def deliver(house: House, app: Installed, event: dict[str, Any], **file: Any) -> str:
    """The answer to a mention with one file."""
    assert house.deliver(app, event | {"files": [{"id": "F0000000000"} | file]}) == 200
    (answer,) = house.answers_to(event["ts"], app)
    return str(answer["text"])


def test_text_of_a_quoted_message_is_found_wherever_it_stands() -> None:
    """In its text, else in its blocks; in what programs attach and people forward; files of both."""
    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "550 5.1.1"}]}],
    }
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "one"}, "fields": [{"type": "mrkdwn", "text": "two"}]},
        rich,
    ]
    assert read_quoted({"text": "", "blocks": blocks})[0] == "one\ntwo\n550 5.1.1"
    assert read_quoted({"text": "said", "blocks": blocks})[0] == "said"
    fields = {"title": "Alert", "fields": [{"title": "Error", "value": "451 4.7.1"}], "text": "queue"}
    assert read_quoted({"text": "", "attachments": [fields]})[0] == "Alert\nqueue\nError: 451 4.7.1"
    shared = {"message_blocks": [{"message": {"blocks": [rich]}}], "files": [{"name": "a.eml", "size": 3}]}
    text, files = read_quoted({"text": "see", "attachments": [shared]})
    assert text == "see\n550 5.1.1" and [file.name for file in files] == ["a.eml"]


# Where the bytes come from


class _Server(BaseHTTPRequestHandler):
    """Slack's file server as it may behave."""

    asked: list[str]

    def do_GET(self) -> None:
        """Remember the token, and answer by the path."""
        self.server.asked.append(f"{self.path} {self.headers.get('authorization')}")  # type: ignore[attr-defined]
        status, kind, body = {
            "/good": (200, "application/octet-stream", MAIL), "/login": (200, "text/html", b"<p>Sign in"),
            "/page": (200, "text/plain", b"\n<!DOCTYPE html><p>Sign in"), "/moved": (302, "text/html", b""),
            "/big": (200, "text/plain", b"x" * (MAX_FILE + 5)), "/report": (200, "text/plain", REPORT),
        }.get(self.path, (404, "text/html", b""))  # fmt: skip
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if status == 302:
            self.send_header("location", "/good")
        self.end_headers()
        with contextlib.suppress(OSError):  # who reads no more than the limit hangs up
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A file server on the loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as running:
        running.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def use(server: ThreadingHTTPServer, test: Callable[[Files, str], Awaitable[None]]) -> list[str]:
    """Runs a test with Files that trust the server; what it was asked for."""
    base = f"http://127.0.0.1:{server.server_port}"

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await test(Files(session, f"{base}/api/"), base)

    asyncio.run(run())
    return list(server.asked)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "got"),
    [("/good", MAIL), ("/login", DENIED), ("/page", DENIED), ("/moved", DENIED), ("/absent", GONE)],
)
def test_bytes_or_a_sentence(server: ThreadingHTTPServer, path: str, got: bytes | str) -> None:
    """A log-in page is no file, a redirection is not followed, and each request carries the token."""

    async def test(files: Files, base: str) -> None:
        assert await files.fetch(Upload("a.eml", 5, base + path), "xoxb-1") == got

    assert use(server, test) == [f"{path} Bearer xoxb-1"]


def test_no_more_than_the_limit_is_read(server: ThreadingHTTPServer) -> None:
    """Whatever size Slack said."""

    async def test(files: Files, base: str) -> None:
        assert len(await files.fetch(Upload("a.eml", 5, f"{base}/big"), "xoxb-1")) == MAX_FILE + 1

    use(server, test)


# E-mails sent to a channel's address

EMAIL: dict[str, Any] = {
    "id": "F9", "mode": "email", "filetype": "email", "mimetype": "text/html", "name": "Undelivered Mail Returned to Sender",
    "subject": "Undelivered Mail Returned to Sender", "size": 900, "preview_is_truncated": False,
    "from": [{"address": "mailer-daemon@mx.example.com", "name": "Mail Delivery System", "original": "Mail Delivery System <mailer-daemon@mx.example.com>"}],
    "to": [{"address": "kim@example.com", "original": "kim@example.com"}], "cc": [],
    "headers": {"date": "Mon, 23 Nov 2026 10:00:00 +0000", "message_id": "<1@mx.example.com>", "in_reply_to": None},
    "plain_text": "This is the mail system at host mx.example.com.\n\n<robin@example.org>: host mail.example.org[192.0.2.7] said: 550 5.1.1\n    <robin@example.org>: Recipient address rejected: User unknown (in reply to RCPT TO command)\n",
}  # fmt: skip


def explain(
    bot: Bot, file: dict[str, Any], page: bytes = b"", parts: list[tuple[str, bytes]] | None = None
) -> set[str]:
    reply = bot.answer_mail(write_email(read_email(file), page, parts or []), "channel")
    return {answer.verdict.cause for answer in reply.answers}


def test_email_is_read_from_what_slack_took_out_of_it(bot: Bot) -> None:
    """Its text, its simplified HTML, or its page."""
    text = str(EMAIL["plain_text"])
    page = f"<html><body><pre>{text.replace('<', '&lt;')}</pre></body></html>"
    for file in (
        EMAIL,
        EMAIL | {"plain_text": "", "simplified_html": page},
        EMAIL | {"subject": "Ünzustellbar\r\nX: y"},
    ):
        assert explain(bot, file) == {"mailbox-not-found"}
    cut = EMAIL | {"plain_text": "", "preview_plain_text": text[:40], "preview_is_truncated": True}
    assert read_email(cut).text == ""
    assert explain(bot, cut, page.encode()) == {"mailbox-not-found"}


def test_report_in_an_email_is_read_from_its_attachments(bot: Bot) -> None:
    """The words for people say little; the parts for programs say all."""
    file = EMAIL | {"plain_text": "Your message could not be delivered. --=_part--"}
    assert explain(bot, file, parts=[("message/delivery-status", REPORT)]) == {"mailbox-full"}


def test_email_and_its_attachments_are_fetched(server: ThreadingHTTPServer) -> None:
    """Only those that a report has, and the page only where the text is missing."""
    kinds = {"/report": "message/delivery-status", "/picture": "image/png", "/absent": "message/rfc822"}

    async def test(files: Files, base: str) -> None:
        parts = [{"url": base + path, "mimetype": kind} for path, kind in kinds.items()]
        (upload,) = uploads([EMAIL | {"attachments": parts, "url_private": f"{base}/login"}])
        assert b"Mailbox full" in await files.fetch(upload, "xoxb-1")  # type: ignore[operator]
        assert upload.email
        bare = replace(upload, email=replace(upload.email, text="", parts=()))
        assert b"<p>Sign in" in await files.fetch(bare, "xoxb-1")  # type: ignore[operator]

    assert [asked.split()[0] for asked in use(server, test)] == ["/report", "/absent", "/login"]
