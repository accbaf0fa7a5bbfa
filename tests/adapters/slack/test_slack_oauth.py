"""Installations from the first page to the uninstalling, against a Slack server that grants and refuses scopes."""

import html
import http.client
import json
import os
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from cryptography.fernet import Fernet

from adapters.slack.oauth import INSTALL, NEEDED, REDIRECT, SCOPES
from adapters.slack.replies import UNSEEN
from tests.adapters.slack.conftest import LAUNCHER
from tests.adapters.slack.house import ROOT, House, Installed, _ThroughGate, end, wait_for

API = ROOT / ".emulate/node_modules/emulate/dist/api.js"
PORT = 4003
APP = Installed("events", "A0000000009", "U0000000099", "unused", "unused", "3c" * 16, 4109)
CLIENT, CLIENT_SECRET = "1.2", "4b" * 16
BACK = f"http://127.0.0.1:{APP.port}{REDIRECT}"
MAIL = (ROOT / "tests/mails/exchange-2003-quota.eml").read_bytes()
PASTE = "550 5.1.1 <robin@example.org>: Recipient address rejected: User unknown"
SEED = {
    "slack": {
        "team": {"name": "Example", "domain": "example"},
        "users": [{"name": "kim", "real_name": "Kim Example", "email": "kim@example.com"}],
        "channels": [{"name": "mail-help"}],
        "strict_scopes": True,
        "tokens": [
            {
                "token": "xoxp-anybody", "type": "user", "user_id": "U000000001",
                "scopes": ["channels:read", "channels:history", "channels:write", "channels:manage", "chat:write", "files:write"],
            }
        ],
        "oauth_apps": [
            {
                "app_id": APP.app_id, "client_id": CLIENT, "client_secret": CLIENT_SECRET, "name": "smtpbot",
                "redirect_uris": [BACK], "bot_user_id": APP.bot_user, "bot_id": "B0000000099",
            }
        ],
    }
}  # fmt: skip


@dataclass
class Workspace:
    """The emulated Slack and our bot before it."""

    house: House
    database: Path

    def get(self, path: str, cookie: str = "") -> tuple[int, dict[str, str], str]:
        """A page of the bot: status, headers, text."""
        connection = _ThroughGate(self.house.gate, APP.port)
        try:
            connection.request("GET", path, headers={"cookie": cookie} if cookie else {})
            answer: http.client.HTTPResponse = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def consent(self, scopes: str | None = None) -> tuple[str, str]:
        """Begin an installation and agree to it as a person does: the way back, and the browser's cookie."""
        status, headers, _ = self.get(INSTALL)
        assert status == 302
        address = urlsplit(headers["location"])
        _, page = self.house.request(PORT, "GET", f"{address.path}?{address.query}")
        fields = {
            name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page.decode())
        }
        fields["redirect_uri"] = BACK  # which Slack takes from the app's configuration
        if scopes is not None:
            fields["scope"] = scopes
        connection = _ThroughGate(self.house.gate, PORT)
        try:
            form = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/oauth/v2/authorize/callback", urlencode(fields), form)
            location = urlsplit(connection.getresponse().headers["location"])
        finally:
            connection.close()
        return f"{location.path}?{location.query}", headers["set-cookie"].split(";")[0]

    def api(self, method: str, **fields: str) -> dict[str, Any]:
        """A call to the emulated Slack by somebody who may do everything."""
        headers = {"authorization": "Bearer xoxp-anybody", "content-type": "application/x-www-form-urlencoded"}
        return dict(
            json.loads(self.house.request(PORT, "POST", f"/api/{method}", urlencode(fields).encode(), headers)[1])
        )

    def channel(self) -> str:
        """The channel that all tests talk in, with the bot in it."""
        found = next(c["id"] for c in self.api("conversations.list")["channels"] if c["name"] == "mail-help")
        self.api("conversations.invite", channel=found, users=APP.bot_user)
        return str(found)

    def upload(self, channel: str, name: str, content: bytes) -> dict[str, Any]:
        """A file that somebody shares in the channel."""
        begun = self.api("files.getUploadURLExternal", filename=name, length=str(len(content)))
        path = urlsplit(begun["upload_url"]).path
        self.house.request(PORT, "POST", path, content, {"content-type": "application/octet-stream"})
        files = json.dumps([{"id": begun["file_id"], "title": name}])
        return dict(self.api("files.completeUploadExternal", files=files, channel_id=channel)["files"][0])

    def answers(self, channel: str, ts: str) -> list[str]:
        """What the bot wrote into the thread of a message."""
        thread = self.api("conversations.replies", channel=channel, ts=ts).get("messages") or []
        return [one["text"] for one in thread[1:] if one["user"] == APP.bot_user]

    def deliver(self, event: dict[str, Any], team: str, **more: Any) -> int:
        """A signed event of a workspace."""
        body = {"type": "event_callback", "team_id": team, "api_app_id": APP.app_id, "event": event, "event_id": "Ev1"}
        body |= {"event_time": int(time.time()) + 1} | more
        return self.house.signed(APP, json.dumps(body).encode())[0]

    def installs(self) -> dict[str, bytes]:
        """What the database holds."""
        with sqlite3.connect(self.database) as connection:
            rows = connection.execute("SELECT tenant, secret FROM installs").fetchall()
        connection.close()
        return dict(rows)


@pytest.fixture(scope="module")
def workspace(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The emulator and the bot in the namespace; skips, or fails where SMTPBOT_REQUIRE names emulate."""
    node = shutil.which("node")
    if not node or not API.exists():
        required = "emulate" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("emulate is not installed (scripts/install-emulate)")
    database = tmp_path_factory.mktemp("installs") / "store.sqlite3"
    emulator = house.start(node, Path(__file__).with_name("emulator.mjs"), API, str(PORT), json.dumps(SEED))
    house.logs.pop()  # the server's own log is not ours to keep clean
    bot = house.start(
        sys.executable, LAUNCHER, TEST_STORE=f"sqlite:///{database}", SLACK_CLIENT_ID=CLIENT, SLACK_CLIENT_SECRET=CLIENT_SECRET,
        SLACK_SIGNING_SECRET=APP.secret, SMTPBOT_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
        SLACK_API_URL=f"http://127.0.0.1:{PORT}/api/", SMTPBOT_LISTEN=f"127.0.0.1:{APP.port}", SMTPBOT_LOG_LEVEL="debug",
    )  # fmt: skip
    try:
        wait_for(lambda: house.request(PORT, "POST", "/api/auth.test")[0] == 200)
        wait_for(lambda: house.request(APP.port, "GET", "/readyz")[0] == 200)
        yield Workspace(house, database)
    finally:
        status = end(bot)
        end(emulator)
    assert status == 0


def test_missing_scope_is_named_and_nothing_is_kept(workspace: Workspace) -> None:
    """Who took a scope away before agreeing reads which one the bot needs."""
    before = workspace.installs()
    back, cookie = workspace.consent("app_mentions:read,commands,im:history")
    status, _, told = workspace.get(back, cookie)
    assert status == 403 and "chat:write" in told
    assert workspace.installs() == before


def test_optional_scopes_may_be_left_out(workspace: Workspace) -> None:
    """The bot is installed, and goes without what they are for."""
    back, cookie = workspace.consent(",".join(NEEDED))
    status, _, told = workspace.get(back, cookie)
    assert status == 200 and "installed" in told and workspace.installs()


def test_way_back_serves_once_and_only_the_browser_that_began(workspace: Workspace) -> None:
    """Another browser, none, and a second time are refused."""
    back, cookie = workspace.consent()
    assert workspace.get(back)[0] == 400
    assert workspace.get(back, workspace.consent()[1])[0] == 400
    status, headers, told = workspace.get(back, cookie)
    assert status == 200 and "installed" in told
    assert headers["content-type"].startswith("text/plain") and "Expires=Thu, 01 Jan 1970" in headers["set-cookie"]
    assert workspace.get(back, cookie)[0] == 401


def test_forged_state_is_refused(workspace: Workspace) -> None:
    """A cookie of one's own does not help: the state is sealed by the bot."""
    assert workspace.get(f"{REDIRECT}?code=1&state=abc", "slack-app-oauth-state=abc")[0] == 401


@pytest.mark.parametrize("granted", [NEEDED, SCOPES], ids=["needed", "all"])
def test_optional_scope_is_used_where_granted_and_told_where_not(
    workspace: Workspace, granted: tuple[str, ...]
) -> None:
    """The server refuses what was not granted: files, and messages that somebody points at."""
    back, cookie = workspace.consent(",".join(granted))
    assert workspace.get(back, cookie)[0] == 200
    team, channel = next(iter(workspace.installs())).removeprefix("/"), workspace.channel()
    file = workspace.upload(channel, "bounce.eml", MAIL)
    asked = [str(workspace.api("chat.postMessage", channel=channel, text=text)["ts"]) for text in (PASTE, PASTE, "?")]
    pointed, marked, attached = asked
    base = {"type": "app_mention", "channel": channel, "user": "U1", "text": f"<@{APP.bot_user}>"}
    events = [
        base | {"ts": f"{pointed}9", "thread_ts": pointed},
        base | {"ts": attached, "files": [file]},
        {"type": "reaction_added", "user": "U1", "reaction": "mag", "item_user": "U1", "item": {"type": "message", "channel": channel, "ts": marked}},
    ]  # fmt: skip
    assert [workspace.deliver(event, team) for event in events] == [200] * 3
    told = [" ".join(workspace.answers(channel, ts)) for ts in (pointed, attached, marked)]
    if granted == SCOPES:
        assert "550 5.1.1" in told[0] and "too large" in told[1] and "550 5.1.1" in told[2]
    else:
        assert told[0] == UNSEEN and "files:read" in told[1] and told[2] == ""


def test_installed_workspace_is_answered_until_it_uninstalls(workspace: Workspace) -> None:
    """The token answers a mention, is not readable in the database, and goes with the app."""
    back, cookie = workspace.consent()
    assert workspace.get(back, cookie)[0] == 200
    (tenant, sealed), *others = workspace.installs().items()
    assert not others and b"xoxb" not in sealed
    team = tenant.removeprefix("/")
    channel = workspace.channel()
    ts = str(workspace.api("chat.postMessage", channel=channel, text=f"<@{APP.bot_user}> 451")["ts"])
    mention = {"type": "app_mention", "channel": channel, "user": "U1", "ts": ts, "text": f"<@{APP.bot_user}> 451"}
    assert workspace.deliver(mention, team) == 200
    thread = workspace.api("conversations.replies", channel=channel, ts=ts)["messages"]
    assert [one["user"] for one in thread[1:]] == [APP.bot_user] and "451" in thread[1]["text"]
    assert workspace.deliver({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}, team) == 200
    assert workspace.installs()
    assert workspace.deliver({"type": "app_uninstalled"}, team) == 200
    assert not workspace.installs()
    late = mention | {"ts": "1790000000.000200"}
    workspace.deliver(late, team)
    assert len(workspace.api("conversations.replies", channel=channel, ts=ts)["messages"]) == 2
