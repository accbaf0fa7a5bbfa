"""Bot processes beside the double, and what people do in Discord."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.adapters.discord.double import (
    APPLICATION,
    BOT,
    TOKEN,
    Double,
    Guild,
    Request,
    member,
    message,
    new_id,
    user,
)
from tests.timing import WITHIN

ROOT = Path(__file__).parents[3]
LAUNCHER = Path(__file__).with_name("launcher.py")
ALL_PERMISSIONS = str(274_878_024_704)


def process(double: Double, folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """The bot as a process of its own; what it writes goes to a file in the folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    ours = {
        "PYTHONPATH": str(ROOT),
        "TEST_DISCORD": double.url,
        "DISCORD_TOKEN": TOKEN,
        "SMTPBOT_LOG_LEVEL": "debug",
        "SMTPBOT_STATE_DIR": str(folder),
        "SMTPBOT_LISTEN": "127.0.0.1:0",
    }
    log = folder / f"{new_id()}.log"
    with log.open("wb") as out:
        started = subprocess.Popen(
            [sys.executable, str(LAUNCHER), *(arguments or ("serve", "discord"))], cwd=folder, env=kept | ours | environment,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    started.log = log  # type: ignore[attr-defined]
    double.processes.append(started)
    return started


def read_log(started: subprocess.Popen[bytes]) -> str:
    """What a process wrote."""
    path: Path = started.log  # type: ignore[attr-defined]
    return path.read_text("utf-8", "replace")


def end(started: subprocess.Popen[bytes], by: signal.Signals = signal.SIGTERM) -> int:
    """End a process and give its status."""
    started.send_signal(by)
    try:
        return started.wait(WITHIN)
    except subprocess.TimeoutExpired:
        started.kill()
        raise


@dataclass
class Person:
    """Somebody in a server, or with None in direct messages."""

    double: Double
    guild: Guild | None
    id: str = field(default_factory=new_id)
    permissions: str = ALL_PERMISSIONS
    app_permissions: str = ALL_PERMISSIONS

    def say(self, content: str, channel: str | None = None, mention: bool = False, **more: Any) -> dict[str, Any]:
        """Write a message; the gateway brings it to the bot."""
        made = self.write(content, channel, mention, **more)
        assert self.double.dispatch("MESSAGE_CREATE", made, made.get("guild_id"))
        return made

    def write(self, content: str, channel: str | None = None, mention: bool = False, **more: Any) -> dict[str, Any]:
        """A message that the gateway has yet to bring."""
        where = channel or (self.guild.text if self.guild else "77")
        text = f"<@{BOT}> {content}" if mention else content
        if mention:
            more |= {"mentions": [user(BOT, "smtpbot", bot=True) | {"member": member(BOT)}]}
        made = message(text, user(self.id), where, self.guild.id if self.guild else None, **more)
        if self.guild:
            made["member"] = member(self.id)
        else:
            made["channel_type"] = 1
        self.double.messages[made["id"]] = made
        return made

    def answers_to(self, said: dict[str, Any], number: int = 1) -> list[dict[str, Any]]:
        """The bodies of what the bot wrote beneath a message."""
        path = f"/channels/{said['channel_id']}/messages"

        def found() -> list[dict[str, Any]]:
            bodies = [r.body for r in self.double.sent("POST", path)]
            start = next(
                (
                    n
                    for n, b in enumerate(bodies)
                    if str((b.get("message_reference") or {}).get("message_id")) == said["id"]
                ),
                None,
            )
            return bodies[start : start + number] if start is not None and len(bodies) >= start + number else []

        return list(self.double.wait(found))

    def slash(self, text: str | None = None, file: dict[str, Any] | None = None, **more: Any) -> "Interaction":
        """`/smtp`."""
        options = [{"name": "code", "type": 3, "value": text}] if text is not None else []
        data: dict[str, Any] = {"id": "1", "name": "smtp", "type": 1, "options": options}
        if file:
            options.append({"name": "file", "type": 11, "value": file["id"]})
            data["resolved"] = {"attachments": {file["id"]: file}}
        return self.interact(2, data, **more)

    def autocomplete(self, typed: str) -> "Interaction":
        """Typing into `/smtp code:`."""
        options = [{"name": "code", "type": 3, "value": typed, "focused": True}]
        return self.interact(4, {"id": "1", "name": "smtp", "type": 1, "options": options})

    def explain(self, target: dict[str, Any]) -> "Interaction":
        """The message command on a message."""
        data = {
            "id": "2",
            "name": "Explain this bounce",
            "type": 3,
            "target_id": target["id"],
            "resolved": {"messages": {target["id"]: target}},
        }
        return self.interact(2, data)

    def submit(self, text: str, file: dict[str, Any] | None = None) -> "Interaction":
        """The form, sent."""
        rows = [
            {"type": 18, "id": 1, "component": {"type": 4, "id": 2, "custom_id": "text", "value": text}},
            {
                "type": 18,
                "id": 3,
                "component": {"type": 19, "id": 4, "custom_id": "file", "values": [file["id"]] if file else []},
            },
        ]
        data: dict[str, Any] = {"custom_id": "smtp:form", "components": rows}
        if file:
            data["resolved"] = {"attachments": {file["id"]: file}}
        return self.interact(5, data)

    def press(self, shown: dict[str, Any], action: str, number: int = 0) -> "Interaction":
        """A button beneath a message of the bot's."""
        found = [
            c["custom_id"]
            for row in shown["components"]
            for c in row["components"]
            if c["custom_id"].startswith(f"smtp:{action}:")
        ]
        return self.interact(3, {"custom_id": found[number], "component_type": 2}, message=shown)

    def interact(
        self, kind: int, data: dict[str, Any], locale: str = "en-US", reached: int = 1, **more: Any
    ) -> "Interaction":
        """Any interaction, brought to the bot."""
        identifier = new_id()
        made: dict[str, Any] = {
            "id": identifier, "application_id": APPLICATION, "type": kind, "token": f"token-{identifier}", "version": 1, "data": data,
            "locale": locale, "entitlements": [], "attachment_size_limit": 10_000_000, "app_permissions": self.app_permissions, "context": 0,
            "authorizing_integration_owners": {},
        }  # fmt: skip
        if self.guild:
            made |= {"guild_id": self.guild.id, "guild": {"id": self.guild.id, "locale": "de", "features": []}, "guild_locale": "de",
                     "channel_id": self.guild.text, "channel": self.guild.channel(self.guild.text, 0, "mail-help"),
                     "member": member(self.id, self.permissions) | {"user": user(self.id)}}  # fmt: skip
        else:
            made |= {
                "user": user(self.id),
                "channel_id": "77",
                "channel": {"id": "77", "type": 1, "recipients": [user(self.id)]},
                "context": 1,
            }
        made |= more
        assert self.double.dispatch("INTERACTION_CREATE", made, self.guild.id if self.guild else None) >= reached
        return Interaction(self.double, identifier)


@dataclass
class Interaction:
    """What became of an interaction."""

    double: Double
    id: str

    def callbacks(self) -> list[Request]:
        """The bot's responses to it."""
        return self.double.sent("POST", f"/interactions/{self.id}/token-{self.id}/callback")

    def response(self) -> dict[str, Any]:
        """The first response; waits for it."""
        return dict(self.double.wait(self.callbacks)[0].body)

    def answer(self) -> dict[str, Any]:
        """The data of the answer, edited into a deferred response where there is one."""
        response = self.response()
        if response["type"] != 5:
            return dict(response.get("data") or {})
        path = f"/webhooks/{APPLICATION}/token-{self.id}/messages/@original"
        return dict(self.double.wait(lambda: self.double.sent("PATCH", path))[0].body)

    def followups(self, number: int) -> list[dict[str, Any]]:
        """What followed the first response."""
        path = f"/webhooks/{APPLICATION}/token-{self.id}"
        self.double.wait(lambda: len(self.double.sent("POST", path)) >= number)
        return [request.body for request in self.double.sent("POST", path)]

    def shown(self) -> dict[str, Any]:
        """The answer as a message, such as comes with the press of one of its buttons."""
        answer = self.answer()
        made = message(answer.get("content") or "", user(BOT, "smtpbot", bot=True), "77")
        flags = answer.get("flags") or (self.response().get("data") or {}).get("flags") or 0
        return made | {
            "embeds": answer.get("embeds") or [],
            "components": answer.get("components") or [],
            "flags": flags,
        }


def attach(double: Double, name: str, raw: bytes, *, status: int = 200, size: int | None = None) -> dict[str, Any]:
    """A file at the double, as an attachment of a message."""
    identifier = new_id()
    double.files[f"{identifier}-{name}"] = (status, raw)
    address = f"{double.url}/files/{identifier}-{name}"
    return {
        "id": identifier,
        "filename": name,
        "size": len(raw) if size is None else size,
        "url": address,
        "proxy_url": address,
    }
