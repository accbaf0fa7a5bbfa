"""What no client can be made to send: forged and stale requests, retries, double deliveries, killed processes."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.slack.conftest import LAUNCHER
from tests.adapters.slack.house import APPS, CHANNEL, PERSON, TEAM, House, Installed, end, wait_for
from tests.timing import WITHIN

CRASH = APPS["crash"]


def mention(app: Installed, number: int, text: str = "451") -> dict[str, Any]:
    """An app_mention of a message and a person of its own."""
    return {
        "type": "app_mention", "channel": CHANNEL, "user": f"U{number}", "ts": f"17900{number:05}.000100",
        "text": f"<@{app.bot_user}> {text}",
    }  # fmt: skip


# Who may speak to us


@pytest.mark.parametrize(
    ("age", "secret"),
    [(0, "f" * 32), (310, ""), (-310, ""), (86_400, "")],
    ids=["forged", "old", "future", "a day old"],
)
def test_forged_and_stale_requests_are_refused(house: House, http: Installed, age: int, secret: str) -> None:
    """401, for events and commands alike, and nothing is answered."""
    for body in (
        json.dumps({"type": "event_callback", "event": mention(http, 1)}).encode(),
        b"command=%2Fsmtp&text=554",
    ):
        assert house.signed(http, body, age=age, secret=secret)[0] == 401


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "²", "9" * 30])
def test_odd_timestamps_are_refused(house: House, http: Installed, stamp: str) -> None:
    """A timestamp that is no number is a bad request of a stranger, not a fault of ours."""
    headers = {"x-slack-request-timestamp": stamp.encode("utf-8").decode("latin-1"), "x-slack-signature": "v0=00"}
    assert house.request(http.port, "POST", "/slack/events", b"{}", headers)[0] == 401


def test_unsigned_request_is_refused(house: House, http: Installed) -> None:
    """No signature, no answer."""
    assert house.request(http.port, "POST", "/slack/events", b"command=%2Fsmtp&text=554")[0] == 401


def test_body_larger_than_a_megabyte_is_refused(house: House, http: Installed) -> None:
    """Before it is read, and also when its length is not told."""
    body = b"x" * 1_048_577
    assert house.signed(http, body)[0] == 413
    chunked = {"transfer-encoding": "chunked"}
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert house.request(http.port, "POST", "/slack/events", framed, chunked)[0] == 413


@pytest.mark.parametrize("body", [b"{", b"{}", b"[]", b"\xff\xfe", b"payload=%7B", b"payload=null"])
def test_signed_nonsense_is_no_fault_of_ours(house: House, http: Installed, body: bytes) -> None:
    """Answered with 4xx or 200, and the next request is served."""
    stamp = str(int(time.time()))
    import hashlib
    import hmac

    signature = "v0=" + hmac.new(http.secret.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature, "content-type": "application/json"}
    assert house.request(http.port, "POST", "/slack/events", body, headers)[0] < 500
    assert house.command(http, "554")[0] == 200


def test_url_verification_and_ssl_check(house: House, http: Installed) -> None:
    """Slack's two questions about the address itself."""
    status, answer = house.signed(http, json.dumps({"type": "url_verification", "challenge": "abc123"}).encode())
    assert (status, json.loads(answer)) == (200, {"challenge": "abc123"})
    assert house.signed(http, b"ssl_check=1&token=none")[0] == 200


def test_other_paths_and_methods(house: House, http: Installed) -> None:
    """Only what the manifest names is served."""
    assert house.request(http.port, "GET", "/slack/events")[0] == 405
    assert house.request(http.port, "POST", "/")[0] == 404
    assert house.request(http.port, "GET", "/healthz") == (200, b"ok")


def test_unknown_events_are_acknowledged(house: House, http: Installed) -> None:
    """An event that somebody subscribed by hand is no error to Slack, which would switch the app off."""
    assert house.deliver(http, {"type": "team_join", "user": {"id": PERSON}}) == 200


# Once


def test_retry_of_an_answered_event_is_acknowledged_and_not_answered(house: House, http: Installed) -> None:
    """The same event three times, one answer."""
    event = mention(http, 10)
    statuses = [house.deliver(http, event, "Ev10", retry) for retry in range(3)]
    assert statuses == [200, 200, 200]
    assert len(house.answers_to(event["ts"], http)) == 1


def test_message_and_mention_of_one_direct_message_are_answered_once(house: House, http: Installed) -> None:
    """Two events with ids of their own and the same channel and ts, at the same time."""
    channel = house.control("message", channel=http.bot_user, user=PERSON, text="help")["message"]["channel"]
    shared = {"channel": channel, "user": PERSON, "ts": "1790099999.000100", "channel_type": "im"}
    before = [m for m in house.messages(channel) if m["user"] == http.bot_user]
    house.deliver(http, shared | {"type": "message", "text": f"<@{http.bot_user}> 421"}, "Ev20")
    house.deliver(http, shared | {"type": "app_mention", "text": f"<@{http.bot_user}> 421"}, "Ev21")
    after = [m for m in house.messages(channel) if m["user"] == http.bot_user and "421" in m["text"]]
    assert len(after) == 1, before


# Killed on the way


@pytest.fixture
def lives(house: House, tmp_path: Path) -> Iterator[Any]:
    """Starts the bot again and again over one lasting store."""
    running: list[subprocess.Popen[bytes]] = []

    def start(die: str = "") -> subprocess.Popen[bytes]:
        process = house.start(
            sys.executable, LAUNCHER, TEST_STORE=f"sqlite:///{tmp_path / 'claims'}", TEST_DIE=die, **CRASH.settings
        )
        running.append(process)
        wait_for(lambda: house.request(CRASH.port, "GET", "/readyz")[0] == 200)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            assert end(process) == 0


@pytest.mark.parametrize(
    ("point", "answers", "first_retry"),
    [("before-claim", 1, 200), ("after-claim", 1, 503), ("after-send", 2, 503), ("after-mark", 1, 200)],
)
def test_killed_process_leaves_no_event_unanswered(
    house: House, lives: Any, point: str, answers: int, first_retry: int
) -> None:
    """Slack's retries get the event answered. Between send and mark lies the one window with a second answer."""
    number = 30 + ["before-claim", "after-claim", "after-send", "after-mark"].index(point)
    event = mention(CRASH, number)
    doomed = lives(point)
    with pytest.raises(OSError):  # the connection breaks, so Slack knows of no answer
        house.deliver(CRASH, event, f"Ev{number}")
    assert doomed.wait(WITHIN) == -signal.SIGKILL

    lives()
    # 200 too where the start took longer than the lease of the dead process's claim
    assert house.deliver(CRASH, event, f"Ev{number}", retry=1) in (first_retry, 200)
    if first_retry != 200:
        # the dead process's claim expires before Slack's second retry
        wait_for(lambda: house.deliver(CRASH, event, f"Ev{number}", retry=2) == 200)
    assert house.deliver(CRASH, event, f"Ev{number}", retry=3) == 200
    assert len(house.answers_to(event["ts"], CRASH)) == answers


def test_sigterm_finishes_running_answers(house: House, tmp_path: Path) -> None:
    """The answer that was being read when the signal came still arrives and is counted, and the status is 0."""
    file = tmp_path / "store"
    process = house.start(sys.executable, LAUNCHER, TEST_SLOW="3.2", TEST_STORE=f"sqlite:///{file}", **CRASH.settings)
    wait_for(lambda: house.request(CRASH.port, "GET", "/readyz")[0] == 200)
    event = mention(CRASH, 40, "550 5.1.1 User unknown\n" + "Received: from mx.example.net\n" * 400)
    assert house.deliver(CRASH, event, "Ev40") == 200
    assert house.command(CRASH, "451", enterprise_id="E1")[0] == 200
    assert end(process) == 0
    with contextlib.closing(sqlite3.connect(file)) as database:
        counted = database.execute("SELECT tenant, kind, number FROM counts WHERE platform = 'slack'").fetchall()
    assert sorted(counted) == [(f"/{TEAM}", "bounce", 1), (f"E1/{TEAM}", "code", 1)]
    assert any("550 5.1.1" in answer["text"] for answer in house.answers_to(event["ts"], CRASH))


# Starting


def start_badly(house: House, **environment: str) -> tuple[int, str]:
    process = house.start(sys.executable, LAUNCHER, **environment)
    status = process.wait(WITHIN)
    return status, house.logs[-1].read_text()


def test_credentials_that_slack_refuses_end_in_one_sentence(house: House, tmp_path: Path) -> None:
    """Status 3 and the name of the setting, for the bot's token and the app's."""
    stub = tmp_path / "stub.py"
    stub.write_text(STUB, "utf-8")
    server = house.start(sys.executable, stub)
    wait_for(lambda: house.request(4200, "GET", "/")[0])
    try:
        base = {"SLACK_API_URL": "http://127.0.0.1:4200/api/", "SLACK_APP_TOKEN": "xapp-refused"}
        for token, setting in (("xoxb-refused", "SLACK_BOT_TOKEN"), ("xoxb-good", "SLACK_APP_TOKEN")):
            status, told = start_badly(house, SLACK_BOT_TOKEN=token, **base)
            assert status == 3
            assert [line for line in told.splitlines() if line.startswith("smtpbot:")] == [
                f"smtpbot: Slack refuses {setting}: invalid_auth"
            ]
    finally:
        server.kill()
        server.wait()


def test_port_in_use_ends_in_one_sentence(house: House, http: Installed) -> None:
    """The address is named, and status 3."""
    status, told = start_badly(house, **http.settings)
    assert status == 3
    assert f"smtpbot: SMTPBOT_LISTEN: cannot listen at 127.0.0.1:{http.port}" in told


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "slack cannot run: SLACK_BOT_TOKEN is not set"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": ""}, "SLACK_SIGNING_SECRET is empty"),
    ],
)
def test_missing_credentials_end_in_one_sentence(settings: dict[str, str], sentence: str) -> None:
    """Status 3, before anything is started; an empty signing secret is refused."""
    done = subprocess.run(
        [sys.executable, str(LAUNCHER)], env={"PATH": os.environ["PATH"], "PYTHONPATH": str(LAUNCHER.parents[3])} | settings,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith(f"smtpbot: {sentence}") and done.stderr.count("\n") == 1


STUB = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Stub(BaseHTTPRequestHandler):
    def do_POST(self):
        good = "good" in self.headers.get("authorization", "") and "auth.test" in self.path
        body = b'{"ok":true,"team_id":"T1","user_id":"U1"}' if good else b'{"ok":false,"error":"invalid_auth"}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST
    def log_message(self, *_):
        pass
HTTPServer(("127.0.0.1", 4200), Stub).serve_forever()
"""
