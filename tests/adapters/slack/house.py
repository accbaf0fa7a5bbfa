"""A network namespace with a Slack-compatible server and our bot in it; nothing in it can reach the network outside."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from slack_sdk.signature import SignatureVerifier

from tests.timing import WITHIN

ROOT = Path(__file__).parents[3]
BINARY = ROOT / ".local-slack/node_modules/local-slack-linux-x64/bin/local-slack"
SLACK_PORT = 4005
TEAM, CHANNEL, PERSON = "T0000000001", "C0000000001", "U0000000001"


@dataclass(frozen=True)
class Installed:
    """One app of the workspace, and where our bot serves it."""

    mode: str
    app_id: str
    bot_user: str
    bot_token: str
    app_token: str
    secret: str
    port: int

    @property
    def settings(self) -> dict[str, str]:
        """The environment our bot runs with."""
        own = {"SLACK_APP_TOKEN": self.app_token} if self.mode == "socket" else {"SLACK_SIGNING_SECRET": self.secret}
        return own | {
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_API_URL": f"http://127.0.0.1:{SLACK_PORT}/api/",
            "SMTPBOT_LISTEN": f"127.0.0.1:{self.port}",
            "SMTPBOT_LOG_LEVEL": "debug",
        }


APPS = {
    "http": Installed("events", "A0000000001", "U0000000091", "xoxb-1111-http-bot", "xapp-1-http-unused", "0f" * 16, 4101),
    "socket": Installed("socket", "A0000000002", "U0000000092", "xoxb-2222-socket-bot", "xapp-1-socket-app", "1e" * 16, 4102),
    "crash": Installed("events", "A0000000003", "U0000000093", "xoxb-3333-crash-bot", "xapp-1-crash-unused", "2d" * 16, 4103),
    "late": Installed("events", "A0000000004", "U0000000094", "xoxb-4444-late-bot", "xapp-1-late-unused", "4d" * 16, 4104),
}  # fmt: skip


def find_obstacle() -> str | None:
    """Why the end-to-end tests cannot run on this machine; None where they can."""
    if not BINARY.exists():
        return "local-slack is not installed (scripts/install-local-slack)"
    for tool in ("unshare", "nsenter"):
        if not shutil.which(tool):
            return f"{tool} is not installed (Debian: util-linux)"
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True)
    return f"no network namespace is to be had: {tried.stderr.strip()}" if tried.returncode else None


class _ThroughGate(http.client.HTTPConnection):
    def __init__(self, gate: Path, port: int) -> None:
        super().__init__("127.0.0.1", port, timeout=WITHIN)
        self._gate = gate

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WITHIN)
        self.sock.connect(str(self._gate))
        self.sock.sendall(f"{self.port}\n".encode())


@dataclass
class House:
    """The namespace, the processes in it, and how to talk to them."""

    folder: Path
    gate: Path
    holder: int
    logs: list[Path] = field(default_factory=list)

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        """A process inside; what it writes is kept."""
        name = next((Path(str(word)).stem for word in reversed(command) if str(word).endswith(".py")), "process")
        log = self.folder / f"{len(self.logs):03}-{name}.log"
        self.logs.append(log)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        inside = ["nsenter", "-t", str(self.holder), "-U", "-n", "--preserve-credentials", *map(str, command)]
        with log.open("wb") as out:
            return subprocess.Popen(
                inside, cwd=self.folder, env=kept | {"PYTHONPATH": str(ROOT)} | environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def request(
        self, port: int, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One HTTP request to a server inside: status and body."""
        connection = _ThroughGate(self.gate, port)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def control(self, path: str, **fields: Any) -> Any:
        """The test side of the Slack server: a POST with fields, a GET without."""
        body = json.dumps(fields).encode() if fields else b""
        status, answer = self.request(
            SLACK_PORT, "POST" if fields else "GET", f"/_control/{path}", body, {"content-type": "application/json"}
        )
        assert status < 400, f"{path}: {status} {answer.decode()}"
        return json.loads(answer or b"{}")

    def messages(self, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """All messages of a channel, oldest first."""
        told = self.control(f"messages/{channel}")
        return list(told["messages"] if isinstance(told, dict) else told)

    def answers_to(self, ts: str, app: Installed, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """What a bot wrote into the thread of a message."""
        return [
            m
            for m in self.messages(channel)
            if m.get("thread_ts") == ts and m["ts"] != ts and m.get("user") == app.bot_user
        ]

    def signed(
        self, app: Installed, body: bytes, *, age: int = 0, secret: str = "", **headers: str
    ) -> tuple[int, bytes]:
        """A request as Slack signs it, sent to our bot."""
        stamp = str(int(time.time()) - age)
        signature = SignatureVerifier(secret or app.secret).generate_signature(timestamp=stamp, body=body)
        kind = "application/json" if body.startswith(b"{") else "application/x-www-form-urlencoded"
        sent = {"content-type": kind, "x-slack-request-timestamp": stamp, "x-slack-signature": str(signature)}
        return self.request(
            app.port, "POST", "/slack/events", body, sent | {k.replace("_", "-"): v for k, v in headers.items()}
        )

    def deliver(self, app: Installed, event: dict[str, Any], event_id: str = "Ev1", retry: int = 0, **more: str) -> int:
        """An event as Slack delivers it; the status it was acknowledged with."""
        body = {
            "type": "event_callback", "team_id": TEAM, "api_app_id": app.app_id, "event": event, "event_id": event_id,
            "event_time": int(time.time()), "authorizations": [{"team_id": TEAM, "user_id": app.bot_user, "is_bot": True}],
        } | more  # fmt: skip
        headers = {"x_slack_retry_num": str(retry), "x_slack_retry_reason": "http_timeout"} if retry else {}
        return self.signed(app, json.dumps(body).encode(), **headers)[0]

    def interact(self, app: Installed, **payload: Any) -> tuple[int, dict[str, Any]]:
        """A shortcut, a button or a form as Slack sends it, and what it was acknowledged with."""
        base = {"team": {"id": TEAM}, "user": {"id": PERSON}, "api_app_id": app.app_id}
        status, answer = self.signed(app, urlencode({"payload": json.dumps(base | payload)}).encode())
        return status, json.loads(answer) if answer.startswith(b"{") else {}

    def press(self, message: Mapping[str, Any], action_id: str, number: int = 0, value: str = "") -> None:
        """Press a button of a message, or vote; `number` tells buttons of the same name apart."""
        found = [
            element for block in message["blocks"] for element in block.get("elements") or ()
            if element.get("action_id") == action_id
        ]  # fmt: skip
        pressed = {key: found[number][key] for key in ("type", "action_id", "value") if key in found[number]}
        channel, ts = message["channel"], message["ts"]
        action = pressed | ({"value": value} if value else {}) | {"block_id": "b"}
        self.control("interact", channel=channel, messageTs=ts, user=PERSON, action=action)

    def log(self, summary: str = "") -> list[dict[str, Any]]:
        """Everything the Slack server sent and was asked, or what its summary names, oldest first."""
        return [entry for entry in self.control("log")["log"] if entry["summary"].startswith(summary)]

    def fresh(self, app: Installed) -> dict[str, str]:
        """A trigger and a response URL that the Slack server has just given."""
        seen = len(self.messages())
        self.control("command", channel=CHANNEL, user=PERSON, command="/smtp", text="help", appId=app.app_id)
        wait_for(lambda: len(self.messages()) > seen)
        told = [
            entry for entry in self.log() if "trigger_id" in str(entry.get("detail")) and app.app_id in entry["summary"]
        ]
        fields = dict(parse_qsl(told[-1]["detail"]))
        return {name: fields[name] for name in ("trigger_id", "response_url")}

    def upload(self, name: str, content: bytes, text: str = "", **more: str) -> dict[str, Any]:
        """A file that a person uploads into a channel; the message it stands in."""
        fields = {"channel": CHANNEL, "user": PERSON, "text": text} | more
        parts = [
            f'--b\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--b\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\ncontent-type: application/octet-stream\r\n\r\n'
        body = b"".join(parts) + head.encode() + content + b"\r\n--b--\r\n"
        kind = {"content-type": "multipart/form-data; boundary=b"}
        status, answer = self.request(SLACK_PORT, "POST", "/_control/upload", body, kind)
        assert status < 400, answer
        return dict(json.loads(answer)["message"])

    def command(self, app: Installed, text: str, **more: str) -> tuple[int, dict[str, Any]]:
        """`/smtp text` as Slack sends it, and the answer in the acknowledgement."""
        fields = {
            "command": "/smtp", "text": text, "team_id": TEAM, "channel_id": CHANNEL, "user_id": PERSON,
            "api_app_id": app.app_id, "trigger_id": "13345224609.738474920.8088930838d88f008e0",
            "response_url": f"http://127.0.0.1:{SLACK_PORT}/commands/T1/2/secretpath",
        }  # fmt: skip
        status, answer = self.signed(app, urlencode(fields | more).encode())
        return status, json.loads(answer) if answer.startswith(b"{") else {}


def wait_for(what: Callable[[], Any], seconds: float = WITHIN) -> Any:
    """The first true value of `what`; AssertionError when there is none in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if found := what():
                return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def end(process: subprocess.Popen[bytes], by: signal.Signals = signal.SIGTERM) -> int:
    """End a process and give its status."""
    process.send_signal(by)
    try:
        return process.wait(WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@contextlib.contextmanager
def open_house(folder: Path, apps: Mapping[str, Installed] = APPS) -> Iterator[House]:
    """The namespace with the Slack server running in it; closes with everything that runs inside."""
    gate = folder / "gate"
    holder = subprocess.Popen(
        ["unshare", "-rn", sys.executable, Path(__file__).with_name("gate.py"), gate],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin and holder.stdout
    try:
        house = House(folder, gate, int(holder.stdout.readline()))
        config = folder / "slack.json"
        config.write_text(json.dumps(_workspace(apps)), "utf-8")
        server = house.start(
            BINARY,
            "--config",
            config,
            "--port",
            str(SLACK_PORT),
            "--base-host",
            "127.0.0.1",
            "--files-dir",
            folder / "files",
        )
        house.logs.clear()  # the server's own log is not ours to keep clean
        try:
            wait_for(lambda: house.request(SLACK_PORT, "GET", "/_control/state")[0] == 200)
            yield house
        finally:
            end(server)
    finally:
        holder.stdin.close()
        holder.wait(WITHIN)
        holder.stdout.close()


def _workspace(apps: Mapping[str, Installed]) -> dict[str, Any]:
    """JSON is YAML, which the server reads."""
    return {
        "workspace": {"name": "Example", "domain": "example", "teamId": TEAM},
        "apps": [
            {
                "appId": app.app_id, "botUserId": app.bot_user, "botName": "smtpbot" if name == "http" else f"smtpbot-{name}",
                "botToken": app.bot_token, "appToken": app.app_token, "signingSecret": app.secret, "mode": app.mode,
                "requestUrl": f"http://127.0.0.1:{app.port}/slack/events",
            }
            for name, app in apps.items()
        ],
        "users": [
            {"id": PERSON, "name": "kim", "real_name": "Kim Example", "email": "kim@example.com"},
            {"id": "U0000000002", "name": "alex", "real_name": "Alex Example", "email": "alex@example.com"},
        ],
        "channels": [
            {"id": CHANNEL, "name": "mail-help", "members": [PERSON, "U0000000002", *(app.bot_user for app in apps.values())]}
        ],
    }  # fmt: skip
